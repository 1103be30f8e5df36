//! The session, from sign-in through every kind of trouble to sign-out.

use crate::scenario::{ANSWERED, Disk, MY_ADDRESS, Scenario, acked, body, config, has, resumption};
use couplet_engine::sasl::{Reply, Request};
use couplet_engine::store::{
    Delivery, Failure, Notes, SessionStatus, SignInStep, StoreEvent, Trouble,
};
use couplet_engine::{
    CloseReason, Command, Engine, Input, Now, Record, SessionCommand, Table, Timestamp, earlier,
};
use minidom::Element;

#[test]
fn signing_in_goes_step_by_step() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    let connecting = SessionStatus::SigningIn(SignInStep::Connecting);
    assert_eq!(*scenario.store.status(), connecting);
    assert_eq!(scenario.opens, 1);
    scenario.authenticate();
    scenario.bind();
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert_eq!(scenario.store.me().unwrap().to_string(), MY_ADDRESS);
    assert!(
        scenario
            .find(|sent| has(sent, "enable@urn:xmpp:carbons:2"))
            .is_some()
    );
    assert!(scenario.find(|sent| sent.name() == "presence").is_some());
    assert!(!scenario.store.roster_loaded());
    scenario.answer_roster();
    assert!(scenario.store.roster_loaded());
    assert_eq!(
        scenario.store.name(&"bob@example.org".parse().unwrap()),
        "Bob"
    );
}

#[test]
fn a_wrong_password_ends_the_sign_in_with_the_servers_words() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.input(Input::Opened);
    scenario.recv(
        "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
         <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>\
         </mechanisms></stream:features>",
    );
    scenario.input(Input::SaslReply(Reply::Sent));
    scenario.recv(
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/>\
         <text>No such luck.</text></failure>",
    );
    let text = Some("No such luck.".to_owned());
    let condition = "not-authorized".to_owned();
    let refusal = Request::Failure {
        condition,
        text: text.clone(),
    };
    assert_eq!(scenario.sasl.pop_back(), Some(refusal));
    let trouble = Trouble::WrongPassword { text };
    scenario.input(Input::SaslReply(Reply::Failed(trouble.clone())));
    let trouble = Some(trouble);
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble }
    );
    assert_eq!(scenario.closes, 1);
    scenario.advance(600);
    assert_eq!(scenario.opens, 1, "nobody tries again unasked");
}

#[test]
fn a_first_connection_that_fails_is_told_and_not_repeated() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.input(Input::Closed(CloseReason {
        opened: false,
        code: 1006,
    }));
    let trouble = Some(Trouble::ProxyUnreachable);
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble }
    );
    scenario.advance(600);
    assert_eq!(scenario.opens, 1);
}

#[test]
fn a_server_that_hangs_while_signing_in_is_given_up() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.input(Input::Opened);
    scenario.advance(31);
    let trouble = Some(Trouble::Timeout);
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble }
    );
}

#[test]
fn the_proxys_word_for_an_untrusted_certificate_reaches_the_person() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.input(Input::Opened);
    scenario.recv("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
    scenario.recv(
        "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
         <remote-connection-failed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         <backend-certificate xmlns='urn:couplet:proxy:0'/></stream:error>",
    );
    scenario.recv("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
    let trouble = Some(Trouble::ServerCertificate { text: None });
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble }
    );
}

