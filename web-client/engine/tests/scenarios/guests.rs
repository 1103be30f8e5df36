//! Whoever signs in as nobody in particular (RFC 4505): each session is somebody else's.

use couplet_engine::store::{Delivery, Direction, Entry, SessionStatus};
use couplet_engine::{Command, Input, SessionCommand};
use minidom::Element;

use crate::invitations::{invite, outcomes, sent_to};
use crate::rooms::{ROOM, SELF, archived, bodies, join, messages, presence, said, say, told, view};
use crate::scenario::{Scenario, has};

const DOMAIN: &str = "guests.example.org";
const FIRST: &str = "8c2f@guests.example.org/1";
const SECOND: &str = "51b7@guests.example.org/1";

fn sign_in(scenario: &mut Scenario) {
    scenario.command(Command::Session(SessionCommand::SignIn {
        jid: DOMAIN.parse().unwrap(),
        url: "wss://example.org/xmpp-websocket".into(),
    }));
}

/// The server says who they are, in a session of this name.
fn bind(scenario: &mut Scenario, address: &str, session: &str) {
    let id = scenario.expect_iq("bind");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'>\
         <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{address}</jid></bind></iq>"
    ));
    scenario.expect("enable");
    scenario.recv(&format!(
        "<enabled xmlns='urn:xmpp:sm:3' id='{session}' resume='true'/>"
    ));
}

fn signed_in() -> Scenario {
    let mut scenario = Scenario::new();
    sign_in(&mut scenario);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    bind(&mut scenario, FIRST, "session-1");
    scenario
}

/// A connection is made again, as far as the features.
fn reconnect(scenario: &mut Scenario) {
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.expect("resume");
}

/// The same, and the session is nobody's any more.
fn comes_as_somebody_new(scenario: &mut Scenario) {
    reconnect(scenario);
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    bind(scenario, SECOND, "session-2");
}

/// What the room adds to what whoever has this occupant id does.
fn by(id: &str) -> String {
    format!("<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{id}'/>")
}

/// The room, which has an archive, lets them in and knows them by `id`.
fn let_in(scenario: &mut Scenario, id: &str) {
    told(scenario, &["urn:xmpp:mam:2"]);
    let (me, by) = (scenario.store.me().cloned().unwrap(), by(id));
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{ROOM}/thirdwitch' to='{me}'>{by}\
         <x xmlns='http://jabber.org/protocol/muc#user'>{SELF}</x></presence>"
    ));
}

fn inside() -> Scenario {
    let mut scenario = signed_in();
    join(&mut scenario);
    let_in(&mut scenario, "first");
    scenario.answer_archive_of(ROOM, &[], true);
    scenario
}

/// By what id the last message went.
fn said_last(scenario: &mut Scenario) -> String {
    let message = scenario.find(|sent| sent.name() == "message").unwrap();
    message.attr("id").unwrap().to_owned()
}

/// What is asked of the account, not of anybody else.
fn asked_of_own(scenario: &Scenario, payload: &str) -> bool {
    let mut sent = scenario.sent.iter();
    sent.any(|sent| sent.attr("to").is_none() && has(sent, payload))
}

#[test]
fn a_guest_is_who_the_server_says() {
    let scenario = signed_in();
    assert_eq!(scenario.store.me().unwrap().to_string(), FIRST);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
}

#[test]
fn nothing_is_asked_for_that_a_guest_cant_have() {
    let mut scenario = inside();
    scenario.advance(10);
    say(&mut scenario, "hello");
    for nothing in [
        "query@urn:xmpp:mam:2",
        "pubsub@http://jabber.org/protocol/pubsub",
        "query@jabber:iq:private",
    ] {
        assert!(!asked_of_own(&scenario, nothing), "{nothing}");
    }
    assert!(asked_of_own(&scenario, "query@jabber:iq:roster"));
    assert_eq!(scenario.log, ["session begun"]);
}

#[test]
fn whom_a_guest_invites_hears_of_it_from_the_room() {
    let mut scenario = inside();
    scenario.sent.clear();
    invite(&mut scenario, &["help@example.org"], Some("Gwen"));
    told(&mut scenario, &[]);
    let passed_on = sent_to(&mut scenario, ROOM);
    assert_eq!(
        passed_on[0].1,
        "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='help@example.org'>\
         <reason>Gwen</reason></invite></x>"
    );
    told(&mut scenario, &[]);
    // Nobody knows a guest by their own address.
    assert_eq!(sent_to(&mut scenario, "help@example.org"), []);
    assert_eq!(
        outcomes(&mut scenario),
        [("help@example.org".to_owned(), Ok(()))]
    );
}

#[test]
fn a_guests_session_is_resumed_where_the_server_does_that() {
    let mut scenario = inside();
    scenario.lose_connection();
    reconnect(&mut scenario);
    scenario.recv("<resumed xmlns='urn:xmpp:sm:3' previd='session-1' h='1'/>");
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert_eq!(scenario.store.me().unwrap().to_string(), FIRST);
    assert_eq!(view(&scenario).entry, Entry::Joined);
}

#[test]
fn nobody_comes_back_under_a_name_that_was_a_guests() {
    let mut scenario = signed_in();
    scenario.lose_connection();
    scenario.advance(2);
    scenario.input(Input::Opened);
    let open = scenario.expect("open");
    assert_eq!(open.attr("from"), None);
    assert_eq!(open.attr("to"), Some(DOMAIN));
    let mut reloaded = signed_in().reloaded(2);
    reloaded.input(Input::Opened);
    assert_eq!(reloaded.expect("open").attr("from"), None);
}

