//! Who is in a room, as its details list them.

use std::rc::Rc;

use couplet_engine::foreign::{short, tame};
use couplet_engine::store::{Affiliation, Occupant, Role, Room};
use jid::BareJid;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::avatar::{self, Size};
use super::deed;
use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use super::menu::Menu;
use super::room::LONGEST_NAME;
use super::virtual_rows::VirtualRows;
use crate::i18n::{lower, t, t_count, t_with};
use crate::state::State;

/// One line of the list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Line {
    /// What those below are to the room.
    Heading(Affiliation),
    Person(Rc<Occupant>),
}

/// Those in the room whose name or address has `query` in it, in groups by what they are to
/// the room.
pub(crate) fn lines(room: &Room, query: &str) -> Vec<Line> {
    let wanted = lower(query.trim());
    let is_wanted = |occupant: &Occupant| {
        let address = occupant.jid.as_ref().map(|jid| jid.as_str());
        wanted.is_empty()
            || lower(&occupant.nick).contains(&wanted)
            || address.is_some_and(|address| address.contains(&wanted))
    };
    let all = room.occupants.at(0..room.occupants.len());
    let mut lines = Vec::with_capacity(all.len() + 4);
    let mut last = None;
    for occupant in all.iter().filter(|occupant| is_wanted(occupant)) {
        if last != Some(occupant.affiliation) {
            last = Some(occupant.affiliation);
            lines.push(Line::Heading(occupant.affiliation));
        }
        lines.push(Line::Person(occupant.clone()));
    }
    lines
}

/// The field that narrows the list down to `query`, and the list, of which only what is in
/// view is in the document.
pub(crate) fn list(
    state: &State,
    jid: &BareJid,
    room: &Room,
    (lines, rows): (&[Line], &VirtualRows),
    (query, onchange): (&AttrValue, Callback<AttrValue>),
) -> Html {
    let count = u32::try_from(room.occupants.len()).unwrap_or(u32::MAX);
    let range = rows.range(lines.len());
    let shown = lines.get(range.clone()).unwrap_or_default();
    let items = shown.iter().zip(range.start + 1..);
    let row = |(line, place): (&Line, usize)| {
        let inside = match line {
            Line::Heading(affiliation) => html! {
                <h4 class="occupants__group">{ t(heading(*affiliation)) }</h4>
            },
            Line::Person(occupant) => person(state, jid, room, occupant),
        };
        let key = match line {
            Line::Heading(affiliation) => ["group ", heading(*affiliation)].concat(),
            Line::Person(occupant) => ["person ", &occupant.nick].concat(),
        };
        html! {
            <li
                class="occupants__row"
                {key}
                aria-posinset={place.to_string()}
                aria-setsize={lines.len().to_string()}
            >
                { inside }
            </li>
        }
    };
    html! {
        <section class="details__section" aria-labelledby="details-occupants">
            <h3 id="details-occupants" class="details__heading">{ t_count("room.people", count) }</h3>
            { search(query, onchange) }
            if lines.is_empty() && !query.is_empty() {
                <p class="details__text" role="status">{ t("occupants.nobody") }</p>
            }
            <div class="occupants">
                { rows.room(range.start) }
                <ul ref={rows.list()} class="occupants__list" aria-labelledby="details-occupants">
                    { for items.map(row) }
                </ul>
                { rows.room(lines.len() - range.end) }
            </div>
        </section>
    }
}

fn search(query: &AttrValue, onchange: Callback<AttrValue>) -> Html {
    let oninput = onchange.reform(|event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        AttrValue::from(input.value())
    });
    let onkeydown = {
        let (filled, onchange) = (!query.is_empty(), onchange.clone());
        Callback::from(move |event: KeyboardEvent| {
            if filled && event.key() == "Escape" && !event.is_composing() {
                event.prevent_default();
                event.stop_propagation();
                onchange.emit(AttrValue::default());
            }
        })
    };
    html! {
        <div class="search">
            { icon(Icon::Search) }
            <input
                class="search__input"
                type="search"
                aria-label={t("occupants.search")}
                placeholder={t("occupants.search")}
                autocomplete="off"
                spellcheck="false"
                dir="auto"
                value={query.clone()}
                {oninput}
                {onkeydown}
            />
            if !query.is_empty() {
                { icon_button(Icon::Close, t("search.clear"), onchange.reform(|_| AttrValue::default())) }
            }
        </div>
    }
}

