//! The chat in another site's frame: one conversation, or the whole messenger; and what the
//! site is told of it.

mod course;
mod report;
mod support;
mod welcome;

use couplet_engine::store::{Direction, Message, SessionStatus, Topic};
use gloo_events::{EventListener, EventListenerOptions};
use jid::BareJid;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

use super::chat::Chat;
use super::sign_in::SignIn;
use crate::components::avatar::{Size, avatar};
use crate::components::connection_bar::ConnectionBar;
use crate::components::conversation::Conversation;
use crate::components::icon::Icon;
use crate::components::icon_button::icon_button;
use crate::components::notice::Notices;
use crate::components::room::RoomLine;
use crate::embedding::{Embedding, Heard, Mode};
use crate::hooks::{Model, use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::t;
use crate::look;
use crate::platform;
use crate::route::Route;
use crate::second::{Part, Second};
use crate::state::{State, Subject, document};
use course::{Course, go_on, is_of_somebody_else};
use report::report;
use support::is_answered;
use welcome::{agreement, vouched_for, welcome};

/// What the focus goes to, the first that there is.
const FIELDS: &str =
    ".embedded__form .field__input, .embedded__form button, .composer__field, .sign-in input";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

/// All that there is of it.
#[component]
pub(crate) fn Embedded(props: &Props) -> Html {
    let state = &props.state;
    let mut subjects: Vec<Subject> = vec![
        Topic::Session.into(),
        Topic::Conversations.into(),
        Topic::Roster.into(),
        Subject::Place,
        Subject::Attention,
        Subject::Rooms,
    ];
    let site = use_memo((), |()| Embedding::around());
    let site = (*site).clone();
    let target = site.as_ref().and_then(Embedding::target);
    if let Some(jid) = &target {
        subjects.push(Topic::Conversation(jid.clone()).into());
        subjects.push(Topic::Room(jid.clone()).into());
        subjects.push(Topic::Occupants(jid.clone()).into());
        subjects.push(Topic::Presence(jid.clone()).into());
    }
    subjects.extend(state.me().map(|me| Topic::Profile(me).into()));
    use_subjects(state, subjects);
    let course = use_model(Course::new);
    {
        let (state, course, site) = (state.clone(), course.clone(), site.clone());
        use_mount(Box::new(move || {
            let site = site?;
            site.tell("ready", &[]);
            let (hearing, heard) = (state.clone(), course.clone());
            site.listen(move |said| hear(&hearing, &heard, said));
            let document = document()?;
            let options = EventListenerOptions::enable_prevent_default();
            let state = state.clone();
            let listener =
                EventListener::new_with_options(&document, "keydown", options, move |event| {
                    if let Some(event) = event.dyn_ref() {
                        press(&state, &site, event);
                    }
                });
            Some(Box::new(move || drop(listener)))
        }));
    }
    {
        let (state, course, site) = (state.clone(), course.clone(), site.clone());
        use_each_rendering(Box::new(move || {
            let Some(site) = site else { return };
            go_on(&state, &site, &course);
            report(&state, &site, &course);
            if course.read().wants_focus && focus_field() {
                course.note(|course| course.wants_focus = false);
            }
        }));
    }
    let Some(site) = &site else {
        return Html::default();
    };
    if site.is_empty() {
        return unready(state, site, &course);
    }
    if let Some(text) = site.consent() {
        return agreement(state, site, &course, text);
    }
    let signed_in = match state.store().status() {
        SessionStatus::SignedOut { .. } | SessionStatus::SigningIn(_) => false,
        SessionStatus::Online
        | SessionStatus::Reconnecting { .. }
        | SessionStatus::Waiting { .. } => !is_of_somebody_else(state, site),
    };
    if !signed_in && course.read().looking && site.user().is_none() {
        return Html::default();
    }
    match (signed_in, site.mode) {
        (false, _) if site.user().is_some() => vouched_for(state, site, &course),
        (false, _) if site.guests => welcome(state, site, &course),
        (false, _) => html! {
            <>
                <div class="embedded__out">{ way_out(site) }</div>
                <SignIn state={state.clone()} />
            </>
        },
        (true, Mode::Full) => html! { <Chat state={state.clone()} /> },
        (true, _) => conversation(state, site, &course),
    }
}

/// The conversation that all this is about, or one that it has led to.
fn conversation(state: &State, site: &Embedding, course: &Model<Course>) -> Html {
    let route = state.route();
    let target = site.target();
    let jid = route.jid().or(target.as_ref());
    let is_target = |jid: &&BareJid| target.as_ref() == Some(*jid);
    let is_there = |jid: &&BareJid| !site.is_room() || !is_target(jid) || is_room(state, jid);
    let Some(jid) = jid.filter(is_there) else {
        return unready(state, site, course);
    };
    let details = matches!(route, Route::Details(_));
    let place = if details { "details" } else { "conversation" };
    let first = is_target(&jid) && !has_said(state, jid);
    let greeting = words_first(state, site, jid).filter(|_| first);
    // Who has no account has nothing to do with a conversation but to talk.
    let only = state.is_guest() && is_target(&jid);
    let class = match only {
        true if site.agents().is_some() => "shell embedded embedded--only embedded--own",
        true => "shell embedded embedded--only",
        false if is_target(&jid) => "shell embedded embedded--first",
        false => "shell embedded",
    };
    html! {
        <>
            <div class={class}>
                if only {
                    { head(state, site) }
                } else {
                    <header>
                        <h1 class="visually-hidden">{ title_of(state, site) }</h1>
                        <div class="embedded__out">{ way_out(site) }</div>
                    </header>
                }
                <ConnectionBar state={state.clone()} />
                <Notices state={state.clone()} />
                if let Some(greeting) = greeting {
                    <p class="embedded__greeting" dir="auto">{ greeting }</p>
                }
                <div class="columns" data-place={place}>
                    <main class="main">
                        <Conversation
                            key={jid.as_str()}
                            state={state.clone()}
                            jid={jid.clone()}
                            {details}
                        />
                    </main>
                    if details {
                        <Second state={state.clone()} part={Part::Details(jid.clone())} />
                    }
                </div>
            </div>
            if let Some(layer) = state.layer() {
                <Second state={state.clone()} part={Part::Layer(layer)} />
            }
        </>
    }
}

/// What it is called: as the site says, or as the other side is.
fn title_of(state: &State, site: &Embedding) -> AttrValue {
    let label = site.setting("label").map(AttrValue::from);
    if site.agents().is_some() {
        // The room is called as the guest is.
        return label.unwrap_or_else(|| t("embedded.support"));
    }
    let name = |target| AttrValue::from(state.store().name(&target).to_owned());
    let name = label.or_else(|| site.target().map(name));
    name.unwrap_or_else(|| t("app.name"))
}

/// The head of all of it; that of a conversation has more for whoever has an account.
fn head(state: &State, site: &Embedding) -> Html {
    let title = title_of(state, site);
    let target = site.target().filter(|_| state.me().is_some());
    let support = site.agents().is_some();
    let face = site.agents().cloned().or_else(|| target.clone());
    html! {
        <header class="head embedded__head">
            <h1 class="visually-hidden">{ title.clone() }</h1>
            if let Some(jid) = face.filter(|_| state.me().is_some()) {
                { avatar(state, &jid, &title, Size::Medium, None) }
            }
            <div class="head__words">
                <h2 class="head__name"><bdi>{ title.clone() }</bdi></h2>
                if let Some(jid) = target {
                    if support {
                        <p class="head__line">
                            { t(if is_answered(state, &jid) { "embedded.here" } else { "embedded.later" }) }
                        </p>
                    } else {
                        <RoomLine {jid} state={state.clone()} />
                    }
                }
            </div>
            { way_out(site) }
        </header>
    }
}

/// The button that closes the panel on the site's page, where there is one.
fn way_out(site: &Embedding) -> Html {
    if site.mode != Mode::Bubble {
        return Html::default();
    }
    let site = site.clone();
    let close = Callback::from(move |_| site.tell("close", &[]));
    icon_button(Icon::Close, t("embedded.close"), close)
}

/// Where there is no conversation yet, or none to be had.
fn unready(state: &State, site: &Embedding, course: &Model<Course>) -> Html {
    html! {
        <div class="embedded">
            { head(state, site) }
            { waiting(course) }
        </div>
    }
}

/// While the way to the room is made, or why there is none.
fn waiting(course: &Model<Course>) -> Html {
    let complaint = course.read().complaint.clone();
    html! {
        <main class="embedded__words" aria-busy={complaint.is_none().then_some("true")}>
            if let Some(complaint) = complaint {
                <p role="alert">{ complaint }</p>
            } else {
                <span class="spinner" aria-hidden="true"></span>
                <p role="status">{ t("embedded.entering") }</p>
            }
        </main>
    }
}

fn is_room(state: &State, jid: &BareJid) -> bool {
    state.store().room(jid).is_some()
}

/// What stands before the first words: that nobody is there, if so and if the site has words for
/// it, or its greeting.
fn words_first(state: &State, site: &Embedding, jid: &BareJid) -> Option<String> {
    let away = if site.agents().is_some() && state.is_guest() {
        !is_answered(state, jid)
    } else {
        let store = state.store();
        !site.is_room() && store.contact(jid).is_some() && store.presence(jid).is_none()
    };
    let said = away.then(|| site.setting("offline-message")).flatten();
    said.or_else(|| site.setting("greeting"))
}

fn has_said(state: &State, jid: &BareJid) -> bool {
    let store = state.store();
    let ours = |message: &std::rc::Rc<Message>| message.direction == Direction::Outgoing;
    store
        .conversation(jid)
        .is_some_and(|known| known.timeline.iter().any(ours))
}

fn hear(state: &State, course: &Model<Course>, said: Heard) {
    match said {
        Heard::Settings => {
            look::show();
            course.change(|_| {});
        }
        Heard::Visible(open) => {
            state.cover(!open);
            course.change(|course| course.seen |= open);
        }
        Heard::Focus => course.change(|course| course.wants_focus = true),
        Heard::Send(text) => course.change(|course| course.to_say.push(text)),
        Heard::User => course.change(|course| {
            (course.begun, course.was_here, course.insists) = (false, false, true);
        }),
    }
}

/// Puts the focus where one writes; false as long as there is no such place.
fn focus_field() -> bool {
    if platform::is_touch() {
        // The keyboard would hide half of it.
        return true;
    }
    let field = document().and_then(|document| document.query_selector(FIELDS).ok()?);
    let field = field.and_then(|field| field.dyn_into::<HtmlElement>().ok());
    field.is_some_and(|field| field.focus().is_ok())
}

/// Leaves what is open in it, or the panel.
fn press(state: &State, site: &Embedding, event: &KeyboardEvent) {
    let taken = event.default_prevented() || event.is_composing() || state.layer().is_some();
    if taken || event.key() != "Escape" || site.mode == Mode::Full {
        return;
    }
    match state.route() {
        Route::Details(jid) => Route::Chat(jid).go(),
        Route::Chat(jid) if site.target().as_ref() != Some(&jid) => Route::Home.go(),
        _ if site.mode == Mode::Bubble => site.tell("close", &[]),
        _ => return,
    }
    event.prevent_default();
}
