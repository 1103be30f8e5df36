//! People in a real browser, through the real proxy, on real servers.
#![allow(clippy::unwrap_used)]

mod changes;
mod chaos;
mod disk;
mod early;
mod main_job;
mod notifications;
mod past;
mod persistence;
mod release;
mod rooms;
mod schema;
mod search;
mod survival;
mod tabs;
mod tokens;
mod trouble;
mod views;

use anyhow::Result;
use couplet_servers::{Kind, Server, ServerOptions};
use couplet_tests::browser::{Browser, Page};
use couplet_tests::proxy::Proxy;

const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";

/// A script that presses Enter, with nothing happening in between.
const ENTER: &str = "document.activeElement.dispatchEvent(\
     new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))";

/// A server with alice and bob, whose passwords are their names, the proxy with
/// the web client before it, and a browser.
struct Place {
    server: Server,
    proxy: Proxy,
    browser: Browser,
}

impl Place {
    async fn new(kind: Kind) -> Result<Self> {
        Self::with(options(kind)).await
    }

    async fn with(options: ServerOptions) -> Result<Self> {
        let server = Server::start(options)?;
        let proxy = Proxy::in_front_of(&server).await?;
        let browser = Browser::start().await?;
        Ok(Self {
            server,
            proxy,
            browser,
        })
    }

    /// Somebody who has opened the page.
    async fn visitor(&self) -> Result<Page> {
        self.browser.open(&self.proxy.page("localhost")).await
    }

    /// Somebody who is signed in.
    async fn enters(&self, jid: &str) -> Result<Page> {
        let page = self.visitor().await?;
        sign_in(&page, jid, jid.split('@').next().unwrap_or_default()).await?;
        page.find("list", "Conversations").await?;
        Ok(page)
    }

    /// Another tab of whoever looks at `page`.
    async fn beside(&self, page: &Page) -> Result<Page> {
        self.browser
            .open_beside(page, &self.proxy.page("localhost"))
            .await
    }

    /// Alice and bob, each with the other's conversation open.
    async fn friends(&self) -> Result<(Page, Page)> {
        let (alice, bob) = (self.enters(ALICE).await?, self.enters(BOB).await?);
        add(&alice, BOB).await?;
        bob.find("button", "Accept alice").await?.click().await?;
        bob.find_with("link", "alice").await?.click().await?;
        for page in [&alice, &bob] {
            page.find("textbox", "Message").await?;
            page.find_with("link", "Available").await?;
        }
        Ok((alice, bob))
    }
}

fn options(kind: Kind) -> ServerOptions {
    ServerOptions::new(kind)
        .account("alice", "alice")
        .account("bob", "bob")
}

async fn sign_in(page: &Page, jid: &str, password: &str) -> Result<()> {
    page.find("textbox", "XMPP address")
        .await?
        .fill(jid)
        .await?;
    page.find("textbox", "Password")
        .await?
        .fill(password)
        .await?;
    page.find("button", "Sign in").await?.click().await
}

async fn add(page: &Page, jid: &str) -> Result<()> {
    page.find("button", "Add a contact").await?.click().await?;
    page.find("dialog", "Add a contact").await?;
    page.find("textbox", "XMPP address")
        .await?
        .fill(jid)
        .await?;
    page.find("button", "Add").await?.click().await?;
    page.gone("dialog", "Add a contact").await
}

/// Writes, and sees it in one's own view.
async fn say(page: &Page, text: &str) -> Result<()> {
    page.find("textbox", "Message").await?.fill(text).await?;
    page.press("Enter").await?;
    reads(page, text).await
}

/// Loads the page anew and has it take the day to be so many days from now.
async fn in_days(page: &Page, days: i32) -> Result<()> {
    page.before_scripts(
        "{
            const now = Date.now;
            Date.now = () => now() + (sessionStorage.days ?? 0) * 86400000;
        }",
    )
    .await?;
    page.evaluate(&format!("sessionStorage.days = {days}"))
        .await?;
    page.reload().await?;
    page.find("textbox", "Message").await?;
    Ok(())
}

/// Says so much that whoever reads it, and loads the page anew, knows what was before.
async fn wake(page: &Page, other: &Page) -> Result<()> {
    for number in 1..=9 {
        say(page, &format!("good morning {number}.")).await?;
    }
    reads(other, "good morning 9.").await
}

async fn reads(page: &Page, text: &str) -> Result<()> {
    page.find("log", "Messages").await?.reads(text).await
}

/// How often `text` stands in the conversation that is open.
async fn count(page: &Page, text: &str) -> Result<usize> {
    Ok(page
        .find("log", "Messages")
        .await?
        .text()
        .await?
        .matches(text)
        .count())
}
