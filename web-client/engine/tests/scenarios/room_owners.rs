//! Rooms that are made, and what their owners can have otherwise (XEP-0045 10).

use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc::{self, New, Preset};
use couplet_engine::store::{Answer, Entry, Form, Kind, NotSaved, PageAnswer, Part, RoomsAnswer};
use minidom::Element;

use crate::rooms::{ROOM, SELF, asked_what_it_is, presence, room, say, told, view};
use crate::scenario::{ME, Scenario, has, resumption};

const OWNER: &str = "query@http://jabber.org/protocol/muc#owner";
const BOOKMARK: &str = "pubsub@http://jabber.org/protocol/pubsub";

/// As servers have it, and something that none has.
const FORM: &str = "<x xmlns='jabber:x:data' type='form'>\
     <field var='FORM_TYPE' type='hidden'>\
     <value>http://jabber.org/protocol/muc#roomconfig</value></field>\
     <field type='fixed'><value>Everything</value></field>\
     <field var='muc#roomconfig_roomname' type='text-single'/>\
     <field var='muc#roomconfig_membersonly' type='boolean'><value>0</value></field>\
     <field var='muc#roomconfig_publicroom' type='boolean'><value>1</value></field>\
     <field var='muc#roomconfig_persistentroom' type='boolean'><value>0</value></field>\
     <field var='muc#roomconfig_whois' type='list-single'><value>moderators</value>\
     <option><value>moderators</value></option><option><value>anyone</value></option></field>\
     <field var='mam' type='boolean'><value>0</value></field>\
     <field var='of#another' type='jid-multi'><value>a@b.c</value><value>d@e.f</value></field></x>";

fn make(scenario: &mut Scenario, preset: Preset) {
    scenario.command(Command::Muc(xep0045_muc::Command::Make(New {
        request: "1".to_owned(),
        room: room(),
        name: "A Dark Cave".to_owned(),
        nick: None,
        preset,
    })));
}

/// What became of what was asked for.
fn outcome(scenario: &Scenario, request: &str) -> Option<Result<(), NotSaved>> {
    let me = ME.parse().unwrap();
    let profile = scenario.store.profile(&me)?;
    profile.outcome(request).cloned()
}

fn refused(condition: &str) -> Option<Result<(), NotSaved>> {
    Some(Err(NotSaved::Refused {
        condition: condition.to_owned(),
        text: None,
    }))
}

