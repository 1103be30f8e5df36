//! `xmpp:` URIs (RFC 5122), which say whom or what one is led to, and what for (XEP-0147).

use std::str::FromStr;

use couplet_engine::foreign::{lines, one_line, turns_text};
use jid::BareJid;

use crate::route::{decode, encode};

/// No link is longer, in bytes.
pub(crate) const LONGEST: usize = 2_048;

/// What a name is cut to, in characters.
const LONGEST_NAME: usize = 64;

const SCHEME: &str = "xmpp:";

/// Somebody, or a room, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri {
    /// Never a server: that is nobody to talk with.
    pub(crate) jid: BareJid,
    pub(crate) wish: Wish,
}

/// What one is led there for. Nothing of it is done before somebody says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To talk.
    Talk,
    /// To write this.
    Write(String),
    /// To have them among one's contacts, by this name.
    Add(Option<String>),
    /// To go into a room.
    Join,
}

impl Uri {
    /// What the URI `text` stands for.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !is_uri(text) || text.len() > LONGEST {
            return None;
        }
        let text = text[SCHEME.len()..].split('#').next()?;
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        // `//me@example.org/` says as whom (RFC 5122 2.3): here one is somebody already. Many
        // write the address itself there.
        let jid = match path.strip_prefix("//") {
            None => address(path)?,
            Some(path) => {
                let (authority, path) = path.split_once('/').unwrap_or((path, ""));
                address(path).or_else(|| address(authority))?
            }
        };
        let mut query = query.split(';');
        let kind = query.next().unwrap_or_default();
        let mut values = query.filter_map(|pair| pair.split_once('='));
        let mut value = |wanted: &str| {
            let (_, value) = values.find(|(key, _)| *key == wanted)?;
            decode(value)
        };
        let wish = match kind {
            "join" => Wish::Join,
            "roster" | "subscribe" => {
                Wish::Add(value("name").and_then(|name| one_line(&name, LONGEST_NAME)))
            }
            "message" => match value("body").and_then(|body| lines(&body, LONGEST)) {
                Some(body) => Wish::Write(body),
                None => Wish::Talk,
            },
            // What else it asks for is for the person to do.
            _ => Wish::Talk,
        };
        Some(Self { jid, wish })
    }

    /// The same of what somebody has typed or pasted, which may be an address.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let text = text.trim();
        if is_uri(text) {
            return Self::parse(text);
        }
        let jid = jid(text)?;
        Some(Self {
            jid,
            wish: Wish::Talk,
        })
    }
}

