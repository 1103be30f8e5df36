//! What people would like to be allowed in a room.

use serde::{Deserialize, Serialize};

use super::{Affiliation, Answer, Role, Room};

/// So many are remembered of a room, the first ones.
const MOST: usize = 10;

/// Somebody asks those who run a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRequest {
    /// What they are called, or would like to be.
    pub nick: String,
    /// For what.
    pub wish: RoomWish,
}

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomWish {
    /// To speak, while they may only listen (XEP-0045 8.6).
    Speak {
        /// Who they are, as the room wants to hear it again.
        jid: String,
    },
    /// To be a member (XEP-0045 9.9).
    Belong {
        /// What they say of themselves, field by field, as the room wants to hear it again.
        form: Answer,
    },
}

impl Room {
    /// Somebody asks. Whoever has asked already does so once; a room can't mean it where nobody
    /// of that name listens, or where we have no say in who its members are.
    pub(super) fn note_request(&mut self, request: RoomRequest) {
        let to_speak = is_to_speak(&request);
        let can_be = match to_speak {
            true => {
                let known = self.occupants.get(&request.nick);
                known.is_some_and(|known| known.role == Role::Visitor)
            }
            false => {
                let own = self.occupants.get(&self.nick);
                own.is_some_and(|own| {
                    matches!(own.affiliation, Affiliation::Owner | Affiliation::Admin)
                })
            }
        };
        self.requests
            .retain(|known| known.nick != request.nick || is_to_speak(known) != to_speak);
        if can_be && self.requests.len() < MOST {
            self.requests.push(request);
        }
    }

    /// It has been answered.
    pub(super) fn forget_request(&mut self, request: &RoomRequest) {
        self.requests.retain(|known| known != request);
    }

    /// Whoever of that name wanted to speak may, or has gone; whether that changes anything.
    pub(super) fn forget_voice(&mut self, nick: &str) -> bool {
        let before = self.requests.len();
        self.requests
            .retain(|known| known.nick != nick || !is_to_speak(known));
        self.requests.len() < before
    }
}

fn is_to_speak(request: &RoomRequest) -> bool {
    matches!(request.wish, RoomWish::Speak { .. })
}
