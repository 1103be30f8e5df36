//! What an owner can have otherwise with a room (XEP-0045 10.2), and what a room wants to know of
//! those who would be its members (7.10): forms, both.

use jid::{BareJid, Jid};
use minidom::Element;
use xmpp_parsers::ns;

use super::{Asked, Muc};
use crate::iq::{NoResult, Response};
use crate::module::Ctx;
use crate::store::{Answer, NotSaved, PageAnswer, RoomsAnswer};
use crate::xep0004;
use crate::xml::build;

impl Muc {
    pub(super) fn ask_form(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: String,
        room: BareJid,
        namespace: &str,
    ) {
        if !ctx.core.established {
            return tell(ctx, request, Err(NoResult::Lost));
        }
        let query = build("query", namespace).done();
        let ticket = ctx.get(Some(Jid::from(room)), query);
        self.asked.insert(ticket, Asked::Settings(request));
    }

    /// Has the room be what the form says, of which everybody there is told (status 104), or us
    /// be its member.
    pub(super) fn fill_in(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: String,
        room: BareJid,
        answer: &Answer,
        namespace: &str,
    ) {
        if !ctx.core.established {
            return ctx.saved(request, Err(NoResult::Lost));
        }
        let query = build("query", namespace).child(xep0004::submit(answer));
        let ticket = ctx.set(Some(Jid::from(room)), query.done());
        self.asked.insert(ticket, Asked::Configured(request));
    }
}

/// What the room has told of what can be filled in.
pub(super) fn tell(ctx: &mut Ctx<'_>, request: String, response: Response) {
    let outcome = match response {
        Err(error) => Err(error.into()),
        Ok(query) => {
            let form = query.as_ref().and_then(xep0004::read);
            let known = |query: &Element| query.has_child("registered", ns::REGISTER);
            form.ok_or_else(|| NotSaved::Refused {
                condition: match query.as_ref().is_some_and(known) {
                    true => "conflict",
                    false => "undefined-condition",
                }
                .to_owned(),
                text: None,
            })
        }
    };
    ctx.answer_page(PageAnswer::Rooms(RoomsAnswer::Settings {
        request,
        outcome,
    }));
}
