//! XEP-0223 Persistent Storage of Private Data via PubSub 1.1.1: what others learn of us, and
//! who may contact us, on all our devices. The node is our own: no specification has one for it.

use jid::BareJid;
use minidom::Element;
use serde::{Deserialize, Serialize};

use crate::codec::{decode, encode};
use crate::input::Command as AnyCommand;
use crate::iq::{Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::private_node::{self, Answer, PrivateNode};
use crate::store::{Privacy as Wanted, StoreEvent};
use crate::xml::build;

/// What a person can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Have it so from now on.
    Want(Wanted),
}

const NODE: &str = "urn:couplet:privacy:0";
const FEATURE: &str = "urn:couplet:privacy:0+notify";
/// The only item there is.
const ITEM: &str = "current";

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Privacy {
    known: Wanted,
    /// What the server doesn't know yet.
    unsaved: Option<Wanted>,
    /// Whether the server has told us in this session.
    whole: bool,
    #[serde(skip)]
    node: PrivateNode<Wanted>,
}

impl Module for Privacy {
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
        let AnyCommand::Privacy(Command::Want(wanted)) = command else {
            return Flow::Continue;
        };
        self.unsaved = Some(*wanted);
        self.tell(ctx);
        self.publish(ctx);
        Flow::Stop
    }

    fn on_pep(&mut self, ctx: &mut Ctx<'_>, from: &BareJid, node: &str, items: &[Element]) {
        if node != NODE {
            return;
        }
        if ctx.account() == Some(from) {
            self.learn(ctx, items.iter());
        } else {
            ctx.warn("refused what somebody else says that others may learn of us");
        }
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        match self.node.answered(ctx, NODE, ticket, response) {
            Answer::All(items) => {
                self.whole = true;
                ctx.changed();
                if let Some(items) = items {
                    self.learn(ctx, private_node::items(&items));
                }
                self.publish(ctx);
            }
            Answer::Kept(wanted) => {
                self.known = wanted;
                if self.unsaved.is_some_and(|unsaved| is_same(unsaved, wanted)) {
                    self.unsaved = None;
                }
                self.tell(ctx);
            }
            Answer::Mended => self.publish(ctx),
            Answer::Refused(_) => {
                if let Some(unsaved) = &mut self.unsaved {
                    unsaved.only_here = true;
                    self.tell(ctx);
                }
            }
            Answer::Nothing => {}
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("privacy")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        let saved = decode(saved).map(|saved| *self = saved);
        ctx.core.privacy = self.wanted();
        saved.is_some()
    }
}

impl Privacy {
    fn wanted(&self) -> Wanted {
        self.unsaved.unwrap_or(self.known)
    }

    /// Has the other modules and the person know it.
    fn tell(&self, ctx: &mut Ctx<'_>) {
        ctx.changed();
        // What is shown and what is known here go on the disk together.
        ctx.core.durable.due = true;
        ctx.core.privacy = self.wanted();
        ctx.event(StoreEvent::Privacy(self.wanted()));
    }

    fn learn<'a>(&mut self, ctx: &mut Ctx<'_>, items: impl Iterator<Item = &'a Element>) {
        let kept = items.filter(|item| item.attr("id") == Some(ITEM));
        if let Some(kept) = kept.filter_map(read).last()
            && self.known != kept
        {
            self.known = kept;
            self.tell(ctx);
        }
    }

    fn publish(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(wanted) = self.unsaved
            && self.whole
            && ctx.core.established
        {
            let wanted = Wanted {
                only_here: false,
                ..wanted
            };
            self.node.publish(ctx, NODE, ITEM, write(wanted), wanted);
        }
    }
}

/// Wherever it is kept.
fn is_same(one: Wanted, other: Wanted) -> bool {
    let only_here = other.only_here;
    Wanted { only_here, ..one } == other
}

fn write(wanted: Wanted) -> Element {
    let not = |wanted: bool| (!wanted).then_some("false");
    build("privacy", NODE)
        .attr("receipts", not(wanted.receipts))
        .attr("markers", not(wanted.markers))
        .attr("typing", not(wanted.typing))
        .attr("strangers", not(wanted.strangers))
        .done()
}

/// What isn't there is as it is for those who never chose.
fn read(item: &Element) -> Option<Wanted> {
    let kept = item.get_child("privacy", NODE)?;
    let is = |name| !matches!(kept.attr(name), Some("false" | "0"));
    Some(Wanted {
        receipts: is("receipts"),
        markers: is("markers"),
        typing: is("typing"),
        strangers: is("strangers"),
        only_here: false,
    })
}
