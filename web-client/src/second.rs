//! What is opened now and then is a module of its own: it comes while nothing else is to be
//! done, or when somebody opens a part of it.
//!
//! `xtask/src/split.rs` has a list of the ways in, of which [`draw`] is the widest. What only
//! they lead to is in that module, and none of them is taken before it is here.

use couplet_engine::store::{Topic, Whisper};
use gloo_timers::callback::Timeout;
use jid::BareJid;
use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

use crate::components::details::Details;
use crate::components::icon::{Icon, icon};
use crate::components::icon_button::icon_button;
use crate::components::layer::{self, Layer};
use crate::components::room_details::RoomDetails;
use crate::components::room_standing::RoomStanding;
use crate::components::search_results::SearchResults;
use crate::components::settings::Settings;
use crate::components::voice::{Voice, VoiceBar};
use crate::components::whisper::WhisperBanner;
use crate::hooks::{Model, use_model, use_mount, use_subjects};
use crate::i18n::{Clock, t};
use crate::route::Section;
use crate::state::{Notice, State, Subject};
use crate::views::embedded::Embedded;

/// For so long nothing is said of a module that is on its way.
const HASTE_MILLISECONDS: u32 = 300;

#[wasm_bindgen]
extern "C" {
    /// Fetches the module, unless it is here (`static/second.js`).
    #[wasm_bindgen(js_name = second)]
    fn fetch() -> Option<Promise>;

    /// The same, as soon as there is nothing else to do.
    #[wasm_bindgen(js_name = secondSoon)]
    pub(crate) fn prefetch();
}

/// A part of the page that isn't in the first module.
#[derive(Clone, PartialEq)]
pub(crate) enum Part {
    /// What lies over the page.
    Layer(Layer),
    /// What can be chosen.
    Settings(Option<Section>),
    /// What is known of the other side, or of a room.
    Details(BareJid),
    /// The messages that were found.
    Found(AttrValue, Clock),
    /// What is being recorded.
    Voice(Voice),
    /// For whom in a room what is being written is.
    Whisper(BareJid, Whisper),
    /// Who may not speak in a room.
    Standing(BareJid),
    /// All of it, in another site's frame.
    Embedded,
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) part: Part,
}

/// How far the module is.
#[derive(PartialEq)]
enum Way {
    /// It may be here at any moment.
    Begun,
    /// Somebody waits for it.
    Slow,
    /// It didn't come.
    Failed,
    Here,
}

/// The part, as soon as it is here.
#[component]
pub(crate) fn Second(props: &Props) -> Html {
    let Props { state, part } = props;
    use_subjects(state, vec![Subject::Place, Topic::Conversations.into()]);
    let way = use_model(|| if is_here() { Way::Here } else { Way::Begun });
    {
        let way = way.clone();
        use_mount(Box::new(move || {
            go(&way);
            None
        }));
    }
    match &*way.read() {
        Way::Here => draw(state, part),
        Way::Begun => Html::default(),
        Way::Slow => {
            let words = html! {
                <>
                    <span class="spinner" aria-hidden="true"></span>
                    <p class="connection__text">{ t("emoji.loading") }</p>
                </>
            };
            bar(state, part, "status", words)
        }
        Way::Failed => {
            let retry = {
                let way = way.clone();
                Callback::from(move |_: MouseEvent| go(&way))
            };
            let words = html! {
                <>
                    { icon(Icon::Alert) }
                    <p class="connection__text">{ t("second.failed") }</p>
                    <button type="button" class="connection__now" onclick={retry}>
                        { t("log.retry") }
                    </button>
                </>
            };
            bar(state, part, "alert", words)
        }
    }
}

/// Whether the module is here; it is on its way if it isn't.
pub(crate) fn is_here() -> bool {
    fetch().is_none()
}

/// Does what needs the module, as soon as it is here.
pub(crate) fn once_here(state: &State, act: Box<dyn FnOnce()>) {
    let Some(coming) = fetch() else {
        return act();
    };
    let state = state.clone();
    spawn_local(async move {
        match JsFuture::from(coming).await {
            Ok(_) => act(),
            Err(_) => state.notice(Notice::NotLoaded),
        }
    });
}

/// Waits for the module.
fn go(way: &Model<Way>) {
    let set = |to: Way| {
        let way = way.clone();
        move || {
            if *way.read() != to {
                way.change(|way| *way = to);
            }
        }
    };
    let Some(coming) = fetch() else {
        return set(Way::Here)();
    };
    set(Way::Begun)();
    let slow = Timeout::new(HASTE_MILLISECONDS, set(Way::Slow));
    let (here, failed) = (set(Way::Here), set(Way::Failed));
    spawn_local(async move {
        let came = JsFuture::from(coming).await;
        drop(slow);
        match came {
            Ok(_) => here(),
            Err(_) => failed(),
        }
    });
}

/// What is said until then, in a bar; that of a dialog lies over the page too.
fn bar(state: &State, part: &Part, role: &'static str, words: Html) -> Html {
    let over = matches!(part, Part::Layer(_));
    let close = {
        let state = state.clone();
        Callback::from(move |_| state.close())
    };
    html! {
        <div class={if over { "connection connection--over" } else { "connection" }} {role}>
            { words }
            if over {
                { icon_button(Icon::Close, t("dialog.close"), close) }
            }
        </div>
    }
}

/// The part itself: a way into the second module.
#[inline(never)]
fn draw(state: &State, part: &Part) -> Html {
    let state = state.clone();
    match part.clone() {
        Part::Layer(layer) => layer::dialog(&state, layer),
        Part::Settings(section) => html! { <Settings {state} {section} /> },
        Part::Details(jid) if state.store().room(&jid).is_some() => {
            html! { <RoomDetails {state} {jid} /> }
        }
        Part::Details(jid) => html! { <Details {state} {jid} /> },
        Part::Found(query, clock) => html! { <SearchResults {state} {query} {clock} /> },
        Part::Voice(voice) => html! { <VoiceBar {voice} /> },
        Part::Embedded => html! { <Embedded {state} /> },
        Part::Standing(jid) => html! { <RoomStanding {state} {jid} /> },
        Part::Whisper(jid, whisper) => html! { <WhisperBanner {state} {jid} {whisper} /> },
    }
}
