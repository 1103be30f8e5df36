//! What moderators take away, in both versions of XEP-0425.

use couplet_engine::Command;
use couplet_engine::modules::xep0425_moderation;
use couplet_engine::store::{Message, Moderation, NotSaved};
use minidom::Element;

use crate::room_changes::inside_with_ids;
use crate::rooms::{ROOM, SELF, archived, join, messages, presence, room, said, told, view};
use crate::scenario::{MY_ADDRESS, Scenario, has};

const WHY: &str = "inappropriate content";

/// What a room says to everybody in version 0.3.0.
fn plain(from: &str, target: &str) -> String {
    format!(
        "<message xmlns='jabber:client' type='groupchat' id='r1' from='{from}' to='{MY_ADDRESS}'>\
         <retract xmlns='urn:xmpp:message-retract:1' id='{target}'>\
         <moderated xmlns='urn:xmpp:message-moderate:1' by='{ROOM}/macbeth'>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='dd72'/></moderated>\
         <reason>{WHY}</reason></retract></message>"
    )
}

/// The same in version 0.2.1.
fn fastened(from: &str, target: &str) -> String {
    format!(
        "<message xmlns='jabber:client' type='groupchat' id='r1' from='{from}' to='{MY_ADDRESS}'>\
         <apply-to xmlns='urn:xmpp:fasten:0' id='{target}'>\
         <moderated xmlns='urn:xmpp:message-moderate:0' by='{ROOM}/macbeth'>\
         <retract xmlns='urn:xmpp:message-retract:0'/><reason>{WHY}</reason>\
         </moderated></apply-to></message>"
    )
}

fn potion() -> String {
    said(
        "oldhag",
        "m1",
        "DM me for free magic potions!",
        &archived("a1"),
    )
}

fn only(scenario: &Scenario) -> Message {
    let mut messages = messages(scenario);
    assert_eq!(messages.len(), 1, "{messages:#?}");
    messages.remove(0)
}

fn by_macbeth() -> Option<Moderation> {
    Some(Moderation {
        by: Some("macbeth".to_owned()),
        reason: Some(WHY.to_owned()),
    })
}

#[test]
fn the_room_says_what_its_moderators_take_away() {
    for moderated in [plain(ROOM, "a1"), fastened(ROOM, "a1")] {
        let (potion, moderated) = (&potion(), &moderated);
        for order in [[potion, moderated], [moderated, potion]] {
            let mut scenario = inside_with_ids();
            for stanza in order {
                scenario.recv(stanza);
            }
            for scenario in [&scenario.reloaded(3), &scenario] {
                let message = only(scenario);
                assert!(message.is_retracted() && message.body.is_empty());
                assert_eq!(message.moderation().cloned(), by_macbeth());
            }
        }
    }
}

#[test]
fn nobody_else_takes_away_what_others_say() {
    let macbeth = format!("{ROOM}/macbeth");
    let hag = format!("{ROOM}/oldhag");
    let mut scenario = inside_with_ids();
    scenario.recv(&potion());
    for from in [macbeth.as_str(), hag.as_str(), "other@chat.shakespeare.lit"] {
        scenario.recv(&plain(from, "a1"));
        scenario.recv(&fastened(from, "a1"));
    }
    // Its writer may call another message so.
    scenario.recv(&plain(ROOM, "m1"));
    let message = only(&scenario);
    assert!(!message.is_retracted());
    assert_eq!(message.moderation(), None);
}

#[test]
fn a_stone_in_the_archive_names_nobody() {
    let stones = [
        "<moderated xmlns='urn:xmpp:message-moderate:0' by='coven@chat.shakespeare.lit/banquo'>\
         <retracted xmlns='urn:xmpp:message-retract:0' stamp='2019-09-20T23:19:12Z'/>\
         <reason>forged</reason></moderated>",
        "<retracted xmlns='urn:xmpp:message-retract:1' stamp='2019-09-20T23:19:12Z'>\
         <moderated xmlns='urn:xmpp:message-moderate:1' \
         by='coven@chat.shakespeare.lit/banquo'/><reason>forged</reason></retracted>",
    ];
    for stone in stones {
        let mut scenario = Scenario::signed_in();
        join(&mut scenario);
        told(&mut scenario, &["urn:xmpp:mam:2"]);
        scenario.recv(&presence("thirdwitch", "", SELF));
        let stone = format!(
            "<message xmlns='jabber:client' type='groupchat' id='m1' from='{ROOM}/oldhag'>\
             {stone}</message>"
        );
        scenario.answer_archive_of(ROOM, &[("a1", &stone)], true);
        let message = only(&scenario);
        assert!(message.is_retracted());
        assert_eq!(message.moderation(), Some(&Moderation::default()));
        // The room has told who it was.
        scenario.recv(&plain(ROOM, "a1"));
        assert_eq!(only(&scenario).moderation().cloned(), by_macbeth());
    }
}

