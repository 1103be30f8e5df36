//! XEP-0363 HTTP File Upload 1.1.0: a place on the server for a file.
//!
//! The file itself never comes here: whoever has it asks for a place, is told where that is
//! ([`PageAnswer::Upload`]), and puts it there.

use jid::Jid;
use minidom::Element;
use serde::{Deserialize, Serialize};

use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::service::{Looked, Lookup};
use crate::sorted_map::SortedMap;
use crate::stanza::StanzaError;
use crate::store::{PageAnswer, Refusal, Slot, UploadAnswer, is_address, is_private};
use crate::xml::{build, child_text};
use crate::{xep0004, xep0082};

const UPLOAD: &str = "urn:xmpp:http:upload:0";

/// The headers that may go with a file (XEP-0363 5).
const HEADERS: [&str; 3] = ["Authorization", "Cookie", "Expires"];
/// The longest value of one, in bytes.
const LONGEST_HEADER: usize = 8_192;

/// What whoever has a file can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A place for it, as soon as there is a connection. Asking again takes the place of
    /// having asked. The answer is a [`PageAnswer::Upload`].
    Request(Request),
}

/// For what a place is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// By which whoever asks knows the answer.
    pub upload: String,
    /// What the file is called.
    pub name: String,
    /// How large it is, in bytes.
    pub size: u64,
    /// What it is; empty if that isn't known.
    pub media_type: String,
}

#[derive(Debug, Default)]
pub(crate) struct Upload {
    service: Option<Service>,
    lookup: Lookup,
    /// What waits for the service, or for a session.
    waiting: Vec<Request>,
    asked: SortedMap<Ticket, Request>,
}

/// Who takes files.
#[derive(Debug)]
struct Service {
    jid: Jid,
    /// The largest it takes, in bytes, if it says so.
    limit: Option<u64>,
}

impl Module for Upload {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0363",
            title: "HTTP File Upload",
            version: "1.1.0",
        }
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if !resumed {
            // Another session may be with a server that has changed.
            self.service = None;
            self.lookup.stop();
        }
        self.go_on(ctx);
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Upload(Command::Request(request)) = command else {
            return Flow::Continue;
        };
        self.waiting.retain(|known| known.upload != request.upload);
        self.asked.retain(|_, known| known.upload != request.upload);
        self.waiting.push(request.clone());
        self.go_on(ctx);
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        if let Some(looked) = self.lookup.take(ctx, ticket, &response, UPLOAD) {
            return self.looked(ctx, looked);
        }
        // Nobody waits for it any more if it has been asked for again.
        let Some(request) = self.asked.remove(&ticket) else {
            return;
        };
        let outcome = match response {
            Err(NoResult::Lost) => return self.waiting.push(request),
            Err(NoResult::Timeout) => Err(other("remote-server-timeout")),
            Err(NoResult::Error(error)) => Err(refusal(error)),
            Ok(slot) => slot
                .as_ref()
                .and_then(place)
                .ok_or_else(|| other("undefined-condition")),
        };
        answer(ctx, request, outcome);
    }
}

impl Upload {
    /// Asks for what waits, or first of all who takes files.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) {
        if !ctx.core.established || self.waiting.is_empty() || self.lookup.is_under_way() {
            return;
        }
        let Some(service) = &self.service else {
            return self.lookup.begin(ctx);
        };
        for request in std::mem::take(&mut self.waiting) {
            if service.limit.is_some_and(|limit| request.size > limit) {
                answer(ctx, request, Err(Refusal::TooLarge(service.limit)));
                continue;
            }
            let ticket = ctx.get(Some(service.jid.clone()), asking(&request));
            self.asked.insert(ticket, request);
        }
    }

    /// The server or a part of it takes files (XEP-0363 4).
    fn looked(&mut self, ctx: &mut Ctx<'_>, looked: Looked) {
        match looked {
            Looked::On => return,
            Looked::Service(jid, info) => {
                let limit = limit(&info);
                self.service = Some(Service { jid, limit });
            }
            Looked::Nobody => {
                for request in std::mem::take(&mut self.waiting) {
                    answer(ctx, request, Err(Refusal::NoService));
                }
            }
        }
        self.go_on(ctx);
    }
}

fn answer(ctx: &mut Ctx<'_>, request: Request, outcome: Result<Slot, Refusal>) {
    ctx.answer_page(PageAnswer::Upload(UploadAnswer {
        upload: request.upload,
        outcome,
    }));
}

/// XEP-0363 5.
fn asking(request: &Request) -> Element {
    let media_type = Some(request.media_type.as_str()).filter(|known| !known.is_empty());
    build("request", UPLOAD)
        .attr("filename", request.name.as_str())
        .attr("size", request.size.to_string())
        .attr("content-type", media_type)
        .done()
}

/// Only where nobody can read along, and with nothing but what may go with it.
fn place(slot: &Element) -> Option<Slot> {
    let url = |name| slot.get_child(name, UPLOAD)?.attr("url");
    let (put, get) = (url("put")?, url("get")?);
    let headers = slot.get_child("put", UPLOAD)?.children().filter_map(header);
    (is_private(put) && is_address(get)).then(|| Slot {
        put: put.to_owned(),
        get: get.to_owned(),
        headers: headers.take(HEADERS.len()).collect(),
    })
}

fn header(header: &Element) -> Option<(String, String)> {
    let name = header
        .attr("name")
        .filter(|_| header.is("header", UPLOAD))?;
    let name = name.replace(['\r', '\n'], "");
    let name = HEADERS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(&name))?;
    let value = header.text().replace(['\r', '\n'], "");
    (value.len() <= LONGEST_HEADER).then(|| ((*name).to_owned(), value.trim().to_owned()))
}

/// The largest file that the service takes, in bytes.
fn limit(info: &Element) -> Option<u64> {
    let form = xep0004::extension(info, UPLOAD)?;
    xep0004::value(form, "max-file-size")?.parse().ok()
}

/// XEP-0363 6.
fn refusal(error: StanzaError) -> Refusal {
    let reason = error.application.as_deref();
    let reason = reason.filter(|reason| reason.ns() == UPLOAD);
    match reason.map(Element::name) {
        Some("file-too-large") => {
            let limit = reason.and_then(|reason| child_text(reason, "max-file-size"));
            Refusal::TooLarge(limit.and_then(|limit| limit.parse().ok()))
        }
        Some("retry") => {
            let stamp = reason.and_then(|reason| reason.attr("stamp"));
            Refusal::Wait(stamp.and_then(xep0082::read))
        }
        _ if error.condition == "resource-constraint" => Refusal::Wait(None),
        _ => Refusal::Other {
            condition: error.condition,
            text: error.text,
        },
    }
}

fn other(condition: &str) -> Refusal {
    Refusal::Other {
        condition: condition.to_owned(),
        text: None,
    }
}
