//! Running a room: who is what there, who is made to go, and its end.

use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc::admin;
use couplet_engine::store::{
    Affiliation, Deed, Incident, Listed, NotSaved, Occupant, PageAnswer, Removal, Standing,
};
use minidom::Element;

use crate::rooms::{ROOM, inside, join, presence, room, told, view};
use crate::scenario::{MY_ADDRESS, Scenario, has};

const ADMIN: &str = "http://jabber.org/protocol/muc#admin";
const OWNER: &str = "http://jabber.org/protocol/muc#owner";

fn here(scenario: &mut Scenario, nick: &str, item: &str) {
    scenario.recv(&presence(nick, "", &format!("<item {item}/>")));
}

fn set(scenario: &mut Scenario, deed: Deed, nick: &str, reason: Option<&str>) -> Element {
    let standing = deed.standing(view(scenario).occupants.get(nick).unwrap());
    scenario.command(Command::RoomAdmin(admin::Command::Set {
        request: "1".to_owned(),
        room: room(),
        standing: standing.unwrap(),
        reason: reason.map(str::to_owned),
    }));
    asked(scenario, ADMIN)
}

/// The request to the room with what is in that namespace.
fn asked(scenario: &mut Scenario, namespace: &str) -> Element {
    let query = format!("query@{namespace}");
    let asks = |sent: &Element| sent.attr("to") == Some(ROOM) && has(sent, &query);
    scenario.find(asks).expect("a request to the room")
}

fn item(request: &Element) -> String {
    let query = request.children().next().unwrap();
    query.children().map(String::from).collect()
}

fn agrees(scenario: &mut Scenario, request: &Element, payload: &str) {
    let id = request.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{ROOM}'>{payload}</iq>"
    ));
}

fn refuses(scenario: &mut Scenario, request: &Element, condition: &str) {
    let id = request.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}' from='{ROOM}'><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Not you</text></error></iq>"
    ));
}

fn outcome(scenario: &Scenario) -> Option<Result<(), NotSaved>> {
    let me = scenario.store.me().unwrap().to_bare();
    scenario.store.profile(&me)?.outcome("1").cloned()
}

fn refused(condition: &str) -> NotSaved {
    NotSaved::Refused {
        condition: condition.to_owned(),
        text: Some("Not you".to_owned()),
    }
}

#[test]
fn what_somebody_may_do_is_asked_by_name_and_what_they_are_by_address() {
    let mut scenario = inside();
    here(
        &mut scenario,
        "pistol",
        "affiliation='none' role='participant' jid='pistol@shakespeare.lit/harfleur'",
    );
    let kick = set(&mut scenario, Deed::Kick, "pistol", Some("Avaunt & away"));
    assert_eq!(
        item(&kick),
        format!(
            "<item xmlns='{ADMIN}' nick='pistol' role='none'>\
             <reason>Avaunt &amp; away</reason></item>"
        )
    );
    assert_eq!(outcome(&scenario), None);
    agrees(&mut scenario, &kick, "");
    assert_eq!(outcome(&scenario), Some(Ok(())));
    let ban = set(&mut scenario, Deed::Ban, "pistol", None);
    assert_eq!(
        item(&ban),
        format!("<item xmlns='{ADMIN}' affiliation='outcast' jid='pistol@shakespeare.lit'/>")
    );
    for (deed, word) in [
        (Deed::TakeVoice, "role='visitor'"),
        (Deed::GiveVoice, "role='participant'"),
        (Deed::MakeModerator, "role='moderator'"),
        (Deed::UnmakeModerator, "role='participant'"),
        (Deed::MakeMember, "affiliation='member'"),
        (Deed::MakeAdmin, "affiliation='admin'"),
        (Deed::MakeOwner, "affiliation='owner'"),
        (Deed::Unmake, "affiliation='none'"),
    ] {
        let request = set(&mut scenario, deed, "pistol", None);
        assert!(
            item(&request).contains(word),
            "{deed:?}: {}",
            item(&request)
        );
    }
}

#[test]
fn whoever_asks_is_told_what_the_room_refuses() {
    let mut scenario = inside();
    here(
        &mut scenario,
        "pistol",
        "affiliation='none' role='participant'",
    );
    let kick = set(&mut scenario, Deed::Kick, "pistol", None);
    refuses(&mut scenario, &kick, "not-allowed");
    assert_eq!(outcome(&scenario), Some(Err(refused("not-allowed"))));
    scenario.lose_connection();
    let standing = Standing::Role("pistol".to_owned(), None);
    scenario.command(Command::RoomAdmin(admin::Command::Set {
        request: "1".to_owned(),
        room: room(),
        standing,
        reason: None,
    }));
    assert_eq!(outcome(&scenario), Some(Err(NotSaved::Offline)));
}

