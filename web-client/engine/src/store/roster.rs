//! People: roster entries, presence, requests (RFC 6121).

use jid::BareJid;
use serde::{Deserialize, Serialize};

/// A roster entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The address.
    pub jid: BareJid,
    /// The name we gave it.
    pub name: Option<String>,
    /// The groups we put it in.
    pub groups: Vec<String>,
    /// Who sees whose presence.
    pub subscription: Subscription,
    /// Whether we have asked and wait for an answer.
    pub asked: bool,
}

/// Who sees whose presence (RFC 6121 2.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Subscription {
    /// Neither.
    #[default]
    None,
    /// We see theirs.
    To,
    /// They see ours.
    From,
    /// Each sees the other's.
    Both,
}

impl Subscription {
    /// Whether we see their presence.
    pub fn to(self) -> bool {
        matches!(self, Self::To | Self::Both)
    }

    /// Whether they see ours.
    pub fn from(self) -> bool {
        matches!(self, Self::From | Self::Both)
    }
}

/// Somebody asks to see our presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionRequest {
    /// Who.
    pub jid: BareJid,
    /// The name they call themselves (XEP-0172).
    pub nick: Option<String>,
    /// What they wrote with it.
    pub text: Option<String>,
}

/// How available a resource is (RFC 6121 4.7.2.1), least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Availability {
    /// `xa`: away for long.
    ExtendedAway,
    /// `away`.
    Away,
    /// `dnd`: busy.
    DoNotDisturb,
    /// No `<show/>` at all.
    #[default]
    Available,
    /// `chat`: wants to talk.
    Chatty,
}

/// What a resource tells about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResourcePresence {
    /// How available it is.
    pub availability: Availability,
    /// The words that go with it.
    pub status: Option<String>,
    /// -128 to 127; messages to the bare address go to the highest.
    pub priority: i8,
}
