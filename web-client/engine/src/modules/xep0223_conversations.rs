//! XEP-0223 Persistent Storage of Private Data via PubSub 1.1.1: what we want with each
//! conversation, on all our devices. The node is our own: no specification has one for it.

use jid::BareJid;
use minidom::Element;
use serde::{Deserialize, Serialize};

use crate::codec::{decode, encode};
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::private_node::{self, Repair};
use crate::sorted_map::SortedMap;
use crate::store::{Muted, StoreEvent, Wishes};
use crate::xep0082;
use crate::xml::build;

/// What a person can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Want this with a conversation, and nothing else.
    Wish {
        /// Which.
        conversation: BareJid,
        /// What.
        wishes: Wishes,
    },
}

const NODE: &str = "urn:couplet:conversations:0";
/// With the next session it is tried again.
const UNTOLD: &str = "our other devices can't be told what we want with a conversation";

const FEATURE: &str = "urn:couplet:conversations:0+notify";

/// More conversations than this are nobody's.
const MOST: usize = 5_000;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Conversations {
    known: SortedMap<BareJid, Wishes>,
    /// What the server doesn't know yet.
    unsaved: SortedMap<BareJid, Wishes>,
    /// Whether the server has told us all in this session.
    whole: bool,
    #[serde(skip)]
    repair: Repair,
    #[serde(skip)]
    asked: SortedMap<Ticket, Asked>,
}

#[derive(Debug)]
enum Asked {
    All,
    /// To keep this.
    Publish(BareJid, Wishes),
    /// To have the node as it has to be.
    Repair,
}

impl Module for Conversations {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0223",
            title: "Persistent Storage of Private Data via PubSub",
            version: "1.1.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[FEATURE]
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if resumed && (self.whole || !self.asked.is_empty()) {
            return;
        }
        (self.whole, self.repair) = (false, Repair::default());
        ctx.changed();
        let ticket = ctx.get(None, private_node::read(NODE));
        self.asked.insert(ticket, Asked::All);
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.asked.clear();
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Conversation(Command::Wish {
            conversation,
            wishes,
        }) = command
        else {
            return Flow::Continue;
        };
        if self.wanted(conversation) != *wishes {
            self.unsaved.insert(conversation.clone(), *wishes);
            self.tell(ctx, conversation, *wishes);
            if self.whole && ctx.core.established {
                self.publish(ctx, conversation.clone(), *wishes);
            }
        }
        Flow::Stop
    }

    fn on_pep(&mut self, ctx: &mut Ctx<'_>, from: &BareJid, node: &str, items: &[Element]) {
        if node != NODE {
            return;
        }
        if ctx.account() == Some(from) {
            for item in items {
                self.learn(ctx, item);
            }
        } else {
            ctx.warn("refused what somebody else says that we want with conversations");
        }
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        match (self.asked.remove(&ticket), response) {
            (_, Err(NoResult::Lost)) | (None, _) => {}
            (Some(Asked::All), response) => {
                // Without a node there is nothing to know yet.
                self.whole = true;
                ctx.changed();
                if let Ok(Some(answer)) = response {
                    self.learn_all(ctx, &answer);
                }
                self.publish_unsaved(ctx);
            }
            (Some(Asked::Publish(jid, wishes)), Ok(_)) => self.saved(ctx, jid, wishes),
            (Some(Asked::Publish(..)), Err(NoResult::Error(error))) => {
                if let Some(request) = self.repair.begin(NODE, &error.condition) {
                    self.ask_for_repair(ctx, request);
                } else if matches!(self.repair, Repair::Done | Repair::Failed) {
                    ctx.warn(UNTOLD);
                }
            }
            (Some(Asked::Repair), response) => match self.repair.go_on(NODE, response.is_ok()) {
                Some(request) => self.ask_for_repair(ctx, request),
                None if self.repair == Repair::Done => self.publish_unsaved(ctx),
                None => ctx.warn(UNTOLD),
            },
            (Some(Asked::Publish(..)), Err(_)) => ctx.warn(UNTOLD),
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("conversations")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, _ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        decode(saved).map(|saved| *self = saved).is_some()
    }
}

impl Conversations {
    /// What is shown.
    fn wanted(&self, jid: &BareJid) -> Wishes {
        let wanted = self.unsaved.get(jid).or_else(|| self.known.get(jid));
        wanted.copied().unwrap_or_default()
    }

