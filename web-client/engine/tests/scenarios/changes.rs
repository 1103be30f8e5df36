//! Corrections, retractions, reactions, displayed markers and what other devices have read:
//! the XEPs' own examples, in every order, and from those who may not.

use couplet_engine::modules::{xep0308_correction, xep0424_retraction, xep0444_reactions};
use couplet_engine::store::{Delivery, Message, Notes, SessionStatus};
use couplet_engine::{Command, Record};
use jid::BareJid;

use crate::scenario::{ME, MY_ADDRESS, Scenario, acked, has, resumption};

fn bob() -> BareJid {
    "bob@example.org".parse().unwrap()
}

fn from(who: &str, id: &str, inner: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{who}/phone' to='{MY_ADDRESS}' type='chat' \
         id='{id}'>{inner}</message>"
    )
}

fn from_bob(id: &str, inner: &str) -> String {
    from("bob@example.org", id, inner)
}

fn replace(id: &str, body: &str) -> String {
    format!("<body>{body}</body><replace id='{id}' xmlns='urn:xmpp:message-correct:0'/>")
}

fn retract(id: &str) -> String {
    format!(
        "<retract id='{id}' xmlns='urn:xmpp:message-retract:1'/>\
         <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>\
         <body>/me retracted a previous message, but it's unsupported by your client.</body>\
         <store xmlns='urn:xmpp:hints'/>"
    )
}

fn reactions(id: &str, emojis: &[&str]) -> String {
    let each = emojis
        .iter()
        .map(|emoji| format!("<reaction>{emoji}</reaction>"));
    format!(
        "<reactions id='{id}' xmlns='urn:xmpp:reactions:0'>{}</reactions>\
         <store xmlns='urn:xmpp:hints'/>",
        each.collect::<String>()
    )
}

fn displayed(id: &str) -> String {
    format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='{id}'/>")
}

fn emojis(message: &Message) -> Vec<String> {
    message
        .reactions()
        .flat_map(|known| known.emojis.clone())
        .collect()
}

/// A device that has said something, and the id it said it under.
fn having_said(body: &str) -> (Scenario, String) {
    let mut scenario = Scenario::signed_in();
    scenario.say(body);
    let sent = scenario.find(|sent| sent.name() == "message").unwrap();
    let id = sent.attr("id").unwrap().to_owned();
    scenario.recv(&acked(1));
    (scenario, id)
}

fn correct(target: &str, body: &str) -> Command {
    Command::Correction(xep0308_correction::Command::Correct {
        conversation: bob(),
        target: target.to_owned(),
        body: body.to_owned(),
        notes: Notes::default(),
    })
}

fn take_back(message: &Message) -> Command {
    Command::Retraction(xep0424_retraction::Command::Retract {
        conversation: bob(),
        id: message.id.clone(),
        target: message.reference().unwrap().to_owned(),
    })
}

fn react(target: &str, emojis: &[&str]) -> Command {
    Command::Reaction(xep0444_reactions::Command::React {
        conversation: bob(),
        target: target.to_owned(),
        emojis: emojis.iter().map(|&emoji| emoji.to_owned()).collect(),
    })
}

/// XEP-0308 3.
#[test]
fn a_correction_replaces_what_was_said_and_is_no_message() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob(
        "bad1",
        "<body>what light through yonder airlock breaks?</body>",
    ));
    scenario.recv(&from_bob(
        "good1",
        &replace("bad1", "what light through yonder window breaks?"),
    ));
    assert_eq!(
        scenario.bodies(),
        ["what light through yonder window breaks?"]
    );
    let message = &scenario.messages()[0];
    assert_eq!(
        message.original(),
        "what light through yonder airlock breaks?"
    );
    assert_eq!(message.corrections().len(), 1);
    assert_eq!(scenario.store.conversation(&bob()).unwrap().unread, 1);
    // The same once more, from the archive, and a correction of the first version.
    scenario.recv(&from_bob(
        "good1",
        &replace("bad1", "what light through yonder window breaks?"),
    ));
    scenario.recv(&from_bob("good2", &replace("bad1", "What light?")));
    assert_eq!(scenario.bodies(), ["What light?"]);
    assert_eq!(scenario.messages()[0].corrections().len(), 2);
}

