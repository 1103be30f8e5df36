//! What is said in rooms about earlier messages, and by whom.

use couplet_engine::Command;
use couplet_engine::modules::{
    rfc6121_message, xep0308_correction, xep0424_retraction, xep0444_reactions,
};
use couplet_engine::store::{Author, Delivery, Message, Notes};

use crate::rooms::{ROOM, SELF, archived, inside, join, messages, room, said, say, told};
use crate::scenario::{ME, MY_ADDRESS, Scenario, body, has};

pub(crate) fn occupant(id: &str) -> String {
    format!("<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{id}'/>")
}

/// In a room that knows its occupants by ids; ours is `three`.
pub(crate) fn inside_with_ids() -> Scenario {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{ROOM}/thirdwitch' to='{MY_ADDRESS}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'>{SELF}</x>{}</presence>",
        occupant("three")
    ));
    scenario.answer_archive_of(ROOM, &[], true);
    scenario.sent.clear();
    scenario
}

fn replace(target: &str) -> String {
    format!("<replace xmlns='urn:xmpp:message-correct:0' id='{target}'/>")
}

fn retract(target: &str) -> String {
    format!("<retract xmlns='urn:xmpp:message-retract:1' id='{target}'/>")
}

fn react(target: &str, emoji: &str) -> String {
    format!(
        "<reactions xmlns='urn:xmpp:reactions:0' id='{target}'>\
         <reaction>{emoji}</reaction></reactions>"
    )
}

/// The only one; what somebody says of it who may not stands beside it.
fn only(scenario: &Scenario) -> Message {
    let mut messages = messages(scenario);
    messages.retain(|message| !message.is_stand_in());
    assert_eq!(messages.len(), 1, "{messages:#?}");
    messages.remove(0)
}

fn felt(scenario: &Scenario) -> Vec<(Author, String)> {
    let message = only(scenario);
    let felt = message.reactions();
    felt.map(|known| (known.author.clone(), known.emojis.concat()))
        .collect()
}

/// What the room hands out of the message we sent last, as `id` of its archive.
fn reflection(scenario: &mut Scenario, id: &str) -> String {
    let sent = scenario.find(|sent| sent.name() == "message").unwrap();
    assert_eq!(sent.attr("to"), Some(ROOM));
    assert_eq!(sent.attr("type"), Some("groupchat"));
    let inner: String = sent.children().map(String::from).collect();
    format!(
        "<message xmlns='jabber:client' from='{ROOM}/thirdwitch' to='{MY_ADDRESS}' \
         type='groupchat' id='{}'>{inner}{}{}</message>",
        sent.attr("id").unwrap(),
        occupant("three"),
        archived(id)
    )
}

#[test]
fn a_correction_without_its_message_is_its_writers_own() {
    let mut scenario = inside_with_ids();
    let one = occupant("one");
    let correction = [&*one, &*archived("a2"), &*replace("m1")].concat();
    scenario.recv(&said(
        "firstwitch",
        "m2",
        "When shall we meet?",
        &correction,
    ));
    let alone = messages(&scenario).remove(0);
    assert_eq!(alone.body, "When shall we meet?");
    assert_eq!(alone.from.resource().unwrap().as_str(), "firstwitch");
    // Somebody else has used that id, and then whose it is.
    let other = occupant("two") + &archived("a3");
    scenario.recv(&said("secondwitch", "m1", "Soon", &other));
    let bodies = |scenario: &Scenario| -> Vec<String> {
        messages(scenario)
            .into_iter()
            .map(|known| known.body)
            .collect()
    };
    assert_eq!(bodies(&scenario), ["When shall we meet?", "Soon"]);
    let written = one + &archived("a1");
    scenario.recv(&said("firstwitch", "m1", "When shall we meat?", &written));
    assert_eq!(bodies(&scenario), ["Soon", "When shall we meet?"]);
}

