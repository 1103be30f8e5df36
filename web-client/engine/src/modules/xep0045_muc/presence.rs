//! Who is in a room, who comes and goes, and what became of us.

use jid::{BareJid, Jid};
use minidom::Element;
use xmpp_parsers::ns;

use super::{
    LONGEST_NAME, MOST_OCCUPANTS, Muc, NAMES, Stage, admin, change, entry, making, refusal, text,
};
use crate::foreign;
use crate::module::Ctx;
use crate::modules::rfc6121_message::whispered_to_nobody;
use crate::modules::xep0421_occupant_ids::occupant_id;
use crate::modules::{rfc6121_presence, xep0153_vcard_avatars, xep0317_hats};
use crate::rooms::Holder;
use crate::stanza::{Presence, StanzaError};
use crate::store::{Entry, Incident, Left, Occupant, Passage, Removal, Role, RoomChange, Whisper};

impl Muc {
    /// Somebody is in the room, or is no longer what they were.
    pub(super) fn here(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: BareJid,
        nick: String,
        presence: &Presence,
    ) {
        let Some(membership) = self.rooms.get_mut(&room) else {
            return;
        };
        let user = user(presence);
        let codes = user.map(codes).unwrap_or_default();
        let occupant = occupant(nick.clone(), presence, user, membership.hats);
        let ours = codes.contains(&110);
        match membership.stage {
            Stage::Joining | Stage::Making => {
                if membership.arriving.len() < MOST_OCCUPANTS {
                    membership.arriving.push(occupant.clone());
                }
                if ours {
                    // The room may have given us another name (status 210).
                    membership.nick = nick;
                    membership.known_as(occupant.id, ctx.core.guest);
                    if membership.stage == Stage::Making {
                        return self.made(ctx, &room, &codes);
                    }
                    self.entered(ctx, &room, &codes);
                    traits(ctx, &room, &codes);
                }
            }
            Stage::Joined => {
                let renamed = membership.renamed.take_if(|known| *known == occupant.nick);
                if !ours && renamed.is_none() {
                    passes(ctx, &room, &occupant.nick, true);
                }
                if ours && membership.nick != nick {
                    membership.nick.clone_from(&nick);
                    if let Some(shared) = ctx.core.rooms.get_mut(&room) {
                        shared.nick.clone_from(&nick);
                    }
                    ctx.changed();
                    entry(ctx, &room, Entry::Joined, &nick);
                    self.renamed(ctx, &room, &nick);
                }
                called(
                    ctx,
                    &room,
                    &occupant.nick,
                    Holder::Occupant(occupant.id.clone()),
                );
                change(ctx, &room, RoomChange::Occupant(occupant));
            }
            Stage::Out | Stage::Lost | Stage::Asking | Stage::Waiting => {}
        }
    }

    /// Somebody has gone, is now called otherwise, or it is us who are out.
    pub(super) fn gone(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: BareJid,
        nick: &str,
        presence: &Presence,
    ) {
        let Some(membership) = self.rooms.get_mut(&room) else {
            return;
        };
        let user = user(presence);
        let codes = user.map(codes).unwrap_or_default();
        let item = user.and_then(|user| user.get_child("item", ns::MUC_USER));
        let ours = codes.contains(&110) || membership.nick == nick;
        match membership.stage {
            Stage::Joining => membership.arriving.retain(|known| known.nick != nick),
            Stage::Making if ours => {
                self.cannot_make(ctx, &room, making::refused("gone"));
            }
            Stage::Joined if !ours => {
                let removal = removal(&codes);
                if codes.contains(&303) {
                    let new = item.and_then(|item| item.attr("nick"));
                    membership.renamed = new.map(str::to_owned);
                } else if removal.is_none() {
                    passes(ctx, &room, nick, false);
                }
                called(ctx, &room, nick, Holder::Nobody);
                change(ctx, &room, RoomChange::Gone(nick.to_owned()));
                if let Some(removal) = removal {
                    let actor = item.and_then(|item| item.get_child("actor", ns::MUC_USER));
                    let by = actor.and_then(|actor| actor.attr("nick").or(actor.attr("jid")));
                    let incident = Incident {
                        at: ctx.now().wall,
                        nick: nick.to_owned(),
                        removal,
                        by: by.and_then(|by| foreign::one_line(by, LONGEST_NAME)),
                        reason: item.and_then(|item| text(item, "reason")),
                    };
                    change(ctx, &room, RoomChange::Incident(incident));
                }
            }
            Stage::Joined if codes.contains(&303) => {
                change(ctx, &room, RoomChange::Gone(nick.to_owned()));
                if let Some(new) = item.and_then(|item| item.attr("nick")) {
                    membership.nick = new.to_owned();
                    if let Some(shared) = ctx.core.rooms.get_mut(&room) {
                        shared.nick = new.to_owned();
                    }
                    ctx.changed();
                    entry(ctx, &room, Entry::Joined, new);
                    self.renamed(ctx, &room, new);
                }
            }
            Stage::Joined => {
                let reason = item.and_then(|item| text(item, "reason"));
                let left = why(user, &codes, reason);
                self.out(ctx, room, left);
            }
            Stage::Out | Stage::Lost | Stage::Asking | Stage::Waiting | Stage::Making => {}
        }
    }