fn iq_error(id: &str, condition: &str) -> String {
    format!(
        "<iq xmlns='jabber:client' type='error' id='{id}' from='{ROOM}'><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    )
}

fn result(id: &str, inside: &str) -> String {
    format!("<iq xmlns='jabber:client' type='result' id='{id}' from='{ROOM}'>{inside}</iq>")
}

/// There is no such room, and the service lets us in.
fn enter(scenario: &mut Scenario) {
    let id = asked_what_it_is(scenario);
    scenario.recv(&iq_error(&id, "item-not-found"));
    let comes =
        |sent: &Element| sent.name() == "presence" && has(sent, "x@http://jabber.org/protocol/muc");
    let presence = scenario.find(comes).expect("nobody comes in");
    assert_eq!(presence.attr("to"), Some(&*format!("{ROOM}/alice")));
}

fn inside(scenario: &mut Scenario) {
    enter(scenario);
    let made = format!("{SELF}<status code='201'/>");
    scenario.recv(&presence("alice", "", &made));
}

/// The room is asked for its form, and answers.
fn form(scenario: &mut Scenario, form: &str) {
    let id = scenario.expect_iq(OWNER);
    let query = format!("<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>");
    scenario.recv(&result(&id, &query));
}

/// What is sent to the room for its owner: the id, the kind of form, what is in it.
fn filled(scenario: &mut Scenario) -> Option<(String, String, Answer)> {
    let has_form = |query: &Element| has(query, "x@jabber:x:data");
    let iq = scenario.find(|sent| has(sent, OWNER) && sent.children().any(has_form))?;
    let query = iq.children().next()?;
    let form = query.get_child("x", "jabber:x:data")?;
    let fields = form.children().map(|field| {
        let values = field.children().map(Element::text).collect();
        (field.attr("var").unwrap().to_owned(), values)
    });
    let kind = form.attr("type").unwrap().to_owned();
    Some((iq.attr("id")?.to_owned(), kind, fields.collect()))
}

fn has_gone(scenario: &mut Scenario) -> bool {
    let goes =
        |sent: &Element| sent.name() == "presence" && sent.attr("type") == Some("unavailable");
    scenario.find(goes).is_some()
}

#[test]
fn a_room_is_what_it_was_to_be_before_anybody_sees_it() {
    for (preset, membersonly, public, whois) in [
        (Preset::Group, "1", "0", "anyone"),
        (Preset::Channel, "0", "1", "moderators"),
        (Preset::Support, "0", "0", "moderators"),
    ] {
        let mut scenario = Scenario::signed_in();
        make(&mut scenario, preset);
        inside(&mut scenario);
        scenario.recv(&format!(
            "<message xmlns='jabber:client' from='{ROOM}' type='groupchat'><subject/></message>"
        ));
        form(&mut scenario, FORM);
        let (id, kind, answer) = filled(&mut scenario).unwrap();
        assert_eq!(kind, "submit");
        let field = |var: &str, values: &[&str]| {
            let values = values.iter().map(|&value| value.to_owned());
            (var.to_owned(), values.collect::<Vec<_>>())
        };
        assert_eq!(
            answer,
            [
                field("FORM_TYPE", &["http://jabber.org/protocol/muc#roomconfig"]),
                field("muc#roomconfig_roomname", &["A Dark Cave"]),
                field("muc#roomconfig_membersonly", &[membersonly]),
                field("muc#roomconfig_publicroom", &[public]),
                field("muc#roomconfig_persistentroom", &["1"]),
                field("muc#roomconfig_whois", &[whois]),
                field("mam", &["1"]),
                field("of#another", &["a@b.c", "d@e.f"]),
            ]
        );
        assert!(scenario.store.room(&room()).is_none(), "it isn't made yet");
        assert_eq!(outcome(&scenario, "1"), None);
        scenario.recv(&result(&id, ""));
        assert_eq!(outcome(&scenario, "1"), Some(Ok(())));
        let known = view(&scenario);
        assert_eq!(
            (&known.entry, known.nick.as_str()),
            (&Entry::Joined, "alice")
        );
        assert_eq!(known.occupants.len(), 1);
        assert!(known.bookmark.is_some_and(|bookmark| bookmark.autojoin));
        assert!(scenario.find(|sent| has(sent, BOOKMARK)).is_some());
        // Nothing was said before, so nothing is waited for.
        told(&mut scenario, &[]);
        say(&mut scenario, "Thrice the brinded cat hath mew'd.");
        assert_eq!(scenario.sent_bodies().len(), 1);
    }
}

#[test]
fn a_room_that_is_there_is_left_alone() {
    let mut scenario = Scenario::signed_in();
    make(&mut scenario, Preset::Channel);
    told(&mut scenario, &[]);
    assert_eq!(outcome(&scenario, "1"), refused("conflict"));
    assert!(scenario.find(|sent| sent.name() == "presence").is_none());
    // Nor is one that somebody else has made meanwhile.
    make(&mut scenario, Preset::Channel);
    enter(&mut scenario);
    scenario.recv(&presence("alice", "", SELF));
    assert!(has_gone(&mut scenario));
    assert_eq!(filled(&mut scenario), None);
    assert_eq!(outcome(&scenario, "1"), refused("conflict"));
    assert!(scenario.store.room(&room()).is_none());
}

#[test]
fn what_cannot_be_made_is_not_made_by_half() {
    // The service lets nobody make rooms.
    let mut scenario = Scenario::signed_in();
    make(&mut scenario, Preset::Group);
    enter(&mut scenario);
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{ROOM}/alice' type='error'>\
         <error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>\
         </presence>"
    ));
    assert_eq!(outcome(&scenario, "1"), refused("not-allowed"));
    // It can't be what it is to be.
    for (preset, form_of_room) in [
        (Preset::Group, "<x xmlns='jabber:x:data' type='form'/>"),
        (Preset::Group, ""),
    ] {
        make(&mut scenario, preset);
        inside(&mut scenario);
        form(&mut scenario, form_of_room);
        let (_, kind, answer) = filled(&mut scenario).unwrap();
        assert_eq!((kind.as_str(), answer), ("cancel", Vec::new()));
        assert!(has_gone(&mut scenario));
        assert_eq!(outcome(&scenario, "1"), refused("feature-not-implemented"));
    }
    // It doesn't want to be that.
    make(&mut scenario, Preset::Group);
    inside(&mut scenario);
    form(&mut scenario, FORM);
    let (id, ..) = filled(&mut scenario).unwrap();
    scenario.recv(&iq_error(&id, "not-acceptable"));
    assert_eq!(filled(&mut scenario).unwrap().1, "cancel");
    assert!(has_gone(&mut scenario));
    assert_eq!(outcome(&scenario, "1"), refused("not-acceptable"));
    // It says nothing.
    make(&mut scenario, Preset::Group);
    enter(&mut scenario);
    scenario.wait_a_minute();
    assert_eq!(outcome(&scenario, "1"), refused("remote-server-timeout"));
    assert_eq!(filled(&mut scenario).unwrap().1, "cancel");
    assert!(has_gone(&mut scenario));
    // Nobody sees any of that, and it can be tried again.
    assert!(scenario.store.room(&room()).is_none());
    make(&mut scenario, Preset::Channel);
    inside(&mut scenario);
    form(&mut scenario, "");
    let (id, kind, _) = filled(&mut scenario).unwrap();
    assert_eq!(kind, "submit");
    scenario.recv(&result(&id, ""));
    assert_eq!(outcome(&scenario, "1"), Some(Ok(())));
}

