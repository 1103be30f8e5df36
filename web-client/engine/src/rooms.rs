//! What session and modules have to know of rooms, and who wrote a message.

use std::collections::VecDeque;

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::module::{Core, Incoming, Origin};
use crate::modules::xep0421_occupant_ids::occupant_id;
use crate::stanza::{self, MessageType};
use crate::store::{Direction, Scope, Whisper};
use crate::xml::build;

/// A room as the modules share it. `xep0045_muc` keeps it up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Room {
    /// What we are called there, or want to be.
    pub(crate) nick: String,
    /// Whether that is what somebody else is called there.
    pub(crate) taken: bool,
    /// By which the room knows us whatever we are called (XEP-0421).
    pub(crate) occupant: Option<String>,
    /// By which it knew us when we were somebody else.
    pub(crate) former: Vec<String>,
    /// Whether we are in it.
    pub(crate) joined: bool,
    /// Whether it has an archive that tells what was missed (XEP-0313).
    pub(crate) archived: bool,
    /// Whether we have never been in it before: then its history is no news.
    pub(crate) new: bool,
    /// Whether what was missed there is still being read.
    pub(crate) catching_up: bool,
    /// Whether what we write has to wait: something of ours may be in what was missed.
    pub(crate) hold: bool,
    /// How its moderators take messages away.
    pub(crate) moderates: Moderates,
    /// What it wanted to hear when we came.
    pub(crate) password: Option<String>,
}

/// How the moderators of a room take messages away (XEP-0425), if they can.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Moderates {
    #[default]
    No,
    /// In the way of version 0.2.1.
    Fastened,
    /// In the way of version 0.3.0.
    Plain,
}

/// So many of those who come and go are remembered.
const REMEMBERED: usize = 100;

/// Whose names have lately become somebody else's, or nobody's: what is whispered to somebody
/// who is there is for them and not for whoever is called so next.
#[derive(Debug, Default)]
pub(crate) struct Names(VecDeque<(BareJid, String, Holder)>);

/// Who goes by a name in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    Nobody,
    /// Somebody, by occupant id, where the room gives such (XEP-0421).
    Occupant(Option<String>),
}

impl Names {
    pub(crate) fn note(&mut self, room: &BareJid, nick: &str, holder: Holder) {
        self.0
            .retain(|(known, name, _)| known != room || name != nick);
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((room.clone(), nick.to_owned(), holder));
    }

    /// We are no longer in the room, or have just come in.
    pub(crate) fn forget(&mut self, room: &BareJid) {
        self.0.retain(|(known, ..)| known != room);
    }

    /// Whether nothing says that they are there no longer.
    pub(crate) fn may_be_there(&self, room: &BareJid, whisper: &Whisper) -> bool {
        let of =
            |(known, nick, _): &&(BareJid, String, Holder)| known == room && *nick == whisper.nick;
        let known = self.0.iter().find(of);
        known.is_none_or(|(.., holder)| holder.is(whisper))
    }
}

impl Holder {
    /// Whether it is who the whisper is for; by the name, where there are no ids.
    pub(crate) fn is(&self, whisper: &Whisper) -> bool {
        match (self, &whisper.occupant) {
            (Self::Nobody, _) => false,
            (Self::Occupant(Some(id)), Some(wanted)) => id == wanted,
            (Self::Occupant(_), _) => true,
        }
    }
}

/// Where a message belongs, and who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whence {
    pub(crate) conversation: BareJid,
    pub(crate) from: Jid,
    pub(crate) direction: Direction,
    /// The occupant id of whoever wrote it, in a room that has such (XEP-0421).
    pub(crate) occupant: Option<String>,
    /// To whom it was said.
    pub(crate) scope: Scope,
    /// The name of whom one of ours was whispered to.
    pub(crate) whispered_to: Option<String>,
    /// Whose archive gives its id (XEP-0359), if it can be in one that we read.
    pub(crate) archive: Option<BareJid>,
}

/// Where a message with a text belongs; `None` if it is not to be shown.
pub(crate) fn whence(core: &Core, incoming: &Incoming) -> Option<Whence> {
    match incoming.message.kind {
        MessageType::Groupchat => in_room(core, incoming),
        MessageType::Chat | MessageType::Normal | MessageType::Headline => to_us(core, incoming),
        MessageType::Error => None,
    }
}