#[test]
fn a_lost_connection_is_resumed_and_what_was_unacknowledged_sent_again() {
    let mut scenario = Scenario::signed_in();
    scenario.say("one");
    scenario.say("two");
    assert_eq!(scenario.sent_bodies(), ["one", "two"]);
    scenario.lose_connection();
    assert!(matches!(
        scenario.store.status(),
        SessionStatus::Waiting { .. }
    ));
    scenario.say("three");
    assert!(scenario.sent_bodies().is_empty());
    scenario.advance(2);
    assert_eq!(scenario.opens, 2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    let resume = scenario.expect("resume");
    assert_eq!(resume.attr("previd"), Some("session-1"));
    // Carbons, archive, roster, presence, what was read and bookmarks came before them.
    scenario.recv(&resumption("session-1", 1));
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert_eq!(scenario.sent_bodies(), ["two", "three"]);
    let deliveries: Vec<_> = scenario
        .messages()
        .into_iter()
        .map(|message| message.delivery)
        .collect();
    assert_eq!(
        deliveries,
        [Delivery::Sent, Delivery::Queued, Delivery::Queued]
    );
    // And what a careless server has lost meanwhile is asked for.
    assert!(
        scenario
            .find(|sent| has(sent, "query@urn:xmpp:mam:2"))
            .is_some()
    );
    scenario.recv(&acked(4));
    assert!(
        scenario
            .messages()
            .iter()
            .all(|message| message.delivery == Delivery::Sent)
    );
}

#[test]
fn when_resumption_fails_the_archive_is_read_before_anything_is_sent_again() {
    let mut scenario = Scenario::signed_in();
    for words in ["heard", "read", "archived", "lost"] {
        scenario.say(words);
    }
    let ids: Vec<_> = scenario.messages().into_iter().map(|m| m.id.0).collect();
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.expect("resume");
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    scenario.answer_bind();
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/>");
    assert!(scenario.sent_bodies().is_empty(), "the archive comes first");
    let (id, query) = scenario.archive_query();
    for (archive, words, id) in [
        ("a1", "heard", &ids[0]),
        ("a2", "read", &ids[1]),
        ("a3", "archived", &ids[2]),
    ] {
        scenario.archived(
            &query,
            archive,
            &format!(
                "<message xmlns='jabber:client' from='{MY_ADDRESS}' to='bob@example.org' \
                 type='chat' id='{id}'><body>{words}</body>\
                 <origin-id xmlns='urn:xmpp:sid:0' id='{id}'/></message>"
            ),
        );
    }
    let heard = format!("<received xmlns='urn:xmpp:receipts' id='{}'/>", ids[0]);
    let read = format!(
        "<displayed xmlns='urn:xmpp:chat-markers:0' id='{}'/>",
        ids[1]
    );
    for (archive, inner) in [("a4", heard), ("a5", read)] {
        let message = format!(
            "<message xmlns='jabber:client' from='bob@example.org/x' to='{MY_ADDRESS}' \
             type='chat'>{inner}</message>"
        );
        scenario.archived(&query, archive, &message);
    }
    scenario.finish_archive(&id, "a5", true);
    // A server that has lost a session may have died over what we sent, between our archive
    // and theirs.
    let again = scenario.sent.iter().filter(|sent| body(sent).is_some());
    let again: Vec<_> = again.map(|sent| (body(sent), sent.attr("id"))).collect();
    let expected = [("archived", ids[2].as_str()), ("lost", ids[3].as_str())];
    let expected = expected.map(|(words, id)| (Some(words.to_owned()), Some(id)));
    assert_eq!(again, expected);
    assert_eq!(scenario.bodies(), ["heard", "read", "archived", "lost"]);
    let deliveries: Vec<_> = scenario
        .messages()
        .into_iter()
        .map(|m| m.delivery)
        .collect();
    assert_eq!(
        deliveries,
        [
            Delivery::Read,
            Delivery::Read,
            Delivery::Sent,
            Delivery::Queued
        ]
    );
}

/// Else all that was on the wire would be said twice each time a connection breaks.
#[test]
fn where_nothing_is_managed_our_archive_is_proof() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.features("");
    scenario.answer_bind();
    scenario.answer_carbons();
    scenario.answer_archive("");
    scenario.say("arrived");
    let id = scenario.messages()[0].id.0.clone();
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("");
    scenario.answer_bind();
    scenario.answer_carbons();
    let (iq, query) = scenario.archive_query();
    scenario.archived(
        &query,
        "a1",
        &format!(
            "<message xmlns='jabber:client' from='{MY_ADDRESS}' to='bob@example.org' \
             type='chat' id='{id}'><body>arrived</body>\
             <origin-id xmlns='urn:xmpp:sid:0' id='{id}'/></message>"
        ),
    );
    scenario.finish_archive(&iq, "a1", true);
    assert!(scenario.sent_bodies().is_empty());
    assert_eq!(scenario.messages()[0].delivery, Delivery::Sent);
}

#[test]
fn what_was_written_long_ago_says_when() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.say("from the tunnel");
    scenario.advance(1);
    // The proxy stays away for a minute.
    for _ in 0..3 {
        scenario.input(Input::Closed(CloseReason {
            opened: false,
            code: 1006,
        }));
        scenario.advance(20);
    }
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 0));
    let message = scenario.find(|sent| body(sent).is_some()).unwrap();
    let delay = message.get_child("delay", "urn:xmpp:delay").unwrap();
    assert!(
        delay
            .attr("stamp")
            .unwrap()
            .starts_with("2026-11-02T09:00:00")
    );
}

#[test]
fn a_server_without_stream_management_proves_by_pings() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.features("");
    scenario.answer_bind();
    scenario.settle_in();
    scenario.say("hello");
    assert_eq!(scenario.messages()[0].delivery, Delivery::Queued);
    scenario.answer_pings();
    assert_eq!(scenario.messages()[0].delivery, Delivery::Sent);
}

#[test]
fn what_a_session_without_resumption_left_unproven_is_sent_again() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.features("");
    scenario.answer_bind();
    scenario.settle_in();
    scenario.say("hello");
    assert_eq!(scenario.sent_bodies(), ["hello"]);
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("");
    scenario.answer_bind();
    assert!(
        scenario.sent_bodies().is_empty(),
        "it may be in the archive"
    );
    scenario.answer_archive("");
    assert_eq!(scenario.sent_bodies(), ["hello"]);
}

#[test]
fn silence_is_questioned_and_then_not_waited_for() {
    let mut scenario = Scenario::settled();
    scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
    scenario.sent.clear();
    scenario.advance(13);
    scenario.expect("r");
    scenario.recv(&acked(0));
    scenario.advance(11);
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::Online,
        "an answer is life"
    );
    scenario.advance(9);
    assert!(!matches!(scenario.store.status(), SessionStatus::Online));
    assert_eq!(scenario.closes, 1, "a dead connection is found within 20 s");
}

#[test]
fn a_hidden_page_is_more_patient() {
    let mut scenario = Scenario::settled();
    scenario.command(Command::Session(SessionCommand::Visible(false)));
    let asked = |scenario: &mut Scenario| scenario.find(|sent| sent.name() == "r").is_some();
    scenario.advance(24);
    assert!(!asked(&mut scenario));
    scenario.advance(2);
    assert!(asked(&mut scenario));
    scenario.advance(13);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    scenario.advance(2);
    assert_eq!(scenario.closes, 1);
}

