//! What an owner can have otherwise with a room (XEP-0045 10.2).

use jid::{BareJid, Jid};

use super::{Asked, MUC_OWNER, Muc};
use crate::iq::{NoResult, Response};
use crate::module::Ctx;
use crate::store::{Answer, NotSaved, PageAnswer, RoomsAnswer};
use crate::xep0004;
use crate::xml::build;

impl Muc {
    pub(super) fn ask_settings(&mut self, ctx: &mut Ctx<'_>, request: String, room: BareJid) {
        if !ctx.core.established {
            return tell(ctx, request, Err(NoResult::Lost));
        }
        let query = build("query", MUC_OWNER).done();
        let ticket = ctx.get(Some(Jid::from(room)), query);
        self.asked.insert(ticket, Asked::Settings(request));
    }

    /// Has the room be what the form says. Everybody there is told (status 104).
    pub(super) fn configure(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: String,
        room: BareJid,
        answer: &Answer,
    ) {
        if !ctx.core.established {
            return ctx.saved(request, Err(NoResult::Lost));
        }
        let query = build("query", MUC_OWNER).child(xep0004::submit(answer));
        let ticket = ctx.set(Some(Jid::from(room)), query.done());
        self.asked.insert(ticket, Asked::Configured(request));
    }
}

/// What the room has told of what can be otherwise.
pub(super) fn tell(ctx: &mut Ctx<'_>, request: String, response: Response) {
    let outcome = match response {
        Err(error) => Err(error.into()),
        Ok(query) => {
            let form = query.as_ref().and_then(xep0004::read);
            form.ok_or_else(|| NotSaved::Refused {
                condition: "undefined-condition".to_owned(),
                text: None,
            })
        }
    };
    ctx.answer_page(PageAnswer::Rooms(RoomsAnswer::Settings {
        request,
        outcome,
    }));
}