#[test]
fn who_made_somebody_go_and_why_is_told() {
    let mut scenario = inside();
    let out = |scenario: &mut Scenario, nick: &str, user: &str| {
        here(scenario, nick, "affiliation='none' role='participant'");
        scenario.recv(&presence(nick, "type='unavailable'", user));
    };
    out(
        &mut scenario,
        "pistol",
        "<item affiliation='none' role='none'><actor nick='Fluellen'/>\
         <reason>Avaunt, you cullion!</reason></item><status code='307'/>",
    );
    out(
        &mut scenario,
        "nym",
        "<item affiliation='outcast' role='none'/><status code='301'/>",
    );
    out(
        &mut scenario,
        "bardolph",
        "<item affiliation='none' role='none'/><status code='321'/>",
    );
    // Their connection broke, and they just went.
    out(
        &mut scenario,
        "falstaff",
        "<item affiliation='none' role='none'/><status code='307'/><status code='333'/>",
    );
    out(
        &mut scenario,
        "hostess",
        "<item affiliation='none' role='none'/>",
    );
    let known = view(&scenario);
    let told = |known: &Incident| (known.nick.clone(), known.removal);
    assert_eq!(
        known.incidents.iter().map(told).collect::<Vec<_>>(),
        [
            ("pistol".to_owned(), Removal::Kicked),
            ("nym".to_owned(), Removal::Banned),
            ("bardolph".to_owned(), Removal::NotMember),
        ]
    );
    assert_eq!(known.incidents[0].by.as_deref(), Some("Fluellen"));
    let reason = known.incidents[0].reason.as_deref();
    assert_eq!(reason, Some("Avaunt, you cullion!"));
    assert_eq!(known.occupants.len(), 1);
    assert_eq!(view(&scenario.reloaded(3)).incidents, known.incidents);
}

#[test]
fn hats_are_the_rooms_to_give() {
    let hats: String = (0..9)
        .map(|number| format!("<hat uri='urn:hat:{number}' title='Hat {number}'/>"))
        .collect();
    let teacher = |features: &[&str]| -> Occupant {
        let mut scenario = Scenario::signed_in();
        join(&mut scenario);
        told(&mut scenario, features);
        scenario.recv(&format!(
            "<presence xmlns='jabber:client' from='{ROOM}/terry' to='{MY_ADDRESS}'>\
             <x xmlns='http://jabber.org/protocol/muc#user'>\
             <item affiliation='owner' role='moderator'/></x>\
             <hats xmlns='urn:xmpp:hats:0'>{hats}</hats></presence>"
        ));
        scenario.recv(&presence("thirdwitch", "", crate::rooms::SELF));
        Occupant::clone(view(&scenario).occupants.get("terry").unwrap())
    };
    let known = teacher(&["urn:xmpp:hats:0"]).hats;
    assert_eq!(known, ["Hat 0", "Hat 1", "Hat 2", "Hat 3", "Hat 4"]);
    assert!(teacher(&[]).hats.is_empty(), "anybody may say so there");
}

#[test]
fn those_who_run_a_room_read_its_lists() {
    let mut scenario = inside();
    let list = |scenario: &mut Scenario| {
        scenario.command(Command::RoomAdmin(admin::Command::List {
            request: "1".to_owned(),
            room: room(),
            affiliation: Affiliation::Outcast,
        }));
        asked(scenario, ADMIN)
    };
    let answer = |scenario: &mut Scenario| {
        let lists = scenario.answers().filter_map(|answer| match answer {
            PageAnswer::Affiliations(list) => Some(list),
            _ => None,
        });
        lists.last()
    };
    let request = list(&mut scenario);
    assert_eq!(request.attr("type"), Some("get"));
    assert_eq!(
        item(&request),
        format!("<item xmlns='{ADMIN}' affiliation='outcast'/>")
    );
    agrees(
        &mut scenario,
        &request,
        &format!(
            "<query xmlns='{ADMIN}'>\
             <item affiliation='outcast' jid='earlofcambridge@shakespeare.lit'>\
             <reason>Treason</reason></item>\
             <item affiliation='outcast' jid='@'/><item affiliation='outcast'/></query>"
        ),
    );
    let told = answer(&mut scenario).unwrap();
    assert_eq!(told.request, "1");
    assert_eq!(
        told.outcome,
        Ok(vec![Listed {
            jid: "earlofcambridge@shakespeare.lit".parse().unwrap(),
            nick: None,
            reason: Some("Treason".to_owned()),
        }])
    );
    let request = list(&mut scenario);
    refuses(&mut scenario, &request, "forbidden");
    assert_eq!(
        answer(&mut scenario).unwrap().outcome,
        Err(refused("forbidden"))
    );
}

#[test]
fn a_room_is_destroyed_with_a_word_and_a_way() {
    let mut scenario = inside();
    scenario.command(Command::RoomAdmin(admin::Command::Destroy {
        request: "1".to_owned(),
        room: room(),
        alternative: "coven@chat.shakespeare.lit".parse().ok(),
        reason: Some("Macbeth doth come.".to_owned()),
    }));
    let request = asked(&mut scenario, OWNER);
    assert_eq!(
        item(&request),
        format!(
            "<destroy xmlns='{OWNER}' jid='coven@chat.shakespeare.lit'>\
             <reason>Macbeth doth come.</reason></destroy>"
        )
    );
    agrees(&mut scenario, &request, "");
    assert_eq!(outcome(&scenario), Some(Ok(())));
}