#[test]
fn sleep_is_noticed_and_a_dead_connection_found_at_once() {
    let mut scenario = Scenario::signed_in();
    scenario.sleep(3600);
    scenario.advance(2);
    scenario.expect("r");
    scenario.advance(4);
    assert!(matches!(
        scenario.store.status(),
        SessionStatus::Waiting { .. }
    ));
    scenario.sleep(3600);
    let opens = scenario.opens;
    scenario.input(Input::Timeout);
    assert_eq!(scenario.opens, opens + 1, "who wakes doesn't wait");
}

#[test]
fn a_connection_that_has_lived_through_sleep_lives_on() {
    let mut scenario = Scenario::signed_in();
    scenario.sleep(3600);
    scenario.advance(2);
    scenario.expect("r");
    scenario.recv(&acked(0));
    scenario.advance(10);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
}

#[test]
fn a_network_that_comes_back_is_used_at_once_and_one_that_goes_is_probed() {
    let network = |online| Command::Session(SessionCommand::NetworkChanged { online });
    let mut scenario = Scenario::signed_in();
    scenario.command(network(false));
    scenario.expect("r");
    scenario.advance(4);
    assert!(matches!(
        scenario.store.status(),
        SessionStatus::Waiting { .. }
    ));
    let opens = scenario.opens;
    scenario.command(network(true));
    assert_eq!(scenario.opens, opens + 1);
}

#[test]
fn a_network_that_comes_back_restarts_a_handshake() {
    let online = || Command::Session(SessionCommand::NetworkChanged { online: true });
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.command(online());
    assert_eq!(scenario.opens, 2);
    scenario.command(online());
    assert_eq!(scenario.opens, 3, "what was begun without it leads nowhere");
    scenario.input(Input::Opened);
    scenario.command(Command::Session(SessionCommand::RetryNow));
    assert_eq!(scenario.opens, 4);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.expect("resume");
    scenario.sleep(3600);
    scenario.advance(2);
    assert_eq!(scenario.opens, 5, "nothing lives through sleep for sure");
    // Of the old socket too something may be heard on waking, before anything else.
    scenario.sleep(3600);
    scenario.input(Input::Opened);
    assert_eq!(scenario.opens, 6);
    assert!(scenario.sent.is_empty(), "the new one isn't open yet");
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 0));
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
}

#[test]
fn a_handshake_that_gets_on_is_left_alone_by_whoever_looks() {
    let look = Command::Session(SessionCommand::Visible(true));
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.command(Command::Session(SessionCommand::RetryNow));
    scenario.advance(3);
    scenario.command(look.clone());
    scenario.authenticate();
    scenario.advance(3);
    scenario.command(look.clone());
    assert_eq!(scenario.opens, 2);
    scenario.advance(2);
    scenario.command(look);
    assert_eq!(scenario.opens, 3, "nothing has come for too long");
}

#[test]
fn the_server_knows_whether_anybody_looks() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/><csi xmlns='urn:xmpp:csi:0'/>");
    scenario.answer_bind();
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-1' resume='true'/>");
    scenario.settle_in();
    let visible = |visible| Command::Session(SessionCommand::Visible(visible));
    scenario.command(visible(true));
    assert!(scenario.find(|sent| sent.name() == "active").is_none());
    scenario.sent.clear();
    scenario.command(visible(false));
    scenario.expect("inactive");
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/><csi xmlns='urn:xmpp:csi:0'/>");
    scenario.recv(&resumption("session-1", 0));
    assert!(scenario.find(|sent| sent.name() == "inactive").is_some());
    scenario.command(visible(true));
    assert!(scenario.find(|sent| sent.name() == "active").is_some());
    // A server may not know that a resumed session is an active one.
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/><csi xmlns='urn:xmpp:csi:0'/>");
    scenario.sent.clear();
    scenario.recv(&resumption("session-1", 0));
    assert!(scenario.find(|sent| sent.name() == "active").is_some());
}

#[test]
fn what_never_was_on_the_wire_doesnt_wait_for_the_archive() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.say("new");
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    scenario.answer_bind();
    // A session that breaks off before that leaves nobody who knows how far it had got.
    assert!(scenario.sent_bodies().is_empty());
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/>");
    assert_eq!(scenario.sent_bodies(), ["new"]);
}

#[test]
fn a_server_that_won_t_manage_the_stream_keeps_no_message_waiting() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.answer_bind();
    scenario.say("hello");
    assert!(scenario.sent_bodies().is_empty());
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><unexpected-request/></failed>");
    assert_eq!(scenario.sent_bodies(), ["hello"]);
    scenario.answer_pings();
    assert_eq!(scenario.messages()[0].delivery, Delivery::Sent);
}

#[test]
fn a_server_that_never_says_whether_it_manages_the_stream_is_asked_anew() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.answer_bind();
    scenario.say("hello");
    for _ in 0..3 {
        // It is alive.
        scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
        scenario.advance(10);
    }
    assert!(scenario.sent_bodies().is_empty());
    scenario.advance(2);
    assert_eq!(scenario.opens, 2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.answer_bind();
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-1' resume='true'/>");
    assert_eq!(scenario.sent_bodies(), ["hello"]);
}

