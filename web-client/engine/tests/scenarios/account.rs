//! Another password for our account, and no account at all (XEP-0077).

use couplet_engine::Command;
use couplet_engine::modules::xep0077_account::{self, fill};
use couplet_engine::store::{NotSaved, SessionStatus, Trouble};
use minidom::Element;

use crate::scenario::Scenario;

fn change(scenario: &mut Scenario) {
    let request = "1".to_owned();
    let change = xep0077_account::Command::ChangePassword { request };
    scenario.command(Command::Account(change));
}

fn outcome(scenario: &Scenario) -> Option<Result<(), NotSaved>> {
    let me = "alice@example.org".parse().unwrap();
    scenario.store.profile(&me)?.outcome("1").cloned()
}

/// The request that changes it, as the engine writes it.
fn request(scenario: &mut Scenario) -> (String, String) {
    let asks = |sent: &Element| String::from(sent).contains("jabber:iq:register");
    let request = scenario.find(asks).expect("the server is asked");
    let id = request.attr("id").unwrap().to_owned();
    let frame = scenario.frames.iter().find(|frame| frame.contains(&id));
    (frame.unwrap().clone(), id)
}

#[test]
fn the_password_is_put_in_by_who_has_it() {
    let mut scenario = Scenario::signed_in();
    change(&mut scenario);
    let (frame, id) = request(&mut scenario);
    let password = "a<b&c \u{1f511}";
    let whole: Element = fill(&frame, Some(password)).unwrap().parse().unwrap();
    assert_eq!(
        (whole.attr("type"), whole.attr("id")),
        (Some("set"), Some(&*id))
    );
    let query = whole.get_child("query", "jabber:iq:register").unwrap();
    let words: Vec<_> = query
        .children()
        .map(|child| (child.name(), child.text()))
        .collect();
    let wanted = [
        ("username", "alice".to_owned()),
        ("password", password.to_owned()),
    ];
    assert_eq!(words, wanted);
    assert_eq!(outcome(&scenario), None);
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'/>"
    ));
    assert_eq!(outcome(&scenario), Some(Ok(())));
}

/// A page that is loaded anew doesn't have it any more, and sends again what wasn't
/// acknowledged.
#[test]
fn a_request_without_the_password_changes_nothing() {
    let mut scenario = Scenario::signed_in();
    change(&mut scenario);
    let (frame, id) = request(&mut scenario);
    let whole: Element = fill(&frame, None).unwrap().parse().unwrap();
    assert_eq!(
        (whole.attr("type"), whole.attr("id")),
        (Some("get"), Some(&*id))
    );
    let children: Vec<_> = whole
        .children()
        .map(|child| (child.name(), child.ns()))
        .collect();
    assert_eq!(children, [("query", "urn:couplet:nothing".to_owned())]);
}

/// Whatever somebody writes goes out as it is.
#[test]
fn it_is_put_in_nowhere_else() {
    let mut scenario = Scenario::signed_in();
    scenario.say("<password>couplet:new-password</password> jabber:iq:register");
    let message = scenario.find(|sent| sent.name() == "message").unwrap();
    for frame in [
        String::from(&message),
        "<message><password>couplet:new-password</password>jabber:iq:register</message>".to_owned(),
        "<iq type='set'><query xmlns='jabber:iq:register'><remove/></query></iq>".to_owned(),
        "<iq type='set'><x>&lt;password>couplet:new-password&lt;/password></x>jabber:iq:register</iq>"
            .to_owned(),
    ] {
        assert_eq!(fill(&frame, Some("secret")), None, "{frame}");
        assert_eq!(fill(&frame, None), None, "{frame}");
    }
}

#[test]
fn what_the_server_refuses_is_said() {
    let mut scenario = Scenario::signed_in();
    change(&mut scenario);
    let id = scenario.expect_iq("query@jabber:iq:register");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}'><error type='modify'><not-acceptable \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Too short</text></error></iq>"
    ));
    let refused = NotSaved::Refused {
        condition: "not-acceptable".to_owned(),
        text: Some("Too short".to_owned()),
    };
    assert_eq!(outcome(&scenario), Some(Err(refused)));
}

#[test]
fn without_a_connection_nothing_is_asked() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    change(&mut scenario);
    assert_eq!(outcome(&scenario), Some(Err(NotSaved::Offline)));
}

#[test]
fn an_account_that_is_deleted_is_asked_for_once() {
    let mut scenario = Scenario::signed_in();
    let request = "1".to_owned();
    let delete = xep0077_account::Command::Delete { request };
    scenario.command(Command::Account(delete));
    let iq = scenario
        .find(|sent| String::from(sent).contains("<remove"))
        .unwrap();
    assert_eq!(iq.attr("to"), None);
    let id = iq.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'/>"
    ));
    let trouble = Some(Trouble::AccountDeleted);
    assert_eq!(
        *scenario.store.status(),
        SessionStatus::SignedOut { trouble }
    );
    assert!(
        scenario.store.contacts().next().is_none(),
        "nothing is left"
    );
}
