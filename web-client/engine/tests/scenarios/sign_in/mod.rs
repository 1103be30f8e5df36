//! Signing in by SASL2 with all that comes along: XEP-0388, XEP-0386, XEP-0484, XEP-0198,
//! from their own examples. The holder of the secrets is played by [`Holder`].

mod bearer;
mod holder;
mod hostile;

use couplet_engine::sasl::device_id;
use couplet_engine::store::{Again, SessionStatus, Trouble};
use couplet_engine::{Command, Input, SessionCommand};

use holder::Holder;

use crate::scenario::{BEGUN, ME, MY_ADDRESS, Scenario, acked, has, resumption};

const SASL2: &str = "urn:xmpp:sasl:2";
const SM: &str = "urn:xmpp:sm:3";
const BIND2: &str = "urn:xmpp:bind:0";
const FAST: &str = "urn:xmpp:fast:0";

/// XEP-0386 3.1 and XEP-0484 3.1 in one.
const FEATURES: &str = "<authentication xmlns='urn:xmpp:sasl:2'>\
     <mechanism>SCRAM-SHA-1</mechanism><mechanism>SCRAM-SHA-1-PLUS</mechanism><inline>\
     <bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:carbons:2'/>\
     <feature var='urn:xmpp:csi:0'/><feature var='urn:xmpp:sm:3'/></inline></bind>\
     <sm xmlns='urn:xmpp:sm:3'/><fast xmlns='urn:xmpp:fast:0' tls-0rtt='true'>\
     <mechanism>HT-SHA-256-ENDP</mechanism><mechanism>HT-SHA-256-EXPR</mechanism>\
     <mechanism>HT-SHA-256-NONE</mechanism></fast></inline></authentication>\
     <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism>\
     </mechanisms>";
const CLASSIC: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
     <mechanism>SCRAM-SHA-1</mechanism></mechanisms>";
const AFTERWARDS: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
     <csi xmlns='urn:xmpp:csi:0'/></stream:features>";
const TOKEN: &str = "<token xmlns='urn:xmpp:fast:0' expiry='2027-03-12T14:36:15Z' \
     token='WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm'/>";
const ENABLED: &str = "<bound xmlns='urn:xmpp:bind:0'><metadata xmlns='urn:xmpp:mam:2'>\
     <start id='YWxwaGEg' timestamp='2008-08-22T21:09:04Z'/>\
     <end id='b21lZ2Eg' timestamp='2020-04-20T14:34:21Z'/></metadata>\
     <enabled xmlns='urn:xmpp:sm:3' id='session-1' resume='true'/></bound>";

fn success(data: Option<&str>, identifier: &str, inline: &str) -> String {
    let data = data.map_or(String::new(), |data| {
        format!("<additional-data>{data}</additional-data>")
    });
    format!(
        "<success xmlns='urn:xmpp:sasl:2'>{data}<authorization-identifier>{identifier}\
         </authorization-identifier>{inline}</success>"
    )
}

/// Signed in by password with everything inline, the first requests answered.
fn signed_in() -> (Scenario, Holder) {
    let mut scenario = Scenario::new();
    let mut holder = Holder::typed();
    scenario.command(sign_in());
    holder.comes(&mut scenario, FEATURES);
    scenario.expect("authenticate");
    holder.proves(&mut scenario, &[ENABLED, TOKEN].concat());
    scenario.recv(AFTERWARDS);
    settle(&mut scenario);
    (scenario, holder)
}

/// The first requests of a session are answered.
fn settle(scenario: &mut Scenario) {
    scenario.answer_archive("");
    scenario.answer_roster();
    scenario.answer_read_sync("");
    scenario.answer_bookmarks("");
    // Those, presence and the older bookmarks: carbons were not asked for again.
    scenario.recv(&acked(-1));
    scenario.sent.clear();
    scenario.events.clear();
}

fn sign_in() -> Command {
    Command::Session(SessionCommand::SignIn {
        jid: ME.parse().unwrap(),
        url: "wss://example.org/xmpp-websocket".into(),
    })
}

fn trouble(scenario: &Scenario) -> Option<Trouble> {
    match scenario.store.status() {
        SessionStatus::SignedOut { trouble } => trouble.clone(),
        SessionStatus::Waiting { trouble, .. } => Some(trouble.clone()),
        _ => None,
    }
}

