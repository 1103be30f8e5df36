//! XEP-0490 Message Displayed Synchronization 1.0.1: what one device has shown, the
//! others needn't count.

use std::time::Duration;

use jid::BareJid;
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::rfc6121_message;
use crate::codec::{decode, encode};
use crate::input::Command;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::store::{Direction, StoreEvent};
use crate::timer::Key;
use crate::xml::build;

/// Whoever reads on within this time has it told once.
const COALESCED: Duration = Duration::from_secs(2);
const PUBLISH: Key = 0;

/// Nobody else may see it, and one item a conversation is kept (XEP-0490 4.2).
const OPTIONS: [(&str, &str); 4] = [
    ("pubsub#persist_items", "true"),
    ("pubsub#max_items", "max"),
    ("pubsub#send_last_published_item", "never"),
    ("pubsub#access_model", "whitelist"),
];

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ReadSync {
    /// How far others of our devices know us to have read, by conversation.
    known: SortedMap<BareJid, String>,
    /// How far they should.
    wanted: SortedMap<BareJid, String>,
    /// Whether the server has told what it knows in this session.
    settled: bool,
    /// Whether we have tried to put the node right.
    #[serde(skip)]
    configured: bool,
    #[serde(skip)]
    asked: SortedMap<Ticket, Asked>,
}

#[derive(Debug)]
enum Asked {
    /// For everything.
    Items,
    /// To take this.
    Publish(BareJid, String),
    /// To keep the node as it has to be.
    Configure,
}

