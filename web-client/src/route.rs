//! Where in the application we are: the part of the address behind `#`.

use std::str::FromStr;

use jid::BareJid;

/// A place that has an address of its own, so that the back button leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Route {
    /// The list of conversations, none of them open.
    #[default]
    Home,
    /// A conversation: `#/chat/JID`.
    Chat(BareJid),
    /// Where a link of another program's or in a message leads: `#/open/URI`.
    Open(String),
    /// What is known of the other side of one: `#/chat/JID/details`.
    Details(BareJid),
    /// What can be chosen, and a part of that: `#/settings`, `#/settings/PART`.
    Settings(Option<Section>),
}

/// A part of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// How the page looks, and in which language.
    Appearance,
    /// How it tells of what is new.
    Alerts,
    /// What others learn.
    Privacy,
    /// The account on the server.
    Account,
    /// What is kept, and taken away.
    Storage,
    /// The keys.
    Keyboard,
    /// What this is.
    About,
}

impl Section {
    /// In the order in which they are shown.
    pub(crate) const ALL: [Self; 7] = [
        Self::Appearance,
        Self::Alerts,
        Self::Privacy,
        Self::Account,
        Self::Storage,
        Self::Keyboard,
        Self::About,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Appearance => "appearance",
            Self::Alerts => "notifications",
            Self::Privacy => "privacy",
            Self::Account => "account",
            Self::Storage => "storage",
            Self::Keyboard => "keyboard",
            Self::About => "about",
        }
    }
}

impl Route {
    /// The route that the address bar shows; [`Home`](Self::Home) where it shows none of ours.
    pub(crate) fn current() -> Self {
        let hash = web_sys::window().and_then(|window| window.location().hash().ok());
        hash.as_deref().and_then(Self::parse).unwrap_or_default()
    }

    /// The fragment, `#` included.
    pub(crate) fn href(&self) -> String {
        match self {
            Self::Home => "#/".to_owned(),
            Self::Chat(jid) => ["#/chat/", &fragment(jid.as_str())].concat(),
            Self::Open(uri) => [OPEN, &fragment(uri)].concat(),
            Self::Details(jid) => ["#/chat/", &fragment(jid.as_str()), "/details"].concat(),
            Self::Settings(None) => SETTINGS.to_owned(),
            Self::Settings(Some(section)) => [SETTINGS, "/", section.name()].concat(),
        }
    }

    /// Goes there in place of where one is.
    pub(crate) fn go_instead(&self) {
        if let Some(window) = web_sys::window() {
            // Another fragment is no other document.
            let _ = window.location().replace(&self.href());
        }
    }

    /// Goes there, with an entry in the history.
    pub(crate) fn go(&self) {
        if let Some(window) = web_sys::window() {
            // Setting a fragment fails in no document that is on screen.
            let _ = window.location().set_hash(&self.href());
        }
    }

    /// The other side of the conversation that is open.
    pub(crate) fn jid(&self) -> Option<&BareJid> {
        match self {
            Self::Home | Self::Open(_) | Self::Settings(_) => None,
            Self::Chat(jid) | Self::Details(jid) => Some(jid),
        }
    }

    /// The route that a fragment, `#` included, stands for.
    pub(crate) fn parse(hash: &str) -> Option<Self> {
        if let Some(section) = hash.strip_prefix(SETTINGS) {
            let known = |name: &str| Section::ALL.into_iter().find(|known| known.name() == name);
            return match section.strip_prefix('/') {
                Some(name) => Some(Self::Settings(Some(known(name)?))),
                None => section.is_empty().then_some(Self::Settings(None)),
            };
        }
        if let Some(uri) = hash.strip_prefix(OPEN) {
            return Some(Self::Open(decode(uri)?));
        }
        let path = hash.strip_prefix("#/")?;
        if path.is_empty() {
            return Some(Self::Home);
        }
        let rest = path.strip_prefix("chat/")?;
        let (jid, details) = match rest.split_once('/') {
            None => (rest, false),
            Some((jid, "details")) => (jid, true),
            Some(_) => return None,
        };
        let jid = BareJid::from_str(&decode(jid)?).ok()?;
        Some(if details {
            Self::Details(jid)
        } else {
            Self::Chat(jid)
        })
    }
}

const SETTINGS: &str = "#/settings";

/// What is behind it is a URI.
pub(crate) const OPEN: &str = "#/open/";

/// Percent-encodes what RFC 3986 3.5 doesn't allow in a fragment, and the `/`,
/// `?`, `#` and `%` that mean something to us.
fn fragment(text: &str) -> String {
    encode(text, b"-._~!$&'()*+,;=:@")
}

/// Percent-encodes all but letters, digits and what is in `also`.
pub(crate) fn encode(text: &str, also: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || also.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

/// `None` for an escape that isn't one, or bytes that aren't UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            u8::try_from(digit()? * 16 + digit()?).ok()?
        } else {
            byte
        };
        decoded.push(byte);
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::{Route, Section};
    use jid::BareJid;

    fn jid(text: &str) -> BareJid {
        BareJid::new(text).unwrap()
    }

    #[test]
    fn a_plain_address_is_readable() {
        assert_eq!(
            Route::Chat(jid("alice@example.org")).href(),
            "#/chat/alice@example.org"
        );
    }

    #[test]
    fn every_route_survives_its_address() {
        let mut routes = vec![Route::Home, Route::Settings(None)];
        routes.extend(Section::ALL.map(|section| Route::Settings(Some(section))));
        for text in [
            "alice@example.org",
            "林美@例子.广告",
            "100%/a?b#c@example.org",
            "example.org",
        ] {
            if let Ok(jid) = BareJid::new(text) {
                routes.push(Route::Chat(jid.clone()));
                routes.push(Route::Details(jid));
            }
        }
        for uri in ["xmpp:林美@b?join;a=%20#/?x", "", "#/open/"] {
            routes.push(Route::Open(uri.to_owned()));
        }
        assert!(routes.len() >= 18);
        for route in routes {
            assert_eq!(
                Route::parse(&route.href()),
                Some(route.clone()),
                "{}",
                route.href()
            );
        }
    }

    #[test]
    fn an_address_may_be_encoded_more_than_it_must() {
        let chat = Some(Route::Chat(jid("alice@example.org")));
        assert_eq!(Route::parse("#/chat/alice%40example.org"), chat);
    }

    #[test]
    fn what_is_no_route_is_none() {
        for hash in [
            "",
            "#",
            "#chat",
            "#/chat/",
            "#/chat/a@b/other",
            "#/chat/%zz@b",
            "#/chat/%ff",
            "#/open",
            "#/open/%ff",
            "#/settings/",
            "#/settings/nothing",
            "#/settingsabout",
        ] {
            assert_eq!(Route::parse(hash), None, "{hash}");
        }
    }
}