fn to_us(core: &Core, incoming: &Incoming) -> Option<Whence> {
    let stanza = &incoming.message;
    let account = core.account.clone()?;
    // A room's archive speaks for the room only.
    if matches!(&incoming.origin, Origin::Archive { room: Some(_), .. }) {
        return None;
    }
    let from = stanza
        .from
        .clone()
        .unwrap_or_else(|| account.clone().into());
    let own = from.to_bare() == account;
    let direction = if own {
        Direction::Outgoing
    } else {
        Direction::Incoming
    };
    let to = stanza.to.as_ref();
    let conversation = match direction {
        Direction::Incoming => from.to_bare(),
        Direction::Outgoing => to.map_or_else(|| account.clone(), Jid::to_bare),
    };
    let room = core.rooms.get(&conversation);
    if room.is_some() || muc_user(stanza).is_some() {
        let room = room?;
        if own {
            // What another device of ours has whispered, or what is in the archive.
            let nick = to?.resource()?.to_string();
            return Some(Whence {
                occupant: room.occupant.clone(),
                from: conversation.with_resource_str(&room.nick).ok()?.into(),
                conversation,
                direction,
                scope: Scope::Whisper,
                whispered_to: Some(nick),
                archive: None,
            });
        }
        // Only occupants whisper; what the room itself says so is for modules.
        from.resource()?;
        return Some(Whence {
            occupant: occupant(room, stanza),
            conversation,
            from,
            direction,
            scope: Scope::Whisper,
            whispered_to: None,
            archive: None,
        });
    }
    Some(Whence {
        conversation,
        from,
        direction,
        occupant: None,
        scope: Scope::Person,
        whispered_to: None,
        archive: Some(account),
    })
}

fn in_room(core: &Core, incoming: &Incoming) -> Option<Whence> {
    let stanza = &incoming.message;
    let from = stanza.from.clone()?;
    let conversation = from.to_bare();
    let room = core.rooms.get(&conversation)?;
    match &incoming.origin {
        Origin::Live => {}
        Origin::Archive { room, .. } if room.as_ref() == Some(&conversation) => {}
        _ => return None,
    }
    let occupant = occupant(room, stanza);
    let direction = if is_own(core, room, stanza, &from, occupant.as_deref()) {
        Direction::Outgoing
    } else {
        Direction::Incoming
    };
    Some(Whence {
        archive: Some(conversation.clone()),
        conversation,
        from,
        direction,
        occupant,
        scope: Scope::Room,
        whispered_to: None,
    })
}

/// In a room that gives occupants no ids anybody can write one (XEP-0421 5).
fn occupant(room: &Room, stanza: &stanza::Message) -> Option<String> {
    room.occupant.as_ref()?;
    occupant_id(&stanza.payloads)
}

/// By the occupant id; where the room gives none, by the address, if the room shows it, by
/// what we know to have sent, and by the nickname, unless it is known to be somebody else's.
fn is_own(
    core: &Core,
    room: &Room,
    stanza: &stanza::Message,
    from: &Jid,
    occupant: Option<&str>,
) -> bool {
    if let (Some(ours), Some(theirs)) = (room.occupant.as_deref(), occupant) {
        return ours == theirs || room.former.iter().any(|former| former == theirs);
    }
    let item = muc_user(stanza).and_then(|user| user.get_child("item", ns::MUC_USER));
    let shown = item.and_then(|item| item.attr("jid")?.parse::<Jid>().ok());
    if let (Some(shown), Some(account)) = (shown, &core.account) {
        return shown.to_bare() == *account;
    }
    let nick = from.resource().map(|nick| nick.as_str());
    nick == Some(&room.nick) && !room.taken || core.outbox.wrote(stanza.id.as_deref(), from)
}

/// Whether it goes to somebody in a room, and says so (XEP-0045 7.5).
pub(crate) fn is_whisper(stanza: &stanza::Message) -> bool {
    stanza.kind == MessageType::Chat && muc_user(stanza).is_some()
}

/// Says so.
pub(crate) fn whispered() -> Element {
    build("x", ns::MUC_USER).done()
}

/// What a room adds to a stanza about an occupant (XEP-0045 15.5.2).
pub(crate) fn muc_user(stanza: &stanza::Message) -> Option<&Element> {
    stanza.payload("x", ns::MUC_USER)
}