#[test]
fn what_failed_can_be_sent_again_or_given_up() {
    use couplet_engine::modules::rfc6121_message::Command as MessageCommand;
    let mut scenario = Scenario::signed_in();
    scenario.say("hello");
    let id = scenario.messages()[0].id.clone();
    let conversation: jid::BareJid = "bob@example.org".parse().unwrap();
    let retry = |id| {
        Command::Message(MessageCommand::Retry {
            conversation: conversation.clone(),
            id,
            body: "hello".into(),
            notes: Notes::default(),
        })
    };
    scenario.command(retry(id.clone()));
    assert_eq!(scenario.bodies(), ["hello"], "it is on its way");
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org' type='error' id='{}'>\
         <error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>\
         </message>",
        id.0
    ));
    assert!(matches!(
        scenario.messages()[0].delivery,
        Delivery::Failed(_)
    ));
    scenario.sent.clear();
    scenario.command(retry(id.clone()));
    assert_eq!(scenario.sent_bodies(), ["hello"]);
    assert_eq!(scenario.bodies(), ["hello"]);
    assert_ne!(scenario.messages()[0].id, id);
    scenario.lose_connection();
    scenario.say("never mind");
    let id = scenario.messages()[1].id.clone();
    let conversation = conversation.clone();
    scenario.command(Command::Message(MessageCommand::Discard {
        conversation,
        id,
    }));
    assert_eq!(scenario.bodies(), ["hello"]);
    let texts = scenario.disk.rows();
    assert!(!texts.iter().any(|row| {
        row.value
            .as_deref()
            .is_some_and(|row| String::from_utf8_lossy(row).contains("never mind"))
    }));
}

#[test]
fn waits_grow_and_stay_within_bounds() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    for attempt in 0..12 {
        let SessionStatus::Waiting { .. } = scenario.store.status() else {
            panic!()
        };
        let longest = (1 << attempt.min(6)).min(60);
        let opens = scenario.opens;
        scenario.advance(longest);
        assert_eq!(
            scenario.opens,
            opens + 1,
            "attempt {attempt} within {longest} s"
        );
        scenario.input(Input::Closed(CloseReason {
            opened: false,
            code: 1006,
        }));
    }
}

#[test]
fn now_means_now() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.command(Command::Session(SessionCommand::RetryNow));
    assert_eq!(scenario.opens, 2);
}

#[test]
fn a_message_that_ends_the_stream_twice_is_given_up_and_the_next_one_arrives() {
    let mut scenario = Scenario::signed_in();
    scenario.say("poison");
    scenario.say("fine");
    for round in 1..=2 {
        scenario.recv(
            "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
             <policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        );
        scenario.lose_connection();
        scenario.advance(4);
        scenario.authenticate();
        scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
        scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
        scenario.answer_bind();
        scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/>");
        scenario.answer_archive("");
        let expected = if round == 1 { ["poison"] } else { ["fine"] };
        assert_eq!(
            scenario.sent_bodies(),
            expected,
            "one at a time once there is a suspicion"
        );
    }
    let failure = Failure {
        condition: "policy-violation".into(),
        text: None,
    };
    assert_eq!(scenario.messages()[0].delivery, Delivery::Failed(failure));
}

