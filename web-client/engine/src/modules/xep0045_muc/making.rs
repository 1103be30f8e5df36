//! Rooms that are made (XEP-0045 10.1): locked until they are what they are to be, and
//! nobody's if they can't be that.

use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::{Asked, Command, MUC_OWNER, Muc, PATIENCE, Stage, refusal};
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response};
use crate::module::Ctx;
use crate::stanza::{Presence, PresenceType, StanzaError};
use crate::store::Form;
use crate::xep0004;
use crate::xml::build;

/// A room that isn't there yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct New {
    /// By which whoever asks knows the answer, a [`Fact::Saved`](crate::store::Fact).
    pub request: String,
    /// Its address.
    pub room: BareJid,
    /// What it is called.
    pub name: String,
    /// What we are called there; `None` for our own name.
    pub nick: Option<String>,
    /// What it is.
    pub preset: Preset,
}

/// What a room can be from the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    /// Members only, who see each other's addresses; nobody else finds it.
    Group,
    /// Anybody finds it and may come in; only moderators see addresses.
    Channel,
    /// Nobody finds it, whoever knows its address may come in, and ask others in: somebody
    /// without an account comes back as somebody else.
    Support,
}

/// Who may come in (XEP-0045 16.5.3, as all below).
const MEMBERS_ONLY: &str = "muc#roomconfig_membersonly";
const PUBLIC: &str = "muc#roomconfig_publicroom";

impl Preset {
    /// What fields are to be, of those that there are: true or false, or one of a list.
    fn fields(self) -> [(&'static str, &'static str); 8] {
        let (closed, open, whois) = match self {
            Self::Group => ("1", "0", "anyone"),
            Self::Channel => ("0", "1", "moderators"),
            Self::Support => ("0", "0", "moderators"),
        };
        let invites = if self == Self::Support { "1" } else { "0" };
        [
            (MEMBERS_ONLY, closed),
            (PUBLIC, open),
            ("muc#roomconfig_whois", whois),
            ("muc#roomconfig_persistentroom", "1"),
            ("muc#roomconfig_passwordprotectedroom", "0"),
            // What Prosody and ejabberd call their archive (XEP-0313).
            ("muc#roomconfig_enablearchiving", "1"),
            ("mam", "1"),
            // ejabberd lets nobody but owners invite otherwise.
            ("muc#roomconfig_allowinvites", invites),
        ]
    }

    /// Whether the room can be that.
    fn fill(self, form: &mut Form, name: &str) -> bool {
        form.put("muc#roomconfig_roomname", name);
        // What was to be private isn't made public.
        let needed = match self {
            Self::Group => Some(MEMBERS_ONLY),
            Self::Support => Some(PUBLIC),
            Self::Channel => None,
        };
        let put = self
            .fields()
            .map(|(var, value)| (var, form.put(var, value)));
        needed.is_none_or(|needed| put.contains(&(needed, true)))
    }
}

impl Muc {
    /// Asks whether there is such a room, for then nobody is to see us come in.
    pub(super) fn make(&mut self, ctx: &mut Ctx<'_>, new: New) {
        let stage = self.rooms.get(&new.room).map(|known| known.stage);
        let known =
            !matches!(stage, None | Some(Stage::Out)) || self.making.contains_key(&new.room);
        if !ctx.core.established {
            return ctx.saved(new.request, Err(NoResult::Lost));
        }
        if known {
            return ctx.saved(new.request, Err(refused("conflict")));
        }
        let query = build("query", ns::DISCO_INFO).done();
        let room = new.room.clone();
        let ticket = ctx.get(Some(Jid::from(room.clone())), query);
        self.asked.insert(ticket, Asked::IsThere(room.clone()));
        self.making.insert(room, new);
    }

    /// Goes in where nobody is.
    pub(super) fn is_there(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, response: Response) {
        match response {
            Ok(_) => return self.cannot_make(ctx, room, refused("conflict")),
            Err(NoResult::Error(error)) if refusal::of_service(&error.condition).is_none() => {}
            Err(error) => return self.cannot_make(ctx, room, error),
        }
        let nick = self.making.get(room).and_then(|new| new.nick.clone());
        self.want(ctx, room, nick, None, false);
        let Some(membership) = self.rooms.get_mut(room) else {
            return;
        };
        membership.stage = Stage::Making;
        membership.arriving.clear();
        membership.archived = false;
        membership.untold = true;
        membership.due = Some(ctx.now().monotonic + PATIENCE);
        let nick = membership.nick.clone();
        ctx.core.rooms.insert(room.clone(), membership.shared());
        ctx.changed();
        self.schedule(ctx);
        let Ok(to) = room.with_resource_str(&nick) else {
            return self.cannot_make(ctx, room, refused("jid-malformed"));
        };
        let mut presence = Presence::new(PresenceType::Available, Some(Jid::from(to)));
        presence.payloads.push(build("x", ns::MUC).done());
        ctx.send_presence(presence);
    }

