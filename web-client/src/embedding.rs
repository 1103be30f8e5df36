//! The site that has this page in a frame of its own (`static/embed.js` speaks to it): what it
//! wants of the chat, and what it is told.

use std::cell::RefCell;
use std::rc::Rc;
use std::str::FromStr as _;

use couplet_engine::{Timestamp, foreign};
use jid::{BareJid, ResourcePart};
use js_sys::{Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::driver::TokenAnswer;
use crate::platform::profile::{self, AGREED, VOUCHED};
use crate::platform::{self, prefer, preference};
use crate::state::State;

/// What a guest is called, once they have said so.
const NICKNAME: &str = "couplet.nickname";
/// The room in which the guest talks with those who help, and when they were last asked there.
const SUPPORT_ROOM: &str = "couplet.support";
const INVITED: &str = "couplet.invited";
/// Whether a guest has answered what is asked before.
const ASKED: &str = "couplet.asked";
/// When the last was said in a guest's conversation.
const LAST: &str = "couplet.last";

/// In characters; a room's server may take no more than 1023 bytes.
const LONGEST_NICKNAME: usize = 60;

/// In milliseconds.
const DAY: f64 = 86_400_000.0;

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    type Site;

    #[wasm_bindgen(method, getter)]
    fn settings(this: &Site) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn anonymous(this: &Site) -> bool;

    #[wasm_bindgen(method, getter)]
    fn user(this: &Site) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    fn denied(this: &Site) -> bool;

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
    /// What waits for a token of the site's.
    waiting: Rc<RefCell<Option<TokenAnswer>>>,
    about: Option<About>,
}

/// What a guest is asked before the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Name,
    Email,
    Question,
}

/// What the chat is about, as the site says.
#[derive(Clone)]
enum About {
    Room(BareJid),
    Contact(BareJid),
    /// Those who help: with whoever has an account they talk one to one, with each guest in a
    /// room of its own.
    Support(BareJid),
}

impl Embedding {
    /// The site around this page, which is in another one.
    pub(crate) fn around() -> Option<Self> {
        let site = Reflect::get(&js_sys::global(), &"coupletSite".into()).ok()?;
        let site: Site = site.is_object().then(|| site.unchecked_into())?;
        let settings = site.settings();
        let address = |name| BareJid::from_str(text(&settings, name)?.trim()).ok();
        let about = address("room").map(About::Room);
        let about = about.or_else(|| address("support").map(About::Support));
        Some(Self {
            mode: match text(&settings, "mode").as_deref() {
                Some("inline") => Mode::Inline,
                Some("full") => Mode::Full,
                _ => Mode::Bubble,
            },
            guests: site.anonymous(),
            waiting: Rc::default(),
            about: about.or_else(|| address("contact").map(About::Contact)),
            site,
        })
    }

    /// The conversation that this is about, as soon as there is one.
    pub(crate) fn target(&self) -> Option<BareJid> {
        if let Some(agents) = self.agents() {
            return support_room(agents);
        }
        self.about.as_ref().map(|about| match about {
            About::Room(jid) | About::Contact(jid) | About::Support(jid) => jid.clone(),
        })
    }

    /// Whether it is with a room.
    pub(crate) fn is_room(&self) -> bool {
        matches!(self.about, Some(About::Room(_))) || self.agents().is_some()
    }

    /// Who answers in a room that there is for this guest alone.
    pub(crate) fn agents(&self) -> Option<&BareJid> {
        match &self.about {
            Some(About::Support(agents)) if self.guests && self.user().is_none() => Some(agents),
            _ => None,
        }
    }

