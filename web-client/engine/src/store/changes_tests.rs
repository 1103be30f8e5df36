//! What a conversation shows doesn't depend on the order in which it was told, nor on how
//! often, nor on reloads in between.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::now::Timestamp;
use crate::output::Record;

const ME: &str = "alice@example.org";
const BOB: &str = "bob@example.org";

fn bob() -> BareJid {
    BOB.parse().unwrap()
}

fn message(who: &str, id: &str, at: i64, provenance: Provenance) -> StoreEvent {
    let direction = match who {
        ME => Direction::Outgoing,
        _ => Direction::Incoming,
    };
    let message = Message {
        id: MessageId(id.to_owned()),
        stanza_id: Some(id.to_owned()),
        origin_id: None,
        archive_id: Some(["archive ", id].concat()),
        conversation: bob(),
        from: who.parse().unwrap(),
        occupant: None,
        scope: Scope::Person,
        direction,
        body: ["words of ", id].concat(),
        at: Timestamp(at * 10_000),
        delivery: Delivery::Sent,
        notes: Notes::from_iter([Note::Markable]),
        changes: Changes::default(),
    };
    StoreEvent::Message {
        message: Box::new(message),
        provenance,
    }
}

fn change(who: &str, id: &str, at: i64, target: &str, what: What) -> Change {
    Change {
        id: id.to_owned(),
        target: target.to_owned(),
        archive_id: Some(["archive ", id].concat()),
        conversation: bob(),
        author: Author::Person(who.parse().unwrap()),
        scope: Scope::Person,
        at: Timestamp(at * 10_000),
        delivery: Delivery::Sent,
        what,
        mentions: Vec::new(),
    }
}

fn said(who: &str, id: &str, at: i64, target: &str, what: What) -> StoreEvent {
    said_as(Provenance::History, who, id, at, target, what)
}

fn said_as(
    provenance: Provenance,
    who: &str,
    id: &str,
    at: i64,
    target: &str,
    what: What,
) -> StoreEvent {
    let alone = match (&what, message(who, id, at, provenance)) {
        (What::Correct(_), StoreEvent::Message { message, .. }) => Some(message),
        _ => None,
    };
    StoreEvent::Change {
        change: Box::new(change(who, id, at, target, what)),
        alone,
        provenance,
    }
}

fn correct(body: &str) -> What {
    What::Correct(body.to_owned())
}

fn react(emojis: &[&str]) -> What {
    What::React(emojis.iter().map(|&emoji| emoji.to_owned()).collect())
}

fn delivered(id: &str, delivery: Delivery) -> StoreEvent {
    StoreEvent::Delivery {
        conversation: bob(),
        id: MessageId(id.to_owned()),
        delivery,
    }
}

fn displayed(by: Direction, id: &str) -> StoreEvent {
    StoreEvent::Displayed {
        conversation: bob(),
        by,
        id: id.to_owned(),
    }
}

/// Everything that happens in the conversation, in the order in which it did.
fn everything() -> Vec<StoreEvent> {
    let past = |who, id, at| message(who, id, at, Provenance::History);
    vec![
        past(BOB, "a", 1),
        past(ME, "b", 2),
        past(BOB, "c", 3),
        past(ME, "d", 4),
        past(ME, "e", 5),
        past(BOB, "f", 6),
        said(BOB, "a1", 7, "a", correct("second words")),
        said(BOB, "a2", 8, "a", correct("third words")),
        // What corrects a correction corrects the same message.
        said(BOB, "a3", 9, "a2", correct("fourth words")),
        said(ME, "r1", 10, "a1", react(&["👍"])),
        said(ME, "r2", 11, "a", react(&["👍", "🎉"])),
        said(BOB, "r3", 12, "b", react(&["❤️"])),
        said(BOB, "r4", 13, "b", react(&[])),
        said(ME, "b1", 14, "b", correct("ours, again")),
        delivered("b", Delivery::Delivered),
        delivered("b1", Delivery::Delivered),
        said(BOB, "c1", 15, "c", correct("never mind")),
        said(BOB, "r5", 16, "c", react(&["🙈"])),
        said(BOB, "c2", 17, "c", What::Retract),
        // Not theirs to change: only a message of their own.
        said(BOB, "x1", 18, "d", correct("I owe you money")),
        said(BOB, "x2", 19, "d", What::Retract),
        said(ME, "x3", 20, "f", What::Retract),
        displayed(Direction::Incoming, "d"),
        delivered("e", Delivery::Delivered),
    ]
}