fn stream_error(condition: &str) -> String {
    format!(
        "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    )
}

const CLOSE: &str = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";

/// The stream ends, and a new session begins as soon as we want one: after how many seconds.
fn ended(scenario: &mut Scenario, how: &str) -> u64 {
    if !how.is_empty() {
        scenario.recv(how);
    }
    scenario.lose_connection();
    let opens = scenario.opens;
    let mut waited = 0;
    while scenario.opens == opens {
        scenario.advance(1);
        waited += 1;
    }
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    scenario.answer_bind();
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/>");
    scenario.answer_archive("");
    waited
}

#[test]
fn a_message_that_ends_the_stream_again_and_again_is_given_up() {
    for (how, condition) in [
        (
            stream_error("internal-server-error"),
            "internal-server-error",
        ),
        (CLOSE.to_owned(), "undefined-condition"),
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.say("poison");
        scenario.say("fine");
        ended(&mut scenario, &how);
        let mut waited = 0;
        for _ in 0..5 {
            assert_eq!(scenario.sent_bodies(), ["poison"], "one at a time: {how}");
            waited += ended(&mut scenario, &how);
        }
        assert!(waited > 10, "a server in trouble is given time: {waited} s");
        assert_eq!(scenario.sent_bodies(), ["fine"]);
        let failure = Failure {
            condition: condition.into(),
            text: None,
        };
        assert_eq!(scenario.messages()[0].delivery, Delivery::Failed(failure));
    }
}

#[test]
fn what_ends_a_stream_right_after_a_resumption_is_held_against_no_message() {
    let mut scenario = Scenario::signed_in();
    scenario.say("one");
    scenario.say("two");
    scenario.lose_connection();
    scenario.command(Command::Session(SessionCommand::RetryNow));
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.sent.clear();
    scenario.recv(&resumption("session-1", 0));
    assert_eq!(scenario.sent_bodies(), ["one", "two"]);
    scenario.recv(&stream_error("not-well-formed"));
    scenario.lose_connection();
    scenario.command(Command::Session(SessionCommand::RetryNow));
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    let resume = scenario.find(|sent| sent.is("resume", "urn:xmpp:sm:3"));
    assert_eq!(resume, None, "that session is not to be trusted");
    scenario.answer_bind();
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/>");
    scenario.answer_archive("");
    assert_eq!(
        scenario.sent_bodies(),
        ["one", "two"],
        "nobody is suspected"
    );
}

#[test]
fn a_network_or_a_server_that_comes_and_goes_fails_no_message() {
    for how in [
        "",
        &stream_error("system-shutdown"),
        &stream_error("remote-connection-failed"),
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.say("innocent");
        for _ in 0..12 {
            assert_eq!(scenario.sent_bodies(), ["innocent"], "{how}");
            ended(&mut scenario, how);
        }
        assert_eq!(scenario.messages()[0].delivery, Delivery::Queued);
    }
}

#[test]
fn what_is_said_of_a_sign_in_blames_no_message() {
    let mut scenario = Scenario::signed_in();
    scenario.say("innocent");
    scenario.lose_connection();
    for _ in 0..4 {
        scenario.command(Command::Session(SessionCommand::RetryNow));
        scenario.authenticate();
        scenario.recv(&stream_error("policy-violation"));
        scenario.lose_connection();
    }
    assert_eq!(scenario.messages()[0].delivery, Delivery::Queued);
}

#[test]
fn a_stanza_that_cant_be_read_is_logged_and_the_session_lives() {
    for nonsense in [
        "<message",
        "<message xmlns='jabber:client'><body>unclosed</message>",
        "<message xmlns='jabber:client' from='@@@'><body>x</body></message>",
        "<presence xmlns='jabber:client' type='martian'/>",
        "<iq xmlns='jabber:client' type='get'/>",
        "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><message/>",
        "<message xmlns='jabber:client'/><message xmlns='jabber:client'/>",
        "<martian xmlns='urn:mars'/>",
        "\u{0}",
        "",
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.recv(nonsense);
        assert_eq!(
            scenario
                .log
                .iter()
                .filter(|line| line.contains("skipped"))
                .count(),
            1,
            "{nonsense:?}: {:?}",
            scenario.log
        );
        assert_eq!(*scenario.store.status(), SessionStatus::Online);
    }
}

#[test]
fn a_tree_too_deep_to_build_is_skipped() {
    let mut scenario = Scenario::signed_in();
    let deep = format!(
        "<message xmlns='jabber:client'>{}{}</message>",
        "<a>".repeat(200_000),
        "</a>".repeat(200_000)
    );
    scenario.recv(&deep);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
}

#[test]
fn nothing_is_acknowledged_before_it_is_committed() {
    let mut scenario = Scenario::signed_in();
    scenario.disk_is_slow = true;
    scenario.recv(
        "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='m1'>\
         <body>keep this</body></message>",
    );
    assert_eq!(
        scenario.bodies(),
        ["keep this"],
        "the screen doesn't wait for the disk"
    );
    scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
    assert!(scenario.sent.is_empty(), "an ack is a promise");
    scenario.commit();
    let ack = scenario.find(|sent| sent.name() == "a").unwrap();
    assert!(ack.attr("h").is_some());
}

#[test]
fn resuming_acknowledges_nothing_that_isnt_committed() {
    let mut scenario = Scenario::signed_in();
    scenario.disk_is_slow = true;
    scenario.recv(
        "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='m1'>\
         <body>keep this</body></message>",
    );
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    assert!(scenario.find(|sent| sent.name() == "resume").is_none());
    scenario.commit();
    scenario.expect("resume");
}

#[test]
fn what_comes_over_a_connection_that_was_given_up_is_not_counted() {
    let mut scenario = Scenario::signed_in();
    scenario.disk_is_slow = true;
    scenario.say("waits for the disk, and with it the closing of the socket");
    scenario.advance(18);
    let waiting = matches!(scenario.store.status(), SessionStatus::Waiting { .. });
    scenario.recv(
        "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='m1'>\
         <body>too late</body></message>",
    );
    assert!(scenario.bodies().len() == 1 && waiting);
    scenario.advance(2);
    scenario.commit();
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    let h = ANSWERED.to_string();
    assert_eq!(scenario.expect("resume").attr("h"), Some(h.as_str()));
}

#[test]
fn nothing_is_sent_before_it_is_committed() {
    let mut scenario = Scenario::signed_in();
    scenario.disk_is_slow = true;
    scenario.say("precious");
    assert_eq!(scenario.bodies(), ["precious"]);
    assert!(scenario.sent.is_empty());
    scenario.commit();
    assert_eq!(scenario.sent_bodies(), ["precious"]);
}

#[test]
fn a_disk_that_fails_doesnt_end_the_session() {
    let mut scenario = Scenario::signed_in();
    scenario.disk_is_slow = true;
    scenario.say("hello");
    let commit = scenario.uncommitted.remove(0);
    scenario.input(Input::CommitFailed(commit, "quota".into()));
    assert_eq!(scenario.sent_bodies(), ["hello"]);
}

#[test]
fn what_a_failed_commit_had_is_in_the_next_one() {
    let mut scenario = Scenario::signed_in();
    scenario.disk_is_slow = true;
    scenario.say("first");
    scenario.disk = Disk::default();
    let commit = scenario.uncommitted.remove(0);
    scenario.input(Input::CommitFailed(commit, "quota".into()));
    assert!(
        scenario.uncommitted.is_empty(),
        "a full disk is left in peace"
    );
    scenario.say("second");
    let mut reloaded = scenario.reloaded(2);
    reloaded.authenticate();
    reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
    reloaded.recv(&resumption("session-1", 0));
    assert_eq!(reloaded.sent_bodies(), ["first", "second"]);
}

#[test]
fn signing_out_closes_the_stream_and_forgets_everything() {
    let mut scenario = Scenario::signed_in();
    scenario.command(Command::Session(SessionCommand::SignOut));
    scenario.expect("close");
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble: None }
    );
    assert_eq!(scenario.store.contacts().count(), 0);
    // What was under way still arrives.
    scenario.recv("<a xmlns='urn:xmpp:sm:3' h='4'/>");
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble: None }
    );
    scenario.advance(5);
    assert_eq!(scenario.closes, 1);
    scenario.advance(600);
    assert_eq!(scenario.opens, 1);
}

