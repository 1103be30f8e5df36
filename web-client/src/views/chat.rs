//! Signed in: conversations, one of them open, its details beside it.

use couplet_engine::store::Topic;
use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

use crate::components::connection_bar::ConnectionBar;
use crate::components::conversation::Conversation;
use crate::components::empty::no_conversation;
use crate::components::layer::Layer;
use crate::components::notice::Notices;
use crate::components::sidebar::Sidebar;
use crate::hooks::{use_each_rendering, use_mount, use_subjects};
use crate::i18n::t;
use crate::platform::badge;
use crate::route::Route;
use crate::second::{self, Part, Second};
use crate::state::{Filter, State, Subject, document};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

/// The three columns, of which narrow screens show two or one at a time.
#[component]
pub(crate) fn Chat(props: &Props) -> Html {
    let state = &props.state;
    use_subjects(state, vec![Subject::Place, Topic::Conversations.into()]);
    {
        let state = state.clone();
        use_each_rendering(Box::new(move || {
            badge::show(state.unread());
            state.follow_link();
        }));
    }
    {
        let state = state.clone();
        use_mount(Box::new(move || {
            let document = document()?;
            let options = EventListenerOptions::enable_prevent_default();
            let listener =
                EventListener::new_with_options(&document, "keydown", options, move |event| {
                    if let Some(event) = event.dyn_ref() {
                        press(&state, event);
                    }
                });
            second::prefetch();
            Some(Box::new(move || drop(listener)))
        }));
    }
    let route = state.route();
    let (place, details) = match &route {
        Route::Home | Route::Open(_) => ("list", false),
        Route::Chat(_) | Route::Settings(_) => ("conversation", false),
        Route::Details(_) => ("details", true),
    };
    html! {
        <>
            <div class="shell">
                <header>
                    <h1 class="visually-hidden">{ t("app.name") }</h1>
                    <ConnectionBar state={state.clone()} />
                    <Notices state={state.clone()} />
                </header>
                <div class="columns" data-place={place}>
                    <Sidebar state={state.clone()} current={route.jid().cloned()} />
                    <main class="main">
                        if let Route::Settings(section) = route {
                            <Second state={state.clone()} part={Part::Settings(section)} />
                        } else if let Some(jid) = route.jid() {
                            <Conversation
                                key={jid.as_str()}
                                state={state.clone()}
                                jid={jid.clone()}
                                {details}
                            />
                        } else {
                            { no_conversation() }
                        }
                    </main>
                    if let Route::Details(jid) = &route {
                        <Second
                            key={jid.as_str()}
                            state={state.clone()}
                            part={Part::Details(jid.clone())}
                        />
                    }
                </div>
            </div>
            if let Some(layer) = state.layer() {
                <Second state={state.clone()} part={Part::Layer(layer)} />
            }
        </>
    }
}

/// The keys that work everywhere.
fn press(state: &State, event: &KeyboardEvent) {
    // A dialog has the keyboard to itself; what was handled is done.
    if state.layer().is_some() || event.default_prevented() || event.is_composing() {
        return;
    }
    let command = event.ctrl_key() || event.meta_key();
    match (event.key().as_str(), command, event.alt_key()) {
        ("k" | "K", true, false) => state.open(Layer::Switcher(None)),
        (",", true, _) => Route::Settings(None).go(),
        ("?", false, false) if !is_text_field(event) => state.open(Layer::Shortcuts),
        ("ArrowDown", false, true) => go_to_neighbour(state, 1),
        ("ArrowUp", false, true) => go_to_neighbour(state, -1),
        ("Escape", false, false) => match state.route() {
            Route::Details(jid) => Route::Chat(jid).go(),
            Route::Settings(_) => Route::Home.go(),
            Route::Chat(_) | Route::Home | Route::Open(_) => return,
        },
        _ => return,
    }
    event.prevent_default();
}

fn is_text_field(event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA"))
}

/// Down the list by `step`, or up.
fn go_to_neighbour(state: &State, step: isize) {
    let list = state.list(Filter::All, "");
    let route = state.route();
    let present = route
        .jid()
        .and_then(|jid| list.iter().position(|listed| listed == jid));
    let next = match present {
        Some(place) => place.checked_add_signed(step),
        None => Some(0),
    };
    if let Some(jid) = next.and_then(|next| list.get(next)) {
        Route::Chat(jid.clone()).go();
    }
}
