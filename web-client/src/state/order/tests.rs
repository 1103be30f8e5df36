//! The order of the list.

use couplet_engine::Timestamp;
use couplet_engine::store::{
    Contact, Delivery, Direction, Message, MessageId, Notes, Privacy, Provenance, Scope, Store,
    StoreEvent, Subscription,
};
use jid::BareJid;

use super::{Filter, order};

fn jid(text: &str) -> BareJid {
    BareJid::new(text).unwrap()
}

fn contact(address: &str, name: &str, subscription: Subscription) -> Contact {
    let name = Some(name.to_owned());
    Contact {
        jid: jid(address),
        name,
        groups: Vec::new(),
        subscription,
        asked: false,
    }
}

fn incoming(address: &str, at: i64, provenance: Provenance) -> StoreEvent {
    let message = Message {
        id: MessageId(format!("{address} {at}")),
        stanza_id: None,
        origin_id: None,
        archive_id: None,
        conversation: jid(address),
        from: jid(address).into(),
        occupant: None,
        scope: Scope::Person,
        direction: Direction::Incoming,
        body: "hello".to_owned(),
        at: Timestamp(at),
        delivery: Delivery::Sent,
        notes: Notes::default(),
        changes: Default::default(),
    };
    StoreEvent::Message {
        message: Box::new(message),
        provenance,
    }
}

fn store() -> Store {
    let mut store = Store::default();
    store.apply(StoreEvent::Roster(vec![
        contact("a@example.org", "Zoë", Subscription::Both),
        contact("b@example.org", "Émile", Subscription::To),
        contact("c@example.org", "Frank", Subscription::Both),
        contact("d@example.org", "Nobody", Subscription::None),
    ]));
    store.apply(incoming("c@example.org", 1, Provenance::History));
    store.apply(incoming("x@example.org", 2, Provenance::Live));
    store
}

fn listed(store: &Store, filter: Filter, query: &str) -> Vec<String> {
    let by_name = ["b", "c", "d", "a"].map(|name| jid(&[name, "@example.org"].concat()));
    order(store, &by_name, filter, query)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn the_newest_come_first_then_names() {
    let all = [
        "x@example.org",
        "c@example.org",
        "b@example.org",
        "a@example.org",
    ];
    assert_eq!(listed(&store(), Filter::All, ""), all);
}

#[test]
fn unread_are_only_those_with_something_to_read() {
    assert_eq!(listed(&store(), Filter::Unread, ""), ["x@example.org"]);
}

#[test]
fn strangers_are_apart_for_whom_only_contacts_may_contact() {
    let mut store = store();
    assert!(listed(&store, Filter::Strangers, "").is_empty());
    let strangers = false;
    store.apply(StoreEvent::Privacy(Privacy {
        strangers,
        ..Privacy::default()
    }));
    let all = ["c@example.org", "b@example.org", "a@example.org"];
    assert_eq!(listed(&store, Filter::All, ""), all);
    assert!(listed(&store, Filter::Unread, "").is_empty());
    assert_eq!(listed(&store, Filter::Strangers, ""), ["x@example.org"]);
    assert_eq!(listed(&store, Filter::All, "x@"), ["x@example.org"]);
}

#[test]
fn people_are_the_roster_by_name() {
    let people = [
        "b@example.org",
        "c@example.org",
        "d@example.org",
        "a@example.org",
    ];
    assert_eq!(listed(&store(), Filter::People, ""), people);
}

#[test]
fn a_query_looks_into_names_and_addresses() {
    let store = store();
    assert_eq!(listed(&store, Filter::All, "  zoË "), ["a@example.org"]);
    assert_eq!(listed(&store, Filter::All, "x@"), ["x@example.org"]);
    assert!(listed(&store, Filter::All, "nowhere").is_empty());
}