/// What one sees of it.
fn shown(store: &Store) -> Vec<String> {
    let mut shown = Vec::new();
    for message in store.conversation(&bob()).unwrap().timeline.iter() {
        let versions: Vec<_> = message
            .corrections()
            .iter()
            .map(|known| &known.body)
            .collect();
        let mut reactions: Vec<_> = message
            .reactions()
            .map(|known| (&known.author, &known.emojis))
            .collect();
        reactions.sort();
        shown.push(format!(
            "{}: {:?} {:?} of {versions:?} retracted {} {reactions:?} {:?}",
            message.id.0,
            message.body,
            message.original(),
            message.is_retracted(),
            message.progress(),
        ));
    }
    shown
}

#[derive(Default)]
struct Disk(BTreeMap<(Table, String), Record>);

impl Disk {
    fn write(&mut self, store: &mut Store) {
        for record in store.take_records() {
            let key = (record.table, record.key.clone());
            match record.value {
                Some(_) => self.0.insert(key, record),
                None => self.0.remove(&key),
            };
        }
    }

    /// The next page of so many messages.
    fn load(&self, store: &mut Store, count: usize) {
        let after = store.older_key(&bob());
        let mut rows: Vec<Record> = self.0.values().cloned().collect();
        rows.retain(|row| row.table == Table::Messages);
        rows.retain(|row| after.as_ref().is_none_or(|after| row.key > *after));
        let more = rows.len() > count;
        rows.truncate(count);
        store.load(&bob(), &rows, more);
    }

    fn reload(&self, count: usize) -> Store {
        let rows: Vec<Record> = self.0.values().cloned().collect();
        let mut store = Store::restore(&rows);
        self.load(&mut store, count);
        store
    }
}

/// A page of history is over, so that the next message is placed by its time.
fn page_ends() -> StoreEvent {
    StoreEvent::Older {
        conversation: bob(),
        before: None,
        older: Older::More,
        next: None,
    }
}

fn play(order: &[usize], reloads: &[Option<usize>]) -> Store {
    let everything = everything();
    let mut store = Store::default();
    let mut disk = Disk::default();
    for (step, event) in order.iter().enumerate() {
        store.apply(everything[*event].clone());
        store.apply(page_ends());
        disk.write(&mut store);
        if let Some(Some(count)) = reloads.get(step) {
            store = disk.reload(*count);
            disk.write(&mut store);
        }
    }
    while store.conversation(&bob()).unwrap().more_on_disk {
        disk.load(&mut store, 1);
        disk.write(&mut store);
    }
    let back = disk.reload(100);
    assert_eq!(shown(&back), shown(&store), "after a reload");
    store
}

fn any_order() -> impl Strategy<Value = Vec<usize>> {
    let count = everything().len();
    // Each comes once, some twice: live and from the archive.
    prop::collection::vec(0..count, 0..count).prop_flat_map(move |again| {
        let all: Vec<usize> = (0..count).chain(again).collect();
        Just(all).prop_shuffle()
    })
}

proptest! {
    #[test]
    fn the_order_in_which_one_hears_of_it_makes_no_difference(
        order in any_order(),
        reloads in prop::collection::vec(prop::option::weighted(0.2, 0_usize..6), 60),
    ) {
        let straight: Vec<usize> = (0..everything().len()).collect();
        prop_assert_eq!(shown(&play(&order, &reloads)), shown(&play(&straight, &[])));
    }
}

