//! What others learn, and who may contact us.

use couplet_engine::store::Privacy;
use yew::prelude::*;

use super::super::layer::{Layer, opening};
use super::control::{Switch, one_of};
use crate::i18n::t;
use crate::state::State;

const EVERYBODY: &str = "everybody";
const CONTACTS: &str = "contacts";

pub(super) fn page(state: &State) -> Html {
    let now = state.store().privacy();
    let switch = |id, label, hint: Option<&'static str>, on| Switch {
        id,
        label,
        hint: hint.map(t),
        on,
        fixed: false,
    };
    let receipts = switch(
        "privacy-receipts",
        "privacy.receipts",
        Some("privacy.receiptsHint"),
        now.receipts,
    );
    let markers = switch(
        "privacy-markers",
        "privacy.markers",
        Some("privacy.markersHint"),
        now.markers,
    );
    let typing = switch("privacy-typing", "privacy.typing", None, now.typing);
    let to = |set: fn(&mut Privacy, bool)| {
        let state = state.clone();
        move |on| state.change_privacy(|privacy| set(privacy, on))
    };
    let chosen = if now.strangers { EVERYBODY } else { CONTACTS };
    let who = [
        (EVERYBODY, t("privacy.everybody")),
        (CONTACTS, t("privacy.contacts")),
    ];
    let choose = {
        let state = state.clone();
        move |value: String| {
            state.change_privacy(|privacy| privacy.strangers = value == EVERYBODY);
        }
    };
    let hint = if now.only_here {
        "privacy.untold"
    } else {
        "privacy.hint"
    };
    html! {
        <>
            <p class="setting__hint">{ t(hint) }</p>
            { receipts.html(to(|privacy, on| privacy.receipts = on)) }
            { markers.html(to(|privacy, on| privacy.markers = on)) }
            { typing.html(to(|privacy, on| privacy.typing = on)) }
            { one_of("contact", "privacy.contact", who.into_iter(), chosen, choose) }
            <p class="setting__hint">{ t("privacy.contactsHint") }</p>
            if state.store().blocklist().is_some() {
                <button type="button" class="button" onclick={opening(state, Layer::Blocked)}>
                    { t("blocked.title") }
                </button>
            }
        </>
    }
}
