//! RFC 6121 2: the roster.

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, IqRequest, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::stanza::{self, IqKind, PresenceType};
use crate::store::{Contact, StoreEvent, Subscription};
use crate::xml::{Builder, build};

/// What a person can do with the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Add somebody and ask to see their presence.
    Add {
        /// Whom.
        jid: BareJid,
        /// The name to give them.
        name: Option<String>,
    },
    /// Give somebody another name, or none, and put them into other groups.
    Edit {
        /// Whom.
        jid: BareJid,
        /// The name.
        name: Option<String>,
        /// The groups (RFC 6121 2.1.2.2), all of them.
        groups: Vec<String>,
    },
    /// Remove somebody: neither sees the other's presence any more.
    Remove {
        /// Whom.
        jid: BareJid,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Roster {
    fetch: Option<Ticket>,
    /// Whether the server has told us the whole of it in this session.
    whole: bool,
    /// What the server last told us of each entry, to change one thing and keep the rest.
    contacts: SortedMap<BareJid, Contact>,
}

impl Module for Roster {
    fn specification(&self) -> Specification {
        Specification {
            number: "RFC 6121",
            title: "Instant Messaging and Presence",
            version: "",
        }
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if !resumed {
            self.whole = false;
        } else if self.whole || self.fetch.is_some() {
            return;
        }
        self.fetch = Some(ctx.get(None, query(None)));
        ctx.changed();
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        if self.fetch != Some(ticket) {
            if let Err(NoResult::Error(error)) = response {
                ctx.warn(format!("the roster was not changed: {}", error.condition));
            }
            return;
        }
        self.fetch = None;
        let Ok(Some(roster)) = response else {
            return ctx.warn("the server gives us no roster");
        };
        self.whole = true;
        ctx.changed();
        self.contacts = roster
            .children()
            .filter_map(contact)
            .map(|contact| (contact.jid.clone(), contact))
            .collect();
        self.tell_subscriptions(ctx);
        ctx.event(StoreEvent::Roster(
            self.contacts.values().cloned().collect(),
        ));
    }

    fn on_iq(&mut self, ctx: &mut Ctx<'_>, request: &IqRequest) -> Flow {
        if request.kind != IqKind::Set || !request.payload.is("query", ns::ROSTER) {
            return Flow::Continue;
        }
        // Anybody can write a push; only our own account's are true (RFC 6121 2.1.6).
        if !ctx.is_own_account(request.from.as_ref()) {
            ctx.warn("refused a roster push that is not from our own account");
            return Flow::Continue;
        }
        for item in request.payload.children() {
            self.push(ctx, item);
        }
        ctx.answer(request, None);
        Flow::Stop
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Roster(command) = command else {
            return Flow::Continue;
        };
        match command {
            Command::Add { jid, name } => {
                let known = self.contacts.get(jid);
                let groups = known.map(|contact| contact.groups.clone());
                change(ctx, jid, name.clone(), &groups.unwrap_or_default());
                let to = Some(Jid::from(jid.clone()));
                ctx.send_presence(stanza::Presence::new(PresenceType::Subscribe, to));
            }
            Command::Edit { jid, name, groups } => change(ctx, jid, name.clone(), groups),
            Command::Remove { jid } => {
                let item = item(jid).attr("subscription", "remove");
                ctx.set(None, query(Some(item.done())));
            }
        }
        Flow::Stop
    }

    fn part(&self) -> Option<&'static str> {
        Some("roster")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(&(self.whole, &self.contacts)))
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        let Some((whole, contacts)) = decode(saved) else {
            return false;
        };
        self.whole = whole;
        self.contacts = contacts;
        self.tell_subscriptions(ctx);
        true
    }
}

impl Roster {
    fn tell_subscriptions(&self, ctx: &mut Ctx<'_>) {
        ctx.core.subscriptions = self
            .contacts
            .values()
            .map(|contact| (contact.jid.clone(), contact.subscription))
            .collect();
    }

    fn push(&mut self, ctx: &mut Ctx<'_>, item: &Element) {
        let Some(contact) = contact(item) else {
            return ctx.warn("skipped a roster item without an address");
        };
        ctx.changed();
        if item.attr("subscription") == Some("remove") {
            self.contacts.remove(&contact.jid);
            ctx.core.subscriptions.remove(&contact.jid);
            return ctx.event(StoreEvent::ContactRemoved(contact.jid));
        }
        ctx.core
            .subscriptions
            .insert(contact.jid.clone(), contact.subscription);
        self.contacts.insert(contact.jid.clone(), contact.clone());
        ctx.event(StoreEvent::Contact(contact));
    }
}

/// Sets name and groups; subscriptions are the server's to keep (RFC 6121 2.1.2).
fn change(ctx: &mut Ctx<'_>, jid: &BareJid, name: Option<String>, groups: &[String]) {
    let group = |name: &String| build("group", ns::ROSTER).text(name.as_str()).done();
    let item = item(jid)
        .attr("name", name.filter(|name| !name.trim().is_empty()))
        .children(groups.iter().map(group));
    ctx.set(None, query(Some(item.done())));
}

fn query(item: Option<Element>) -> Element {
    build("query", ns::ROSTER).children(item).done()
}

fn item(jid: &BareJid) -> Builder {
    build("item", ns::ROSTER).attr("jid", jid.as_str())
}

fn contact(item: &Element) -> Option<Contact> {
    let groups = item
        .children()
        .filter(|child| child.is("group", ns::ROSTER));
    Some(Contact {
        jid: item.attr("jid")?.parse().ok()?,
        name: item
            .attr("name")
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        // None is called nothing (RFC 6121 2.1.2.2).
        groups: groups
            .map(Element::text)
            .filter(|name| !name.is_empty())
            .collect(),
        subscription: match item.attr("subscription") {
            Some("to") => Subscription::To,
            Some("from") => Subscription::From,
            Some("both") => Subscription::Both,
            _ => Subscription::None,
        },
        asked: item.attr("ask") == Some("subscribe"),
    })
}
