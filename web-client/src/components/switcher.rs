//! Goes to a conversation by a few letters of a name, or sends somebody's address there.

use couplet_engine::store::Entry;
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
use crate::uri::Uri;

/// More than anybody looks through; better to type another letter.
const MOST: usize = 8;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    /// Whose address is to be sent, if one is.
    pub(crate) shared: Option<BareJid>,
}

#[derive(Default)]
struct Search {
    query: String,
    chosen: usize,
}

/// A field and the list of what goes with it (ARIA's combobox pattern).
#[component]
pub(crate) fn Switcher(props: &Props) -> Html {
    let Props { state, shared } = props;
    let search = use_model(Search::default);
    let Search { query, chosen } = &*search.read();
    let found = found(state, shared.as_ref(), query);
    let choose = choosing(state, shared.clone());

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
        let (search, found, choose) = (search.clone(), found.clone(), choose.clone());
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
                "Enter" => choose.emit(found[search.read().chosen.min(count - 1)].clone()),
                _ => return,
            }
            event.prevent_default();
        })
    };
    let options = found
        .iter()
        .enumerate()
        .map(|(place, jid)| option(state, jid, place, *chosen, &choose));
    let title = match shared {
        Some(jid) => t_with("share.sendTitle", &[("name", state.store().name(jid))]),
        None => t("switcher.title"),
    };
    html! {
        <Dialog state={state.clone()} {title} class="dialog--search">
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
            if found.is_empty() && !query.trim().is_empty() {
                <p class="switcher__none" role="status">
                    { t_with("empty.searchTitle", &[("query", query)]) }
                </p>
            }
        </Dialog>
    }
}

fn option(
    state: &State,
    jid: &BareJid,
    place: usize,
    chosen: usize,
    choose: &Callback<BareJid>,
) -> Html {
    let store = state.store();
    let name = store.name(jid);
    let availability = store.presence(jid).map(|presence| presence.availability);
    let onclick = {
        let jid = jid.clone();
        choose.reform(move |_: MouseEvent| jid.clone())
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

fn choosing(state: &State, shared: Option<BareJid>) -> Callback<BareJid> {
    let state = state.clone();
    Callback::from(move |jid: BareJid| {
        state.close();
        Route::Chat(jid.clone()).go();
        if let Some(shared) = &shared {
            state.send_contact(&jid, shared);
        }
    })
}

/// Those whose name begins with the query first, then all others that go with it;
/// an address that nobody has yet is somebody to write to. Nobody is sent their own address, and
/// nothing to a room that one has left.
fn found(state: &State, shared: Option<&BareJid>, query: &str) -> Vec<BareJid> {
    let mut all = state.list(Filter::Anybody, query);
    let needle = lower(query.trim());
    let store = state.store();
    if shared.is_some() {
        let is_left = |jid: &BareJid| {
            let room = store.room(jid);
            room.is_some_and(|room| matches!(room.entry, Entry::Left(_)))
        };
        all.retain(|jid| Some(jid) != shared && !is_left(jid));
    }
    let begins = |jid: &BareJid| lower(store.name(jid)).starts_with(&needle);
    let (mut found, others): (Vec<_>, Vec<_>) = all.into_iter().partition(begins);
    found.extend(others);
    found.truncate(MOST);
    let address = Uri::typed(query).map(|uri| uri.jid);
    found.extend(address.filter(|address| Some(address) != shared && !found.contains(address)));
    found
}

fn option_id(place: usize) -> String {
    ["switcher-", &place.to_string()].concat()
}
