//! One conversation: its timeline and what the list shows of it.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::timeline::Position;
use super::{Delivery, Direction, Message, MessageId, Provenance, Timeline};
use crate::codec::{decode, encode};
use crate::modules::xep0313_archive::Repeats;
use crate::now::Timestamp;

/// A conversation with one other side.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// The messages that are here, oldest first.
    pub timeline: Timeline,
    /// How many messages of the other side nobody has read.
    pub unread: u32,
    /// The oldest message nobody has read: the unread divider goes before it.
    pub first_unread: Option<MessageId>,
    /// Whether the other side is typing.
    pub typing: bool,
    /// What is known of the history before the timeline.
    pub older: Older,
    /// The archive's id from which that history goes on, once a page of it was read.
    begins_with: Option<String>,
    /// What is missing in between, newest first.
    gaps: Vec<Gap>,
    /// How often the archive has answered, or couldn't, what was said at some time. Whoever
    /// has asked finds another number than before.
    pub answers: u32,
    /// Whether there are older messages on disk than those that are here.
    pub more_on_disk: bool,
    /// How far the disk has been read, from the newest message on.
    read_to: Option<Position>,
    /// The newest message, while the timeline has not been read from disk.
    preview: Option<Rc<Message>>,
    /// What has been told of messages of ours that are not here.
    ahead: Vec<(MessageId, Delivery)>,
}

/// A stretch of the conversation that isn't here, between two that are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    /// The archive's id of what comes after it.
    pub(super) before: String,
    /// The archive's id of the message before it, and its time.
    pub(super) until: String,
    until_at: Timestamp,
    /// What became of the last attempt to read it.
    pub(super) state: Older,
}

/// What is told of messages that nobody knows is kept for this many a conversation.
const AHEAD: usize = 100;

/// A conversation's row.
#[derive(Serialize, Deserialize)]
struct Row {
    unread: u32,
    first_unread: Option<MessageId>,
    older: Older,
    begins_with: Option<String>,
    gaps: Vec<Gap>,
    answers: u32,
    arrivals: i64,
    ahead_from: Option<String>,
    last: Option<Message>,
    ahead: Vec<(MessageId, Delivery)>,
}

/// What is known of the part of a conversation that isn't here yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Older {
    /// Nobody has asked.
    #[default]
    Unknown,
    /// A page is under way.
    Loading,
    /// There is more in the archive.
    More,
    /// The timeline begins where the conversation did.
    Complete,
    /// The archive refused or didn't answer; it can be asked again.
    Failed,
}

impl Conversation {
    /// The newest message.
    pub fn last(&self) -> Option<&Rc<Message>> {
        let newest = self.timeline.iter().next_back();
        newest.or(self.preview.as_ref())
    }

    pub(super) fn insert(&mut self, mut message: Message, provenance: Provenance) {
        let incoming = message.direction == Direction::Incoming;
        let id = message.id.clone();
        if !incoming {
            self.catch_up_on(&mut message);
        }
        if !self.timeline.insert(message, provenance) {
            return;
        }
        if incoming {
            self.typing = false;
            if provenance.is_news() {
                self.unread = self.unread.saturating_add(1);
                self.first_unread.get_or_insert(id);
            }
        } else if provenance.is_news() {
            // Whoever answers has read what came before.
            self.mark_read();
        }
    }

    /// Takes in a message from disk.
    pub(super) fn load(&mut self, position: Position, mut message: Message) {
        self.read_to = Some(position);
        let before = message.delivery.clone();
        self.catch_up_on(&mut message);
        let id = message.id.clone();
        let told = (message.delivery != before).then(|| message.delivery.clone());
        message.delivery = before;
        self.timeline.load(position, message);
        if let Some(delivery) = told {
            self.timeline.deliver(&id, delivery);
        }
    }

    pub(super) fn deliver(&mut self, id: &MessageId, delivery: Delivery) -> bool {
        if self.timeline.has(id) {
            return self.timeline.deliver(id, delivery);
        }
        match self.ahead.iter_mut().find(|(known, _)| known == id) {
            Some((_, known)) if *known >= delivery => return false,
            Some((_, known)) => *known = delivery,
            None => self.ahead.push((id.clone(), delivery)),
        }
        if self.ahead.len() > AHEAD {
            self.ahead.remove(0);
        }
        true
    }

    pub(super) fn mark_read(&mut self) -> bool {
        let changed = self.unread > 0;
        self.unread = 0;
        self.first_unread = None;
        changed
    }

    /// Whether more has to be read from disk: what is to be put in order has to be here,
    /// and so has what `repeats`.
    pub(super) fn is_short(&self, repeats: Repeats) -> bool {
        let Some(read_to) = self.read_to else {
            return self.more_on_disk;
        };
        let ahead = self.timeline.ahead().is_some_and(|ahead| read_to > ahead);
        let repeated = match repeats {
            Repeats::Nothing => false,
            Repeats::Since(time) => read_to.at() >= time,
            // There may be as many that the archive doesn't have yet.
            Repeats::Newest(count) => self.timeline.len() < 2 * count,
        };
        self.more_on_disk && (ahead || repeated)
    }

    /// Takes what another store's row of it says; messages, and who types, are for others.
    pub(super) fn mirror(&mut self, row: &[u8]) {
        if let Some(fresh) = Self::restore(row) {
            *self = Self {
                timeline: std::mem::take(&mut self.timeline),
                typing: self.typing,
                more_on_disk: self.more_on_disk,
                read_to: self.read_to,
                ..fresh
            };
        }
    }

