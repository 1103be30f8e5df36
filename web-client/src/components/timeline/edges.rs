//! What is above the oldest message, and what floats over the newest.

use couplet_engine::Timestamp;
use couplet_engine::store::{Missing, Older};
use yew::prelude::*;

use crate::components::icon::{Icon, icon};
use crate::i18n::{date_and_time, local_day, t, t_count, t_with, time};

/// What lies before the oldest message.
pub(super) struct Top<'a> {
    pub(super) older: Older,
    /// Whether everything that is here is shown.
    pub(super) complete: bool,
    /// Whether there is nothing to show.
    pub(super) empty: bool,
    pub(super) online: bool,
    /// Of the other side.
    pub(super) name: &'a str,
}

impl Top<'_> {
    /// In words; always of the same height, so that nothing moves when it changes.
    pub(super) fn html(&self, retry: Callback<MouseEvent>) -> Html {
        let name = [("name", self.name)];
        let content = match self.older {
            Older::Loading => html! {
                <>
                    <span class="spinner" aria-hidden="true"></span>
                    <span class="visually-hidden">{ t("log.loading") }</span>
                </>
            },
            Older::Failed => html! {
                <>
                    <span>{ t("log.failed") }</span>
                    <button type="button" class="button button--small" onclick={retry}>
                        { t("log.retry") }
                    </button>
                </>
            },
            Older::Complete if self.complete && !self.empty => {
                html! { { t_with("log.beginning", &name) } }
            }
            Older::Unknown | Older::More if self.complete && !self.online => {
                html! { { t("log.offline") } }
            }
            Older::Unknown | Older::More | Older::Complete => Html::default(),
        };
        html! {
            <>
                <div class="timeline__top">{ content }</div>
                if self.empty && self.older == Older::Complete {
                    <div class="empty">
                        <p class="empty__title">{ t("empty.timelineTitle") }</p>
                        <p class="empty__text">{ t_with("empty.timelineText", &name) }</p>
                    </div>
                }
            </>
        }
    }
}

/// What is missing between two messages: since when, up to when, and what became of the
/// last attempt to read it.
pub(super) fn gap(
    gap: &Missing,
    (from, to): (Timestamp, Timestamp),
    online: bool,
    onclick: Callback<MouseEvent>,
) -> Html {
    let loads = gap.state == Older::Loading;
    let words = match gap.state {
        Older::Failed => "log.gapFailed",
        _ if !online => "log.gapOffline",
        _ => "log.gap",
    };
    let when = if local_day(from) == local_day(to) {
        time
    } else {
        date_and_time
    };
    let (from, to) = (when(from), when(to));
    let button = if gap.state == Older::Failed {
        "log.retry"
    } else {
        "log.gapLoad"
    };
    html! {
        <div
            key={["gap ", &gap.behind].concat()}
            class="timeline__gap"
            role="note"
            data-behind={gap.behind.clone()}
        >
            <p>{ t_with(words, &[("from", &from), ("to", &to)]) }</p>
            if loads {
                <span class="spinner" aria-hidden="true"></span>
            } else if online {
                <button type="button" class="button button--small" {onclick}>{ t(button) }</button>
            }
        </div>
    }
}

/// That it takes time to get where one wants to go.
pub(super) fn going() -> Html {
    html! {
        <p class="pill pill--going" role="status">
            <span class="spinner" aria-hidden="true"></span>
            { t("log.going") }
        </p>
    }
}

/// The way to what is said to us and hasn't been read.
pub(super) fn mention_pill(count: u32, onclick: Callback<MouseEvent>) -> Html {
    let label = t_count("log.mentions", count);
    html! {
        <button type="button" class="pill pill--mention" title={t("log.mention")} {onclick}>
            { icon(Icon::At) }
            <span>{ label }</span>
        </button>
    }
}

/// The way back to the end, which says how much is new there.
pub(super) fn pill(unread: u32, onclick: Callback<MouseEvent>) -> Html {
    let (class, label) = match unread {
        0 => ("pill pill--round", t("log.jump")),
        _ => ("pill", t_count("log.unread", unread)),
    };
    html! {
        <button type="button" {class} title={label.clone()} {onclick}>
            <span class={(unread == 0).then_some("visually-hidden")}>{ label }</span>
            { icon(Icon::Down) }
        </button>
    }
}
