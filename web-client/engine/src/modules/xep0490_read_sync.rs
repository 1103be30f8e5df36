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
use crate::private_node::{self, Repair};
use crate::sorted_map::SortedMap;
use crate::store::{Direction, StoreEvent};
use crate::timer::Key;
use crate::xml::build;

/// Whoever reads on within this time has it told once.
const COALESCED: Duration = Duration::from_secs(2);
const PUBLISH: Key = 0;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ReadSync {
    /// How far others of our devices know us to have read, by conversation.
    known: SortedMap<BareJid, String>,
    /// How far they should.
    wanted: SortedMap<BareJid, String>,
    /// Whether the server has told what it knows in this session.
    settled: bool,
    #[serde(skip)]
    repair: Repair,
    #[serde(skip)]
    asked: SortedMap<Ticket, Asked>,
}

#[derive(Debug)]
enum Asked {
    /// For everything.
    Items,
    /// To take this.
    Publish(BareJid, String),
    /// To have the node as it has to be.
    Repair,
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
        (self.settled, self.repair) = (false, Repair::default());
        ctx.changed();
        let asked = |asked: &Asked| matches!(asked, Asked::Items);
        if !self.asked.values().any(asked) {
            let ticket = ctx.get(None, private_node::read(ns::MDS));
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
                if let Ok(Some(answer)) = response {
                    self.learn(ctx, private_node::items(&answer));
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
            (Asked::Publish(..), Err(NoResult::Error(error))) => {
                match self.repair.begin(ns::MDS, &error.condition) {
                    Some(request) => self.ask_for_repair(ctx, request),
                    None if matches!(self.repair, Repair::Done | Repair::Failed) => {
                        self.give_up(ctx, &error.condition);
                    }
                    None => {}
                }
            }
            (Asked::Repair, response) => match self.repair.go_on(ns::MDS, response.is_ok()) {
                Some(request) => self.ask_for_repair(ctx, request),
                None if self.repair == Repair::Done => self.schedule(ctx),
                None => self.give_up(ctx, "there is no such node"),
            },
            // With what is read next it is tried again.
            (Asked::Publish(..), Err(NoResult::Timeout)) => {}
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
        let pubsub = private_node::publish(
            ns::MDS,
            jid.as_str(),
            displayed.done(),
            self.repair.options(),
        );
        let ticket = ctx.set(None, pubsub);
        self.asked.insert(ticket, Asked::Publish(jid, id));
    }

    fn ask_for_repair(&mut self, ctx: &mut Ctx<'_>, request: Element) {
        let ticket = ctx.set(None, request);
        self.asked.insert(ticket, Asked::Repair);
    }

    fn give_up(&mut self, ctx: &mut Ctx<'_>, why: &str) {
        self.wanted.clear();
        ctx.warn(["other devices can't be told what was read: ", why].concat());
    }
}
