//! One message of a timeline.

use std::rc::Rc;

use couplet_engine::foreign::{short, tame};
use couplet_engine::store::{Delivery, Direction, Failure, Message, Scope};
use yew::prelude::*;

use super::avatar::{Size, avatar, occupant};
use super::delivery;
use super::icon::{Icon, icon};
use super::layer::{Layer, opening};
use super::message_actions::message_actions;
use super::message_text::{gone, message_text};
use super::reactions::reactions;
use super::reply_quote::quote;
use super::room::LONGEST_NAME;
use crate::i18n::{date_and_time, t, t_with, time};
use crate::person_colour;
use crate::state::State;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) message: Rc<Message>,
    /// The first of its group: has the avatar and the name.
    pub(crate) head: bool,
    /// The name of whoever wrote it.
    pub(crate) name: AttrValue,
    /// Their picture.
    pub(crate) picture: Option<AttrValue>,
    /// What they are called in the room, if they tell of a picture that isn't here.
    pub(crate) faceless: Option<AttrValue>,
    /// Whose name theirs looks like.
    pub(crate) alike: Option<AttrValue>,
    /// That others in the room have seen it.
    pub(crate) seen: Option<AttrValue>,
    /// The message that it answers, if that is here.
    pub(crate) answered: Option<Rc<Message>>,
    /// Whether somebody has come here to see this one.
    #[prop_or_default]
    pub(crate) target: bool,
}

/// A message. Who reads it with a screen reader hears name and time each time;
/// who sees it has them at the head of the group.
#[component]
pub(crate) fn MessageRow(props: &Props) -> Html {
    let Props {
        state,
        message,
        name,
        ..
    } = props;
    let own = message.direction == Direction::Outgoing;
    let author = match state.me() {
        Some(me) if own => me,
        _ => message.conversation.clone(),
    };
    // In a room people go by their names, and guests have nothing else.
    let in_room = (!own || state.is_guest()) && message.scope != Scope::Person;
    let colour = if in_room {
        name.as_str()
    } else {
        author.as_str()
    };
    let shown = short(name, LONGEST_NAME);
    let when = html! {
        <time class="message__time" title={date_and_time(message.at)}>{ time(message.at) }</time>
    };
    let (mark, failure) = match message.progress() {
        _ if !own => (Html::default(), Html::default()),
        Delivery::Failed(failure) => (Html::default(), why(state, message, failure)),
        delivery => (delivery::mark(delivery), Html::default()),
    };
    let to_us = message.is_to_us();
    let class = match (props.head, own) {
        (true, true) => "message message--head message--own",
        (true, false) => "message message--head",
        (false, _) => "message",
    };
    html! {
        <article
            class={[
                class,
                if to_us { " message--to-us" } else { "" },
                if props.target { " message--target" } else { "" },
            ].concat()}
            tabindex={props.target.then_some("-1")}
            data-faceless={props.faceless.clone()}
        >
            if props.head {
                if in_room {
                    { occupant(name, props.picture.clone(), Size::Medium, None) }
                } else {
                    { avatar(state, &author, name, Size::Medium, None) }
                }
                <header class="message__head">
                    <bdi
                        class={["message__name ", &person_colour::class(colour)].concat()}
                        title={(shown != name.as_str()).then(|| name.clone())}
                    >
                        { &*shown }
                    </bdi>
                    if let Some(alike) = &props.alike {
                        <span class="message__alike">{ icon(Icon::Alert) }{ alike }</span>
                    }
                    if message.scope == Scope::Whisper {
                        <span class="message__note">{ only_to(message) }</span>
                    }
                    { when }
                </header>
            } else {
                <span class="visually-hidden">{ name }</span>
                { when }
            }
            if let Some(reply) = message.reply() {
                { quote(state, &message.conversation, reply, props.answered.as_ref()) }
            }
            <div class="message__line">
                if message.is_retracted() {
                    <p class="message__retracted" dir="auto">{ gone(message) }</p>
                } else {
                    <div class="message__body" dir="auto">{ message_text(state, message, name) }</div>
                    { edited(state, message) }
                }
                if to_us {
                    <span class="message__to-us" title={t("message.toUs")}>
                        { icon(Icon::At) }
                        <span class="visually-hidden">{ t("message.toUs") }</span>
                    </span>
                }
                { mark }
            </div>
            { reactions(state, message) }
            if let Some(seen) = &props.seen {
                <p class="message__seen" dir="auto">{ seen }</p>
            }
            { failure }
            { message_actions(state, message) }
        </article>
    }
}

/// For whom it is, of all in the room.
fn only_to(message: &Message) -> AttrValue {
    match message.whispered_to() {
        Some(whisper) => t_with("message.whisperTo", &[("name", &tame(&whisper.nick))]),
        None => t("message.whisper"),
    }
}

/// That it once said something else, and the way to what.
fn edited(state: &State, message: &Rc<Message>) -> Html {
    if message.corrections().is_empty() {
        return Html::default();
    }
    let onclick = opening::<MouseEvent>(state, Layer::Versions(message.clone()));
    html! {
        <button type="button" class="message__edited" title={t("message.versions")} {onclick}>
            { t("message.edited") }
        </button>
    }
}

/// What became of a message that came back, and why.
fn why(state: &State, message: &Rc<Message>, failure: &Failure) -> Html {
    let said_to_all = message.scope == Scope::Room;
    let whispered = message.whispered_to().is_some();
    let reason = match failure.condition.as_str() {
        "item-not-found" | "recipient-unavailable" if whispered => t("whisper.left"),
        "forbidden" | "not-allowed" if whispered => t("whisper.forbidden"),
        "forbidden" | "not-allowed" if said_to_all => t("failure.noVoice"),
        "not-acceptable" if said_to_all => t("failure.notInside"),
        "policy-violation" | "resource-constraint" if said_to_all => t("failure.tooFast"),
        "service-unavailable" | "recipient-unavailable" => t("failure.unavailable"),
        "item-not-found" => t("failure.notFound"),
        "remote-server-not-found" => t("failure.serverNotFound"),
        "remote-server-timeout" => t("failure.serverTimeout"),
        "forbidden" | "not-allowed" | "not-authorized" | "policy-violation" => {
            t("failure.forbidden")
        }
        "resource-constraint" | "not-acceptable" => t("failure.notAcceptable"),
        Failure::DAMAGED => t("failure.damaged"),
        condition => t_with("failure.other", &[("condition", condition)]),
    };
    let button = |key, act: fn(&State, &Message)| {
        let (state, message) = (state.clone(), message.clone());
        let onclick = Callback::from(move |_: MouseEvent| act(&state, &message));
        html! {
            <button type="button" class="message__act" {onclick}>{ t(key) }</button>
        }
    };
    html! {
        <div class="message__failure">
            { delivery::mark(message.progress()) }
            <p>
                <strong>{ t("delivery.failed") }</strong>{ " " }{ reason }
                if let Some(text) = &failure.text {
                    { " " }{ t_with("trouble.quote", &[("text", text)]) }
                }
                { " " }{ button("failure.again", State::send_again) }
                { " " }{ button("failure.discard", State::discard) }
            </p>
        </div>
    }
}
