//! The question before a moderator takes away what somebody has said.

use std::rc::Rc;

use couplet_engine::store::Message;
use web_sys::FormData;
use yew::prelude::*;

use super::dialog::value;
use super::message_text::version_text;
use super::room_question::{RoomQuestion, reason};
use crate::i18n::{number, t, t_with};
use crate::state::State;

/// Whether all that is here of whoever wrote it goes too.
const ALL: &str = "moderate-all";

/// Says who keeps it, and asks why.
pub(crate) fn dialog(state: &State, message: &Rc<Message>) -> Html {
    let all = state.by_same_writer(message);
    let count = number(u32::try_from(all.len()).unwrap_or(u32::MAX));
    let name = state.author(message);
    let several = all.len() > 1;
    let ask = {
        let (state, room) = (state.clone(), message.conversation.clone());
        Callback::from(move |form: FormData| {
            let wanted = match value(&form, ALL).is_empty() {
                true => &all[..1],
                false => &all[..],
            };
            Some(state.moderate(&room, wanted, reason(&form)))
        })
    };
    html! {
        <RoomQuestion
            state={state.clone()}
            title={t("moderate.title")}
            submit={t("moderate.submit")}
            danger=true
            reasoned=true
            {ask}
        >
            <blockquote class="quoted" dir="auto">
                { version_text(message, &message.body) }
            </blockquote>
            <p class="form__text">{ t("moderate.text") }</p>
            if several {
                <label class="choice">
                    <input type="checkbox" name={ALL} class="choice__input" />
                    <span>{ t_with("moderate.all", &[("name", &name), ("count", &count)]) }</span>
                </label>
            }
        </RoomQuestion>
    }
}
