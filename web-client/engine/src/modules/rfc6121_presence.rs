//! RFC 6121 3 and 4: who is available, and who may know.

use jid::{BareJid, FullJid, Jid};
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::codec::{decode, encode};
use crate::foreign::{lines, one_line};
use crate::input::Command as AnyCommand;
use crate::module::{Ctx, Flow, Module, Specification};
use crate::sorted_map::SortedMap;
use crate::stanza::{self, PresenceType};
use crate::store::{Availability, ResourcePresence, StoreEvent, SubscriptionRequest};

/// The longest name that somebody has who asks to see our presence, in characters.
const LONGEST_NICK: usize = 64;
/// More than this of what they say with it, or with their own, nobody reads.
const LONGEST_STATUS: usize = 500;

/// What a person can do about presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Tell others how available we are.
    Set {
        /// How.
        availability: Availability,
        /// In what words.
        status: Option<String>,
    },
    /// Let somebody see our presence, and ask to see theirs.
    Accept {
        /// Whom.
        jid: BareJid,
    },
    /// Don't.
    Deny {
        /// Whom.
        jid: BareJid,
    },
    /// Have somebody see our presence no longer (RFC 6121 3.2).
    Revoke {
        /// Whom.
        jid: BareJid,
    },
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Presences {
    own: ResourcePresence,
    /// Whom we have asked to see their presence, and who hasn't asked to see ours since.
    asked: SortedMap<BareJid, ()>,
}

impl Module for Presences {
    fn specification(&self) -> Specification {
        Specification {
            number: "RFC 6121",
            title: "Instant Messaging and Presence",
            version: "",
        }
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if !resumed {
            ctx.event(StoreEvent::PresencesLost);
            self.announce(ctx);
        }
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        match command {
            AnyCommand::Presence(Command::Set {
                availability,
                status,
            }) => {
                self.own.availability = *availability;
                self.own.status = status
                    .as_deref()
                    .map(str::trim)
                    .filter(|text| !text.is_empty())
                    .map(Into::into);
                ctx.changed();
                self.announce(ctx);
            }
            AnyCommand::Presence(Command::Accept { jid }) => self.accept(ctx, jid),
            AnyCommand::Presence(Command::Deny { jid }) => {
                send(ctx, PresenceType::Unsubscribed, jid);
                ctx.event(StoreEvent::SubscriptionRequestAnswered(jid.clone()));
            }
            AnyCommand::Presence(Command::Revoke { jid }) => {
                send(ctx, PresenceType::Unsubscribed, jid);
                self.forget(ctx, jid);
            }
            _ => return Flow::Continue,
        }
        Flow::Stop
    }

    fn on_outgoing_presence(&mut self, ctx: &mut Ctx<'_>, presence: &mut stanza::Presence) {
        if let (PresenceType::Subscribe, Some(to)) = (&presence.kind, &presence.to) {
            self.asked.insert(to.to_bare(), ());
            ctx.changed();
        }
    }

    fn on_presence(&mut self, ctx: &mut Ctx<'_>, presence: &stanza::Presence) -> Flow {
        let Some(from) = &presence.from else {
            return Flow::Continue;
        };
        match presence.kind {
            PresenceType::Available => {
                if let Ok(jid) = FullJid::try_from(from.clone()) {
                    see(ctx, &jid);
                    let presence = Some(resource(presence));
                    ctx.event(StoreEvent::Presence { jid, presence });
                }
            }
            PresenceType::Unavailable => {
                if let Ok(jid) = FullJid::try_from(from.clone()) {
                    see(ctx, &jid);
                    ctx.event(StoreEvent::Presence {
                        jid,
                        presence: None,
                    });
                }
            }
            PresenceType::Subscribe => self.asked_by(ctx, from.to_bare(), presence),
            PresenceType::Unsubscribe => {
                ctx.event(StoreEvent::SubscriptionRequestAnswered(from.to_bare()));
            }
            PresenceType::Unsubscribed => self.forget(ctx, &from.to_bare()),
            PresenceType::Subscribed | PresenceType::Error | PresenceType::Probe => {}
        }
        Flow::Continue
    }

