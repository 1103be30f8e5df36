//! The pages under `examples/`, each on another site than the proxy's.

use std::net::TcpListener;
use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use couplet_tests::browser::Page;
use couplet_tests::site::Site;
use couplet_tests::{run, until};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::widget::{HOST, SECRET, Web, begin, open};
use crate::{BOB, reads, say};

impl Web {
    /// Somebody at that example, where our own names stand in place of `example.org`'s.
    async fn example(&self, name: &str) -> Result<Page> {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../examples")
            .join(name);
        let page = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        self.site.put("/", &[], &self.ours(&page)?);
        self.visitor().await
    }

    /// Puts what npm has made of that example on the site.
    fn put_built(&self, name: &str) -> Result<()> {
        let built = env::var("COUPLET_EXAMPLES").context("COUPLET_EXAMPLES has the examples")?;
        let built = PathBuf::from(built).join(name).join("dist");
        let read = |file: &PathBuf| {
            let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
            self.ours(&text)
        };
        self.site.put("/", &[], &read(&built.join("index.html"))?);
        for asset in fs::read_dir(built.join("assets"))? {
            let asset = asset?;
            let path = format!("/assets/{}", asset.file_name().display());
            self.site.put(&path, &[], &read(&asset.path())?);
        }
        Ok(())
    }

    /// A file of an example's with our own names in place of `example.org`'s.
    fn ours(&self, file: &str) -> Result<String> {
        let server = &self.place.server;
        let file = file
            .replace(
                "https://chat.example.org/",
                &self.place.proxy.page("localhost"),
            )
            .replace("rooms.example.org", &server.rooms_domain())
            .replace(
                "guests.example.org",
                &server.anonymous_domain().context("no guests")?,
            );
        ensure!(!file.contains("example.org"), "{file}");
        Ok(file)
    }
}

/// Counts what listens to the page's window.
const LISTENING: &str = "globalThis.listening = new Set();
    const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
    globalThis.addEventListener = (...all) => {
        if (all[0] === 'message') listening.add(all[1]);
        add.apply(globalThis, all);
    };
    globalThis.removeEventListener = (...all) => {
        listening.delete(all[1]);
        remove.apply(globalThis, all);
    };";

/// What anybody would see gone wrong: nothing.
async fn is_well(page: &Page) -> Result<()> {
    ensure!(page.errors().is_empty(), "{:?}", page.errors());
    let shifted = page.evaluate("shifted").await?;
    ensure!(shifted == "", "the page has moved: {shifted}");
    Ok(())
}

#[test]
fn the_plain_page() {
    run(async {
        let web = Web::new().await?;
        let page = web.example("plain.html").await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        say(&chat, "Do you have red ones?").await?;
        is_well(&page).await
    });
}

#[test]
fn the_page_with_a_strict_policy() {
    run(async {
        let web = Web::new().await?;
        let page = web.example("strict-csp.html").await?;
        page.find("button", "Open the chat").await?;
        // It is in force.
        let eval = page.evaluate("setTimeout('globalThis.ran = true')").await;
        ensure!(eval.is_err(), "{eval:?}");
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        say(&chat, "Do you have red ones?").await
    });
}

#[test]
fn the_page_with_two() {
    run(async {
        let web = Web::new().await?;
        let page = web.example("two-widgets.html").await?;
        for _ in 0..2 {
            page.find("button", "Open the chat").await?.click().await?;
        }
        let chats = page.framed("embed.html", 2).await?;
        begin(&chats[0], "Gwen").await?;
        for chat in &chats {
            reads(chat, "Welcome to the ").await?;
        }
        is_well(&page).await
    });
}

#[test]
fn the_page_that_is_written_from_right_to_left() {
    run(async {
        let web = Web::new().await?;
        let page = web.example("rtl.html").await?;
        page.find("button", "فتح الدردشة").await?.click().await?;
        let chat = page.frame("embed.html").await?;
        chat.reads("مرحبًا! اسألونا عن المظلات.").await?;
        chat.find("textbox", "اسمك").await?.fill("ليلى").await?;
        chat.press("Enter").await?;
        chat.find("log", "الرسائل")
            .await?
            .reads("Welcome to the lounge!")
            .await?;
        ensure!(chat.evaluate("document.documentElement.dir").await? == "rtl");
        // At the end of the line, which is on the left.
        let width = chat.evaluate("innerWidth").await?;
        ensure!(width == 378, "{width}");
        is_well(&page).await
    });
}

