//! The address of somebody, or our own, for others: as a link, as a picture for a camera, and
//! as a message.

use jid::BareJid;
use qrcodegen::{QrCode, QrCodeEcc};
use yew::prelude::*;

use super::copy_button::copy_button;
use super::dialog::Dialog;
use super::icon::{Icon, icon};
use super::layer::{Layer, opening};
use crate::hooks::use_model;
use crate::i18n::{t, t_with};
use crate::state::State;
use crate::uri;

/// So many modules are left free around the code (ISO/IEC 18004 6.3.8).
const QUIET: i32 = 4;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

/// A dialog with all of them.
#[component]
pub(crate) fn Share(props: &Props) -> Html {
    let Props { state, jid } = props;
    let copied = use_model(|| false);
    let uri = uri::of(jid);
    let store = state.store();
    let name = store.name(jid);
    let (title, hint) = if state.me().as_ref() == Some(jid) {
        (t("share.ownTitle"), t("share.ownHint"))
    } else {
        let name = [("name", name)];
        (t_with("share.title", &name), t_with("share.hint", &name))
    };
    html! {
        <Dialog state={state.clone()} {title}>
            <div class="share">
                { code(&uri) }
                <p class="share__uri">
                    <bdi>{ &uri }</bdi>
                    { copy_button(state, t("share.copy"), uri.clone(), &copied) }
                </p>
                <p class="form__text">{ hint }</p>
                <button
                    type="button"
                    class="button"
                    onclick={opening(state, Layer::Switcher(Some(jid.clone())))}
                >
                    { icon(Icon::Send) }
                    { t("share.send") }
                </button>
            </div>
        </Dialog>
    }
}

/// Dark on light in any theme: cameras want it so.
fn code(text: &str) -> Html {
    // What is too long for one has no picture.
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        return Html::default();
    };
    let side = code.size();
    let mut path = String::new();
    for y in 0..side {
        for x in (0..side).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    let whole = side + 2 * QUIET;
    html! {
        <svg
            class="share__code"
            viewBox={format!("-{QUIET} -{QUIET} {whole} {whole}")}
            role="img"
            aria-label={t("share.code")}
        >
            <path d={path} />
        </svg>
    }
}
