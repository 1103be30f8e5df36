//! What anybody may want in a room: another name, another subject.

use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc;
use couplet_engine::store::{Entry, NotSaved};
use minidom::Element;

use crate::rooms::{ROOM, SELF, inside, presence, room, view};
use crate::scenario::{MY_ADDRESS, Scenario, has};

fn outcome(scenario: &Scenario) -> Option<Result<(), NotSaved>> {
    let me = scenario.store.me().unwrap().to_bare();
    scenario.store.profile(&me)?.outcome("1").cloned()
}

fn refused(condition: &str) -> Option<Result<(), NotSaved>> {
    Some(Err(NotSaved::Refused {
        condition: condition.to_owned(),
        text: None,
    }))
}

fn rename(scenario: &mut Scenario, nick: &str) {
    scenario.command(Command::Muc(xep0045_muc::Command::Nick {
        request: "1".to_owned(),
        room: room(),
        nick: nick.to_owned(),
    }));
}

fn say_subject(scenario: &mut Scenario, subject: &str) -> String {
    scenario.command(Command::Muc(xep0045_muc::Command::Subject {
        request: "1".to_owned(),
        room: room(),
        subject: subject.to_owned(),
    }));
    let sent = scenario.find(|sent| has(sent, "subject")).unwrap();
    assert_eq!(sent.attr("type"), Some("groupchat"));
    assert!(!has(&sent, "body"));
    sent.attr("id").unwrap().to_owned()
}

/// What the room says to that, to everybody or to us.
fn answer(id: &str, from: &str, kind: &str, more: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{from}' to='{MY_ADDRESS}' id='{id}' \
         type='{kind}'>{more}</message>"
    )
}

#[test]
fn whoever_has_another_name_is_told_so_and_other_devices_are() {
    let mut scenario = inside();
    rename(&mut scenario, "hecate");
    assert_eq!(outcome(&scenario), None);
    let user = "<item affiliation='member' role='participant' nick='hecate'/>\
                <status code='303'/><status code='110'/>";
    scenario.recv(&presence("thirdwitch", "type='unavailable'", user));
    scenario.recv(&presence("hecate", "", SELF));
    assert_eq!(outcome(&scenario), Some(Ok(())));
    assert_eq!(view(&scenario).nick, "hecate");
    let bookmarked = |sent: &Element| String::from(sent).contains("<nick>hecate</nick>");
    assert!(scenario.find(bookmarked).is_some());
}

#[test]
fn a_name_that_somebody_has_is_not_to_be_had() {
    let mut scenario = inside();
    rename(&mut scenario, "firstwitch");
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{ROOM}/firstwitch' to='{MY_ADDRESS}' \
         type='error'><x xmlns='http://jabber.org/protocol/muc'/><error type='cancel'>\
         <conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
    ));
    assert_eq!(outcome(&scenario), refused("conflict"));
    let known = view(&scenario);
    assert_eq!(
        (known.entry, known.nick.as_str()),
        (Entry::Joined, "thirdwitch")
    );
}

#[test]
fn a_subject_is_there_when_the_room_says_so() {
    let mut scenario = inside();
    let id = say_subject(&mut scenario, "Fire Burn and Cauldron Bubble!");
    assert_eq!(outcome(&scenario), None);
    let subject = "<subject>Fire Burn and Cauldron Bubble!</subject>";
    let from = format!("{ROOM}/thirdwitch");
    scenario.recv(&answer(&id, &from, "groupchat", subject));
    assert_eq!(outcome(&scenario), Some(Ok(())));
    let known = view(&scenario).subject;
    assert_eq!(known.as_deref(), Some("Fire Burn and Cauldron Bubble!"));
}

#[test]
fn whoever_may_not_change_the_subject_is_told_so_by_the_room_only() {
    let mut scenario = inside();
    let id = say_subject(&mut scenario, "Cauldrons");
    let error = "<error type='auth'>\
                 <forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    scenario.recv(&answer(&id, &format!("{ROOM}/mallory"), "error", error));
    assert_eq!(outcome(&scenario), None);
    scenario.recv(&answer(&id, ROOM, "error", error));
    assert_eq!(outcome(&scenario), refused("forbidden"));
    assert!(
        scenario
            .store
            .conversation(&room())
            .is_none_or(|known| known.timeline.is_empty())
    );
}

#[test]
fn what_the_room_says_nothing_to_is_given_up() {
    let mut scenario = inside();
    say_subject(&mut scenario, "Cauldrons");
    scenario.wait_a_minute();
    assert_eq!(outcome(&scenario), refused("remote-server-timeout"));
    let mut scenario = inside();
    rename(&mut scenario, "hecate");
    scenario.recv(&presence(
        "thirdwitch",
        "type='unavailable'",
        "<status code='307'/>",
    ));
    assert_eq!(outcome(&scenario), refused("not-acceptable"));
    let mut scenario = inside();
    scenario.lose_connection();
    rename(&mut scenario, "hecate");
    assert_eq!(outcome(&scenario), Some(Err(NotSaved::Offline)));
}
