//! Everything that is known of a message.

use std::rc::Rc;

use couplet_engine::store::{Direction, Message};
use yew::prelude::*;

use super::delivery;
use super::dialog::Dialog;
use super::message_text::sealed;
use crate::i18n::{date_and_time, t};
use crate::state::{Sought, State};

/// A list of facts, and the stanza for developers.
pub(super) fn dialog(state: &State, message: &Rc<Message>) -> Html {
    let source = state.store().source(&message.id).cloned();
    let text = |text: &str| html! { <bdi>{ text }</bdi> };
    let id = |id: &Option<String>| id.as_deref().map(text);
    let own = message.direction == Direction::Outgoing;
    let received = source.as_ref().and_then(|source| source.received);
    let received = received.map(date_and_time);
    let corrected = message.corrections().last();
    let corrected = corrected.map(|last| html! { { date_and_time(last.at()) } });
    let encryption = match message.encryption() {
        Some(name) => html! { { sealed(name) } },
        None => html! { { t("facts.noEncryption") } },
    };
    let facts = [
        ("facts.from", Some(text(message.from.as_str()))),
        ("facts.to", own.then(|| text(message.conversation.as_str()))),
        (
            "facts.written",
            Some(html! { { date_and_time(message.at) } }),
        ),
        ("facts.corrected", corrected),
        (
            "facts.received",
            received.map(|received| html! { { received } }),
        ),
        (
            "facts.delivery",
            own.then(|| delivery::in_words(message.progress())),
        ),
        ("facts.encryption", Some(encryption)),
        ("facts.stanzaId", id(&message.stanza_id)),
        ("facts.originId", id(&message.origin_id)),
        ("facts.archiveId", id(&message.archive_id)),
        ("facts.occupantId", id(&message.occupant)),
    ];
    let facts = facts.into_iter().filter_map(|(key, value)| {
        let value = value?;
        Some(html! { <div class="facts__row"><dt>{ t(key) }</dt><dd>{ value }</dd></div> })
    });
    html! {
        <Dialog state={state.clone()} title={t("facts.title")}>
            <dl class="facts">{ for facts }</dl>
            { stanza(state, message, source.map(|source| source.xml)) }
        </Dialog>
    }
}

/// The stanza as it came or went, if that was on this page, else as it is in the archive.
fn stanza(state: &State, message: &Rc<Message>, source: Option<String>) -> Html {
    let shown = |xml: String, open: bool| {
        html! {
            <details class="facts__source" {open}>
                <summary>{ t("facts.source") }</summary>
                <pre class="styled__block" dir="ltr" tabindex="0">{ xml }</pre>
            </details>
        }
    };
    if let Some(xml) = source {
        return shown(xml, false);
    }
    let sought = state.original(&message.id);
    let said = match sought {
        Some(Sought::Found(xml)) => return shown(xml, true),
        Some(Sought::Asked) => Some(t("facts.sourceAsked")),
        Some(Sought::Missing) => Some(t("facts.sourceMissing")),
        None => None,
    };
    let onclick = {
        let (state, message) = (state.clone(), message.clone());
        Callback::from(move |_: MouseEvent| state.read_original(&message))
    };
    html! {
        <div class="facts__source">
            <button
                type="button"
                class="button"
                disabled={sought == Some(Sought::Asked)}
                {onclick}
            >
                { t("facts.readSource") }
            </button>
            <p class="form__text" role="status">{ said.unwrap_or_default() }</p>
        </div>
    }
}
