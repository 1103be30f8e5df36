//! Who has read how far: the other side what is ours, we what is theirs.

use super::room::MOST_READERS;
use super::timeline::Position;
use super::{Author, Conversation, Delivery, Direction, Message, MessageId, Scope};
use crate::modules::rfc6121_message::{Command, Newest};

impl Conversation {
    /// The command that says that everything has been seen, what it is about included. In a
    /// room it may be `told` to everybody, who know messages by the ids that the room gives
    /// them (XEP-0333 6).
    pub(super) fn reading(&self, conversation: &jid::BareJid, told: Option<bool>) -> Command {
        let first = self.first_unread.as_ref();
        let first = first.and_then(|first| self.timeline.position(first));
        let incoming = |message: &Message| message.direction == Direction::Incoming;
        let all = || self.timeline.between(None, None).rev();
        let theirs = || all().filter(|(_, message)| incoming(message));
        let unread = |position: Position| first.is_none_or(|first| position >= first);
        let newest = Newest {
            archive_id: theirs().find_map(|(_, message)| message.archive_id.clone()),
            marker: theirs()
                .take_while(|(position, _)| unread(*position))
                .find(|(_, message)| message.is_markable())
                .and_then(|(_, message)| match told {
                    None => message.stanza_id.clone(),
                    Some(true) => message.archive_id.clone(),
                    Some(false) => None,
                }),
        };
        Command::MarkRead {
            conversation: conversation.clone(),
            newest,
        }
    }

    /// We have seen everything that is here; not what is still missing before some of it.
    pub(super) fn mark_read(&mut self) -> bool {
        let changed = self.unread > 0 || !self.to_us.is_empty();
        self.unread = 0;
        self.to_us.clear();
        self.first_unread = None;
        let whole = self.timeline.between(None, self.timeline.ahead()).rev();
        let theirs = whole.filter(|(_, message)| message.direction == Direction::Incoming);
        let newest = theirs.map(|(position, _)| position).next();
        self.displayed = self.displayed.max(newest);
        changed
    }

    /// Counts what has come in, unless it was seen before it came.
    pub(super) fn count(&mut self, position: Position) {
        if self
            .displayed
            .is_some_and(|displayed| position <= displayed)
        {
            return;
        }
        self.unread = self.unread.saturating_add(1);
        let first = self.first_unread.as_ref();
        let earlier = match first.and_then(|first| self.timeline.position(first)) {
            Some(first) => position < first,
            None => first.is_none(),
        };
        if earlier {
            self.first_unread = self.timeline.at(position).map(|message| message.id.clone());
        }
        self.count_mention(position);
    }

    /// Whether nobody has read what is at `position`.
    pub(super) fn is_unread(&self, position: Position) -> bool {
        let first = self.first_unread.as_ref();
        let first = first.and_then(|first| self.timeline.position(first));
        self.unread > 0 && first.is_none_or(|first| first <= position)
    }

    /// What is at `position`, and goes from there, is no longer one of those that nobody has
    /// read.
    pub(super) fn uncount(&mut self, position: Position) {
        self.uncount_mention(position);
        let first = self.first_unread.as_ref();
        let first = first.and_then(|first| self.timeline.position(first));
        let incoming = |message: &Message| message.direction == Direction::Incoming;
        if !self.is_unread(position) || !self.timeline.at(position).is_some_and(incoming) {
            return;
        }
        self.unread -= 1;
        if first == Some(position) {
            let mut later = self.timeline.between(Some(position), None);
            let next = later.find(|(_, message)| incoming(message));
            let next = next.filter(|_| self.unread > 0);
            self.first_unread = next.map(|(_, message)| message.id.clone());
        }
    }

    /// Somebody in a room has seen what it calls `id`; false if they had before, or if that
    /// isn't here (XEP-0333 5).
    pub(super) fn see(&mut self, by: Author, id: String) -> bool {
        let place = self.timeline.archived(&id);
        if place.is_none() {
            return false;
        }
        if let Some(index) = self.readers.iter().position(|(known, _)| *known == by) {
            let further = place > self.timeline.archived(&self.readers[index].1);
            if further {
                self.readers[index].1 = id;
            }
            return further;
        }
        let surplus = (self.readers.len() + 1).saturating_sub(MOST_READERS);
        self.readers.drain(..surplus);
        self.readers.push((by, id));
        true
    }

    /// The last message of ours that others in the room have seen, and who.
    pub fn seen(&self) -> Option<(&MessageId, Vec<&Author>)> {
        let places: Vec<_> = self
            .readers
            .iter()
            .filter_map(|(by, id)| Some((by, self.timeline.archived(id)?)))
            .collect();
        let last = places.iter().map(|(_, place)| *place).max()?;
        let ours = |message: &Message| {
            let said = message.scope == Scope::Room && !message.is_retracted();
            said && message.direction == Direction::Outgoing
        };
        let mut before = self.timeline.between(None, Some(last)).rev();
        let (place, message) = before.find(|(_, message)| ours(message))?;
        let seen = places.iter().filter(|(_, seen)| *seen >= place);
        Some((&message.id, seen.map(|(by, _)| *by).collect()))
    }

    /// Where one is who has seen what goes by `id`, which is the message at `position`, or a
    /// later version of it.
    pub(super) fn place_of(&self, id: &str, position: Position) -> Position {
        let message = self.timeline.at(position);
        let corrected = message.and_then(|message| message.corrected_at(id));
        let place = corrected.and_then(|at| self.timeline.until(at));
        place.map_or(position, |place| place.max(position))
    }

    /// One side has got so far; false if it had before. Nobody goes back.
    pub(super) fn pass(&mut self, by: Direction, position: Position) -> bool {
        let known = match by {
            Direction::Incoming => &mut self.seen,
            Direction::Outgoing => &mut self.displayed,
        };
        let before = *known;
        if before >= Some(position) {
            return false;
        }
        *known = Some(position);
        match by {
            Direction::Incoming => {
                let passed = self.timeline.between(before, Some(position));
                let passed: Vec<_> = passed.map(|(position, _)| position).collect();
                for position in passed {
                    self.notice(position);
                }
            }
            Direction::Outgoing => self.count_again(position),
        }
        true
    }

    /// What is ours and reached them has been read, if it is within what they have seen.
    pub(super) fn notice(&mut self, position: Position) {
        let reached = |message: &Message| {
            matches!(message.delivery, Delivery::Sent | Delivery::Delivered)
                && message.direction == Direction::Outgoing
        };
        let seen = self.seen.is_some_and(|seen| position <= seen);
        if seen && self.timeline.at(position).is_some_and(reached) {
            self.timeline
                .edit(position, |message| message.delivery = Delivery::Read);
        }
    }

    /// Another device of ours has been seen to here: what is unread is behind that.
    pub(super) fn count_again(&mut self, displayed: Position) {
        self.uncount_mentions(displayed);
        if self.unread == 0 {
            return;
        }
        let first = self.first_unread.as_ref();
        let first = first.and_then(|first| self.timeline.position(first));
        let mut unread = 0_u32;
        let mut earliest: Option<MessageId> = None;
        for (position, message) in self.timeline.between(Some(displayed), None) {
            let counted = first.is_none_or(|first| position >= first);
            if counted && message.direction == Direction::Incoming {
                unread += 1;
                earliest.get_or_insert_with(|| message.id.clone());
            }
        }
        self.unread = unread.min(self.unread);
        self.first_unread = earliest;
    }
}
