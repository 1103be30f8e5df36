//! What is for one person in a room, and for nobody else there (XEP-0045 7.5).

use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_message, xep0045_muc};
use couplet_engine::store::{
    Delivery, Direction, Failure, Mention, Note, Notes, Reply, Scope, Whisper,
};
use minidom::Element;

use crate::rooms::{ROOM, SELF, join, messages, presence, room, told};
use crate::scenario::{ME, MY_ADDRESS, Scenario, body, has};

const USER: &str = "http://jabber.org/protocol/muc#user";

/// A presence of somebody with an occupant id.
fn here(nick: &str, kind: &str, occupant: &str, user: &str) -> String {
    let id = format!("<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{occupant}'/></presence>");
    presence(nick, kind, user).replace("</presence>", &id)
}

const ITEM: &str = "<item affiliation='none' role='participant'/>";

/// In a room in which everybody has an occupant id, and secondwitch is.
fn inside() -> Scenario {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    comes_in(&mut scenario, "two");
    scenario
}

/// The room says what it is and who is in it; whoever is called secondwitch has that id.
fn comes_in(scenario: &mut Scenario, occupant: &str) {
    told(scenario, &["urn:xmpp:mam:2"]);
    scenario.recv(&here("secondwitch", "", occupant, ITEM));
    scenario.recv(&here("thirdwitch", "", "me", SELF));
    scenario.answer_archive_of(ROOM, &[], true);
    scenario.sent.clear();
}

fn to_second() -> Notes {
    Notes::from_iter([Note::Whisper(Whisper {
        nick: "secondwitch".to_owned(),
        occupant: Some("two".to_owned()),
    })])
}

fn whisper(scenario: &mut Scenario, text: &str) {
    let send = rfc6121_message::Command::Send {
        to: room(),
        body: text.to_owned(),
        notes: to_second(),
    };
    scenario.command(Command::Message(send));
}

fn sent(scenario: &mut Scenario) -> Option<Element> {
    scenario.find(|sent| body(sent).is_some())
}

/// So many stanzas the server has had of this session.
fn handled(scenario: &Scenario) -> usize {
    let frames = scenario.frames.iter().rev();
    let session = frames.take_while(|frame| !frame.starts_with("<enable "));
    let is_stanza = |frame: &&String| {
        ["<iq", "<message", "<presence"]
            .iter()
            .any(|stanza| frame.starts_with(stanza))
    };
    session.filter(is_stanza).count()
}

fn ack(scenario: &mut Scenario) {
    let h = handled(scenario);
    scenario.recv(&format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>"));
}

fn delivery(scenario: &Scenario) -> Delivery {
    messages(scenario).last().unwrap().delivery.clone()
}

fn left() -> Delivery {
    Delivery::Failed(Failure {
        condition: "item-not-found".to_owned(),
        text: None,
    })
}

#[test]
fn a_whisper_goes_to_one_person_and_nobody_else() {
    let mut scenario = inside();
    whisper(&mut scenario, "I'll give thee a wind.");
    let stanza = sent(&mut scenario).unwrap();
    assert_eq!(stanza.attr("type"), Some("chat"));
    let to = format!("{ROOM}/secondwitch");
    assert_eq!(stanza.attr("to"), Some(to.as_str()));
    assert!(has(&stanza, &format!("x@{USER}")));
    for unasked in ["request", "markable", "active"] {
        assert!(!has(&stanza, unasked), "{unasked} is for nobody there");
    }
    let known = messages(&scenario).remove(0);
    assert_eq!(
        (known.scope, known.direction),
        (Scope::Whisper, Direction::Outgoing)
    );
    assert_eq!(known.whispered_to().unwrap().nick, "secondwitch");
    assert_eq!(known.from.to_string(), format!("{ROOM}/thirdwitch"));
    assert_eq!(known.reference(), None, "others don't know of it");
    assert_eq!(known.answered_as(), stanza.attr("id"));
    // The server has it: the room shows it to nobody.
    assert_eq!(delivery(&scenario), Delivery::Queued);
    ack(&mut scenario);
    assert_eq!(delivery(&scenario), Delivery::Sent);
    let kept = messages(&scenario);
    assert_eq!(messages(&scenario.reloaded(2)), kept);
}

#[test]
fn an_answer_to_a_whisper_is_one() {
    let mut scenario = inside();
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}/secondwitch' to='{MY_ADDRESS}' \
         type='chat' id='p1'><body>psst</body><x xmlns='{USER}'/></message>"
    ));
    let theirs = messages(&scenario).remove(0);
    let mut notes = to_second();
    notes.set(Note::Reply(Reply {
        id: theirs.answered_as().unwrap().to_owned(),
        to: Some(theirs.from.clone()),
        quote: String::new(),
    }));
    let (to, body) = (room(), "yes?".to_owned());
    let send = rfc6121_message::Command::Send { to, body, notes };
    scenario.command(Command::Message(send));
    let stanza = String::from(&sent(&mut scenario).unwrap());
    assert!(
        stanza.contains("id='p1'") && stanza.contains("type='chat'"),
        "{stanza}"
    );
    let known = scenario.store.conversation(&room()).unwrap();
    let ours = messages(&scenario).remove(1);
    assert_eq!(known.answered(ours.reply().unwrap()).unwrap().body, "psst");
}

