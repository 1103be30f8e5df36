//! What is said to whom one doesn't follow into a room.

use jid::BareJid;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting};
use super::field::Field;
use super::room_question::{REASON, reason};
use crate::i18n::{t, t_with};
use crate::state::State;

/// Declines, with a reason that the room passes on to whoever has invited us (XEP-0045 7.8.2).
pub(crate) fn dialog(state: &State, room: &BareJid) -> Html {
    let store = state.store();
    let invitation = store.room(room).and_then(|room| room.invitation.as_ref());
    let from = invitation.map_or(room, |invitation| &invitation.from);
    let onsubmit = {
        let (state, room) = (state.clone(), room.clone());
        submitting(move |form| {
            state.decline_invitation(&room, reason(form));
            state.close();
        })
    };
    let why = Field {
        id: REASON,
        label: t("deed.reason"),
        autofocus: true,
        hint: Some(t_with("decline.hint", &[("name", store.name(from))])),
        ..Field::default()
    };
    let name = [("name", store.name(room))];
    html! {
        <Dialog state={state.clone()} title={t_with("decline.title", &name)}>
            <form class="form" novalidate=true {onsubmit}>
                { why.html() }
                { form_buttons(state, t("requests.decline")) }
            </form>
        </Dialog>
    }
}
