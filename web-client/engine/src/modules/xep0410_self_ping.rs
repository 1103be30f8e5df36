//! XEP-0410 MUC Self-Ping 1.1.0: rooms forget people without telling them.

use std::time::Duration;

use jid::{BareJid, Jid};
use xmpp_parsers::ns;

use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Specification};
use crate::modules::xep0045_muc;
use crate::sorted_map::SortedMap;
use crate::timer::Key;
use crate::xml::build;

/// How often rooms are looked through.
const ROUND: Duration = Duration::from_secs(60);
/// A room that was silent for so many rounds is asked whether we are still in it.
const SILENCE: u8 = 15;
/// What we said has to be shown within so many.
const ECHO: u8 = 1;
/// More rooms than this aren't asked in one round.
const MOST: usize = 20;

const LOOK: Key = 0;

#[derive(Debug, Default)]
pub(crate) struct SelfPing {
    /// For how many rounds nothing has come from a room.
    silent: SortedMap<BareJid, u8>,
    asked: SortedMap<Ticket, BareJid>,
}

impl Module for SelfPing {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0410",
            title: "MUC Self-Ping (Schrödinger's Chat)",
            version: "1.1.0",
        }
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if resumed {
            // Rooms elsewhere may have given us up while we were away.
            let own = ctx.account().map(|account| account.domain().to_string());
            let own = own.unwrap_or_default();
            let rooms = ctx.core.rooms.iter();
            let far = rooms.filter(|(jid, _)| !jid.domain().as_str().ends_with(&own));
            self.silent = far.map(|(jid, _)| (jid.clone(), SILENCE)).collect();
        }
        ctx.wake_in(LOOK, ROUND);
    }

    fn on_lost(&mut self, ctx: &mut Ctx<'_>) {
        self.silent.clear();
        self.asked.clear();
        ctx.cancel(LOOK);
    }

    fn on_message(&mut self, _ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        self.hear(incoming.message.from.as_ref());
        Flow::Continue
    }

    fn on_timeout(&mut self, ctx: &mut Ctx<'_>, _key: Key) {
        let mut due = Vec::new();
        for (jid, room) in ctx.core.rooms.iter().filter(|(_, room)| room.joined) {
            let silent = self.silent.get_or_insert_with(jid.clone(), u8::default);
            *silent = silent.saturating_add(1);
            let limit = match ctx.core.outbox.awaits(jid) {
                true => ECHO,
                false => SILENCE,
            };
            if *silent > limit && due.len() < MOST {
                *silent = 0;
                due.push((jid.clone(), room.nick.clone()));
            }
        }
        for (room, nick) in due {
            if let Ok(to) = room.with_resource_str(&nick) {
                let ticket = ctx.get(Some(Jid::from(to)), build("ping", ns::PING).done());
                self.asked.insert(ticket, room);
            }
        }
        ctx.wake_in(LOOK, ROUND);
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some(room) = self.asked.remove(&ticket) else {
            return;
        };
        let out = match &response {
            Err(NoResult::Error(error)) => !matches!(
                error.condition.as_str(),
                // We are in it, says whoever answers for us (XEP-0410 3.2); or nobody knows.
                "service-unavailable"
                    | "feature-not-implemented"
                    | "item-not-found"
                    | "remote-server-not-found"
                    | "remote-server-timeout"
            ),
            _ => false,
        };
        if out {
            let command = xep0045_muc::Command::Rejoin { room };
            ctx.command(AnyCommand::Muc(command));
        }
    }
}

impl SelfPing {
    fn hear(&mut self, from: Option<&Jid>) {
        let Some(from) = from else { return };
        if let Some(silent) = self.silent.get_mut(&from.to_bare()) {
            *silent = 0;
        }
    }
}
