//! The list of keys.

use yew::prelude::*;

use super::dialog::Dialog;
use crate::i18n::t;
use crate::state::State;

/// Keys that go together, and what they do.
type Keys = (&'static [&'static str], &'static str);

const SENDING: [Keys; 2] = [
    (&["Enter"], "keys.send"),
    (&["Shift", "Enter"], "keys.lineBreak"),
];

/// The same for whom Enter begins a new line.
const SENDING_BY_COMMAND: [Keys; 2] = [
    (&["keys.command", "Enter"], "keys.send"),
    (&["Enter"], "keys.lineBreak"),
];

const BEFORE: [Keys; 4] = [
    (&["keys.command", "K"], "keys.switcher"),
    (&["keys.command", ","], "menu.settings"),
    (&["Alt", "↑"], "keys.previous"),
    (&["Alt", "↓"], "keys.next"),
];

const BEHIND: [Keys; 5] = [
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
            { list(state) }
        </Dialog>
    }
}

/// The keys and what they do.
pub(super) fn list(state: &State) -> Html {
    let sending = match state.enter_sends() {
        true => SENDING,
        false => SENDING_BY_COMMAND,
    };
    let rows = BEFORE.iter().chain(&sending).chain(&BEHIND);
    html! {
        <dl class="keys">
            { for rows.map(|(keys, what)| html! {
                <div class="keys__row">
                    <dt>{ t(what) }</dt>
                    <dd>{ for keys.iter().map(|key| html! { <kbd>{ t(key) }</kbd> }) }</dd>
                </div>
            }) }
        </dl>
    }
}
