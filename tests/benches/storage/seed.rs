//! A device on which somebody has been writing for years.

use couplet_engine::store::{
    Delivery, Direction, Message, MessageId, Notes, Provenance, Scope, Store, StoreEvent,
};
use couplet_engine::{Record, Timestamp};
use jid::BareJid;

/// In as many languages as the search has to know.
const WORDS: [&str; 24] = [
    "garden",
    "tomorrow",
    "umbrella",
    "the",
    "and",
    "you",
    "Café",
    "Größe",
    "über",
    "déjà",
    "привет",
    "завтра",
    "встреча",
    "明日の会議は",
    "十時からです",
    "資料を送ります",
    "今天天气",
    "很好",
    "مرحبا",
    "غدا",
    "안녕하세요",
    "내일",
    "ok",
    "😀",
];

/// The rows of `messages` messages in `conversations` conversations, a fifth of them in the
/// first one, which is with `friend`.
pub(crate) fn rows(friend: &str, messages: usize, conversations: usize) -> Vec<Record> {
    let mut random = Random(3);
    let mut rows = Vec::new();
    let others = messages * 4 / 5 / conversations.saturating_sub(1).max(1);
    let mut left = messages;
    for number in 0..conversations {
        let count = match number {
            0 => messages - others * (conversations - 1),
            _ => others,
        };
        let jid = match number {
            0 => friend.to_owned(),
            _ => format!("friend-{number:03}@example.test"),
        };
        let mut store = Store::default();
        for index in 0..count {
            left -= 1;
            // Two years, up to yesterday, in the order of the conversation.
            let age = (count - index) as i64 * (730 * 86_400_000 / count as i64);
            let at = 1_790_000_000_000 - age + number as i64;
            store.apply(said(&jid, at, &random.text(left)));
        }
        rows.extend(store.take_records());
    }
    rows
}

fn said(jid: &str, at: i64, body: &str) -> StoreEvent {
    let id = format!("{at:x}-{jid}");
    let conversation: BareJid = jid.parse().expect("an address");
    let direction = match at % 3 {
        0 => Direction::Outgoing,
        _ => Direction::Incoming,
    };
    StoreEvent::Message {
        message: Box::new(Message {
            stanza_id: Some(id.clone()),
            origin_id: Some(id.clone()),
            archive_id: Some(format!("archive-{id}")),
            id: MessageId(id),
            from: conversation.clone().into(),
            conversation,
            occupant: None,
            scope: Scope::Person,
            direction,
            body: body.to_owned(),
            at: Timestamp(at),
            delivery: Delivery::Delivered,
            notes: Notes::default(),
            changes: Default::default(),
        }),
        provenance: Provenance::Before,
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    /// Three to twenty words, and one that no other message has.
    fn text(&mut self, number: usize) -> String {
        let mut text = format!("unique{number}");
        for _ in 0..3 + self.below(18) {
            text.push(' ');
            text.push_str(WORDS[self.below(WORDS.len())]);
        }
        text
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}
