//! That somebody was made to leave a room, or doesn't come into it.

use serde::{Deserialize, Serialize};

use super::Room;
use crate::now::Timestamp;

/// So many are remembered of a room, the last ones.
const MOST: usize = 20;

/// Somebody was made to leave a room, or would rather not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// When we heard of it.
    pub at: Timestamp,
    /// What they were called; who declines goes by their address.
    pub nick: String,
    /// How that came.
    pub removal: Removal,
    /// Who did it, where the room tells.
    pub by: Option<String>,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// Why somebody isn't there (XEP-0045 15.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Removal {
    /// They may come back (status 307).
    Kicked,
    /// They may not (status 301).
    Banned,
    /// The room is for members only, and they are none (status 321 and 322).
    NotMember,
    /// They were invited, and have declined (7.8.2).
    Declined,
}

impl Room {
    pub(super) fn note_incident(&mut self, incident: Incident) {
        let surplus = (self.incidents.len() + 1).saturating_sub(MOST);
        self.incidents.drain(..surplus);
        self.incidents.push(incident);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_remembered() {
        let mut room = Room::default();
        for at in 0..30 {
            room.note_incident(Incident {
                at: Timestamp(at),
                nick: "pistol".to_owned(),
                removal: Removal::Kicked,
                by: None,
                reason: None,
            });
        }
        let times: Vec<_> = room.incidents.iter().map(|known| known.at.0).collect();
        assert_eq!(times, (10..30).collect::<Vec<_>>());
    }
}