    /// What the site has said of this.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        text(&self.site.settings(), name)
    }

    /// Whether it is about nothing that there is.
    pub(crate) fn is_empty(&self) -> bool {
        self.about.is_none() && self.mode != Mode::Full
    }

    /// Whether the site says what a guest is called.
    pub(crate) fn is_named(&self) -> bool {
        self.named().is_some()
    }

    fn named(&self) -> Option<String> {
        nickname(&self.setting("nickname")?)
    }

    /// What a guest is called: as the site says, or as they have said themselves.
    pub(crate) fn nickname(&self) -> Option<String> {
        self.named().or_else(|| preference(NICKNAME))
    }

    /// The guest of the site is called so, on this device.
    pub(crate) fn keep_nickname(&self, name: &str) {
        prefer(NICKNAME, Some(name));
    }

    /// Whom the site vouches for.
    pub(crate) fn user(&self) -> Option<BareJid> {
        profile::user().filter(|user| user.node().is_some())
    }

    /// Whether it has said that it knows nobody who is here.
    pub(crate) fn knows_nobody(&self) -> bool {
        self.site.denied()
    }

    /// Has the site vouch for `user` from now on: whoever signs in as them asks it for a token.
    pub(crate) fn vouch(&self, state: &State, user: &BareJid) {
        prefer(VOUCHED, Some(user.as_str()));
        let (site, user) = (self.clone(), user.clone());
        state.vouched_for_by(move |answer| {
            if site.user().as_ref() != Some(&user) {
                // It speaks for somebody else by now.
                return answer(None);
            }
            site.waiting.replace(Some(answer));
            let named = site.site.user().unwrap_or_default();
            site.tell("token-wanted", &[("jid", named.into())]);
        });
    }

    fn take_token(&self, token: Option<String>) {
        let answer = self.waiting.take();
        if let Some(answer) = answer {
            answer(token);
        }
    }

    /// Makes up a room of this service for the guest to talk with `agents`. Whoever knows its name
    /// may come in, so nobody can guess it.
    pub(crate) fn choose_room(&self, agents: &BareJid, service: &BareJid) {
        let name = u128::from_be_bytes(platform::random());
        let room = format!("{name:032x}@{service}");
        prefer(&about(SUPPORT_ROOM, agents), Some(&room));
    }

    /// The room that the guest had with `agents` is no more.
    pub(crate) fn forget_room(&self, agents: &BareJid) {
        for name in [SUPPORT_ROOM, INVITED] {
            prefer(&about(name, agents), None);
        }
    }

    /// When `agents` were last asked into the guest's room.
    pub(crate) fn invited(&self, agents: &BareJid) -> Option<Timestamp> {
        let at = preference(&about(INVITED, agents))?;
        at.parse().ok().map(Timestamp)
    }

    pub(crate) fn note_invited(&self, agents: &BareJid, at: Timestamp) {
        prefer(&about(INVITED, agents), Some(&at.0.to_string()));
    }

    /// What a guest is asked, until they have answered.
    pub(crate) fn asks(&self) -> Vec<Ask> {
        if preference(&self.asked()).is_some() {
            return Vec::new();
        }
        let fields = self.setting("prechat").unwrap_or_default();
        let fields = fields.split(|separator: char| separator == ',' || separator.is_whitespace());
        fields
            .filter_map(|field| match field {
                "name" => Some(Ask::Name),
                "email" => Some(Ask::Email),
                "question" => Some(Ask::Question),
                _ => None,
            })
            .collect()
    }

    /// They have.
    pub(crate) fn note_asked(&self) {
        prefer(&self.asked(), Some("yes"));
    }

    fn asked(&self) -> String {
        let about = match &self.about {
            Some(About::Room(jid) | About::Contact(jid) | About::Support(jid)) => jid.as_str(),
            None => "",
        };
        format!("{ASKED} {about}")
    }

    /// What has to be agreed to before anything is sent, if it hasn't been.
    pub(crate) fn consent(&self) -> Option<String> {
        self.setting("consent").filter(|_| !profile::is_agreed())
    }

    /// It has.
    pub(crate) fn agree(&self, text: &str) {
        prefer(AGREED, Some(text));
    }

    /// For how many milliseconds after the last message a guest's conversation is kept here.
    pub(crate) fn retention(&self) -> Option<i64> {
        let days: f64 = self.setting("retention")?.trim().parse().ok()?;
        (days > 0.0).then_some((days * DAY) as i64)
    }

    pub(crate) fn keep_last(&self, last: Option<Timestamp>) {
        let last = last.map(|last| last.0.to_string());
        prefer(LAST, last.as_deref());
    }

    /// Whether what is kept of a guest here has been kept long enough.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        let last: Option<i64> = preference(LAST).and_then(|last| last.parse().ok());
        let kept = |(last, time): (i64, i64)| now.0.saturating_sub(last) > time;
        last.zip(self.retention()).is_some_and(kept)
    }

    /// Forgets who the guest was and where they talked; what was said goes with the session.
    pub(crate) fn forget_guest(&self) {
        if let Some(About::Support(agents)) = &self.about {
            self.forget_room(agents);
        }
        let asked = self.asked();
        for name in [NICKNAME, LAST, &asked] {
            prefer(name, None);
        }
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
        let site = self.clone();
        let listener =
            Closure::<dyn Fn(String, JsValue)>::new(move |kind: String, value: JsValue| {
                let said = match kind.as_str() {
                    "settings" => Some(Heard::Settings),
                    "visible" => value.as_bool().map(Heard::Visible),
                    "focus" => Some(Heard::Focus),
                    "send" => value.as_string().map(Heard::Send),
                    "user" => Some(Heard::User),
                    "token" => {
                        site.take_token(value.as_string());
                        None
                    }
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
    /// Who is here, or that it is nobody it knows.
    User,
}

/// That as a name that a room can take (RFC 7622 3.4), if it can be one.
pub(crate) fn nickname(name: &str) -> Option<String> {
    let name = foreign::one_line(name, LONGEST_NICKNAME)?;
    ResourcePart::new(&name).is_ok().then_some(name)
}

/// What is kept of a guest's conversation with `agents` by this name.
fn about(name: &str, agents: &BareJid) -> String {
    format!("{name} {agents}")
}

fn support_room(agents: &BareJid) -> Option<BareJid> {
    preference(&about(SUPPORT_ROOM, agents))?.parse().ok()
}

fn text(settings: &JsValue, name: &str) -> Option<String> {
    Reflect::get(settings, &name.into()).ok()?.as_string()
}
