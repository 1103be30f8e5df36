//! XEP-0077 In-Band Registration 2.4: another password for our account, and no account at all.

use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::session;
use crate::xml::build;

/// What stands where the new password has to be. The engine never has a password: whoever
/// puts the frame on the wire puts it in (see [`fill`]).
const PLACE: &str = "<password>couplet:new-password</password>";
const IN_PLACE: &str = "couplet:new-password";

/// What a person can ask for. What becomes of it is a [`Fact::Saved`](crate::store::Fact).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Have the server know the password that the holder of the secrets has been given.
    ChangePassword {
        /// By which whoever asks knows the answer.
        request: String,
    },
    /// Have the server remove the account and all that it keeps of it.
    Delete {
        /// By which whoever asks knows the answer.
        request: String,
    },
}

/// What to send in place of `frame`, if it is the one that changes the password: it with the
/// new one in it. No message, and nothing else that anybody has written, gets near it.
///
/// Without one, as in a page that sends again what an earlier one has sent (XEP-0198 5), it is a
/// request of as many stanzas that changes nothing, and that any server refuses (RFC 6120 8.4).
pub fn fill(frame: &str, password: Option<&str>) -> Option<String> {
    let asks = frame.starts_with("<iq ") && frame.contains(ns::REGISTER);
    let (before, behind) = frame.split_once(PLACE).filter(|_| asks)?;
    let mut whole = String::with_capacity(frame.len());
    if let Some(password) = password {
        whole.push_str(before);
        whole.push_str("<password>");
        couplet_shared::escape::push_text(password, &mut whole);
        whole.push_str("</password>");
        whole.push_str(behind);
    } else {
        let (head, _) = before.split_once("<query")?;
        whole.push_str(&head.replacen("'set'", "'get'", 1));
        whole.push_str("<query xmlns='urn:couplet:nothing'/></iq>");
    }
    Some(whole)
}

#[derive(Debug, Default)]
pub(crate) struct Account {
    /// With what it was asked for, and whether it is the end of the account.
    asked: Option<(Ticket, String, bool)>,
}

impl Module for Account {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0077",
            title: "In-Band Registration",
            version: "2.4",
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Account(command) = command else {
            return Flow::Continue;
        };
        let (Command::ChangePassword { request } | Command::Delete { request }) = command;
        let query = match command {
            Command::ChangePassword { .. } => ctx.account().and_then(changing),
            Command::Delete { .. } => Some(removing()),
        };
        match query {
            Some(query) if ctx.core.established => {
                let ticket = ctx.set(None, query);
                let deletes = matches!(command, Command::Delete { .. });
                self.asked = Some((ticket, request.clone(), deletes));
            }
            _ => ctx.saved(request.clone(), Err(NoResult::Lost)),
        }
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let ours = self.asked.take_if(|(asked, ..)| *asked == ticket);
        let Some((_, request, deletes)) = ours else {
            return;
        };
        let gone = deletes && response.is_ok();
        ctx.saved(request, response.map(drop));
        if gone {
            ctx.command(AnyCommand::Session(session::Command::AccountDeleted));
        }
    }
}

/// XEP-0077 3.3. Who has no name has no password.
fn changing(account: &jid::BareJid) -> Option<Element> {
    let username = build("username", ns::REGISTER).text(account.node()?.as_str());
    let password = build("password", ns::REGISTER).text(IN_PLACE);
    let query = build("query", ns::REGISTER)
        .child(username.done())
        .child(password.done());
    Some(query.done())
}

/// XEP-0077 3.2.
fn removing() -> Element {
    let remove = build("remove", ns::REGISTER).done();
    build("query", ns::REGISTER).child(remove).done()
}
