//! XEP-0172 User Nickname 1.1: what people call themselves.

use jid::BareJid;
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::foreign::one_line;
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::private_node::publish_openly;
use crate::stanza::{self, PresenceType};
use crate::store::Fact;
use crate::xml::build;

/// The longest name that is shown, in characters.
const LONGEST: usize = 64;

/// What a person can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Go by this name, or by none. What becomes of it is a
    /// [`Fact::Saved`](crate::store::Fact).
    Set {
        /// By which whoever asks knows the answer.
        request: String,
        /// The name.
        nickname: Option<String>,
    },
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Nicknames {
    /// Our own.
    own: Option<String>,
    #[serde(skip)]
    publishing: Option<(Ticket, String, Option<String>)>,
}

impl Module for Nicknames {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0172",
            title: "User Nickname",
            version: "1.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &["http://jabber.org/protocol/nick+notify"]
    }

    fn on_pep(&mut self, ctx: &mut Ctx<'_>, from: &BareJid, node: &str, items: &[Element]) {
        // A stranger goes by their address.
        if node != ns::NICK || !ctx.knows(from) {
            return;
        }
        let Some(item) = items.first() else { return };
        let nickname = item.get_child("nick", ns::NICK).map(Element::text);
        let nickname = nickname.and_then(|nickname| one_line(&nickname, LONGEST));
        self.learn(ctx, from, nickname);
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Nickname(Command::Set { request, nickname }) = command else {
            return Flow::Continue;
        };
        if !ctx.core.established {
            ctx.saved(request.clone(), Err(NoResult::Lost));
            return Flow::Stop;
        }
        let nickname = nickname
            .as_deref()
            .and_then(|nickname| one_line(nickname, LONGEST));
        let nick = build("nick", ns::NICK).text(nickname.clone().unwrap_or_default());
        let ticket = ctx.set(None, publish_openly(ns::NICK, "current", nick.done()));
        self.publishing = Some((ticket, request.clone(), nickname));
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let ours = self.publishing.take_if(|(awaited, ..)| *awaited == ticket);
        let Some((_, request, nickname)) = ours else {
            return;
        };
        if let (Ok(_), Some(account)) = (&response, ctx.account().cloned()) {
            self.learn(ctx, &account, nickname);
        }
        ctx.saved(request, response.map(drop));
    }

    /// Whoever is asked is told who asks (XEP-0172 4.2).
    fn on_outgoing_presence(&mut self, _ctx: &mut Ctx<'_>, presence: &mut stanza::Presence) {
        if let (PresenceType::Subscribe, Some(own)) = (&presence.kind, &self.own) {
            let nick = build("nick", ns::NICK).text(own.as_str());
            presence.payloads.push(nick.done());
        }
    }

    fn part(&self) -> Option<&'static str> {
        Some("nickname")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, _ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        decode(saved).map(|saved| *self = saved).is_some()
    }
}

impl Nicknames {
    fn learn(&mut self, ctx: &mut Ctx<'_>, jid: &BareJid, nickname: Option<String>) {
        if ctx.account() == Some(jid) {
            self.own.clone_from(&nickname);
            ctx.changed();
        }
        ctx.learned(jid.clone(), Fact::Nickname(nickname));
    }
}
