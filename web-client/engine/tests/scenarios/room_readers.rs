//! Who has read how far in a private group.

use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_message, xep0223_privacy};
use couplet_engine::store::{Author, Note, Notes, Privacy};
use minidom::Element;

use crate::room_changes::occupant;
use crate::rooms::{ROOM, SELF, archived, join, messages, presence, room, said, told};
use crate::scenario::{MY_ADDRESS, Scenario, body, has};

const GROUP: [&str; 3] = ["urn:xmpp:mam:2", "muc_membersonly", "muc_nonanonymous"];

/// In a room that says these things of itself, with so many others.
fn inside(features: &[&str], others: usize) -> Scenario {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, features);
    for nth in 0..others {
        let item = "<item affiliation='member' role='participant'/>";
        scenario.recv(&presence(&format!("witch{nth}"), "", item));
    }
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{ROOM}/thirdwitch' to='{MY_ADDRESS}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'>{SELF}</x>{}</presence>",
        occupant("three")
    ));
    scenario.answer_archive_of(ROOM, &[], true);
    scenario.sent.clear();
    scenario
}

fn read(scenario: &mut Scenario) {
    let reading = scenario.store.reading(&room());
    scenario.command(Command::Message(reading));
}

/// What we tell the room that we have seen: its id there.
fn marked(scenario: &mut Scenario) -> Option<String> {
    let is_marker = |sent: &Element| has(sent, "displayed@urn:xmpp:chat-markers:0");
    let sent = scenario.find(is_marker)?;
    assert_eq!(sent.attr("to"), Some(ROOM));
    assert_eq!(sent.attr("type"), Some("groupchat"));
    let marker = sent.get_child("displayed", "urn:xmpp:chat-markers:0")?;
    marker.attr("id").map(str::to_owned)
}

fn displayed(nick: &str, by: &str, id: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{ROOM}/{nick}' to='{MY_ADDRESS}' type='groupchat' \
         id='d-{id}'><displayed xmlns='urn:xmpp:chat-markers:0' id='{id}'/>{}</message>",
        occupant(by)
    )
}

fn hear(scenario: &mut Scenario, id: &str) {
    let markable = "<markable xmlns='urn:xmpp:chat-markers:0'/>";
    let more = occupant("one") + &archived(id) + markable;
    scenario.recv(&said("witch0", &format!("m-{id}"), "Hail!", &more));
}

/// We say something, which the room calls `id`.
fn speak(scenario: &mut Scenario, id: &str) {
    scenario.command(Command::Message(rfc6121_message::Command::Send {
        to: room(),
        body: "When shall we three meet again?".to_owned(),
        notes: Notes::from_iter([Note::Markable]),
    }));
    let sent = scenario.find(|sent| body(sent).is_some()).unwrap();
    assert!(has(&sent, "markable@urn:xmpp:chat-markers:0"));
    let own = occupant("three") + &archived(id);
    let stanza = sent.attr("id").unwrap();
    scenario.recv(&said("thirdwitch", stanza, &body(&sent).unwrap(), &own));
}

fn seen(scenario: &Scenario) -> Option<(String, Vec<Author>)> {
    let (id, readers) = scenario.store.conversation(&room())?.seen()?;
    let message = messages(scenario).into_iter().find(|known| known.id == *id);
    let readers = readers.into_iter().cloned().collect();
    Some((message?.archive_id?, readers))
}

fn by(id: &str) -> Author {
    Author::Occupant(id.to_owned())
}

#[test]
fn a_small_private_group_is_told_what_we_have_read() {
    let mut scenario = inside(&GROUP, 19);
    hear(&mut scenario, "a1");
    hear(&mut scenario, "a2");
    read(&mut scenario);
    assert_eq!(marked(&mut scenario).as_deref(), Some("a2"));
    assert_eq!(marked(&mut scenario), None, "once is enough");
    for (features, others) in [(&GROUP[..2], 3), (&["urn:xmpp:mam:2"], 3), (&GROUP, 20)] {
        let mut scenario = inside(features, others);
        hear(&mut scenario, "a1");
        read(&mut scenario);
        assert_eq!(marked(&mut scenario), None, "{features:?} {others}");
    }
}

#[test]
fn nobody_is_told_who_doesnt_want_that() {
    let mut scenario = inside(&GROUP, 3);
    let privacy = Privacy {
        markers: false,
        ..scenario.store.privacy()
    };
    scenario.command(Command::Privacy(xep0223_privacy::Command::Want(privacy)));
    hear(&mut scenario, "a1");
    read(&mut scenario);
    assert_eq!(marked(&mut scenario), None);
}

#[test]
fn who_has_seen_what_we_said_is_known() {
    let mut scenario = inside(&GROUP, 3);
    speak(&mut scenario, "a1");
    assert_eq!(seen(&scenario), None);
    scenario.recv(&displayed("witch0", "one", "a1"));
    assert_eq!(seen(&scenario), Some(("a1".to_owned(), vec![by("one")])));
    speak(&mut scenario, "a2");
    hear(&mut scenario, "a3");
    // Behind ours there is something of theirs; whoever goes back has seen it all the same.
    scenario.recv(&displayed("witch1", "two", "a3"));
    scenario.recv(&displayed("witch1", "two", "a1"));
    assert_eq!(seen(&scenario), Some(("a2".to_owned(), vec![by("two")])));
    // By another name it is the same person.
    scenario.recv(&displayed("hag", "one", "a2"));
    let both = Some(("a2".to_owned(), vec![by("one"), by("two")]));
    assert_eq!(seen(&scenario), both);
    assert_eq!(seen(&scenario.reloaded(2)), both);
    // Nobody reads for us, nor what isn't here.
    let unread = |scenario: &Scenario| scenario.store.conversation(&room()).unwrap().unread;
    assert_eq!(unread(&scenario), 1);
    scenario.recv(&displayed("thirdwitch", "three", "a3"));
    scenario.recv(&displayed("witch2", "four", "a9"));
    assert_eq!((unread(&scenario), seen(&scenario)), (1, both));
}

#[test]
fn in_other_rooms_nobody_is_noted() {
    let mut scenario = inside(&GROUP[..2], 3);
    speak(&mut scenario, "a1");
    scenario.recv(&displayed("witch0", "one", "a1"));
    assert_eq!(seen(&scenario), None);
}
