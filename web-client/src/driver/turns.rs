//! What has come from a server, taken in turns: browsers hand over all of it in one go, and
//! whoever looks at the page is to be able to do something in between.

use std::collections::VecDeque;
use std::time::Duration;

use crate::platform::Happened;

/// How long the page is kept busy with what the server says before it gets to do something else.
const TURN: Duration = Duration::from_millis(16);

/// A page that was free for so long has done whatever else there was.
const BREATH: Duration = Duration::from_millis(1);

/// Bytes that may wait. A server that sends more is heard as it comes, so that the page holds
/// back the network rather than fill the device's memory.
const ROOM: usize = 8 << 20;

/// What has happened to a socket and waits, in order.
#[derive(Default)]
pub(super) struct Turns {
    waiting: VecDeque<Happened>,
    /// Bytes of what waits.
    size: usize,
    /// Since when there has been no pause of a [`BREATH`].
    begun: Duration,
    /// When what was taken last was done.
    done: Duration,
}

impl Turns {
    /// Something has happened.
    pub(super) fn add(&mut self, happened: Happened) {
        self.size += size(&happened);
        self.waiting.push_back(happened);
    }

    /// Another turn begins, after the page has done something else.
    pub(super) fn begin(&mut self, now: Duration) {
        (self.begun, self.done) = (now, now);
    }

    /// What is to be taken next in this turn, if there is time for it. Nobody waits for a page
    /// that isn't seen, and browsers give it a turn a second at most.
    pub(super) fn next(&mut self, now: Duration, is_seen: bool) -> Option<Happened> {
        if now.saturating_sub(self.done) > BREATH {
            self.begin(now);
        }
        let is_over = now.saturating_sub(self.begun) > TURN;
        if is_over && is_seen && !self.is_full() {
            return None;
        }
        let happened = self.waiting.pop_front()?;
        self.size -= size(&happened);
        Some(happened)
    }

    /// What was taken has been done.
    pub(super) fn done(&mut self, now: Duration) {
        self.done = now;
    }

    /// Whether there is no room for more to wait.
    pub(super) fn is_full(&self) -> bool {
        self.size > ROOM
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Bytes that it takes up while it waits.
fn size(happened: &Happened) -> usize {
    let text = match happened {
        Happened::Frame(text) => text.len(),
        Happened::Opened | Happened::Closed(_) => 0,
    };
    text + size_of::<Happened>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Takes what there is time for, if each takes so long; the numbers of what was taken.
    fn turn(turns: &mut Turns, now: &mut Duration, each: Duration, is_seen: bool) -> Vec<usize> {
        let mut taken = Vec::new();
        while let Some(happened) = turns.next(*now, is_seen) {
            if let Happened::Frame(text) = happened {
                taken.push(text.trim().parse().unwrap_or(usize::MAX));
            }
            *now += each;
            turns.done(*now);
        }
        taken
    }

    fn with(frames: std::ops::Range<usize>, length: usize) -> Turns {
        let mut turns = Turns::default();
        for number in frames {
            turns.add(Happened::Frame(
                [&number.to_string(), &*" ".repeat(length)].concat(),
            ));
        }
        turns
    }

    #[test]
    fn what_comes_in_one_go_is_taken_in_order_and_in_turns() {
        let (mut turns, mut now) = (with(0..10, 0), MS * 100);
        assert_eq!(turn(&mut turns, &mut now, MS * 4, true), [0, 1, 2, 3, 4]);
        assert!(!turns.is_empty());
        turns.begin(now);
        assert_eq!(turn(&mut turns, &mut now, MS * 4, true), [5, 6, 7, 8, 9]);
        assert!(turns.is_empty());
    }

    #[test]
    fn what_comes_one_at_a_time_without_a_breath_is_a_turn_too() {
        let (mut turns, mut now, mut taken) = (Turns::default(), MS * 100, 0);
        for _ in 0..10 {
            turns.add(Happened::Frame("0".to_owned()));
            taken += turn(&mut turns, &mut now, MS * 4, true).len();
        }
        assert_eq!(taken, 5);
    }

    #[test]
    fn a_breath_begins_a_turn() {
        let (mut turns, mut now) = (Turns::default(), MS * 100);
        for _ in 0..10 {
            turns.add(Happened::Frame("0".to_owned()));
            assert_eq!(turn(&mut turns, &mut now, MS * 20, true).len(), 1);
            now += MS * 2;
        }
    }

    #[test]
    fn nothing_waits_where_nobody_looks() {
        let (mut turns, mut now) = (with(0..10, 0), MS * 100);
        assert_eq!(turn(&mut turns, &mut now, MS * 4, false).len(), 10);
    }

    #[test]
    fn no_more_than_there_is_room_for_waits() {
        let (mut turns, mut now) = (with(0..100, ROOM / 50), MS * 100);
        assert!(turns.is_full());
        let taken = turn(&mut turns, &mut now, MS * 20, true);
        assert!(!turns.is_full() && !turns.is_empty());
        assert!(taken.len() < 60, "{}", taken.len());
        assert!(taken.iter().enumerate().all(|(at, number)| at == *number));
    }
}