    /// Whether the place is behind what has been read from disk, so that its message comes
    /// when one scrolls back to it.
    pub(super) fn is_for_later(&self, position: Position) -> bool {
        self.more_on_disk && self.read_to.is_none_or(|to| position < to)
    }

    /// How far the disk has been read.
    pub(super) fn read_to(&self) -> Option<Position> {
        self.read_to
    }

    /// The archive's id of the oldest thing that is here, shown or not.
    pub(super) fn begins_with(&self) -> Option<String> {
        let oldest = |message: &Rc<Message>| message.archive_id.clone();
        let oldest = || self.timeline.iter().find_map(oldest);
        self.begins_with.clone().or_else(oldest)
    }

    pub(super) fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// The first message since `at`, and whether nothing is missing before it.
    pub fn since(&self, at: Timestamp) -> Option<(&Rc<Message>, bool)> {
        let mut before: Option<&Rc<Message>> = None;
        for message in self.timeline.iter() {
            if message.at < at {
                before = Some(message);
                continue;
            }
            let whole = match before {
                Some(before) => !self
                    .gaps
                    .iter()
                    .any(|gap| before.archive_id.as_ref() == Some(&gap.until)),
                None => !self.more_on_disk && self.older == Older::Complete,
            };
            return Some((message, whole));
        }
        None
    }

    /// A page of the gap before `before` is here, or under way.
    pub(super) fn read_older(&mut self, before: Option<&str>, older: Older, next: Option<String>) {
        let gap = |gap: &Gap| Some(gap.before.as_str()) == before;
        let index = self.gaps.iter().position(gap);
        match index {
            _ if older != Older::Loading => self.timeline.begin_page_anywhere(),
            Some(index) => self.timeline.begin_page_behind(&self.gaps[index].until),
            None => self.timeline.begin_page(),
        }
        let Some(index) = index else {
            self.older = older;
            if next.is_some() {
                self.begins_with = next;
            }
            return;
        };
        if older == Older::Complete {
            self.gaps.remove(index);
            return;
        }
        self.gaps[index].state = older;
        if let Some(next) = next {
            self.gaps[index].before = next;
        }
    }

    /// A page is about to come whose surroundings are unknown, unless they are here. Each
    /// end is the archive's id and the time of a message.
    pub(super) fn read_island(
        &mut self,
        (first, from): (String, Timestamp),
        (last, to): (String, Timestamp),
        newest: bool,
    ) {
        self.timeline.begin_page_anywhere();
        let knows = |id: &str| self.timeline.has_archived(id);
        let older = |gap: &Gap| gap.until_at <= from;
        match (knows(&first), knows(&last) || newest) {
            (true, true) => {}
            // It reaches up into a gap.
            (true, false) => {
                let newer = |gap: &&mut Gap| gap.until_at >= from;
                if let Some(gap) = self.gaps.iter_mut().rev().find(newer) {
                    (gap.until, gap.until_at) = (last, to);
                }
            }
            // It reaches down into a gap.
            (false, true) => match self.gaps.iter_mut().find(|gap| older(gap)) {
                Some(gap) => gap.before = first,
                None => self.begin_with(first),
            },
            (false, false) => {
                let index = self.gaps.iter().position(older);
                let before = match index {
                    Some(index) => Some(self.gaps[index].before.clone()),
                    None => self.begins_with(),
                };
                match index {
                    Some(index) => self.gaps[index].before = first,
                    None => self.begin_with(first),
                }
                let index = index.unwrap_or(self.gaps.len());
                let gap = before.map(|before| Gap {
                    before,
                    until: last,
                    until_at: to,
                    state: Older::More,
                });
                self.gaps.splice(index..index, gap);
            }
        }
    }

    fn begin_with(&mut self, first: String) {
        self.begins_with = Some(first);
        self.older = Older::More;
    }

    pub(super) fn row(&self) -> Vec<u8> {
        // Nobody will answer what another page has asked.
        let unasked = |older| match older {
            Older::Loading | Older::Failed => Older::More,
            older => older,
        };
        let gap = |gap: &Gap| Gap {
            state: unasked(gap.state),
            ..gap.clone()
        };
        let row = Row {
            unread: self.unread,
            first_unread: self.first_unread.clone(),
            older: unasked(self.older),
            begins_with: self.begins_with.clone(),
            gaps: self.gaps.iter().map(gap).collect(),
            answers: self.answers,
            arrivals: self.timeline.arrivals(),
            ahead_from: self.timeline.ahead().map(Position::order),
            last: self.last().map(|message| Message::clone(message)),
            ahead: self.ahead.clone(),
        };
        encode(&row)
    }

    pub(super) fn restore(row: &[u8]) -> Option<Self> {
        let row: Row = decode(row)?;
        let mut timeline = Timeline::default();
        timeline.set_arrivals(row.arrivals);
        timeline.set_ahead(row.ahead_from.as_deref());
        Some(Self {
            timeline,
            unread: row.unread,
            first_unread: row.first_unread,
            typing: false,
            older: row.older,
            begins_with: row.begins_with,
            gaps: row.gaps,
            answers: row.answers,
            more_on_disk: row.last.is_some(),
            read_to: None,
            preview: row.last.map(Rc::new),
            ahead: row.ahead,
        })
    }

    /// What has been told of it before it came.
    pub(super) fn catch_up_on(&mut self, message: &mut Message) {
        let told = self.ahead.iter().position(|(id, _)| *id == message.id);
        if let Some(index) = told {
            let (_, delivery) = self.ahead.remove(index);
            if delivery > message.delivery {
                message.delivery = delivery;
            }
        }
    }
}