/// Another connection has it now.
fn take_away(scenario: &mut Scenario) {
    scenario.recv(&stream_error("conflict"));
    scenario.lose_connection();
}

/// Asks for the same session again.
fn claim(scenario: &mut Scenario) -> Element {
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    let resume = scenario.expect("resume");
    assert_eq!(resume.attr("previd"), Some("session-1"));
    resume
}

/// Whoever has taken it may have been sent it in another order.
#[test]
fn what_a_lost_connection_brought_and_nobody_acknowledged_comes_again() {
    let mut scenario = Scenario::signed_in();
    scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
    scenario.sent.clear();
    let message = "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='m1'>\
                   <body>hello</body></message>";
    scenario.recv(message);
    take_away(&mut scenario);
    let resume = claim(&mut scenario);
    assert_eq!(resume.attr("h"), Some(ANSWERED.to_string().as_str()));
    scenario.recv(&resumption("session-1", 0));
    scenario.recv(message);
    assert_eq!(scenario.bodies(), ["hello"]);
    scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
    let ack = scenario.find(|sent| sent.name() == "a").unwrap();
    assert_eq!(ack.attr("h"), Some((ANSWERED + 1).to_string().as_str()));
}

#[test]
fn a_session_taken_over_elsewhere_is_not_fought_for() {
    let mut scenario = Scenario::signed_in();
    take_away(&mut scenario);
    claim(&mut scenario);
    scenario.recv(
        "<failed xmlns='urn:xmpp:sm:3'><item-not-found \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
    );
    scenario.lose_connection();
    let trouble = Some(Trouble::Replaced);
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble }
    );
    scenario.advance(600);
    assert_eq!(scenario.opens, 2);
}

#[test]
fn a_session_that_our_own_late_request_has_taken_comes_back() {
    let mut scenario = Scenario::signed_in();
    take_away(&mut scenario);
    claim(&mut scenario);
    scenario.recv(&resumption("session-1", 0));
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    // Whoever takes it at once again wants it for good.
    take_away(&mut scenario);
    let trouble = Some(Trouble::Replaced);
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble }
    );
    scenario.advance(600);
    assert_eq!(scenario.opens, 2);
}

#[test]
fn a_session_that_was_ours_for_a_while_is_asked_for_again() {
    let mut scenario = Scenario::signed_in();
    for opened in [2, 3] {
        take_away(&mut scenario);
        claim(&mut scenario);
        scenario.recv(&resumption("session-1", 0));
        assert_eq!(*scenario.store.status(), SessionStatus::Online);
        assert_eq!(scenario.opens, opened);
        for _ in 0..7 {
            scenario.advance(10);
            scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
        }
        scenario.sent.clear();
    }
}

#[test]
fn a_reloaded_page_resumes_the_same_session() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(
        "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='m1'>\
         <body>hello</body></message>",
    );
    scenario.say("before");
    let mut reloaded = scenario.reloaded(2);
    assert_eq!(reloaded.opens, 1);
    assert_eq!(reloaded.store.me().unwrap().to_string(), MY_ADDRESS);
    assert_eq!(reloaded.bodies(), ["hello", "before"]);
    assert!(reloaded.store.roster_loaded());
    reloaded.authenticate();
    reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
    let resume = reloaded.expect("resume");
    assert_eq!(resume.attr("previd"), Some("session-1"));
    // Bob has written, too.
    let h = (ANSWERED + 1).to_string();
    assert_eq!(resume.attr("h"), Some(h.as_str()));
    reloaded.recv(&resumption("session-1", 0));
    assert_eq!(reloaded.sent_bodies(), ["before"]);
    assert!(reloaded.find(|sent| sent.name() == "presence").is_none());
    assert!(
        reloaded
            .find(|sent| has(sent, "query@jabber:iq:roster"))
            .is_none()
    );
    // What a careless server has lost meanwhile is asked for.
    assert!(
        reloaded
            .find(|sent| has(sent, "query@urn:xmpp:mam:2"))
            .is_some()
    );
    reloaded.recv(&acked(2));
    assert_eq!(reloaded.messages()[1].delivery, Delivery::Sent);
    assert!(
        !reloaded
            .disk
            .rows()
            .iter()
            .any(|row| row.table == Table::Outbox)
    );
}

#[test]
fn a_crash_right_after_the_session_began_asks_again_for_everything() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.bind();
    let mut reloaded = scenario.reloaded(2);
    reloaded.authenticate();
    reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
    reloaded.expect("resume");
    // The server has seen none of what we sent.
    reloaded.recv("<resumed xmlns='urn:xmpp:sm:3' previd='session-1' h='0'/>");
    assert!(reloaded.find(|sent| sent.name() == "presence").is_some());
    assert!(reloaded.find(|sent| has(sent, "enable")).is_some());
    for payload in ["query@jabber:iq:roster", "query@urn:xmpp:mam:2"] {
        // The lost one, and the one of this page: only the latter has somebody to answer to.
        reloaded.expect_iq(payload);
        let id = reloaded.expect_iq(payload);
        reloaded.recv(&format!(
            "<iq xmlns='jabber:client' type='result' id='{id}'/>"
        ));
    }
}