#[test]
fn a_sign_in_asks_for_everything_at_once() {
    let mut scenario = Scenario::new();
    let mut holder = Holder::typed();
    scenario.command(sign_in());
    holder.comes(&mut scenario, FEATURES);
    let authenticate = scenario.expect("authenticate");
    assert_eq!(authenticate.attr("mechanism"), Some("SCRAM-SHA-1"));
    let agent = authenticate.get_child("user-agent", SASL2).unwrap();
    assert_eq!(agent.attr("id"), Some(&*device_id([7; 16])));
    let bind = authenticate.get_child("bind", BIND2).unwrap();
    assert_eq!(bind.get_child("tag", BIND2).unwrap().text(), "Couplet");
    assert!(has(bind, "enable@urn:xmpp:carbons:2"));
    let enable = bind.get_child("enable", SM).unwrap();
    assert_eq!(enable.attr("resume"), Some("true"));
    assert!(!has(bind, "inactive"), "somebody looks");
    assert!(!has(&authenticate, "resume"));
    assert!(authenticate.has_child("request-token", FAST));
    holder.proves(&mut scenario, &[ENABLED, TOKEN].concat());
    scenario.recv(AFTERWARDS);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert_eq!(scenario.store.me().unwrap().to_string(), MY_ADDRESS);
    assert!(holder.token.is_some());
    // What came along is not asked for again; the stream isn't begun again.
    for sent in ["open", "enable", "bind", "r"] {
        assert!(
            sent == "r" || scenario.find(|it| it.name() == sent).is_none(),
            "{sent}"
        );
    }
    assert!(scenario.find(|sent| has(sent, "enable")).is_none());
    assert!(scenario.find(|sent| sent.name() == "presence").is_some());
}

#[test]
fn nothing_of_the_token_gets_to_the_engine_or_the_disk() {
    let (scenario, holder) = signed_in();
    let secret = holder.token.unwrap();
    for row in scenario.disk.rows() {
        let value = row.value.unwrap();
        assert!(!String::from_utf8_lossy(&value).contains(&secret));
    }
    assert!(scenario.log.iter().all(|line| !line.contains(&secret)));
}

#[test]
fn counters_begin_when_the_session_does() {
    let (mut scenario, _) = signed_in();
    scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
    // Archive, roster, what was read and bookmarks in three forms were answered.
    assert_eq!(scenario.expect("a").attr("h"), Some("6"));
    scenario.say("hello");
    scenario.recv(&acked(0));
    let delivery = scenario.messages()[0].delivery.clone();
    assert_eq!(delivery, couplet_engine::store::Delivery::Sent);
}

#[test]
fn who_isnt_looked_at_begins_inactive() {
    let mut scenario = Scenario::new();
    let mut holder = Holder::typed();
    scenario.command(Command::Session(SessionCommand::Visible(false)));
    scenario.command(sign_in());
    holder.comes(&mut scenario, FEATURES);
    let authenticate = scenario.expect("authenticate");
    let bind = authenticate.get_child("bind", BIND2).unwrap();
    assert!(has(bind, "inactive@urn:xmpp:csi:0"));
    holder.proves(&mut scenario, ENABLED);
    scenario.recv(AFTERWARDS);
    assert!(scenario.find(|sent| sent.name() == "inactive").is_none());
    // A session that goes on is active, and gets no features that say what can be done.
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    scenario.expect("authenticate");
    holder.proves(&mut scenario, &resumption("session-1", -3));
    let inactive = scenario.find(|sent| sent.name() == "inactive");
    assert!(inactive.is_some());
}

/// The connection breaks and is made again.
fn reconnect(scenario: &mut Scenario) {
    scenario.lose_connection();
    scenario.advance(2);
}

#[test]
fn a_resume_by_token_is_one_round_trip() {
    let (mut scenario, mut holder) = signed_in();
    scenario.say("one");
    scenario.say("two");
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    // Of ours: <open/>, and this.
    assert!(scenario.sent.is_empty(), "{:?}", scenario.sent);
    assert_eq!(holder.sent.len(), 1);
    let authenticate = &holder.sent[0];
    assert_eq!(authenticate.attr("mechanism"), Some("HT-SHA-256-NONE"));
    let fast = authenticate.get_child("fast", FAST).unwrap();
    assert_eq!(fast.attr("count"), Some("1"));
    let resume = authenticate.get_child("resume", SM).unwrap();
    assert_eq!(resume.attr("previd"), Some("session-1"));
    assert_eq!(resume.attr("h"), Some("6"));
    assert!(authenticate.has_child("bind", BIND2), "if it fails");
    // Of theirs: <open/>, features, and this.
    let resumed = &resumption("session-1", 0);
    let consent = success(Some(&holder.responds()), MY_ADDRESS, resumed);
    holder.hears(&mut scenario, &consent);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert_eq!(scenario.sent_bodies(), ["two"]);
    assert!(scenario.log.iter().any(|line| line == "session resumed"));
    let presence = scenario.find(|sent| sent.name() == "presence");
    assert!(presence.is_none(), "nobody has seen us go");
}

