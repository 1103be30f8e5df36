//! What is above the oldest message, and what floats over the newest.

use couplet_engine::store::Older;
use yew::prelude::*;

use crate::components::icon::{Icon, icon};
use crate::i18n::{t, t_count, t_with};

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