#[test]
fn what_another_build_stored_is_refused_and_its_messages_recovered() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.say("precious");
    let mut disk = scenario.disk.clone();
    disk.set(Table::Engine, "session", Some(vec![0]));
    let mut recovered = Scenario::recovered(&disk, 2);
    assert_eq!(recovered.opens, 1);
    assert_eq!(recovered.bodies(), ["precious"]);
    recovered.authenticate();
    recovered.bind();
    assert!(recovered.sent_bodies().is_empty());
    recovered.answer_archive("");
    assert_eq!(recovered.sent_bodies(), ["precious"]);
}

#[test]
fn a_flood_of_presences_commits_nothing_until_it_is_acknowledged() {
    let mut scenario = Scenario::settled();
    let commits = scenario.commits;
    for number in 0..30 {
        scenario.recv(&format!(
            "<presence xmlns='jabber:client' from='bob@example.org/{number}'/>"
        ));
    }
    assert_eq!(scenario.commits, commits);
    scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
    assert_eq!(scenario.commits, commits + 1);
    let h = (ANSWERED + 31).to_string();
    assert_eq!(scenario.expect("a").attr("h"), Some(h.as_str()));
    // Unasked too, after a while.
    scenario.recv("<presence xmlns='jabber:client' from='bob@example.org/x'/>");
    scenario.advance(11);
    let h = (ANSWERED + 32).to_string();
    assert_eq!(scenario.expect("a").attr("h"), Some(h.as_str()));
}

#[test]
fn signing_out_leaves_nothing_of_the_engine_on_disk() {
    let mut scenario = Scenario::signed_in();
    scenario.say("unsent");
    scenario.command(Command::Session(SessionCommand::SignOut));
    let kept = |row: &&Record| matches!(row.table, Table::Engine | Table::Outbox);
    let rows = scenario.disk.rows();
    let left: Vec<_> = rows.iter().filter(kept).map(|row| &row.value).collect();
    assert!(
        left.iter().all(|value| value
            .as_deref()
            .is_none_or(|row| !String::from_utf8_lossy(row).contains("bob"))),
        "{left:?}"
    );
    let now = Now {
        monotonic: std::time::Duration::ZERO,
        wall: Timestamp(0),
    };
    assert!(Engine::restore(config(), &rows, [2; 32], now).is_err());
}

#[test]
fn the_same_inputs_give_the_same_outputs() {
    let run = || {
        let mut scenario = Scenario::signed_in();
        scenario.say("one");
        scenario.lose_connection();
        scenario.advance(5);
        (
            scenario.events.clone(),
            scenario.sent.clone(),
            scenario.disk.clone(),
        )
    };
    assert_eq!(run(), run());
}

/// Bob's words as they come by themselves, and as the archive has them.
fn bob_says(id: &str, archived: &str, words: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='bob@example.org/x' to='alice@example.org' \
         type='chat' id='{id}'><body>{words}</body><origin-id xmlns='urn:xmpp:sid:0' id='{id}'/>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='alice@example.org' id='{archived}'/></message>"
    )
}

fn begin_anew(scenario: &mut Scenario) {
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    scenario.answer_bind();
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/>");
}

#[test]
fn who_began_with_an_empty_archive_reads_all_that_came_since() {
    let mut scenario = Scenario::signed_in();
    begin_anew(&mut scenario);
    let query = scenario
        .find(|sent| has(sent, "query@urn:xmpp:mam:2"))
        .map(|query| String::from(&query))
        .unwrap();
    assert!(
        !query.contains("before") && !query.contains("after"),
        "from the beginning: {query}"
    );
}

#[test]
fn what_is_archived_twice_is_shown_once() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&bob_says("1", "a1", "ok"));
    scenario.recv(&bob_says("1", "a2", "ok"));
    assert_eq!(scenario.bodies(), ["ok"]);
    scenario.recv(&bob_says("2", "a3", "ok"));
    assert_eq!(scenario.bodies(), ["ok", "ok"]);
    // One who takes an id twice can't hide words by it.
    scenario.recv(&bob_says("2", "a4", "no"));
    assert_eq!(scenario.bodies(), ["ok", "ok", "no"]);
}

#[test]
fn a_damaged_outbox_row_is_told_and_can_be_sent_again() {
    use couplet_engine::modules::rfc6121_message::Command as MessageCommand;
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.say("whole");
    scenario.say("damaged");
    let outbox = |scenario: &Scenario| -> Vec<String> {
        let rows = scenario.disk.rows().into_iter();
        let rows = rows.filter(|row| row.table == Table::Outbox);
        rows.map(|row| row.key).collect()
    };
    let keys = outbox(&scenario);
    scenario
        .disk
        .set(Table::Outbox, &keys[1], Some(vec![255, 255]));
    let mut reloaded = scenario.reloaded(2);
    assert_eq!(reloaded.messages()[0].delivery, Delivery::Queued);
    let failed = reloaded.messages()[1].clone();
    assert!(matches!(failed.delivery, Delivery::Failed(_)));
    let told = |event: &StoreEvent| matches!(event, StoreEvent::OutboxDamaged { .. });
    assert!(reloaded.events.iter().any(told));
    assert_eq!(outbox(&reloaded), keys[..1], "it isn't told again");
    reloaded.say("later");
    assert!(!outbox(&reloaded).contains(&keys[1]));
    reloaded.command(Command::Message(MessageCommand::Retry {
        conversation: failed.conversation,
        id: failed.id,
        body: failed.body,
        notes: failed.notes,
    }));
    reloaded.authenticate();
    reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
    reloaded.recv(&resumption("session-1", 0));
    assert_eq!(reloaded.sent_bodies(), ["whole", "later", "damaged"]);
    // Nothing of it is left on disk that would wait for ever.
    let again = reloaded.reloaded(3);
    let queued = again.messages().into_iter();
    let queued = queued.filter(|message| message.delivery == Delivery::Queued);
    assert_eq!(queued.count(), 3);
}

