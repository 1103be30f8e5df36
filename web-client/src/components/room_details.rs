//! What is known of a room, and who is in it.

use std::rc::Rc;

use couplet_engine::store::{Affiliation, Entry, Role, Room, Topic};
use jid::BareJid;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use super::layer::{Layer, opening};
use super::long_text::any_text;
use super::occupants::{self, Line};
use super::virtual_rows::VirtualRows;
use crate::hooks::{use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::t;
use crate::route::Route;
use crate::state::{State, own_occupant};

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
        Topic::Avatar(jid.clone()),
    ];
    use_subjects(state, topics.map(Into::into).into());
    let rows = use_model(VirtualRows::default);
    let query = use_model(AttrValue::default);
    let asked = use_model(Vec::new);
    let heading = use_node_ref();
    let lines: Rc<[Line]> = match state.store().room(jid) {
        Some(room) => occupants::lines(room, &query.read()).into(),
        None => Rc::default(),
    };
    let measure = {
        let rows = rows.clone();
        Callback::from(move |()| {
            let (known, rows) = (rows.read().clone(), rows.clone());
            known.look(move |seen| rows.change(|rows| rows.see(seen)));
        })
    };
    {
        let (measure, rows, lines) = (measure.clone(), rows.clone(), lines.clone());
        let (state, jid) = (state.clone(), jid.clone());
        use_each_rendering(Box::new(move || {
            measure.emit(());
            let missing = state.missing_faces(&jid, shown(&lines, &rows.read()));
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
    let narrow = {
        let query = query.clone();
        Callback::from(move |typed: AttrValue| query.change(|query| *query = typed))
    };
    let store = state.store();
    let Some(room) = store.room(jid) else {
        return Html::default();
    };
    let name = store.name(jid);
    let narrowing = (&*query.read(), narrow);
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
            { text("description", t("room.description"), room.description.as_ref()) }
            { text("subject", t("room.subject"), room.subject.as_ref()) }
            { privacy(room) }
            { actions(state, jid, room) }
            { occupants::list(state, jid, room, (&lines, &rows.read()), narrowing) }
        </aside>
    }
}

/// What somebody has written about it, if anybody has.
fn text(name: &str, heading: AttrValue, text: Option<&String>) -> Html {
    let Some(text) = text else {
        return Html::default();
    };
    let id = ["details-", name].concat();
    html! {
        <section class="details__section" aria-labelledby={id.clone()}>
            <h3 {id} class="details__heading">{ heading }</h3>
            <div class="details__text" dir="auto">{ any_text(text, true, Vec::new()) }</div>
        </section>
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
    let ours = own_occupant(room).map(|us| us.affiliation);
    let runs = ours.is_some_and(|ours| ours <= Affiliation::Admin);
    let owns = ours == Some(Affiliation::Owner);
    let speaks = own_occupant(room).is_some_and(|us| us.role != Role::Visitor);
    let nick = opening::<MouseEvent>(state, Layer::Nick(jid.clone()));
    let subject = opening::<MouseEvent>(state, Layer::Subject(jid.clone()));
    let invite = opening::<MouseEvent>(state, Layer::Invite(jid.clone()));
    let settings = opening::<MouseEvent>(state, Layer::RoomSettings(jid.clone()));
    let picture = opening::<MouseEvent>(state, Layer::RoomPicture(jid.clone()));
    let lists = opening::<MouseEvent>(state, Layer::Affiliations(jid.clone()));
    let destroy = opening::<MouseEvent>(state, Layer::DestroyRoom(jid.clone()));
    let (state, jid) = (state.clone(), jid.clone());
    let onclick = Callback::from(move |_: MouseEvent| {
        state.leave_room(jid.clone());
        Route::Home.go();
    });
    html! {
        <section class="details__section" aria-label={t("room.actions")}>
            if room.entry == Entry::Joined {
                <button type="button" class="action" onclick={invite}>
                    { icon(Icon::AddPerson) }
                    { t("invite.open") }
                </button>
            }
            if room.entry == Entry::Joined {
                <button type="button" class="action" onclick={nick}>
                    { icon(Icon::Person) }
                    { t("roomNick.open") }
                </button>
            }
            if speaks {
                <button type="button" class="action" onclick={subject}>
                    { icon(Icon::Pencil) }
                    { t("roomSubject.open") }
                </button>
            }
            if owns {
                <button type="button" class="action" onclick={settings}>
                    { icon(Icon::Gear) }
                    { t("roomSettings.title") }
                </button>
                <button type="button" class="action" onclick={picture}>
                    { icon(Icon::Picture) }
                    { t("roomPicture.title") }
                </button>
            }
            if runs {
                <button type="button" class="action" onclick={lists}>
                    { icon(Icon::People) }
                    { t("affiliations.open") }
                </button>
            }
            <button type="button" class="action action--danger" {onclick}>
                { icon(Icon::Door) }
                { t("room.leave") }
            </button>
            if owns {
                <button type="button" class="action action--danger" onclick={destroy}>
                    { icon(Icon::Trash) }
                    { t("room.destroy") }
                </button>
            }
        </section>
    }
}

/// Who is in the part of the list that is in view.
fn shown<'a>(lines: &'a [Line], rows: &VirtualRows) -> impl Iterator<Item = &'a str> {
    let shown = lines.get(rows.range(lines.len())).unwrap_or_default();
    shown.iter().filter_map(|line| match line {
        Line::Heading(_) => None,
        Line::Person(occupant) => Some(occupant.nick.as_str()),
    })
}
