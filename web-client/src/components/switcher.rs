//! Goes to a conversation by a few letters of a name.

use std::str::FromStr;

use jid::BareJid;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::dialog::Dialog;
use super::icon_button::word;
use crate::hooks::use_model;
use crate::i18n::{lower, t, t_with};
use crate::route::Route;
use crate::state::{Filter, State};

/// More than anybody looks through; better to type another letter.
const MOST: usize = 8;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

#[derive(Default)]
struct Search {
    query: String,
    chosen: usize,
}

/// A field and the list of what goes with it (ARIA's combobox pattern).
#[component]
pub(crate) fn Switcher(props: &Props) -> Html {
    let state = &props.state;
    let search = use_model(Search::default);
    let Search { query, chosen } = &*search.read();
    let found = found(state, query);

    let oninput = {
        let search = search.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            search.change(|search| {
                *search = Search {
                    query: input.value(),
                    chosen: 0,
                }
            });
        })
    };
    let onkeydown = {
        let (state, search, found) = (state.clone(), search.clone(), found.clone());
        Callback::from(move |event: KeyboardEvent| {
            let count = found.len();
            if event.is_composing() || count == 0 {
                return;
            }
            match event.key().as_str() {
                "ArrowDown" => search.change(|search| search.chosen = (search.chosen + 1) % count),
                "ArrowUp" => {
                    search.change(|search| search.chosen = (search.chosen + count - 1) % count);
                }
                "Enter" => go(&state, &found[search.read().chosen.min(count - 1)]),
                _ => return,
            }
            event.prevent_default();
        })
    };
    let options = found
        .iter()
        .enumerate()
        .map(|(place, jid)| option(state, jid, place, *chosen));
    html! {
        <Dialog state={state.clone()} title={t("switcher.title")} class="dialog--search">
            <input
                class="switcher__input"
                type="text"
                role="combobox"
                aria-label={t("switcher.label")}
                aria-expanded={word(!found.is_empty())}
                aria-controls="switcher-options"
                aria-activedescendant={(!found.is_empty()).then(|| option_id(*chosen))}
                aria-autocomplete="list"
                placeholder={t("switcher.label")}
                autocomplete="off"
                spellcheck="false"
                autofocus=true
                dir="auto"
                {oninput}
                {onkeydown}
            />
            <ul id="switcher-options" class="switcher__options" role="listbox" aria-label={t("list.label")}>
                { for options }
            </ul>
            if found.is_empty() {
                <p class="switcher__none" role="status">
                    { t_with("empty.searchTitle", &[("query", query)]) }
                </p>
            }
        </Dialog>
    }
}

fn option(state: &State, jid: &BareJid, place: usize, chosen: usize) -> Html {
    let store = state.store();
    let name = store.name(jid);
    let availability = store.presence(jid).map(|presence| presence.availability);
    let onclick = {
        let (state, jid) = (state.clone(), jid.clone());
        Callback::from(move |_: MouseEvent| go(&state, &jid))
    };
    html! {
        <li
            key={jid.as_str()}
            id={option_id(place)}
            class="switcher__option"
            role="option"
            aria-selected={word(place == chosen)}
            {onclick}
        >
            { avatar(state, jid, name, Size::Small, availability) }
            <bdi class="switcher__name">{ name }</bdi>
            <bdi class="switcher__address">{ jid.as_str() }</bdi>
        </li>
    }
}

fn go(state: &State, jid: &BareJid) {
    state.close();
    Route::Chat(jid.clone()).go();
}

/// Those whose name begins with the query first, then all others that go with it;
/// an address that nobody has yet is somebody to write to.
fn found(state: &State, query: &str) -> Vec<BareJid> {
    let all = state.list(Filter::Anybody, query);
    let needle = lower(query.trim());
    let store = state.store();
    let begins = |jid: &BareJid| lower(store.name(jid)).starts_with(&needle);
    let (mut found, others): (Vec<_>, Vec<_>) = all.into_iter().partition(begins);
    found.extend(others);
    found.truncate(MOST);
    let address = BareJid::from_str(query.trim())
        .ok()
        .filter(|jid| jid.node().is_some());
    found.extend(address.filter(|address| !found.contains(address)));
    found
}

fn option_id(place: usize) -> String {
    ["switcher-", &place.to_string()].concat()
}