/// Whether it says of itself that it is one.
pub(crate) fn is_uri(text: &str) -> bool {
    let scheme = text.get(..SCHEME.len());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

/// The URI that leads to `jid`.
pub(crate) fn of(jid: &BareJid) -> String {
    // What else RFC 5122 allows in an address ends a link in many a text.
    [SCHEME, &encode(jid.as_str(), b"-._~@")].concat()
}

/// The URI of somebody to have among one's contacts, by this name.
pub(crate) fn of_contact(jid: &BareJid, name: Option<&str>) -> String {
    let uri = [&of(jid), "?roster"].concat();
    match name {
        // A full stop at the end would be the sentence's.
        Some(name) => [&uri, ";name=", &encode(name, b"")].concat(),
        None => uri,
    }
}

/// Whose address a path has, a resource behind it or not.
fn address(path: &str) -> Option<BareJid> {
    let bare = path.split('/').next()?;
    jid(&decode(bare)?)
}

fn jid(text: &str) -> Option<BareJid> {
    if text.chars().any(turns_text) {
        return None;
    }
    let jid = BareJid::from_str(text).ok()?;
    jid.node()?;
    Some(jid)
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Uri, Wish, of, of_contact};
    use jid::BareJid;

    fn uri(jid: &str, wish: Wish) -> Option<Uri> {
        let jid = jid.parse().unwrap();
        Some(Uri { jid, wish })
    }

    fn bob(wish: Wish) -> Option<Uri> {
        uri("bob@example.org", wish)
    }

    #[test]
    fn a_uri_says_whom_and_what_for() {
        let add = |name: &str| Wish::Add(Some(name.to_owned()));
        for (text, wish) in [
            ("xmpp:bob@example.org", Wish::Talk),
            ("XMPP:bob%40example.org", Wish::Talk),
            ("xmpp:bob@example.org/phone", Wish::Talk),
            ("xmpp://bob@example.org", Wish::Talk),
            ("xmpp://bob@example.org/phone", Wish::Talk),
            ("xmpp://alice@example.org/bob@example.org", Wish::Talk),
            ("xmpp:bob@example.org?remove", Wish::Talk),
            ("xmpp:bob@example.org?message", Wish::Talk),
            ("xmpp:bob@example.org?message;body=%20", Wish::Talk),
            ("xmpp:bob@example.org?body=hello", Wish::Talk),
            (
                "xmpp:bob@example.org?message;subject=a;body=I%20say:%0Ahello%3B#end",
                Wish::Write("I say:\nhello;".to_owned()),
            ),
            ("xmpp:bob@example.org?join;password=x", Wish::Join),
            ("xmpp:bob@example.org?subscribe", Wish::Add(None)),
            ("xmpp:bob@example.org?roster;name=", Wish::Add(None)),
            (
                "xmpp:bob@example.org?roster;group=a;name=Bob%20B.",
                add("Bob B."),
            ),
            (
                "xmpp:bob@example.org?roster;name=%E6%9E%97%E7%BE%8E",
                add("林美"),
            ),
        ] {
            assert_eq!(Uri::parse(text), bob(wish), "{text}");
        }
    }

    #[test]
    fn whatever_is_typed_is_an_address_or_a_uri() {
        assert_eq!(Uri::typed(" bob@example.org\n"), bob(Wish::Talk));
        assert_eq!(
            Uri::typed("\txmpp:bob@example.org?roster "),
            bob(Wish::Add(None))
        );
        for text in ["", "bob", "example.org", "xmpp:", "https://bob@example.org"] {
            assert_eq!(Uri::typed(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_made_is_understood() {
        for text in [
            "bob@example.org",
            "a;b=(c)*~%+?@example.org",
            "林美@例子.广告",
        ] {
            let jid: BareJid = text.parse().unwrap();
            let made = of(&jid);
            assert!(
                made.chars()
                    .all(|known| known.is_ascii_alphanumeric() || ":@.-_~%".contains(known)),
                "{made}"
            );
            assert_eq!(Uri::parse(&made), uri(text, Wish::Talk));
            assert_eq!(
                Uri::parse(&of_contact(&jid, None)),
                uri(text, Wish::Add(None))
            );
            let name = "Bob; the \"B\" & 林美=%20 🙂_).";
            assert_eq!(
                Uri::parse(&of_contact(&jid, Some(name))),
                uri(text, Wish::Add(Some(name.to_owned())))
            );
        }
    }

    #[test]
    fn nothing_hostile_leads_anywhere() {
        let long = ["xmpp:bob@example.org?roster;name=", &"a".repeat(LONGEST)].concat();
        for text in [
            "",
            "xmpp",
            "xmpp:",
            "xmpp:example.org",
            "xmpp:@@",
            "xmpp:bob@example.org%2Fphone",
            "xmpp:%@example.org",
            "xmpp:%zzbob@example.org",
            "xmpp:%+1bob@example.org",
            "xmpp:%ff@example.org",
            "xmpp:bob%E2%80%AE@example.org",
            "xmpp:bob%E2%81%A6@example.org",
            "xmpp:bob%00@example.org",
            "xmpp:<script>@example.org",
            "xmpp:🙂@🙂",
            "javascript:alert(1)",
            "🙂🙂bob@example.org",
            &long,
        ] {
            assert_eq!(Uri::parse(text), None, "{text}");
        }
    }

    #[test]
    fn texts_of_others_are_short_and_turn_nothing() {
        let name = |name: &str| {
            let uri = Uri::parse(&["xmpp:bob@example.org?roster;name=", name].concat());
            match uri.unwrap().wish {
                Wish::Add(name) => name,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(name("%E2%80%AEBob%0A%00B").as_deref(), Some("Bob B"));
        assert_eq!(name("<b>").as_deref(), Some("<b>"));
        assert_eq!(name(&"a".repeat(1_000)).unwrap().len(), 64);
        assert_eq!(name("%ff"), None);
        assert_eq!(name("%4"), None);
        assert_eq!(
            Uri::parse("xmpp:bob@example.org?message;body=a%E2%80%AEb%07%0D%0Ac"),
            bob(Wish::Write("ab\nc".to_owned()))
        );
    }
}
