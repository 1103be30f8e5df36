//! What a correction says whose message isn't here, so that it isn't lost.
//!
//! A message that nobody has seen yet stands in for the one that is missing: it goes by the
//! id of that, so that whatever else is said about it concerns the stand-in too. When the
//! missing one comes, from whom it may, it takes all of that over, and its own place.

use super::change::advance;
use super::timeline::Position;
use super::{Conversation, Mentions, Message, Note};

impl Message {
    /// Whether it is here for another, of which only corrections are known.
    pub fn is_stand_in(&self) -> bool {
        self.notes.iter().any(|note| *note == Note::StandIn)
    }

    /// As it stands in for the message that its writer calls `target`. It says nothing until
    /// the correction is applied to it.
    pub(super) fn standing_in_for(mut self, target: &str) -> Self {
        self.stanza_id = Some(target.to_owned());
        // Those are the correction's.
        (self.origin_id, self.archive_id) = (None, None);
        self.body = String::new();
        self.notes.unset(&Note::Mentions(Mentions::default()));
        self.notes.set(Note::StandIn);
        self
    }

    /// Whether it is here for `message`.
    fn stands_in_for(&self, message: &Self) -> bool {
        self.is_stand_in()
            && self.scope == message.scope
            && self.author() == message.author()
            && self
                .stanza_id
                .as_deref()
                .is_some_and(|target| message.is_corrected_as(target))
    }

    /// Takes over what was said about it while it wasn't here.
    fn take_over(&mut self, stand_in: Self) {
        advance(&mut self.delivery, &stand_in.delivery);
        self.take_over_mentions(&stand_in.notes);
        self.merge_changes(stand_in.changes);
    }
}

impl Conversation {
    /// Where the message is for which the one at `position` stands in, if it is here.
    pub(super) fn missed_at(&self, position: Position) -> Option<Position> {
        let stand_in = self.timeline.at(position)?;
        let target = stand_in.stanza_id.as_deref()?;
        let missed = |message: &Message| stand_in.stands_in_for(message);
        let found = self.timeline.find(target, missed);
        found.into_iter().find(|place| *place != position)
    }

    /// Where there are some that stand in for the message at `position`.
    pub(super) fn stand_ins_for(&self, position: Position) -> Vec<Position> {
        let Some(message) = self.timeline.at(position) else {
            return Vec::new();
        };
        let ids = message.ids().chain(message.change_ids());
        let places = ids.flat_map(|id| self.timeline.find(id, |one| one.stands_in_for(message)));
        let mut places: Vec<_> = places.filter(|place| *place != position).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Has the message at `position` take over from the one that stands in for it.
    pub(super) fn relieve(&mut self, stand_in: Position, position: Position) {
        if let Some(stand_in) = self.timeline.take(stand_in) {
            self.timeline
                .edit(position, |message| message.take_over(stand_in));
        }
    }
}
