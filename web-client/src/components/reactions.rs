//! What people feel about a message: a chip an emoji, with who and how many.

use std::rc::Rc;

use couplet_engine::store::Message;
use yew::prelude::*;

use super::icon_button::word;
use crate::i18n::{number, t, t_with};
use crate::state::State;

/// The chips under a message. Pressing one joins in, or leaves.
pub(crate) fn reactions(state: &State, message: &Rc<Message>) -> Html {
    let store = state.store();
    let me = store.own_author(&message.conversation);
    let mut chips: Vec<(&str, Vec<AttrValue>, bool)> = Vec::new();
    for reactions in message.reactions() {
        let own = Some(&reactions.author) == me.as_ref();
        let name = match store.author_name(&message.conversation, &reactions.author) {
            _ if own => t("message.you"),
            Some(name) => AttrValue::from(name.to_owned()),
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
    if chips.is_empty() || message.is_retracted() {
        return Html::default();
    }
    let chip = |(emoji, names, own): (&str, Vec<AttrValue>, bool)| {
        let onclick = {
            let (state, message, emoji) = (state.clone(), message.clone(), emoji.to_owned());
            Callback::from(move |_: MouseEvent| state.toggle_reaction(&message, &emoji))
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
            >
                <span class="reaction__emoji">{ emoji }</span>
                <span class="reaction__count">{ number(count) }</span>
            </button>
        }
    };
    html! {
        <div class="reactions" role="group" aria-label={t("message.reactions")}>
            { for chips.into_iter().map(chip) }
        </div>
    }
}