#[test]
fn what_the_server_replays_at_once_is_not_lost() {
    let (mut scenario, mut holder) = signed_in();
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    let resumed = &resumption("session-1", -1);
    let consent = success(Some(&holder.responds()), MY_ADDRESS, resumed);
    holder.hears(&mut scenario, &consent);
    scenario.recv(
        "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='m1'>\
         <body>hello</body></message>",
    );
    scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
    assert_eq!(scenario.bodies(), ["hello"]);
    let ack = scenario.find(|sent| sent.name() == "a").unwrap();
    assert_eq!(ack.attr("h"), Some("7"));
    let warnings = scenario.log.len();
    scenario.recv(AFTERWARDS);
    assert_eq!(scenario.log.len(), warnings, "the features may come late");
}

#[test]
fn a_resume_promises_only_what_is_on_disk() {
    let (mut scenario, mut holder) = signed_in();
    scenario.disk_is_slow = true;
    scenario.recv(
        "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='m1'>\
         <body>hello</body></message>",
    );
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    assert!(holder.sent.is_empty(), "it acknowledges");
    scenario.commit();
    holder.answers(&mut scenario);
    let resume = holder.sent[0].get_child("resume", SM).unwrap();
    assert_eq!(resume.attr("h"), Some("7"));
}

#[test]
fn a_reloaded_page_resumes_by_token() {
    let (scenario, mut holder) = signed_in();
    let mut reloaded = scenario.reloaded(2);
    // The password went with the page.
    holder.means.password = false;
    holder.comes(&mut reloaded, FEATURES);
    assert!(holder.sent[0].has_child("resume", SM));
    let resumed = &resumption("session-1", -1);
    let consent = success(Some(&holder.responds()), MY_ADDRESS, resumed);
    holder.hears(&mut reloaded, &consent);
    reloaded.recv(AFTERWARDS);
    assert_eq!(*reloaded.store.status(), SessionStatus::Online);
}

#[test]
fn when_resumption_fails_there_is_a_new_session_in_the_same_round_trip() {
    let (mut scenario, mut holder) = signed_in();
    scenario.say("arrived");
    scenario.say("lost");
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    let inline = format!(
        "<failed xmlns='urn:xmpp:sm:3' h='{BEGUN}'><item-not-found \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
    );
    let bound = ENABLED.replace("session-1", "session-2");
    let consent = success(
        Some(&holder.responds()),
        "alice@example.org/Couplet/4232f4d4",
        &[inline, bound].concat(),
    );
    holder.hears(&mut scenario, &consent);
    scenario.recv(AFTERWARDS);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    let me = scenario.store.me().unwrap().to_string();
    assert_eq!(me, "alice@example.org/Couplet/4232f4d4");
    // The h of <failed/> has proven the first one; the other may be in the archive.
    assert!(scenario.sent_bodies().is_empty());
    scenario.answer_archive("");
    assert_eq!(scenario.sent_bodies(), ["lost"]);
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    let resume = holder.sent[1].get_child("resume", SM).unwrap();
    assert_eq!(resume.attr("previd"), Some("session-2"));
    let fast = holder.sent[1].get_child("fast", FAST).unwrap();
    assert_eq!(fast.attr("count"), Some("2"));
}

#[test]
fn a_session_that_was_taken_away_is_resumed_or_nothing() {
    let (mut scenario, mut holder) = signed_in();
    scenario.recv(
        "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
         <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    );
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    assert!(holder.sent[0].has_child("resume", SM));
    assert!(!holder.sent[0].has_child("bind", BIND2), "it is another's");
    let failed = "<failed xmlns='urn:xmpp:sm:3'><item-not-found \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
    let consent = success(Some(&holder.responds()), "alice@example.org", failed);
    holder.hears(&mut scenario, &consent);
    let trouble = Some(Trouble::Replaced);
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble }
    );
}

