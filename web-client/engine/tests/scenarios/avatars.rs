//! Pictures of people: published (XEP-0084) or on their card (XEP-0153), and our own.

use couplet_engine::Command;
use couplet_engine::modules::xep0084_avatar::{self, Picture};
use couplet_engine::store::NotSaved;
use jid::BareJid;

use crate::scenario::{ME, Scenario, has, resumption};

/// The SHA-1 of "hello".
const HELLO: &str = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";

fn jid(text: &str) -> BareJid {
    text.parse().unwrap()
}

fn shown(scenario: &Scenario, whose: &str) -> Option<Vec<u8>> {
    let shown = scenario.store.avatar(&jid(whose));
    shown.map(|image| image.to_vec())
}

/// A presence of `from` with this on their card.
fn presence(from: &str, photo: &str) -> String {
    format!(
        "<presence xmlns='jabber:client' from='{from}'>\
         <x xmlns='vcard-temp:x:update'>{photo}</x></presence>"
    )
}

fn hello(from: &str) -> String {
    presence(from, &format!("<photo>{HELLO}</photo>"))
}

fn metadata(from: &str, info: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{from}' type='headline'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='urn:xmpp:avatar:metadata'><item id='x'>\
         <metadata xmlns='urn:xmpp:avatar:metadata'>{info}</metadata></item></items></event></message>"
    )
}

fn card(id: &str, from: &str, photo: &str) -> String {
    format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{from}'>\
         <vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>{photo}</BINVAL></PHOTO>\
         </vCard></iq>"
    )
}

fn result(id: &str) -> String {
    format!("<iq xmlns='jabber:client' type='result' id='{id}'/>")
}

const CARD: &str = "vCard@vcard-temp";

#[test]
fn a_cards_picture_is_fetched_once_and_goes_when_it_is_taken_off() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&hello("bob@example.org/phone"));
    scenario.recv(&hello("bob@example.org/desk"));
    assert!(scenario.find(|sent| has(sent, CARD)).is_none(), "at once");
    scenario.advance(4);
    let id = scenario.expect_iq(CARD);
    assert!(scenario.find(|sent| has(sent, CARD)).is_none(), "twice");
    scenario.recv(&card(&id, "bob@example.org", "aGVs\n bG8="));
    assert_eq!(shown(&scenario, "bob@example.org").unwrap(), b"hello");
    // Another presence, after a reload too, tells nothing new.
    let mut scenario = scenario.reloaded(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.expect("resume");
    scenario.recv(&resumption("session-1", 1));
    scenario.recv(&hello("bob@example.org/phone"));
    scenario.advance(4);
    assert!(scenario.find(|sent| has(sent, CARD)).is_none());
    // One that isn't ready to say.
    scenario.recv(&presence("bob@example.org/phone", ""));
    assert!(shown(&scenario, "bob@example.org").is_some());
    scenario.recv(&presence("bob@example.org/phone", "<photo/>"));
    assert!(shown(&scenario, "bob@example.org").is_none());
}

#[test]
fn a_cards_picture_that_isnt_what_was_told_is_asked_for_once() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&hello("bob@example.org/phone"));
    scenario.advance(4);
    let id = scenario.expect_iq(CARD);
    scenario.recv(&card(&id, "mallory@example.org", "aGVsbG8="));
    assert!(shown(&scenario, "bob@example.org").is_none(), "of another");
    scenario.recv(&card(&id, "bob@example.org", "Zm9yZ2Vk"));
    assert!(shown(&scenario, "bob@example.org").is_none(), "forged");
    scenario.recv(&hello("bob@example.org/phone"));
    scenario.advance(4);
    assert!(scenario.find(|sent| has(sent, CARD)).is_none(), "again");
}

#[test]
fn a_stranger_and_a_hash_that_is_none_make_us_ask_for_nothing() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&hello("mallory@example.org/x"));
    scenario.recv(&presence("bob@example.org/x", "<photo>../../etc</photo>"));
    scenario.recv(&presence(
        "bob@example.org/x",
        &format!("<photo>{}</photo>", "a".repeat(100_000)),
    ));
    scenario.advance(4);
    assert!(scenario.find(|sent| has(sent, CARD)).is_none());
}

#[test]
fn a_picture_beyond_the_limit_isnt_taken_off_a_card() {
    use sha1::{Digest, Sha1};
    let large = vec![0; 600 * 1024];
    let hash: String = Sha1::digest(&large)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // 600 KiB of zeroes in base64.
    let base64 = "A".repeat(large.len() / 3 * 4);
    let mut scenario = Scenario::signed_in();
    scenario.recv(&presence(
        "bob@example.org/x",
        &format!("<photo>{hash}</photo>"),
    ));
    scenario.advance(4);
    let id = scenario.expect_iq(CARD);
    scenario.recv(&card(&id, "bob@example.org", &base64));
    assert!(shown(&scenario, "bob@example.org").is_none());
}