#[test]
fn what_has_happened_is_shown() {
    let order: Vec<usize> = (0..everything().len()).collect();
    let store = play(&order, &[]);
    let timeline = &store.conversation(&bob()).unwrap().timeline;
    let message = |id: &str| timeline.message(&MessageId(id.to_owned())).unwrap();
    assert_eq!(message("a").body, "fourth words");
    assert_eq!(message("a").original(), "words of a");
    let emojis: Vec<_> = message("a")
        .reactions()
        .map(|known| &known.emojis)
        .collect();
    assert_eq!(emojis, [&["👍", "🎉"]]);
    assert_eq!(message("b").body, "ours, again");
    assert_eq!(message("b").reactions().count(), 0);
    assert!(message("c").is_retracted());
    assert_eq!(message("c").body, "");
    assert_eq!(message("c").reactions().count(), 0);
    assert_eq!(message("d").body, "words of d");
    assert!(!message("d").is_retracted() && !message("f").is_retracted());
    let progress = ["b", "d", "e"].map(|id| message(id).progress().clone());
    assert_eq!(
        progress,
        [Delivery::Read, Delivery::Read, Delivery::Delivered]
    );
}

#[test]
fn within_a_second_the_archives_order_counts() {
    let events = |one: Provenance, order: [usize; 2]| {
        let mut store = Store::default();
        store.apply(message(BOB, "a", 1, Provenance::Live));
        for number in order {
            let id = format!("r{number}");
            let emojis = [["👍"], ["❤️"]][number];
            store.apply(said_as(one, BOB, &id, 2, "a", react(&emojis)));
        }
        let timeline = &store.conversation(&bob()).unwrap().timeline;
        let last = timeline.iter().next_back().unwrap();
        last.reactions().next().unwrap().emojis.concat()
    };
    assert_eq!(events(Provenance::CatchUp, [0, 1]), "❤️");
    // A page of history comes newest first.
    assert_eq!(events(Provenance::History, [1, 0]), "❤️");
}

#[test]
fn who_may_change_what_in_a_room() {
    let StoreEvent::Message { mut message, .. } = message(BOB, "m", 1, Provenance::Live) else {
        unreachable!()
    };
    message.scope = Scope::Room;
    let occupant = |id: &str| Author::Occupant(id.to_owned());
    let nick = |jid: &str| Author::Nick(jid.parse().unwrap());
    let concerns = |author: &Author, of: &Author, target: &str, what: What| {
        let mut change = change(BOB, "x", 2, target, what);
        change.author = author.clone();
        change.scope = Scope::Room;
        change.concerns(&message, of)
    };
    let (one, other) = (occupant("1"), occupant("2"));
    assert!(concerns(&one, &one, "m", correct("x")));
    assert!(!concerns(&other, &one, "m", correct("x")));
    assert!(concerns(&one, &one, "archive m", What::Retract));
    assert!(
        !concerns(&one, &one, "m", What::Retract),
        "anybody can choose an id"
    );
    assert!(!concerns(&other, &one, "archive m", What::Retract));
    assert!(concerns(&other, &one, "archive m", react(&["👍"])));
    assert!(!concerns(&other, &one, "m", react(&["👍"])));
    let (bob, eve) = (nick("room@example.org/bob"), nick("room@example.org/eve"));
    assert!(concerns(&bob, &bob, "m", correct("x")));
    assert!(!concerns(&eve, &bob, "m", correct("x")));
    let mut whispered = change(BOB, "x", 2, "m", correct("x"));
    (whispered.author, whispered.scope) = (one.clone(), Scope::Whisper);
    assert!(
        !whispered.concerns(&message, &one),
        "what all have heard is for all to hear"
    );
}

