//! Who comes into a room, and who leaves it.

use serde::{Deserialize, Serialize};

use super::Room;
use crate::now::Timestamp;

/// So many are remembered of a room, the last ones.
const MOST: usize = 60;
/// In a room with more people somebody always comes or goes.
const MOST_OCCUPANTS: usize = 200;

/// Somebody has come into a room, or left it, while we were there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// When we heard of it.
    pub at: Timestamp,
    /// What they are called.
    pub nick: String,
    /// Whether they have come.
    pub came: bool,
}

impl Room {
    /// Whether that is news worth remembering. What somebody says of themselves who is there
    /// looks the same as that they come.
    pub(super) fn note_passage(&mut self, passage: Passage) -> bool {
        let there = self.occupants.get(&passage.nick).is_some();
        if there == passage.came || self.occupants.len() > MOST_OCCUPANTS {
            return false;
        }
        let surplus = (self.passages.len() + 1).saturating_sub(MOST);
        self.passages.drain(..surplus);
        self.passages.push(passage);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Occupant, Occupants};
    use super::*;

    fn passage(at: i64, nick: &str, came: bool) -> Passage {
        Passage {
            at: Timestamp(at),
            nick: nick.to_owned(),
            came,
        }
    }

    #[test]
    fn the_last_ones_are_remembered() {
        let mut room = Room::default();
        for at in 0..100 {
            assert!(room.note_passage(passage(at, "bob", true)));
        }
        let times: Vec<_> = room.passages.iter().map(|known| known.at.0).collect();
        assert_eq!(times, (40..100).collect::<Vec<_>>());
    }

    #[test]
    fn where_many_come_and_go_nobody_is_remembered() {
        let nobody = |count: usize| Room {
            occupants: Occupants::from(Vec::from_iter((0..count).map(|nth| Occupant {
                nick: nth.to_string(),
                ..Occupant::default()
            }))),
            ..Room::default()
        };
        assert!(nobody(200).note_passage(passage(1, "bob", true)));
        assert!(!nobody(201).note_passage(passage(1, "bob", true)));
        assert!(
            !nobody(2).note_passage(passage(1, "1", true)),
            "who is there"
        );
        assert!(!nobody(2).note_passage(passage(1, "2", false)), "who isn't");
    }
}
