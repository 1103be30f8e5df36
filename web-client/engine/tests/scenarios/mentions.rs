//! Who is named in a room, and how much of that is us.

use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_message, xep0308_correction};
use couplet_engine::store::{Conversation, Mention, Message, Note, Notes, Reply};
use minidom::Element;

use crate::room_changes::{inside_with_ids, occupant};
use crate::rooms::{ROOM, SELF, archived, inside, join, messages, presence, room, said, told};
use crate::scenario::{MY_ADDRESS, Scenario, body};

fn conversation(scenario: &Scenario) -> &Conversation {
    scenario.store.conversation(&room()).unwrap()
}

fn unread(scenario: &Scenario) -> (u32, u32) {
    let known = conversation(scenario);
    (known.unread, known.mentions())
}

fn reference(begin: &str, end: &str, uri: &str) -> String {
    format!(
        "<reference xmlns='urn:xmpp:reference:0' begin='{begin}' end='{end}' type='mention' \
         uri='{uri}'/>"
    )
}

fn mention(begin: &str, end: &str, more: &str) -> String {
    format!("<mention xmlns='urn:xmpp:mentions:0' begin='{begin}' end='{end}' {more}/>")
}

fn correction(target: &str) -> String {
    format!("<replace xmlns='urn:xmpp:message-correct:0' id='{target}'/>")
}

/// What is said once, by firstwitch.
fn heard(text: &str, more: &str) -> Message {
    let mut scenario = inside_with_ids();
    scenario.recv(&said("firstwitch", "m1", text, &(occupant("one") + more)));
    messages(&scenario).remove(0)
}

fn names(message: &Message) -> Vec<(String, bool)> {
    message.names()
}

#[test]
fn we_are_named_by_address_id_or_name() {
    let soft = "But, soft! what light through yonder window breaks? It is the east, and Juliet is \
                the sun.";
    let ours = format!("xmpp:{ROOM}/thirdwitch");
    let three = "occupantid='three'";
    for (text, more, name) in [
        // XEP-0372 3.2, XEP-0513 3.1.
        (
            soft,
            reference("72", "78", "xmpp:alice@example.org"),
            "Juliet",
        ),
        ("Hello, Alice!", mention("7", "12", three), "Alice"),
        ("👋🏽 Alice!", reference("3", "8", &ours), "Alice"),
        (
            "Hello, Alice!",
            mention("7", "12", "jid='alice@example.org'"),
            "Alice",
        ),
        ("Hail, ThirdWitch!", String::new(), "ThirdWitch"),
    ] {
        let message = heard(text, &more);
        assert!(message.is_to_us(), "{text} {more}");
        assert_eq!(names(&message), [(name.to_owned(), true)], "{text} {more}");
    }
    let unnamed = heard("Hello!", &reference("", "", "xmpp:alice@example.org"));
    assert!(unnamed.is_to_us() && names(&unnamed).is_empty());
}

#[test]
fn nobody_else_is_us() {
    let first = format!("xmpp:{ROOM}/firstwitch");
    let ours = format!("xmpp:{ROOM}/thirdwitch");
    let both = reference("6", "16", &ours) + &mention("6", "16", "occupantid='two'");
    let quiet = "<mention xmlns='urn:xmpp:mentions:0' begin='6' end='16' occupantid='three'>\
                 <noping/></mention>";
    let elsewhere = "xmpp:other@chat.shakespeare.lit/thirdwitch";
    for (text, more) in [
        ("Hail, thirdwitch", reference("6", "16", &first)),
        ("Hail, thirdwitch", mention("6", "16", "occupantid='two'")),
        // Somebody else has our name by now.
        ("Hail, thirdwitch", both),
        ("Hail, thirdwitch", quiet.to_owned()),
        ("Hail!", reference("0", "4", elsewhere)),
        (
            "Hail!",
            mention("0", "4", "mentions='urn:xmpp:mentions:0#channel'"),
        ),
        (
            "Hail!",
            reference("0", "4", &ours).replace("'mention'", "'data'"),
        ),
        ("thirdwitches, thirdwitch_ and thirdwіtch", String::new()),
    ] {
        assert!(!heard(text, &more).is_to_us(), "{text} {more}");
    }
    let message = heard("Hail, thirdwitch", &reference("6", "16", &first));
    assert_eq!(names(&message), [("thirdwitch".to_owned(), false)]);
}

