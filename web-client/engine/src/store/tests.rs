use std::collections::BTreeMap;

use super::*;
use crate::now::Timestamp;
use crate::output::Record;

const BOB: &str = "bob@example.org";

pub(super) fn bob() -> BareJid {
    BOB.parse().unwrap()
}

pub(super) fn message(id: &str, at: i64) -> Message {
    Message {
        id: MessageId(id.to_owned()),
        stanza_id: Some(id.to_owned()),
        origin_id: None,
        archive_id: None,
        conversation: bob(),
        from: BOB.parse().unwrap(),
        occupant: None,
        scope: Scope::Person,
        direction: Direction::Incoming,
        body: "hello".to_owned(),
        at: Timestamp(at),
        delivery: Delivery::Sent,
        notes: Notes::default(),
        changes: Changes::default(),
    }
}

fn live(message: Message) -> StoreEvent {
    with(Provenance::Live, message)
}

fn with(provenance: Provenance, message: Message) -> StoreEvent {
    StoreEvent::Message {
        message: Box::new(message),
        provenance,
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
    let ours = |id, at| Message {
        occupant: None,
        scope: Scope::Person,
        direction: Direction::Outgoing,
        ..message(id, at)
    };
    store.apply(live(ours("c", 30_000)));
    for (id, at) in [("a", 10_000), ("b1", 20_000), ("b2", 20_000)] {
        store.apply(with(Provenance::Delayed, message(id, at)));
    }
    assert_eq!(order(&store), ["a", "b1", "b2", "c"]);
}

#[test]
fn what_somebody_wrote_stays_in_their_order_whatever_the_clocks_say() {
    let mut store = Store::default();
    store.apply(live(message("1", 90_000)));
    store.apply(live(message("2", 10_000)));
    store.apply(with(Provenance::Delayed, message("3", 20_000)));
    store.apply(with(Provenance::CatchUp, message("4", 30_000)));
    assert_eq!(order(&store), ["1", "2", "3", "4"]);
}

#[test]
fn what_was_missed_goes_before_what_came_ahead_of_it() {
    let mut store = Store::default();
    store.apply(live(message("1", 1_000)));
    store.apply(with(Provenance::Ahead, message("4", 5_000)));
    // The connection breaks, and the archive is asked again.
    store.apply(with(Provenance::Ahead, message("6", 5_000)));
    for (id, at) in [
        ("2", 4_000),
        ("3", 9_000),
        ("4", 5_000),
        ("5", 5_000),
        ("6", 5_000),
    ] {
        store.apply(with(Provenance::CatchUp, message(id, at)));
    }
    store.apply(StoreEvent::CaughtUp);
    store.apply(live(message("7", 2_000)));
    assert_eq!(order(&store), ["1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn a_page_of_the_past_is_before_everything_whatever_the_clocks_say() {
    let mut store = Store::default();
    store.apply(live(message("3", 1_000)));
    let older = |older| StoreEvent::Older {
        conversation: bob(),
        before: None,
        older,
        next: None,
    };
    store.apply(older(Older::Loading));
    store.apply(with(Provenance::History, message("2", 8_000)));
    store.apply(with(Provenance::History, message("1", 9_000)));
    store.apply(older(Older::Complete));
    assert_eq!(order(&store), ["1", "2", "3"]);
}

#[test]
fn what_was_given_up_does_not_come_back_from_the_archive() {
    let ours = || Message {
        direction: Direction::Outgoing,
        origin_id: Some("a".to_owned()),
        ..message("a", 5_000)
    };
    let mut store = Store::default();
    store.apply(live(ours()));
    store.apply(StoreEvent::Discarded {
        conversation: bob(),
        id: ours().id,
    });
    let rows = store.take_records();
    for mut store in [store, Store::restore(&rows)] {
        store.apply(with(Provenance::CatchUp, ours()));
        assert_eq!(order(&store), [""; 0]);
        store.apply(live(message("b", 6_000)));
        assert_eq!(order(&store), ["b"]);
    }
}

#[test]
fn what_is_missing_between_two_of_one_instant_goes_between_them() {
    let mut store = Store::default();
    let archived = |number: u32| Message {
        archive_id: Some(number.to_string()),
        ..message(&number.to_string(), 5_000)
    };
    let page = |store: &mut Store, before: Option<&str>, numbers: &[u32], then| {
        let older = |older, next: Option<u32>| StoreEvent::Older {
            conversation: bob(),
            before: before.map(str::to_owned),
            older,
            next: next.map(|next| next.to_string()),
        };
        store.apply(older(Older::Loading, None));
        for number in numbers {
            store.apply(with(Provenance::History, archived(*number)));
        }
        store.apply(older(then, numbers.last().copied()));
    };
    page(&mut store, None, &[9, 8], Older::More);
    let end = |number: u32| (number.to_string(), Timestamp(5_000));
    store.apply(StoreEvent::Island {
        conversation: bob(),
        first: end(1),
        last: end(2),
        newest: false,
    });
    for number in [2, 1] {
        store.apply(with(Provenance::History, archived(number)));
    }
    page(&mut store, Some("8"), &[7, 6, 5], Older::More);
    page(&mut store, Some("5"), &[4, 3], Older::Complete);
    assert_eq!(order(&store), ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(store.gaps(&bob()).is_empty());
}

#[test]
fn everything_comes_back_from_disk_and_keeps_its_place() {
    let mut store = Store::default();
    let mut disk = BTreeMap::new();
    let mut write = |store: &mut Store| {
        for record in store.take_records() {
            match record.value.clone() {
                Some(_) => disk.insert((record.table, record.key.clone()), record),
                None => disk.remove(&(record.table, record.key.clone())),
            };
        }
        disk.values().cloned().collect::<Vec<_>>()
    };
    for number in 0..30 {
        let direction = match number {
            3 => Direction::Outgoing,
            _ => Direction::Incoming,
        };
        store.apply(live(Message {
            direction,
            ..message(&format!("m{number:02}"), number)
        }));
    }
    store.apply(StoreEvent::Avatar {
        jid: bob(),
        image: Some(b"png".to_vec()),
    });
    let rows = write(&mut store);
    assert!(store.take_records().is_empty());
    let mut back = Store::restore(&rows);
    assert_eq!(back.avatar(&bob()).unwrap().as_ref(), b"png");
    let known = back.conversation(&bob()).unwrap();
    assert_eq!((known.unread, known.more_on_disk), (26, true));
    assert_eq!(known.last().unwrap().id.0, "m29");
    // What is told of a message that is still on disk is not lost.
    let id = MessageId("m03".into());
    back.apply(StoreEvent::Delivery {
        conversation: bob(),
        id: id.clone(),
        delivery: Delivery::Delivered,
    });
    let range = Store::message_keys(&bob());
    let page = |back: &Store| {
        let after = back.older_key(&bob());
        let here = |row: &&Record| {
            row.table == Table::Messages
                && range.contains(&row.key)
                && after.as_ref().is_none_or(|after| row.key > *after)
        };
        let rows: Vec<_> = rows.iter().filter(here).take(20).cloned().collect();
        rows
    };
    for more in [true, false] {
        let rows = page(&back);
        back.load(&bob(), &rows, more);
    }
    assert_eq!(order(&back), order(&store));
    let message = |id| back.conversation(&bob()).unwrap().timeline.message(id);
    assert_eq!(message(&id).unwrap().delivery, Delivery::Delivered);
}

#[test]
fn rows_that_cant_be_read_are_told_and_cost_nothing_else() {
    let mut store = Store::default();
    store.apply(live(message("1", 10)));
    store.apply(live(message("2", 20)));
    let mut rows = store.take_records();
    for row in &mut rows {
        if row.table == Table::Conversations {
            row.value = Some(vec![255, 255]);
        }
    }
    rows.push(Record::new(
        Table::Roster,
        "carol@example.org",
        Some(vec![255, 255]),
    ));
    let mut back = Store::restore(&rows);
    assert!(back.take_damage());
    assert!(!back.take_damage(), "told once");
    assert_eq!(back.contacts().count(), 0);
    rows.retain(|row| row.table == Table::Messages);
    back.load(&bob(), &rows, false);
    assert!(!back.take_damage());
    // What comes now keeps its place behind what was there.
    back.apply(live(message("3", 20)));
    assert_eq!(order(&back), ["1", "2", "3"]);
    rows[0].value = Some(vec![255, 255]);
    let mut damaged = Store::default();
    damaged.load(&bob(), &rows, false);
    assert!(damaged.take_damage());
    assert_eq!(order(&damaged).len(), 1);
}

#[test]
fn a_message_that_was_stored_twice_becomes_one_when_both_are_here() {
    let mut store = Store::default();
    store.apply(live(message("1", 10)));
    store.apply(live(message("2", 20)));
    let rows = store.take_records();
    let mut back = Store::restore(&rows);
    // It comes again before its row is read.
    back.apply(live(message("1", 30)));
    let (old, new) = (rows.len(), back.take_records());
    let messages = |record: &&Record| record.table == Table::Messages;
    let rows: Vec<_> = rows.iter().filter(messages).cloned().collect();
    assert!(old > rows.len());
    back.load(&bob(), &rows, false);
    assert_eq!(order(&back), ["1", "2"]);
    let double = new.iter().find(messages).unwrap().key.clone();
    let deleted = back.take_records();
    assert!(
        deleted
            .iter()
            .any(|record| record.key == double && record.value.is_none())
    );
}

#[test]
fn a_page_of_history_goes_before_what_is_there_and_news_behind_it() {
    let mut store = Store::default();
    let history = |id: &str| with(Provenance::History, message(id, 1000));
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
        occupant: None,
        scope: Scope::Person,
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
    store.apply(with(Provenance::History, message("old", 1)));
    assert_eq!(store.conversation(&bob()).unwrap().unread, 0);
    store.apply(live(message("a", 10)));
    store.apply(live(message("b", 20)));
    let conversation = store.conversation(&bob()).unwrap();
    assert_eq!(conversation.unread, 2);
    assert_eq!(conversation.first_unread, Some(MessageId("a".into())));
    store.apply(live(Message {
        occupant: None,
        scope: Scope::Person,
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
    let delivered = StoreEvent::Delivery {
        conversation: bob(),
        id: MessageId("nobody's".into()),
        delivery: Delivery::Sent,
    };
    assert!(
        !store.apply(delivered.clone()).is_empty(),
        "it is waited for"
    );
    assert!(store.apply(delivered).is_empty());
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

/// The keys of the rows that are on a disk that was given these records.
fn disk(records: &[Record]) -> BTreeMap<String, Vec<u8>> {
    let mut rows = BTreeMap::new();
    for record in records.iter().filter(|row| row.table == Table::Messages) {
        if let Some((conversation, key)) = record.deletes_behind() {
            let range = Store::message_keys(&conversation.parse().unwrap());
            rows.retain(|known: &String, _| !range.contains(known) || known.as_str() <= key);
        } else if let Some(value) = &record.value {
            rows.insert(record.key.clone(), value.clone());
        } else {
            rows.remove(&record.key);
        }
    }
    rows
}

/// Another device has deleted what was said up to this time.
fn cleared(at: i64) -> [StoreEvent; 2] {
    let until = Some(Timestamp(at));
    let wishes = Wishes {
        cleared: until,
        archived: until,
        ..Wishes::default()
    };
    let conversation = bob();
    [
        StoreEvent::Cleared {
            conversation: bob(),
            until: Cleared::Until(Timestamp(at), None),
        },
        StoreEvent::Wishes {
            conversation,
            wishes,
        },
    ]
}

#[test]
fn what_is_deleted_is_gone_from_here_from_disk_and_from_what_can_be_found() {
    let (mut store, mut follower) = (Store::default(), Store::default());
    let mut index = search::Index::new(|text| text.to_lowercase());
    let mut records = Vec::new();
    let mut told = |store: &mut Store, events: &[StoreEvent]| {
        for event in events {
            store.apply(event.clone());
        }
        let rows = store.take_records();
        follower.mirror(&rows);
        index.take(&rows);
        records.extend(rows);
        assert_eq!(order(store), order(&follower));
        (disk(&records), index.find(&["hello".to_owned()], 10).len())
    };
    for (id, at) in [("1", 10_000), ("2", 20_000), ("3", 30_000)] {
        told(&mut store, &[live(message(id, at))]);
    }
    let (rows, found) = told(&mut store, &cleared(20_000));
    assert_eq!(order(&store), ["3"]);
    assert_eq!((rows.len(), found), (1, 1));
    let known = store.conversation(&bob()).unwrap();
    assert_eq!((known.unread, known.older), (1, Older::Complete));
    assert!(!store.is_archived(&bob()));
    // What an archive tells once more stays away; what comes by itself doesn't.
    told(
        &mut store,
        &[with(Provenance::CatchUp, message("2", 20_000))],
    );
    told(
        &mut store,
        &[with(Provenance::History, message("1", 10_000))],
    );
    assert_eq!(order(&store), ["3"]);
    told(&mut store, &[live(message("4", 15_000))]);
    assert_eq!(order(&store), ["3", "4"]);
    let all = StoreEvent::Cleared {
        conversation: bob(),
        until: Cleared::All,
    };
    let (rows, found) = told(&mut store, &[all]);
    assert_eq!((rows.len(), found), (0, 0));
    assert!(store.conversation(&bob()).unwrap().last().is_none());
    assert_eq!(store.conversation(&bob()).unwrap().unread, 0);
}

#[test]
fn the_past_ends_where_it_was_deleted() {
    let mut store = Store::default();
    for event in cleared(20_000) {
        store.apply(event);
    }
    store.apply(live(message("4", 40_000)));
    let older = |older, next: Option<&str>| StoreEvent::Older {
        conversation: bob(),
        before: None,
        older,
        next: next.map(str::to_owned),
    };
    store.apply(older(Older::Loading, None));
    for (id, at) in [("3", 30_000), ("2", 20_000), ("1", 10_000)] {
        store.apply(with(Provenance::History, message(id, at)));
    }
    store.apply(older(Older::More, Some("archive-1")));
    assert_eq!(order(&store), ["3", "4"]);
    let known = store.conversation(&bob()).unwrap();
    assert_eq!(known.older, Older::Complete);
}

#[test]
fn what_was_deleted_on_another_device_goes_from_disk_unread() {
    let mut store = Store::default();
    for (id, at) in [("1", 10_000), ("2", 20_000), ("3", 30_000)] {
        store.apply(live(message(id, at)));
    }
    let rows = store.take_records();
    let mut back = Store::restore(&rows);
    for event in cleared(30_000) {
        back.apply(event);
    }
    let known = back.conversation(&bob()).unwrap();
    assert!(known.last().is_none() && !known.more_on_disk);
    let all: Vec<_> = rows.into_iter().chain(back.take_records()).collect();
    assert!(disk(&all).is_empty());
}
