//! XEP-0184 Message Delivery Receipts 1.4.0.

use jid::Jid;
use xmpp_parsers::ns;

use super::xep0334_hints;
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::rooms::is_whisper;
use crate::stanza::{self, MessageType};
use crate::store::{Delivery, MessageId, StoreEvent};
use crate::xml::build;

#[derive(Debug, Default)]
pub(crate) struct Receipts;

impl Module for Receipts {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0184",
            title: "Message Delivery Receipts",
            version: "1.4.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::RECEIPTS]
    }

    fn on_outgoing_message(&mut self, _ctx: &mut Ctx<'_>, message: &mut stanza::Message) {
        // Rooms know none (XEP-0184 5.3), nor do those in them by their names there.
        let chat = message.kind == MessageType::Chat && !is_whisper(message);
        if chat && !message.bodies.is_empty() {
            message.payloads.push(build("request", ns::RECEIPTS).done());
        }
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let Incoming { message, origin } = incoming;
        if matches!(message.kind, MessageType::Error | MessageType::Groupchat) {
            return Flow::Continue;
        }
        let Some(from) = message.from.clone() else {
            return Flow::Continue;
        };
        // Rooms know none (XEP-0184 5.3), whatever somebody in one says.
        if ctx.core.rooms.contains_key(&from.to_bare()) {
            return Flow::Continue;
        }
        if let Some(id) = receipt(message) {
            if ctx.account() == Some(&from.to_bare()) {
                // What another device of ours has confirmed is the other side's affair.
                return Flow::Continue;
            }
            let (conversation, id) = (from.to_bare(), MessageId(id));
            ctx.core.outbox.received(&conversation, &id);
            ctx.event(StoreEvent::Delivery {
                conversation,
                id,
                delivery: Delivery::Delivered,
            });
        } else if asks(message) && *origin == Origin::Live {
            self.confirm(ctx, from, message.id.clone());
        }
        Flow::Continue
    }
}

impl Receipts {
    /// Only who may see our presence may know that we are here (XEP-0184 8).
    fn confirm(&self, ctx: &mut Ctx<'_>, to: Jid, id: Option<String>) {
        let Some(id) = id else { return };
        let sees_us = ctx
            .core
            .subscriptions
            .get(&to.to_bare())
            .is_some_and(|subscription| subscription.from());
        if sees_us && ctx.core.privacy.receipts {
            let mut receipt = stanza::Message::chat(to);
            let received = build("received", ns::RECEIPTS).attr("id", id);
            receipt.payloads.push(received.done());
            receipt.payloads.push(xep0334_hints::store());
            ctx.send_passing(receipt);
        }
    }
}

/// To a headline no reply is expected (RFC 6121 5.2.2).
fn asks(message: &stanza::Message) -> bool {
    message.kind != MessageType::Headline && message.payload("request", ns::RECEIPTS).is_some()
}

fn receipt(message: &stanza::Message) -> Option<String> {
    let received = message.payload("received", ns::RECEIPTS)?;
    received.attr("id").map(str::to_owned)
}