#[test]
fn only_its_author_changes_what_is_said_in_a_room() {
    let mut scenario = inside_with_ids();
    let one = occupant("one") + &archived("a1");
    scenario.recv(&said("firstwitch", "m1", "When shall we meat?", &one));
    // Somebody of the same name, of another, and of the same name without an id.
    for who in ["firstwitch", "secondwitch"] {
        let forged = occupant("two") + &replace("m1");
        scenario.recv(&said(who, "x1", "never", &forged));
        scenario.recv(&said(who, "x2", "", &(occupant("two") + &retract("a1"))));
        scenario.recv(&said(who, "x3", "never", &replace("m1")));
        scenario.recv(&said(who, "x4", "", &retract("a1")));
    }
    assert_eq!(only(&scenario).body, "When shall we meat?");
    assert!(!only(&scenario).is_retracted());
    // The author goes by another name.
    let mended = occupant("one") + &replace("m1");
    scenario.recv(&said("crone", "m2", "When shall we meet?", &mended));
    assert_eq!(only(&scenario).body, "When shall we meet?");
    // Anybody can choose the id of a message, but not the one the room gives it.
    scenario.recv(&said(
        "crone",
        "m3",
        "",
        &(occupant("one") + &retract("m1")),
    ));
    assert!(!only(&scenario).is_retracted());
    scenario.recv(&said(
        "crone",
        "m4",
        "",
        &(occupant("one") + &retract("a1")),
    ));
    assert!(only(&scenario).is_retracted());
}

#[test]
fn everybody_in_a_room_feels_for_themselves() {
    let mut scenario = inside_with_ids();
    let one = occupant("one") + &archived("a1");
    scenario.recv(&said("firstwitch", "m1", "Hover through the fog", &one));
    scenario.recv(&said("a", "r1", "", &(occupant("two") + &react("a1", "🌫"))));
    scenario.recv(&said(
        "a",
        "r2",
        "",
        &(occupant("four") + &react("a1", "👍")),
    ));
    scenario.recv(&said(
        "b",
        "r3",
        "",
        &(occupant("two") + &react("a1", "🎉")),
    ));
    scenario.recv(&said(
        "b",
        "r4",
        "",
        &(occupant("five") + &react("m1", "no")),
    ));
    let by = |id: &str, emoji: &str| (Author::Occupant(id.to_owned()), emoji.to_owned());
    assert_eq!(felt(&scenario), [by("four", "👍"), by("two", "🎉")]);
    let (two, one) = (&felt(&scenario)[1].0, Author::Occupant("one".to_owned()));
    let name = |author| scenario.store.author_name(&room(), author);
    assert_eq!(name(two), None, "nobody here goes by that id");
    assert_eq!(name(&one), Some("firstwitch"));
}

#[test]
fn nobody_is_somebody_else_in_a_room_without_ids() {
    let mut scenario = inside();
    let forged = occupant("one");
    scenario.recv(&said(
        "firstwitch",
        "m1",
        "fair",
        &(archived("a1") + &forged),
    ));
    scenario.recv(&said(
        "secondwitch",
        "m2",
        "foul",
        &(replace("m1") + &forged),
    ));
    assert_eq!(only(&scenario).body, "fair");
    scenario.recv(&said("firstwitch", "m3", "foul", &replace("m1")));
    assert_eq!(only(&scenario).body, "foul");
}

#[test]
fn what_we_say_about_it_goes_to_the_room_and_comes_back() {
    let mut scenario = inside_with_ids();
    say(&mut scenario, "Fair is fowl");
    let (conversation, written) = (room(), only(&scenario).written_as().unwrap().to_owned());
    let copy = reflection(&mut scenario, "a1");
    scenario.recv(&copy);
    assert_eq!(only(&scenario).delivery, Delivery::Sent);
    assert_eq!(only(&scenario).reference(), Some("a1"));

    scenario.command(Command::Correction(xep0308_correction::Command::Correct {
        conversation: conversation.clone(),
        target: written,
        body: "Fair is foul".to_owned(),
        notes: Notes::default(),
    }));
    assert_eq!(only(&scenario).body, "Fair is foul");
    assert_eq!(*only(&scenario).progress(), Delivery::Queued);
    let copy = reflection(&mut scenario, "a2");
    scenario.recv(&copy);
    assert_eq!(*only(&scenario).progress(), Delivery::Sent);
    assert_eq!(only(&scenario).corrections().len(), 1);

    scenario.command(Command::Reaction(xep0444_reactions::Command::React {
        conversation: conversation.clone(),
        target: "a1".to_owned(),
        emojis: vec!["🌫".to_owned()],
    }));
    let ours = scenario.store.own_author(&conversation).unwrap();
    assert_eq!(felt(&scenario), [(ours, "🌫".to_owned())]);
    let copy = reflection(&mut scenario, "a3");
    scenario.recv(&copy);
    assert_eq!(felt(&scenario).len(), 1);

    scenario.command(Command::Retraction(xep0424_retraction::Command::Retract {
        conversation,
        id: only(&scenario).id,
        target: "a1".to_owned(),
    }));
    let copy = reflection(&mut scenario, "a4");
    assert!(
        copy.contains("id='a1'") || copy.contains("id=\"a1\""),
        "{copy}"
    );
    scenario.recv(&copy);
    assert!(only(&scenario).is_retracted());
    assert!(scenario.find(|sent| body(sent).is_some()).is_none());
}

