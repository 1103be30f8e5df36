//! How available somebody is, as a dot and in words.

use couplet_engine::store::{Availability, ResourcePresence, Store};
use jid::BareJid;
use yew::prelude::*;

use crate::i18n::t;

/// The words for an availability; `None` is offline.
pub(crate) fn words(availability: Option<Availability>) -> AttrValue {
    t(match availability {
        Some(Availability::Available) => "presence.available",
        Some(Availability::Chatty) => "presence.chatty",
        Some(Availability::Away) => "presence.away",
        Some(Availability::DoNotDisturb) => "presence.busy",
        Some(Availability::ExtendedAway) => "presence.longAway",
        None => "presence.offline",
    })
}

/// The availability and the words that somebody added to it.
pub(crate) fn line(presence: Option<&ResourcePresence>) -> AttrValue {
    let words = words(presence.map(|presence| presence.availability));
    match presence
        .and_then(|presence| presence.status.as_deref())
        .map(str::trim)
    {
        None | Some("") => words,
        Some(status) => AttrValue::from([words.as_str(), " · ", status].concat()),
    }
}

/// [`line()`] for `jid`; their address where we don't see their presence, which
/// doesn't mean that they are offline.
pub(crate) fn line_or_address(store: &Store, jid: &BareJid) -> AttrValue {
    let presence = store.presence(jid);
    let sees = store
        .contact(jid)
        .is_some_and(|contact| contact.subscription.to());
    if sees || presence.is_some() {
        line(presence)
    } else {
        AttrValue::from(jid.to_string())
    }
}

/// The dot. Its colour is not all: each availability has a shape of its own.
/// Who is offline has none.
pub(crate) fn dot(availability: Option<Availability>) -> Html {
    let Some(availability) = availability else {
        return Html::default();
    };
    let kind = match availability {
        Availability::Available | Availability::Chatty => "presence-dot--available",
        Availability::Away => "presence-dot--away",
        Availability::DoNotDisturb => "presence-dot--busy",
        Availability::ExtendedAway => "presence-dot--long-away",
    };
    html! { <span class={["presence-dot ", kind].concat()} aria-hidden="true"></span> }
}