#[test]
fn what_is_quoted_names_nobody() {
    let text = "&gt; thirdwitch, hail!\nAnd you, Alice";
    let fallback = "<reply xmlns='urn:xmpp:reply:0' id='a1'/>\
                    <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>\
                    <body start='0' end='20'/></fallback>";
    let quoted = reference("2", "12", "xmpp:alice@example.org");
    assert!(!heard(text, &(quoted.clone() + fallback)).is_to_us());
    let own = reference("29", "34", "xmpp:alice@example.org");
    let message = heard(text, &(quoted + &own + fallback));
    assert_eq!(message.body, "And you, Alice");
    assert_eq!(names(&message), [("Alice".to_owned(), true)]);
}

#[test]
fn whoever_answers_us_says_it_to_us() {
    let reply = |to: &str| format!("<reply xmlns='urn:xmpp:reply:0' id='a1' to='{to}'/>");
    assert!(heard("Yes", &reply(&format!("{ROOM}/thirdwitch"))).is_to_us());
    assert!(!heard("Yes", &reply(&format!("{ROOM}/firstwitch"))).is_to_us());
    assert!(!heard("Yes", &reply("other@chat.shakespeare.lit/thirdwitch")).is_to_us());
}

#[test]
fn hostile_references_do_no_harm() {
    let text = "Hello";
    for (begin, end) in [
        ("-1", "3"),
        ("3", "1"),
        ("0", "6"),
        ("5", "5"),
        ("4294967295", "4294967296"),
        ("0", "4294967295"),
        ("99999999999999999999", "x"),
    ] {
        let message = heard(text, &reference(begin, end, "xmpp:bob@example.org"));
        assert!(names(&message).is_empty(), "{begin} {end}");
    }
    let everybody: String = (0..1_000)
        .map(|who| reference("0", "5", &format!("xmpp:witch{who}@example.org")))
        .collect();
    let message = heard(
        text,
        &(everybody + &reference("0", "5", "xmpp:alice@example.org")),
    );
    assert!(message.mentions().len() <= 16 && !message.is_to_us());
    assert_eq!(names(&message), [("Hello".to_owned(), false)]);
    assert!(heard(&"thirdwitch ".repeat(10_000), "").mentions().len() <= 16);
}

#[test]
fn what_is_said_to_us_is_counted_until_it_is_read() {
    let mut scenario = inside_with_ids();
    let by = |id: &str| occupant("one") + &archived(id);
    scenario.recv(&said("firstwitch", "m1", "Hail, thirdwitch", &by("a1")));
    scenario.recv(&said("firstwitch", "m2", "Hail!", &by("a2")));
    scenario.recv(&said("firstwitch", "m3", "thirdwitch?", &by("a3")));
    assert_eq!(unread(&scenario), (3, 2));
    let scenario_later = scenario.reloaded(2);
    assert_eq!(unread(&scenario_later), (3, 2));
    let first = conversation(&scenario).to_us()[0].clone();
    let known = conversation(&scenario).timeline.message(&first).unwrap();
    assert_eq!(known.body, "Hail, thirdwitch");

    let retract = "<retract xmlns='urn:xmpp:message-retract:1' id='a1'/>";
    scenario.recv(&said("firstwitch", "m4", "", &(by("a4") + retract)));
    assert_eq!(unread(&scenario), (3, 1));
    // Another device has read on.
    let read = |scenario: &mut Scenario, id: &str| {
        scenario.recv(&format!(
            "<message xmlns='jabber:client' from='alice@example.org' to='{MY_ADDRESS}'>\
             <event xmlns='http://jabber.org/protocol/pubsub#event'>\
             <items node='urn:xmpp:mds:displayed:0'><item id='{ROOM}'>\
             <displayed xmlns='urn:xmpp:mds:displayed:0'>\
             <stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{id}'/></displayed></item></items>\
             </event></message>"
        ));
    };
    read(&mut scenario, "a2");
    assert_eq!(unread(&scenario), (1, 1));
    let reading = scenario.store.reading(&room());
    scenario.command(Command::Message(reading));
    assert_eq!(unread(&scenario), (0, 0));
    // Nobody is named by what they say themselves.
    scenario.recv(&said("thirdwitch", "x", "thirdwitch", &occupant("three")));
    assert_eq!(unread(&scenario), (0, 0));
}

