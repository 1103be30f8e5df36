//! All timers of an engine: one per owner and key.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sorted_map::SortedMap;

/// Who is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Owner {
    /// The session.
    Session,
    /// The module at this place of the table.
    Module(usize),
}

/// What it is woken for; means something to the owner only.
pub(crate) type Key = u32;

#[derive(Debug, Clone, Default)]
pub(crate) struct Timers(SortedMap<(Owner, Key), Duration>);

impl Timers {
    /// Wakes `owner` at `at` (monotonic); an earlier timer of that key is void.
    pub(crate) fn set(&mut self, owner: Owner, key: Key, at: Duration) {
        self.0.insert((owner, key), at);
    }

    pub(crate) fn cancel(&mut self, owner: Owner, key: Key) {
        self.0.remove(&(owner, key));
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.0.values().min().copied()
    }

    /// Takes the earliest timer that is due.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<(Owner, Key)> {
        let (&due, _) = self
            .0
            .iter()
            .filter(|&(_, &at)| at <= now)
            .min_by_key(|&(_, &at)| at)?;
        self.0.remove(&due);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn due_timers_come_in_order_and_once() {
        let mut timers = Timers::default();
        timers.set(Owner::Session, 0, secs(3));
        timers.set(Owner::Module(1), 0, secs(2));
        timers.set(Owner::Module(1), 1, secs(9));
        assert_eq!(timers.next(), Some(secs(2)));
        assert_eq!(timers.pop(secs(5)), Some((Owner::Module(1), 0)));
        assert_eq!(timers.pop(secs(5)), Some((Owner::Session, 0)));
        assert_eq!(timers.pop(secs(5)), None);
    }

    #[test]
    fn setting_again_moves_and_cancelling_removes() {
        let mut timers = Timers::default();
        timers.set(Owner::Session, 0, secs(3));
        timers.set(Owner::Session, 0, secs(30));
        assert_eq!(timers.pop(secs(5)), None);
        timers.cancel(Owner::Session, 0);
        assert_eq!(timers.next(), None);
    }
}
