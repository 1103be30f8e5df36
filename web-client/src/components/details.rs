//! What is known of the other side of a conversation, and what can be done about it.

use couplet_engine::store::{ResourcePresence, Topic};
use gloo_timers::callback::Timeout;
use jid::BareJid;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::blocking;
use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use super::layer::{Layer, opening};
use super::presence;
use super::subscription::subscription;
use crate::hooks::{Model, use_model, use_mount, use_subjects};
use crate::i18n::t;
use crate::route::Route;
use crate::state::State;

/// For how long the copy button shows that it has worked.
const COPIED_MILLISECONDS: u32 = 2_000;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

/// The panel beside, over or in place of the conversation.
#[component]
pub(crate) fn Details(props: &Props) -> Html {
    let Props { state, jid } = props;
    let topics = [
        Topic::Roster,
        Topic::Requests,
        Topic::Blocking,
        Topic::Presence(jid.clone()),
        Topic::Avatar(jid.clone()),
    ];
    use_subjects(state, topics.map(Into::into).into());
    let copied = use_model(|| false);
    let heading = use_node_ref();
    {
        // Who opened the panel goes on in it.
        let heading = heading.clone();
        use_mount(Box::new(move || {
            // A heading with a tabindex takes the focus.
            let _ = heading.cast::<HtmlElement>()?.focus();
            None
        }));
    }
    let close = {
        let jid = jid.clone();
        Callback::from(move |_| Route::Chat(jid.clone()).go())
    };
    let store = state.store();
    let name = store.name(jid);
    let availability = store.presence(jid).map(|presence| presence.availability);
    html! {
        <aside class="details" aria-labelledby="details-title">
            <div class="details__bar">
                <h2 id="details-title" class="details__title" tabindex="-1" ref={heading}>
                    { t("details.title") }
                </h2>
                { icon_button(Icon::Close, t("details.close"), close) }
            </div>
            <div class="details__person">
                { avatar(state, jid, name, Size::Huge, availability) }
                <p class="details__name"><bdi>{ name }</bdi></p>
                <p class="details__address">
                    <bdi>{ jid.as_str() }</bdi>
                    { copy_button(state, jid, &copied) }
                </p>
            </div>
            { subscription(state, jid) }
            { devices(store.resources(jid)) }
            { actions(state, jid, store.contact(jid).is_some()) }
        </aside>
    }
}

/// Nothing where the browser gives no page the clipboard.
fn copy_button(state: &State, jid: &BareJid, copied: &Model<bool>) -> Html {
    if !state.is_secure() {
        return Html::default();
    }
    if *copied.read() {
        return icon_button(Icon::Check, t("copy.done"), Callback::noop());
    }
    let (state, text, copied) = (state.clone(), jid.to_string(), copied.clone());
    let copy = Callback::from(move |_| {
        let Some(window) = web_sys::window() else {
            return;
        };
        let written = JsFuture::from(window.navigator().clipboard().write_text(&text));
        let (state, copied) = (state.clone(), copied.clone());
        spawn_local(async move {
            if written.await.is_err() {
                return state.announce(&t("copy.failed"));
            }
            state.announce(&t("copy.done"));
            copied.change(|copied| *copied = true);
            let hide = move || copied.change(|copied| *copied = false);
            Timeout::new(COPIED_MILLISECONDS, hide).forget();
        });
    });
    icon_button(Icon::Copy, t("details.copy"), copy)
}

fn devices<'a>(resources: impl Iterator<Item = (&'a str, &'a ResourcePresence)>) -> Html {
    let devices: Html = resources
        .map(|(resource, presence)| {
            html! {
                <li class="device" key={resource}>
                    { presence::dot(Some(presence.availability)) }
                    <bdi class="device__name">{ resource }</bdi>
                    <span class="device__line">{ presence::line(Some(presence)) }</span>
                </li>
            }
        })
        .collect();
    html! {
        <section class="details__section" aria-labelledby="details-devices">
            <h3 id="details-devices" class="details__heading">{ t("details.devices") }</h3>
            <ul class="details__devices">{ devices }</ul>
        </section>
    }
}

fn actions(state: &State, jid: &BareJid, listed: bool) -> Html {
    html! {
        <section class="details__section" aria-label={t("details.actions")}>
            if listed {
                <button
                    type="button"
                    class="action"
                    onclick={opening(state, Layer::Rename(jid.clone()))}
                >
                    { icon(Icon::Pencil) }
                    { t("details.rename") }
                </button>
            }
            { blocking::action(state, jid) }
            if listed {
                <button
                    type="button"
                    class="action action--danger"
                    onclick={opening(state, Layer::Remove(jid.clone()))}
                >
                    { icon(Icon::Trash) }
                    { t("details.remove") }
                </button>
            }
        </section>
    }
}