/// What a room says of its message `m`, which may come twice, and who has taken it away.
fn moderated() -> Vec<StoreEvent> {
    let StoreEvent::Message { mut message, .. } = message(BOB, "m", 1, Provenance::History) else {
        unreachable!()
    };
    message.scope = Scope::Room;
    let mut wiped = Message::clone(&message);
    wiped.body = String::new();
    wiped.set_retracted(String::new(), Timestamp(1));
    wiped.set_moderated();
    let said = |id: &str, at, what| {
        let mut change = change(BOB, id, at, "archive m", what);
        change.scope = Scope::Room;
        StoreEvent::Change {
            change: Box::new(change),
            alone: None,
            provenance: Provenance::History,
        }
    };
    let by = |name: &str| {
        What::Moderate(Moderation {
            by: Some(name.to_owned()),
            reason: Some("spam".to_owned()),
        })
    };
    let here = |message| StoreEvent::Message {
        message,
        provenance: Provenance::History,
    };
    vec![
        here(message),
        here(Box::new(wiped)),
        said("x1", 2, by("carol")),
        said("x2", 3, by("dave")),
        said("x3", 2, What::Retract),
        said("x4", 4, react(&["👍"])),
    ]
}

proptest! {
    #[test]
    fn the_first_moderator_has_taken_it_away_however_one_hears_of_it(
        order in Just((0..6).chain(0..6).collect::<Vec<usize>>()).prop_shuffle(),
        reload in 0_usize..12,
    ) {
        let (mut store, mut disk) = (Store::default(), Disk::default());
        for (step, event) in order.into_iter().enumerate() {
            store.apply(moderated()[event].clone());
            disk.write(&mut store);
            if step == reload {
                store = disk.reload(100);
            }
        }
        let timeline = &store.conversation(&bob()).unwrap().timeline;
        prop_assert_eq!(timeline.iter().count(), 1);
        let message = timeline.iter().next().unwrap();
        prop_assert!(message.is_retracted() && message.body.is_empty());
        prop_assert_eq!(message.reactions().count(), 0);
        let by = message.moderation().and_then(|known| known.by.as_deref());
        prop_assert_eq!(by, Some("carol"));
    }
}

#[test]
fn a_reaction_that_is_refused_gives_way_to_the_one_before() {
    let mut store = Store::default();
    store.apply(message(BOB, "a", 1, Provenance::Live));
    store.apply(said(ME, "r1", 2, "a", react(&["👍"])));
    let mut queued = change(ME, "r2", 3, "a", react(&["💜"]));
    queued.delivery = Delivery::Queued;
    store.apply(StoreEvent::Change {
        change: Box::new(queued),
        alone: None,
        provenance: Provenance::Live,
    });
    let emojis = |store: &Store| {
        let timeline = &store.conversation(&bob()).unwrap().timeline;
        let last = timeline.iter().next_back().unwrap();
        let emojis: Vec<_> = last
            .reactions()
            .flat_map(|known| known.emojis.clone())
            .collect();
        emojis.concat()
    };
    assert_eq!(emojis(&store), "💜");
    let failure = Failure {
        condition: "not-acceptable".to_owned(),
        text: None,
    };
    store.apply(delivered("r2", Delivery::Failed(failure)));
    assert_eq!(emojis(&store), "👍");
}

#[test]
fn what_waits_and_what_is_kept_of_a_message_is_bounded() {
    let mut store = Store::default();
    let long = "x".repeat(40_000);
    for number in 0..400 {
        let target = format!("unknown {number}");
        store.apply(said(BOB, &target, number, &target, react(&[&long])));
    }
    let row = |store: &mut Store| {
        let records = store.take_records();
        records
            .iter()
            .filter_map(|row| Some(row.value.as_ref()?.len()))
            .max()
    };
    assert!(row(&mut store) < Some(200_000));
    store.apply(message(BOB, "a", 1, Provenance::Live));
    for number in 0..400 {
        let id = format!("c{number}");
        store.apply(said(
            BOB,
            &id,
            number,
            "a",
            correct(&format!("{number} {long}")),
        ));
    }
    assert!(row(&mut store) < Some(300_000));
    let timeline = &store.conversation(&bob()).unwrap().timeline;
    let last = timeline.iter().next_back().unwrap();
    assert!(last.body.starts_with("399 "));
    assert_eq!(last.original(), "words of a");
}