#[test]
fn a_room_isnt_made_without_whoever_makes_it() {
    let mut scenario = Scenario::signed_in();
    make(&mut scenario, Preset::Group);
    inside(&mut scenario);
    // The page is loaded anew meanwhile: nobody remembers what was to be made.
    let mut scenario = scenario.reloaded(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 1));
    assert_eq!(filled(&mut scenario).unwrap().1, "cancel");
    assert!(has_gone(&mut scenario));
    assert!(scenario.store.room(&room()).is_none());

    // Without a connection nothing is begun.
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    make(&mut scenario, Preset::Group);
    assert_eq!(outcome(&scenario, "1"), Some(Err(NotSaved::Offline)));
}

/// What has been told of rooms since this was last asked.
fn answers(scenario: &mut Scenario) -> Vec<RoomsAnswer> {
    let answers = scenario.answers().filter_map(|answer| match answer {
        PageAnswer::Rooms(answer) => Some(answer),
        _ => None,
    });
    answers.collect()
}

fn ask_settings(scenario: &mut Scenario) {
    scenario.command(Command::Muc(xep0045_muc::Command::Settings {
        request: "2".to_owned(),
        room: room(),
    }));
}

fn settings(scenario: &mut Scenario) -> Result<Form, NotSaved> {
    match answers(scenario).pop().expect("nothing is told") {
        RoomsAnswer::Settings { request, outcome } if request == "2" => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_room_is_its_owner_can_change() {
    let mut scenario = crate::rooms::inside();
    ask_settings(&mut scenario);
    form(&mut scenario, FORM);
    let mut read = settings(&mut scenario).unwrap();
    let kinds = [Kind::Hidden, Kind::Fixed, Kind::TextSingle, Kind::Boolean];
    let fields = read.fields.iter().map(|field| field.kind);
    assert_eq!(fields.take(4).collect::<Vec<_>>(), kinds);
    let shown: Vec<_> = (1..9).map(Part::Field).collect();
    assert_eq!(read.parts, shown);
    assert!(read.put("muc#roomconfig_roomname", "The Heath"));
    let answer = read.answer();
    scenario.command(Command::Muc(xep0045_muc::Command::Configure {
        request: "3".to_owned(),
        room: room(),
        answer: answer.clone(),
    }));
    let (id, kind, sent) = filled(&mut scenario).unwrap();
    assert_eq!((kind.as_str(), sent), ("submit", answer));
    scenario.recv(&result(&id, ""));
    assert_eq!(outcome(&scenario, "3"), Some(Ok(())));
    // The room tells everybody that it isn't what it was (104), and is asked what it is.
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}' type='groupchat'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x></message>"
    ));
    told(&mut scenario, &["urn:xmpp:mam:2", "muc_nonanonymous"]);
    assert!(view(&scenario).shows_addresses);
}

#[test]
fn why_nothing_can_be_changed_is_told() {
    let mut scenario = crate::rooms::inside();
    ask_settings(&mut scenario);
    let id = scenario.expect_iq(OWNER);
    scenario.recv(&iq_error(&id, "forbidden"));
    let told = settings(&mut scenario).map(drop);
    assert_eq!(Some(told), refused("forbidden"));
    // What is no form can't be filled in.
    ask_settings(&mut scenario);
    form(&mut scenario, "");
    let told = settings(&mut scenario).map(drop);
    assert_eq!(Some(told), refused("undefined-condition"));
    scenario.lose_connection();
    ask_settings(&mut scenario);
    assert_eq!(settings(&mut scenario), Err(NotSaved::Offline));
}

#[test]
fn where_rooms_are_made_is_found_out() {
    const ITEMS: &str = "query@http://jabber.org/protocol/disco#items";
    const INFO: &str = "http://jabber.org/protocol/disco#info";
    for feature in ["http://jabber.org/protocol/muc", "jabber:iq:search"] {
        let mut scenario = Scenario::signed_in();
        scenario.command(Command::Muc(xep0045_muc::Command::Service));
        let items = scenario.expect_iq(ITEMS);
        let own = scenario.expect_iq(&format!("query@{INFO}"));
        let from = |from: &str, id: &str, query: &str| {
            format!("<iq xmlns='jabber:client' type='result' id='{id}' from='{from}'>{query}</iq>")
        };
        let parts = "<query xmlns='http://jabber.org/protocol/disco#items'>\
                     <item jid='chat.example.org'/></query>";
        scenario.recv(&from("example.org", &items, parts));
        let part = scenario.expect_iq(&format!("query@{INFO}"));
        let info = |inside: &str| format!("<query xmlns='{INFO}'>{inside}</query>");
        scenario.recv(&from("example.org", &own, &info("")));
        let feature = format!("<feature var='{feature}'/>");
        scenario.recv(&from("chat.example.org", &part, &info(&feature)));
        let service = feature
            .contains("/muc")
            .then(|| "chat.example.org".parse().unwrap());
        assert_eq!(answers(&mut scenario), [RoomsAnswer::Service(service)]);
    }
}
