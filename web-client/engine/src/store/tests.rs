use super::*;
use crate::now::Timestamp;

const BOB: &str = "bob@example.org";

fn bob() -> BareJid {
    BOB.parse().unwrap()
}

fn message(id: &str, at: i64) -> Message {
    Message {
        id: MessageId(id.to_owned()),
        stanza_id: Some(id.to_owned()),
        archive_id: None,
        conversation: bob(),
        from: BOB.parse().unwrap(),
        direction: Direction::Incoming,
        body: "hello".to_owned(),
        at: Timestamp(at),
        delivery: Delivery::Sent,
    }
}

fn live(message: Message) -> StoreEvent {
    StoreEvent::Message {
        message,
        provenance: Provenance::Live,
    }
}

fn order(store: &Store) -> Vec<String> {
    let timeline = &store.conversation(&bob()).unwrap().timeline;
    timeline
        .iter()
        .map(|message| message.id.0.clone())
        .collect()
}

#[test]
fn messages_are_in_order_of_time_and_of_arrival_within_an_instant() {
    let mut store = Store::default();
    for (id, at) in [("c", 30_000), ("a", 10_000), ("b1", 20_000), ("b2", 20_000)] {
        store.apply(live(message(id, at)));
    }
    assert_eq!(order(&store), ["a", "b1", "b2", "c"]);
}

#[test]
fn a_page_of_history_goes_before_what_is_there_and_news_behind_it() {
    let mut store = Store::default();
    let history = |id: &str| StoreEvent::Message {
        message: message(id, 1000),
        provenance: Provenance::History,
    };
    // Two pages of one second, each newest first, and news with a clock behind ours.
    for event in [history("4"), history("3"), history("2"), history("1")] {
        store.apply(event);
    }
    store.apply(live(message("5", 1700)));
    store.apply(live(message("6", 1000)));
    assert_eq!(order(&store), ["1", "2", "3", "4", "5", "6"]);
}

#[test]
fn a_copy_is_merged_and_counts_once() {
    let mut store = Store::default();
    store.apply(live(message("m", 10)));
    let copy = Message {
        archive_id: Some("archive-1".into()),
        ..message("m", 99)
    };
    store.apply(live(copy.clone()));
    // Another copy that only the archive's id gives away.
    store.apply(live(Message {
        id: MessageId("x".into()),
        stanza_id: None,
        ..copy
    }));
    let conversation = store.conversation(&bob()).unwrap();
    assert_eq!(conversation.timeline.len(), 1);
    assert_eq!(conversation.unread, 1);
    assert_eq!(
        conversation.last().unwrap().archive_id.as_deref(),
        Some("archive-1")
    );
}

#[test]
fn an_id_that_two_people_use_is_two_messages() {
    let mut store = Store::default();
    let carol: BareJid = "carol@example.org".parse().unwrap();
    store.apply(live(message("1", 10)));
    store.apply(live(Message {
        conversation: carol.clone(),
        from: carol.clone().into(),
        ..message("1", 10)
    }));
    assert_eq!(store.conversation(&bob()).unwrap().timeline.len(), 1);
    assert_eq!(store.conversation(&carol).unwrap().timeline.len(), 1);
}

#[test]
fn delivery_never_goes_back_but_may_fail_late() {
    let mut store = Store::default();
    let outgoing = Message {
        direction: Direction::Outgoing,
        delivery: Delivery::Queued,
        ..message("m", 10)
    };
    store.apply(live(outgoing));
    let failed = Delivery::Failed(Failure {
        condition: "gone".into(),
        text: None,
    });
    let steps = [
        (Delivery::Sent, Delivery::Sent),
        (failed.clone(), failed.clone()),
        (Delivery::Sent, failed),
        (Delivery::Delivered, Delivery::Delivered),
        (Delivery::Queued, Delivery::Delivered),
        (Delivery::Read, Delivery::Read),
    ];
    for (told, expected) in steps {
        let id = MessageId("m".into());
        store.apply(StoreEvent::Delivery {
            conversation: bob(),
            id,
            delivery: told,
        });
        let shown = store
            .conversation(&bob())
            .unwrap()
            .last()
            .unwrap()
            .delivery
            .clone();
        assert_eq!(shown, expected);
    }
}

#[test]
fn history_is_not_news_and_an_answer_is_a_reading() {
    let mut store = Store::default();
    let history = StoreEvent::Message {
        message: message("old", 1),
        provenance: Provenance::History,
    };
    store.apply(history);
    assert_eq!(store.conversation(&bob()).unwrap().unread, 0);
    store.apply(live(message("a", 10)));
    store.apply(live(message("b", 20)));
    let conversation = store.conversation(&bob()).unwrap();
    assert_eq!(conversation.unread, 2);
    assert_eq!(conversation.first_unread, Some(MessageId("a".into())));
    store.apply(live(Message {
        direction: Direction::Outgoing,
        ..message("c", 30)
    }));
    assert_eq!(store.conversation(&bob()).unwrap().unread, 0);
}

#[test]
fn nothing_is_touched_by_what_changes_nothing() {
    let mut store = Store::default();
    assert!(
        store
            .apply(StoreEvent::Read {
                conversation: bob()
            })
            .is_empty()
    );
    let id = MessageId("nobody's".into());
    let delivery = Delivery::Sent;
    assert!(
        store
            .apply(StoreEvent::Delivery {
                conversation: bob(),
                id,
                delivery
            })
            .is_empty()
    );
}

#[test]
fn signing_out_leaves_nothing() {
    let mut store = Store::default();
    store.apply(live(message("m", 10)));
    store.apply(StoreEvent::Status(SessionStatus::SignedOut {
        trouble: None,
    }));
    assert!(store.conversation(&bob()).is_none());
}
