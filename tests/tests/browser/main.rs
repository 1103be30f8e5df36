//! People in a real browser, through the real proxy, on real servers.
#![allow(clippy::unwrap_used)]

mod accessibility;
mod blocking;
mod changes;
mod chaos;
mod delivery;
mod directory;
mod disk;
mod early;
mod emoji;
mod files;
mod groups;
mod hostile;
mod hosting;
mod interop;
mod invitations;
mod links;
mod list;
mod main_job;
mod media;
mod mentions;
mod moderators;
mod new_rooms;
mod notifications;
mod past;
mod people;
mod persistence;
mod profile;
mod relay;
mod release;
mod replies;
mod room_search;
mod rooms;
mod schema;
mod search;
mod second;
mod settings;
mod survival;
mod tabs;
mod texts;
mod tokens;
mod tray;
mod trouble;
mod views;
mod whispers;
mod widget;
mod widget_examples;
mod widget_modes;
mod widget_owners;
mod widget_pages;
mod widget_settings;
mod widget_support;
mod widget_users;

use anyhow::Result;
use couplet_servers::{Kind, Server, ServerOptions};
use couplet_tests::browser::{Browser, Page};
use couplet_tests::proxy::Proxy;
use couplet_tests::until;
use serde_json::json;

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
        Self::with_files(options, &|_| None).await
    }

    /// The same, where the proxy relays the files of the upload host that `relay` names of the
    /// server, if any.
    async fn with_files(
        options: ServerOptions,
        relay: &dyn Fn(&Server) -> Option<String>,
    ) -> Result<Self> {
        let server = Server::start(options)?;
        let host = relay(&server);
        let more: Vec<&str> = host.iter().flat_map(|host| ["--relay", host]).collect();
        let proxy = Proxy::in_front_of_with(&server, &more).await?;
        let browser = Browser::start().await?;
        Ok(Self {
            server,
            proxy,
            browser,
        })
    }

    /// The same two, of whom alice wrote so many messages yesterday, `{word}1.` and so on, and
    /// has all of them on her disk; this morning bob has written something, too.
    async fn with_yesterday(word: &str, messages: usize) -> Result<(Self, Page, Page)> {
        let person =
            |user, other| json!({ "user": user, "name": user, "contacts": [{ "user": other }] });
        // One a minute.
        let line = |number| {
            let when = format!("1d {:02}:{:02}", 12 + number / 60, number % 60);
            json!([when, "alice", format!("{word}{number}.")])
        };
        let seed = json!({
            "people": [person("alice", "bob"), person("bob", "alice")],
            "chats": [{
                "between": ["alice", "bob"],
                "messages": (1..=messages).map(line).collect::<Vec<_>>(),
            }],
        });
        let place = Self::with(ServerOptions {
            seed: Some(serde_json::from_value(seed)?),
            ..ServerOptions::new(Kind::Prosody)
        })
        .await?;
        let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
        alice.find_with("link", "bob").await?.click().await?;
        bob.find_with("link", "alice").await?.click().await?;
        scroll_back(&alice, &format!("{word}1.")).await?;
        say(&bob, "good morning").await?;
        reads(&alice, "good morning").await?;
        Ok((place, alice, bob))
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
        befriend(&alice, &bob).await?;
        Ok((alice, bob))
    }
}

/// Alice and bob become contacts, and each sees the conversation with the other.
async fn befriend(alice: &Page, bob: &Page) -> Result<()> {
    add(alice, BOB).await?;
    bob.find("button", "Accept alice").await?.click().await?;
    bob.find_with("link", "alice").await?.click().await?;
    for page in [alice, bob] {
        page.find("textbox", "Message").await?;
        page.find_with("link", "Available").await?;
    }
    Ok(())
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

/// Has every page that is loaded from now on keep how many connections it has had, and how
/// often an archive has said that this is all.
async fn listen_in(page: &Page) -> Result<()> {
    page.before_scripts(
        "globalThis.heard = { sockets: 0, fins: 0 };\
         const send = WebSocket.prototype.send;\
         WebSocket.prototype.send = function (text) {\
           if (!this.heard) {\
             this.heard = true;\
             heard.sockets += 1;\
             this.addEventListener('message', ({ data }) => heard.fins += data.includes('<fin '));\
           }\
           send.call(this, text);\
         };",
    )
    .await
}

/// Waits until such a page has been told so often all that was missed, and returns how many
/// connections that took.
async fn archive_read(page: &Page, times: u64) -> Result<u64> {
    until("the archive is read", || async {
        let heard = page.evaluate("heard").await?;
        let read = heard["fins"].as_u64() >= Some(times);
        Ok(heard["sockets"].as_u64().filter(|_| read))
    })
    .await
}

/// Scrolls up until `text` can be read.
async fn scroll_back(page: &Page, text: &str) -> Result<()> {
    until(&format!("{text:?} further up"), || async {
        page.evaluate("document.querySelector('[role=log]').scrollTop = 0")
            .await?;
        Ok((count(page, text).await? == 1).then_some(()))
    })
    .await
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