    fn tell(&self, ctx: &mut Ctx<'_>, conversation: &BareJid, wishes: Wishes) {
        ctx.changed();
        // What is shown and what is known here go on the disk together.
        ctx.core.durable.due = true;
        ctx.event(StoreEvent::Wishes {
            conversation: conversation.clone(),
            wishes,
        });
    }

    /// The server has it so.
    fn saved(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, wishes: Wishes) {
        if self.unsaved.get(&jid) == Some(&wishes) {
            self.unsaved.remove(&jid);
        }
        self.keep(jid, wishes);
        ctx.changed();
    }

    fn keep(&mut self, jid: BareJid, wishes: Wishes) {
        if wishes == Wishes::default() {
            self.known.remove(&jid);
        } else if self.known.contains_key(&jid) || self.known.keys().len() < MOST {
            self.known.insert(jid, wishes);
        }
    }

    /// What another device has published or taken back.
    fn learn(&mut self, ctx: &mut Ctx<'_>, item: &Element) {
        let Some((jid, wishes)) = read(item) else {
            return;
        };
        let before = self.wanted(&jid);
        self.keep(jid.clone(), wishes);
        // What we want ourselves is on its way.
        let after = self.wanted(&jid);
        if before != after {
            self.tell(ctx, &jid, after);
        }
    }

    /// All that is kept: of the others nothing is wanted any more.
    fn learn_all(&mut self, ctx: &mut Ctx<'_>, answer: &Element) {
        let before = std::mem::take(&mut self.known);
        for item in private_node::items(answer) {
            if let Some((jid, wishes)) = read(item) {
                self.keep(jid, wishes);
            }
        }
        let mut touched: Vec<_> = before.keys().chain(self.known.keys()).cloned().collect();
        touched.sort_unstable();
        touched.dedup();
        for jid in touched {
            let after = self.wanted(&jid);
            let known = before.get(&jid).copied().unwrap_or_default();
            if !self.unsaved.contains_key(&jid) && known != after {
                self.tell(ctx, &jid, after);
            }
        }
    }

    fn publish_unsaved(&mut self, ctx: &mut Ctx<'_>) {
        let unsaved = self.unsaved.iter();
        let unsaved: Vec<_> = unsaved
            .map(|(jid, wishes)| (jid.clone(), *wishes))
            .collect();
        for (jid, wishes) in unsaved {
            self.publish(ctx, jid, wishes);
        }
    }

    fn ask_for_repair(&mut self, ctx: &mut Ctx<'_>, request: Element) {
        let ticket = ctx.set(None, request);
        self.asked.insert(ticket, Asked::Repair);
    }

    fn publish(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, wishes: Wishes) {
        // Of nothing, too: ejabberd tells nobody what is retracted.
        let options = self.repair.options();
        let pubsub = private_node::publish(NODE, jid.as_str(), write(wishes), options);
        let ticket = ctx.set(None, pubsub);
        self.asked.insert(ticket, Asked::Publish(jid, wishes));
    }
}

const FOREVER: &str = "forever";

fn write(wishes: Wishes) -> Element {
    let muted = wishes.muted.map(|muted| match muted {
        Muted::Until(end) => xep0082::write(end),
        Muted::Forever => FOREVER.to_owned(),
    });
    build("conversation", NODE)
        .attr("pinned", wishes.pinned.then_some("true"))
        .attr("archived", wishes.archived.map(xep0082::write))
        .attr("muted", muted)
        .attr("unread", wishes.unread.then_some("true"))
        .done()
}

/// Whose conversation, and what is wanted with it: nothing, where it is taken back.
fn read(item: &Element) -> Option<(BareJid, Wishes)> {
    let jid = item.attr("id")?.parse().ok()?;
    let Some(wanted) = item.get_child("conversation", NODE) else {
        return (item.name() == "retract").then_some((jid, Wishes::default()));
    };
    let is = |name| matches!(wanted.attr(name), Some("true" | "1"));
    let muted = wanted.attr("muted").and_then(|muted| match muted {
        FOREVER => Some(Muted::Forever),
        end => xep0082::read(end).map(Muted::Until),
    });
    let wishes = Wishes {
        pinned: is("pinned"),
        archived: wanted.attr("archived").and_then(xep0082::read),
        muted,
        unread: is("unread"),
    };
    Some((jid, wishes))
}
