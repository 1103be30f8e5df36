//! Tabs of one browser: which of them leads, and what they tell each other.
//!
//! The leader holds a Web Lock, runs the engine and does the I/O. The others send it
//! commands and are told what its store has written.

mod command;
mod message;
mod notes;
mod standing;

use js_sys::{Array, Date, Function, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{BroadcastChannel, MessageEvent};

pub(crate) use command::{read as read_command, read_rare, write as write_command, write_rare};
pub(crate) use message::Message;
pub(crate) use notes::{from_text as notes_from_text, to_text as notes_to_text};
pub(crate) use standing::Standing;

use crate::platform::{self, NAME, profile};
use crate::state::document;

/// A name for this tab that sorts by when it was opened.
pub(crate) fn name() -> String {
    let [high, low] = platform::random();
    format!("{:012x}{high:02x}{low:02x}", Date::now() as u64)
}

/// When the tab of that name was opened, in milliseconds since 1970.
pub(crate) fn opened_at(name: &str) -> f64 {
    let time = name.get(..12).unwrap_or_default();
    u64::from_str_radix(time, 16).unwrap_or_default() as f64
}

/// The hash of this build, which is part of its script's name.
fn build() -> String {
    document()
        .and_then(|document| document.query_selector("script[type=module]").ok()?)
        .and_then(|script| script.get_attribute("src"))
        .unwrap_or_default()
}

/// What was heard on the channel.
pub(crate) enum Heard {
    /// A message of a tab of the same build.
    Message(Box<Message>),
    /// There is a tab of another build, which has been opened later, or else earlier.
    OtherBuild { later: bool },
}

/// The way to the other tabs.
pub(crate) struct Channel {
    channel: BroadcastChannel,
    build: JsValue,
    opened: f64,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Channel {
    /// Listens from now on; `None` where the browser has no such thing.
    pub(crate) fn open(heard: impl Fn(Heard) + 'static) -> Option<Self> {
        let channel = BroadcastChannel::new(&profile::own(NAME)).ok()?;
        let (build, opened) = (JsValue::from(build()), Date::now());
        let listen = Closure::new({
            let build = build.clone();
            move |event: MessageEvent| {
                let parts = Array::from(&event.data());
                if parts.get(0) != build {
                    let later = parts.get(1).as_f64().unwrap_or_default() > opened;
                    heard(Heard::OtherBuild { later });
                } else if let Some(message) = Message::read(&Array::from(&parts.get(2))) {
                    heard(Heard::Message(Box::new(message)));
                }
            }
        });
        channel.set_onmessage(Some(listen.as_ref().unchecked_ref()));
        Some(Self {
            channel,
            build,
            opened,
            _heard: listen,
        })
    }

    /// Tells all other tabs.
    pub(crate) fn post(&self, message: &Message) {
        let parts = Array::of3(&self.build, &self.opened.into(), &message.write());
        // Fails only on a channel that is closed, and this one never is.
        let _ = self.channel.post_message(&parts);
    }
}

/// How much somebody wants to lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// If nobody does.
    IfFree,
    /// As soon as nobody does.
    Next,
    /// Whoever does: it doesn't answer, or its session is over.
    Now,
}

/// A lock that this tab holds; dropping it ends that.
pub(crate) struct Lock {
    release: Function,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A function that settles a promise doesn't throw.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

/// Whether there are Web Locks: without them two tabs could go on with one session.
pub(crate) fn have_locks() -> bool {
    locks().is_some()
}

fn locks() -> Option<JsValue> {
    let navigator = web_sys::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_object().then_some(locks)
}

/// Waits for its turn to lead. `lost` is called when another tab takes it away.
pub(crate) async fn lead(claim: Claim, lost: impl FnOnce() + 'static) -> Option<Lock> {
    // The lock is called as the channel is.
    hold(&profile::own(NAME), claim, lost).await
}

/// The same for any lock.
pub(crate) async fn hold(name: &str, claim: Claim, lost: impl FnOnce() + 'static) -> Option<Lock> {
    let locks = locks()?;
    let option = match claim {
        Claim::IfFree => "ifAvailable",
        Claim::Next => "",
        Claim::Now => "steal",
    };
    let options = platform::object(&[(option, true.into())]);
    let mut held = None;
    let granted = Promise::new(&mut |resolve, _| {
        let hold = Closure::once_into_js(move |lock: JsValue| {
            let settle = |value: &JsValue| {
                // A function that settles a promise doesn't throw.
                let _ = resolve.call1(&JsValue::UNDEFINED, value);
            };
            if lock.is_null() {
                settle(&JsValue::NULL);
                return JsValue::UNDEFINED;
            }
            Promise::new(&mut |release, _| settle(&release)).into()
        });
        held = Reflect::get(&locks, &"request".into())
            .and_then(|request| {
                let request: Function = request.unchecked_into();
                request.call3(&locks, &name.into(), &options, &hold)
            })
            .ok();
    });
    let held: Promise = held?.unchecked_into();
    spawn_local(async move {
        // Rejected when it is stolen.
        if JsFuture::from(held).await.is_err() {
            lost();
        }
    });
    let release = JsFuture::from(granted).await.ok()?;
    let release: Function = release.dyn_into().ok()?;
    Some(Lock { release })
}
