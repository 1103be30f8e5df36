//! One conversation: its timeline and what the list shows of it.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::timeline::Position;
use super::waiting::{Told, Waiting};
use super::{
    Author, Change, Delivery, Direction, Failure, Message, MessageId, Provenance, Timeline,
};
use crate::codec::{decode_longer, encode};
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
    /// Those of them that are said to us, oldest first, and what has come to be since it was read.
    pub(super) to_us: Vec<MessageId>,
    /// Whether the other side is typing.
    pub typing: bool,
    /// What is known of the history before the timeline.
    pub older: Older,
    /// The archive's id from which that history goes on, once a page of it was read.
    pub(super) begins_with: Option<String>,
    /// What is missing in between, newest first.
    pub(super) gaps: Vec<Gap>,
    /// How often the archive has answered, or couldn't, what was said at some time. Whoever
    /// has asked finds another number than before.
    pub answers: u32,
    /// Whether there are older messages on disk than those that are here.
    pub more_on_disk: bool,
    /// How far the disk has been read, from the newest message on.
    pub(super) read_to: Option<Position>,
    /// The newest message, while the timeline has not been read from disk.
    pub(super) preview: Option<Rc<Message>>,
    /// What has been told of messages that are not here.
    waiting: Waiting,
    /// What we have given up though the archive may have it, the last one at the end.
    given_up: Vec<MessageId>,
    /// Whether the page of the past that is under way has come to what was deleted.
    pub(super) reached_cleared: bool,
    /// Up to where everything has still to be deleted from disk.
    pub(super) cleared: Option<Position>,
    /// The place up to which we have seen everything.
    pub(super) displayed: Option<Position>,
    /// The place up to which the other side has.
    pub(super) seen: Option<Position>,
    /// What others in the room have seen last.
    pub(super) readers: Vec<(Author, String)>,
}

/// A stretch of the conversation that isn't here, between two that are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    /// The archive's id of what comes after it.
    pub(super) before: String,
    /// The archive's id of the message before it, and its time.
    pub(super) until: String,
    pub(super) until_at: Timestamp,
    /// What became of the last attempt to read it.
    pub(super) state: Older,
}

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
    waiting: Waiting,
    given_up: Vec<MessageId>,
    displayed: Option<String>,
    seen: Option<String>,
}

