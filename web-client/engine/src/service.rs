//! Which part of our server does something (XEP-0030), asked when that is wanted.

use jid::{BareJid, Jid};
use minidom::Element;
use xmpp_parsers::ns;

use crate::iq::{NoResult, Response, Ticket};
use crate::module::Ctx;
use crate::sorted_map::SortedMap;
use crate::xml::build;

/// So many of a server's parts are asked what they are.
const MOST_PARTS: usize = 32;

/// The way to who has a feature: our server itself, or a part of it.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    /// Who is being asked what they are; our server, which parts it has (`None`).
    asked: SortedMap<Ticket, Option<Jid>>,
}

/// Where an answer has led.
#[derive(Debug)]
pub(crate) enum Looked {
    /// To nobody yet.
    On,
    /// To this one, who says so of themselves.
    Service(Jid, Element),
    /// To nobody at all.
    Nobody,
}

impl Lookup {
    pub(crate) fn is_under_way(&self) -> bool {
        !self.asked.is_empty()
    }

    pub(crate) fn stop(&mut self) {
        self.asked.clear();
    }

    pub(crate) fn begin(&mut self, ctx: &mut Ctx<'_>) {
        let Some(account) = ctx.account() else { return };
        let server = Jid::from(BareJid::from_parts(None, account.domain()));
        self.begin_at(ctx, server);
    }

    /// The same at another server.
    pub(crate) fn begin_at(&mut self, ctx: &mut Ctx<'_>, server: Jid) {
        let query = build("query", ns::DISCO_ITEMS).done();
        let ticket = ctx.get(Some(server.clone()), query);
        self.asked.insert(ticket, None);
        self.ask_what_it_is(ctx, server);
    }

    /// Takes the answer to a request, if it was made here.
    pub(crate) fn take(
        &mut self,
        ctx: &mut Ctx<'_>,
        ticket: Ticket,
        response: &Response,
        feature: &str,
    ) -> Option<Looked> {
        let who = self.asked.remove(&ticket)?;
        if *response == Err(NoResult::Lost) {
            return Some(Looked::On);
        }
        let answer = response.as_ref().ok().and_then(Option::as_ref);
        match (who, answer) {
            (None, Some(items)) => self.parts(ctx, items),
            (Some(who), Some(info)) if has(info, feature) => {
                // The others don't matter any more.
                self.stop();
                return Some(Looked::Service(who, info.clone()));
            }
            _ => {}
        }
        Some(match self.is_under_way() {
            true => Looked::On,
            false => Looked::Nobody,
        })
    }

    /// Those that the server names may have it, or may not.
    fn parts(&mut self, ctx: &mut Ctx<'_>, items: &Element) {
        let parts = items
            .children()
            .filter(|item| item.is("item", ns::DISCO_ITEMS) && item.attr("node").is_none())
            .filter_map(|item| item.attr("jid")?.parse().ok());
        for part in parts.take(MOST_PARTS) {
            self.ask_what_it_is(ctx, part);
        }
    }

    fn ask_what_it_is(&mut self, ctx: &mut Ctx<'_>, jid: Jid) {
        let query = build("query", ns::DISCO_INFO).done();
        let ticket = ctx.get(Some(jid.clone()), query);
        self.asked.insert(ticket, Some(jid));
    }
}

pub(crate) fn has(info: &Element, feature: &str) -> bool {
    let mut features = info.children();
    features.any(|child| child.is("feature", ns::DISCO_INFO) && child.attr("var") == Some(feature))
}
