//! Deleting what has been said in a conversation, up to some time.
//!
//! The archive keeps it: no specification lets anybody delete there. So we remember up to
//! when, by the archive's clock, and take nothing from before that out of it any more.

use jid::BareJid;

use super::timeline::{Position, TOLERANCE};
use super::{Cleared, Conversation, Message, Older, Provenance, Scope, Store, Topic};
use crate::modules::xep0313_archive::Command;
use crate::now::Timestamp;
use crate::output::Table;

/// By so many of the newest messages the archive can tell what is meant.
const KNOWN: usize = 50;

impl Store {
    /// The command that deletes everything that is in the conversation with `jid` now, on all
    /// of our devices; `None` where there is nothing.
    pub fn clearing(&self, jid: &BareJid) -> Option<Command> {
        let conversation = self.conversations.get(jid)?;
        let newest = conversation.last()?.at;
        let newest_first = conversation.timeline.iter().rev();
        let known = newest_first.chain(conversation.last()).take(KNOWN);
        Some(Command::Clear {
            conversation: jid.clone(),
            newest,
            known: known
                .flat_map(|message| message.ids())
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Takes out what is deleted of a conversation.
    pub(super) fn clear(&mut self, jid: &BareJid, until: &Cleared) -> Vec<Topic> {
        let Some(known) = self.conversations.get_mut(jid) else {
            return Vec::new();
        };
        let place = |last: &String| known.timeline.archived(last).map(Position::behind);
        let end = match until {
            Cleared::All => Some(Position::end_of(Timestamp(i64::MAX))),
            Cleared::To(last) => place(last),
            Cleared::Until(at, last) => last.as_ref().and_then(place).or_else(|| {
                let at = Timestamp(at.0.saturating_add(TOLERANCE));
                Some(Position::end_of(at))
            }),
        };
        let Some(end) = end else { return Vec::new() };
        known.clear(end);
        self.changed.mark(Table::Messages, jid);
        self.changed.mark(Table::Conversations, jid);
        vec![Topic::Conversation(jid.clone()), Topic::Conversations]
    }

    /// Whether a message is of what was deleted, and comes out of an archive once more. What
    /// comes by itself is news, whatever the clocks say.
    pub(super) fn is_cleared(&self, message: &Message, provenance: Provenance) -> bool {
        let again = match provenance {
            Provenance::Live | Provenance::Ahead => false,
            // A room without an archive tells of the past by itself.
            Provenance::Delayed => message.scope == Scope::Room,
            Provenance::CatchUp | Provenance::Before | Provenance::History => true,
        };
        let cleared = self.wishes(&message.conversation).cleared;
        again && cleared.is_some_and(|cleared| message.at <= cleared)
    }
}

impl Conversation {
    /// Takes everything up to `end` out, here and on disk.
    pub(super) fn clear(&mut self, end: Position) {
        let found = self.timeline.clear(end);
        self.preview.take_if(|newest| newest.at <= end.at());
        let all = self.last().is_none();
        if all || self.read_to.is_some_and(|read_to| read_to <= end) {
            self.more_on_disk = false;
            self.timeline.set_partial(false);
        }
        // What is missing behind it is still missing; before it nothing is any more.
        match self.gaps.iter().position(|gap| gap.until_at <= end.at()) {
            Some(index) => {
                self.begins_with = Some(self.gaps[index].before.clone());
                self.older = Older::More;
                self.gaps.truncate(index);
            }
            None if found || all => self.older = Older::Complete,
            None => {}
        }
        if all || !self.timeline.is_empty() {
            self.count_again(end);
        }
        self.cleared = self.cleared.max(Some(end));
    }
}
