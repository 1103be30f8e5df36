//! The object stores of the database and how they came to be.

use couplet_engine::Table;

use super::{DEVICE, DRAFTS, FILES, KEYS};

/// One change of the schema. A database of version `n` has gone through the first `n`.
/// Steps are only ever added: people come with databases of every age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// New object stores with keys of their own.
    Create(&'static [&'static str]),
    /// Rows that this build reads no more, and that the server has: they go, and are read
    /// from there again. The outbox, drafts and keys are nowhere else, so they never do.
    Forget(&'static [Table]),
    /// Rows that are nowhere else, in another form than this build reads.
    Convert(Table),
}

/// What is to be had again for the asking.
const HAD_BY_THE_SERVER: [Table; 7] = [
    Table::Engine,
    Table::Roster,
    Table::Presence,
    Table::Conversations,
    Table::Messages,
    Table::Avatars,
    Table::Requests,
];

const STEPS: [Step; 15] = [
    Step::Create(&[
        Table::Engine.name(),
        Table::Outbox.name(),
        Table::Roster.name(),
        Table::Presence.name(),
        Table::Conversations.name(),
        Table::Messages.name(),
        Table::Avatars.name(),
        Table::Requests.name(),
        DRAFTS,
        KEYS,
        DEVICE,
    ]),
    Step::Create(&[Table::Rooms.name(), Table::Occupants.name()]),
    Step::Forget(&HAD_BY_THE_SERVER),
    Step::Convert(Table::Outbox),
    // What a message says of itself is where a flag was. The old form is part of the new one,
    // which earlier builds can't read.
    Step::Create(&[]),
    Step::Create(&[Table::Wishes.name()]),
    Step::Create(&[Table::Blocked.name()]),
    Step::Create(&[Table::Profiles.name()]),
    // Whom we have written to is among what we want with a conversation, which both have.
    Step::Forget(&[Table::Engine, Table::Wishes]),
    // Up to when it is deleted is among what we want with a conversation, and what we want to
    // hear of a room is in its bookmark.
    Step::Forget(&[Table::Engine, Table::Wishes, Table::Rooms]),
    // How long a file lasts is in rows, too, which earlier builds can't read.
    Step::Create(&[FILES]),
    // What people in rooms look like is among the pictures, by what these are, and our devices
    // are among the profiles. Earlier builds read neither.
    Step::Create(&[]),
    // What rooms say of who is in them, who was made to go, and what moderators can do.
    Step::Forget(&[Table::Engine, Table::Rooms, Table::Occupants]),
    // Whom a message names is in rows, and what is said to us; by which way an invitation has
    // come, and what it takes to be let in and heard.
    Step::Forget(&[Table::Engine, Table::Rooms, Table::Occupants]),
    // What rooms are about, and what people ask of those who run them.
    Step::Forget(&[Table::Engine, Table::Rooms, Table::Occupants]),
];

/// The version that this build reads and writes.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// What a database of version `old` still has to go through; 0 is one that isn't there yet.
pub(super) fn steps_after(old: f64) -> &'static [Step] {
    // The conversion saturates, and a newer database never gets here: it doesn't open.
    STEPS.get(old as usize..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::STORES;
    use super::*;

    fn stores_after(old: f64) -> Vec<&'static str> {
        steps_after(old)
            .iter()
            .flat_map(|step| match step {
                Step::Create(names) => *names,
                Step::Forget(_) | Step::Convert(_) => &[],
            })
            .copied()
            .collect()
    }

    #[test]
    fn a_new_database_gets_every_store_once() {
        let mut stores = stores_after(0.0);
        assert_eq!(stores.len(), STORES.len());
        stores.sort_unstable();
        stores.dedup();
        assert_eq!(stores.len(), STORES.len());
        for store in STORES {
            assert!(stores.contains(&store), "{store} is never created");
        }
    }

    #[test]
    fn what_is_nowhere_else_is_never_forgotten() {
        for step in steps_after(0.0) {
            if let Step::Forget(tables) = step {
                assert!(!tables.contains(&Table::Outbox));
            }
        }
        let [forget, convert] = [
            Step::Forget(&HAD_BY_THE_SERVER),
            Step::Convert(Table::Outbox),
        ];
        assert_eq!(steps_after(2.0)[..2], [forget, convert]);
    }

    #[test]
    fn a_database_without_files_to_send_gets_a_place_for_them_and_loses_nothing() {
        let [files, rows] = [Step::Create(&[FILES]), Step::Create(&[])];
        assert_eq!(steps_after(10.0)[..2], [files, rows]);
    }

    #[test]
    fn a_database_of_today_or_tomorrow_is_left_alone() {
        assert_eq!(steps_after(f64::from(VERSION)), []);
        assert_eq!(steps_after(f64::from(VERSION) + 5.0), []);
    }
}