#[test]
fn a_change_that_comes_before_its_message_waits_through_a_reload() {
    let changes = [
        from_bob("c1", &replace("m1", "mended")),
        from_bob("r1", &reactions("m1", &["🎉"])),
        from_bob("m1", "<body>broken</body>"),
    ];
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1]] {
        let mut scenario = Scenario::signed_in();
        for number in order {
            scenario.recv(&changes[number]);
            scenario = scenario.reloaded(2);
            scenario.authenticate();
            scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
            scenario.recv(&resumption("session-1", 0));
        }
        assert_eq!(scenario.bodies(), ["mended"], "{order:?}");
        assert_eq!(emojis(&scenario.messages()[0]), ["🎉"]);
    }
}

/// With whom nothing else has been said.
#[test]
fn a_correction_without_its_message_is_a_message() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob("c1", &replace("gone", "what I meant")));
    let unread = |scenario: &Scenario| scenario.store.conversation(&bob()).unwrap().unread;
    assert_eq!(
        (scenario.bodies(), unread(&scenario)),
        (vec!["what I meant".to_owned()], 1)
    );
    // A copy, another correction of the same, and one of the correction.
    scenario.recv(&from_bob("c1", &replace("gone", "what I meant")));
    scenario.recv(&from_bob("c2", &replace("gone", "what I mean")));
    scenario.recv(&from_bob("c3", &replace("c2", "what I say")));
    assert_eq!(
        (scenario.bodies(), unread(&scenario)),
        (vec!["what I say".to_owned()], 1)
    );
    scenario.recv(&from_bob("r1", &reactions("gone", &["🎉"])));
    let scenario = scenario.reloaded(2);
    assert_eq!(scenario.bodies(), ["what I say"]);
    let message = &scenario.messages()[0];
    assert!(message.is_stand_in());
    assert_eq!(message.corrections().len(), 3);
    assert_eq!(message.reference(), Some("gone"));
    assert_eq!(emojis(message), ["🎉"]);
}

#[test]
fn what_stands_in_for_a_message_goes_into_its_place() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob("m1", "<body>one</body>"));
    scenario.recv(&from_bob("c1", &replace("m0", "mended")));
    scenario.recv(&from_bob("m2", "<body>two</body>"));
    assert_eq!(scenario.bodies(), ["one", "mended", "two"]);
    let mut scenario = scenario.reloaded(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 0));
    let older = scenario.store.older(&bob());
    scenario.command(Command::Archive(older));
    let (id, query) = scenario.archive_query();
    scenario.archived(&query, "a0", &from_bob("m0", "<body>broken</body>"));
    scenario.finish_archive(&id, "a0", true);
    assert_eq!(scenario.bodies(), ["mended", "one", "two"]);
    let message = &scenario.messages()[0];
    assert_eq!(message.original(), "broken");
    assert!(!message.is_stand_in());
    assert_eq!(message.corrections().len(), 1);
    assert_eq!(scenario.reloaded(3).bodies(), ["mended", "one", "two"]);
}

#[test]
fn what_is_told_of_what_is_not_here_is_no_message_though_it_has_a_body() {
    let mut scenario = Scenario::signed_in();
    let fallback =
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'/><body>🎉</body>";
    scenario.recv(&from_bob("t1", &retract("gone")));
    scenario.recv(&from_bob("t2", &(reactions("gone", &["🎉"]) + fallback)));
    assert!(scenario.messages().is_empty());
    // What was taken back before it was corrected has been taken back.
    scenario.recv(&from_bob("t3", &replace("gone", "secret")));
    assert_eq!(scenario.bodies(), [""]);
    assert!(scenario.messages()[0].is_retracted());
}

#[test]
fn nobody_changes_what_somebody_else_wrote() {
    let (mut scenario, ours) = having_said("ours");
    scenario.recv(&from_bob("m1", "<body>theirs</body>"));
    for (number, who) in ["bob@example.org", "mallory@example.org"]
        .iter()
        .enumerate()
    {
        for (kind, change) in [replace(&ours, "forged"), retract(&ours)]
            .iter()
            .enumerate()
        {
            scenario.recv(&from(who, &format!("x{number}{kind}"), change));
        }
    }
    scenario.recv(&from("mallory@example.org", "y1", &replace("m1", "forged")));
    scenario.recv(&from("mallory@example.org", "y2", &retract("m1")));
    scenario.recv(&from(
        "mallory@example.org",
        "y3",
        &reactions("m1", &["👎"]),
    ));
    let mut messages = scenario.messages();
    let beside = messages.split_off(2);
    assert!(beside.iter().all(|message| message.is_stand_in()));
    assert_eq!(scenario.bodies()[..2], ["ours", "theirs"]);
    assert!(messages.iter().all(|message| !message.is_retracted()));
    assert!(messages.iter().all(|message| emojis(message).is_empty()));
}