/// In a room with these features.
fn inside(features: &[&str]) -> Scenario {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, features);
    scenario.recv(&presence("thirdwitch", "", SELF));
    scenario.sent.clear();
    scenario
}

fn remove(scenario: &mut Scenario, targets: &[&str], reason: Option<&str>) {
    let remove = xep0425_moderation::Command::Remove {
        request: "1".to_owned(),
        room: room(),
        targets: targets.iter().map(|&target| target.to_owned()).collect(),
        reason: reason.map(str::to_owned),
    };
    scenario.command(Command::Moderation(remove));
}

fn asked(scenario: &mut Scenario, what: &str) -> Option<Element> {
    scenario.find(|sent| sent.attr("to") == Some(ROOM) && has(sent, what))
}

fn outcome(scenario: &Scenario) -> Option<Result<(), NotSaved>> {
    let me = scenario.store.me().unwrap().to_bare();
    scenario.store.profile(&me)?.outcome("1").cloned()
}

#[test]
fn the_room_is_asked_in_the_version_it_offers() {
    let mut scenario = inside(&["urn:xmpp:message-moderate:0", "urn:xmpp:message-moderate:1"]);
    assert!(view(&scenario).moderates);
    remove(&mut scenario, &["a1"], Some(WHY));
    let request = asked(&mut scenario, "moderate@urn:xmpp:message-moderate:1").unwrap();
    assert_eq!(
        request.children().map(String::from).collect::<String>(),
        format!(
            "<moderate xmlns='urn:xmpp:message-moderate:1' id='a1'>\
             <retract xmlns='urn:xmpp:message-retract:1'/><reason>{WHY}</reason></moderate>"
        )
    );
    let mut scenario = inside(&["urn:xmpp:message-moderate:0"]);
    remove(&mut scenario, &["a1"], None);
    let request = asked(&mut scenario, "apply-to@urn:xmpp:fasten:0").unwrap();
    assert_eq!(
        request.children().map(String::from).collect::<String>(),
        "<apply-to xmlns='urn:xmpp:fasten:0' id='a1'>\
         <moderate xmlns='urn:xmpp:message-moderate:0'>\
         <retract xmlns='urn:xmpp:message-retract:0'/></moderate></apply-to>"
    );
    assert!(!view(&inside(&[])).moderates);
}

#[test]
fn several_go_one_after_the_other_without_those_that_are_gone() {
    let what = "moderate@urn:xmpp:message-moderate:1";
    let mut scenario = inside(&["urn:xmpp:message-moderate:1"]);
    remove(&mut scenario, &["a1", "a2", "a3"], None);
    for (target, answer) in [
        ("a1", ""),
        ("a2", "item-not-found"),
        ("a3", "internal-server-error"),
    ] {
        let request = asked(&mut scenario, what).unwrap();
        assert_eq!(request.children().next().unwrap().attr("id"), Some(target));
        assert!(asked(&mut scenario, what).is_none(), "one at a time");
        let id = request.attr("id").unwrap();
        scenario.recv(&match answer {
            "" => format!("<iq xmlns='jabber:client' type='result' id='{id}' from='{ROOM}'/>"),
            condition => format!(
                "<iq xmlns='jabber:client' type='error' id='{id}' from='{ROOM}'>\
                 <error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                 </error></iq>"
            ),
        });
    }
    let refused = NotSaved::Refused {
        condition: "internal-server-error".to_owned(),
        text: None,
    };
    assert_eq!(outcome(&scenario), Some(Err(refused)));
    scenario.lose_connection();
    remove(&mut scenario, &["a1"], None);
    assert_eq!(outcome(&scenario), Some(Err(NotSaved::Offline)));
}
