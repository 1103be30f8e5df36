//! XEP-0012 Last Activity 2.0: when somebody was last there.

use std::time::Duration;

use jid::{BareJid, Jid};

use crate::input::Command as AnyCommand;
use crate::iq::{Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::now::Timestamp;
use crate::sorted_map::SortedMap;
use crate::store::Fact;
use crate::xml::build;

const LAST: &str = "jabber:iq:last";

#[derive(Debug, Default)]
pub(crate) struct LastActivity {
    asked: SortedMap<Ticket, BareJid>,
}

impl Module for LastActivity {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0012",
            title: "Last Activity",
            version: "2.0",
        }
    }

    fn on_lost(&mut self, _ctx: &mut Ctx<'_>) {
        self.asked.clear();
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Look { jid, devices } = command else {
            return Flow::Continue;
        };
        // Their server tells only those who see their presence (XEP-0012 4).
        let subscription = ctx.core.subscriptions.get(jid);
        let may_know = subscription.is_some_and(|subscription| subscription.to());
        if devices.is_empty() && may_know && ctx.core.established {
            let query = build("query", LAST).done();
            let ticket = ctx.get(Some(Jid::from(jid.clone())), query);
            self.asked.insert(ticket, jid.clone());
        }
        Flow::Continue
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let (Some(jid), Ok(answer)) = (self.asked.remove(&ticket), response) else {
            return;
        };
        let answer = answer.filter(|answer| answer.is("query", LAST));
        let seconds = answer.and_then(|answer| answer.attr("seconds")?.parse::<u32>().ok());
        if let Some(seconds) = seconds {
            let ago = Duration::from_secs(seconds.into());
            let Timestamp(now) = ctx.now().wall;
            let at = now.saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX));
            ctx.learned(jid, Fact::LastActive(Timestamp(at)));
        }
    }
}