/// XEP-0424 3.
#[test]
fn a_retraction_leaves_nothing_but_the_fact() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob(
        "wrong-recipient-1",
        "<body>Have not saints lips?</body>",
    ));
    scenario.recv(&from_bob(
        "retract-message-1",
        &retract("wrong-recipient-1"),
    ));
    assert_eq!(scenario.bodies(), [""]);
    assert!(scenario.messages()[0].is_retracted());
    // What is known of it comes back neither from the archive nor from disk.
    scenario.recv(&from_bob(
        "wrong-recipient-1",
        "<body>Have not saints lips?</body>",
    ));
    scenario.recv(&from_bob("late", &replace("wrong-recipient-1", "x")));
    assert_eq!(scenario.bodies(), [""]);
    let leaked = |row: &Record| {
        let row = row.value.clone().unwrap_or_default();
        String::from_utf8_lossy(&row).contains("saints")
    };
    assert!(!scenario.disk.rows().iter().any(leaked));
}

/// XEP-0424 4.
#[test]
fn a_tombstone_of_the_archive_is_a_retracted_message() {
    let mut scenario = Scenario::signed_in();
    let tombstone = "<retracted stamp='2026-11-01T09:00:32Z' xmlns='urn:xmpp:message-retract:1' \
                     id='retract-message-1'/>";
    // Whoever writes one is no archive.
    scenario.recv(&from_bob("m0", tombstone));
    assert!(scenario.messages().is_empty());
    scenario.recv(&from_bob("m1", "<body>still here</body>"));
    let older = scenario.store.older(&bob());
    scenario.command(Command::Archive(older));
    let (id, query) = scenario.archive_query();
    scenario.archived(&query, "a0", &from_bob("m0", tombstone));
    scenario.finish_archive(&id, "a0", true);
    let messages = scenario.messages();
    assert!(messages[0].is_retracted() && !messages[1].is_retracted());
}

/// XEP-0444 4.
#[test]
fn reactions_are_a_set_that_replaces_the_one_before() {
    let (mut scenario, id) = having_said("Hello, world!");
    for (number, set) in [&["👋"][..], &["👋", "🐢"], &["🐢", "🐢"], &[]]
        .iter()
        .enumerate()
    {
        scenario.recv(&from_bob(&format!("r{number}"), &reactions(&id, set)));
        let expected = if number == 2 { &set[..1] } else { set };
        assert_eq!(emojis(&scenario.messages()[0]), expected);
    }
    assert_eq!(scenario.bodies(), ["Hello, world!"]);
}

#[test]
fn a_flood_of_reactions_is_cut_short() {
    let (mut scenario, id) = having_said("hello");
    let long = "😀".repeat(16 * 1024);
    let many: Vec<String> = (0..1000_u32)
        .filter_map(|number| Some(char::from_u32(0x1F300 + number)?.to_string()))
        .collect();
    let mut all: Vec<&str> = vec![&long, "a\u{202e}b", " ", "two words"];
    all.extend(many.iter().map(String::as_str));
    scenario.recv(&from_bob("r1", &reactions(&id, &all)));
    let shown = emojis(&scenario.messages()[0]);
    assert_eq!(shown.len(), 20);
    assert_eq!(shown[0], "\u{1F300}");
}

#[test]
fn ours_are_shown_at_once_survive_a_reload_and_are_proven() {
    let (mut scenario, id) = having_said("tyop");
    scenario.recv(&from_bob("m1", "<body>what?</body>"));
    scenario.lose_connection();
    scenario.command(correct(&id, "typo"));
    scenario.command(react("m1", &["😅"]));
    let before = scenario.messages();
    assert_eq!(before[0].body, "typo");
    assert_eq!(*before[0].progress(), Delivery::Queued);
    assert_eq!(emojis(&before[1]), ["😅"]);
    let mut scenario = scenario.reloaded(2);
    assert_eq!(scenario.messages(), before);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 1));
    let correction = scenario.find(|sent| has(sent, "replace")).unwrap();
    let replaces = correction
        .get_child("replace", "urn:xmpp:message-correct:0")
        .unwrap();
    assert_eq!(replaces.attr("id"), Some(id.as_str()));
    assert!(has(&correction, "origin-id@urn:xmpp:sid:0"));
    let reaction = scenario.find(|sent| has(sent, "reactions")).unwrap();
    assert!(has(&reaction, "store@urn:xmpp:hints") && !has(&reaction, "body"));
    scenario.recv(&acked(4));
    assert_eq!(*scenario.messages()[0].progress(), Delivery::Sent);
    // Whoever corrects what is corrected speaks of the first version all the same.
    let reference = scenario.messages()[0].reference().unwrap().to_owned();
    assert_eq!(reference, id);
    let new = correction.attr("id").unwrap();
    scenario.recv(&from_bob(
        "d",
        &format!("<received xmlns='urn:xmpp:receipts' id='{new}'/>"),
    ));
    assert_eq!(*scenario.messages()[0].progress(), Delivery::Delivered);
}

