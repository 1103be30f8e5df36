//! What people call themselves (XEP-0172).

use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_roster, xep0172_nickname};
use jid::BareJid;

use crate::scenario::{ME, Scenario, has};

fn nick(from: &str, name: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{from}' type='headline'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='http://jabber.org/protocol/nick'><item id='current'>\
         <nick xmlns='http://jabber.org/protocol/nick'>{name}</nick></item></items>\
         </event></message>"
    )
}

fn name(scenario: &Scenario, whose: &str) -> String {
    let jid: BareJid = whose.parse().unwrap();
    scenario.store.name(&jid).to_owned()
}

#[test]
fn a_contact_goes_by_their_own_name_unless_we_gave_them_one() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&nick("eve@example.org", "Eve the Great"));
    scenario.recv(&nick("bob@example.org", "Robert"));
    assert_eq!(name(&scenario, "eve@example.org"), "Eve the Great");
    assert_eq!(name(&scenario, "bob@example.org"), "Bob");
    assert_eq!(
        name(&scenario.reloaded(2), "eve@example.org"),
        "Eve the Great"
    );
    scenario.recv(&nick("eve@example.org", ""));
    assert_eq!(name(&scenario, "eve@example.org"), "eve");
}

#[test]
fn a_name_is_one_short_line_and_a_strangers_counts_for_nothing() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&nick("mallory@example.org", "Bob"));
    assert_eq!(name(&scenario, "mallory@example.org"), "mallory");
    scenario.recv(&nick("eve@example.org", " E\n\tve \u{202e}gnp.exe"));
    assert_eq!(name(&scenario, "eve@example.org"), "E ve gnp.exe");
    scenario.recv(&nick("eve@example.org", &"é".repeat(100_000)));
    assert_eq!(name(&scenario, "eve@example.org").chars().count(), 64);
    scenario.recv(&nick("eve@example.org", "\u{202e}\u{2066}"));
    assert_eq!(name(&scenario, "eve@example.org"), "eve");
}

#[test]
fn our_name_is_published_and_told_to_whom_we_ask() {
    let mut scenario = Scenario::signed_in();
    scenario.command(Command::Nickname(xep0172_nickname::Command::Set {
        request: "1".to_owned(),
        nickname: Some("  Alice of the Balcony ".to_owned()),
    }));
    let sent = scenario.find(|sent| has(sent, "pubsub")).unwrap();
    assert!(String::from(&sent).contains(">Alice of the Balcony<"));
    assert_eq!(name(&scenario, ME), "alice");
    let id = sent.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'/>"
    ));
    assert_eq!(name(&scenario, ME), "Alice of the Balcony");
    scenario.command(Command::Roster(rfc6121_roster::Command::Add {
        jid: "carol@example.org".parse().unwrap(),
        name: None,
    }));
    let asked = scenario.find(|sent| sent.name() == "presence").unwrap();
    let told = asked
        .get_child("nick", "http://jabber.org/protocol/nick")
        .unwrap();
    assert_eq!(told.text(), "Alice of the Balcony");
}
