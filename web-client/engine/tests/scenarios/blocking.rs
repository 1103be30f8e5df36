//! Who can't reach us (XEP-0191), and why (XEP-0377).

use couplet_engine::Command;
use couplet_engine::modules::xep0191_blocking;
use couplet_engine::store::{Block, Reason, Report};
use jid::BareJid;

use crate::scenario::{ME, MY_ADDRESS, Scenario};

const REPORTING: &str = "urn:xmpp:reporting:1";

fn bob() -> BareJid {
    "bob@example.org".parse().unwrap()
}

/// A server that blocks, and what else it says of itself; these are blocked.
fn blocking(scenario: &mut Scenario, more: &str, blocked: &[&str]) {
    let id = scenario.expect_iq("query@http://jabber.org/protocol/disco#info");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='example.org'>\
         <query xmlns='http://jabber.org/protocol/disco#info'>\
         <feature var='urn:xmpp:blocking'/><feature var='{more}'/></query></iq>"
    ));
    let id = scenario.expect_iq("blocklist@urn:xmpp:blocking");
    let items: String = blocked
        .iter()
        .map(|jid| format!("<item jid='{jid}'/>"))
        .collect();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'>\
         <blocklist xmlns='urn:xmpp:blocking'>{items}</blocklist></iq>"
    ));
}

/// Signed in, with nothing answered yet that blocking asks.
fn signed_in() -> Scenario {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.bind();
    scenario
}

fn with_blocked(blocked: &[&str]) -> Scenario {
    let mut scenario = signed_in();
    blocking(&mut scenario, REPORTING, blocked);
    scenario.settle_in();
    scenario
}

fn block(scenario: &mut Scenario, report: Option<Report>) {
    let command = xep0191_blocking::Command::Block { jid: bob(), report };
    scenario.command(Command::Blocking(command));
}

fn unblock(scenario: &mut Scenario) {
    let command = xep0191_blocking::Command::Unblock { jid: bob() };
    scenario.command(Command::Blocking(command));
}

fn push(scenario: &mut Scenario, from: &str, payload: &str) {
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='set' id='push' from='{from}'>{payload}</iq>"
    ));
}

fn accept(scenario: &mut Scenario, payload: &str) {
    let id = scenario.expect_iq(payload);
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'/>"
    ));
}

fn refuse(scenario: &mut Scenario, payload: &str) {
    let id = scenario.expect_iq(payload);
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}'><error type='modify'>\
         <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
}

const BLOCK: &str = "block@urn:xmpp:blocking";
const UNBLOCK: &str = "unblock@urn:xmpp:blocking";

#[test]
fn a_server_that_blocks_nobody_is_asked_nothing_more() {
    let mut scenario = signed_in();
    let id = scenario.expect_iq("query@http://jabber.org/protocol/disco#info");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='example.org'>\
         <query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    ));
    assert_eq!(scenario.store.blocklist(), None);
    assert!(
        scenario
            .find(|sent| String::from(sent).contains("urn:xmpp:blocking"))
            .is_none()
    );
}

#[test]
fn who_is_blocked_is_known_from_the_beginning() {
    let scenario = with_blocked(&["eve@example.org", "spam.example", "room@rooms.example/nick"]);
    assert!(scenario.store.blocklist().unwrap().takes_reports);
    let shown: Vec<String> = scenario
        .store
        .blocked()
        .map(|(jid, _)| jid.to_string())
        .collect();
    assert_eq!(shown, ["eve@example.org", "spam.example"]);
    let is_blocked = |jid: &str| scenario.store.is_blocked(&jid.parse().unwrap());
    assert!(is_blocked("eve@example.org") && is_blocked("anybody@spam.example"));
    assert!(!is_blocked("bob@example.org") && !is_blocked("example.org"));
}

#[test]
fn somebody_is_blocked_at_once_and_let_in_again() {
    let mut scenario = with_blocked(&[]);
    block(&mut scenario, None);
    assert_eq!(scenario.store.block(&bob()), Some(Block::Wanted));
    assert!(scenario.store.is_blocked(&bob()));
    accept(&mut scenario, BLOCK);
    assert_eq!(scenario.store.block(&bob()), Some(Block::Kept));
    // The server tells all devices, this one too (XEP-0191 3.3).
    let item = "<block xmlns='urn:xmpp:blocking'><item jid='bob@example.org'/></block>";
    push(&mut scenario, ME, item);
    assert_eq!(scenario.store.block(&bob()), Some(Block::Kept));
    unblock(&mut scenario);
    assert_eq!(scenario.store.block(&bob()), None);
    accept(&mut scenario, UNBLOCK);
    assert_eq!(scenario.store.block(&bob()), None);
}

