//! Full text over all messages: the text of each, folded, and a scan through all of it.
//!
//! There are no words in it and no language: what is looked for is found wherever it
//! stands, in the middle of a word and in scripts without spaces. A hundred thousand messages
//! are some ten megabytes, which are looked through faster than a key is pressed.

use std::rc::Rc;

use jid::BareJid;

use super::rows::message_key;
use super::timeline::Position;
use super::{Direction, Message, Scope, Store};
use crate::codec::decode;
use crate::now::Timestamp;
use crate::output::{Record, Table};

/// Makes texts alike that are the same to a reader: case, accents. It folds a whole batch
/// at once and leaves [`SEPARATOR`] alone.
pub type Fold = fn(&str) -> String;

/// Between two texts of a batch; it is allowed in no XML.
pub const SEPARATOR: char = '\u{1}';

/// The texts of messages, to be searched.
pub struct Index {
    fold: Fold,
    /// The texts, folded, a [`SEPARATOR`] behind each.
    text: String,
    /// In the order in which they are in `text`.
    entries: Vec<Entry>,
    conversations: Vec<BareJid>,
    /// What has been written since reading began: newer than what is read of it.
    fresh: Option<Vec<(u32, Position)>>,
}

struct Entry {
    start: usize,
    /// Of `conversations`; [`GONE`] if the message has gone or got another text.
    conversation: u32,
    position: Position,
}

const GONE: u32 = u32::MAX;

/// A message that has been found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Where.
    pub conversation: BareJid,
    /// The key of its row.
    pub key: String,
    /// When it was sent, or where it has its place.
    pub at: Timestamp,
}

impl Index {
    /// Of nothing yet. Rows are read from disk, page by page, by [`load`](Self::load), up to
    /// [`complete`](Self::complete); what is written at any time comes by [`take`](Self::take).
    pub fn new(fold: Fold) -> Self {
        Self {
            fold,
            text: String::new(),
            entries: Vec::new(),
            conversations: Vec::new(),
            fresh: Some(Vec::new()),
        }
    }

    /// Takes in rows of the table Messages that were read from disk, each once.
    pub fn load(&mut self, rows: &[Record]) {
        let fresh = std::mem::take(&mut self.fresh);
        let mut read = Vec::with_capacity(rows.len());
        for row in rows {
            let Some((conversation, position)) = self.place(row) else {
                continue;
            };
            let known = |fresh: &Vec<_>| fresh.contains(&(conversation, position));
            if !fresh.as_ref().is_some_and(known) {
                read.push((conversation, position, row.value.as_deref()));
            }
        }
        self.fresh = fresh;
        self.add(&read);
    }

    /// Everything there is has been read.
    pub fn complete(&mut self) {
        self.fresh = None;
    }

    /// Takes in rows that have been written, of whatever tables.
    pub fn take(&mut self, rows: &[Record]) {
        let mut written = Vec::new();
        for row in rows.iter().filter(|row| row.table == Table::Messages) {
            let Some((conversation, position)) = self.place(row) else {
                continue;
            };
            if row.deletes_behind().is_some() {
                let deleted = |entry: &&mut Entry| {
                    entry.position <= position && entry.conversation == conversation
                };
                let deleted = self.entries.iter_mut().filter(deleted);
                deleted.for_each(|entry| entry.conversation = GONE);
                continue;
            }
            let same = |entry: &&mut Entry| {
                entry.position == position && entry.conversation == conversation
            };
            if let Some(entry) = self.entries.iter_mut().find(same) {
                entry.conversation = GONE;
            }
            if let Some(fresh) = &mut self.fresh {
                fresh.push((conversation, position));
            }
            written.push((conversation, position, row.value.as_deref()));
        }
        self.add(&written);
    }

    /// How many messages can be found.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What to look for if this is typed: a message has to have all of it. Folded.
    pub fn words(&self, query: &str) -> Vec<String> {
        let query = query.replace(SEPARATOR, " ");
        let mut words: Vec<String> = (self.fold)(&query)
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        // The longest is the rarest, and the quickest to look for.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words
    }

    /// The `limit` newest messages that have all of `words`, newest first.
    pub fn find(&self, words: &[String], limit: usize) -> Vec<Hit> {
        let Some((first, others)) = words.split_first() else {
            return Vec::new();
        };
        let mut newest: Vec<&Entry> = Vec::new();
        let mut from = 0;
        let mut index = 0;
        let finder = Finder::new(first.as_bytes());
        while let Some(found) = finder.find(self.text.as_bytes(), from) {
            // They come in the order of the entries.
            index += self.entries[index..].partition_point(|entry| entry.start <= found) - 1;
            let entry = &self.entries[index];
            let next = self.entries.get(index + 1);
            from = next.map_or(self.text.len(), |next| next.start);
            let text = self.text.get(entry.start..from).unwrap_or_default();
            let is_newer = newest.len() < limit
                || newest
                    .last()
                    .is_some_and(|last| last.position < entry.position);
            if entry.conversation != GONE
                && is_newer
                && others.iter().all(|word| text.contains(word.as_str()))
            {
                let place = newest.partition_point(|known| known.position > entry.position);
                newest.insert(place, entry);
                newest.truncate(limit);
            }
        }
        newest.into_iter().map(|entry| self.hit(entry)).collect()
    }

