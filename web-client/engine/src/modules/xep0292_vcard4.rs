//! XEP-0292 vCard4 Over XMPP 0.9: people's cards, on a node of their own.
//!
//! Where there is none, the older form may have one (XEP-0054). Ours is changed in the form it
//! has; a first one is written in this form, if the server keeps it.

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};

use super::xep0054_vcard_temp as temp;
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::private_node::{self, publish_openly};
use crate::sorted_map::SortedMap;
use crate::store::{CardField, Fact};
use crate::vcard::Form;

pub(super) const NODE: &str = "urn:xmpp:vcard4";

/// What a person can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Have our card say this in the first field of each kind, and nothing where that is
    /// empty. What becomes of it is a [`Fact::Saved`](crate::store::Fact).
    Save(Change),
    /// The same where there is no card at all yet. Only the engine itself wants this.
    Begin(Change),
}

/// A change of our card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// By which whoever asks knows the answer.
    pub request: String,
    /// What is to be in it.
    pub fields: Vec<(CardField, String)>,
}

#[derive(Debug, Default)]
pub(crate) struct Cards {
    asked: SortedMap<Ticket, Asked>,
}

#[derive(Debug)]
enum Asked {
    /// For somebody's card, to show it.
    Read(BareJid),
    /// For our own, to change it.
    Edit(Change),
    /// To keep this one; whether it is the first.
    Publish(Change, Element, bool),
}

impl Module for Cards {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0292",
            title: "vCard4 Over XMPP",
            version: "0.9",
        }
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.asked.clear();
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        match command {
            AnyCommand::Look { jid, .. } if ctx.core.established && ctx.knows(jid) => {
                let to = Some(Jid::from(jid.clone()));
                let ticket = ctx.get(to, private_node::read(NODE));
                self.asked.insert(ticket, Asked::Read(jid.clone()));
                Flow::Continue
            }
            AnyCommand::Card(Command::Save(change)) => {
                if ctx.core.established {
                    let ticket = ctx.get(None, private_node::read(NODE));
                    self.asked.insert(ticket, Asked::Edit(change.clone()));
                } else {
                    ctx.saved(change.request.clone(), Err(NoResult::Lost));
                }
                Flow::Stop
            }
            AnyCommand::Card(Command::Begin(change)) => {
                self.publish(ctx, change.clone(), &Form::Four.empty(), true);
                Flow::Stop
            }
            _ => Flow::Continue,
        }
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        match (self.asked.remove(&ticket), response) {
            (None, _) | (Some(Asked::Read(_)), Err(NoResult::Lost)) => {}
            (Some(Asked::Read(jid)), response) => {
                match response.ok().flatten().as_ref().and_then(current) {
                    Some(card) => ctx.learned(jid, Fact::Card(Form::Four.read(card))),
                    None => ctx.command(AnyCommand::OldCard(temp::Command::Read { jid })),
                }
            }
            (Some(Asked::Edit(change)), Ok(answer)) => match answer.as_ref().and_then(current) {
                Some(card) => self.publish(ctx, change, card, false),
                None => ask_the_older(ctx, change, false),
            },
            // What may be there and can't be read now must not be overwritten.
            (Some(Asked::Edit(change)), Err(error)) => match temp::is_missing(&error) {
                Some(none_kept) => ask_the_older(ctx, change, none_kept),
                None => ctx.saved(change.request, Err(error)),
            },
            (Some(Asked::Publish(change, card, _)), Ok(_)) => {
                if let Some(account) = ctx.account().cloned() {
                    ctx.learned(account, Fact::Card(Form::Four.read(&card)));
                }
                ctx.saved(change.request, Ok(()));
            }
            (Some(Asked::Publish(change, _, first)), Err(error)) => {
                if first && temp::is_missing(&error) == Some(true) {
                    ask_the_older(ctx, change, true);
                } else {
                    ctx.saved(change.request, Err(error));
                }
            }
        }
    }
}

impl Cards {
    fn publish(&mut self, ctx: &mut Ctx<'_>, change: Change, before: &Element, first: bool) {
        let card = Form::Four.change(before, &change.fields);
        let ticket = ctx.set(None, publish_openly(NODE, "current", card.clone()));
        self.asked
            .insert(ticket, Asked::Publish(change, card, first));
    }
}

/// There is no such card: the older form may have one, or has to, where it is the `last` hope.
fn ask_the_older(ctx: &mut Ctx<'_>, change: Change, last: bool) {
    let save = temp::Command::Save { change, last };
    ctx.command(AnyCommand::OldCard(save));
}

/// The card in what [`private_node::read`] gives.
pub(super) fn current(answer: &Element) -> Option<&Element> {
    let mut items = private_node::items(answer);
    items.find_map(|item| item.children().find(|card| Form::Four.is(card)))
}