#[test]
fn a_correction_names_others() {
    let mut scenario = inside_with_ids();
    let one = occupant("one");
    scenario.recv(&said("firstwitch", "m1", "Hail, thirdwitch", &one));
    assert_eq!(unread(&scenario), (1, 1));
    scenario.recv(&said(
        "firstwitch",
        "m2",
        "Hail, secondwitch",
        &(one.clone() + &correction("m1")),
    ));
    assert_eq!(unread(&scenario), (1, 0));
    let again =
        one.clone() + &correction("m1") + &reference("6", "13", &format!("xmpp:{ROOM}/thirdwitch"));
    scenario.recv(&said("firstwitch", "m3", "Hail, Witch 3", &again));
    assert_eq!(unread(&scenario), (1, 1));
    assert_eq!(
        names(&messages(&scenario)[0]),
        [("Witch 3".to_owned(), true)]
    );
    let reloaded = scenario.reloaded(2);
    assert_eq!(
        names(&messages(&reloaded)[0]),
        [("Witch 3".to_owned(), true)]
    );

    let reading = scenario.store.reading(&room());
    scenario.command(Command::Message(reading));
    // What was said to us is no news when it is said once more; what wasn't, is.
    scenario.recv(&said(
        "firstwitch",
        "m4",
        "thirdwitch",
        &(one.clone() + &correction("m1")),
    ));
    assert_eq!(unread(&scenario), (0, 0));
    scenario.recv(&said(
        "firstwitch",
        "m5",
        "nobody",
        &(one.clone() + &correction("m1")),
    ));
    scenario.recv(&said(
        "firstwitch",
        "m6",
        "thirdwitch",
        &(one + &correction("m1")),
    ));
    assert_eq!(unread(&scenario), (0, 1));
    let reading = scenario.store.reading(&room());
    scenario.command(Command::Message(reading));
    assert_eq!(unread(&scenario), (0, 0));
}

#[test]
fn a_correction_that_comes_first_counts_once() {
    let mut scenario = inside_with_ids();
    let one = occupant("one");
    let named = one.clone() + &archived("a2") + &correction("m1");
    scenario.recv(&said("firstwitch", "m2", "thirdwitch, hail!", &named));
    assert_eq!(unread(&scenario), (1, 1));
    scenario.recv(&said("firstwitch", "m1", "Hail!", &(one + &archived("a1"))));
    assert_eq!(unread(&scenario), (1, 1));
    assert_eq!(messages(&scenario).len(), 1);
    assert!(messages(&scenario)[0].is_to_us());
}

fn wanted(nick: &str, id: Option<&str>) -> Mention {
    Mention {
        jid: format!("{ROOM}/{nick}").parse().ok(),
        occupant: id.map(str::to_owned),
        ..Mention::default()
    }
}

fn sent(scenario: &mut Scenario) -> Element {
    scenario.find(|sent| body(sent).is_some()).unwrap()
}

fn attributes(sent: &Element, name: &str) -> Vec<String> {
    let all = sent.children().filter(|child| child.name() == name);
    let attribute = |child: &Element, name| child.attr(name).unwrap_or_default().to_owned();
    let of = |child: &Element| {
        let to = attribute(child, "uri") + &attribute(child, "occupantid");
        format!(
            "{}-{} {to}",
            attribute(child, "begin"),
            attribute(child, "end")
        )
    };
    all.map(of).collect()
}

#[test]
fn we_say_whom_we_name() {
    let mut scenario = inside();
    let mut notes = Notes::default();
    notes.set_mentions(vec![
        wanted("Zoë B.", Some("five")),
        wanted("Zoë", None),
        wanted("nobody", None),
    ]);
    notes.set(Note::Reply(Reply {
        id: "a1".to_owned(),
        to: None,
        quote: "Well?".to_owned(),
    }));
    scenario.command(Command::Message(rfc6121_message::Command::Send {
        to: room(),
        body: "👍 Zoë B.: and zoë?".to_owned(),
        notes,
    }));
    let stanza = sent(&mut scenario);
    assert_eq!(
        attributes(&stanza, "reference"),
        [
            format!("10-16 xmpp:{ROOM}/Zo%C3%AB%20B."),
            format!("22-25 xmpp:{ROOM}/Zo%C3%AB")
        ]
    );
    assert_eq!(attributes(&stanza, "mention"), ["10-16 five"]);
    let message = messages(&scenario).remove(0);
    let named = [("Zoë B.".to_owned(), false), ("zoë".to_owned(), false)];
    assert_eq!(names(&message), named);

    // A correction goes on naming whom it still names.
    scenario.command(Command::Correction(xep0308_correction::Command::Correct {
        conversation: room(),
        target: message.written_as().unwrap().to_owned(),
        body: "Zoë!".to_owned(),
        notes: message.notes.clone(),
    }));
    let stanza = sent(&mut scenario);
    assert_eq!(
        attributes(&stanza, "reference"),
        [format!("8-11 xmpp:{ROOM}/Zo%C3%AB")]
    );
    assert_eq!(names(&messages(&scenario)[0]), [("Zoë".to_owned(), false)]);
}

