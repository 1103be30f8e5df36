//! What a person wants with a conversation, on all of their devices.

use couplet_engine::modules::xep0223_conversations;
use couplet_engine::store::{Muted, Wishes};
use couplet_engine::{Command, Timestamp};

use crate::scenario::Scenario;
use minidom::Element;

const NODE: &str = "urn:couplet:conversations:0";

fn wish(scenario: &mut Scenario, wishes: Wishes) {
    let conversation = "bob@example.org".parse().unwrap();
    let wish = xep0223_conversations::Command::Wish {
        conversation,
        wishes,
    };
    scenario.command(Command::Conversation(wish));
}

fn wishes(scenario: &Scenario) -> Wishes {
    scenario.store.wishes(&"bob@example.org".parse().unwrap())
}

fn pinned() -> Wishes {
    Wishes {
        pinned: true,
        ..Wishes::default()
    }
}

/// The server has forgotten the session.
fn begin_anew(scenario: &mut Scenario) {
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    scenario.answer_bind();
}

/// What is asked of the server with these words in it.
fn asked(scenario: &mut Scenario, words: &str) -> Option<String> {
    let request = scenario.find(|sent| String::from(sent).contains(words));
    request.as_ref().map(String::from)
}

/// What another device has published.
fn told(scenario: &mut Scenario, from: &str, items: &str) {
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{from}' type='headline'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'><items node='{NODE}'>{items}\
         </items></event></message>"
    ));
}

fn item(attributes: &str) -> String {
    format!("<item id='bob@example.org'><conversation xmlns='{NODE}' {attributes}/></item>")
}

#[test]
fn what_is_wanted_is_shown_at_once_and_told_to_other_devices() {
    let mut scenario = Scenario::signed_in();
    let all = Wishes {
        pinned: true,
        archived: Some(Timestamp(1_700_000_000_000)),
        muted: Some(Muted::Until(Timestamp(1_800_000_000_000))),
        unread: true,
        known: true,
        cleared: Some(Timestamp(1_600_000_000_123)),
    };
    wish(&mut scenario, all);
    assert_eq!(wishes(&scenario), all);
    let text = asked(&mut scenario, "<publish ").unwrap();
    assert!(
        text.contains("whitelist"),
        "nobody else may read it: {text}"
    );
    // As another device reads it.
    let start = text.find("<conversation").unwrap();
    let end = text[start..].find("/>").unwrap() + start + 2;
    let mut other = Scenario::signed_in();
    let item = format!("<item id='bob@example.org'>{}</item>", &text[start..end]);
    told(&mut other, "alice@example.org", &item);
    assert_eq!(wishes(&other), all);
    wish(&mut other, Wishes::default());
    let text = asked(&mut other, "<publish ").unwrap();
    assert!(!text.contains("pinned"), "{text}");
    told(
        &mut scenario,
        "alice@example.org",
        "<retract id='bob@example.org'/>",
    );
    assert_eq!(
        wishes(&scenario),
        all,
        "what we want ourselves is on its way"
    );
}

#[test]
fn what_is_wanted_without_a_connection_is_told_later() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    wish(&mut scenario, pinned());
    let mut reloaded = scenario.reloaded(2);
    assert_eq!(wishes(&reloaded), pinned());
    begin_anew(&mut reloaded);
    assert!(asked(&mut reloaded, "<publish ").is_none());
    reloaded.answer_wishes(&item("muted='forever'"));
    assert!(asked(&mut reloaded, "<publish ").is_some());
    assert_eq!(wishes(&reloaded), pinned(), "the last word is ours");
}