#[test]
fn what_was_damaged_may_have_arrived_all_the_same() {
    let mut scenario = Scenario::signed_in();
    scenario.say("hello");
    let id = scenario.messages()[0].id.0.clone();
    let mut rows = scenario.disk.rows().into_iter();
    let row = rows.find(|row| row.table == Table::Outbox).unwrap();
    scenario.disk.set(Table::Outbox, &row.key, None);
    scenario.disk.set(Table::Outbox, "nonsense", row.value);
    let mut reloaded = scenario.reloaded(2);
    let delivery = |scenario: &Scenario| scenario.messages()[0].delivery.clone();
    assert!(matches!(delivery(&reloaded), Delivery::Failed(_)));
    reloaded.authenticate();
    reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
    reloaded.recv(&resumption("session-1", 1));
    let (_, query) = reloaded.archive_query();
    reloaded.archived(
        &query,
        "a1",
        &format!(
            "<message xmlns='jabber:client' from='{MY_ADDRESS}' to='bob@example.org' type='chat' \
             id='{id}'><body>hello</body><origin-id xmlns='urn:xmpp:sid:0' id='{id}'/></message>"
        ),
    );
    assert_eq!(delivery(&reloaded), Delivery::Sent);
}

/// What the release before rooms wrote: keys, and values in hexadecimal.
const OUTBOX_BEFORE_ROOMS: &str = include_str!("rows/outbox_before_rooms");

#[test]
fn the_outbox_of_the_last_release_is_sent() {
    let mut disk = Disk::default();
    for row in OUTBOX_BEFORE_ROOMS.lines() {
        let (key, digits) = row.split_once(' ').unwrap();
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let row: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
        let row = earlier::convert(Table::Outbox, &row).unwrap();
        assert_eq!(
            earlier::convert(Table::Outbox, &row),
            None,
            "once is enough"
        );
        disk.set(Table::Outbox, key, Some(row));
    }
    let words = [
        "On the wire when the session ended.",
        "Written on the train.",
    ];
    let mut upgraded = Scenario::recovered(&disk, 2);
    assert_eq!(upgraded.bodies(), words);
    let messages = upgraded.messages().into_iter();
    let ids: Vec<_> = messages.map(|message| message.id.0).collect();
    upgraded.advance(20);
    upgraded.authenticate();
    upgraded.bind();
    assert!(upgraded.sent_bodies().is_empty(), "the archive comes first");
    upgraded.answer_archive("");
    let sent: Vec<_> = upgraded
        .sent
        .iter()
        .filter(|sent| body(sent).is_some())
        .collect();
    assert_eq!(sent.len(), 2);
    for ((sent, words), id) in sent.iter().zip(words).zip(&ids) {
        assert_eq!(body(sent).unwrap(), words);
        assert_eq!(sent.attr("id"), Some(id.as_str()));
        assert!(has(sent, "delay@urn:xmpp:delay"));
    }
    assert_eq!(earlier::convert(Table::Outbox, &[255]), None);
}

#[test]
fn a_session_is_kept_for_five_minutes_and_the_next_one_takes_its_place() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.answer_bind();
    let enable = scenario.expect("enable");
    assert_eq!(enable.attr("resume"), Some("true"));
    assert_eq!(enable.attr("max"), Some("300"));
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-1' resume='true'/>");
    scenario.settle_in();
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.expect("resume");
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    let bind = scenario.find(|sent| has(sent, "bind")).unwrap();
    let bind = String::from(&bind);
    assert!(bind.contains("<resource>balcony</resource>"), "{bind}");
}

#[test]
fn fifty_stanzas_are_acknowledged_unasked() {
    let mut scenario = Scenario::signed_in();
    scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
    scenario.sent.clear();
    for number in 1..=50 {
        assert!(scenario.sent.is_empty(), "after {number}");
        scenario.recv(&format!(
            "<presence xmlns='jabber:client' from='bob@example.org/{number}'/>"
        ));
    }
    let h = (ANSWERED + 50).to_string();
    assert_eq!(scenario.expect("a").attr("h"), Some(h.as_str()));
}

#[test]
fn what_is_sent_again_is_the_same_and_says_when_it_was_written() {
    let mut scenario = Scenario::signed_in();
    scenario.say("lost");
    let first = scenario.find(|sent| body(sent).is_some()).unwrap();
    scenario.advance_alive(20);
    begin_anew(&mut scenario);
    scenario.answer_archive("");
    let again = scenario.find(|sent| body(sent).is_some()).unwrap();
    let origin_id = |sent: &Element| {
        let origin_id = sent.get_child("origin-id", "urn:xmpp:sid:0").unwrap();
        origin_id.attr("id").unwrap().to_owned()
    };
    assert_eq!(origin_id(&again), origin_id(&first));
    assert_eq!(again.attr("id"), first.attr("id"));
    assert!(!has(&first, "delay"));
    let delay = again.get_child("delay", "urn:xmpp:delay").unwrap();
    let stamp = delay.attr("stamp").unwrap();
    assert!(stamp.starts_with("2026-11-02T09:00:00"), "{stamp}");
}