    fn hit(&self, entry: &Entry) -> Hit {
        let conversation = self.conversations[entry.conversation as usize].clone();
        Hit {
            key: message_key(conversation.as_str(), entry.position),
            conversation,
            at: entry.position.at(),
        }
    }

    /// Of which row of which conversation it is.
    fn place(&mut self, row: &Record) -> Option<(u32, Position)> {
        let (jid, order) = row.key.split_once('\n')?;
        let position = Position::read(order)?;
        // The rows of one conversation come one after the other.
        let known = self
            .conversations
            .iter()
            .rposition(|known| known.as_str() == jid);
        let index = match known {
            Some(index) => index,
            None => {
                self.conversations.push(jid.parse().ok()?);
                self.conversations.len() - 1
            }
        };
        Some((u32::try_from(index).ok()?, position))
    }

    /// Folds all of them at once: the browser has the tables for that, and each way there
    /// and back costs more than the text.
    fn add(&mut self, rows: &[(u32, Position, Option<&[u8]>)]) {
        let mut places = Vec::with_capacity(rows.len());
        let mut batch = String::new();
        for (conversation, position, row) in rows {
            let Some(body) = row.and_then(body).filter(|body| !body.is_empty()) else {
                continue;
            };
            places.push((*conversation, *position));
            let sane = |letter| if letter == SEPARATOR { ' ' } else { letter };
            batch.extend(body.chars().map(sane));
            batch.push(SEPARATOR);
        }
        let folded = (self.fold)(&batch);
        for ((conversation, position), text) in places.into_iter().zip(folded.split(SEPARATOR)) {
            self.entries.push(Entry {
                start: self.text.len(),
                conversation,
                position,
            });
            self.text.push_str(text);
            self.text.push(SEPARATOR);
        }
    }
}

impl Store {
    /// All messages that are here, as the rows that they are on disk. Where there is no
    /// disk that is all there is.
    pub fn message_rows(&self) -> Vec<Record> {
        let mut rows = Vec::new();
        for (jid, conversation) in self.conversations.iter() {
            let timeline = &conversation.timeline;
            rows.extend(timeline.places().map(|(position, message)| {
                let row = crate::codec::encode(&**message);
                Record::new(
                    Table::Messages,
                    message_key(jid.as_str(), position),
                    Some(row),
                )
            }));
        }
        rows
    }

    /// The message whose row has this key, if it is here.
    pub fn message_at(&self, key: &str) -> Option<&Rc<Message>> {
        let (jid, order) = key.split_once('\n')?;
        let conversation = self.conversations.get(&jid.parse::<BareJid>().ok()?)?;
        conversation.timeline.in_place(Position::read(order)?)
    }

    /// Whether the row with this key is among those still to be read from disk.
    pub fn is_to_be_loaded(&self, key: &str) -> bool {
        let place = || {
            let (jid, order) = key.split_once('\n')?;
            let conversation = self.conversations.get(&jid.parse::<BareJid>().ok()?)?;
            Some(conversation.is_for_later(Position::read(order)?))
        };
        place().unwrap_or_default()
    }
}

/// The text of the message that a row is. What comes before it is passed over, and no
/// address made of it: that would take longer than everything else together.
fn body(row: &[u8]) -> Option<&str> {
    type Id<'a> = Option<&'a str>;
    type Beginning<'a> = (
        &'a str,
        Id<'a>,
        Id<'a>,
        Id<'a>,
        &'a str,
        &'a str,
        Id<'a>,
        Scope,
        Direction,
        &'a str,
    );
    let (beginning, _) = postcard::take_from_bytes::<Beginning<'_>>(row).ok()?;
    Some(beginning.9)
}

/// The message that a row of the table Messages is.
pub fn read_message(row: &[u8]) -> Option<Message> {
    decode(row)
}

/// Finds one text in others, by Horspool's rule: what is looked for is laid beneath the
/// text, and moved on by as much as the byte over its end allows.
struct Finder<'a> {
    needle: &'a [u8],
    skips: [u8; 256],
}

