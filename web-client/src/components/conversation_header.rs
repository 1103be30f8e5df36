//! The head of a conversation: who is there, and are they.

use jid::BareJid;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::icon::{Icon, icon};
use super::icon_button::{Kind, icon_button_of};
use super::layer::{Layer, opening};
use super::menu::{Entry, Menu};
use super::room::RoomLine;
use super::{conversation_menu, presence};
use crate::i18n::t;
use crate::route::Route;
use crate::state::State;

/// Back (on a phone), picture, name, presence, and the way to the details.
pub(crate) fn conversation_header(state: &State, jid: &BareJid, details_open: bool) -> Html {
    let store = state.store();
    let name = store.name(jid);
    let availability = store.presence(jid).map(|presence| presence.availability);
    let room = store.room(jid).is_some();
    let line = match room {
        true => html! { <RoomLine state={state.clone()} jid={jid.clone()} /> },
        false => {
            let line = presence::line_or_address(&store, jid);
            html! { <p class="head__line" title={line.clone()}>{ line }</p> }
        }
    };
    let target = if details_open {
        Route::Chat(jid.clone())
    } else {
        Route::Details(jid.clone())
    };
    let toggle = Callback::from(move |_| target.go());
    let details = if room {
        t("head.room")
    } else {
        t("head.details")
    };
    let kind = Kind {
        expanded: Some(details_open),
        ..Kind::default()
    };
    html! {
        <header class="head">
            <a
                class="icon-button head__back"
                href={Route::Home.href()}
                aria-label={t("head.back")}
                title={t("head.back")}
            >
                { icon(Icon::Back) }
            </a>
            { avatar(state, jid, name, Size::Medium, availability) }
            <div class="head__words">
                <h2 class="head__name"><bdi>{ name }</bdi></h2>
                { line }
            </div>
            { icon_button_of(kind, Icon::Details, details, toggle) }
            <Menu label={t("head.actions")} entries={entries(state, jid)} />
        </header>
    }
}

fn entries(state: &State, jid: &BareJid) -> Vec<Entry> {
    let date = Entry {
        icon: Icon::Calendar,
        label: t("head.date"),
        chosen: None,
        separated: false,
        onselect: opening(state, Layer::GoToDate(jid.clone())),
    };
    let mut entries = conversation_menu::entries(state, jid);
    if let Some(first) = entries.first_mut() {
        first.separated = true;
    }
    entries.insert(0, date);
    entries
}