    fn part(&self) -> Option<&'static str> {
        Some("presence")
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(encode(self))
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>, saved: &[u8]) -> bool {
        let Some(saved) = decode(saved) else {
            return false;
        };
        *self = saved;
        ctx.event(StoreEvent::OwnPresence(self.own.clone()));
        true
    }
}

impl Presences {
    fn announce(&self, ctx: &mut Ctx<'_>) {
        let mut presence = stanza::Presence::new(PresenceType::Available, None);
        presence.show = show(self.own.availability).map(str::to_owned);
        presence.status = self.own.status.clone();
        ctx.send_presence(presence);
        ctx.event(StoreEvent::OwnPresence(self.own.clone()));
    }

    /// Who is allowed to see whom afterwards is both: that is what people expect
    /// of an accepted contact.
    fn accept(&mut self, ctx: &mut Ctx<'_>, jid: &BareJid) {
        send(ctx, PresenceType::Subscribed, jid);
        let sees = ctx
            .core
            .subscriptions
            .get(jid)
            .is_some_and(|subscription| subscription.to());
        if !sees && !self.asked.contains_key(jid) {
            send(ctx, PresenceType::Subscribe, jid);
        }
        self.forget(ctx, jid);
        ctx.event(StoreEvent::SubscriptionRequestAnswered(jid.clone()));
    }

    /// Whether they may see us is asked again from now on.
    fn forget(&mut self, ctx: &mut Ctx<'_>, jid: &BareJid) {
        if self.asked.remove(jid).is_some() {
            ctx.changed();
        }
    }

    fn asked_by(&mut self, ctx: &mut Ctx<'_>, jid: BareJid, presence: &stanza::Presence) {
        // Whom we have asked ourselves is answered without asking the person again. That we see
        // theirs is not enough: they may have been shown out.
        let contact = ctx.core.subscriptions.contains_key(&jid);
        if contact && self.asked.contains_key(&jid) {
            return self.accept(ctx, &jid);
        }
        let nick = presence
            .payloads
            .iter()
            .find(|payload| payload.is("nick", ns::NICK))
            .and_then(|nick| one_line(&nick.text(), LONGEST_NICK));
        let text = presence.status.as_deref();
        let text = text.and_then(|text| lines(text, LONGEST_STATUS));
        ctx.event(StoreEvent::SubscriptionRequest(SubscriptionRequest {
            jid,
            nick,
            text,
        }));
    }
}

/// Our own devices are remembered: whoever looks may find one that isn't theirs.
fn see(ctx: &mut Ctx<'_>, jid: &FullJid) {
    if ctx.is_other_device(jid) {
        let resource = jid.resource().as_str().to_owned();
        let at = ctx.now().wall;
        ctx.event(StoreEvent::OwnDevice { resource, at });
    }
}

fn send(ctx: &mut Ctx<'_>, kind: PresenceType, to: &BareJid) {
    ctx.send_presence(stanza::Presence::new(kind, Some(Jid::from(to.clone()))));
}

/// What `<show/>` says (RFC 6121 4.7.2.1).
fn show(availability: Availability) -> Option<&'static str> {
    match availability {
        Availability::Available => None,
        Availability::Chatty => Some("chat"),
        Availability::Away => Some("away"),
        Availability::ExtendedAway => Some("xa"),
        Availability::DoNotDisturb => Some("dnd"),
    }
}

fn resource(presence: &stanza::Presence) -> ResourcePresence {
    ResourcePresence {
        availability: availability(presence.show.as_deref()),
        status: presence
            .status
            .as_deref()
            .and_then(|status| one_line(status, LONGEST_STATUS)),
        priority: presence.priority,
    }
}

/// What `<show/>` means.
pub(super) fn availability(show: Option<&str>) -> Availability {
    match show {
        Some("chat") => Availability::Chatty,
        Some("away") => Availability::Away,
        Some("xa") => Availability::ExtendedAway,
        Some("dnd") => Availability::DoNotDisturb,
        _ => Availability::Available,
    }
}
