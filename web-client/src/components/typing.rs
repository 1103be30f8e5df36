//! Telling the other side that we are typing, and being told.

use std::cell::RefCell;
use std::rc::Rc;

use couplet_engine::store::Conversation;
use gloo_timers::callback::Timeout;
use jid::BareJid;
use yew::prelude::*;

use crate::i18n::t_with;
use crate::state::State;

/// Without a key for so long one isn't typing any more.
const PAUSE_MILLISECONDS: u32 = 5_000;

/// Says once that we have begun, and once that we have ceased.
#[derive(Clone)]
pub(crate) struct Typing(Rc<Inner>);

struct Inner {
    state: State,
    jid: BareJid,
    /// Runs while we are said to be typing.
    pause: RefCell<Option<Timeout>>,
}

impl Typing {
    /// To the other side of the conversation with `jid`.
    pub(crate) fn new(state: State, jid: BareJid) -> Self {
        Self(Rc::new(Inner {
            state,
            jid,
            pause: RefCell::default(),
        }))
    }

    /// A key was hit.
    pub(crate) fn key(&self) {
        let typing = self.clone();
        let pause = Timeout::new(PAUSE_MILLISECONDS, move || typing.stop());
        if self.0.pause.replace(Some(pause)).is_none() {
            self.0.state.typing(self.0.jid.clone(), true);
        }
    }

    /// The text was sent, emptied or left.
    pub(crate) fn stop(&self) {
        let paused = self.0.pause.take();
        if paused.is_some() {
            self.0.state.typing(self.0.jid.clone(), false);
        }
    }
}

/// The line below the messages that says who is typing. It keeps its place when
/// nobody is, so that nothing moves.
pub(crate) fn typing_line(state: &State, jid: &BareJid) -> Html {
    let store = state.store();
    let typing = store
        .conversation(jid)
        .is_some_and(|Conversation { typing, .. }| *typing);
    html! {
        <p class="typing">
            if typing {
                <span class="typing__dots" aria-hidden="true"><i></i><i></i><i></i></span>
                { t_with("log.typing", &[("name", store.name(jid))]) }
            }
        </p>
    }
}
