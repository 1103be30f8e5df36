//! What people feel about a message: a chip an emoji, with who and how many.

use std::rc::Rc;

use couplet_engine::foreign::tame;
use couplet_engine::store::Message;
use yew::prelude::*;

use super::icon_button::word;
use super::layer::Layer;
use crate::i18n::{number, t, t_with};
use crate::state::State;

/// An emoji, who has reacted with it, and whether we have.
pub(crate) type Reacted<'a> = (&'a str, Vec<AttrValue>, bool);

/// What people feel, in the order in which they have said so.
pub(crate) fn reacted<'a>(state: &State, message: &'a Message) -> Vec<Reacted<'a>> {
    let store = state.store();
    let me = store.own_author(&message.conversation);
    let mut chips: Vec<Reacted<'_>> = Vec::new();
    for reactions in message.reactions() {
        let own = Some(&reactions.author) == me.as_ref();
        let name = match store.author_name(&message.conversation, &reactions.author) {
            _ if own => t("message.you"),
            Some(name) => AttrValue::from(tame(name).into_owned()),
            None => t("message.somebody"),
        };
        for emoji in &reactions.emojis {
            match chips.iter_mut().find(|(known, ..)| known == emoji) {
                Some((_, names, ours)) => {
                    names.push(name.clone());
                    *ours |= own;
                }
                None => chips.push((emoji, vec![name.clone()], own)),
            }
        }
    }
    chips
}

/// The chips under a message. Pressing one joins in, or leaves; pressing it for longer, or
/// with the other button, tells who.
pub(crate) fn reactions(state: &State, message: &Rc<Message>) -> Html {
    let chips = reacted(state, message);
    if chips.is_empty() || message.is_retracted() {
        return Html::default();
    }
    let chip = |(emoji, names, own): Reacted<'_>| {
        let onclick = {
            let (state, message, emoji) = (state.clone(), message.clone(), emoji.to_owned());
            Callback::from(move |_: MouseEvent| state.toggle_reaction(&message, &emoji))
        };
        let oncontextmenu = {
            let (state, message) = (state.clone(), message.clone());
            Callback::from(move |event: MouseEvent| {
                event.prevent_default();
                state.open(Layer::Reactions(message.clone()));
            })
        };
        let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let names: Vec<&str> = names.iter().map(AttrValue::as_str).collect();
        let names = names.join(", ");
        let label = t_with("message.reacted", &[("emoji", emoji), ("names", &names)]);
        html! {
            <button
                type="button"
                class="reaction"
                aria-pressed={word(own)}
                aria-label={label}
                title={names}
                {onclick}
                {oncontextmenu}
            >
                <span class="reaction__emoji">{ emoji }</span>
                // No text: the name says who, which is more.
                <span class="reaction__count" data-count={number(count)} />
            </button>
        }
    };
    html! {
        <div class="reactions" role="group" aria-label={t("message.reactions")}>
            { for chips.into_iter().map(chip) }
        </div>
    }
}
