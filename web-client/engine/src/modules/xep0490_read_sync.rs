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
use crate::iq::{Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::private_node::{self, Answer, PrivateNode};
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
    node: PrivateNode<(BareJid, String)>,
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
        self.settled = false;
        ctx.changed();
        self.node.begin(ctx, ns::MDS);
    }

    fn on_lost(&mut self, ctx: &mut Ctx<'_>) {
        self.node.end();
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
        let publishing = |jid: &BareJid| self.node.on_its_way().any(|(known, _)| known == jid);
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
        match self.node.answered(ctx, ns::MDS, ticket, response) {
            Answer::All(items) => {
                self.settled = true;
                ctx.changed();
                if let Some(items) = items {
                    self.learn(ctx, private_node::items(&items));
                }
                self.schedule(ctx);
            }
            Answer::Kept((jid, id)) => {
                if self.wanted.get(&jid) == Some(&id) {
                    self.wanted.remove(&jid);
                }
                self.known.insert(jid, id);
                ctx.changed();
                self.schedule(ctx);
            }
            Answer::Mended => self.schedule(ctx),
            Answer::Refused(condition) => {
                self.wanted.clear();
                ctx.changed();
                ctx.warn(["other devices can't be told what was read: ", &condition].concat());
            }
            Answer::Nothing => {}
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
        let key = jid.to_string();
        self.node
            .publish(ctx, ns::MDS, &key, displayed.done(), (jid, id));
    }
}