/// The answer to the request with these words in it.
fn answer(scenario: &mut Scenario, words: &str, error: Option<&str>) -> String {
    let request = scenario.find(|sent| String::from(sent).contains(words));
    let request = request.unwrap();
    let id = request.attr("id").unwrap();
    scenario.recv(&match error {
        None => format!("<iq xmlns='jabber:client' type='result' id='{id}'/>"),
        Some(condition) => format!(
            "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'><{condition} \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        ),
    });
    String::from(&request)
}

/// Debian's ejabberd 23.01 knows no `pubsub#max_items` where something is published.
#[test]
fn where_publishing_makes_no_such_node_it_is_made() {
    for exists in [false, true] {
        let mut scenario = Scenario::signed_in();
        wish(&mut scenario, pinned());
        answer(&mut scenario, "<publish ", Some("resource-constraint"));
        let there = exists.then_some("conflict");
        let made = answer(&mut scenario, "<create ", there);
        assert!(made.contains("whitelist"), "{made}");
        if exists {
            answer(&mut scenario, "pubsub#owner", None);
        }
        let published = answer(&mut scenario, "<publish ", None);
        assert!(published.contains("whitelist"), "{published}");
        assert!(!published.contains("max_items"), "{published}");
        // And so from now on.
        wish(
            &mut scenario,
            Wishes {
                unread: true,
                ..pinned()
            },
        );
        let published = answer(&mut scenario, "<publish ", Some("not-acceptable"));
        assert!(!published.contains("max_items"), "{published}");
        assert!(asked(&mut scenario, "<create ").is_none(), "once is enough");
        assert!(
            scenario
                .log
                .iter()
                .any(|line| line.contains("can't be told"))
        );
    }
}

#[test]
fn what_other_devices_changed_meanwhile_is_learned() {
    let mut scenario = Scenario::signed_in();
    told(&mut scenario, "alice@example.org", &item("pinned='true'"));
    assert_eq!(wishes(&scenario), pinned());
    told(&mut scenario, "bob@example.org", &item("muted='forever'"));
    assert_eq!(wishes(&scenario), pinned(), "it is nobody else's affair");
    let mut reloaded = scenario.reloaded(2);
    begin_anew(&mut reloaded);
    reloaded.answer_wishes("");
    assert_eq!(wishes(&reloaded), Wishes::default());
}

#[test]
fn what_cant_be_understood_is_left_out() {
    let mut scenario = Scenario::signed_in();
    for nonsense in [
        item("pinned='yes' muted='tomorrow' archived='x' unread=''"),
        "<item id='@@@'/>".to_owned(),
        "<item/>".to_owned(),
        "<retract id=''/>".to_owned(),
    ] {
        told(&mut scenario, "alice@example.org", &nonsense);
        assert_eq!(wishes(&scenario), Wishes::default(), "{nonsense}");
    }
}

#[test]
fn of_more_conversations_than_anybody_has_nothing_is_kept() {
    let mut scenario = Scenario::signed_in();
    let items = (0..5_001).map(|number| {
        format!(
            "<item id='u{number}@example.org'><conversation xmlns='{NODE}' pinned='true'/></item>"
        )
    });
    for items in items.collect::<Vec<_>>().chunks(500) {
        told(&mut scenario, "alice@example.org", &items.concat());
    }
    assert_eq!(scenario.store.with_wishes().count(), 5_000);
}

/// A result of the archive: bob wrote it, or we did.
fn result(scenario: &mut Scenario, query: &str, from: &str, id: &str, stamp: &str) {
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='alice@example.org'>\
         <result xmlns='urn:xmpp:mam:2' queryid='{query}' id='archive-{id}'>\
         <forwarded xmlns='urn:xmpp:forward:0'>\
         <delay xmlns='urn:xmpp:delay' stamp='{stamp}'/>\
         <message xmlns='jabber:client' from='{from}@example.org/x' type='chat' id='{id}'>\
         <body>{id}</body></message></forwarded></result></message>"
    ));
}

fn bodies(scenario: &Scenario) -> Vec<String> {
    let bob = "bob@example.org".parse().unwrap();
    let known = scenario.store.conversation(&bob);
    let messages = known.into_iter().flat_map(|known| known.timeline.iter());
    messages.map(|message| message.body.clone()).collect()
}