#[test]
fn the_page_that_is_dark_and_has_a_button_of_its_own() {
    run(async {
        let web = Web::new().await?;
        let alice = web.alice_in("lounge").await?;
        let page = web.example("dark.html").await?;
        page.find("button", "Ask us").await?.click().await?;
        let chat = page.frame("embed.html").await?;
        begin(&chat, "Gwen").await?;
        ensure!(
            chat.evaluate("document.documentElement.dataset.theme")
                .await?
                == "dark"
        );
        chat.press("Escape").await?;
        page.find("button", "Umbrellas").await?;
        say(&alice, "Are you there?").await?;
        page.find("button", "Umbrellas, 1 unread").await?;
        until("a number in the title", || async {
            let title = page.evaluate("document.title").await?;
            Ok((title == "(1) Umbrellas by night").then_some(()))
        })
        .await?;
        is_well(&page).await
    });
}

/// The page of a framework's has the chat, is told of it, changes it, and takes it away.
async fn is_at_home(framework: &str) -> Result<()> {
    let web = Web::new().await?;
    let alice = web.alice_in("lounge").await?;
    web.put_built(framework)?;
    let page = web.visitor_after(LISTENING).await?;
    page.find("button", "Umbrellas").await?;
    let with_it = page.evaluate("listening.size").await?;
    page.find("button", "Ask us").await?.click().await?;
    let chat = page.frame("embed.html").await?;
    begin(&chat, "Gwen").await?;
    say(&chat, "Do you have red ones?").await?;
    chat.press("Escape").await?;
    page.find("button", "Umbrellas").await?;
    say(&alice, "Red and blue").await?;
    page.find("button", "Ask us (1)").await?.click().await?;
    page.find("button", "Ask us").await?;
    reads(&chat, "Red and blue").await?;

    let theme = "document.documentElement.dataset.theme";
    ensure!(chat.evaluate(theme).await? == "light");
    page.find("button", "Dark chat").await?.click().await?;
    until("a dark chat", || async {
        Ok((chat.evaluate(theme).await? == "dark").then_some(()))
    })
    .await?;

    // Nothing is left of it,
    page.find("button", "No chat").await?.click().await?;
    page.gone("button", "Ask us").await?;
    page.framed("embed.html", 0).await?;
    ensure!(
        page.evaluate("document.querySelector('couplet-chat')")
            .await?
            == Value::Null
    );
    let left = page.evaluate("listening.size").await?;
    ensure!(
        left.as_u64() < with_it.as_u64(),
        "{left} of {with_it} listen"
    );
    // and it comes back as it was.
    page.find("button", "Chat").await?.click().await?;
    page.find("button", "Ask us").await?.click().await?;
    let chat = page.frame("embed.html").await?;
    reads(&chat, "Do you have red ones?").await?;
    ensure!(chat.evaluate(theme).await? == "dark");
    ensure!(page.errors().is_empty(), "{:?}", page.errors());
    Ok(())
}

#[test]
fn the_page_that_is_written_with_react() {
    run(async { is_at_home("react").await });
}

#[test]
fn the_page_that_is_written_with_vue() {
    run(async { is_at_home("vue").await });
}

#[test]
fn the_site_whose_users_have_signed_in_to_it() {
    run(async {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let origin = format!("http://{HOST}:{port}");
        let web = Web::with(Site::start().await?, &["--site", &origin]).await?;
        let issuer =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/token-issuer/issue.py");
        let proxy = web.place.proxy.page("localhost");
        let _site = Command::new("python3")
            .arg(issuer)
            .args(["--serve", &port.to_string(), "--domain", "example.test"])
            .args(["--chat", &proxy, "--contact", BOB])
            .env("COUPLET_TOKENS_SECRET", SECRET)
            .kill_on_drop(true)
            .spawn()?;
        until("the site", || async {
            Ok(TcpStream::connect((HOST, port)).await.ok())
        })
        .await?;
        let bob = web.place.enters(BOB).await?;
        let page = web.place.browser.open(&origin).await?;
        let name = page.find("textbox", "Your name").await?;
        name.fill("alice").await?;
        page.find("button", "Sign in").await?.click().await?;
        page.reads("Hello alice.").await?;
        let chat = open(&page).await?;
        say(&chat, "Where is my parcel?").await?;
        bob.find_with("link", "alice").await?.click().await?;
        reads(&bob, "Where is my parcel?").await
    });
}
