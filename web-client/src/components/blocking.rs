//! Who is kept away, where one sees it.

use couplet_engine::store::{Block, Topic};
use jid::BareJid;
use yew::prelude::*;

use super::dialog::Dialog;
use super::icon::{Icon, icon};
use super::layer::{Layer, opening};
use crate::hooks::use_subjects;
use crate::i18n::{t, t_with};
use crate::state::State;

/// Why nothing comes from somebody, and what to do about it; nothing where something can.
pub(crate) fn blocked_bar(state: &State, jid: &BareJid) -> Html {
    let store = state.store();
    if !store.is_blocked(jid) {
        return Html::default();
    }
    // All of their server, or they alone.
    let blocked = match store.block(jid) {
        Some(Block::Wanted | Block::Kept) => jid.clone(),
        Some(Block::Refused) | None => BareJid::from_parts(None, jid.domain()),
    };
    let name = store.name(&blocked);
    html! {
        <div class="room-bar" role="status">
            <p class="room-bar__text">{ t_with("blocked.bar", &[("name", name)]) }</p>
            <button
                type="button"
                class="button button--small"
                onclick={unblocking(state, &blocked)}
            >
                { t("blocked.unblock") }
            </button>
        </div>
    }
}

/// What can be done with somebody, in the details.
pub(crate) fn action(state: &State, jid: &BareJid) -> Html {
    let store = state.store();
    if store.blocklist().is_none() {
        return Html::default();
    }
    let refused = store.block(jid) == Some(Block::Refused);
    let (label, danger, onclick) = match store.block(jid) {
        Some(Block::Wanted | Block::Kept) => ("blocked.unblock", "", unblocking(state, jid)),
        Some(Block::Refused) | None => (
            "details.block",
            " action--danger",
            opening(state, Layer::Block(jid.clone())),
        ),
    };
    html! {
        <>
            if refused {
                <p class="details__text" role="status">
                    { t_with("blocked.refused", &[("name", store.name(jid))]) }
                </p>
            }
            <button type="button" class={["action", danger].concat()} {onclick}>
                { icon(Icon::Block) }
                { t(label) }
            </button>
        </>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

/// Everybody who is kept away.
#[component]
pub(crate) fn Blocked(props: &Props) -> Html {
    let Props { state } = props;
    use_subjects(state, vec![Topic::Blocking.into()]);
    let store = state.store();
    let list: Vec<Html> = store
        .blocked()
        .filter(|(_, block)| *block != Block::Refused)
        .map(|(jid, _)| row(state, jid))
        .collect();
    html! {
        <Dialog state={state.clone()} title={t("blocked.title")}>
            if list.is_empty() {
                <p class="form__text">{ t("blocked.nobody") }</p>
            } else {
                <ul class="blocked">{ list }</ul>
            }
        </Dialog>
    }
}

fn row(state: &State, jid: &BareJid) -> Html {
    let store = state.store();
    let name = store.name(jid);
    html! {
        <li class="blocked__row" key={jid.as_str()}>
            <bdi class="blocked__name" title={jid.to_string()}>{ name }</bdi>
            <button
                type="button"
                class="button button--small"
                aria-label={t_with("blocked.unblockName", &[("name", name)])}
                onclick={unblocking(state, jid)}
            >
                { t("blocked.unblock") }
            </button>
        </li>
    }
}

fn unblocking(state: &State, jid: &BareJid) -> Callback<MouseEvent> {
    let (state, jid) = (state.clone(), jid.clone());
    Callback::from(move |_| state.unblock(jid.clone()))
}