#[test]
fn what_is_published_counts_and_is_fetched_once_where_the_server_converts() {
    let info = format!("<info bytes='5' id='{HELLO}' type='image/png'/>");
    let data = |id: &str| {
        format!(
            "<iq xmlns='jabber:client' type='result' id='{id}' from='bob@example.org'>\
             <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'>\
             <item id='x'><data xmlns='urn:xmpp:avatar:data'>aGVsbG8=</data></item></items>\
             </pubsub></iq>"
        )
    };
    // The card is told of first.
    let mut scenario = Scenario::signed_in();
    scenario.recv(&hello("bob@example.org/phone"));
    scenario.recv(&metadata("bob@example.org", &info));
    let id = scenario.expect_iq("pubsub");
    scenario.recv(&data(&id));
    scenario.advance(4);
    assert!(scenario.find(|sent| has(sent, CARD)).is_none());
    // Another one on the card means nothing.
    let other = format!("<photo>{}</photo>", "0".repeat(40));
    scenario.recv(&presence("bob@example.org/phone", &other));
    scenario.recv(&presence("bob@example.org/phone", "<photo/>"));
    scenario.advance(4);
    assert!(scenario.find(|sent| has(sent, CARD)).is_none());
    assert_eq!(shown(&scenario, "bob@example.org").unwrap(), b"hello");

    // The card's has been fetched when word of the published one comes.
    let mut scenario = Scenario::signed_in();
    scenario.recv(&hello("bob@example.org/phone"));
    scenario.advance(4);
    let id = scenario.expect_iq(CARD);
    scenario.recv(&card(&id, "bob@example.org", "aGVsbG8="));
    scenario.recv(&metadata("bob@example.org", &info));
    assert!(scenario.find(|sent| has(sent, "pubsub")).is_none());
    assert_eq!(shown(&scenario, "bob@example.org").unwrap(), b"hello");
    scenario.recv(&metadata("bob@example.org", ""));
    assert!(shown(&scenario, "bob@example.org").is_none());
}

fn set(picture: Option<&[u8]>) -> Command {
    Command::Avatar(xep0084_avatar::Command::Set {
        request: "1".to_owned(),
        picture: picture.map(|bytes| Picture {
            bytes: bytes.to_vec(),
            media_type: "image/png".to_owned(),
            side: 64,
        }),
    })
}

fn outcome(scenario: &Scenario) -> Result<(), NotSaved> {
    let profile = scenario.store.profile(&jid(ME)).unwrap();
    profile.outcome("1").unwrap().clone()
}

fn refused(id: &str) -> String {
    format!(
        "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'>\
         <policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Too pretty</text></error></iq>"
    )
}

#[test]
fn our_picture_is_shown_when_the_server_has_it_and_word_of_it() {
    let mut scenario = Scenario::signed_in();
    scenario.command(set(Some(b"hello")));
    let data = scenario.find(|sent| has(sent, "pubsub")).unwrap();
    let text = String::from(&data);
    assert!(text.contains(HELLO) && text.contains("aGVsbG8="), "{text}");
    assert!(scenario.find(|sent| has(sent, "pubsub")).is_none());
    scenario.recv(&result(data.attr("id").unwrap()));
    let word = scenario.find(|sent| has(sent, "pubsub")).unwrap();
    let text = String::from(&word);
    for part in [HELLO, "bytes=\"5\"", "width=\"64\"", "image/png"] {
        assert!(
            text.contains(&part.replace('"', "'")) || text.contains(part),
            "{text}"
        );
    }
    assert!(shown(&scenario, ME).is_none());
    // The server tells us too.
    let info = format!("<info bytes='5' id='{HELLO}' type='image/png'/>");
    scenario.recv(&metadata(ME, &info));
    assert!(scenario.find(|sent| has(sent, "pubsub")).is_none());
    scenario.recv(&result(word.attr("id").unwrap()));
    assert_eq!(shown(&scenario, ME).unwrap(), b"hello");
    assert_eq!(outcome(&scenario), Ok(()));

    scenario.command(set(None));
    let word = scenario.find(|sent| has(sent, "pubsub")).unwrap();
    assert!(!String::from(&word).contains("info"));
    scenario.recv(&result(word.attr("id").unwrap()));
    assert!(shown(&scenario, ME).is_none());
}

#[test]
fn a_picture_that_the_server_refuses_isnt_shown_and_says_why() {
    let mut scenario = Scenario::signed_in();
    scenario.command(set(Some(b"hello")));
    let id = scenario.expect_iq("pubsub");
    scenario.recv(&refused(&id));
    assert!(scenario.find(|sent| has(sent, "pubsub")).is_none());
    assert!(shown(&scenario, ME).is_none());
    let NotSaved::Refused { condition, text } = outcome(&scenario).unwrap_err() else {
        panic!("offline");
    };
    assert_eq!(condition, "policy-violation");
    assert_eq!(text.as_deref(), Some("Too pretty"));
}

#[test]
fn without_a_connection_nothing_is_kept_back_for_later() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.command(set(Some(b"hello")));
    assert_eq!(outcome(&scenario), Err(NotSaved::Offline));
}
