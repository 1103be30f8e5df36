//! Light, dark, or as the system has it.

use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlMetaElement, Window};

use crate::platform;

const KEY: &str = "couplet.theme";

/// What the person chose, kept on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// Follow the system.
    #[default]
    System,
    /// Light always.
    Light,
    /// Dark always.
    Dark,
}

impl Theme {
    /// What was chosen on this device, if the browser lets us remember things.
    pub(crate) fn stored() -> Self {
        match platform::preference(KEY).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// Keeps the choice and shows it.
    pub(crate) fn choose(self) {
        platform::prefer(KEY, self.name());
        self.apply();
    }

    /// Shows the theme: `tokens.css` goes by `data-theme`.
    pub(crate) fn apply(self) {
        let Some(window) = web_sys::window() else {
            return;
        };
        let Some(document) = window.document() else {
            return;
        };
        if let Some(root) = document.document_element() {
            // Neither fails for a name that is one.
            let _ = match self.name() {
                Some(name) => root.set_attribute("data-theme", name),
                None => root.remove_attribute("data-theme"),
            };
        }
        self.tint_browser(&window, &document);
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// The bars that the browser draws around the page: the document has one
    /// colour for each scheme, a choice of ours overrides both.
    fn tint_browser(self, window: &Window, document: &Document) {
        let colour = document.body().and_then(|body| {
            let style = window.get_computed_style(&body).ok()??;
            style.get_property_value("background-color").ok()
        });
        let Ok(metas) = document.query_selector_all("meta[name=theme-color]") else {
            return;
        };
        for index in 0..metas.length() {
            let Some(meta) = metas.get(index).and_then(|node| node.dyn_into().ok()) else {
                continue;
            };
            let meta: HtmlMetaElement = meta;
            let system = meta.dataset().get("system");
            let content = if self == Self::System {
                system
            } else {
                colour.clone()
            };
            meta.set_content(&content.unwrap_or_default());
        }
    }
}
