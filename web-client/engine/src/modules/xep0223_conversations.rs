//! XEP-0223 Persistent Storage of Private Data via PubSub 1.1.1: what we want with each
//! conversation, on all our devices. The node is our own: no specification has one for it.

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};

use crate::codec::{decode, encode};
use crate::input::Command as AnyCommand;
use crate::iq::{Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::now::Timestamp;
use crate::private_node::{self, Answer, PrivateNode};
use crate::sorted_map::SortedMap;
use crate::stanza::{self, MessageType};
use crate::store::{Cleared, Muted, StoreEvent, Wishes};
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
    /// Have what was said there up to some time deleted, which is the archive's to tell.
    Cleared {
        /// In which conversation.
        conversation: BareJid,
        /// Up to when, by the archive's clock.
        until: Timestamp,
        /// What the archive calls the last of it.
        last: Option<String>,
    },
}

const NODE: &str = "urn:couplet:conversations:0";
/// With the next session it is tried again.
const UNTOLD: &str = "our other devices can't be told what we want with a conversation";

const FEATURE: &str = "urn:couplet:conversations:0+notify";

/// More conversations than this are nobody's.
const MOST: usize = 5_000;
/// Bytes of what an archive calls a message; longer is nobody's.
const LONGEST_ID: usize = 256;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Conversations {
    known: SortedMap<BareJid, Wishes>,
    /// What the server doesn't know yet.
    unsaved: SortedMap<BareJid, Wishes>,
    /// What the archive calls the last message that is deleted.
    ends: SortedMap<BareJid, String>,
    /// Whether the server has told us all in this session.
    whole: bool,
    #[serde(skip)]
    node: PrivateNode<(BareJid, Wishes)>,
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
        if resumed && (self.whole || self.node.is_asked()) {
            return;
        }
        self.whole = false;
        ctx.changed();
        self.node.begin(ctx, NODE);
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.node.end();
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Conversation(command) = command else {
            return Flow::Continue;
        };
        match command {
            Command::Wish {
                conversation,
                wishes,
            } => self.want(ctx, conversation, *wishes),
            Command::Cleared {
                conversation,
                until,
                last,
            } => self.clear(ctx, conversation, *until, last.clone()),
        }
        Flow::Stop
    }

    fn on_outgoing_message(&mut self, ctx: &mut Ctx<'_>, message: &mut stanza::Message) {
        self.note(ctx, message);
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        if incoming.origin == Origin::CarbonSent {
            self.note(ctx, &incoming.message);
        }
        Flow::Continue
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
        match self.node.answered(ctx, NODE, ticket, response) {
            Answer::All(items) => {
                self.whole = true;
                ctx.changed();
                if let Some(items) = items {
                    self.learn_all(ctx, &items);
                }
                self.publish_unsaved(ctx);
            }
            Answer::Kept((jid, wishes)) => self.saved(ctx, jid, wishes),
            Answer::Mended => self.publish_unsaved(ctx),
            Answer::Refused(_) => ctx.warn(UNTOLD),
            Answer::Nothing => {}
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

    fn want(&mut self, ctx: &mut Ctx<'_>, conversation: &BareJid, wishes: Wishes) {
        if self.wanted(conversation) != wishes {
            self.unsaved.insert(conversation.clone(), wishes);
            self.tell(ctx, conversation, wishes);
            if self.whole && ctx.core.established {
                self.publish(ctx, conversation.clone(), wishes);
            }
        }
    }

    /// A room where we are stays in the list.
    fn clear(
        &mut self,
        ctx: &mut Ctx<'_>,
        conversation: &BareJid,
        until: Timestamp,
        last: Option<String>,
    ) {
        let before = self.wanted(conversation);
        if let Some(last) = &last {
            // The archive may have brought it again meanwhile.
            ctx.event(StoreEvent::Cleared {
                conversation: conversation.clone(),
                until: Cleared::To(last.clone()),
            });
        }
        self.end(conversation, last);
        let until = before.cleared.max(Some(until));
        let stays = ctx.core.rooms.contains_key(conversation);
        let wishes = Wishes {
            cleared: until,
            archived: if stays { before.archived } else { until },
            pinned: before.pinned && stays,
            unread: false,
            ..before
        };
        self.want(ctx, conversation, wishes);
    }

    /// A stranger to whom we write is none any more.
    fn note(&mut self, ctx: &mut Ctx<'_>, message: &stanza::Message) {
        let Some(to) = message.to.as_ref().map(Jid::to_bare) else {
            return;
        };
        let said = message.kind == MessageType::Chat && !message.bodies.is_empty();
        let strangers_matter = said && !ctx.core.privacy.strangers;
        if strangers_matter && !ctx.knows(&to) && !ctx.core.rooms.contains_key(&to) {
            let known = Wishes {
                known: true,
                ..self.wanted(&to)
            };
            self.want(ctx, &to, known);
        }
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

    /// Another device has it so.
    fn heed(&self, ctx: &mut Ctx<'_>, jid: &BareJid, before: Wishes, after: Wishes) {
        if let Some(until) = after.cleared.filter(|_| after.cleared > before.cleared) {
            let last = self.ends.get(jid).cloned();
            ctx.event(StoreEvent::Cleared {
                conversation: jid.clone(),
                until: Cleared::Until(until, last),
            });
        }
        self.tell(ctx, jid, after);
    }

    fn end(&mut self, jid: &BareJid, last: Option<String>) {
        let fits = self.ends.keys().len() < MOST || self.ends.contains_key(jid);
        match last.filter(|last| last.len() <= LONGEST_ID && fits) {
            Some(last) => self.ends.insert(jid.clone(), last),
            None => self.ends.remove(jid),
        };
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
        let Some((jid, wishes, last)) = read(item) else {
            return;
        };
        let before = self.wanted(&jid);
        self.keep(jid.clone(), wishes);
        if !self.unsaved.contains_key(&jid) {
            self.end(&jid, last);
        }
        // What we want ourselves is on its way.
        let after = self.wanted(&jid);
        if before != after {
            self.heed(ctx, &jid, before, after);
        }
    }

    /// All that is kept: of the others nothing is wanted any more.
    fn learn_all(&mut self, ctx: &mut Ctx<'_>, answer: &Element) {
        let before = std::mem::take(&mut self.known);
        for item in private_node::items(answer) {
            if let Some((jid, wishes, last)) = read(item) {
                if !self.unsaved.contains_key(&jid) {
                    self.end(&jid, last);
                }
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
                self.heed(ctx, &jid, known, after);
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

    fn publish(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, wishes: Wishes) {
        // Of nothing, too: ejabberd tells nobody what is retracted.
        let last = self.ends.get(&jid).map(String::as_str);
        let (id, payload) = (jid.to_string(), write(wishes, last));
        self.node.publish(ctx, NODE, &id, payload, (jid, wishes));
    }
}

const FOREVER: &str = "forever";

fn write(wishes: Wishes, last: Option<&str>) -> Element {
    let muted = wishes.muted.map(|muted| match muted {
        Muted::Until(end) => xep0082::write(end),
        Muted::Forever => FOREVER.to_owned(),
    });
    build("conversation", NODE)
        .attr("pinned", wishes.pinned.then_some("true"))
        .attr("archived", wishes.archived.map(xep0082::write))
        .attr("muted", muted)
        .attr("unread", wishes.unread.then_some("true"))
        .attr("known", wishes.known.then_some("true"))
        .attr("cleared", wishes.cleared.map(xep0082::write))
        .attr("cleared-to", last.filter(|_| wishes.cleared.is_some()))
        .done()
}

/// Whose conversation, and what is wanted with it: nothing, where it is taken back. And what the
/// archive calls the last message that is deleted.
fn read(item: &Element) -> Option<(BareJid, Wishes, Option<String>)> {
    let jid = item.attr("id")?.parse().ok()?;
    let Some(wanted) = item.get_child("conversation", NODE) else {
        return (item.name() == "retract").then_some((jid, Wishes::default(), None));
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
        known: is("known"),
        cleared: wanted.attr("cleared").and_then(xep0082::read),
    };
    let last = wanted.attr("cleared-to").map(str::to_owned);
    Some((jid, wishes, last))
}
