//! The two clients: how each is opened, and how one sees what it shows.

use anyhow::{Context as _, Result};
use couplet_tests::browser::Page;

use crate::pages::Pages;
use crate::server::{ME, ROOM};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    Couplet,
    Converse,
}

impl Contender {
    pub(crate) const BOTH: [Self; 2] = [Self::Couplet, Self::Converse];

    /// The page on which one signs in.
    pub(crate) fn form(self) -> &'static str {
        match self {
            Self::Couplet => "/couplet/",
            Self::Converse => "/converse/form.html",
        }
    }

    /// Whether that can be used: for ours, as soon as its program is what answers.
    pub(crate) fn has_form(self) -> &'static str {
        match self {
            Self::Couplet => "document.querySelector('#sign-in-address')",
            Self::Converse => "document.querySelector('converse-login-form [name=password]')",
        }
    }

    /// Somebody's page with a chat that nobody has opened.
    pub(crate) fn site(self) -> &'static str {
        match self {
            Self::Couplet => "/couplet/site.html",
            Self::Converse => "/converse/site.html",
        }
    }

    /// Whether the button is there that opens it.
    pub(crate) fn has_button(self) -> &'static str {
        match self {
            Self::Couplet => "customElements.get('couplet-chat')",
            Self::Converse => "document.querySelector('converse-controlbox-toggle *')",
        }
    }

    /// Goes to the page, and begins to sign in.
    pub(crate) async fn enter(self, page: &Page, pages: &Pages) -> Result<()> {
        match self {
            Self::Couplet => {
                page.go(&pages.url(self.form())).await?;
                let address = page.find("textbox", "XMPP address").await?;
                address.fill(ME).await?;
                page.find("textbox", "Password")
                    .await?
                    .fill("alice")
                    .await?;
                page.find("button", "Sign in").await?.click().await
            }
            Self::Converse => page.go(&pages.url("/converse/signed-in.html")).await,
        }
    }

    /// Asks to be let into the room, with the list of who is there open; theirs does by itself.
    pub(crate) async fn join(self, page: &Page) -> Result<()> {
        if self == Self::Couplet {
            page.find("list", "Conversations").await?;
            go_to(page, &format!("#/open/xmpp:{ROOM}?join")).await?;
            page.find("button", "Join").await?.click().await?;
            go_to(page, &format!("#/chat/{ROOM}/details")).await?;
        }
        Ok(())
    }

    /// Whether the list of contacts has this many entries: ours has those in view in the document.
    pub(crate) fn lists(self, contacts: usize) -> String {
        match self {
            Self::Couplet => format!("document.querySelector('[aria-setsize=\"{contacts}\"]')"),
            Self::Converse => {
                format!("document.querySelectorAll('converse-roster-contact').length >= {contacts}")
            }
        }
    }

    /// Whether so many rooms are listed.
    pub(crate) fn lists_rooms(self, rooms: usize) -> String {
        match self {
            Self::Couplet => self.lists(rooms),
            Self::Converse => format!(
                "document.querySelectorAll('converse-rooms-list .list-item').length >= {rooms}"
            ),
        }
    }

    /// Whether so many are in the room, and listed.
    pub(crate) fn has_people(self, people: usize) -> String {
        match self {
            Self::Couplet => format!(
                "document.querySelector('#details-occupants')?.textContent\
                 .replace(/\\D/g, '') === '{people}'"
            ),
            Self::Converse => format!(
                "document.querySelectorAll('converse-muc-occupant-list-item').length >= {people}"
            ),
        }
    }

    /// Whether a message with this text is on the page.
    pub(crate) fn has_text(self, text: &str) -> String {
        let messages = match self {
            Self::Couplet => ".timeline__content",
            Self::Converse => "converse-chat-content, .chat-content",
        };
        format!(
            "[...document.querySelectorAll('{messages}')]\
             .some(part => part.textContent.includes('{text}'))"
        )
    }

    /// What scrolls the messages.
    pub(crate) fn scroller(self) -> &'static str {
        match self {
            Self::Couplet => "document.querySelector('.timeline__scroller')",
            Self::Converse => "document.querySelector('converse-chat-content')",
        }
    }

    /// Where one writes.
    pub(crate) fn field(self) -> &'static str {
        "document.querySelector('textarea')"
    }
}

async fn go_to(page: &Page, fragment: &str) -> Result<()> {
    let fragment = serde_json::to_string(fragment).context("a fragment")?;
    page.evaluate(&format!("location.hash = {fragment}"))
        .await?;
    Ok(())
}
