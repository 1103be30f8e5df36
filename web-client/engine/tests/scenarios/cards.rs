//! Cards of people, and our own, in both forms (XEP-0292, XEP-0054).

use couplet_engine::Command;
use couplet_engine::modules::xep0292_vcard4::{self, Change};
use couplet_engine::store::{CardField, NotSaved};
use jid::BareJid;
use minidom::Element;

use crate::scenario::{ME, Scenario, has};

const BOB: &str = "bob@example.org";
const OLD: &str = "vCard@vcard-temp";

fn look(whose: &str) -> Command {
    Command::Look {
        jid: whose.parse().unwrap(),
        devices: Vec::new(),
    }
}

fn save(fields: &[(CardField, &str)]) -> Command {
    let fields = fields
        .iter()
        .map(|(field, text)| (*field, (*text).to_owned()));
    Command::Card(xep0292_vcard4::Command::Save(Change {
        request: "1".to_owned(),
        fields: fields.collect(),
    }))
}

fn fields(scenario: &Scenario, whose: &str) -> Vec<(CardField, String)> {
    let jid: BareJid = whose.parse().unwrap();
    let profile = scenario.store.profile(&jid);
    let card = profile.iter().flat_map(|profile| profile.card.iter());
    card.map(|(field, text)| (field, text.to_owned())).collect()
}

fn outcome(scenario: &Scenario) -> Option<Result<(), NotSaved>> {
    let me: BareJid = ME.parse().unwrap();
    scenario.store.profile(&me)?.outcome("1").cloned()
}

/// An answer of `from`, or of our own account.
fn result(id: &str, from: &str, payload: &str) -> String {
    let from = match from {
        "" => String::new(),
        from => format!(" from='{from}'"),
    };
    format!("<iq xmlns='jabber:client' type='result' id='{id}'{from}>{payload}</iq>")
}

fn item(card: &str) -> String {
    format!(
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:vcard4'>\
         <item id='current'><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'>{card}</vcard></item>\
         </items></pubsub>"
    )
}

fn old(card: &str) -> String {
    format!("<vCard xmlns='vcard-temp'>{card}</vCard>")
}

