//! XEP-0333 Displayed Markers 1.0.0: how far somebody has read.

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::{rfc6121_message, xep0045_muc, xep0334_hints, xep0428_fallback};
use crate::codec::{decode, encode};
use crate::envelope::{Envelope, is_said};
use crate::input::Command;
use crate::module::{Ctx, Flow, Incoming, Module, Specification};
use crate::rooms::is_whisper;
use crate::sorted_map::SortedMap;
use crate::stanza::{self, MessageType};
use crate::store::{Author, Direction, MessageId, Scope, StoreEvent};
use crate::xml::build;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Markers {
    /// What was displayed while there was nobody to tell.
    untold: SortedMap<BareJid, String>,
}

impl Module for Markers {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0333",
            title: "Displayed Markers",
            version: "1.0.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::DISPLAYED_MARKERS]
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, _resumed: bool) {
        for (to, id) in std::mem::take(&mut self.untold).iter() {
            ctx.changed();
            self.tell(ctx, to, id);
        }
    }

    fn on_outgoing_message(&mut self, _ctx: &mut Ctx<'_>, message: &mut stanza::Message) {
        let chat = message.kind == MessageType::Chat && !is_whisper(message);
        let says_something = chat && !message.bodies.is_empty();
        // Who takes something back doesn't ask whether that was seen.
        if says_something && !xep0428_fallback::is_whole(message) {
            message.payloads.push(markable());
        }
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let displayed = message.payload("displayed", ns::DISPLAYED_MARKERS);
        let id = displayed.and_then(|displayed| displayed.attr("id"));
        let Some(id) = id.filter(|_| is_said(message)).map(str::to_owned) else {
            return Flow::Continue;
        };
        let Some(envelope) = Envelope::open(ctx, incoming) else {
            return Flow::Continue;
        };
        match (envelope.scope, envelope.direction) {
            (Scope::Person, direction) => {
                if direction == Direction::Incoming {
                    let id = MessageId(id.clone());
                    ctx.core.outbox.received(&envelope.conversation, &id);
                }
                // What goes the one way is what that side has displayed of the other's.
                ctx.event(StoreEvent::Displayed {
                    conversation: envelope.conversation,
                    by: direction,
                    id,
                });
            }
            // In a room everybody reads for themselves; what we have read, our other devices
            // tell otherwise (XEP-0490).
            (Scope::Room, Direction::Incoming) => {
                let occupant = envelope.occupant.as_deref();
                ctx.event(StoreEvent::Seen {
                    by: Author::new(envelope.scope, &envelope.from, occupant),
                    conversation: envelope.conversation,
                    id,
                });
            }
            (Scope::Room | Scope::Whisper, _) => {}
        }
        Flow::Continue
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &Command) -> Flow {
        if let Command::Message(rfc6121_message::Command::MarkRead {
            conversation,
            newest,
        }) = command
            && let Some(id) = &newest.marker
        {
            self.tell(ctx, conversation, id);
        }
        if let Command::Muc(xep0045_muc::Command::Entered { room }) = command
            && let Some(id) = self.untold.remove(room)
        {
            ctx.changed();
            self.tell(ctx, room, &id);
        }
        Flow::Continue
    }

    fn part(&self) -> Option<&'static str> {
        Some("markers")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, _ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        decode(saved).map(|saved| *self = saved).is_some()
    }
}

impl Markers {
    /// Tells them, or keeps it until we are there. Who may not see our presence may not see that
    /// we are reading either (XEP-0333 7); in a room the store has said whether everybody may.
    fn tell(&mut self, ctx: &mut Ctx<'_>, to: &BareJid, id: &str) {
        let room = ctx.core.rooms.get(to);
        if !ctx.core.established || room.is_some_and(|room| !room.joined) {
            self.untold.insert(to.clone(), id.to_owned());
            ctx.changed();
            ctx.core.durable.due = true;
            return;
        }
        let subscription = ctx.core.subscriptions.get(to);
        let sees_us = subscription.is_some_and(|subscription| subscription.from());
        if ctx.core.privacy.markers && (sees_us || room.is_some()) {
            let mut marker = stanza::Message::chat(Jid::from(to.clone()));
            if room.is_some() {
                marker.kind = MessageType::Groupchat;
            }
            let displayed = build("displayed", ns::DISPLAYED_MARKERS).attr("id", id);
            marker.payloads.push(displayed.done());
            marker.payloads.push(xep0334_hints::store());
            ctx.send_passing(marker);
        }
    }
}

/// Says that its writer wants to know when it is displayed.
pub(super) fn markable() -> Element {
    build("markable", ns::DISPLAYED_MARKERS).done()
}

/// Whether its writer wants to know when it is displayed.
pub(super) fn is_markable(message: &stanza::Message) -> bool {
    message.payload("markable", ns::DISPLAYED_MARKERS).is_some()
}
