//! That what is being written is a spoiler, with its hint (XEP-0382).

use jid::BareJid;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use crate::i18n::t;
use crate::state::State;

/// Over the composer: what others read before they press, and the way out.
pub(crate) fn banner(state: &State, jid: &BareJid, hint: &str) -> Html {
    let oninput = {
        let (state, jid) = (state.clone(), jid.clone());
        Callback::from(move |event: InputEvent| {
            if let Some(field) = event.target_dyn_into::<HtmlInputElement>() {
                state.set_spoiler(&jid, Some(field.value()));
            }
        })
    };
    let stop = {
        let (state, jid) = (state.clone(), jid.clone());
        Callback::from(move |_| state.set_spoiler(&jid, None))
    };
    html! {
        <div class="composer__banner" role="group" aria-label={t("spoiler.writing")}>
            { icon(Icon::EyeOff) }
            <input
                class="composer__hint"
                aria-label={t("spoiler.hintLabel")}
                placeholder={t("spoiler.placeholder")}
                maxlength="200"
                dir="auto"
                autocomplete="off"
                value={hint.to_owned()}
                {oninput}
            />
            { icon_button(Icon::Close, t("spoiler.stop"), stop) }
        </div>
    }
}
