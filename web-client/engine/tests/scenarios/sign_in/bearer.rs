//! Signing in by a token that a site gives for its user: RFC 7628.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use couplet_engine::sasl::Request;
use couplet_engine::store::{SessionStatus, Trouble};
use couplet_engine::{Command, SessionCommand};
use minidom::Element;

use super::holder::Holder;
use super::{
    AFTERWARDS, BIND2, CLASSIC, ENABLED, FAST, FEATURES, REFUSED, SM, TOKEN, reconnect, settle,
    sign_in, success, trouble,
};
use crate::scenario::{ME, MY_ADDRESS, Scenario, resumption};

/// Everything, and by a site's token too.
fn features() -> String {
    let bearer = "<mechanism>SCRAM-SHA-1-PLUS</mechanism><mechanism>OAUTHBEARER</mechanism>";
    FEATURES.replace("<mechanism>SCRAM-SHA-1-PLUS</mechanism>", bearer)
}

/// RFC 7628 3.2.2, as a challenge of this namespace.
fn challenge(namespace: &str) -> String {
    let status = STANDARD.encode(r#"{"status":"invalid_token"}"#);
    format!("<challenge xmlns='{namespace}'>{status}</challenge>")
}

/// The token that was shown, and for whom.
fn shown(frame: &Element) -> (String, String) {
    assert_eq!(frame.attr("mechanism"), Some("OAUTHBEARER"));
    let initial = frame.children().find(|it| it.name() == "initial-response");
    let message = STANDARD.decode(initial.unwrap_or(frame).text()).unwrap();
    let message = String::from_utf8(message).unwrap();
    let (header, rest) = message.split_once(",\u{1}auth=Bearer ").unwrap();
    let account = header.strip_prefix("n,a=").unwrap();
    let token = rest.strip_suffix("\u{1}\u{1}").unwrap();
    (account.to_owned(), token.to_owned())
}

/// Signed in with everything inline; the server gives tokens of its own, if any, in `inline`.
fn signed_in(bearers: &[&'static str], inline: &str) -> (Scenario, Holder) {
    let mut scenario = Scenario::new();
    let mut holder = Holder::vouched_for(bearers);
    scenario.command(sign_in());
    holder.comes(&mut scenario, &features());
    let consent = success(None, MY_ADDRESS, &[ENABLED, inline].concat());
    holder.hears(&mut scenario, &consent);
    scenario.recv(AFTERWARDS);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    settle(&mut scenario);
    (scenario, holder)
}

#[test]
fn a_sites_user_has_everything_in_one_round_trip() {
    let (scenario, holder) = signed_in(&["site-token-1"], "");
    assert_eq!(scenario.store.me().unwrap().to_string(), MY_ADDRESS);
    let authenticate = &holder.sent[0];
    assert_eq!(shown(authenticate), (ME.into(), "site-token-1".into()));
    assert!(authenticate.has_child("bind", BIND2));
    assert!(authenticate.has_child("request-token", FAST));
    for row in scenario.disk.rows() {
        let value = row.value.unwrap();
        assert!(!String::from_utf8_lossy(&value).contains("site-token"));
    }
    assert!(!scenario.log.iter().any(|line| line.contains("site-token")));
}

#[test]
fn a_server_without_sasl2_takes_it_too() {
    let mut scenario = Scenario::new();
    let mut holder = Holder::vouched_for(&["site-token-1"]);
    scenario.command(sign_in());
    let features = CLASSIC.replace("SCRAM-SHA-1", "OAUTHBEARER");
    holder.comes(&mut scenario, &features);
    assert!(holder.sent[0].is("auth", "urn:ietf:params:xml:ns:xmpp-sasl"));
    assert_eq!(shown(&holder.sent[0]).1, "site-token-1");
    holder.hears(
        &mut scenario,
        "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    );
    scenario.expect("open");
    scenario.recv("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org'/>");
    scenario.bind();
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
}

#[test]
fn where_the_server_gives_tokens_of_its_own_the_site_is_asked_once() {
    let (mut scenario, mut holder) = signed_in(&["site-token-1"], TOKEN);
    scenario.say("unproven");
    reconnect(&mut scenario);
    holder.comes(&mut scenario, &features());
    assert_eq!(holder.sent[1].attr("mechanism"), Some("HT-SHA-256-NONE"));
    assert!(holder.sent[1].has_child("resume", SM));
    let resumed = resumption("session-1", -1);
    let consent = success(Some(&holder.responds()), MY_ADDRESS, &resumed);
    holder.hears(&mut scenario, &consent);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert_eq!(scenario.sent_bodies(), ["unproven"]);
    // When that one is refused, the site's is of use again.
    reconnect(&mut scenario);
    holder.comes(&mut scenario, &features());
    holder.hears(&mut scenario, REFUSED);
    holder.comes(&mut scenario, &features());
    assert_eq!(shown(holder.sent.last().unwrap()).1, "site-token-1");
}

#[test]
fn a_token_that_has_expired_gives_way_to_another_and_the_session_goes_on() {
    let (mut scenario, mut holder) = signed_in(&["site-token-1", "site-token-2"], "");
    scenario.say("unproven");
    reconnect(&mut scenario);
    holder.comes(&mut scenario, &features());
    assert_eq!(shown(&holder.sent[1]).1, "site-token-1");
    holder.hears(&mut scenario, &challenge("urn:xmpp:sasl:2"));
    let response = scenario.expect("response");
    assert_eq!(STANDARD.decode(response.text()).unwrap(), [1]);
    let opens = scenario.opens;
    holder.hears(&mut scenario, REFUSED);
    assert_eq!(scenario.opens, opens + 1, "on a new stream");
    holder.comes(&mut scenario, &features());
    assert_eq!(shown(&holder.sent[2]).1, "site-token-2");
    assert!(holder.sent[2].has_child("resume", SM));
    let consent = success(None, MY_ADDRESS, &resumption("session-1", -1));
    holder.hears(&mut scenario, &consent);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert_eq!(scenario.sent_bodies(), ["unproven"]);
}

#[test]
fn without_another_token_that_is_said_and_nothing_is_lost() {
    let (mut scenario, mut holder) = signed_in(&["site-token-1"], "");
    scenario.say("precious");
    reconnect(&mut scenario);
    holder.comes(&mut scenario, &features());
    holder.hears(
        &mut scenario,
        "<failure xmlns='urn:xmpp:sasl:2'>\
         <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\
         <text>This token has expired.</text></failure>",
    );
    let needed = Trouble::TokenNeeded {
        text: Some("This token has expired.".into()),
    };
    assert_eq!(trouble(&scenario), Some(needed));
    let opens = scenario.opens;
    scenario.advance(600);
    assert_eq!(scenario.opens, opens, "it would be refused again");
    assert_eq!(scenario.bodies(), ["precious"]);
    // The site gives one after all.
    let mut holder = Holder::vouched_for(&["site-token-2"]);
    scenario.command(sign_in());
    holder.comes(&mut scenario, &features());
    let bound = ENABLED.replace("session-1", "session-2");
    holder.hears(&mut scenario, &success(None, MY_ADDRESS, &bound));
    scenario.recv(AFTERWARDS);
    scenario.answer_archive("");
    assert_eq!(scenario.sent_bodies(), ["precious"]);
}

#[test]
fn a_sites_token_is_not_shown_where_somebody_may_listen() {
    let mut scenario = Scenario::new();
    let mut holder = Holder::vouched_for(&["site-token-1"]);
    scenario.command(Command::Session(SessionCommand::SignIn {
        jid: ME.parse().unwrap(),
        url: "ws://example.org/xmpp-websocket".into(),
    }));
    holder.comes(&mut scenario, &features());
    assert!(holder.sent.is_empty());
    assert!(matches!(
        trouble(&scenario),
        Some(Trouble::NoMechanism { .. })
    ));
}

#[test]
fn who_leaves_has_no_token_of_the_site_to_be_forgotten() {
    let (mut scenario, mut holder) = signed_in(&["site-token-1"], "");
    scenario.command(Command::Session(SessionCommand::SignOut));
    assert!(scenario.sasl.contains(&Request::SignedOut));
    holder.answers(&mut scenario);
    let opens = scenario.opens;
    scenario.recv("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
    scenario.advance(600);
    assert_eq!(scenario.opens, opens);
    assert_eq!(holder.sent.len(), 1);
}
