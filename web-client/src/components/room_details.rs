//! What is known of a room, and who is in it.

use std::rc::Rc;

use couplet_engine::foreign::tame;
use couplet_engine::store::{Affiliation, Entry, Occupant, Role, Room, Topic};
use jid::BareJid;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::avatar::{self, Size, avatar};
use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use super::layer::{Layer, opening};
use super::virtual_rows::VirtualRows;
use crate::hooks::{use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::{t, t_count};
use crate::route::Route;
use crate::state::State;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

/// The panel beside, over or in place of the conversation in a room.
#[component]
pub(crate) fn RoomDetails(props: &Props) -> Html {
    let Props { state, jid } = props;
    let topics = [
        Topic::Session,
        Topic::Room(jid.clone()),
        Topic::Occupants(jid.clone()),
        Topic::Faces,
    ];
    use_subjects(state, topics.map(Into::into).into());
    let rows = use_model(VirtualRows::default);
    let asked = use_model(Vec::new);
    let heading = use_node_ref();
    let measure = {
        let rows = rows.clone();
        Callback::from(move |()| {
            let seen = rows.read().measured();
            if seen.is_some_and(|seen| seen != rows.read().seen()) {
                rows.change(|rows| rows.see(seen));
            }
        })
    };
    {
        let (measure, rows) = (measure.clone(), rows.clone());
        let (state, jid) = (state.clone(), jid.clone());
        use_each_rendering(Box::new(move || {
            measure.emit(());
            let shown = shown(&state, &jid, &rows.read());
            let nicks = shown.iter().map(|occupant| occupant.nick.as_str());
            let missing = state.missing_faces(&jid, nicks);
            if *asked.read() != missing {
                asked.note(|asked| asked.clone_from(&missing));
                state.want_faces(&jid, missing);
            }
        }));
    }
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
    let Some(room) = store.room(jid) else {
        return Html::default();
    };
    let name = store.name(jid);
    html! {
        <aside
            class="details details--room"
            aria-labelledby="details-title"
            ref={rows.read().scroller()}
            onscroll={measure.reform(|_| ())}
        >
            <div class="details__bar">
                <h2 id="details-title" class="details__title" tabindex="-1" ref={heading}>
                    { t("details.title") }
                </h2>
                { icon_button(Icon::Close, t("details.close"), close) }
            </div>
            <div class="details__person">
                { avatar(state, jid, name, Size::Huge, None) }
                <p class="details__name"><bdi>{ name }</bdi></p>
                <p class="details__address"><bdi>{ jid.as_str() }</bdi></p>
            </div>
            if let Some(subject) = &room.subject {
                <section class="details__section" aria-labelledby="details-subject">
                    <h3 id="details-subject" class="details__heading">{ t("room.subject") }</h3>
                    <p class="details__text" dir="auto">{ subject }</p>
                </section>
            }
            { privacy(room) }
            { actions(state, jid, room) }
            { occupants(state, jid, room, &rows.read()) }
        </aside>
    }
}

/// Who learns what of whoever is here.
fn privacy(room: &Room) -> Html {
    if room.entry != Entry::Joined {
        return Html::default();
    }
    let addresses = match room.shows_addresses {
        true => "room.showsAddresses",
        false => "room.hidesAddresses",
    };
    html! {
        <section class="details__section" aria-label={t("room.privacy")}>
            <p class="details__text">{ t(addresses) }</p>
            if room.logged {
                <p class="details__text">{ t("room.logged") }</p>
            }
        </section>
    }
}

fn actions(state: &State, jid: &BareJid, room: &Room) -> Html {
    if !room.is_ours() {
        return Html::default();
    }
    let us = room.occupants.get(&room.nick);
    let owns = us.is_some_and(|us| us.affiliation == Affiliation::Owner);
    let settings = owns.then(|| opening(state, Layer::RoomSettings(jid.clone())));
    let (state, jid) = (state.clone(), jid.clone());
    let onclick = Callback::from(move |_: MouseEvent| {
        state.leave_room(jid.clone());
        Route::Home.go();
    });
    html! {
        <section class="details__section" aria-label={t("room.actions")}>
            if let Some(onclick) = settings {
                <button type="button" class="action" {onclick}>
                    { icon(Icon::Gear) }
                    { t("roomSettings.title") }
                </button>
            }
            <button type="button" class="action action--danger" {onclick}>
                { icon(Icon::Door) }
                { t("room.leave") }
            </button>
        </section>
    }
}

/// Who is in the part of the list that is in view.
fn shown(state: &State, jid: &BareJid, rows: &VirtualRows) -> Vec<Rc<Occupant>> {
    let store = state.store();
    let Some(room) = store.room(jid) else {
        return Vec::new();
    };
    room.occupants.at(rows.range(room.occupants.len())).to_vec()
}

/// Only those in view are in the document.
fn occupants(state: &State, jid: &BareJid, room: &Room, rows: &VirtualRows) -> Html {
    let count = room.occupants.len();
    let range = rows.range(count);
    let shown = room.occupants.at(range.clone());
    let items = shown.iter().zip(range.start + 1..);
    let label = t_count("room.people", u32::try_from(count).unwrap_or(u32::MAX));
    html! {
        <section class="details__section" aria-labelledby="details-occupants">
            <h3 id="details-occupants" class="details__heading">{ label }</h3>
            <div class="occupants">
                { rows.room(range.start) }
                <ul ref={rows.list()} class="occupants__list" aria-labelledby="details-occupants">
                    { for items.map(|(occupant, place)| row(state, jid, occupant, place, count)) }
                </ul>
                { rows.room(count - range.end) }
            </div>
        </section>
    }
}

fn row(state: &State, room: &BareJid, occupant: &Occupant, place: usize, count: usize) -> Html {
    let picture = state.face(room, occupant);
    let standing = match (occupant.affiliation, occupant.role) {
        (Affiliation::Owner, _) => Some("role.owner"),
        (Affiliation::Admin, _) => Some("role.admin"),
        (_, Role::Moderator) => Some("role.moderator"),
        (_, Role::Visitor) => Some("role.visitor"),
        _ => None,
    };
    let address = occupant.jid.as_ref().map(|jid| jid.to_string());
    html! {
        <li
            class="occupant"
            key={occupant.nick.as_str()}
            aria-posinset={place.to_string()}
            aria-setsize={count.to_string()}
            title={address}
        >
            { avatar::occupant(&occupant.nick, picture, Size::Small, Some(occupant.availability)) }
            <bdi class="occupant__name">{ tame(&occupant.nick).into_owned() }</bdi>
            if let Some(standing) = standing {
                <span class="occupant__standing">{ t(standing) }</span>
            }
        </li>
    }
}
