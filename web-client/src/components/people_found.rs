//! People whom the server's directory has for a name, below the field that it is typed into.

use couplet_engine::store::Person;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::icon_button::word;
use crate::i18n::t;
use crate::state::State;

/// The list's id.
pub(crate) const LIST: &str = "people-found";

/// The list, if there is anybody in it; `chosen` is who would be taken by Enter.
pub(crate) fn people_found(
    state: &State,
    people: &[Person],
    chosen: Option<usize>,
    onchoose: Callback<usize>,
) -> Html {
    let option = |(place, person): (usize, &Person)| {
        let onclick = onchoose.reform(move |_: MouseEvent| place);
        // The field keeps the focus.
        let onmousedown = Callback::from(|event: MouseEvent| event.prevent_default());
        html! {
            <li
                key={person.jid.as_str()}
                id={option_id(place)}
                class="switcher__option"
                role="option"
                aria-selected={word(chosen == Some(place))}
                {onmousedown}
                {onclick}
            >
                { avatar(state, &person.jid, &person.name, Size::Medium, None) }
                <span class="people-found__text">
                    <span class="people-found__line">
                        <bdi class="people-found__name">{ &person.name }</bdi>
                        { for person.details.iter().map(detail) }
                    </span>
                    <bdi class="people-found__address">{ person.jid.as_str() }</bdi>
                </span>
            </li>
        }
    };
    if people.is_empty() {
        return Html::default();
    }
    let options = people.iter().enumerate().map(option);
    html! {
        <ul id={LIST} class="people-found" role="listbox" aria-label={t("add.people")}>
            { for options }
        </ul>
    }
}

/// The id of what is at this place of the list.
pub(crate) fn option_id(place: usize) -> String {
    [LIST, "-", &place.to_string()].concat()
}

/// Apart from what stands before it, for a screen reader too.
fn detail(detail: &String) -> Html {
    html! { <>{ " · " }<bdi class="people-found__detail">{ detail }</bdi></> }
}
