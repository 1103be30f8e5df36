//! How far one of our messages is: clock, one tick, two ticks, two filled ticks.

use couplet_engine::store::Delivery;
use yew::prelude::*;

use crate::i18n::t;

/// The same in words only.
pub(crate) fn in_words(delivery: &Delivery) -> Html {
    let key = match delivery {
        Delivery::Queued => "delivery.queued",
        Delivery::Sent => "delivery.sent",
        Delivery::Delivered => "delivery.delivered",
        Delivery::Read => "delivery.read",
        Delivery::Failed(_) => "delivery.failed",
    };
    html! { { t(key) } }
}

/// The mark, which says in words what it means.
pub(crate) fn mark(delivery: &Delivery) -> Html {
    let (class, key, view, drawing) = match delivery {
        Delivery::Queued => ("delivery", "delivery.queued", "0 0 14 16", path(CLOCK)),
        Delivery::Sent => ("delivery", "delivery.sent", "0 0 13 16", path(TICK)),
        Delivery::Delivered => (
            "delivery",
            "delivery.delivered",
            "0 0 18 16",
            path(TWO_TICKS),
        ),
        Delivery::Read => (
            "delivery delivery--read",
            "delivery.read",
            "-3 0 24 16",
            read(),
        ),
        Delivery::Failed(_) => (
            "delivery delivery--failed",
            "delivery.failed",
            "0 0 14 16",
            path(WARNING),
        ),
    };
    let words = t(key);
    html! {
        <span {class} role="img" aria-label={words.clone()} title={words}>
            <svg class="delivery__drawing" viewBox={view} aria-hidden="true">{ drawing }</svg>
        </span>
    }
}

const CLOCK: &str = "M7 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M7 5.25V8l1.75 1.5";
const TICK: &str = "m2 8.5 3 3L11 5";
const TWO_TICKS: &str = "m2 8.5 3 3L11 5M9 11.5 15.5 5";
const WARNING: &str = "M7 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M7 5.25v3M7 10.6v.1";

fn path(d: &'static str) -> Html {
    html! { <path {d} /> }
}

/// The two ticks on a filled ground: not the colour alone makes the difference.
fn read() -> Html {
    html! {
        <>
            <rect class="delivery__ground" x="-3" y="0" width="24" height="16" rx="8" />
            { path(TWO_TICKS) }
        </>
    }
}
