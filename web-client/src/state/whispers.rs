//! What is for one person in a room, and for nobody else there (XEP-0045 7.5).

use couplet_engine::store::{Direction, Entry, Message, Note, Notes, Reply, Scope, Whisper};
use jid::BareJid;

use super::State;

/// What goes for all that is sent at once: whether it is hidden, and for whom it is.
pub(super) fn of_all(notes: &Notes) -> Notes {
    let of_all = notes.iter();
    let of_all = of_all.filter(|note| matches!(note, Note::Spoiler(_) | Note::Whisper(_)));
    of_all.cloned().collect()
}

/// What goes for what is written next: what is private stays so until somebody wants otherwise.
pub(super) fn of_next(notes: &Notes) -> Notes {
    let of_next = notes.iter();
    let of_next = of_next.filter(|note| matches!(note, Note::Whisper(_)));
    of_next.cloned().collect()
}

impl State {
    /// What is being written in a room is for this person only, or for everybody again.
    pub(crate) fn whisper(&self, room: &BareJid, whisper: Option<Whisper>) {
        let mut notes = self.draft_notes(room);
        let answered = notes.reply().map(|reply| self.is_public(room, reply));
        if answered == Some(false) {
            // Nobody else is to read the quotation.
            let rest = notes.iter().filter(|note| !matches!(note, Note::Reply(_)));
            notes = rest.cloned().collect();
        }
        match whisper {
            Some(whisper) => notes.set(Note::Whisper(whisper)),
            None => {
                let rest = notes
                    .iter()
                    .filter(|note| !matches!(note, Note::Whisper(_)));
                notes = rest.cloned().collect();
            }
        }
        // Who edits something has stopped to.
        self.edit(None);
        self.keep_notes(room, notes);
    }

    /// Whom one whispers to who answers a message of a room in private.
    pub(crate) fn whisper_about(&self, message: &Message) -> Option<Whisper> {
        if message.direction == Direction::Outgoing {
            return message.whispered_to().cloned();
        }
        let said = Whisper {
            nick: message.from.resource()?.to_string(),
            occupant: message.occupant.clone(),
        };
        self.store().room(&message.conversation)?;
        Some(self.now_called(&message.conversation, said))
    }

    /// The same, for whom it is by what they are called in the room by now.
    pub(super) fn for_who_is_meant(&self, room: &BareJid, mut notes: Notes) -> Notes {
        if let Some(whisper) = notes.whisper().cloned() {
            notes.set(Note::Whisper(self.now_called(room, whisper)));
        }
        notes
    }

    /// The same one, by what they are called in the room by now.
    pub(crate) fn now_called(&self, room: &BareJid, whisper: Whisper) -> Whisper {
        let store = self.store();
        let Some((id, room)) = whisper.occupant.as_ref().zip(store.room(room)) else {
            return whisper;
        };
        let is_called = |nick: &str, id: &str| {
            let known = room.occupants.get(nick);
            known.is_some_and(|known| known.id.as_deref() == Some(id))
        };
        if is_called(&whisper.nick, id) {
            return whisper;
        }
        let mut all = room.occupants.at(0..room.occupants.len()).iter();
        let now = all.find(|occupant| occupant.id.as_ref() == Some(id));
        now.map_or_else(|| whisper.clone(), |occupant| Whisper::to(occupant))
    }

    /// Whether somebody else in the room has written it to everybody, and is still there.
    pub(crate) fn can_whisper_about(&self, message: &Message) -> bool {
        let theirs = message.direction == Direction::Incoming && message.scope == Scope::Room;
        let whisper = self.whisper_about(message).filter(|_| theirs);
        whisper.is_some_and(|whisper| self.reaches(&message.conversation, &whisper))
    }

    /// Whether whom something is whispered to is in the room, as far as that is known: while we
    /// aren't in it nobody knows, and the engine finds out when we are.
    pub(crate) fn reaches(&self, room: &BareJid, whisper: &Whisper) -> bool {
        let store = self.store();
        let Some(room) = store.room(room) else {
            return false;
        };
        let known = room.occupants.get(&whisper.nick);
        let same = known.is_some_and(|occupant| match (&occupant.id, &whisper.occupant) {
            (Some(id), Some(wanted)) => id == wanted,
            _ => true,
        });
        same || room.entry != Entry::Joined
    }

    /// Whether everybody in the room could read what is answered.
    fn is_public(&self, room: &BareJid, reply: &Reply) -> bool {
        let store = self.store();
        let known = store.conversation(room);
        let answered = known.and_then(|known| known.answered(reply));
        answered.is_some_and(|message| message.scope == Scope::Room)
    }
}
