//! What a message says, as it is shown in a timeline and elsewhere.

use std::rc::Rc;

use couplet_engine::store::Message;
use yew::prelude::*;

use super::attachment::{Attachment, in_short};
use super::conversation_row::one_line;
use super::icon::{Icon, icon};
use super::long_text::any_text;
use super::shared_contact::Shared;
use crate::i18n::{t, t_with};
use crate::state::State;

/// The whole text. `name` is whose it is.
pub(crate) fn message_text(state: &State, message: &Rc<Message>, name: &str) -> Html {
    if let Some(encryption) = message.encryption() {
        return html! {
            <>
                <div class="message__sealed">{ icon(Icon::Lock) }<span>{ sealed(encryption) }</span></div>
                if !message.body.is_empty() {
                    <div class="message__instead" dir="auto">{ any_text(&message.body, true, Vec::new()) }</div>
                }
            </>
        };
    }
    let text = match action(message) {
        Some(action) => html! {
            <div class="message__action" dir="auto">
                <bdi class="message__actor">{ name }</bdi>{ " " }{ any_text(action, message.is_unstyled(), message.names()) }
            </div>
        },
        None if message.caption().is_empty() => Html::default(),
        None => match Shared::read(message.caption()) {
            Some(shared) => shared.html(),
            None => any_text(message.caption(), message.is_unstyled(), message.names()),
        },
    };
    let text = match message.file() {
        Some(_) => html! {
            <><Attachment state={state.clone()} message={message.clone()} />{ text }</>
        },
        None => text,
    };
    match message.spoiler() {
        Some(hint) => html! {
            <details class="spoiler">
                <summary class="spoiler__hint">
                    { icon(Icon::EyeOff) }<bdi>{ spoiler(hint) }</bdi>
                </summary>
                { text }
            </details>
        },
        None => text,
    }
}

/// The text of any of its versions.
pub(crate) fn version_text(message: &Message, body: &str) -> Html {
    any_text(body, message.is_unstyled(), Vec::new())
}

/// One line of it, for lists, quotations and notifications, which gives nothing away.
pub(crate) fn gist(state: &State, message: &Message) -> String {
    if let Some(words) = instead(message) {
        return words.to_string();
    }
    match (action(message), message.file()) {
        (Some(action), _) => [&state.author(message), " ", &one_line(action)].concat(),
        (None, Some(file)) if message.caption().is_empty() => in_short(file),
        (None, _) => match Shared::read(message.caption()) {
            Some(shared) => shared.gist(),
            None => one_line(message.caption()),
        },
    }
}

/// What stands for a text that isn't to be read in passing.
pub(crate) fn instead(message: &Message) -> Option<AttrValue> {
    if message.is_retracted() {
        return Some(gone(message));
    }
    let encryption = message.encryption().map(sealed);
    encryption.or_else(|| message.spoiler().map(spoiler))
}

/// That nothing is left of it, and who has seen to that.
pub(crate) fn gone(message: &Message) -> AttrValue {
    let Some(moderation) = message.moderation() else {
        return t("message.retracted");
    };
    let Some(name) = &moderation.by else {
        return t("message.moderated");
    };
    let name = ("name", name.as_str());
    match &moderation.reason {
        Some(reason) => t_with("message.moderatedWhy", &[name, ("reason", reason)]),
        None => t_with("message.moderatedBy", &[name]),
    }
}

/// What its writer does (XEP-0245).
pub(crate) fn action(message: &Message) -> Option<&str> {
    let action = message.body.strip_prefix("/me ")?.trim();
    (!action.is_empty()).then_some(action)
}

/// That it is encrypted, and with what.
pub(crate) fn sealed(encryption: &str) -> AttrValue {
    match encryption {
        "" => t("encrypted.unknown"),
        name => t_with("encrypted.label", &[("name", name)]),
    }
}

fn spoiler(hint: &str) -> AttrValue {
    if hint.is_empty() {
        t("spoiler.label")
    } else {
        t_with("spoiler.hint", &[("hint", hint)])
    }
}