impl Module for ReadSync {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0490",
            title: "Message Displayed Synchronization",
            version: "1.0.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &["urn:xmpp:mds:displayed:0+notify"]
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if resumed && self.settled {
            return self.schedule(ctx);
        }
        (self.settled, self.configured) = (false, false);
        ctx.changed();
        let asked = |asked: &Asked| matches!(asked, Asked::Items);
        if !self.asked.values().any(asked) {
            let items = build("items", ns::PUBSUB).attr("node", ns::MDS).done();
            let ticket = ctx.get(None, build("pubsub", ns::PUBSUB).child(items).done());
            self.asked.insert(ticket, Asked::Items);
        }
    }

    fn on_lost(&mut self, ctx: &mut Ctx<'_>) {
        self.asked.clear();
        ctx.cancel(PUBLISH);
    }

    fn on_pep(&mut self, ctx: &mut Ctx<'_>, from: &BareJid, node: &str, items: &[Element]) {
        if node != ns::MDS {
            return;
        }
        // Only we ourselves know what we have read.
        if ctx.account() == Some(from) {
            self.learn(ctx, items.iter());
        } else {
            ctx.warn("refused what somebody else says that we have read");
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &Command) -> Flow {
        if let Command::Message(rfc6121_message::Command::MarkRead {
            conversation,
            newest,
        }) = command
            && let Some(id) = &newest.archive_id
            && self.known.get(conversation) != Some(id)
        {
            self.wanted.insert(conversation.clone(), id.clone());
            ctx.changed();
            ctx.core.durable.due = true;
            self.schedule(ctx);
        }
        Flow::Continue
    }

    fn on_timeout(&mut self, ctx: &mut Ctx<'_>, _key: Key) {
        if !self.settled || !ctx.core.established {
            return;
        }
        let publishing = |jid: &BareJid| {
            let mut asked = self.asked.values();
            asked.any(|asked| matches!(asked, Asked::Publish(known, _) if known == jid))
        };
        let wanted: Vec<_> = self
            .wanted
            .iter()
            .filter(|(jid, _)| !publishing(jid))
            .map(|(jid, id)| (jid.clone(), id.clone()))
            .collect();
        for (jid, id) in wanted {
            self.publish(ctx, jid, id);
        }
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some(asked) = self.asked.remove(&ticket) else {
            return;
        };
        ctx.changed();
        match (asked, response) {
            (_, Err(NoResult::Lost)) => {}
            (Asked::Items, response) => {
                // Without a node there is nothing to know yet.
                self.settled = true;
                let items = response.ok().flatten();
                let items = items
                    .as_ref()
                    .and_then(|pubsub| pubsub.get_child("items", ns::PUBSUB));
                if let Some(items) = items {
                    self.learn(ctx, items.children());
                }
                self.schedule(ctx);
            }
            (Asked::Publish(jid, id), Ok(_)) => {
                if self.wanted.get(&jid) == Some(&id) {
                    self.wanted.remove(&jid);
                }
                self.known.insert(jid, id);
                self.schedule(ctx);
            }
            // Somebody has made the node, and otherwise (XEP-0060 7.1.5).
            (Asked::Publish(..), Err(NoResult::Error(error)))
                if error.condition == "conflict" && !self.configured =>
            {
                self.configure(ctx);
            }
            (Asked::Configure, Ok(_)) => self.schedule(ctx),
            (Asked::Publish(..) | Asked::Configure, Err(NoResult::Error(error))) => {
                let configuring = |asked: &Asked| matches!(asked, Asked::Configure);
                if !self.asked.values().any(configuring) {
                    self.wanted.clear();
                    let condition = error.condition;
                    let warning = "other devices can't be told what was read: ";
                    ctx.warn([warning, &condition].concat());
                }
            }
            // With what is read next it is tried again.
            (Asked::Publish(..) | Asked::Configure, Err(NoResult::Timeout)) => {}
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("read")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, _ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        decode(saved).map(|saved| *self = saved).is_some()
    }
}

impl ReadSync {
    fn schedule(&self, ctx: &mut Ctx<'_>) {
        if !self.wanted.is_empty() {
            ctx.wake_in(PUBLISH, COALESCED);
        }
    }

    /// What another device has published. Where that is news, it is also later than what
    /// we still wanted to say.
    fn learn<'a>(&mut self, ctx: &mut Ctx<'_>, items: impl Iterator<Item = &'a Element>) {
        let account = ctx.account().cloned();
        for item in items {
            let jid = item.attr("id").and_then(|jid| jid.parse::<BareJid>().ok());
            let displayed = item.get_child("displayed", ns::MDS);
            let stanza_id =
                displayed.and_then(|displayed| displayed.get_child("stanza-id", ns::SID));
            let (Some(jid), Some(stanza_id)) = (jid, stanza_id) else {
                continue;
            };
            // Our own archive has named it, or the room (XEP-0490 4.2).
            let by = stanza_id
                .attr("by")
                .and_then(|by| by.parse::<BareJid>().ok());
            let named = by.is_some() && (by == account || by.as_ref() == Some(&jid));
            let Some(id) = stanza_id.attr("id").filter(|_| named) else {
                continue;
            };
            if self.known.get(&jid).is_some_and(|known| known == id) {
                continue;
            }
            self.wanted.remove(&jid);
            self.known.insert(jid.clone(), id.to_owned());
            ctx.changed();
            ctx.event(StoreEvent::Displayed {
                conversation: jid,
                by: Direction::Outgoing,
                id: id.to_owned(),
            });
        }
    }

    fn publish(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, id: String) {
        let Some(account) = ctx.account() else { return };
        let archive = match ctx.core.rooms.contains_key(&jid) {
            true => &jid,
            false => account,
        };
        let stanza_id = build("stanza-id", ns::SID)
            .attr("by", archive.as_str())
            .attr("id", id.as_str());
        let displayed = build("displayed", ns::MDS).child(stanza_id.done());
        let item = build("item", ns::PUBSUB)
            .attr("id", jid.as_str())
            .child(displayed.done());
        let publish = build("publish", ns::PUBSUB)
            .attr("node", ns::MDS)
            .child(item.done());
        let options = build("publish-options", ns::PUBSUB)
            .child(form("http://jabber.org/protocol/pubsub#publish-options"));
        let pubsub = build("pubsub", ns::PUBSUB)
            .child(publish.done())
            .child(options.done());
        let ticket = ctx.set(None, pubsub.done());
        self.asked.insert(ticket, Asked::Publish(jid, id));
    }

    /// Has the node be what publishing wants it to be (XEP-0060 8.2.4).
    fn configure(&mut self, ctx: &mut Ctx<'_>) {
        self.configured = true;
        let configure = build("configure", ns::PUBSUB_OWNER)
            .attr("node", ns::MDS)
            .child(form(ns::PUBSUB_CONFIGURE));
        let pubsub = build("pubsub", ns::PUBSUB_OWNER).child(configure.done());
        let ticket = ctx.set(None, pubsub.done());
        self.asked.insert(ticket, Asked::Configure);
    }
}

fn form(kind: &str) -> Element {
    let field = |(name, value): (&str, &str)| {
        build("field", ns::DATA_FORMS)
            .attr("var", name)
            .child(build("value", ns::DATA_FORMS).text(value).done())
    };
    build("x", ns::DATA_FORMS)
        .attr("type", "submit")
        .child(field(("FORM_TYPE", kind)).attr("type", "hidden").done())
        .children(OPTIONS.into_iter().map(|option| field(option).done()))
        .done()
}
