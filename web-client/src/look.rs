//! How the page looks, as somebody chose on this device: the style sheet reads it off the
//! document, where what is nobody's choice doesn't stand.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlMetaElement};

use crate::platform;
use crate::state::document;

/// One thing that can be chosen.
pub(crate) struct Look {
    /// In `couplet.NAME` it is kept, in `data-NAME` it is shown.
    pub(crate) name: &'static str,
    /// What it is unless somebody chooses.
    default: &'static str,
    /// The values, and the keys of what they are called.
    pub(crate) values: &'static [(&'static str, &'static str)],
}

/// Light, dark, or as the system has it.
pub(crate) const THEME: Look = Look {
    name: "theme",
    default: "system",
    values: &[
        ("system", "theme.system"),
        ("light", "theme.light"),
        ("dark", "theme.dark"),
    ],
};

/// The colour of what can be pressed.
pub(crate) const ACCENT: Look = Look {
    name: "accent",
    default: "blue",
    values: &[
        ("blue", "accent.blue"),
        ("violet", "accent.violet"),
        ("rose", "accent.rose"),
        ("amber", "accent.amber"),
        ("green", "accent.green"),
        ("teal", "accent.teal"),
    ],
};

/// How large everything is written.
pub(crate) const TEXT_SIZE: Look = Look {
    name: "text",
    default: "normal",
    values: &[
        ("small", "textSize.small"),
        ("normal", "textSize.normal"),
        ("large", "textSize.large"),
        ("huge", "textSize.huge"),
    ],
};

impl Look {
    /// What was chosen on this device, if the browser lets us remember things.
    pub(crate) fn chosen(&self) -> &'static str {
        let stored = platform::preference(&self.key());
        let known = self.values.iter().map(|(value, _)| *value);
        let mut known = known.filter(|value| stored.as_deref() == Some(*value));
        known.next().unwrap_or(self.default)
    }

    /// Keeps the choice and shows it.
    pub(crate) fn choose(&self, value: &str) {
        platform::prefer(
            &self.key(),
            Some(value).filter(|value| *value != self.default),
        );
        show();
    }

    fn key(&self) -> String {
        ["couplet.", self.name].concat()
    }

    fn mark(&self, root: &Element) {
        let (name, value) = (["data-", self.name].concat(), self.chosen());
        // Neither fails for a name that is one.
        let _ = match value == self.default {
            true => root.remove_attribute(&name),
            false => root.set_attribute(&name, value),
        };
    }
}

/// Shows what was chosen.
pub(crate) fn show() {
    let Some(document) = document() else { return };
    if let Some(root) = document.document_element() {
        for look in [THEME, ACCENT, TEXT_SIZE] {
            look.mark(&root);
        }
    }
    tint_browser(&document);
}

/// The bars that the browser draws around the page: the document has one
/// colour for each scheme, a choice of ours overrides both.
fn tint_browser(document: &Document) {
    let colour = web_sys::window().and_then(|window| {
        let body = document.body()?;
        let style = window.get_computed_style(&body).ok()??;
        style.get_property_value("background-color").ok()
    });
    let by_system = THEME.chosen() == THEME.default;
    let Ok(metas) = document.query_selector_all("meta[name=theme-color]") else {
        return;
    };
    for index in 0..metas.length() {
        let Some(meta) = metas.get(index).and_then(|node| node.dyn_into().ok()) else {
            continue;
        };
        let meta: HtmlMetaElement = meta;
        let content = match by_system {
            true => meta.dataset().get("system"),
            false => colour.clone(),
        };
        meta.set_content(&content.unwrap_or_default());
    }
}
