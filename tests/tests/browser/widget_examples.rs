//! The pages under `examples/`, each on another site than the proxy's.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::widget::{Web, begin, open};
use crate::{reads, say};

impl Web {
    /// Somebody at that example, where our own names stand in place of `example.org`'s.
    async fn example(&self, name: &str) -> Result<Page> {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../examples")
            .join(name);
        let page = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let server = &self.place.server;
        let page = page
            .replace(
                "https://chat.example.org/",
                &self.place.proxy.page("localhost"),
            )
            .replace("rooms.example.org", &server.rooms_domain())
            .replace(
                "guests.example.org",
                &server.anonymous_domain().context("no guests")?,
            );
        ensure!(!page.contains("example.org"), "{page}");
        self.site.put("/", &[], &page);
        self.visitor().await
    }
}

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