#[test]
fn a_new_token_takes_the_place_of_the_old_one() {
    let (mut scenario, mut holder) = signed_in();
    let old = holder.token.clone();
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    // XEP-0484 3.5
    let token = "<token xmlns='urn:xmpp:fast:0' expiry='2027-03-31T14:36:15Z' \
         token='R3VyIHpiZmcgbnl2aXIgdmYgZ3VyIGp2eXFyZmcu'/>";
    let inline = resumption("session-1", -1) + token;
    let consent = success(Some(&holder.responds()), MY_ADDRESS, &inline);
    holder.hears(&mut scenario, &consent);
    assert_ne!(holder.token, old);
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    let fast = holder.sent[1].get_child("fast", FAST).unwrap();
    assert_eq!(fast.attr("count"), Some("1"), "counted anew");
}

const REFUSED: &str = "<failure xmlns='urn:xmpp:sasl:2'>\
     <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>";

#[test]
fn a_revoked_token_gives_way_to_the_password() {
    let (mut scenario, mut holder) = signed_in();
    scenario.say("unproven");
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    let opens = scenario.opens;
    holder.hears(&mut scenario, REFUSED);
    assert_eq!(scenario.opens, opens + 1, "on a new stream");
    holder.comes(&mut scenario, FEATURES);
    let authenticate = scenario.expect("authenticate");
    assert_eq!(authenticate.attr("mechanism"), Some("SCRAM-SHA-1"));
    assert!(authenticate.has_child("resume", SM), "nothing else is lost");
    assert!(authenticate.has_child("request-token", FAST));
    let inline = resumption("session-1", -1) + TOKEN;
    holder.proves(&mut scenario, &inline);
    scenario.recv(AFTERWARDS);
    assert_eq!(scenario.sent_bodies(), ["unproven"]);
    assert!(holder.token.is_some());
}

#[test]
fn a_revoked_token_alone_asks_for_the_password_and_loses_nothing() {
    let (mut scenario, _) = signed_in();
    scenario.say("precious");
    let mut reloaded = scenario.reloaded(2);
    let mut holder = Holder::with_token();
    holder.comes(&mut reloaded, FEATURES);
    holder.hears(&mut reloaded, REFUSED);
    let why = Some(Trouble::PasswordNeeded(Again::TokenRefused));
    assert_eq!(trouble(&reloaded), why);
    assert_eq!(reloaded.bodies(), ["precious"]);
    // It is typed, and all goes on.
    let mut holder = Holder::typed();
    reloaded.command(sign_in());
    holder.comes(&mut reloaded, FEATURES);
    reloaded.expect("authenticate");
    holder.proves(&mut reloaded, ENABLED);
    reloaded.recv(AFTERWARDS);
    reloaded.answer_archive("");
    assert_eq!(reloaded.sent_bodies(), ["precious"]);
}

#[test]
fn an_expired_token_is_called_that() {
    let (scenario, _) = signed_in();
    let mut reloaded = scenario.reloaded(2);
    let mut holder = Holder::with_token();
    holder.comes(&mut reloaded, FEATURES);
    holder.hears(
        &mut reloaded,
        "<failure xmlns='urn:xmpp:sasl:2'>\
         <credentials-expired xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>",
    );
    let why = Some(Trouble::PasswordNeeded(Again::TokenExpired));
    assert_eq!(trouble(&reloaded), why);
}