#[test]
fn a_new_guest_goes_into_the_room_again_and_knows_what_they_have_said() {
    let mut scenario = inside();
    say(&mut scenario, "heard");
    let heard = said_last(&mut scenario);
    let more = [by("first"), archived("archive-1")].concat();
    scenario.recv(&said("thirdwitch", &heard, "heard", &more));
    say(&mut scenario, "perhaps");
    let perhaps = said_last(&mut scenario);
    scenario.lose_connection();
    say(&mut scenario, "written meanwhile");
    comes_as_somebody_new(&mut scenario);
    assert_eq!(scenario.store.me().unwrap().to_string(), SECOND);
    let_in(&mut scenario, "second");
    assert_eq!(view(&scenario).entry, Entry::Joined);
    assert!(scenario.sent_bodies().is_empty(), "the archive may have it");
    let more = by("first");
    let results = [
        ("archive-1", said("thirdwitch", &heard, "heard", &more)),
        ("archive-2", said("thirdwitch", &perhaps, "perhaps", &more)),
        ("archive-3", said("firstwitch", "m1", "Who?", &by("other"))),
    ];
    let results = results.each_ref().map(|(id, stanza)| (*id, &**stanza));
    scenario.answer_archive_of(ROOM, &results, true);
    assert_eq!(scenario.sent_bodies(), ["written meanwhile"]);
    let all = ["heard", "perhaps", "Who?", "written meanwhile"];
    assert_eq!(
        sorted(bodies(&scenario)),
        sorted(all.map(str::to_owned).into())
    );
    let messages = messages(&scenario);
    let theirs = |body: &str| {
        messages
            .iter()
            .find(|message| message.body == body)
            .unwrap()
    };
    for body in ["heard", "perhaps"] {
        assert_eq!(theirs(body).direction, Direction::Outgoing, "{body}");
        assert!(theirs(body).delivery >= Delivery::Sent, "{body}");
    }
    assert_eq!(theirs("Who?").direction, Direction::Incoming);
}

fn sorted(mut all: Vec<String>) -> Vec<String> {
    all.sort();
    all
}

#[test]
fn a_new_guest_may_be_told_so_along_with_the_sign_in() {
    let mut scenario = signed_in();
    scenario.lose_connection();
    scenario.advance(2);
    scenario.input(Input::Opened);
    scenario.expect("open");
    scenario.recv("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='guests.example.org'/>");
    scenario.sasl.clear();
    scenario.recv(
        "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
         <authentication xmlns='urn:xmpp:sasl:2'><mechanism>ANONYMOUS</mechanism><inline>\
         <bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind>\
         <sm xmlns='urn:xmpp:sm:3'/></inline></authentication></stream:features>",
    );
    scenario.commit();
    scenario.recv(&format!(
        "<success xmlns='urn:xmpp:sasl:2'>\
         <authorization-identifier>{SECOND}</authorization-identifier>\
         <failed xmlns='urn:xmpp:sm:3'/><bound xmlns='urn:xmpp:bind:0'>\
         <enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/></bound></success>"
    ));
    scenario.input(Input::SaslReply(couplet_engine::sasl::Reply::Verified));
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert_eq!(scenario.store.me().unwrap().to_string(), SECOND);
}

#[test]
fn what_a_guest_has_written_outlives_another_sign_in() {
    let mut scenario = inside();
    scenario.lose_connection();
    say(&mut scenario, "mine");
    sign_in(&mut scenario);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    bind(&mut scenario, SECOND, "session-2");
    let_in(&mut scenario, "second");
    scenario.answer_archive_of(ROOM, &[], true);
    assert_eq!(scenario.sent_bodies(), ["mine"]);
}

#[test]
fn a_room_that_knows_nobody_by_an_id_doesnt_make_a_stranger_of_a_guest() {
    let mut scenario = signed_in();
    join(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    scenario.recv(&presence("thirdwitch", "", SELF));
    scenario.answer_archive_of(ROOM, &[], true);
    say(&mut scenario, "heard");
    let heard = said_last(&mut scenario);
    scenario.recv(&said("thirdwitch", &heard, "heard", &archived("archive-1")));
    scenario.lose_connection();
    comes_as_somebody_new(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    // Who they were is still there, as far as the room knows.
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{ROOM}/thirdwitch' type='error'>\
         <error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>\
         </presence>"
    ));
    scenario.recv(&presence("thirdwitch_", "", SELF));
    assert_eq!(view(&scenario).entry, Entry::Joined);
    let stanza = said("thirdwitch", &heard, "heard", "");
    scenario.answer_archive_of(ROOM, &[("archive-1", &stanza)], true);
    assert_eq!(bodies(&scenario), ["heard"]);
    assert_eq!(messages(&scenario)[0].direction, Direction::Outgoing);
}

#[test]
fn a_guests_page_that_is_loaded_again_goes_on_as_somebody_new() {
    let mut scenario = inside();
    say(&mut scenario, "heard");
    let heard = said_last(&mut scenario);
    let more = [by("first"), archived("archive-1")].concat();
    scenario.recv(&said("thirdwitch", &heard, "heard", &more));
    let mut reloaded = scenario.reloaded(2);
    comes_as_somebody_new(&mut reloaded);
    let_in(&mut reloaded, "second");
    let stanza = said("thirdwitch", &heard, "heard", &by("first"));
    reloaded.answer_archive_of(ROOM, &[("archive-1", &stanza)], true);
    assert_eq!(bodies(&reloaded), ["heard"]);
    assert_eq!(messages(&reloaded)[0].direction, Direction::Outgoing);
    let leaves = |sent: &Element| sent.attr("type") == Some("unavailable");
    assert!(reloaded.find(leaves).is_none());
}
