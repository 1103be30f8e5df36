//! The chat in another site's frame: one conversation, or the whole messenger; and what the
//! site is told of it.

use couplet_engine::Timestamp;
use couplet_engine::store::{
    Direction, Entry, Left, Message, MessageId, Notes, SessionStatus, Topic, Trouble,
};
use gloo_events::{EventListener, EventListenerOptions};
use jid::BareJid;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::JsValue;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

use super::chat::Chat;
use super::sign_in::SignIn;
use crate::components::avatar::{Size, avatar};
use crate::components::connection_bar::ConnectionBar;
use crate::components::conversation::Conversation;
use crate::components::dialog::{submitting, value};
use crate::components::field::{Field, focus};
use crate::components::icon::Icon;
use crate::components::icon_button::icon_button;
use crate::components::notice::Notices;
use crate::components::room::{RoomLine, nick, words};
use crate::components::trouble::{alert, title};
use crate::embedding::{Embedding, Heard, Mode};
use crate::hooks::{Model, use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::t;
use crate::look;
use crate::platform;
use crate::route::Route;
use crate::second::{Part, Second};
use crate::state::{State, Subject, document};

const NAME: &str = "embedded-name";
/// Names of guests that somebody else has already are tried so often with a number.
const NAMES: u32 = 20;
/// So many messages are looked through for what the site hasn't been told.
const NEWEST: usize = 50;
/// What the focus goes to, the first that there is.
const FIELDS: &str = "#embedded-name, .composer__field, .sign-in input";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

/// How far it is, and what the site has been told.
struct Course {
    /// When it began: what is older is no news.
    began: Timestamp,
    /// Whether anybody has opened it.
    seen: bool,
    /// Whether the focus is to go into a field as soon as there is one.
    wants_focus: bool,
    /// Whether a guest has been signed in.
    begun: bool,
    /// How often the room has been entered since there is a connection.
    entered: u32,
    /// Whether a name is missing.
    nameless: bool,
    /// What the site wants to be said.
    to_say: Vec<String>,
    unread: u32,
    told: Vec<MessageId>,
    complaint: Option<AttrValue>,
}

impl Course {
    fn new() -> Self {
        Self {
            began: platform::now().wall,
            seen: false,
            wants_focus: false,
            begun: false,
            entered: 0,
            nameless: false,
            to_say: Vec::new(),
            unread: 0,
            told: Vec::new(),
            complaint: None,
        }
    }
}

/// All that there is of it.
#[component]
pub(crate) fn Embedded(props: &Props) -> Html {
    let state = &props.state;
    let mut subjects: Vec<Subject> = vec![
        Topic::Session.into(),
        Topic::Conversations.into(),
        Subject::Place,
        Subject::Attention,
    ];
    let site = use_memo((), |()| Embedding::around());
    let site = (*site).clone();
    let target = site.as_ref().and_then(|site| site.target.as_ref());
    if let Some(jid) = target {
        subjects.push(Topic::Conversation(jid.clone()).into());
        subjects.push(Topic::Room(jid.clone()).into());
    }
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
    let signed_in = match state.store().status() {
        SessionStatus::SignedOut { .. } | SessionStatus::SigningIn(_) => false,
        SessionStatus::Online
        | SessionStatus::Reconnecting { .. }
        | SessionStatus::Waiting { .. } => true,
    };
    match (signed_in, site.mode) {
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
    let jid = route.jid().or(site.target.as_ref());
    let Some(jid) = jid else {
        return html! {
            <div class="embedded">
                { head(state, site) }
                <div class="embedded__words"><p role="alert">{ t("embedded.nothing") }</p></div>
            </div>
        };
    };
    let details = matches!(route, Route::Details(_));
    let place = if details { "details" } else { "conversation" };
    let is_there = !site.is_room || site.target.as_ref() != Some(jid) || is_room(state, jid);
    if !is_there {
        return html! {
            <div class="embedded">
                { head(state, site) }
                { waiting(course) }
            </div>
        };
    }
    let greeting = site.setting("greeting").filter(|_| !has_said(state, jid));
    // Who has no account has nothing to do with a conversation but to talk.
    let only = state.is_guest() && site.target.as_ref() == Some(jid);
    html! {
        <>
            <div class={if only { "shell embedded embedded--only" } else { "shell embedded" }}>
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

/// Before a guest is there: what the site says, and what they are to be called.
fn welcome(state: &State, site: &Embedding, course: &Model<Course>) -> Html {
    let trouble = match state.store().status() {
        SessionStatus::SignedOut { trouble } => trouble.clone(),
        _ => None,
    };
    let named = site.nickname().is_some();
    if named && trouble.is_none() {
        return html! {
            <div class="embedded">
                { head(state, site) }
                { waiting(course) }
            </div>
        };
    }
    let onsubmit = {
        let (state, site, course) = (state.clone(), site.clone(), course.clone());
        submitting(move |data| begin(&state, &site, &course, value(data, NAME)))
    };
    let greeting = site.setting("greeting");
    let greeting = greeting.map_or_else(|| t("embedded.hello"), AttrValue::from);
    html! {
        <div class="embedded">
            { head(state, site) }
            <main class="embedded__welcome">
                <p class="embedded__hello" dir="auto">{ greeting }</p>
                <form class="embedded__form" novalidate=true {onsubmit}>
                    if let Some(trouble) = &trouble {
                        { alert(trouble, &state.config().domains) }
                    }
                    { name_field(site, course) }
                    <button type="submit" class="button button--primary">
                        { t(if trouble.is_some() { "log.retry" } else { "embedded.start" }) }
                    </button>
                </form>
            </main>
        </div>
    }
}

fn name_field(site: &Embedding, course: &Model<Course>) -> Html {
    if site.setting("nickname").is_some() {
        return Html::default();
    }
    let nameless = course.read().nameless;
    Field {
        id: NAME,
        label: t("embedded.name"),
        autocomplete: Some("nickname"),
        hint: Some(t("embedded.nameHint")),
        error: nameless.then(|| t("embedded.noName")),
        ..Field::default()
    }
    .html()
}

fn begin(state: &State, site: &Embedding, course: &Model<Course>, name: String) {
    let given = site.setting("nickname").is_some();
    course.change(|course| course.nameless = name.is_empty() && !given);
    if !given {
        if name.is_empty() {
            return focus(NAME);
        }
        site.keep_nickname(&name);
    }
    course.note(|course| course.wants_focus = true);
    be_guest(state, site);
}

fn be_guest(state: &State, site: &Embedding) {
    let first = || state.config().domains.first().cloned();
    let domain = site.setting("domain").or_else(first);
    if let Some(domain) = domain.and_then(|domain| domain.parse::<BareJid>().ok()) {
        state.be_guest(domain);
    }
}

/// What it is called: as the site says, or as the other side is.
fn title_of(state: &State, site: &Embedding) -> AttrValue {
    let label = site.setting("label").map(AttrValue::from);
    let name = |target| AttrValue::from(state.store().name(target).to_owned());
    let name = label.or_else(|| site.target.as_ref().map(name));
    name.unwrap_or_else(|| t("app.name"))
}

/// The head of all of it; that of a conversation has more for whoever has an account.
fn head(state: &State, site: &Embedding) -> Html {
    let title = title_of(state, site);
    let target = site.target.as_ref().filter(|_| state.me().is_some());
    html! {
        <header class="head embedded__head">
            <h1 class="visually-hidden">{ title.clone() }</h1>
            if let Some(jid) = target {
                { avatar(state, jid, &title, Size::Medium, None) }
            }
            <div class="head__words">
                <h2 class="head__name"><bdi>{ title.clone() }</bdi></h2>
                if let Some(jid) = target {
                    <RoomLine state={state.clone()} jid={jid.clone()} />
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
        Route::Chat(jid) if site.target.as_ref() != Some(&jid) => Route::Home.go(),
        _ if site.mode == Mode::Bubble => site.tell("close", &[]),
        _ => return,
    }
    event.prevent_default();
}

/// Does what is next on the way into the conversation.
fn go_on(state: &State, site: &Embedding, course: &Model<Course>) {
    let status = state.store().status().clone();
    if let SessionStatus::SignedOut { trouble: None } = status {
        let seen = course.read().seen || site.mode != Mode::Bubble;
        if site.guests && seen && !course.read().begun && site.nickname().is_some() {
            course.note(|course| course.begun = true);
            be_guest(state, site);
        }
        return;
    }
    if status != SessionStatus::Online {
        return course.note(|course| course.entered = 0);
    }
    let Some(target) = &site.target else { return };
    let entry = state.store().room(target).map(|room| room.entry.clone());
    if site.is_room {
        enter(state, site, target, entry.as_ref(), course);
    }
    if site.is_room && entry.is_none() {
        return;
    }
    let mut to_say = Vec::new();
    course.note(|course| to_say = std::mem::take(&mut course.to_say));
    for text in to_say {
        if state.is_guest() {
            state.send(target.clone(), text, Notes::default());
        } else {
            // Nobody speaks for whoever has signed in.
            state.suggest(target, &text);
        }
    }
}

fn enter(
    state: &State,
    site: &Embedding,
    room: &BareJid,
    entry: Option<&Entry>,
    course: &Model<Course>,
) {
    let tried = course.read().entered;
    let nickname = site.nickname().filter(|_| state.is_guest());
    let name = match entry {
        None | Some(Entry::Left(Left::Away)) if tried == 0 => nickname,
        Some(Entry::Left(Left::NickTaken)) if (1..NAMES).contains(&tried) => {
            let Some(nickname) = nickname else { return };
            Some(format!("{nickname} {}", tried + 1))
        }
        _ => return,
    };
    course.note(|course| course.entered += 1);
    state.join_room(room.clone(), name, None);
}

/// Tells the site what it doesn't know yet.
fn report(state: &State, site: &Embedding, course: &Model<Course>) {
    let unread = match (&site.target, site.mode) {
        (Some(target), Mode::Bubble | Mode::Inline) => {
            let store = state.store();
            store.conversation(target).map_or(0, |known| known.unread)
        }
        _ => state.unread(),
    };
    if course.read().unread != unread {
        course.note(|course| course.unread = unread);
        site.tell("unread", &[("count", unread.into())]);
    }
    if let Some(target) = &site.target {
        tell_of_messages(state, site, target, course);
    }
    let complaint = complaint(state, site);
    let words = complaint.as_ref().map(|(_, words)| words.clone());
    if course.read().complaint != words {
        if let Some((code, text)) = complaint {
            site.tell(
                "error",
                &[("code", code.into()), ("text", text.as_str().into())],
            );
        }
        course.change(|course| course.complaint = words);
    }
}

fn tell_of_messages(state: &State, site: &Embedding, target: &BareJid, course: &Model<Course>) {
    let began = course.read().began;
    let mut news = Vec::new();
    if let Some(known) = state.store().conversation(target) {
        let newest = known.timeline.iter().rev().take(NEWEST);
        let new = newest.filter(|message| message.at >= began && !message.body.is_empty());
        news.extend(
            new.filter(|message| !course.read().told.contains(&message.id))
                .cloned(),
        );
    }
    for message in news.into_iter().rev() {
        course.note(|course| {
            course.told.push(message.id.clone());
            let old = course.told.len().saturating_sub(2 * NEWEST);
            course.told.drain(..old);
        });
        let own = message.direction == Direction::Outgoing;
        let mut detail: Vec<(&str, JsValue)> = vec![("own", own.into())];
        if state.is_guest() {
            let from = nick(&message).unwrap_or_else(|| state.store().name(target).to_owned());
            let from = if own { String::new() } else { from };
            detail.push(("from", from.into()));
            detail.push(("text", message.body.as_str().into()));
        }
        site.tell("message", &detail);
    }
}

/// What keeps one from talking.
fn complaint(state: &State, site: &Embedding) -> Option<(&'static str, AttrValue)> {
    let store = state.store();
    if let SessionStatus::SignedOut {
        trouble: Some(trouble),
    } = store.status()
    {
        let trouble: &Trouble = trouble;
        return Some(("sign-in", title(trouble)));
    }
    let Entry::Left(left) = &store.room(site.target.as_ref()?)?.entry else {
        return None;
    };
    match left {
        // On the way in again, or with another name.
        Left::Away | Left::NickTaken => None,
        left => Some(("room", words(left))),
    }
}