#[test]
fn what_has_not_left_is_taken_back_without_a_word() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.say("oops");
    let message = scenario.messages()[0].clone();
    scenario.command(take_back(&message));
    assert!(scenario.messages().is_empty());
    let (mut scenario, _) = having_said("oops");
    let message = scenario.messages()[0].clone();
    scenario.command(take_back(&message));
    assert!(scenario.messages()[0].is_retracted());
    let sent = scenario.find(|sent| has(sent, "retract")).unwrap();
    for part in [
        "fallback@urn:xmpp:fallback:0",
        "store@urn:xmpp:hints",
        "body",
    ] {
        assert!(has(&sent, part), "{part}");
    }
    assert!(!has(&sent, "markable"));
}

#[test]
fn a_correction_that_comes_back_leaves_what_was_said() {
    let (mut scenario, id) = having_said("first");
    scenario.command(correct(&id, "second"));
    let sent = scenario.find(|sent| has(sent, "replace")).unwrap();
    let change = sent.attr("id").unwrap();
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org' to='{MY_ADDRESS}' type='error' \
         id='{change}'><error type='cancel'><service-unavailable \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    ));
    let message = &scenario.messages()[0];
    assert_eq!(message.body, "first");
    assert!(matches!(message.progress(), Delivery::Failed(_)));
    assert_eq!(message.failed_change(), Some((change, Some("second"))));
}

/// XEP-0333 3.
#[test]
fn a_marker_says_that_everything_so_far_was_read() {
    let (mut scenario, first) = having_said("one");
    scenario.say("two");
    let sent = scenario.find(|sent| sent.name() == "message").unwrap();
    assert!(has(&sent, "markable@urn:xmpp:chat-markers:0"));
    let second = sent.attr("id").unwrap().to_owned();
    scenario.say("three");
    scenario.recv(&acked(3));
    scenario.recv(&from("mallory@example.org", "d0", &displayed(&second)));
    let deliveries = |scenario: &Scenario| {
        let messages = scenario.messages().into_iter();
        messages.map(|message| message.delivery).collect::<Vec<_>>()
    };
    assert_eq!(
        deliveries(&scenario),
        vec![Delivery::Sent; 3],
        "not mallory's to say"
    );
    scenario.recv(&from_bob("d1", &displayed(&second)));
    let expected = [Delivery::Read, Delivery::Read, Delivery::Sent];
    assert_eq!(deliveries(&scenario), expected);
    scenario.recv(&from_bob("d2", &displayed(&first)));
    assert_eq!(deliveries(&scenario), expected, "only forward");
}

#[test]
fn who_asks_and_sees_our_presence_is_told_what_was_displayed() {
    let markable = "<markable xmlns='urn:xmpp:chat-markers:0'/>";
    let read = |scenario: &mut Scenario, who: &str| {
        let command = scenario.store.reading(&who.parse().unwrap());
        scenario.command(Command::Message(command));
        scenario.find(|sent| has(sent, "displayed@urn:xmpp:chat-markers:0"))
    };
    for (who, asks, told) in [
        ("bob@example.org", markable, true),
        ("bob@example.org", "", false),
        ("eve@example.org", markable, false),
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.recv(&from(who, "the-msg-1", &format!("<body>Hi.</body>{asks}")));
        let marker = read(&mut scenario, who);
        assert_eq!(marker.is_some(), told, "{who} {asks}");
        if let Some(marker) = marker {
            let displayed = marker
                .get_child("displayed", "urn:xmpp:chat-markers:0")
                .unwrap();
            assert_eq!(displayed.attr("id"), Some("the-msg-1"));
        }
    }
    // Read without a connection, told later.
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob("m1", &format!("<body>Hi.</body>{markable}")));
    scenario.lose_connection();
    assert!(read(&mut scenario, "bob@example.org").is_none());
    scenario.advance(20);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 0));
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert!(scenario.find(|sent| has(sent, "displayed")).is_some());
}

