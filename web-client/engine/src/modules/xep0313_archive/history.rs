//! Pages of a conversation's past, as somebody scrolls back or goes to a date.

use jid::BareJid;
use xmpp_parsers::ns;

use super::query::{Fin, no_archive};
use crate::iq::NoResult;
use crate::module::{Ctx, Incoming, Origin};
use crate::now::Timestamp;
use crate::store::{MessageId, Older, Original, PageAnswer, StoreEvent};
use crate::xml;

/// A page of history, newest first.
fn show(ctx: &mut Ctx<'_>, page: Vec<(String, Incoming)>) {
    for (_, incoming) in page.into_iter().rev() {
        ctx.redispatch(incoming);
    }
}

pub(super) fn loading(
    ctx: &mut Ctx<'_>,
    conversation: &BareJid,
    before: &Option<String>,
    older: Older,
) {
    ctx.event(StoreEvent::Older {
        conversation: conversation.clone(),
        before: before.clone(),
        older,
        next: None,
    });
}

/// A page before `before` is here, down to `until` at most.
pub(super) fn older(
    ctx: &mut Ctx<'_>,
    conversation: BareJid,
    before: Option<String>,
    until: Option<String>,
    mut page: Vec<(String, Incoming)>,
    fin: Result<Fin, NoResult>,
) {
    let reached = until
        .as_ref()
        .and_then(|until| page.iter().position(|(id, _)| id == until));
    if let Some(reached) = reached {
        page.drain(..=reached);
    }
    let (older, next) = match fin {
        Ok(_) if reached.is_some() => (Older::Complete, None),
        Ok(fin) if !fin.complete && fin.first.is_some() => (Older::More, fin.first),
        Ok(_) => (Older::Complete, None),
        // No archive, so there is nothing older in it either; but what is known to be missing is.
        Err(NoResult::Error(error)) if until.is_none() && no_archive(&error.condition) => {
            (Older::Complete, None)
        }
        Err(_) => (Older::Failed, None),
    };
    // From here on it is the page. What came of one that broke off comes again.
    loading(ctx, &conversation, &before, Older::Loading);
    if older != Older::Failed {
        show(ctx, page);
    }
    ctx.event_last(StoreEvent::Older {
        conversation,
        before,
        older,
        next,
    });
}

/// A page from some time on is here.
pub(super) fn around(
    ctx: &mut Ctx<'_>,
    conversation: BareJid,
    page: Vec<(String, Incoming)>,
    fin: Result<Fin, NoResult>,
) {
    let Ok(fin) = fin else {
        ctx.warn("the archive doesn't tell what was said then");
        return answered(ctx, conversation);
    };
    let end = |result: &(String, Incoming)| Some((result.0.clone(), time(result)?));
    let ends = (page.first().and_then(end), page.last().and_then(end));
    if let (Some(first), Some(last)) = ends {
        ctx.event(StoreEvent::Island {
            conversation: conversation.clone(),
            first,
            last,
            newest: fin.complete,
        });
    }
    show(ctx, page);
    answered(ctx, conversation);
}

pub(super) fn answered(ctx: &mut Ctx<'_>, conversation: BareJid) {
    ctx.event_last(StoreEvent::Answered { conversation });
}

/// What has come of looking for one message.
pub(super) fn original(ctx: &mut Ctx<'_>, id: MessageId, found: Option<&Incoming>) {
    let stanza = found.map(|incoming| xml::write(&incoming.message.clone().into()));
    ctx.answer_page(PageAnswer::Original(Original { id, stanza }));
}

/// The newest message of a page that is among those `known`, and what the archive calls it.
pub(super) fn find<'a>(
    page: &'a [(String, Incoming)],
    known: &[String],
) -> Option<&'a (String, Incoming)> {
    let is_known = |id: Option<&str>| known.iter().any(|known| Some(known.as_str()) == id);
    let mut newest_first = page.iter().rev();
    newest_first.find(|(id, incoming)| {
        let message = &incoming.message;
        let origin = message.payload("origin-id", ns::SID);
        let origin = origin.and_then(|origin| origin.attr("id"));
        is_known(Some(id)) || is_known(message.id.as_deref()) || is_known(origin)
    })
}

/// When [`find`]'s message was sent, and what the archive calls it.
pub(super) fn found(page: &[(String, Incoming)], known: &[String]) -> Option<(Timestamp, String)> {
    let found = find(page, known)?;
    Some((time(found)?, found.0.clone()))
}

fn time((_, incoming): &(String, Incoming)) -> Option<Timestamp> {
    match incoming.origin {
        Origin::Archive { at, .. } => Some(at),
        _ => None,
    }
}