#[test]
fn signing_out_has_the_server_forget_the_token() {
    let (mut scenario, mut holder) = signed_in();
    let opens = scenario.opens;
    scenario.command(Command::Session(SessionCommand::SignOut));
    holder.answers(&mut scenario);
    assert_eq!(trouble(&scenario), None);
    scenario.expect("close");
    assert_eq!(scenario.opens, opens, "first the session ends");
    scenario.recv("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
    assert_eq!(scenario.opens, opens + 1);
    scenario.events.clear();
    holder.comes(&mut scenario, FEATURES);
    let authenticate = holder.sent.last().unwrap();
    let fast = authenticate.get_child("fast", FAST).unwrap();
    assert_eq!(fast.attr("invalidate"), Some("true"));
    assert!(!authenticate.has_child("bind", BIND2));
    assert!(!authenticate.has_child("resume", SM));
    let closes = scenario.closes;
    let consent = success(Some(&holder.responds()), ME, "");
    holder.hears(&mut scenario, &consent);
    scenario.expect("close");
    assert_eq!(scenario.closes, closes + 1);
    assert!(scenario.events.is_empty(), "{:?}", scenario.events);
    scenario.advance(600);
    assert_eq!(scenario.opens, opens + 1);
}

#[test]
fn nobody_waits_for_a_token_to_be_forgotten() {
    let (mut scenario, mut holder) = signed_in();
    scenario.command(Command::Session(SessionCommand::SignOut));
    holder.answers(&mut scenario);
    scenario.advance(3);
    let opens = scenario.opens;
    scenario.events.clear();
    // The server doesn't answer.
    scenario.input(Input::Opened);
    scenario.advance(11);
    scenario.advance(600);
    assert_eq!(scenario.opens, opens);
    assert!(scenario.events.is_empty(), "{:?}", scenario.events);
    // And somebody who signs in again meanwhile does.
    let (mut scenario, mut holder) = signed_in();
    scenario.command(Command::Session(SessionCommand::SignOut));
    holder.answers(&mut scenario);
    scenario.recv("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
    scenario.command(sign_in());
    let mut holder = Holder::typed();
    holder.comes(&mut scenario, FEATURES);
    let authenticate = scenario.expect("authenticate");
    assert!(authenticate.has_child("bind", BIND2));
    holder.proves(&mut scenario, ENABLED);
    scenario.recv(AFTERWARDS);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
}

#[test]
fn a_server_that_no_longer_does_sasl2_is_signed_in_to_as_before() {
    let (mut scenario, mut holder) = signed_in();
    reconnect(&mut scenario);
    holder.comes(&mut scenario, CLASSIC);
    let auth = scenario.expect("auth");
    assert_eq!(auth.attr("mechanism"), Some("SCRAM-SHA-1"));
    assert!(holder.sent.is_empty(), "the token is shown to nobody else");
    // Without the password there is nothing to sign in with.
    let mut reloaded = scenario.reloaded(2);
    let mut holder = Holder::with_token();
    holder.comes(&mut reloaded, CLASSIC);
    let why = Some(Trouble::PasswordNeeded(Again::Changed));
    assert_eq!(trouble(&reloaded), why);
}

#[test]
fn what_isnt_offered_inline_is_done_afterwards() {
    let mut scenario = Scenario::new();
    let mut holder = Holder::typed();
    scenario.command(sign_in());
    // XEP-0388 5.1
    let bare = "<authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism>\
         <mechanism>SCRAM-SHA-1</mechanism></authentication>";
    holder.comes(&mut scenario, bare);
    let authenticate = scenario.expect("authenticate");
    assert!(!has(&authenticate, "bind") && !has(&authenticate, "request-token"));
    holder.is_challenged(&mut scenario);
    let consent = success(Some(&holder.signature()), ME, "");
    holder.hears(&mut scenario, &consent);
    scenario.bind();
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert!(
        scenario
            .find(|sent| has(sent, "enable@urn:xmpp:carbons:2"))
            .is_some()
    );
    reconnect(&mut scenario);
    holder.comes(&mut scenario, bare);
    scenario.expect("authenticate");
    holder.is_challenged(&mut scenario);
    let consent = success(Some(&holder.signature()), ME, "");
    holder.hears(&mut scenario, &consent);
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.expect("resume");
}

#[test]
fn a_session_that_is_bound_inline_may_be_managed_afterwards() {
    let mut scenario = Scenario::new();
    let mut holder = Holder::typed();
    scenario.command(sign_in());
    let features = FEATURES.replace("<feature var='urn:xmpp:sm:3'/>", "");
    let features = features.replace("<sm xmlns='urn:xmpp:sm:3'/>", "");
    holder.comes(&mut scenario, &features);
    let authenticate = scenario.expect("authenticate");
    let bind = authenticate.get_child("bind", BIND2).unwrap();
    assert!(!bind.has_child("enable", SM));
    holder.proves(&mut scenario, "<bound xmlns='urn:xmpp:bind:0'/>");
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.expect("enable");
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-1' resume='true'/>");
    reconnect(&mut scenario);
    holder.comes(&mut scenario, &features);
    let authenticate = scenario.expect("authenticate");
    assert!(
        !authenticate.has_child("bind", BIND2),
        "a new session would be in the way of the old one"
    );
}

#[test]
fn plain_goes_past_the_engine() {
    let mut scenario = Scenario::new();
    let mut holder = Holder::typed();
    scenario.command(sign_in());
    let features = FEATURES
        .replace("SCRAM-SHA-1-PLUS", "X")
        .replace("SCRAM-SHA-1", "PLAIN");
    holder.comes(&mut scenario, &features);
    assert!(scenario.sent.is_empty());
    assert_eq!(holder.sent[0].attr("mechanism"), Some("PLAIN"));
    assert!(holder.sent[0].has_child("bind", BIND2));
    let consent = success(None, MY_ADDRESS, &[ENABLED, TOKEN].concat());
    holder.hears(&mut scenario, &consent);
    scenario.recv(AFTERWARDS);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    // The token makes up for the password that isn't kept.
    assert!(holder.token.is_some());
}