fn item(jid: &str, by: &str, id: &str) -> String {
    format!(
        "<item id='{jid}'><displayed xmlns='urn:xmpp:mds:displayed:0'>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='{id}'/></displayed></item>"
    )
}

fn pep(from: &str, items: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{from}' to='{MY_ADDRESS}' type='headline'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='urn:xmpp:mds:displayed:0'>{items}</items></event></message>"
    )
}

fn archived_as(id: &str, body: &str) -> String {
    let stanza_id = format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{ME}' id='{id}'/>");
    from_bob(
        &format!("m {id}"),
        &format!("<body>{body}</body>{stanza_id}"),
    )
}

/// XEP-0490 4.
#[test]
fn what_was_read_is_published_once_for_what_is_read_in_a_row() {
    let mut scenario = Scenario::signed_in();
    for number in 1..=3 {
        scenario.recv(&archived_as(&format!("a{number}"), "hi"));
        let command = scenario.store.reading(&bob());
        scenario.command(Command::Message(command));
    }
    let is_publication = |sent: &minidom::Element| has(sent, "pubsub");
    assert!(scenario.find(is_publication).is_none());
    scenario.advance(3);
    let publication = scenario.find(is_publication).expect("a publication");
    let text = String::from(&publication);
    for part in [
        "id='bob@example.org'",
        "by='alice@example.org'",
        "id='a3'",
        "whitelist",
    ] {
        let part = part.replace('\'', "\"");
        assert!(text.replace('\'', "\"").contains(&part), "{part} in {text}");
    }
    let id = publication.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'/>"
    ));
    // It comes back to us too, which is no news.
    scenario.recv(&pep(ME, &item("bob@example.org", ME, "a3")));
    scenario.advance(10);
    assert!(scenario.find(is_publication).is_none());
}

#[test]
fn a_node_that_somebody_made_otherwise_is_put_right_once() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&archived_as("a1", "hi"));
    let command = scenario.store.reading(&bob());
    scenario.command(Command::Message(command));
    let conflict = |scenario: &mut Scenario| {
        scenario.advance(3);
        let id = scenario.expect_iq("pubsub@http://jabber.org/protocol/pubsub");
        scenario.recv(&format!(
            "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'><conflict \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        ));
    };
    conflict(&mut scenario);
    let id = scenario.expect_iq("pubsub@http://jabber.org/protocol/pubsub#owner");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'/>"
    ));
    conflict(&mut scenario);
    scenario.advance(10);
    assert!(scenario.find(|sent| has(sent, "pubsub")).is_none());
    assert!(
        scenario
            .log
            .iter()
            .any(|line| line.contains("can't be told"))
    );
}

#[test]
fn what_another_device_has_read_is_read_here_in_any_order() {
    let read = pep(ME, &item("bob@example.org", ME, "a1"));
    let stanzas = [archived_as("a1", "one"), archived_as("a2", "two"), read];
    for order in [[0, 1, 2], [2, 0, 1], [0, 2, 1]] {
        let mut scenario = Scenario::signed_in();
        for number in order {
            scenario.recv(&stanzas[number]);
        }
        assert_eq!(
            scenario.store.conversation(&bob()).unwrap().unread,
            1,
            "{order:?}"
        );
        let scenario = scenario.reloaded(2);
        assert_eq!(
            scenario.store.conversation(&bob()).unwrap().unread,
            1,
            "{order:?}"
        );
    }
}

#[test]
fn what_was_read_while_we_were_away_is_asked_for() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.bind();
    scenario.answer_read_sync(&item("bob@example.org", ME, "a1"));
    scenario.recv(&archived_as("a1", "one"));
    assert_eq!(scenario.store.conversation(&bob()).unwrap().unread, 0);
}

#[test]
fn nobody_else_says_what_we_have_read() {
    let item = |by| item("bob@example.org", by, "a1");
    for refused in [
        pep("bob@example.org", &item(ME)),
        pep("mallory@example.org", &item(ME)),
        pep(ME, &item("mallory@example.org")),
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.recv(&archived_as("a1", "one"));
        scenario.recv(&refused);
        assert_eq!(
            scenario.store.conversation(&bob()).unwrap().unread,
            1,
            "{refused}"
        );
    }
}
