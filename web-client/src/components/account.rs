//! Ourselves: picture, name, presence, and the menu of everything that is about us.

use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::icon::Icon;
use super::icon_button::icon_button;
use super::layer::{Layer, opening};
use super::menu::{Entry, Menu};
use super::presence;
use super::questions;
use crate::i18n::t;
use crate::route::Route;
use crate::state::State;

/// The top of the sidebar.
pub(crate) fn account(state: &State) -> Html {
    let Some(me) = state.me() else {
        return Html::default();
    };
    let store = state.store();
    let own = store.own_presence();
    let name = store.name(&me);
    html! {
        <header class="account">
            <button
                type="button"
                class="account__me"
                title={me.to_string()}
                onclick={opening(state, Layer::Status)}
            >
                { avatar(state, &me, name, Size::Medium, Some(own.availability)) }
                <span class="account__words">
                    <bdi class="account__name">{ name }</bdi>
                    <span class="account__status">{ presence::line(Some(own)) }</span>
                </span>
                <span class="visually-hidden">{ t("account.status") }</span>
            </button>
            { icon_button(Icon::People, t("account.join"), opening(state, Layer::JoinRoom(None))) }
            { icon_button(Icon::AddPerson, t("account.add"), opening(state, Layer::AddContact(None))) }
            <Menu label={t("account.menu")} entries={entries(state)} />
        </header>
    }
}

fn entries(state: &State) -> Vec<Entry> {
    let action = |icon, key, onselect, separated| Entry {
        icon,
        label: t(key),
        chosen: None,
        separated,
        onselect,
    };
    let settings = Callback::from(|()| Route::Settings(None).go());
    let open = |layer| opening(state, layer);
    vec![
        action(Icon::Person, "menu.profile", open(Layer::Profile), false),
        action(Icon::Smile, "menu.status", open(Layer::Status), false),
        action(Icon::People, "account.newRoom", open(Layer::NewRoom), true),
        action(
            Icon::Search,
            "account.findRooms",
            open(Layer::FindRooms),
            false,
        ),
        action(Icon::Gear, "menu.settings", settings, true),
        action(
            Icon::Keyboard,
            "menu.shortcuts",
            open(Layer::Shortcuts),
            false,
        ),
        action(Icon::SignOut, "menu.signOut", signing_out(state), true),
    ]
}

fn signing_out(state: &State) -> Callback<()> {
    let state = state.clone();
    Callback::from(move |()| questions::ask_to_sign_out(&state))
}
