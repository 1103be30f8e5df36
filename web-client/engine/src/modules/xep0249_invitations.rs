//! XEP-0249 Direct MUC Invitations 1.2: somebody would like to see us in a room.
//!
//! Also what a room passes on for somebody (XEP-0045 7.8.2): many send both.

use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::xep0045_muc::LONGEST_REASON;
use crate::foreign::lines;
use crate::input::Command as AnyCommand;
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::rooms;
use crate::stanza::{self, MessageType};
use crate::store::{Invitation, RoomChange, StoreEvent};
use crate::xml;

/// What a person can do about an invitation, but for following it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Don't go there.
    Decline {
        /// Where.
        room: BareJid,
    },
}

const X_CONFERENCE: &str = "jabber:x:conference";

#[derive(Debug, Default)]
pub(crate) struct Invitations;

impl Module for Invitations {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0249",
            title: "Direct MUC Invitations",
            version: "1.2",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[X_CONFERENCE]
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Invitation(Command::Decline { room }) = command else {
            return Flow::Continue;
        };
        let (jid, change) = (room.clone(), RoomChange::Invitation(None));
        ctx.event(StoreEvent::Room { jid, change });
        Flow::Stop
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let Incoming { message, origin } = incoming;
        let person = matches!(message.kind, MessageType::Chat | MessageType::Normal);
        if !person || !matches!(origin, Origin::Live | Origin::CarbonReceived) {
            return Flow::Continue;
        }
        let Some((jid, invitation)) = direct(message).or_else(|| mediated(message)) else {
            return Flow::Continue;
        };
        if ctx.core.rooms.get(&jid).is_none_or(|room| !room.joined) {
            let change = RoomChange::Invitation(Some(invitation));
            ctx.event(StoreEvent::Room { jid, change });
        }
        // The text that goes with it says the same to clients that know no invitations.
        Flow::Stop
    }
}

fn direct(message: &stanza::Message) -> Option<(BareJid, Invitation)> {
    let invitation = message.payload("x", X_CONFERENCE)?;
    let text = |name| invitation.attr(name).filter(|text| !text.is_empty());
    let known = Invitation {
        from: message.from.as_ref()?.to_bare(),
        reason: text("reason").and_then(|reason| lines(reason, LONGEST_REASON)),
        password: text("password").map(str::to_owned),
    };
    Some((invitation.attr("jid")?.parse().ok()?, known))
}

fn mediated(message: &stanza::Message) -> Option<(BareJid, Invitation)> {
    let user = rooms::muc_user(message)?;
    let invite = user.get_child("invite", ns::MUC_USER)?;
    let from: Jid = invite.attr("from")?.parse().ok()?;
    let invitation = Invitation {
        from: from.to_bare(),
        reason: xml::child_text(invite, "reason").and_then(|reason| lines(&reason, LONGEST_REASON)),
        password: xml::child_text(user, "password"),
    };
    Some((message.from.as_ref()?.to_bare(), invitation))
}