impl<'a> Finder<'a> {
    fn new(needle: &'a [u8]) -> Self {
        let skip = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
        let mut skips = [skip(needle.len()); 256];
        let last = needle.len().saturating_sub(1);
        for (index, byte) in needle.iter().take(last).enumerate() {
            skips[usize::from(*byte)] = skip(last - index);
        }
        Self { needle, skips }
    }

    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let last = self.needle.len().checked_sub(1)?;
        let mut at = from + last;
        while let Some(byte) = text.get(at) {
            if *byte == self.needle[last] && text[at - last..at] == self.needle[..last] {
                return Some(at - last);
            }
            at += usize::from(self.skips[usize::from(*byte)]);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::tests::{bob, message};
    use crate::store::{MessageId, StoreEvent};

    fn row(conversation: &str, at: i64, body: &str) -> Record {
        let message = Message {
            conversation: conversation.parse().unwrap(),
            body: body.to_owned(),
            ..message("id", at)
        };
        let mut store = Store::default();
        store.apply(StoreEvent::Message {
            message: Box::new(message),
            provenance: crate::store::Provenance::Live,
        });
        store.message_rows().remove(0)
    }

    fn index(rows: &[Record]) -> Index {
        let mut index = Index::new(str::to_lowercase);
        index.load(rows);
        index.complete();
        index
    }

    fn found(index: &Index, query: &str) -> Vec<i64> {
        let hits = index.find(&index.words(query), 3);
        hits.into_iter().map(|hit| hit.at.0).collect()
    }

    #[test]
    fn all_words_have_to_be_there_and_the_newest_comes_first() {
        let rows = [
            row("bob@example.org", 10, "See you in the Garden"),
            row("bob@example.org", 30, "the garden gate"),
            row("carol@example.org", 20, "a gate"),
            row("carol@example.org", 40, "明日の会議"),
        ];
        let index = index(&rows);
        assert_eq!(found(&index, "garden"), [30, 10]);
        assert_eq!(found(&index, "GATE gard"), [30]);
        assert_eq!(found(&index, "gate"), [30, 20]);
        assert_eq!(found(&index, "会議"), [40]);
        assert_eq!(found(&index, "garden the"), [30, 10]);
        assert_eq!(found(&index, "a"), [30, 20, 10]);
        assert_eq!(found(&index, "nothing"), [] as [i64; 0]);
        assert_eq!(found(&index, "  "), [] as [i64; 0]);
        // Not across two messages.
        assert_eq!(found(&index, "garden\u{1}the"), [30, 10]);
        assert_eq!(found(&index, "gardenthe"), [] as [i64; 0]);
    }

    #[test]
    fn what_is_found_is_the_row() {
        let rows = [row("carol@example.org", 20, "a gate")];
        let index = index(&rows);
        let hits = index.find(&index.words("gate"), 10);
        assert_eq!(hits[0].key, rows[0].key);
        assert_eq!(hits[0].conversation.as_str(), "carol@example.org");
    }

    #[test]
    fn another_text_takes_the_place_of_the_first() {
        let mut index = index(&[row(BOB, 10, "teh garden")]);
        index.take(&[row(BOB, 10, "the garden")]);
        assert_eq!(found(&index, "teh"), [] as [i64; 0]);
        assert_eq!(found(&index, "the"), [10]);
        let gone = Record {
            value: None,
            ..row(BOB, 10, "")
        };
        index.take(&[gone]);
        assert_eq!(found(&index, "garden"), [] as [i64; 0]);
    }

    #[test]
    fn what_is_written_while_it_is_read_is_newer() {
        let mut index = Index::new(str::to_lowercase);
        index.take(&[row(BOB, 10, "the garden"), row(BOB, 20, "new")]);
        index.load(&[row(BOB, 10, "teh garden"), row(BOB, 5, "old")]);
        assert_eq!(found(&index, "garden"), [10]);
        assert_eq!(found(&index, "teh"), [] as [i64; 0]);
        assert_eq!(found(&index, "old"), [5]);
    }

    #[test]
    fn the_store_knows_what_is_here() {
        let mut store = Store::default();
        store.apply(StoreEvent::Message {
            message: Box::new(message("one", 10)),
            provenance: crate::store::Provenance::Live,
        });
        let rows = store.message_rows();
        let known = store.message_at(&rows[0].key).unwrap();
        assert_eq!(known.id, MessageId("one".to_owned()));
        assert!(!store.is_to_be_loaded(&rows[0].key));
        assert_eq!(store.conversation(&bob()).unwrap().timeline.len(), 1);
    }

    const BOB: &str = "bob@example.org";

    proptest! {
        #[test]
        fn finds_what_is_there(text in "[abc]{0,60}", needle in "[abc]{1,6}", from in 0usize..20) {
            let found = Finder::new(needle.as_bytes()).find(text.as_bytes(), from);
            let expected = text.get(from..).and_then(|rest| rest.find(&needle));
            prop_assert_eq!(found, expected.map(|place| place + from));
        }
    }
}
