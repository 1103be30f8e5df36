//! XEP-0191 Blocking Command 1.3: who can't reach us. With it XEP-0377, which tells the
//! server why.

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, IqRequest, Module, Specification};
use crate::modules::xep0377_reports;
use crate::sorted_map::SortedMap;
use crate::stanza::IqKind;
use crate::store::{Block, Blocklist, Report, StoreEvent};
use crate::xml::build;

/// What a person can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Have the server keep somebody, or everybody of a server, away from us.
    Block {
        /// Whom.
        jid: BareJid,
        /// What to tell the server about it.
        report: Option<Report>,
    },
    /// Let them reach us again.
    Unblock {
        /// Whom.
        jid: BareJid,
    },
}

/// More than this are nobody's.
const MOST: usize = 10_000;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Blocking {
    /// Whether the server blocks anybody, and takes reports.
    list: Option<Blocklist>,
    known: SortedMap<BareJid, ()>,
    /// What the server hasn't been told yet.
    unsaved: SortedMap<BareJid, Wanted>,
    /// Whether the server has told us all in this session.
    whole: bool,
    #[serde(skip)]
    asked: SortedMap<Ticket, Asked>,
}

/// What somebody wants with an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Wanted {
    Blocked(Option<Report>),
    Unblocked,
}

#[derive(Debug)]
enum Asked {
    /// What the server can do.
    Features,
    All,
    Change(BareJid),
}

impl Module for Blocking {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0191",
            title: "Blocking Command",
            version: "1.3",
        }
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if resumed && (self.whole || !self.asked.is_empty()) {
            return;
        }
        self.whole = false;
        ctx.changed();
        let Some(account) = ctx.account() else { return };
        let server = BareJid::from_parts(None, account.domain());
        let ticket = ctx.get(Some(server.into()), build("query", ns::DISCO_INFO).done());
        self.asked.insert(ticket, Asked::Features);
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.asked.clear();
    }

    fn on_iq(&mut self, ctx: &mut Ctx<'_>, request: &IqRequest) -> Flow {
        let payload = &request.payload;
        let blocks = payload.is("block", ns::BLOCKING);
        if request.kind != IqKind::Set || !(blocks || payload.is("unblock", ns::BLOCKING)) {
            return Flow::Continue;
        }
        // Anybody can write a push; only our own account's are true (XEP-0191 3.3).
        if !ctx.is_own_account(request.from.as_ref()) {
            ctx.warn("refused a blocklist push that is not from our own account");
            return Flow::Continue;
        }
        let mut touched = addresses(payload);
        if !blocks && payload.children().next().is_none() {
            // XEP-0191 3.5
            touched = self.known.keys().cloned().collect();
        }
        for jid in touched {
            self.learn(ctx, jid, blocks);
        }
        ctx.answer(request, None);
        Flow::Stop
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Blocking(command) = command else {
            return Flow::Continue;
        };
        let (jid, wanted) = match command {
            Command::Block { jid, report } => {
                // They wait for no answer any more.
                ctx.event(StoreEvent::SubscriptionRequestAnswered(jid.clone()));
                (jid, Wanted::Blocked(report.clone()))
            }
            Command::Unblock { jid } => (jid, Wanted::Unblocked),
        };
        self.unsaved.insert(jid.clone(), wanted);
        self.tell(ctx, jid);
        if self.whole && ctx.core.established {
            self.ask(ctx, jid);
        }
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        match (self.asked.remove(&ticket), response) {
            (_, Err(NoResult::Lost)) | (None, _) => {}
            (Some(Asked::Features), response) => self.described(ctx, response),
            (Some(Asked::All), Ok(Some(list))) => self.learn_all(ctx, &list),
            (Some(Asked::All), _) => ctx.warn("the server doesn't say who is blocked"),
            (Some(Asked::Change(jid)), Ok(_)) => self.saved(ctx, jid),
            (Some(Asked::Change(jid)), Err(_)) => self.refused(ctx, jid),
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("blocking")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, _ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        decode(saved).map(|saved| *self = saved).is_some()
    }
}

