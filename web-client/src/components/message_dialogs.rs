//! The dialogs about one message.

use std::rc::Rc;

use couplet_engine::Timestamp;
use couplet_engine::store::{Message, Topic};
use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::composer;
use super::dialog::Dialog;
use super::emoji_picker::EmojiPicker;
use super::message_details;
use super::message_text::version_text;
use super::reactions::{Reacted, reacted};
use crate::hooks::use_subjects;
use crate::i18n::{date_and_time, t};
use crate::state::{State, Subject};

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

/// What a dialog tells of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// Who has reacted, and how.
    Reactions,
    /// What it said before.
    Versions,
    /// Everything that is known of it.
    Facts,
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) message: Rc<Message>,
    pub(crate) about: About,
}

/// A dialog that goes on telling what becomes of its message.
#[component]
pub(crate) fn AboutMessage(props: &Props) -> Html {
    let Props {
        state,
        message,
        about,
    } = props;
    let topic = Topic::Conversation(message.conversation.clone());
    use_subjects(state, vec![topic.into(), Subject::Original]);
    let store = state.store();
    let conversation = store.conversation(&message.conversation);
    let now = conversation.and_then(|known| known.timeline.message(&message.id));
    let message = now.unwrap_or(message);
    match about {
        About::Reactions => reactions(state, message),
        About::Versions => versions(state, message),
        About::Facts => message_details::dialog(state, message),
    }
}

fn reactions(state: &State, message: &Rc<Message>) -> Html {
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
    let reacted = reacted(state, message);
    html! {
        <Dialog state={state.clone()} title={t("message.reactions")}>
            if reacted.is_empty() {
                <p class="form__text">{ t("message.noReactions") }</p>
            }
            <div class="reactors">{ for reacted.into_iter().map(one) }</div>
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

/// Newest first.
fn versions(state: &State, message: &Rc<Message>) -> Html {
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