/// Of more than these, one that was given up may come back from the archive.
const MOST_GIVEN_UP: usize = 100;

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

    pub(super) fn insert(&mut self, message: Message, provenance: Provenance) {
        let incoming = message.direction == Direction::Incoming;
        if !incoming && self.given_up.contains(&message.id) {
            return;
        }
        let (position, new) = self.timeline.insert(message, provenance);
        if incoming && new {
            self.typing = false;
            if provenance.is_news() {
                self.count(position);
            }
        } else if new && provenance.is_news() {
            // Whoever answers has read what came before.
            self.mark_read();
        }
        self.settle(position);
    }

    /// Takes in a message from disk; whether it had been waited for.
    pub(super) fn load(&mut self, position: Position, message: Message) -> bool {
        self.read_to = Some(position);
        let position = self.timeline.load(position, message);
        self.settle(position)
    }

    /// What waits here to be sent, and isn't `left`, never will be; whether there is such.
    pub(super) fn lose_unsent(&mut self, left: &[MessageId]) -> bool {
        let places: Vec<_> = self.timeline.places().map(|(place, _)| place).collect();
        let mut lost = false;
        for place in places {
            lost |= self.lose_unsent_at(place, left);
        }
        lost
    }

    /// The same of the message at this place.
    pub(super) fn lose_unsent_at(&mut self, position: Position, left: &[MessageId]) -> bool {
        let lose = |message: &mut Message| {
            for id in message.unsent() {
                if left.iter().all(|left| left.0 != id) {
                    message.deliver(&id, &Delivery::Failed(Failure::damaged()));
                }
            }
        };
        self.timeline.edit(position, lose)
    }

    /// Something is said about a message, `alone` if that isn't here; false if that is nothing
    /// new.
    pub(super) fn change(
        &mut self,
        change: Change,
        alone: Option<Box<Message>>,
        provenance: Provenance,
    ) -> bool {
        let at = change.at;
        let arrival = self.timeline.arrive(provenance);
        let archived = matches!(provenance, Provenance::CatchUp | Provenance::Before);
        let told = Told::Change {
            change: Box::new(change),
            arrival,
            archived,
        };
        let alone = alone.filter(|_| self.is_missed(&told));
        let shown = alone.is_some();
        if let Some(alone) = alone {
            self.insert(alone.standing_in_for(told.target()), provenance);
        }
        let told_others = |message: &Message| told.concerns(message) && !message.is_to_us();
        let others = self.timeline.find(told.target(), told_others);
        let changed = self.tell(told) || shown;
        // What has been read may be said to us by now.
        let seen = self.displayed.is_some_and(|displayed| displayed.at() > at);
        for position in others {
            if provenance.is_news() && !seen {
                self.count_mention(position);
            }
        }
        changed
    }

    pub(super) fn deliver(&mut self, id: MessageId, delivery: Delivery) -> bool {
        // It may be that of a change that still waits for its message.
        self.waiting.deliver(&id, &delivery) || self.tell(Told::Delivery(id, delivery))
    }

    /// One side has seen everything up to the message that is called `id`.
    pub(super) fn display(&mut self, by: Direction, id: String) -> bool {
        self.tell(Told::Displayed { by, id })
    }

    /// Gives up a message of ours, or what we wanted to say about one.
    pub(super) fn discard(&mut self, id: &MessageId) -> bool {
        if self.timeline.discard(id) {
            if self.given_up.len() == MOST_GIVEN_UP {
                self.given_up.remove(0);
            }
            self.given_up.push(id.clone());
            return true;
        }
        let mut changed = false;
        for position in self.timeline.find(&id.0, |_| true) {
            let discard = |message: &mut Message| message.discard_change(&id.0);
            changed |= self.timeline.edit(position, discard);
        }
        changed
    }

    /// Whether what is told is about something that isn't here, and that we haven't given up.
    fn is_missed(&self, told: &Told) -> bool {
        let concerned = |message: &Message| told.concerns(message);
        let target = told.target();
        self.timeline.find(target, concerned).is_empty()
            && self.given_up.iter().all(|known| known.0 != target)
    }

    /// Acts on what is told, or keeps it until what it is about is here.
    fn tell(&mut self, told: Told) -> bool {
        self.act(&told).unwrap_or_else(|| self.waiting.push(told))
    }

    /// Whether what is told has changed something; `None` if what it is about isn't here.
    fn act(&mut self, told: &Told) -> Option<bool> {
        let found = self
            .timeline
            .find(told.target(), |message| told.concerns(message));
        if found.is_empty() {
            return None;
        }
        let mut changed = false;
        for position in found {
            changed |= match told {
                Told::Change {
                    change,
                    arrival,
                    archived,
                } => {
                    let act = |message: &mut Message| message.change(change, *arrival, *archived);
                    self.timeline.edit(position, act) && {
                        self.recount_mention(position);
                        // What was said about the change has been waiting with it.
                        self.settle(position);
                        true
                    }
                }
                Told::Delivery(id, delivery) => {
                    self.timeline
                        .edit(position, |message| message.deliver(&id.0, delivery))
                        && {
                            self.notice(position);
                            true
                        }
                }
                Told::Displayed { by, id } => {
                    let seen = |message: &mut Message| message.deliver(id, &Delivery::Read);
                    let read = *by == Direction::Incoming && self.timeline.edit(position, seen);
                    let position = self.place_of(id, position);
                    self.pass(*by, position) || read
                }
            };
        }
        Some(changed)
    }

    /// Acts on what has been told of a message before it came, as often as that leads to
    /// more; whether there was something.
    fn settle(&mut self, position: Position) -> bool {
        let position = self.missed_at(position).unwrap_or(position);
        let mut settled = false;
        loop {
            let stand_ins = self.stand_ins_for(position);
            for stand_in in &stand_ins {
                self.uncount(*stand_in);
                self.relieve(*stand_in, position);
            }
            let Some(message) = self.timeline.at(position) else {
                break;
            };
            let about = self.waiting.take(message);
            if about.is_empty() && stand_ins.is_empty() {
                break;
            }
            settled = true;
            for told in &about {
                self.act(told);
            }
        }
        if settled {
            self.recount_mention(position);
        }
        self.notice(position);
        settled
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
            // The other store may not have here what this one has.
            let waiting: Vec<Told> = self.waiting.iter().cloned().collect();
            for told in waiting {
                self.act(&told);
            }
            self.timeline.take_changed();
        }
    }

    /// Takes what another store has at `position`. What stands in there for a message that is
    /// here, unlike there, isn't needed.
    pub(super) fn mirror_message(&mut self, position: Position, message: Option<Message>) {
        self.timeline.set(position, message);
        let position = self.missed_at(position).unwrap_or(position);
        for stand_in in self.stand_ins_for(position) {
            self.relieve(stand_in, position);
        }
        self.timeline.take_changed();
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
        let reached = std::mem::take(&mut self.reached_cleared);
        let older = match older {
            Older::More if reached => Older::Complete,
            older => older,
        };
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
            waiting: self.waiting.clone(),
            given_up: self.given_up.clone(),
            displayed: self.displayed.map(Position::order),
            seen: self.seen.map(Position::order),
        };
        encode(&(row, &self.to_us, &self.readers))
    }

    pub(super) fn restore(row: &[u8]) -> Option<Self> {
        let (row, (to_us, readers)): (Row, _) = decode_longer(row)?;
        let mut timeline = Timeline::default();
        timeline.set_arrivals(row.arrivals);
        timeline.set_ahead(row.ahead_from.as_deref());
        Some(Self {
            timeline,
            unread: row.unread,
            first_unread: row.first_unread,
            to_us,
            typing: false,
            older: row.older,
            begins_with: row.begins_with,
            gaps: row.gaps,
            answers: row.answers,
            more_on_disk: row.last.is_some(),
            read_to: None,
            preview: row.last.map(Rc::new),
            waiting: row.waiting,
            given_up: row.given_up,
            reached_cleared: false,
            cleared: None,
            displayed: row.displayed.as_deref().and_then(Position::read),
            seen: row.seen.as_deref().and_then(Position::read),
            readers,
        })
    }
}
