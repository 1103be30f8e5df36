//! What may be done to somebody in a room, and the question before it.

use std::rc::Rc;

use couplet_engine::foreign::tame;
use couplet_engine::store::{Deed, Occupant, Room, Whisper};
use jid::BareJid;
use web_sys::FormData;
use yew::prelude::*;

use super::icon::Icon;
use super::layer::{Layer, opening};
use super::menu::Entry;
use super::room_question::{RoomQuestion, reason};
use crate::i18n::{t, t_with};
use crate::route::Route;
use crate::state::{State, own_occupant};

/// What the menu of somebody in a room offers.
pub(crate) fn entries(
    state: &State,
    jid: &BareJid,
    room: &Room,
    occupant: &Rc<Occupant>,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let Some(us) = own_occupant(room).filter(|us| us.nick != occupant.nick) else {
        return entries;
    };
    let mut add = |icon, label, onselect| {
        entries.push(Entry {
            icon,
            label,
            chosen: None,
            separated: false,
            onselect,
        });
    };
    let whisper = {
        let (state, jid, whisper) = (state.clone(), jid.clone(), Whisper::to(occupant));
        Callback::from(move |()| {
            state.whisper(&jid, Some(whisper.clone()));
            Route::Chat(jid.clone()).go();
        })
    };
    add(Icon::Lock, t("whisper.begin"), whisper);
    if let Some(theirs) = &occupant.jid {
        let theirs = theirs.clone();
        let write = Callback::from(move |()| Route::Chat(theirs.clone()).go());
        add(Icon::Letter, t("occupants.write"), write);
    }
    if let Some(theirs) = occupant.jid.as_ref().filter(|_| state.is_secure()) {
        let (state, address) = (state.clone(), theirs.to_string());
        let copy = Callback::from(move |()| copy(&state, address.clone()));
        add(Icon::Copy, t("details.copy"), copy);
    }
    let first = entries.len();
    for deed in Deed::open_to(us, occupant) {
        let (icon, key) = looks(deed);
        let layer = Layer::Deed(jid.clone(), occupant.clone(), deed);
        entries.push(Entry {
            icon,
            label: t(key),
            chosen: None,
            separated: first > 0 && entries.len() == first,
            onselect: opening(state, layer),
        });
    }
    entries
}

fn copy(state: &State, address: String) {
    let state = state.clone();
    wasm_bindgen_futures::spawn_local(async move {
        let Some(window) = web_sys::window() else {
            return;
        };
        let written = window.navigator().clipboard().write_text(&address);
        let said = match wasm_bindgen_futures::JsFuture::from(written).await {
            Ok(_) => t("copy.done"),
            Err(_) => t("copy.failed"),
        };
        state.announce(&said);
    });
}

/// Says what happens then, asks why where others are told, and does it.
pub(crate) fn dialog(state: &State, room: &BareJid, them: &Rc<Occupant>, deed: Deed) -> Html {
    let (_, label) = looks(deed);
    let name = tame(&them.nick);
    let title = t_with("deed.title", &[("deed", &t(label)), ("name", &name)]);
    let ask = {
        let (state, room, them) = (state.clone(), room.clone(), them.clone());
        Callback::from(move |form: FormData| {
            let standing = deed.standing(&them)?;
            Some(state.set_standing(&room, standing, reason(&form)))
        })
    };
    let reasoned = matches!(deed, Deed::Kick | Deed::Ban);
    html! {
        <RoomQuestion
            state={state.clone()}
            {title}
            submit={t(label)}
            danger={reasoned}
            {reasoned}
            {ask}
        >
            <p class="form__text">{ t_with(consequence(deed), &[("name", &name)]) }</p>
        </RoomQuestion>
    }
}

fn looks(deed: Deed) -> (Icon, &'static str) {
    match deed {
        Deed::GiveVoice => (Icon::Sound, "deed.giveVoice"),
        Deed::TakeVoice => (Icon::BellOff, "deed.takeVoice"),
        Deed::MakeModerator => (Icon::Eye, "deed.makeModerator"),
        Deed::UnmakeModerator => (Icon::EyeOff, "deed.unmakeModerator"),
        Deed::MakeMember => (Icon::AddPerson, "deed.makeMember"),
        Deed::MakeAdmin => (Icon::Gear, "deed.makeAdmin"),
        Deed::MakeOwner => (Icon::Lock, "deed.makeOwner"),
        Deed::Unmake => (Icon::Person, "deed.unmake"),
        Deed::Kick => (Icon::Door, "deed.kick"),
        Deed::Ban => (Icon::Block, "deed.ban"),
    }
}

fn consequence(deed: Deed) -> &'static str {
    match deed {
        Deed::GiveVoice => "deed.giveVoiceText",
        Deed::TakeVoice => "deed.takeVoiceText",
        Deed::MakeModerator => "deed.makeModeratorText",
        Deed::UnmakeModerator => "deed.unmakeModeratorText",
        Deed::MakeMember => "deed.makeMemberText",
        Deed::MakeAdmin => "deed.makeAdminText",
        Deed::MakeOwner => "deed.makeOwnerText",
        Deed::Unmake => "deed.unmakeText",
        Deed::Kick => "deed.kickText",
        Deed::Ban => "deed.banText",
    }
}
