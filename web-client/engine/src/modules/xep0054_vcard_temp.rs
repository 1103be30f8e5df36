//! XEP-0054 vcard-temp 1.3.0: cards in the older form, where the newer one has none (XEP-0292).

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};

use super::xep0292_vcard4::{Change, Command as Newer};
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::store::{Card, Fact};
use crate::vcard::Form;

/// What the engine itself asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Show somebody's card.
    Read {
        /// Whose.
        jid: BareJid,
    },
    /// Change ours.
    Save {
        /// How.
        change: Change,
        /// Whether one is to be written in this form even if there is none.
        last: bool,
    },
}

#[derive(Debug, Default)]
pub(crate) struct OldCards {
    asked: SortedMap<Ticket, Asked>,
}

#[derive(Debug)]
enum Asked {
    Read(BareJid),
    Edit(Change, bool),
    /// To keep this one.
    Set(Change, Element),
}

impl Module for OldCards {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0054",
            title: "vcard-temp",
            version: "1.3.0",
        }
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.asked.clear();
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::OldCard(command) = command else {
            return Flow::Continue;
        };
        let (to, asked) = match command {
            Command::Read { jid } => (Some(Jid::from(jid.clone())), Asked::Read(jid.clone())),
            Command::Save { change, last } => (None, Asked::Edit(change.clone(), *last)),
        };
        let ticket = ctx.get(to, Form::Temp.empty());
        self.asked.insert(ticket, asked);
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        match (self.asked.remove(&ticket), response) {
            (None, _) => {}
            (Some(Asked::Read(jid)), Ok(card)) => {
                let card = card.filter(|card| Form::Temp.is(card));
                let card = card.map(|card| Form::Temp.read(&card));
                ctx.learned(jid, Fact::Card(card.unwrap_or_default()));
            }
            (Some(Asked::Read(jid)), Err(error)) => {
                if is_missing(&error).is_some() {
                    ctx.learned(jid, Fact::Card(Card::default()));
                }
            }
            (Some(Asked::Edit(change, last)), Ok(card)) => {
                let card = card.filter(|card| Form::Temp.is(card));
                let written = card.as_ref().is_some_and(is_written);
                if written || last {
                    let empty = || Form::Temp.empty();
                    self.set(ctx, change, &card.unwrap_or_else(empty));
                } else {
                    ctx.command(AnyCommand::Card(Newer::Begin(change)));
                }
            }
            (Some(Asked::Edit(change, last)), Err(error)) => match (is_missing(&error), last) {
                (Some(_), false) => ctx.command(AnyCommand::Card(Newer::Begin(change))),
                (Some(false), true) => self.set(ctx, change, &Form::Temp.empty()),
                _ => ctx.saved(change.request, Err(error)),
            },
            (Some(Asked::Set(change, card)), Ok(_)) => {
                if let Some(account) = ctx.account().cloned() {
                    ctx.learned(account, Fact::Card(Form::Temp.read(&card)));
                }
                ctx.saved(change.request, Ok(()));
            }
            (Some(Asked::Set(change, _)), Err(error)) => ctx.saved(change.request, Err(error)),
        }
    }
}

impl OldCards {
    fn set(&mut self, ctx: &mut Ctx<'_>, change: Change, before: &Element) {
        let card = Form::Temp.change(before, &change.fields);
        let ticket = ctx.set(None, card.clone());
        self.asked.insert(ticket, Asked::Set(change, card));
    }
}

/// Whether somebody has written on it: a server makes one of picture and nickname too.
fn is_written(card: &Element) -> bool {
    let mut fields = card.children();
    fields.any(|field| !matches!(field.name(), "PHOTO" | "NICKNAME"))
}

/// Whether an error says for sure that there is no card; and then, whether the server has no
/// place for one either.
pub(super) fn is_missing(error: &NoResult) -> Option<bool> {
    let NoResult::Error(error) = error else {
        return None;
    };
    match error.condition.as_str() {
        "item-not-found" => Some(false),
        "feature-not-implemented" | "service-unavailable" => Some(true),
        _ => None,
    }
}