    /// The room has refused to let us in, or to let us be called otherwise.
    pub(super) fn refused(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: BareJid,
        nick: Option<String>,
        presence: &Presence,
    ) {
        let Some(membership) = self.rooms.get_mut(&room) else {
            return;
        };
        let error = presence
            .payloads
            .iter()
            .find(|payload| payload.name() == "error");
        let error = error.map(StanzaError::read);
        let condition = error.as_ref().map(|error| error.condition.clone());
        let condition = condition.unwrap_or_default();
        let left = refusal::of_room(&condition);
        match membership.stage {
            Stage::Joining => {
                membership.taken = left == Left::NickTaken;
                let again = membership.taken && !membership.by_hand && membership.attempts < NAMES;
                if again {
                    membership.attempts += 1;
                    membership.nick.push('_');
                    membership.taken = false;
                    return self.enter(ctx, &room);
                }
                self.out(ctx, room, left);
            }
            Stage::Making => self.not_made(ctx, &room, presence),
            // We go on under the name that we have.
            Stage::Joined => {
                if let (Some(nick), Some(error)) = (nick, error) {
                    self.not_renamed(ctx, &room, nick, error);
                }
            }
            _ => {}
        }
    }
}

/// Somebody has come, if they weren't there, or gone.
fn passes(ctx: &mut Ctx<'_>, room: &BareJid, nick: &str, came: bool) {
    let (at, nick) = (ctx.now().wall, nick.to_owned());
    change(ctx, room, RoomChange::Passage(Passage { at, nick, came }));
}

/// Somebody else goes by that name from now on, or nobody does: what was to be whispered to
/// whoever did before isn't for them.
fn called(ctx: &mut Ctx<'_>, room: &BareJid, nick: &str, holder: Holder) {
    let others = |whisper: &Whisper| whisper.nick == nick && !holder.is(whisper);
    fail_whispers(ctx, room, others);
    ctx.core.names.note(room, nick, holder);
}

/// We are in, and so are these: what is to be whispered is for those of them only.
pub(super) fn keep_whispers_of(ctx: &mut Ctx<'_>, room: &BareJid, everybody: &[Occupant]) {
    ctx.core.names.forget(room);
    fail_whispers(ctx, room, |whisper| {
        let mut known = everybody.iter().rev();
        let called = known.find(|occupant| occupant.nick == whisper.nick);
        !called.is_some_and(|occupant| Holder::Occupant(occupant.id.clone()).is(whisper))
    });
}

fn fail_whispers(ctx: &mut Ctx<'_>, room: &BareJid, lost: impl Fn(&Whisper) -> bool) {
    let whispers = ctx.core.outbox.unsent_whispers(room);
    let lost = whispers.filter(|(_, whisper)| lost(whisper));
    for id in lost.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
        ctx.core.outbox.prove(&id);
        ctx.event(whispered_to_nobody(room, id));
    }
}

/// What became of the room, if codes and reason of our last presence say so.
fn why(user: Option<&Element>, codes: &[u16], reason: Option<String>) -> Left {
    if let Some(destroyed) = user.and_then(|user| user.get_child("destroy", ns::MUC_USER)) {
        let alternative = destroyed.attr("jid").and_then(|jid| jid.parse().ok());
        return Left::Destroyed(alternative, text(destroyed, "reason"));
    }
    if is_technical(codes) {
        return Left::Unreachable;
    }
    match removal(codes) {
        Some(Removal::Banned) => Left::Banned(reason),
        Some(Removal::Kicked) => Left::Kicked(reason),
        Some(Removal::NotMember) => Left::MembersOnly,
        Some(Removal::Declined) | None => Left::Away,
    }
}

/// Whether it is no insult (status 332 and 333).
fn is_technical(codes: &[u16]) -> bool {
    codes.contains(&332) || codes.contains(&333)
}

/// How somebody was made to go, if they were.
fn removal(codes: &[u16]) -> Option<Removal> {
    let has = |code: u16| codes.contains(&code);
    if is_technical(codes) {
        None
    } else if has(301) {
        Some(Removal::Banned)
    } else if has(307) {
        Some(Removal::Kicked)
    } else {
        (has(321) || has(322)).then_some(Removal::NotMember)
    }
}

fn user(presence: &Presence) -> Option<&Element> {
    let is_user = |payload: &&Element| payload.is("x", ns::MUC_USER);
    presence.payloads.iter().find(is_user)
}

/// The status codes (XEP-0045 15.6).
pub(super) fn codes(user: &Element) -> Vec<u16> {
    let statuses = user
        .children()
        .filter(|child| child.is("status", ns::MUC_USER));
    let codes = statuses.filter_map(|status| status.attr("code")?.parse().ok());
    codes.take(16).collect()
}

/// What codes tell of the room.
pub(super) fn traits(ctx: &mut Ctx<'_>, room: &BareJid, codes: &[u16]) {
    for code in codes {
        let known = match code {
            100 | 172 => RoomChange::ShowsAddresses(true),
            173 => RoomChange::ShowsAddresses(false),
            170 => RoomChange::Logged(true),
            171 => RoomChange::Logged(false),
            _ => continue,
        };
        change(ctx, room, known);
    }
}

/// `hats`: whether the room says who wears what.
fn occupant(nick: String, presence: &Presence, user: Option<&Element>, hats: bool) -> Occupant {
    let item = user.and_then(|user| user.get_child("item", ns::MUC_USER));
    let attr = |name| item.and_then(|item| item.attr(name));
    let jid = attr("jid").and_then(|jid| jid.parse::<Jid>().ok());
    Occupant {
        nick,
        role: match attr("role") {
            Some("moderator") => Role::Moderator,
            Some("visitor") => Role::Visitor,
            _ => Role::Participant,
        },
        affiliation: attr("affiliation")
            .map(admin::affiliation)
            .unwrap_or_default(),
        jid: jid.map(|jid| jid.to_bare()),
        id: occupant_id(&presence.payloads),
        avatar: xep0153_vcard_avatars::told_of(presence),
        availability: rfc6121_presence::availability(presence.show.as_deref()),
        hats: match hats {
            true => xep0317_hats::titles(&presence.payloads),
            false => Vec::new(),
        },
    }
}
