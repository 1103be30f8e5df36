//! The dialogs about one message.

use std::rc::Rc;

use couplet_engine::Timestamp;
use couplet_engine::store::Message;
use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::composer;
use super::dialog::Dialog;
use super::emoji_picker::EmojiPicker;
use super::message_text::version_text;
use super::reactions::{Reacted, reacted};
use crate::i18n::{date_and_time, t};
use crate::state::State;

/// Asks for any emoji.
pub(crate) fn react(state: &State, message: &Rc<Message>) -> Html {
    let onpick = {
        let (state, message) = (state.clone(), message.clone());
        Callback::from(move |emoji: String| {
            state.close();
            state.toggle_reaction(&message, &emoji);
        })
    };
    html! {
        <Dialog state={state.clone()} title={t("react.title")}>
            <EmojiPicker {onpick} />
        </Dialog>
    }
}

/// Who has reacted, and how.
pub(crate) fn reactions(state: &State, message: &Rc<Message>) -> Html {
    let one = |(emoji, names, _): Reacted<'_>| {
        html! {
            <div class="reactors__one">
                <span class="reactors__emoji" aria-hidden="true">{ emoji }</span>
                <ul class="reactors__names" aria-label={emoji.to_owned()}>
                    { for names.into_iter().map(|name| html! { <li><bdi>{ name }</bdi></li> }) }
                </ul>
            </div>
        }
    };
    html! {
        <Dialog state={state.clone()} title={t("message.reactions")}>
            <div class="reactors">{ for reacted(state, message).into_iter().map(one) }</div>
        </Dialog>
    }
}

/// Asks for an emoji to write.
pub(crate) fn insert(state: &State) -> Html {
    let onpick = {
        let state = state.clone();
        Callback::from(move |emoji: String| {
            state.close();
            // The dialog gives the focus back to the button, as it goes.
            Timeout::new(0, move || composer::insert(&emoji)).forget();
        })
    };
    html! {
        <Dialog state={state.clone()} title={t("emoji.title")}>
            <EmojiPicker {onpick} />
        </Dialog>
    }
}

/// What a message said before, newest first.
pub(crate) fn versions(state: &State, message: &Rc<Message>) -> Html {
    let version = |at: Timestamp, body: &str| {
        html! {
            <li class="versions__one">
                <time class="versions__time">{ date_and_time(at) }</time>
                <div class="versions__body" dir="auto">{ version_text(message, body) }</div>
            </li>
        }
    };
    let later = message.corrections().iter().rev();
    html! {
        <Dialog state={state.clone()} title={t("message.versions")}>
            <ol class="versions">
                { for later.map(|known| version(known.at(), &known.body)) }
                if !message.is_stand_in() {
                    { version(message.at, message.original()) }
                }
            </ol>
        </Dialog>
    }
}