#[test]
fn whoever_has_left_gets_nothing_nor_does_whoever_is_called_so_next() {
    for next in [None, Some("other")] {
        let mut scenario = inside();
        scenario.recv(&here("secondwitch", "type='unavailable'", "two", ITEM));
        if let Some(other) = next {
            scenario.recv(&here("secondwitch", "", other, ITEM));
        }
        whisper(&mut scenario, "I'll give thee a wind.");
        assert_eq!(sent(&mut scenario), None, "{next:?}");
        assert_eq!(delivery(&scenario), left());
        // They are back: what is written from then on is for them.
        scenario.recv(&here("secondwitch", "", "two", ITEM));
        whisper(&mut scenario, "Thou'rt kind.");
        assert!(sent(&mut scenario).is_some(), "{next:?}");
    }
}

#[test]
fn what_waited_for_the_room_is_for_who_was_there_before() {
    for (occupant, goes) in [("two", true), ("other", false)] {
        let mut scenario = inside();
        scenario.lose_connection();
        whisper(&mut scenario, "I'll give thee a wind.");
        scenario.advance(2);
        scenario.authenticate();
        scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
        scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
        scenario.answer_bind();
        scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/>");
        scenario.answer_carbons();
        scenario.answer_archive("");
        assert_eq!(sent(&mut scenario), None, "nobody is in the room yet");
        told(&mut scenario, &["urn:xmpp:mam:2"]);
        scenario.recv(&here("secondwitch", "", occupant, ITEM));
        scenario.recv(&here("thirdwitch", "", "me", SELF));
        assert_eq!(sent(&mut scenario).is_some(), goes, "{occupant}");
        assert_eq!(delivery(&scenario) == left(), !goes);
    }
}

#[test]
fn a_session_that_goes_on_hears_first_who_has_left() {
    for leaves in [false, true] {
        let mut scenario = inside();
        scenario.lose_connection();
        whisper(&mut scenario, "I'll give thee a wind.");
        scenario.advance(2);
        scenario.authenticate();
        scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
        let h = handled(&scenario);
        scenario.recv(&format!(
            "<resumed xmlns='urn:xmpp:sm:3' previd='session-1' h='{h}'/>"
        ));
        assert_eq!(sent(&mut scenario), None);
        if leaves {
            scenario.recv(&here("secondwitch", "type='unavailable'", "two", ITEM));
            scenario.recv(&here("secondwitch", "", "other", ITEM));
        }
        scenario.answer_pings();
        assert_eq!(sent(&mut scenario).is_some(), !leaves);
        assert_eq!(delivery(&scenario) == left(), leaves);
    }
}

#[test]
fn a_whisper_comes_back_from_whom_it_was_to_and_from_nobody_else() {
    for late in [false, true] {
        let mut scenario = inside();
        whisper(&mut scenario, "I'll give thee a wind.");
        let id = sent(&mut scenario).unwrap().attr("id").unwrap().to_owned();
        if late {
            ack(&mut scenario);
        }
        let before = delivery(&scenario);
        let error = |from: &str| {
            format!(
                "<message xmlns='jabber:client' from='{ROOM}/{from}' to='{MY_ADDRESS}' \
                 type='error' id='{id}'><error type='cancel'><item-not-found \
                 xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
            )
        };
        scenario.recv(&error("mallory"));
        assert_eq!(delivery(&scenario), before, "late: {late}");
        scenario.recv(&error("secondwitch"));
        assert_eq!(delivery(&scenario), left(), "late: {late}");
    }
}

#[test]
fn where_we_are_no_more_nothing_is_whispered() {
    let mut scenario = inside();
    scenario.command(Command::Muc(xep0045_muc::Command::Leave { room: room() }));
    scenario.sent.clear();
    whisper(&mut scenario, "I'll give thee a wind.");
    assert_eq!(sent(&mut scenario), None);
    assert!(matches!(delivery(&scenario), Delivery::Failed(_)));
    // Of a room of which nothing is known it isn't said to a person of that address.
    let send = rfc6121_message::Command::Send {
        to: "bob@example.org".parse().unwrap(),
        body: "psst".to_owned(),
        notes: to_second(),
    };
    scenario.command(Command::Message(send));
    assert_eq!(sent(&mut scenario), None);
    assert!(scenario.messages().is_empty());
}

#[test]
fn what_another_device_has_whispered_is_shown_as_that() {
    let mut scenario = inside();
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ME}' to='{MY_ADDRESS}'>\
         <sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
         <message xmlns='jabber:client' from='{ME}/phone' to='{ROOM}/secondwitch' type='chat' \
         id='w1'><body>psst</body><x xmlns='{USER}'/></message></forwarded></sent></message>"
    ));
    let known = messages(&scenario).remove(0);
    assert_eq!(
        (known.scope, known.direction),
        (Scope::Whisper, Direction::Outgoing)
    );
    assert_eq!(known.whispered_to().unwrap().nick, "secondwitch");
}

#[test]
fn whoever_is_whispered_to_is_not_everybody() {
    let mut scenario = inside();
    let mut notes = to_second();
    let second = format!("{ROOM}/secondwitch").parse().ok();
    let named = [second, Some(room().into())].map(|jid| Mention {
        jid,
        ..Mention::default()
    });
    notes.set_mentions(named.into());
    scenario.command(Command::Message(rfc6121_message::Command::Send {
        to: room(),
        body: "secondwitch, not @all".to_owned(),
        notes,
    }));
    let stanza = sent(&mut scenario).unwrap();
    let names = |name: &str| {
        stanza
            .children()
            .filter(|child| child.name() == name)
            .count()
    };
    assert_eq!((names("reference"), names("mention")), (1, 0));
}
