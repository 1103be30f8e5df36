//! Ourselves: picture, name, presence, and the menu of everything that is about us.

use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::icon::Icon;
use super::icon_button::icon_button;
use super::layer::{Layer, opening};
use super::menu::{Entry, Menu};
use super::presence;
use super::sign_out;
use crate::i18n::t;
use crate::state::State;
use crate::theme::Theme;

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
            { icon_button(Icon::AddPerson, t("account.add"), opening(state, Layer::AddContact)) }
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
    let mut entries = vec![
        action(
            Icon::Person,
            "menu.profile",
            opening(state, Layer::Profile),
            false,
        ),
        action(
            Icon::Smile,
            "menu.status",
            opening(state, Layer::Status),
            false,
        ),
    ];
    let stored = Theme::stored();
    for (theme, icon, key) in [
        (Theme::System, Icon::Monitor, "theme.system"),
        (Theme::Light, Icon::Sun, "theme.light"),
        (Theme::Dark, Icon::Moon, "theme.dark"),
    ] {
        let state = state.clone();
        let onselect = Callback::from(move |()| state.set_theme(theme));
        let mut entry = action(icon, key, onselect, theme == Theme::System);
        entry.chosen = Some(theme == stored);
        entries.push(entry);
    }
    if let Some(shown) = state.shows_notifications() {
        let key = if shown {
            "menu.notificationsOff"
        } else {
            "menu.notificationsOn"
        };
        let state = state.clone();
        let onselect = Callback::from(move |()| {
            if shown {
                state.turn_notifications_off();
            } else {
                state.turn_notifications_on();
            }
        });
        entries.push(action(Icon::Bell, key, onselect, true));
    }
    let played = state.plays_sounds();
    let (icon, key) = if played {
        (Icon::Quiet, "menu.soundsOff")
    } else {
        (Icon::Sound, "menu.soundsOn")
    };
    let onselect = {
        let state = state.clone();
        Callback::from(move |()| state.play_sounds(!played))
    };
    entries.push(action(icon, key, onselect, false));
    if state.store().blocklist().is_some() {
        let open = opening(state, Layer::Blocked);
        entries.push(action(Icon::Block, "menu.blocked", open, true));
    }
    entries.push(action(
        Icon::Keyboard,
        "menu.shortcuts",
        opening(state, Layer::Shortcuts),
        true,
    ));
    entries.push(action(
        Icon::Trash,
        "menu.clear",
        opening(state, Layer::ClearData),
        true,
    ));
    entries.push(action(
        Icon::SignOut,
        "menu.signOut",
        signing_out(state),
        false,
    ));
    entries
}

fn signing_out(state: &State) -> Callback<()> {
    let state = state.clone();
    Callback::from(move |()| sign_out::ask(&state))
}
