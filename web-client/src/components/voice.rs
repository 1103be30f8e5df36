//! A message that is spoken.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Interval;
use jid::BareJid;
use js_sys::Date;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;
use yew::prelude::*;

use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use crate::hooks::use_mount;
use crate::i18n::{lasting, t};
use crate::platform::recorder::{NoMicrophone, Recorder, can_record};
use crate::second;
use crate::state::State;

const SECOND: u32 = 1_000;

/// What is being recorded in one conversation.
#[derive(Clone)]
pub(crate) struct Voice(Rc<Inner>);

struct Inner {
    state: State,
    jid: BareJid,
    stage: RefCell<Stage>,
    /// Nobody looks at it any more.
    closed: Cell<bool>,
    /// Renders the composer anew.
    update: UseForceUpdateHandle,
}

enum Stage {
    Idle,
    /// The person is being asked.
    Asking,
    /// With when it has begun.
    Recording(Recorder, f64),
    Failed(NoMicrophone),
}

impl PartialEq for Voice {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Voice {
    pub(crate) fn new(state: &State, jid: &BareJid, update: UseForceUpdateHandle) -> Self {
        Self(Rc::new(Inner {
            state: state.clone(),
            jid: jid.clone(),
            stage: RefCell::new(Stage::Idle),
            closed: Cell::default(),
            update,
        }))
    }

    /// Whether one is busy with it.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(*self.0.stage.borrow(), Stage::Idle)
    }

    /// What was said isn't lost when one goes elsewhere: it waits among the files to send.
    pub(crate) fn close(&self) {
        self.0.closed.set(true);
        if let Stage::Recording(recorder, _) = self.0.stage.replace(Stage::Idle) {
            self.keep(recorder);
        }
    }

    /// A way into the second module: something was being recorded.
    #[inline(never)]
    fn keep(&self, recorder: Recorder) {
        let (state, jid) = (self.0.state.clone(), self.0.jid.clone());
        spawn_local(async move {
            let file = recorder.finish(&name()).await;
            state.choose_files(&jid, file.into_iter().collect());
        });
    }

    fn stage(&self, stage: Stage) {
        self.0.stage.replace(stage);
        self.0.update.force_update();
    }

    /// A way into the second module.
    #[inline(never)]
    fn begin(&self) {
        let voice = self.clone();
        self.0.state.in_clear(&self.0.jid, move |_| voice.record());
    }

    fn record(&self) {
        self.stage(Stage::Asking);
        let voice = self.clone();
        spawn_local(async move {
            let begun = Recorder::begin().await;
            let waited = matches!(*voice.0.stage.borrow(), Stage::Asking);
            if !waited || voice.0.closed.get() {
                return;
            }
            voice.stage(match begun {
                Ok(recorder) => Stage::Recording(recorder, Date::now()),
                Err(why) => Stage::Failed(why),
            });
        });
    }

    fn send(&self) {
        let Stage::Recording(recorder, _) = self.0.stage.replace(Stage::Idle) else {
            return;
        };
        self.0.update.force_update();
        let (state, jid) = (self.0.state.clone(), self.0.jid.clone());
        spawn_local(async move {
            let file: Option<File> = recorder.finish(&name()).await;
            if let Some(file) = file {
                state.send_recording(&jid, file);
            }
        });
    }

    /// The button that begins it, where there is anything to record with.
    pub(crate) fn button(&self) -> Html {
        if self.is_open() || !can_record() {
            return Html::default();
        }
        let voice = self.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            let begun = voice.clone();
            second::once_here(&voice.0.state, Box::new(move || begun.begin()));
        });
        icon_button(Icon::Microphone, t("voice.record"), onclick)
    }
}

/// What such a file is called, by when it was made.
fn name() -> String {
    let now = String::from(Date::new_0().to_iso_string());
    let digits: String = now.chars().filter(char::is_ascii_digit).take(14).collect();
    ["voice-", &digits].concat()
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) voice: Voice,
}

/// Over the field, while it goes on: for how long, and the two ways out.
#[component]
pub(crate) fn VoiceBar(props: &Props) -> Html {
    let ticks = use_force_update();
    use_mount(Box::new(move || {
        let tick = Interval::new(SECOND, move || ticks.force_update());
        Some(Box::new(move || drop(tick)))
    }));
    let voice = &props.voice;
    let discard = {
        let voice = voice.clone();
        Callback::from(move |_: MouseEvent| voice.stage(Stage::Idle))
    };
    let send = {
        let voice = voice.clone();
        Callback::from(move |_: MouseEvent| voice.send())
    };
    let (words, time) = match &*voice.0.stage.borrow() {
        Stage::Idle => return Html::default(),
        Stage::Asking => (t("voice.asking"), None),
        Stage::Recording(_, since) => (
            t("voice.recording"),
            Some(lasting((Date::now() - since) as u32)),
        ),
        Stage::Failed(NoMicrophone::Denied) => (t("voice.denied"), None),
        Stage::Failed(NoMicrophone::Missing) => (t("voice.missing"), None),
    };
    let running = time.is_some();
    html! {
        <div class="composer__banner voice" role="group" aria-label={t("file.voice")}>
            <span class={if running { "voice__sign voice__sign--on" } else { "voice__sign" }}>
                { icon(Icon::Microphone) }
            </span>
            <p class="voice__words">
                <span role="status">{ words }</span>
                if let Some(time) = time {
                    <span class="voice__time">{ time }</span>
                }
            </p>
            { icon_button(Icon::Trash, t("voice.discard"), discard) }
            if running {
                <button type="button" class="button button--primary button--small" onclick={send}>
                    { t("voice.send") }
                </button>
            }
        </div>
    }
}