fn error(id: &str, from: &str, condition: &str) -> String {
    let from = match from {
        "" => String::new(),
        from => format!(" from='{from}'"),
    };
    format!(
        "<iq xmlns='jabber:client' type='error' id='{id}'{from}><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    )
}

/// The text of what was sent with this payload, and its id.
fn sent(scenario: &mut Scenario, payload: &str) -> (String, String) {
    let sent: Element = scenario.find(|sent| has(sent, payload)).unwrap();
    let id = sent.attr("id").unwrap().to_owned();
    (String::from(&sent), id)
}

const WHOLE: &str = "<fn><text>Bob Bobson</text></fn><n><surname>Bobson</surname></n>\
    <org><text>Acme</text></org><title><text>Gardener</text></title>\
    <bday><date>1990-12-31</date></bday>\
    <adr><street>1 Main St</street><locality>Vienna</locality><country>Austria</country></adr>\
    <email><parameters><type><text>work</text></type></parameters><text>bob@acme.example</text></email>\
    <email><text>bob@home.example</text></email>\
    <tel><uri>tel:+43-1-234</uri></tel><url><uri>https://bob.example/</uri></url>\
    <note><text>Two\nlines</text></note>";

#[test]
fn a_contacts_card_is_read_when_it_is_looked_at() {
    let mut scenario = Scenario::signed_in();
    assert!(scenario.find(|sent| has(sent, "pubsub")).is_none());
    scenario.command(look(BOB));
    let id = scenario.expect_items("urn:xmpp:vcard4");
    scenario.recv(&result(&id, BOB, &item(WHOLE)));
    let expected = [
        (CardField::Name, "Bob Bobson"),
        (CardField::Organisation, "Acme"),
        (CardField::Title, "Gardener"),
        (CardField::Birthday, "1990-12-31"),
        (CardField::City, "Vienna"),
        (CardField::Country, "Austria"),
        (CardField::Email, "bob@acme.example"),
        (CardField::Email, "bob@home.example"),
        (CardField::Phone, "+43-1-234"),
        (CardField::Website, "https://bob.example/"),
        (CardField::Note, "Two\nlines"),
    ];
    let expected: Vec<_> = expected
        .map(|(field, text)| (field, text.to_owned()))
        .into();
    assert_eq!(fields(&scenario, BOB), expected);
    assert!(scenario.find(|sent| has(sent, OLD)).is_none());
    assert_eq!(fields(&scenario.reloaded(2), BOB), expected);
}

#[test]
fn where_there_is_no_newer_card_the_older_one_is_read() {
    let mut scenario = Scenario::signed_in();
    scenario.command(look(BOB));
    let id = scenario.expect_items("urn:xmpp:vcard4");
    scenario.recv(&error(&id, BOB, "item-not-found"));
    let id = scenario.expect_iq(OLD);
    let card = "<FN>Bob</FN><ORG><ORGNAME>Acme</ORGNAME></ORG><EMAIL><INTERNET/>\
        <USERID>bob@acme.example</USERID></EMAIL><ADR><LOCALITY>Vienna</LOCALITY><CTRY/></ADR>\
        <DESC>Hello</DESC><PHOTO><BINVAL>aGVsbG8=</BINVAL></PHOTO>";
    scenario.recv(&result(&id, BOB, &old(card)));
    let found: Vec<_> = fields(&scenario, BOB)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(
        found,
        ["Bob", "Acme", "Vienna", "bob@acme.example", "Hello"]
    );
    // A picture is a matter of its own.
    assert!(scenario.store.avatar(&BOB.parse().unwrap()).is_none());
}

#[test]
fn a_strangers_card_isnt_asked_for_and_nobody_answers_for_another() {
    let mut scenario = Scenario::signed_in();
    scenario.command(look("mallory@example.org"));
    assert!(scenario.find(|sent| has(sent, "pubsub")).is_none());
    scenario.command(look(BOB));
    let id = scenario.expect_items("urn:xmpp:vcard4");
    scenario.recv(&result(&id, "mallory@example.org", &item(WHOLE)));
    assert_eq!(fields(&scenario, BOB), []);
}

#[test]
fn a_card_is_bounded() {
    let mut scenario = Scenario::signed_in();
    scenario.command(look(BOB));
    let id = scenario.expect_items("urn:xmpp:vcard4");
    let long = "x".repeat(100_000);
    let mails = format!("<email><text>{long}</text></email>").repeat(30);
    let card = format!(
        "<fn><text> A\n\u{202e}B </text></fn><note><text>{long}</text></note>\
         <title><text>  </text></title><org/>{mails}"
    );
    scenario.recv(&result(&id, BOB, &item(&card)));
    let found = fields(&scenario, BOB);
    assert_eq!(found[0], (CardField::Name, "A B".to_owned()));
    assert!(found.len() <= 24, "{}", found.len());
    assert!(found.iter().all(|(_, text)| text.chars().count() <= 2_000));
    assert!(found.iter().all(|(field, _)| *field != CardField::Title));
}

#[test]
fn what_another_client_wrote_stays_when_ours_is_changed() {
    let mut scenario = Scenario::signed_in();
    scenario.command(save(&[
        (CardField::Name, "Alice"),
        (CardField::City, "Graz"),
        (CardField::Email, "new@acme.example"),
        (CardField::Phone, ""),
        (CardField::Birthday, "some day"),
    ]));
    let id = scenario.expect_items("urn:xmpp:vcard4");
    let more = "<key><uri>https://bob.example/key</uri></key><x-odd>thing</x-odd>";
    scenario.recv(&result(&id, "", &item(&[WHOLE, more].concat())));
    let (text, id) = sent(&mut scenario, "pubsub");
    for kept in [
        "Bobson",
        "1 Main St",
        "Austria",
        "work",
        "bob@home.example",
        "/key",
        "thing",
        "Graz",
        "new@acme.example",
        ">Alice<",
        "some day",
    ] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    for gone in ["Vienna", "bob@acme.example", "tel:", "Bob Bobson", "1990"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    assert_eq!(outcome(&scenario), None);
    scenario.recv(&result(&id, "", ""));
    assert_eq!(outcome(&scenario), Some(Ok(())));
    assert!(fields(&scenario, ME).contains(&(CardField::City, "Graz".to_owned())));
}

#[test]
fn a_card_in_the_older_form_is_changed_in_that_form() {
    let mut scenario = Scenario::signed_in();
    scenario.command(save(&[
        (CardField::Name, "Alice"),
        (CardField::City, "Graz"),
    ]));
    let id = scenario.expect_items("urn:xmpp:vcard4");
    scenario.recv(&result(
        &id,
        "",
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'/>",
    ));
    let id = scenario.expect_iq(OLD);
    let card = "<FN>A</FN><ADR><HOME/><STREET>1 Main St</STREET></ADR><X-ODD>thing</X-ODD>\
        <PHOTO><BINVAL>aGVsbG8=</BINVAL></PHOTO>";
    scenario.recv(&result(&id, "", &old(card)));
    let (text, id) = sent(&mut scenario, OLD);
    for kept in [
        "1 Main St",
        "HOME",
        "thing",
        "aGVsbG8=",
        ">Alice<",
        ">Graz<",
    ] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    assert!(!text.contains("<FN>A</FN>"));
    scenario.recv(&result(&id, "", ""));
    assert_eq!(outcome(&scenario), Some(Ok(())));
}

#[test]
fn a_first_card_is_written_in_the_newer_form_or_the_older_if_the_server_has_only_that() {
    let mut scenario = Scenario::signed_in();
    scenario.command(save(&[(CardField::Name, "Alice")]));
    let id = scenario.expect_items("urn:xmpp:vcard4");
    scenario.recv(&error(&id, "", "item-not-found"));
    let id = scenario.expect_iq(OLD);
    // A server makes this of the picture.
    scenario.recv(&result(
        &id,
        "",
        &old("<PHOTO><BINVAL>aGVsbG8=</BINVAL></PHOTO>"),
    ));
    let (text, id) = sent(&mut scenario, "pubsub");
    assert!(text.contains("vcard-4.0") && text.contains(">Alice<"));
    scenario.recv(&error(&id, "", "feature-not-implemented"));
    let id = scenario.expect_iq(OLD);
    scenario.recv(&result(
        &id,
        "",
        &old("<PHOTO><BINVAL>aGVsbG8=</BINVAL></PHOTO>"),
    ));
    let (text, id) = sent(&mut scenario, OLD);
    assert!(text.contains("aGVsbG8=") && text.contains("<FN>Alice</FN>"));
    scenario.recv(&result(&id, "", ""));
    assert_eq!(outcome(&scenario), Some(Ok(())));
}

#[test]
fn a_card_that_cant_be_read_now_is_never_overwritten() {
    for condition in [
        "internal-server-error",
        "remote-server-timeout",
        "forbidden",
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.command(save(&[(CardField::Name, "Alice")]));
        let id = scenario.expect_items("urn:xmpp:vcard4");
        scenario.recv(&error(&id, "", condition));
        assert!(scenario.find(|sent| sent.name() == "iq").is_none());
        assert!(matches!(
            outcome(&scenario),
            Some(Err(NotSaved::Refused { .. }))
        ));
        // Nor the older one.
        let mut scenario = Scenario::signed_in();
        scenario.command(save(&[(CardField::Name, "Alice")]));
        let id = scenario.expect_items("urn:xmpp:vcard4");
        scenario.recv(&error(&id, "", "item-not-found"));
        let id = scenario.expect_iq(OLD);
        scenario.recv(&error(&id, "", condition));
        assert!(scenario.find(|sent| sent.name() == "iq").is_none());
        assert!(matches!(
            outcome(&scenario),
            Some(Err(NotSaved::Refused { .. }))
        ));
    }
}