impl Blocking {
    fn described(&mut self, ctx: &mut Ctx<'_>, response: Response) {
        let info = response.ok().flatten();
        let has = |wanted| {
            let mut features = info.iter().flat_map(Element::children);
            features.any(|feature| {
                feature.is("feature", ns::DISCO_INFO) && feature.attr("var") == Some(wanted)
            })
        };
        let list = has(ns::BLOCKING).then(|| Blocklist {
            takes_reports: has(xep0377_reports::REPORTING),
        });
        if self.list != list {
            self.list = list;
            ctx.event(StoreEvent::Blocklist(list));
        }
        ctx.changed();
        self.whole = list.is_none();
        if !self.whole {
            let ticket = ctx.get(None, build("blocklist", ns::BLOCKING).done());
            self.asked.insert(ticket, Asked::All);
        }
    }

    fn learn_all(&mut self, ctx: &mut Ctx<'_>, list: &Element) {
        self.whole = true;
        ctx.changed();
        let now: Vec<BareJid> = addresses(list);
        let before: Vec<BareJid> = self.known.keys().cloned().collect();
        for jid in before {
            if !now.contains(&jid) {
                self.learn(ctx, jid, false);
            }
        }
        for jid in now {
            self.learn(ctx, jid, true);
        }
        let unsaved: Vec<_> = self.unsaved.keys().cloned().collect();
        for jid in unsaved {
            self.ask(ctx, &jid);
        }
    }

    /// The server has it so.
    fn learn(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, blocked: bool) {
        let known = self.known.contains_key(&jid);
        if blocked == known || blocked && self.known.keys().len() >= MOST {
            return;
        }
        if blocked {
            self.known.insert(jid.clone(), ());
        } else {
            self.known.remove(&jid);
        }
        self.tell(ctx, &jid);
    }

    /// Has what is shown be what is wanted, and otherwise what the server has.
    fn tell(&self, ctx: &mut Ctx<'_>, jid: &BareJid) {
        let block = match (self.unsaved.get(jid), self.known.contains_key(jid)) {
            (Some(Wanted::Unblocked), _) | (None, false) => None,
            (Some(Wanted::Blocked(_)), false) => Some(Block::Wanted),
            (_, true) => Some(Block::Kept),
        };
        self.show(ctx, jid, block);
    }

    fn show(&self, ctx: &mut Ctx<'_>, jid: &BareJid, block: Option<Block>) {
        ctx.changed();
        // What is shown and what is known here go on the disk together.
        ctx.core.durable.due = true;
        ctx.event(StoreEvent::Blocked {
            jid: jid.clone(),
            block,
        });
    }

    fn ask(&mut self, ctx: &mut Ctx<'_>, jid: &BareJid) {
        let (name, report) = match self.unsaved.get(jid) {
            Some(Wanted::Blocked(report)) => ("block", report.as_ref()),
            Some(Wanted::Unblocked) => ("unblock", None),
            None => return,
        };
        let item = build("item", ns::BLOCKING)
            .attr("jid", jid.as_str())
            .children(report.map(|report| xep0377_reports::write(report, ctx.account())));
        let request = build(name, ns::BLOCKING).child(item.done()).done();
        let ticket = ctx.set(None, request);
        self.asked.insert(ticket, Asked::Change(jid.clone()));
    }

    fn is_asked(&self, jid: &BareJid) -> bool {
        let mut asked = self.asked.values();
        asked.any(|asked| matches!(asked, Asked::Change(other) if other == jid))
    }

    fn saved(&mut self, ctx: &mut Ctx<'_>, jid: BareJid) {
        // Of two wishes in a row only the answer to the last one counts.
        if self.is_asked(&jid) {
            return;
        }
        if let Some(wanted) = self.unsaved.remove(&jid) {
            self.learn(ctx, jid.clone(), wanted != Wanted::Unblocked);
            self.tell(ctx, &jid);
        }
    }

    fn refused(&mut self, ctx: &mut Ctx<'_>, jid: BareJid) {
        if self.is_asked(&jid) {
            return;
        }
        match self.unsaved.remove(&jid) {
            Some(Wanted::Blocked(_)) if !self.known.contains_key(&jid) => {
                self.show(ctx, &jid, Some(Block::Refused));
            }
            _ => self.tell(ctx, &jid),
        }
    }
}

/// People and servers: a single resource or an occupant isn't shown as somebody.
fn addresses(list: &Element) -> Vec<BareJid> {
    let items = list.children().filter(|item| item.is("item", ns::BLOCKING));
    items
        .filter_map(|item| item.attr("jid")?.parse::<Jid>().ok())
        .filter_map(|jid| jid.try_into_full().err())
        .take(MOST)
        .collect()
}
