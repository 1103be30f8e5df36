//! That somebody in a room would like to speak.

use serde::{Deserialize, Serialize};

use super::{Occupant, Role, Room};

/// So many are remembered of a room, the first ones.
const MOST: usize = 10;

/// Somebody who may only listen asks the moderators for leave to speak (XEP-0045 8.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceRequest {
    /// What they are called.
    pub nick: String,
    /// Who they are, as the room wants to hear it again.
    pub jid: String,
}

impl Room {
    /// Somebody asks. Whoever has asked already does so once; a room where nobody of that name
    /// listens can't mean it.
    pub(super) fn note_voice(&mut self, voice: VoiceRequest) {
        let listens = |occupant: &Occupant| occupant.role == Role::Visitor;
        let known = self.occupants.get(&voice.nick);
        let asks = known.is_some_and(|occupant| listens(occupant));
        self.forget_voice(&voice.nick);
        if asks && self.voice.len() < MOST {
            self.voice.push(voice);
        }
    }

    /// They have been answered, or have left.
    pub(super) fn forget_voice(&mut self, nick: &str) -> bool {
        let before = self.voice.len();
        self.voice.retain(|known| known.nick != nick);
        self.voice.len() < before
    }
}