fn bob_says(scenario: &mut Scenario, id: &str) {
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='{id}'>\
         <body>{id}</body></message>"
    ));
}

fn clear(scenario: &mut Scenario) {
    let bob = "bob@example.org".parse().unwrap();
    let clear = scenario.store.clearing(&bob).unwrap();
    scenario.command(Command::Archive(clear));
}

/// Answers what is asked of the archive for the sake of what is deleted.
fn answer_archive(scenario: &mut Scenario, said: &[(&str, &str)]) {
    let asks = |sent: &Element| String::from(sent).contains("<before/>");
    let query = scenario.find(asks).expect("nobody asks up to where");
    let (iq, text) = (query.attr("id").unwrap(), String::from(&query));
    let id = text.split("queryid='").nth(1).unwrap().split('\'').next();
    for (message, stamp) in said {
        result(scenario, id.unwrap(), "bob", message, stamp);
    }
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{iq}'><fin xmlns='urn:xmpp:mam:2' \
         complete='true'><set xmlns='http://jabber.org/protocol/rsm'/></fin></iq>"
    ));
}

const SAID: [(&str, &str); 3] = [
    ("one", "2030-01-01T10:00:00Z"),
    ("two", "2030-01-01T10:00:01.250Z"),
    ("three", "2030-01-01T10:00:02Z"),
];

#[test]
fn what_is_deleted_is_told_by_the_archives_clock() {
    let mut scenario = Scenario::signed_in();
    bob_says(&mut scenario, "one");
    bob_says(&mut scenario, "two");
    clear(&mut scenario);
    assert!(bodies(&scenario).is_empty(), "it goes at once");
    // Something comes while the archive is asked: it isn't meant.
    bob_says(&mut scenario, "three");
    answer_archive(&mut scenario, &SAID);
    let publish = asked(&mut scenario, "<publish ").unwrap();
    let told = "cleared='2030-01-01T10:00:01.250Z' cleared-to='archive-two'";
    assert!(publish.contains(told), "{publish}");
    assert_eq!(bodies(&scenario), ["three"]);
    let bob = "bob@example.org".parse().unwrap();
    assert!(
        !scenario.store.is_archived(&bob),
        "something has come since"
    );
}

#[test]
fn an_archive_that_cant_say_up_to_where_is_asked_again() {
    let mut scenario = Scenario::signed_in();
    bob_says(&mut scenario, "one");
    bob_says(&mut scenario, "two");
    clear(&mut scenario);
    let asks = |sent: &Element| String::from(sent).contains("<before/>");
    let query = scenario.find(asks).expect("nobody asks up to where");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{}'><error type='wait'>\
         <internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        query.attr("id").unwrap()
    ));
    assert!(wishes(&scenario).cleared.is_none(), "by whose clock?");
    scenario.lose_connection();
    let mut reloaded = scenario.reloaded(2);
    begin_anew(&mut reloaded);
    reloaded.answer_wishes("");
    answer_archive(&mut reloaded, &SAID);
    assert!(asked(&mut reloaded, "cleared-to='archive-two'").is_some());
}

#[test]
fn what_is_deleted_without_a_connection_is_told_when_there_is_one() {
    let mut scenario = Scenario::signed_in();
    bob_says(&mut scenario, "one");
    bob_says(&mut scenario, "two");
    scenario.lose_connection();
    clear(&mut scenario);
    assert!(bodies(&scenario).is_empty());
    let mut reloaded = scenario.reloaded(2);
    assert!(bodies(&reloaded).is_empty());
    assert!(wishes(&reloaded).cleared.is_none(), "by whose clock?");
    begin_anew(&mut reloaded);
    reloaded.answer_wishes("");
    answer_archive(&mut reloaded, &SAID);
    let told = wishes(&reloaded).cleared;
    assert_eq!(told, Some(Timestamp(1_893_492_001_250)));
    assert!(asked(&mut reloaded, "cleared-to='archive-two'").is_some());
}
