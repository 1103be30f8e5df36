//! What session and modules have to know of rooms, and who wrote a message.

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::module::{Core, Incoming, Origin};
use crate::modules::xep0421_occupant_ids::occupant_id;
use crate::stanza::{self, MessageType};
use crate::store::{Direction, Scope};

/// A room as the modules share it. `xep0045_muc` keeps it up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Room {
    /// What we are called there, or want to be.
    pub(crate) nick: String,
    /// By which the room knows us whatever we are called (XEP-0421).
    pub(crate) occupant: Option<String>,
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
        // Only occupants whisper; what the room itself says so is for modules.
        let room = room.filter(|_| !own && from.resource().is_some())?;
        return Some(Whence {
            occupant: occupant(room, stanza),
            conversation,
            from,
            direction,
            scope: Scope::Whisper,
            archive: None,
        });
    }
    Some(Whence {
        conversation,
        from,
        direction,
        occupant: None,
        scope: Scope::Person,
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
    })
}

/// In a room that gives occupants no ids anybody can write one (XEP-0421 5).
fn occupant(room: &Room, stanza: &stanza::Message) -> Option<String> {
    room.occupant.as_ref()?;
    occupant_id(&stanza.payloads)
}

/// By the occupant id; where the room gives none, by the address, if the room shows it, by
/// what we know to have sent, and by the nickname.
fn is_own(
    core: &Core,
    room: &Room,
    stanza: &stanza::Message,
    from: &Jid,
    occupant: Option<&str>,
) -> bool {
    if let (Some(ours), Some(theirs)) = (room.occupant.as_deref(), occupant) {
        return ours == theirs;
    }
    let item = muc_user(stanza).and_then(|user| user.get_child("item", ns::MUC_USER));
    let shown = item.and_then(|item| item.attr("jid")?.parse::<Jid>().ok());
    if let (Some(shown), Some(account)) = (shown, &core.account) {
        return shown.to_bare() == *account;
    }
    let nick = from.resource().map(|nick| nick.as_str());
    nick == Some(&room.nick) || core.outbox.wrote(stanza.id.as_deref(), from)
}

/// What a room adds to a stanza about an occupant (XEP-0045 15.5.2).
pub(crate) fn muc_user(stanza: &stanza::Message) -> Option<&Element> {
    stanza.payload("x", ns::MUC_USER)
}
