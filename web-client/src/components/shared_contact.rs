//! Somebody whose address is all that a message says (XEP-0147): a card that leads to them.

use jid::BareJid;
use yew::prelude::*;

use super::icon::{Icon, icon};
use crate::i18n::{t, t_with};
use crate::route::Route;
use crate::uri::{Uri, Wish};

/// Somebody, and what whoever has sent their address calls them.
pub(crate) struct Shared<'a> {
    uri: &'a str,
    jid: BareJid,
    name: Option<String>,
}

impl<'a> Shared<'a> {
    /// Whom `text` is about, if it is nothing but a link to them.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let uri = text.trim();
        if uri.contains(char::is_whitespace) {
            return None;
        }
        let Uri { jid, wish } = Uri::parse(uri)?;
        let Wish::Add(name) = wish else {
            return None;
        };
        Some(Self { uri, jid, name })
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.jid.as_str())
    }

    /// On one line.
    pub(crate) fn gist(&self) -> String {
        t_with("contact.shared", &[("name", self.name())]).to_string()
    }

    /// The address is always there to be read: what stands above it anybody can say.
    pub(crate) fn html(&self) -> Html {
        html! {
            <a class="file" href={Route::Open(self.uri.to_owned()).href()}>
                <span class="file__icon">{ icon(Icon::Person) }</span>
                <span class="file__text">
                    <bdi class="file__name">{ self.name() }</bdi>
                    <span class="file__note">
                        { t("contact.card") }{ " · " }<bdi dir="ltr">{ self.jid.as_str() }</bdi>
                    </span>
                </span>
                { icon(Icon::AddPerson) }
            </a>
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shared;

    #[test]
    fn a_link_to_somebody_and_nothing_else_is_a_card() {
        let shared = |text| Shared::read(text).map(|shared| shared.name().to_owned());
        let bob = Some("bob@example.org".to_owned());
        assert_eq!(shared("xmpp:bob@example.org?roster"), bob);
        assert_eq!(shared(" xmpp:bob@example.org?subscribe\n"), bob);
        let named = "xmpp:bob@example.org?roster;name=Bob%20%26%20Co";
        assert_eq!(shared(named), Some("Bob & Co".to_owned()));
        for other in [
            "xmpp:bob@example.org",
            "xmpp:tea@rooms.example.org?join",
            "xmpp:bob@example.org?message;body=Hi",
            "This is xmpp:bob@example.org?roster",
            "xmpp:bob@example.org?roster xmpp:carol@example.org?roster",
            "xmpp:example.org?roster",
            "https://example.org/?roster",
            "",
        ] {
            assert_eq!(shared(other), None, "{other}");
        }
    }
}
