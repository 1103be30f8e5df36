//! The message that is answered, in few words: over the answer, and over the composer.

use std::rc::Rc;

use couplet_engine::store::{Message, Reply, Scope};
use jid::BareJid;
use yew::prelude::*;

use super::conversation_row::one_line;
use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use super::message_text;
use crate::i18n::{t, t_with};
use crate::person_colour;
use crate::state::State;

/// What is told of the message that is answered.
struct Gist {
    name: Option<String>,
    /// By what their colour is chosen: as in the timeline.
    colour: String,
    text: AttrValue,
}

/// Over an answer; pressing it goes there.
pub(crate) fn quote(
    state: &State,
    conversation: &BareJid,
    reply: &Reply,
    answered: Option<&Rc<Message>>,
) -> Html {
    let gist = gist(state, conversation, reply, answered);
    let onclick = {
        let (state, conversation, reply) = (state.clone(), conversation.clone(), reply.clone());
        Callback::from(move |_: MouseEvent| state.go_to_answered(&conversation, &reply))
    };
    let label = match &gist.name {
        Some(name) => t_with("reply.quote", &[("name", name), ("text", &gist.text)]),
        None => t_with("reply.quoteUnknown", &[("text", &gist.text)]),
    };
    html! {
        <button type="button" class="quote" aria-label={label} title={t("reply.go")} {onclick}>
            { gist.html() }
        </button>
    }
}

/// Over the composer, with the way out.
pub(crate) fn banner(state: &State, conversation: &BareJid, reply: &Reply) -> Html {
    let answered = {
        let store = state.store();
        let known = store.conversation(conversation);
        known.and_then(|known| known.answered(reply)).cloned()
    };
    let gist = gist(state, conversation, reply, answered.as_ref());
    let label = match &gist.name {
        Some(name) => t_with("reply.answering", &[("name", name)]),
        None => t("reply.answeringUnknown"),
    };
    let stop = {
        let (state, conversation) = (state.clone(), conversation.clone());
        Callback::from(move |_| state.answer_nothing(&conversation))
    };
    html! {
        <div class="composer__banner" role="group" aria-label={label}>
            { icon(Icon::Reply) }
            <div class="quote quote--banner">{ gist.html() }</div>
            { icon_button(Icon::Close, t("reply.stop"), stop) }
        </div>
    }
}

fn gist(
    state: &State,
    conversation: &BareJid,
    reply: &Reply,
    answered: Option<&Rc<Message>>,
) -> Gist {
    let Some(message) = answered else {
        let text = match reply.quote.as_str() {
            "" => t("reply.unknown"),
            quote => one_line(quote).into(),
        };
        // What isn't here says itself who wrote it.
        let name = reply.quote.is_empty();
        let name = name.then(|| state.author_answered(conversation, reply));
        let name = name.flatten();
        return Gist {
            colour: name.clone().unwrap_or_default(),
            name,
            text,
        };
    };
    let name = state.author(message);
    Gist {
        colour: match message.scope {
            Scope::Person => message.from.to_bare().to_string(),
            Scope::Room | Scope::Whisper => name.clone(),
        },
        name: Some(name),
        text: message_text::gist(state, message).into(),
    }
}

impl Gist {
    fn html(&self) -> Html {
        html! {
            <>
                if let Some(name) = &self.name {
                    <bdi class={["quote__name ", &person_colour::class(&self.colour)].concat()}>
                        { name }
                    </bdi>
                }
                <span class="quote__text" dir="auto">{ &self.text }</span>
            </>
        }
    }
}