#[test]
fn a_server_that_refuses_is_told_of() {
    let mut scenario = with_blocked(&[]);
    block(&mut scenario, None);
    refuse(&mut scenario, BLOCK);
    assert_eq!(scenario.store.block(&bob()), Some(Block::Refused));
    assert!(!scenario.store.is_blocked(&bob()));
    // It can be tried again.
    block(&mut scenario, None);
    accept(&mut scenario, BLOCK);
    assert_eq!(scenario.store.block(&bob()), Some(Block::Kept));
    unblock(&mut scenario);
    refuse(&mut scenario, UNBLOCK);
    assert_eq!(scenario.store.block(&bob()), Some(Block::Kept));
}

#[test]
fn of_two_wishes_the_last_one_counts() {
    let mut scenario = with_blocked(&[]);
    block(&mut scenario, None);
    unblock(&mut scenario);
    accept(&mut scenario, BLOCK);
    assert_eq!(scenario.store.block(&bob()), None);
    accept(&mut scenario, UNBLOCK);
    assert_eq!(scenario.store.block(&bob()), None);
    assert!(!scenario.store.is_blocked(&bob()));
}

#[test]
fn what_another_device_does_is_shown() {
    let mut scenario = with_blocked(&["eve@example.org"]);
    push(
        &mut scenario,
        ME,
        "<block xmlns='urn:xmpp:blocking'><item jid='bob@example.org'/></block>",
    );
    assert_eq!(scenario.store.block(&bob()), Some(Block::Kept));
    let answer = scenario.expect("iq");
    assert_eq!(
        (answer.attr("type"), answer.attr("id")),
        (Some("result"), Some("push"))
    );
    push(&mut scenario, ME, "<unblock xmlns='urn:xmpp:blocking'/>");
    assert_eq!(scenario.store.blocked().count(), 0);
}

#[test]
fn nobody_else_says_who_is_blocked() {
    let mut scenario = with_blocked(&[]);
    for from in ["eve@example.org/x", "bob@example.org", "example.net"] {
        push(
            &mut scenario,
            from,
            "<block xmlns='urn:xmpp:blocking'><item jid='bob@example.org'/></block>",
        );
    }
    assert_eq!(scenario.store.blocked().count(), 0);
}

#[test]
fn what_is_wanted_without_a_connection_is_done_with_the_next_one() {
    let mut scenario = with_blocked(&[]);
    scenario.lose_connection();
    block(&mut scenario, None);
    assert!(scenario.store.is_blocked(&bob()));
    let mut reloaded = scenario.reloaded(7);
    assert_eq!(reloaded.store.block(&bob()), Some(Block::Wanted));
    reloaded.authenticate();
    reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
    reloaded.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    reloaded.answer_bind();
    blocking(&mut reloaded, REPORTING, &[]);
    accept(&mut reloaded, BLOCK);
    assert_eq!(reloaded.store.block(&bob()), Some(Block::Kept));
}

#[test]
fn a_report_says_why_and_which_messages_show_it() {
    let mut scenario = with_blocked(&[]);
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org/x' to='{MY_ADDRESS}' type='chat'>\
         <body>buy</body><stanza-id xmlns='urn:xmpp:sid:0' by='{ME}' id='a1'/></message>"
    ));
    let report = scenario.store.report(&bob(), Reason::Spam);
    block(&mut scenario, Some(report));
    let request = scenario
        .find(|sent| String::from(sent).contains(BLOCK.split('@').next().unwrap()))
        .unwrap();
    let item = request.get_child("block", "urn:xmpp:blocking").unwrap();
    let item = item.get_child("item", "urn:xmpp:blocking").unwrap();
    let report = item.get_child("report", REPORTING).unwrap();
    assert_eq!(report.attr("reason"), Some("urn:xmpp:reporting:spam"));
    let id = report.get_child("stanza-id", "urn:xmpp:sid:0").unwrap();
    assert_eq!((id.attr("by"), id.attr("id")), (Some(ME), Some("a1")));
}

#[test]
fn whoever_is_blocked_waits_for_no_answer() {
    let mut scenario = with_blocked(&[]);
    scenario.recv("<presence xmlns='jabber:client' from='zoe@example.org' type='subscribe'/>");
    assert_eq!(scenario.store.requests().len(), 1);
    let jid = "zoe@example.org".parse().unwrap();
    let command = xep0191_blocking::Command::Block { jid, report: None };
    scenario.command(Command::Blocking(command));
    assert_eq!(scenario.store.requests().len(), 0);
}

#[test]
fn a_hostile_list_has_a_bound() {
    let many: Vec<String> = (0..12_000)
        .map(|number| format!("n{number}@example.org"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let scenario = with_blocked(&many);
    assert_eq!(scenario.store.blocked().count(), 10_000);
    let nonsense = with_blocked(&["", "@", "a b@c", "eve@example.org"]);
    assert_eq!(nonsense.store.blocked().count(), 1);
}