    /// We are in a room that is to be made: in our own, or in that of somebody who was faster.
    pub(super) fn made(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, codes: &[u16]) {
        if let Some(membership) = self.rooms.get_mut(room) {
            membership.due = None;
        }
        self.schedule(ctx);
        if !codes.contains(&201) {
            return self.cannot_make(ctx, room, refused("conflict"));
        }
        let query = build("query", MUC_OWNER).done();
        let ticket = ctx.get(Some(Jid::from(room.clone())), query);
        self.asked.insert(ticket, Asked::Form(room.clone()));
    }

    /// The room has refused to let us in.
    pub(super) fn not_made(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, presence: &Presence) {
        let mut payloads = presence.payloads.iter();
        let error = payloads.find(|payload| payload.name() == "error");
        let error = error.map(|error| NoResult::Error(StanzaError::read(error)));
        self.cannot_make(
            ctx,
            room,
            error.unwrap_or_else(|| refused("undefined-condition")),
        );
    }

    /// Has the room be what it is to be (10.1.3).
    pub(super) fn fill(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, response: Response) {
        let Some(new) = self.making.get(room) else {
            return;
        };
        let form = match response {
            Ok(query) => query.as_ref().and_then(xep0004::read),
            Err(error) => return self.cannot_make(ctx, room, error),
        };
        let mut form = form.unwrap_or_default();
        if !new.preset.fill(&mut form, &new.name) {
            return self.cannot_make(ctx, room, refused("feature-not-implemented"));
        }
        let query = build("query", MUC_OWNER).child(xep0004::submit(&form.answer()));
        let ticket = ctx.set(Some(Jid::from(room.clone())), query.done());
        self.asked.insert(ticket, Asked::Filled(room.clone()));
    }

    /// The room is what it is to be, and open.
    pub(super) fn filled(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, response: Response) {
        if let Err(error) = response {
            return self.cannot_make(ctx, room, error);
        }
        let Some(new) = self.making.remove(room) else {
            return;
        };
        self.entered(ctx, room, &[]);
        if let Some(membership) = self.rooms.get_mut(room) {
            // There is no history that one could wait for.
            membership.due = None;
            self.schedule(ctx);
        }
        ctx.command(AnyCommand::Muc(Command::Made { room: new.room }));
        ctx.saved(new.request, Ok(()));
    }

    /// Leaves nothing behind: the service destroys what isn't going to be configured (10.1.3), or
    /// what nobody is in any more.
    pub(super) fn cannot_make(&mut self, ctx: &mut Ctx<'_>, room: &BareJid, why: NoResult) {
        let membership = self.rooms.get(room);
        if let Some(membership) = membership.filter(|known| known.stage == Stage::Making) {
            // Somebody else's room isn't ours to cancel.
            let ours = membership.due.is_none() && why != refused("conflict");
            if ours {
                let query = build("query", MUC_OWNER).child(xep0004::cancel());
                let ticket = ctx.set(Some(Jid::from(room.clone())), query.done());
                self.asked.insert(ticket, Asked::Cancelled);
            }
            if let Ok(to) = room.with_resource_str(&membership.nick) {
                let to = Some(Jid::from(to));
                ctx.send_presence(Presence::new(PresenceType::Unavailable, to));
            }
            self.stay_out(ctx, room);
            self.schedule(ctx);
        }
        if let Some(new) = self.making.remove(room) {
            ctx.saved(new.request, Err(why));
        }
    }

    /// With the session goes what isn't made yet: nobody is in it any more.
    pub(super) fn give_up_making(&mut self, ctx: &mut Ctx<'_>) {
        while let Some((_, new)) = self.making.pop_first() {
            ctx.saved(new.request, Err(NoResult::Lost));
        }
        for room in self.half_made() {
            self.stay_out(ctx, &room);
        }
    }

    /// What the page was making when it was closed nobody waits for.
    pub(super) fn cancel_half_made(&mut self, ctx: &mut Ctx<'_>) {
        for room in self.half_made() {
            if !self.making.contains_key(&room) {
                self.cannot_make(ctx, &room, NoResult::Lost);
            }
        }
    }

    fn stay_out(&mut self, ctx: &mut Ctx<'_>, room: &BareJid) {
        if let Some(membership) = self.rooms.get_mut(room) {
            membership.stage = Stage::Out;
            membership.due = None;
            membership.arriving.clear();
            ctx.core.rooms.insert(room.clone(), membership.shared());
            ctx.changed();
        }
    }

    fn half_made(&self) -> Vec<BareJid> {
        let half_made = self.rooms.iter();
        let half_made = half_made.filter(|(_, known)| known.stage == Stage::Making);
        half_made.map(|(room, _)| room.clone()).collect()
    }
}

pub(super) fn refused(condition: &str) -> NoResult {
    NoResult::Error(StanzaError {
        condition: condition.to_owned(),
        text: None,
        application: None,
    })
}
