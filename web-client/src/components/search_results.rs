//! The messages that were found, under the names that go with what is typed.

use std::rc::Rc;

use couplet_engine::store::{Direction, Message};
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::conversation_list::move_focus;
use super::excerpt::excerpt;
use super::message_text::instead;
use super::room::nick;
use crate::hooks::{use_change, use_model, use_mount, use_subjects};
use crate::i18n::{self, Clock, list_time, t, t_count, t_with};
use crate::route::Route;
use crate::state::{Found, State, Subject, Target};

/// So many are shown at first, and so many more each time.
const STEP: usize = 30;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    /// What is typed; not empty.
    pub(crate) query: AttrValue,
    pub(crate) clock: Clock,
}

/// What was found for which query, and how many of it are wanted.
struct View {
    query: AttrValue,
    limit: usize,
}

/// The list, and how far the search has got.
#[component]
pub(crate) fn SearchResults(props: &Props) -> Html {
    let Props { state, query, .. } = props;
    use_subjects(state, vec![Subject::Search]);
    let view = use_model(|| View {
        query: query.clone(),
        limit: STEP,
    });
    let limit = match &*view.read() {
        View {
            query: known,
            limit,
        } if known == query => *limit,
        _ => STEP,
    };
    {
        let (state, query) = (state.clone(), query.clone());
        use_change(
            [&limit.to_string(), " ", query.as_str()].concat(),
            Box::new(move || {
                state.search(&query, limit);
                None
            }),
        );
    }
    {
        let state = state.clone();
        use_mount(Box::new(move || {
            Some(Box::new(move || state.search("", 0)))
        }));
    }
    let more = {
        let (view, query) = (view.clone(), query.clone());
        Callback::from(move |_: MouseEvent| {
            view.change(|view| {
                *view = View {
                    query: query.clone(),
                    limit: limit + STEP,
                }
            });
        })
    };
    let found = state.found().clone();
    let items = found.messages.iter().enumerate();
    html! {
        <section class="finds" aria-labelledby="finds-title">
            <h2 id="finds-title" class="finds__title">{ t("search.messages") }</h2>
            { status(&found, query) }
            <ul class="finds__list" aria-labelledby="finds-title" onkeydown={Callback::from(move_focus)}>
                { for items.map(|(place, (key, message))| item(props, &found, place, key, message)) }
            </ul>
            if found.more {
                <button type="button" class="button button--small finds__more" onclick={more}>
                    { t("search.more") }
                </button>
            }
        </section>
    }
}

/// For a screen reader always; to be seen only where there is nothing else to see.
fn status(found: &Found, query: &str) -> Html {
    let count = u32::try_from(found.messages.len()).unwrap_or(u32::MAX);
    let current = found.query == query.trim();
    let (words, shown) = match count {
        _ if !current || !found.whole => (
            t_count(
                "search.reading",
                u32::try_from(found.read).unwrap_or(u32::MAX),
            ),
            current,
        ),
        0 => (t_with("search.nothing", &[("query", query.trim())]), true),
        _ if found.more => (t("search.many"), false),
        _ => (t_count("search.found", count), false),
    };
    let busy = shown && !found.whole;
    html! {
        <p class={if shown { "finds__status" } else { "visually-hidden" }} role="status">
            if busy {
                <span class="spinner" aria-hidden="true"></span>
            }
            { words }
        </p>
    }
}

fn item(props: &Props, found: &Found, place: usize, key: &str, message: &Rc<Message>) -> Html {
    let Props { state, clock, .. } = props;
    let jid = &message.conversation;
    let store = state.store();
    let name = store.name(jid);
    let onclick = {
        let (state, jid) = (state.clone(), jid.clone());
        let target = Target::Message(key.to_owned());
        Callback::from(move |event: MouseEvent| {
            // With a key held down it is the browser's to open another tab.
            if !event.ctrl_key() && !event.meta_key() && !event.shift_key() {
                event.prevent_default();
                state.go_to(&jid, target.clone());
            }
        })
    };
    html! {
        <li key={key.to_owned()}>
            <a
                class="find"
                href={Route::Chat(jid.clone()).href()}
                tabindex={if place == 0 { "0" } else { "-1" }}
                {onclick}
            >
                { avatar(state, jid, name, Size::Medium, None) }
                <span class="find__name"><bdi>{ name }</bdi></span>
                <time class="find__time">{ list_time(message.at, *clock) }</time>
                <span class="find__text" dir="auto">
                    if message.direction == Direction::Outgoing {
                        <span class="find__own">{ t("search.own") }</span>{ " " }
                    } else if let Some(nick) = nick(message) {
                        <bdi class="find__own">{ nick }</bdi>{ ": " }
                    }
                    { excerpt(&said(message), &found.words, i18n::fold) }
                </span>
            </a>
        </li>
    }
}

/// The text, or the name of the file that is sent without one.
fn said(message: &Message) -> AttrValue {
    if let Some(words) = instead(message) {
        return words;
    }
    match (message.caption(), message.file()) {
        ("", Some(file)) => file.name.clone().into(),
        (text, _) => text.to_owned().into(),
    }
}
