//! XEP-0227 Portable Import/Export Format for XMPP-IM Servers 1.1: everything that the server
//! keeps of our account, for a file. What that looks like is for whoever writes it.

use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::input::Command as AnyCommand;
use crate::iq::{Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::modules::xep0292_vcard4;
use crate::modules::xep0313_archive::Fin;
use crate::private_node;
use crate::store::{Card, ExportPart, Exported, ExportedMessage, PageAnswer};
use crate::vcard::Form;
use crate::xep0059::page;
use crate::xml::{self, build};

/// What a person can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Read all of it. What comes is [`PageAnswer::Export`]s. One that is under way ends.
    Begin {
        /// By which whoever asks knows the answer.
        export: String,
    },
    /// Read no more of it.
    Stop,
}

/// Messages a page.
const PAGE: usize = 100;
/// What a server may send of one.
const LARGEST_PAGE: usize = 250;

#[derive(Debug, Default)]
pub(crate) struct Export {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    export: String,
    asked: Ticket,
    step: Step,
}

/// What is being asked for.
#[derive(Debug)]
enum Step {
    Roster,
    /// The card in its newer form (XEP-0292).
    Card,
    /// The same in the older one (XEP-0054), which not every server makes of the newer one.
    OlderCard {
        /// Whether the newer one says something.
        known: bool,
    },
    Bookmarks,
    Messages {
        query: String,
        page: Vec<ExportedMessage>,
        /// The last one of the pages before.
        after: Option<String>,
    },
}

impl Module for Export {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0227",
            title: "Portable Import/Export Format for XMPP-IM Servers",
            version: "1.1",
        }
    }

    fn on_lost(&mut self, ctx: &mut Ctx<'_>) {
        self.fail(ctx);
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Export(command) = command else {
            return Flow::Continue;
        };
        self.running = None;
        if let Command::Begin { export } = command {
            if ctx.core.established {
                let roster = build("query", ns::ROSTER).done();
                let asked = ctx.get(None, roster);
                self.running = Some(Running {
                    export: export.clone(),
                    asked,
                    step: Step::Roster,
                });
            } else {
                tell(ctx, export.clone(), ExportPart::Failed);
            }
        }
        Flow::Stop
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let Some(result) = message.payload("result", ns::MAM) else {
            return Flow::Continue;
        };
        let Some(Running {
            step: Step::Messages { query, page, .. },
            ..
        }) = &mut self.running
        else {
            return Flow::Continue;
        };
        // Only what our own archive says is true (XEP-0313 4.2).
        let ours = incoming.origin == Origin::Live && ctx.is_own_account(message.from.as_ref());
        if !ours || result.attr("queryid") != Some(query) {
            return Flow::Continue;
        }
        if page.len() < LARGEST_PAGE {
            page.extend(read(result, &ctx.core.config.languages));
        }
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let ours = self.running.take_if(|running| running.asked == ticket);
        let Some(Running { export, step, .. }) = ours else {
            return;
        };
        let (next, request) = match step {
            Step::Messages { page, after, .. } => {
                let Some(fin) = response.ok().flatten().map(|fin| Fin::read(&fin)) else {
                    return tell(ctx, export, ExportPart::Failed);
                };
                let last = fin.last.or_else(|| page.last().map(|last| last.id.clone()));
                let ends = fin.complete || page.is_empty() || last.is_none() || last == after;
                tell(ctx, export.clone(), ExportPart::Messages(page));
                if ends {
                    return tell(ctx, export, ExportPart::Done);
                }
                messages(ctx, last)
            }
            step => {
                // What the server doesn't keep is not in it.
                let element = response.ok().flatten();
                let card = element.as_ref().and_then(|element| card(&step, element));
                let known = card.is_some();
                if let Some(card) = card {
                    tell(ctx, export.clone(), ExportPart::Card(card));
                }
                if let Some(element) = element {
                    let written = xml::write(&element);
                    tell(ctx, export.clone(), ExportPart::Element(written));
                }
                following(ctx, &step, known)
            }
        };
        let asked = match next {
            Step::Messages { .. } => ctx.set(None, request),
            _ => ctx.get(None, request),
        };
        self.running = Some(Running {
            export,
            asked,
            step: next,
        });
    }
}

impl Export {
    fn fail(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(running) = self.running.take() {
            tell(ctx, running.export, ExportPart::Failed);
        }
    }
}

fn tell(ctx: &mut Ctx<'_>, export: String, part: ExportPart) {
    ctx.answer_page(PageAnswer::Export(Exported { export, part }));
}

/// What is asked for after `step`, from which a card may be `known`.
fn following(ctx: &mut Ctx<'_>, step: &Step, known: bool) -> (Step, Element) {
    match step {
        Step::Roster => (Step::Card, private_node::read(xep0292_vcard4::NODE)),
        Step::Card => (Step::OlderCard { known }, Form::Temp.empty()),
        Step::OlderCard { .. } => (Step::Bookmarks, private_node::read(ns::BOOKMARKS2)),
        Step::Bookmarks | Step::Messages { .. } => messages(ctx, None),
    }
}

/// What the answer to `step` says of us, if nothing has so far.
fn card(step: &Step, answer: &Element) -> Option<Card> {
    let card = match step {
        Step::Card => Form::Four.read(xep0292_vcard4::current(answer)?),
        Step::OlderCard { known: false } => Form::Temp.read(answer),
        _ => return None,
    };
    Some(card).filter(|card| card.iter().next().is_some())
}

/// The page behind the one that ends with `after`.
fn messages(ctx: &mut Ctx<'_>, after: Option<String>) -> (Step, Element) {
    let query = ctx.id();
    let request = build("query", ns::MAM)
        .attr("queryid", query.as_str())
        .child(page(PAGE, "after", after.as_deref()));
    let step = Step::Messages {
        query,
        page: Vec::new(),
        after,
    };
    (step, request.done())
}

fn read(result: &Element, languages: &[String]) -> Option<ExportedMessage> {
    let id = result.attr("id")?.to_owned();
    let (message, at) = xml::forwarded(result)?;
    let address = |jid: Option<jid::Jid>| jid.map(|jid| jid.to_string()).unwrap_or_default();
    Some(ExportedMessage {
        id,
        at,
        body: message.body(languages).map(str::to_owned),
        from: address(message.from),
        to: address(message.to),
        xml: xml::write(result),
    })
}
