//! What tabs have to know of each other's store besides what is kept.

use std::mem::discriminant;

use couplet_engine::Timestamp;
use couplet_engine::store::{
    Again, Availability, ResourcePresence, SessionStatus, SignInStep, Store, StoreEvent, Trouble,
};
use jid::{BareJid, FullJid};
use js_sys::Array;
use wasm_bindgen::JsValue;

use super::message::{list, maybe, number};

/// Where the session stands, who we are and how available, and who is typing.
#[derive(Clone, PartialEq)]
pub(crate) struct Standing {
    status: SessionStatus,
    me: Option<FullJid>,
    guest: bool,
    presence: ResourcePresence,
    typing: Vec<BareJid>,
}

/// The troubles that a tab that follows can tell apart. The others are the leader's to
/// explain, and here they are a broken connection.
const TROUBLES: [Trouble; 13] = [
    Trouble::ConnectionLost,
    Trouble::ProxyUnreachable,
    Trouble::Timeout,
    Trouble::PasswordNeeded(Again::Changed),
    Trouble::PasswordNeeded(Again::Plain),
    Trouble::PasswordNeeded(Again::TokenExpired),
    Trouble::PasswordNeeded(Again::TokenRefused),
    Trouble::TokenNeeded { text: None },
    Trouble::WrongPassword { text: None },
    Trouble::AccountDisabled { text: None },
    Trouble::Replaced,
    Trouble::AccountDeleted,
    Trouble::ServerNotVerified,
];

const AVAILABILITIES: [Availability; 5] = [
    Availability::Available,
    Availability::Chatty,
    Availability::Away,
    Availability::DoNotDisturb,
    Availability::ExtendedAway,
];

/// Whether they are the same but for what the other side has said.
fn is_same(one: &Trouble, other: &Trouble) -> bool {
    let again = matches!(one, Trouble::PasswordNeeded(_));
    discriminant(one) == discriminant(other) && (!again || one == other)
}

/// Where in `list` it is; at its beginning, if nowhere.
fn place_of<T: PartialEq>(list: &[T], wanted: &T) -> u32 {
    let place = list.iter().position(|listed| listed == wanted);
    place.unwrap_or_default() as u32
}

impl Standing {
    /// How it is with this store.
    pub(crate) fn of(store: &Store) -> Self {
        let typing = store.conversations().filter(|(_, known)| known.typing);
        Self {
            status: store.status().clone(),
            me: store.me().cloned(),
            guest: store.is_guest(),
            presence: store.own_presence().clone(),
            typing: typing.map(|(jid, _)| jid.clone()).collect(),
        }
    }

    /// The events that make it so for a store that stands at `now`.
    pub(crate) fn events(self, now: &Self) -> Vec<StoreEvent> {
        let mut events = Vec::new();
        if self.status != now.status {
            events.push(StoreEvent::Status(self.status));
        }
        if self.me != now.me {
            let bound = match self.guest {
                true => StoreEvent::Guest,
                false => StoreEvent::Bound,
            };
            events.extend(self.me.map(bound));
        }
        if self.presence != now.presence {
            events.push(StoreEvent::OwnPresence(self.presence));
        }
        for (list, other, typing) in [
            (&self.typing, &now.typing, true),
            (&now.typing, &self.typing, false),
        ] {
            let changed = list.iter().filter(|jid| !other.contains(jid));
            events.extend(changed.map(|jid| StoreEvent::Typing {
                conversation: jid.clone(),
                typing,
            }));
        }
        events
    }

    pub(super) fn write(&self) -> JsValue {
        let (kind, trouble, until) = match &self.status {
            SessionStatus::SignedOut { trouble } => (0, trouble.as_ref(), 0),
            SessionStatus::SigningIn(SignInStep::Connecting) => (1, None, 0),
            SessionStatus::SigningIn(SignInStep::Authenticating) => (2, None, 0),
            SessionStatus::SigningIn(SignInStep::Binding) => (3, None, 0),
            SessionStatus::Online => (4, None, 0),
            SessionStatus::Reconnecting { trouble } => (5, Some(trouble), 0),
            SessionStatus::Waiting { trouble, until } => (6, Some(trouble), until.0),
        };
        let trouble = trouble.map(|trouble| {
            let place = TROUBLES.iter().position(|known| is_same(known, trouble));
            place.unwrap_or_default() as u32
        });
        let typing: Vec<JsValue> = self.typing.iter().map(|jid| jid.as_str().into()).collect();
        list(&[
            kind.into(),
            trouble.into(),
            (until as f64).into(),
            maybe(self.me.as_ref().map(|me| me.as_str())),
            place_of(&AVAILABILITIES, &self.presence.availability).into(),
            maybe(self.presence.status.as_deref()),
            self.presence.priority.into(),
            list(&typing),
            self.guest.into(),
        ])
    }

    pub(super) fn read(parts: &JsValue) -> Option<Self> {
        let parts = Array::from(parts);
        let place = |place| number(&parts.get(place)).map(|number| number as usize);
        let trouble = place(1).and_then(|place| TROUBLES.get(place).cloned());
        let known = || trouble.clone().unwrap_or(Trouble::ConnectionLost);
        let status = match place(0)? {
            0 => SessionStatus::SignedOut { trouble },
            1 => SessionStatus::SigningIn(SignInStep::Connecting),
            2 => SessionStatus::SigningIn(SignInStep::Authenticating),
            3 => SessionStatus::SigningIn(SignInStep::Binding),
            4 => SessionStatus::Online,
            5 => SessionStatus::Reconnecting { trouble: known() },
            _ => SessionStatus::Waiting {
                trouble: known(),
                until: Timestamp(parts.get(2).as_f64()? as i64),
            },
        };
        let typing = Array::from(&parts.get(7));
        Some(Self {
            status,
            me: parts.get(3).as_string().and_then(|me| me.parse().ok()),
            guest: parts.get(8).is_truthy(),
            presence: ResourcePresence {
                availability: *AVAILABILITIES.get(place(4)?)?,
                status: parts.get(5).as_string(),
                priority: parts.get(6).as_f64()? as i8,
            },
            typing: typing
                .iter()
                .filter_map(|jid| jid.as_string()?.parse().ok())
                .collect(),
        })
    }
}
