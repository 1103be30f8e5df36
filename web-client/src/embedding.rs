//! The site that has this page in a frame of its own (`static/embed.js` speaks to it): what it
//! wants of the chat, and what it is told.

use std::str::FromStr as _;

use jid::BareJid;
use js_sys::{Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::platform;

/// What a guest is called, once they have said so.
const NICKNAME: &str = "couplet.nickname";

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    type Site;

    #[wasm_bindgen(method, getter)]
    fn settings(this: &Site) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn anonymous(this: &Site) -> bool;

    #[wasm_bindgen(method)]
    fn tell(this: &Site, kind: &str, detail: &JsValue);

    #[wasm_bindgen(method)]
    fn listen(this: &Site, listener: &JsValue);
}

/// Where on the site's page the chat is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In a panel that somebody opens and closes.
    Bubble,
    /// In a box of the page.
    Inline,
    /// The whole messenger is, in a box of the page.
    Full,
}

/// The site around this page.
#[derive(Clone)]
pub(crate) struct Embedding {
    site: Site,
    pub(crate) mode: Mode,
    /// Whether whoever has no account is a guest.
    pub(crate) guests: bool,
    /// The conversation that this is about.
    pub(crate) target: Option<BareJid>,
    /// Whether it is with a room.
    pub(crate) is_room: bool,
}

impl Embedding {
    /// The site around this page, which is in another one.
    pub(crate) fn around() -> Option<Self> {
        let site = Reflect::get(&js_sys::global(), &"coupletSite".into()).ok()?;
        let site: Site = site.is_object().then(|| site.unchecked_into())?;
        let settings = site.settings();
        let address = |name| BareJid::from_str(text(&settings, name)?.trim()).ok();
        let room = address("room");
        Some(Self {
            mode: match text(&settings, "mode").as_deref() {
                Some("inline") => Mode::Inline,
                Some("full") => Mode::Full,
                _ => Mode::Bubble,
            },
            guests: site.anonymous(),
            is_room: room.is_some(),
            target: room.or_else(|| address("contact")),
            site,
        })
    }

    /// What the site has said of this.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        text(&self.site.settings(), name)
    }

    /// What a guest is called: as the site says, or as they have said themselves.
    pub(crate) fn nickname(&self) -> Option<String> {
        let kept = || platform::preference(NICKNAME);
        self.setting("nickname").or_else(kept)
    }

    /// The guest of the site is called so, on this device.
    pub(crate) fn keep_nickname(&self, name: &str) {
        platform::prefer(NICKNAME, Some(name));
    }

    /// Tells the site something.
    pub(crate) fn tell(&self, kind: &str, detail: &[(&str, JsValue)]) {
        let object = Object::new();
        for (name, value) in detail {
            // A plain object takes any property.
            let _ = Reflect::set(&object, &(*name).into(), value);
        }
        self.site.tell(kind, &object);
    }

    /// Hears what the site says from now on, and what it has said until now.
    pub(crate) fn listen(&self, heard: impl Fn(Heard) + 'static) {
        let listener =
            Closure::<dyn Fn(String, JsValue)>::new(move |kind: String, value: JsValue| {
                let said = match kind.as_str() {
                    "settings" => Some(Heard::Settings),
                    "visible" => value.as_bool().map(Heard::Visible),
                    "focus" => Some(Heard::Focus),
                    "send" => value.as_string().map(Heard::Send),
                    _ => None,
                };
                if let Some(said) = said {
                    heard(said);
                }
            });
        self.site.listen(&listener.into_js_value());
    }
}

/// What a site says.
pub(crate) enum Heard {
    /// It wants us to look otherwise, or to be called otherwise.
    Settings,
    /// Somebody has opened the panel, or closed it.
    Visible(bool),
    /// Whoever has opened it wants to write.
    Focus,
    /// Something to be said.
    Send(String),
}

fn text(settings: &JsValue, name: &str) -> Option<String> {
    Reflect::get(settings, &name.into()).ok()?.as_string()
}