#[test]
fn between_two_nobody_has_to_be_named() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org/desk' to='{MY_ADDRESS}' type='chat' \
         id='m1'><body>Hello, Alice!</body>{}</message>",
        reference("7", "12", "xmpp:alice@example.org")
    ));
    assert!(!scenario.messages()[0].is_to_us());
}

/// In a room of these features with firstwitch, who runs it, and secondwitch.
fn with_a_moderator(features: &[&str]) -> Scenario {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, features);
    let owner = "<item affiliation='owner' role='moderator'/>";
    let participant = "<item affiliation='none' role='participant'/>";
    for (nick, user) in [
        ("firstwitch", owner),
        ("secondwitch", participant),
        ("thirdwitch", SELF),
    ] {
        scenario.recv(&presence(nick, "", user));
    }
    scenario.sent.clear();
    scenario
}

#[test]
fn who_runs_a_room_says_it_to_everybody() {
    let channel = "mentions='urn:xmpp:mentions:0#channel'";
    let everybody = mention("7", "11", channel);
    let here = mention("7", "11", &format!("{channel} uri='xmpp:{ROOM}?join'"));
    let elsewhere = format!("{channel} uri='xmpp:other@chat.shakespeare.lit'");
    let quiet = everybody.replace("/>", "><noping/></mention>");
    for (nick, more, ours) in [
        ("firstwitch", &everybody, true),
        ("firstwitch", &here, true),
        ("firstwitch", &mention("7", "11", &elsewhere), false),
        ("firstwitch", &quiet, false),
        ("secondwitch", &everybody, false),
        ("nobody", &everybody, false),
    ] {
        let mut scenario = with_a_moderator(&[]);
        scenario.recv(&said(nick, "m1", "Hello, @all!", more));
        let message = messages(&scenario).remove(0);
        assert_eq!(message.is_to_us(), ours, "{nick} {more}");
        let correction = correction("m1") + more;
        scenario.recv(&said(nick, "m2", "Harpy, @all!", &correction));
        let message = messages(&scenario).remove(0);
        assert_eq!(message.body, "Harpy, @all!");
        assert_eq!(message.is_to_us(), ours, "{nick} {more}");
    }
    // Where only those are who belong there anybody may.
    let mut scenario = with_a_moderator(&["muc_membersonly"]);
    scenario.recv(&said("secondwitch", "m1", "Hello, @all!", &everybody));
    let message = messages(&scenario).remove(0);
    assert!(message.is_to_us());
    assert_eq!(names(&message), [("@all".to_owned(), true)]);
}

#[test]
fn we_say_it_to_everybody() {
    let mut scenario = inside();
    let mut notes = Notes::default();
    notes.set_mentions(vec![Mention {
        jid: Some(room().into()),
        ..Mention::default()
    }]);
    scenario.command(Command::Message(rfc6121_message::Command::Send {
        to: room(),
        body: "Hello, @all of all!".to_owned(),
        notes,
    }));
    let stanza = sent(&mut scenario);
    assert_eq!(attributes(&stanza, "mention"), ["7-11 "]);
    let mention = stanza.get_child("mention", "urn:xmpp:mentions:0").unwrap();
    let group = mention.attr("mentions");
    assert_eq!(group, Some("urn:xmpp:mentions:0#channel"));
    assert!(attributes(&stanza, "reference").is_empty());
    // Nobody is named by what they say themselves; a correction still names everybody.
    let message = messages(&scenario).remove(0);
    assert_eq!(names(&message), [("@all".to_owned(), false)]);
    scenario.command(Command::Correction(xep0308_correction::Command::Correct {
        conversation: room(),
        target: message.written_as().unwrap().to_owned(),
        body: "@all!".to_owned(),
        notes: message.notes.clone(),
    }));
    let stanza = sent(&mut scenario);
    assert_eq!(attributes(&stanza, "mention"), ["0-4 "]);
}
