//! A button that shows an icon only: its name is its tooltip too.

use yew::prelude::*;

use super::icon::{Icon, icon};

/// What an icon button can be besides a name and an icon.
#[derive(Default)]
pub(crate) struct Kind {
    /// Shows and hides something.
    pub(crate) expanded: Option<bool>,
    /// What it shows is a menu.
    pub(crate) menu: bool,
    /// Stays down.
    pub(crate) pressed: Option<bool>,
    /// The Tab key passes it by.
    pub(crate) passed: bool,
}

/// An icon button that does something when it is pressed.
pub(crate) fn icon_button(icon: Icon, label: AttrValue, onclick: Callback<MouseEvent>) -> Html {
    icon_button_of(Kind::default(), icon, label, onclick)
}

/// An icon button that also says how things stand.
pub(crate) fn icon_button_of(
    kind: Kind,
    shown: Icon,
    label: AttrValue,
    onclick: Callback<MouseEvent>,
) -> Html {
    html! {
        <button
            type="button"
            class="icon-button"
            aria-label={label.clone()}
            title={label}
            aria-expanded={kind.expanded.map(word)}
            aria-haspopup={kind.menu.then_some("menu")}
            aria-pressed={kind.pressed.map(word)}
            tabindex={kind.passed.then_some("-1")}
            {onclick}
        >
            { icon(shown) }
        </button>
    }
}

/// ARIA's truth values are words.
pub(crate) fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