#[test]
fn what_another_device_has_shown_is_not_unread() {
    let read = displayed(Direction::Outgoing, "archive b");
    let news = |id, at| message(BOB, id, at, Provenance::CatchUp);
    let events = [news("a", 1), news("b", 2), news("c", 3)];
    for place in 0..=events.len() {
        let mut events = events.to_vec();
        events.insert(place, read.clone());
        let mut store = Store::default();
        let mut disk = Disk::default();
        for event in events {
            store.apply(event);
            disk.write(&mut store);
            store = disk.reload(100);
        }
        let known = store.conversation(&bob()).unwrap();
        assert_eq!(known.unread, 1, "told at {place}");
        assert_eq!(known.first_unread, Some(MessageId("c".to_owned())));
        // Nobody unreads.
        store.apply(displayed(Direction::Outgoing, "archive a"));
        assert_eq!(store.conversation(&bob()).unwrap().unread, 1);
    }
}

#[test]
fn who_stands_in_counts_as_unread_as_if_the_message_had_been_here() {
    let news = |id, at| message(BOB, id, at, Provenance::Ahead);
    let corrected = |id, at| said_as(Provenance::Ahead, BOB, id, at, "a", correct("mended"));
    let unread = |store: &Store| {
        let known = store.conversation(&bob()).unwrap();
        (known.unread, known.first_unread.clone().map(|id| id.0))
    };
    let first = |id: &str| Some(id.to_owned());
    let mut store = Store::default();
    store.apply(corrected("a1", 2));
    store.apply(corrected("a2", 3));
    assert_eq!(unread(&store), (1, first("a1")));
    store.apply(news("b", 4));
    assert_eq!(unread(&store), (2, first("a1")));
    let mut old = store.clone();
    old.apply(message(BOB, "a", 1, Provenance::History));
    assert_eq!(unread(&old), (1, first("b")));
    store.apply(message(BOB, "a", 1, Provenance::CatchUp));
    assert_eq!(unread(&store), (2, first("a")));
    store.apply(StoreEvent::Read {
        conversation: bob(),
    });
    store.apply(message(BOB, "a", 1, Provenance::CatchUp));
    assert_eq!(unread(&store), (0, None));
}

#[test]
fn what_one_tab_has_here_needs_nobody_to_stand_in_for_it() {
    let (mut store, mut disk) = (Store::default(), Disk::default());
    for number in 0..3 {
        let id = number.to_string();
        store.apply(message(BOB, &id, number, Provenance::Live));
    }
    disk.write(&mut store);
    // The leader has read one message from disk, the follower all.
    let (mut leader, mut follower) = (disk.reload(1), disk.reload(100));
    leader.apply(said_as(
        Provenance::Live,
        BOB,
        "c",
        4,
        "0",
        correct("mended"),
    ));
    let records = leader.take_records();
    follower.mirror(&records);
    let bodies = |store: &Store| -> Vec<String> {
        let timeline = &store.conversation(&bob()).unwrap().timeline;
        timeline.iter().map(|known| known.body.clone()).collect()
    };
    assert_eq!(bodies(&leader), ["words of 2", "mended"]);
    let whole = ["mended", "words of 1", "words of 2"];
    assert_eq!(bodies(&follower), whole);
    disk.load(&mut leader, 100);
    follower.mirror(&leader.take_records());
    assert_eq!(bodies(&leader), whole);
    assert_eq!(bodies(&follower), whole);
}

#[test]
fn what_was_deleted_is_not_brought_back_by_its_correction() {
    let mut store = Store::default();
    let wishes = Wishes {
        cleared: Some(Timestamp(50_000)),
        ..Wishes::default()
    };
    store.apply(StoreEvent::Wishes {
        conversation: bob(),
        wishes,
    });
    store.apply(said(BOB, "c", 4, "a", correct("deleted")));
    assert_eq!(shown(&store), Vec::<String>::new());
    store.apply(said(BOB, "d", 6, "b", correct("later")));
    assert_eq!(shown(&store).len(), 1);
}
