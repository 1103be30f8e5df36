//! Servers that don't keep to it.

use couplet_engine::store::{SessionStatus, Trouble};

use super::holder::Holder;
use super::{
    AFTERWARDS, ENABLED, FEATURES, TOKEN, reconnect, sign_in, signed_in, success, trouble,
};
use crate::scenario::{MY_ADDRESS, Scenario, resumption};

/// As far as our proof.
fn proven() -> (Scenario, Holder) {
    let mut scenario = Scenario::new();
    let mut holder = Holder::typed();
    scenario.command(sign_in());
    holder.comes(&mut scenario, FEATURES);
    scenario.expect("authenticate");
    holder.is_challenged(&mut scenario);
    (scenario, holder)
}

#[test]
fn consent_without_the_servers_proof_is_refused() {
    for data in [None, Some("dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9")] {
        let (mut scenario, mut holder) = proven();
        let consent = success(data, MY_ADDRESS, &[ENABLED, TOKEN].concat());
        holder.hears(&mut scenario, &consent);
        assert_eq!(trouble(&scenario), Some(Trouble::ServerNotVerified));
        assert!(holder.token.is_none(), "nothing of it counts");
        assert!(scenario.store.me().is_none());
    }
}

#[test]
fn consent_before_the_challenge_is_refused() {
    let mut scenario = Scenario::new();
    let mut holder = Holder::typed();
    scenario.command(sign_in());
    holder.comes(&mut scenario, FEATURES);
    holder.hears(&mut scenario, &success(None, MY_ADDRESS, ENABLED));
    assert_eq!(trouble(&scenario), Some(Trouble::ServerNotVerified));
}

#[test]
fn a_token_is_proven_on_both_sides() {
    let (mut scenario, mut holder) = signed_in();
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    let resumed = &resumption("session-1", -1);
    let consent = success(Some("AAAA"), MY_ADDRESS, resumed);
    holder.hears(&mut scenario, &consent);
    assert_eq!(trouble(&scenario), Some(Trouble::ServerNotVerified));
}

#[test]
fn to_be_taken_for_somebody_else_is_refused() {
    for somebody in [
        "bob@example.org/x",
        "alice@example.net/x",
        "example.org",
        "",
    ] {
        let (mut scenario, mut holder) = proven();
        let consent = success(Some(&holder.signature()), somebody, ENABLED);
        holder.hears(&mut scenario, &consent);
        let told = matches!(trouble(&scenario), Some(Trouble::Protocol { .. }));
        assert!(told, "{somebody:?}: {:?}", trouble(&scenario));
        assert!(scenario.store.me().is_none());
    }
}

#[test]
fn a_second_consent_changes_nothing() {
    let (mut scenario, mut holder) = proven();
    let signature = holder.signature();
    let consent = success(Some(&signature), MY_ADDRESS, ENABLED);
    holder.hears(&mut scenario, &consent);
    let other = success(Some(&signature), "bob@example.org/x", ENABLED);
    holder.hears(&mut scenario, &other);
    scenario.recv(AFTERWARDS);
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
    assert_eq!(scenario.store.me().unwrap().to_string(), MY_ADDRESS);
}

#[test]
fn nothing_counts_before_the_consent_is_verified() {
    let (mut scenario, holder) = proven();
    scenario.recv(&success(Some(&holder.signature()), MY_ADDRESS, ENABLED));
    scenario.recv(AFTERWARDS);
    assert!(matches!(trouble(&scenario), Some(Trouble::Protocol { .. })));
}

#[test]
fn a_challenge_has_a_bound() {
    let mut scenario = Scenario::new();
    let mut holder = Holder::typed();
    scenario.command(sign_in());
    holder.comes(&mut scenario, FEATURES);
    let huge = "QUFB".repeat(50_000);
    let challenge = format!("<challenge xmlns='urn:xmpp:sasl:2'>{huge}</challenge>");
    holder.hears(&mut scenario, &challenge);
    assert!(matches!(trouble(&scenario), Some(Trouble::Protocol { .. })));
}

#[test]
fn the_other_profiles_words_are_not_heard() {
    let (mut scenario, mut holder) = proven();
    let classic = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    holder.hears(&mut scenario, classic);
    assert_eq!(trouble(&scenario), None);
    assert!(scenario.find(|sent| sent.name() == "open").is_none());
}

#[test]
fn what_was_not_asked_for_is_not_there() {
    let (mut scenario, mut holder) = proven();
    let resumed = "<resumed xmlns='urn:xmpp:sm:3' previd='session-9' h='0'/>";
    let consent = success(Some(&holder.signature()), MY_ADDRESS, resumed);
    holder.hears(&mut scenario, &consent);
    assert_ne!(*scenario.store.status(), SessionStatus::Online);
    // The features say how to go on.
    scenario.bind();
    assert_eq!(*scenario.store.status(), SessionStatus::Online);
}

#[test]
fn more_acknowledged_than_was_sent_doesnt_resume() {
    let (mut scenario, mut holder) = signed_in();
    reconnect(&mut scenario);
    holder.comes(&mut scenario, FEATURES);
    let resumed = &resumption("session-1", 92);
    let consent = success(Some(&holder.responds()), MY_ADDRESS, resumed);
    holder.hears(&mut scenario, &consent);
    assert!(matches!(trouble(&scenario), Some(Trouble::Protocol { .. })));
    scenario.recv(AFTERWARDS);
    assert_ne!(*scenario.store.status(), SessionStatus::Online);
}

#[test]
fn a_task_that_nobody_here_can_do_is_told() {
    let (mut scenario, mut holder) = proven();
    // XEP-0388 2.6.3
    holder.hears(
        &mut scenario,
        "<continue xmlns='urn:xmpp:sasl:2'><additional-data>SSdtIGJvcmVkIG5vdy4=\
         </additional-data><tasks><task>HOTP-EXAMPLE</task><task>TOTP-EXAMPLE</task></tasks>\
         <text>This account requires 2FA</text></continue>",
    );
    let text = Some("This account requires 2FA".into());
    let condition = "continue".into();
    let told = Some(Trouble::SignInRefused { condition, text });
    assert_eq!(trouble(&scenario), told);
}