#[test]
fn nobody_in_a_room_says_how_far_ours_has_got_or_what_we_have_read() {
    let mut scenario = inside_with_ids();
    say(&mut scenario, "Double, double");
    let id = only(&scenario).id.0;
    let copy = reflection(&mut scenario, "a1");
    scenario.recv(&copy);
    for kind in ["chat", "groupchat", "normal"] {
        for target in [id.as_str(), "a1"] {
            scenario.recv(&format!(
                "<message xmlns='jabber:client' from='{ROOM}/firstwitch' type='{kind}'>\
                 <received xmlns='urn:xmpp:receipts' id='{target}'/>\
                 <displayed xmlns='urn:xmpp:chat-markers:0' id='{target}'/></message>"
            ));
        }
    }
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}/firstwitch' type='error' id='{id}'>\
         <error type='cancel'>\
         <forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    ));
    assert_eq!(only(&scenario).delivery, Delivery::Sent);
}

#[test]
fn what_is_whispered_stays_between_two() {
    let mut scenario = inside_with_ids();
    let one = occupant("one") + &archived("a1");
    scenario.recv(&said("firstwitch", "m1", "All hail", &one));
    let whisper = |id: &str, text: &str, more: &str| {
        format!(
            "<message xmlns='jabber:client' from='{ROOM}/firstwitch' to='{MY_ADDRESS}' \
             type='chat' id='{id}'><body>{text}</body>{}{more}</message>",
            occupant("one")
        )
    };
    scenario.recv(&whisper("w1", "Hail to thee", &replace("m1")));
    scenario.recv(&whisper("w2", "", &retract("a1")));
    assert_eq!(only(&scenario).body, "All hail", "all have heard that");
    assert!(!only(&scenario).is_retracted());
    scenario.recv(&whisper("w3", "psst", ""));
    let whispered = messages(&scenario).pop().unwrap();
    assert_eq!(whispered.body, "psst");
    assert_eq!(whispered.reference(), None, "all would hear the answer");
    assert_eq!(whispered.written_as(), None);
    scenario.recv(&whisper("w4", "hist", &replace("w3")));
    assert_eq!(messages(&scenario).pop().unwrap().body, "hist");
}

#[test]
fn what_was_read_in_a_room_goes_by_the_ids_of_the_room() {
    let mut scenario = inside();
    scenario.recv(&said(
        "firstwitch",
        "m1",
        "Something wicked",
        &(archived("a1") + "<markable xmlns='urn:xmpp:chat-markers:0'/>"),
    ));
    let reading = scenario.store.reading(&room());
    assert!(matches!(reading, rfc6121_message::Command::MarkRead { .. }));
    scenario.command(Command::Message(reading));
    scenario.advance(3);
    let publish = scenario.find(|sent| has(sent, "pubsub")).unwrap();
    let publish = String::from(&publish).replace('"', "'");
    assert!(publish.contains(&format!("by='{ROOM}'")), "{publish}");
    assert!(!publish.contains(&format!("by='{ME}'")), "{publish}");
    // But nobody there has to know.
    assert!(scenario.find(|sent| sent.name() == "message").is_none());
}
