//! How far the archives have been read, and what they bring again.

use std::collections::VecDeque;

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::query::Purpose;
use super::{Archive, FIRST_PAGE, PAGE, PART};
use crate::codec::decode;
use crate::durable;
use crate::modules::xep0045_muc;
use crate::now::Timestamp;
use crate::outbox::Outbox;
use crate::output::Record;
use crate::sorted_map::SortedMap;

/// By so much, in milliseconds, our clock and the archive's may differ.
const CLOCKS_DIFFER: i64 = 15 * 60 * 1000;

/// So many messages, and none that came more than so many milliseconds before the last one,
/// are read again: a server may send two of them in another order than it archives them
/// (ejabberd 23.01 does when a session is resumed), and the second may never come.
const LAG: usize = 8;
const LAG_TIME: i64 = 60 * 1000;

/// How far an archive has been read: our own account's, or a room's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The newest archived message up to which nothing is missing.
    pub(super) cursor: Option<String>,
    /// When that was sent, in case the archive forgets it.
    pub(super) cursor_at: Option<Timestamp>,
    /// Whether, without a cursor, the archive was empty when it was read.
    pub(super) from_the_beginning: bool,
    /// Whether the server has none.
    pub(super) absent: bool,
    /// Whether what was missed is still being read: then live messages don't
    /// move the cursor, for there is a gap before them.
    pub(super) catching_up: bool,
    /// How often reading has failed in this session.
    #[serde(skip)]
    pub(super) failures: u8,
    /// What came by itself of late, and when: the cursor follows behind it.
    #[serde(skip)]
    recent: VecDeque<(String, Timestamp)>,
}

impl Progress {
    /// Nothing is known but that everything up to this time has been read.
    pub(super) fn since(at: Option<Timestamp>) -> Self {
        Self {
            cursor_at: at,
            ..Self::default()
        }
    }

    /// There is no archive.
    pub(super) fn none() -> Self {
        Self {
            absent: true,
            ..Self::default()
        }
    }

    /// What was missed has to be read.
    pub(super) fn begin(&mut self) {
        self.failures = 0;
        self.catching_up = true;
        self.recent.clear();
    }

    /// The message `id` has come by itself, `at` this time, and nothing is missing before it;
    /// whether that moves the cursor.
    pub(super) fn note_live(&mut self, id: String, at: Timestamp) -> bool {
        self.recent.push_back((id, at));
        let old = |came: &Timestamp| came.0.saturating_add(LAG_TIME) < at.0;
        let mut moved = false;
        loop {
            let many = self.recent.len() > LAG;
            let Some((id, came)) = self.recent.pop_front_if(|(_, came)| many || old(came)) else {
                return moved;
            };
            (self.cursor, self.cursor_at) = (Some(id), Some(came));
            moved = true;
        }
    }

    /// What to ask for next.
    pub(super) fn purpose(&self) -> Purpose {
        match self.missed_since() {
            _ if self.cursor.is_some() || self.from_the_beginning => Purpose::CatchUp,
            Some(at) => Purpose::CatchUpSince(at),
            None => Purpose::Newest,
        }
    }

    /// By when what comes after the cursor was sent at the earliest, by any clock.
    pub(super) fn missed_since(&self) -> Option<Timestamp> {
        let at = self.cursor_at?;
        Some(Timestamp(at.0.saturating_sub(CLOCKS_DIFFER)))
    }

    /// What it brings again if `first` messages are read where nothing is known. What waits to
    /// be sent, or for proof, `since` some time, will be behind the cursor.
    fn repeats(mut self, first: usize, since: Option<Timestamp>) -> Repeats {
        self.cursor_at = self.cursor_at.min(since.or(self.cursor_at));
        match self.missed_since() {
            Some(since) => Repeats::Since(since),
            None if self.from_the_beginning => Repeats::Since(Timestamp(i64::MIN)),
            None if self.absent => Repeats::Nothing,
            None => Repeats::Newest(first),
        }
    }
}

/// What an archive brings again with what was missed: it is to be known as what it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Repeats {
    #[default]
    Nothing,
    /// What was sent since then.
    Since(Timestamp),
    /// So many of the newest messages.
    Newest(usize),
}

/// What all archives bring again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repeated {
    own: Repeats,
    rooms: SortedMap<BareJid, Repeats>,
}

impl Repeated {
    /// According to the row that is among `rows`.
    pub(crate) fn read(rows: &[Record]) -> Self {
        let saved: Option<Archive> = durable::part(rows, PART).and_then(decode);
        let Some(saved) = saved else {
            return Self {
                own: Repeats::Newest(FIRST_PAGE),
                rooms: SortedMap::default(),
            };
        };
        let mut rooms = SortedMap::default();
        for (jid, progress) in saved.rooms.iter() {
            let waiting = Outbox::oldest(rows, Some(jid));
            rooms.insert(jid.clone(), progress.clone().repeats(PAGE, waiting));
        }
        Self {
            own: saved.own.repeats(FIRST_PAGE, Outbox::oldest(rows, None)),
            rooms,
        }
    }

    /// What our own archive brings again, in rooms too, where people whisper.
    pub(crate) fn own(&self) -> Repeats {
        self.own
    }

    /// What the room brings again. One without an archive tells of the past itself.
    pub(crate) fn of_room(&self, room: &BareJid) -> Repeats {
        let known = self.rooms.get(room).copied();
        known.unwrap_or(Repeats::Newest(xep0045_muc::HISTORY.into()))
    }
}