fn person(state: &State, jid: &BareJid, room: &Room, occupant: &Rc<Occupant>) -> Html {
    let picture = state.face(jid, occupant);
    let name = tame(&occupant.nick);
    let shown = short(&occupant.nick, LONGEST_NAME);
    let ours = occupant.nick == room.nick;
    let alike = room.occupants.looking_like(&occupant.nick);
    let alike = alike.filter(|_| !ours).map(|other| {
        let name = short(&other.nick, LONGEST_NAME);
        t_with("name.alike", &[("name", &name)])
    });
    let standing = standing(occupant);
    let entries = deed::entries(state, jid, room, occupant);
    html! {
        <div class="occupant" title={occupant.jid.as_ref().map(|jid| jid.to_string())}>
            { avatar::occupant(&occupant.nick, picture, Size::Small, Some(occupant.availability)) }
            <div class="occupant__who">
                <bdi
                    class="occupant__name"
                    title={(shown != name).then(|| name.to_string())}
                >
                    { &*shown }
                </bdi>
                if let Some(alike) = alike {
                    <span class="occupant__alike" dir="auto">{ icon(Icon::Alert) }{ alike }</span>
                } else if !standing.is_empty() {
                    <span class="occupant__standing" title={standing.clone()} dir="auto">
                        { standing }
                    </span>
                }
            </div>
            if !entries.is_empty() {
                <Menu label={t_with("occupants.actions", &[("name", &name)])} {entries} />
            }
        </div>
    }
}

/// What the heading doesn't say: what they may do, and what else the room calls them.
fn standing(occupant: &Occupant) -> String {
    let role = match (occupant.affiliation, occupant.role) {
        (_, Role::Visitor) => Some(t("role.visitor")),
        (Affiliation::Owner | Affiliation::Admin, _) => None,
        (_, Role::Moderator) => Some(t("role.moderator")),
        (_, Role::Participant) => None,
    };
    let role = role.map(|role| role.to_string());
    let hats = occupant.hats.iter().map(|hat| tame(hat).into_owned());
    role.into_iter().chain(hats).collect::<Vec<_>>().join(" · ")
}

fn heading(affiliation: Affiliation) -> &'static str {
    match affiliation {
        Affiliation::Owner => "occupants.owners",
        Affiliation::Admin => "occupants.admins",
        Affiliation::Member => "occupants.members",
        Affiliation::None | Affiliation::Outcast => "occupants.others",
    }
}

#[cfg(test)]
mod tests {
    use couplet_engine::store::Occupants;

    use super::*;

    #[test]
    fn who_is_looked_for_stands_under_what_they_are() {
        let of = |nick: &str, affiliation, jid: Option<&str>| Occupant {
            nick: nick.to_owned(),
            affiliation,
            jid: jid.and_then(|jid| jid.parse().ok()),
            ..Occupant::default()
        };
        let room = Room {
            occupants: Occupants::from(vec![
                of("Zoë", Affiliation::Owner, None),
                of("Bob", Affiliation::None, Some("robert@example.org")),
                of("alice", Affiliation::None, None),
            ]),
            ..Room::default()
        };
        let shown = |query: &str| -> Vec<String> {
            let line = |line: &Line| match line {
                Line::Heading(affiliation) => heading(*affiliation).to_owned(),
                Line::Person(occupant) => occupant.nick.clone(),
            };
            lines(&room, query).iter().map(line).collect()
        };
        let everybody = [
            "occupants.owners",
            "Zoë",
            "occupants.others",
            "alice",
            "Bob",
        ];
        assert_eq!(shown(""), everybody);
        assert_eq!(shown(" zo "), ["occupants.owners", "Zoë"]);
        assert_eq!(shown("robert"), ["occupants.others", "Bob"]);
        assert!(shown("nobody").is_empty());
    }
}
