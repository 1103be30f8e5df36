//! What can be done about a message: answer, react, edit, take back.

use std::rc::Rc;

use couplet_engine::store::{self, Delivery, Direction, Message};
use yew::prelude::*;

use super::icon::Icon;
use super::layer::Layer;
use super::menu::{Choice, Entry, Menu};
use crate::i18n::t;
use crate::state::State;

/// What people react with most.
pub(crate) const COMMON: [&str; 6] = ["👍", "❤️", "😂", "😮", "😢", "🎉"];

/// The menu of a message; none where nothing can be done.
pub(crate) fn message_actions(state: &State, message: &Rc<Message>) -> Html {
    // Nobody can do anything where they aren't.
    let out = matches!(
        state.store().room(&message.conversation),
        Some(room) if matches!(room.entry, store::Entry::Left(_))
    );
    if out || !is_answerable(message) {
        return Html::default();
    }
    let ours = state.own_reactions(message);
    let choice = |emoji: &&'static str| {
        let (state, message, emoji) = (state.clone(), message.clone(), *emoji);
        Choice {
            label: emoji.into(),
            chosen: ours.iter().any(|known| known == emoji),
            onselect: Callback::from(move |()| state.toggle_reaction(&message, emoji)),
        }
    };
    // Whoever reacts to what was whispered would tell everybody.
    let public = message.reference().is_some();
    let choices: Vec<Choice> = match public {
        true => COMMON.iter().map(choice).collect(),
        false => Vec::new(),
    };
    let mut entries = vec![];
    entries.push(entry(
        Icon::Reply,
        "message.reply",
        state,
        message,
        |state, message| state.answer(&message),
    ));
    if state.can_whisper_about(message) {
        entries.push(entry(
            Icon::Lock,
            "whisper.begin",
            state,
            message,
            |state, message| state.whisper(&message.conversation, state.whisper_about(&message)),
        ));
    }
    if public {
        entries.push(entry(
            Icon::Smile,
            "message.react",
            state,
            message,
            |state, message| state.open(Layer::React(message)),
        ));
    }
    if message.reactions().any(|by| !by.emojis.is_empty()) {
        entries.push(entry(
            Icon::People,
            "message.who",
            state,
            message,
            |state, message| state.open(Layer::Reactions(message)),
        ));
    }
    if is_editable(message) {
        entries.push(entry(
            Icon::Pencil,
            "message.edit",
            state,
            message,
            |state, message| {
                state.edit(Some(message));
            },
        ));
    }
    if is_retractable(message) {
        entries.push(entry(
            Icon::Trash,
            "message.retract",
            state,
            message,
            |state, message| {
                state.open(Layer::Retract(message));
            },
        ));
    }
    if state.can_moderate(message) {
        entries.push(entry(
            Icon::Trash,
            "message.moderate",
            state,
            message,
            |state, message| state.open(Layer::Moderate(message)),
        ));
    }
    entries.push(entry(
        Icon::Details,
        "message.details",
        state,
        message,
        |state, message| state.open(Layer::Facts(message)),
    ));
    html! {
        <div class="message__actions">
            <Menu label={t("message.actions")} {entries} {choices} />
        </div>
    }
}

/// Whether whoever is told knows of which message we speak.
pub(crate) fn is_answerable(message: &Message) -> bool {
    let own = message.direction == Direction::Outgoing;
    message.answered_as().is_some()
        && !message.is_retracted()
        && !(matches!(message.delivery, Delivery::Failed(_)) && own)
}

/// Whether we can say that we meant something else; a file is what it is.
pub(crate) fn is_editable(message: &Message) -> bool {
    is_retractable(message) && message.file().is_none()
}

fn is_retractable(message: &Message) -> bool {
    message.direction == Direction::Outgoing
        && message.written_as().is_some()
        && !message.is_retracted()
        && !matches!(message.progress(), Delivery::Failed(_))
}

fn entry(
    icon: Icon,
    label: &'static str,
    state: &State,
    message: &Rc<Message>,
    act: fn(&State, Rc<Message>),
) -> Entry {
    let (state, message) = (state.clone(), message.clone());
    Entry {
        icon,
        label: t(label),
        chosen: None,
        separated: false,
        onselect: Callback::from(move |()| act(&state, message.clone())),
    }
}
