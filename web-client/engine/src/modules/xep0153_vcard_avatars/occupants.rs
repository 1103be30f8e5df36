//! Pictures of people in rooms, asked for by way of the room, when somebody sees who says
//! something or who is there.

use std::collections::VecDeque;

use jid::{BareJid, FullJid, Jid};

use super::{as_hash, ask, image};
use crate::iq::{NoResult, Response, Ticket};
use crate::module::Ctx;
use crate::sorted_map::SortedMap;
use crate::store::StoreEvent;

/// So many cards are asked for at a time.
const AT_ONCE: usize = 4;
/// So many wait to be. What came into view last is asked for first.
const MOST_WANTED: usize = 64;
/// So many cards are remembered that were of no use.
const MOST_USELESS: usize = 256;

/// Somebody in a room, and the hash of the picture they tell of.
type Told = (FullJid, String);

#[derive(Debug, Default)]
pub(super) struct Occupants {
    wanted: VecDeque<Told>,
    fetching: SortedMap<Ticket, Told>,
    /// Who had another picture than was told, or none. Whoever else tells of the same one may
    /// have it.
    useless: VecDeque<Told>,
}

impl Occupants {
    pub(super) fn show(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, shown: &[(String, String)]) {
        if !ctx.core.established {
            return;
        }
        for (nick, hash) in shown.iter().take(MOST_WANTED).rev() {
            let (Ok(jid), Some(hash)) = (room.with_resource_str(nick), as_hash(hash)) else {
                continue;
            };
            let told = (jid, hash);
            let under_way = self.fetching.values().any(|other| *other == told);
            if under_way || self.useless.contains(&told) {
                continue;
            }
            self.wanted.retain(|other| *other != told);
            self.wanted.push_front(told);
        }
        self.wanted.truncate(MOST_WANTED);
        self.ask(ctx);
    }

    pub(super) fn answered(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some(told) = self.fetching.remove(&ticket) else {
            return;
        };
        if response == Err(NoResult::Lost) {
            return;
        }
        let (_, hash) = &told;
        if let Some(image) = image(response, hash) {
            self.wanted.retain(|(_, other)| other != hash);
            let hash = hash.clone();
            ctx.event(StoreEvent::Face { hash, image });
        } else {
            self.useless.push_back(told);
            if self.useless.len() > MOST_USELESS {
                self.useless.pop_front();
            }
        }
        self.ask(ctx);
    }

    /// One picture is asked of one person at a time, however many tell of it.
    fn ask(&mut self, ctx: &mut Ctx<'_>) {
        while self.fetching.keys().len() < AT_ONCE {
            let fetching = |hash: &String| self.fetching.values().any(|(_, other)| other == hash);
            let next = self.wanted.iter().position(|(_, hash)| !fetching(hash));
            let Some(told) = next.and_then(|next| self.wanted.remove(next)) else {
                return;
            };
            let room = ctx.core.rooms.get(&told.0.to_bare());
            if !room.is_some_and(|room| room.joined) {
                continue;
            }
            let ticket = ask(ctx, Jid::from(told.0.clone()));
            self.fetching.insert(ticket, told);
        }
    }
}
