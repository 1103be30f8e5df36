//! The list of keys.

use yew::prelude::*;

use super::dialog::Dialog;
use crate::i18n::t;
use crate::state::State;

/// The keys and what they do; in a combination the keys go together.
const KEYS: [(&[&str], &str); 10] = [
    (&["keys.command", "K"], "keys.switcher"),
    (&["Alt", "↑"], "keys.previous"),
    (&["Alt", "↓"], "keys.next"),
    (&["Enter"], "keys.send"),
    (&["Shift", "Enter"], "keys.lineBreak"),
    (&["↑"], "keys.editLast"),
    (&["keys.command", "↑"], "keys.reply"),
    (&["↑", "↓"], "keys.list"),
    (&["Esc"], "keys.close"),
    (&["?"], "keys.help"),
];

/// Shows the keys. What is no text of the locale is the same in every language.
pub(crate) fn dialog(state: &State) -> Html {
    html! {
        <Dialog state={state.clone()} title={t("menu.shortcuts")}>
            <dl class="keys">
                { for KEYS.iter().map(|(keys, what)| html! {
                    <div class="keys__row">
                        <dt>{ t(what) }</dt>
                        <dd>{ for keys.iter().map(|key| html! { <kbd>{ t(key) }</kbd> }) }</dd>
                    </div>
                }) }
            </dl>
        </Dialog>
    }
}
