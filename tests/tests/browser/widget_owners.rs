//! The page that writes the line for a site's owner.

use anyhow::{Context as _, Result, ensure};
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::widget::{Web, begin};
use crate::{reads, say};

impl Web {
    /// The owner of a site at the page for them.
    pub(super) async fn owner(&self) -> Result<Page> {
        let page = self.place.proxy.page("localhost") + "widget.html";
        let page = self.place.browser.open(&page).await?;
        // Which domains there are comes by itself.
        until("domains", || async {
            let count = page
                .evaluate("document.querySelector('#domain').length")
                .await;
            Ok(count
                .is_ok_and(|count| count.as_u64() > Some(1))
                .then_some(()))
        })
        .await?;
        Ok(page)
    }
}

/// What the page has written so far.
async fn snippet(page: &Page) -> Result<String> {
    let text = page
        .evaluate("document.querySelector('#snippet').textContent")
        .await?;
    Ok(text.as_str().context("no text")?.to_owned())
}

/// What is in the chat that is shown there.
async fn preview_reads(page: &Page, words: &str) -> Result<()> {
    until(&format!("{words:?} in the preview"), || async {
        let text = page.in_frame("document.body.innerText").await;
        let found = text.is_ok_and(|text| text.as_str().is_some_and(|text| text.contains(words)));
        Ok(found.then_some(()))
    })
    .await
}

#[test]
fn a_sites_owner_tries_the_chat_and_pastes_what_they_have_copied() {
    run(async {
        let web = Web::new().await?;
        let server = &web.place.server;
        let room = format!("lounge@{}", server.rooms_domain());
        let guests = server.anonymous_domain().context("no guests")?;
        let page = web.owner().await?;
        page.reads("Still missing.").await?;
        page.find("textbox", "Address").await?.fill(&room).await?;
        page.evaluate(&format!(
            "{{
                const domain = document.querySelector('#domain');
                domain.value = {guests:?};
                domain.dispatchEvent(new Event('change', {{ bubbles: true }}));
                domain.dispatchEvent(new Event('input', {{ bubbles: true }}));
            }}"
        ))
        .await?;
        let greeting = "\"Red\" & <b>blue</b> 'ones' &amp; more";
        page.find("textbox", "Greeting")
            .await?
            .fill(greeting)
            .await?;
        page.find("radio", "Teal").await?.click().await?;
        page.find("radio", "Dark").await?.click().await?;

        // It is the chat itself.
        page.find("button", "Open the chat").await?.click().await?;
        preview_reads(&page, greeting).await?;
        let look = "(({ theme, accent }) => theme + accent)(document.documentElement.dataset)";
        ensure!(page.in_frame(look).await? == "darkteal");
        page.find("radio", "Violet").await?.click().await?;
        until("another accent", || async {
            Ok((page.in_frame(look).await? == "darkviolet").then_some(()))
        })
        .await?;

        page.find("button", "Copy").await?.click().await?;
        page.reads("Copied").await?;
        let copied = page.copied().await?;
        ensure!(copied == snippet(&page).await?, "{copied}");
        ensure!(page.errors().is_empty(), "{:?}", page.errors());

        web.put(&[], &copied);
        let visitor = web.visitor().await?;
        visitor
            .find("button", "Open the chat")
            .await?
            .click()
            .await?;
        let chat = visitor.frame("embed.html").await?;
        chat.reads(greeting).await?;
        begin(&chat, "Gwen").await?;
        reads(&chat, "Welcome to the lounge!").await?;
        say(&chat, "Violet, please").await?;
        ensure!(chat.evaluate(look).await? == "darkviolet");
        Ok(())
    });
}

#[test]
fn the_line_is_written_with_the_keyboard_alone() {
    run(async {
        let web = Web::new().await?;
        let page = web.owner().await?;
        page.press("Tab").await?;
        page.press("ArrowRight").await?;
        page.press("Tab").await?;
        page.press("ArrowRight").await?;
        page.press("Tab").await?;
        page.type_text("bob@example.test").await?;
        let written = format!(
            "<script type=\"module\" src=\"{}widget.js\"></script>\n\
             <couplet-chat mode=\"inline\" contact=\"bob@example.test\" anonymous></couplet-chat>",
            web.place.proxy.page("localhost"),
        );
        ensure!(
            snippet(&page).await? == written,
            "{}",
            snippet(&page).await?
        );
        // To the button behind all that can be chosen.
        for _ in 0..30 {
            let focused = page
                .evaluate("document.activeElement.dataset.copies")
                .await?;
            if focused == "snippet" {
                break;
            }
            page.press("Tab").await?;
        }
        page.press("Enter").await?;
        page.reads("Copied").await?;
        ensure!(page.copied().await? == written);
        Ok(())
    });
}

#[test]
fn what_is_wrong_is_said_where_it_is_and_the_proxy_is_told_of_the_site() {
    run(async {
        let web = Web::new().await?;
        let page = web.owner().await?;
        page.find("textbox", "Address")
            .await?
            .fill("lounge")
            .await?;
        page.reads("An address looks like lounge@rooms.example.org.")
            .await?;
        page.find("radio", "Whole messenger").await?.click().await?;
        page.find("textbox", "Address").await?.fill(" ").await?;
        page.reads("Without one, all conversations.").await?;
        let site = page.find("textbox", "Address of your site").await?;
        site.fill("https://shop.example/umbrellas?\"red\"").await?;
        page.reads("sites = [\"https://shop.example\"]").await?;
        Ok(())
    });
}

#[test]
fn those_who_help_have_what_they_ask_for_in_the_line() {
    run(async {
        let web = Web::new().await?;
        let page = web.owner().await?;
        page.find("radio", "Support").await?.click().await?;
        page.reads("Each visitor has a conversation of their own")
            .await?;
        for (field, words) in [
            ("Address", "bob@example.test"),
            ("When nobody is there to answer", "We are back at nine."),
            ("What visitors have to agree to", "We keep it for a year."),
            (
                "Address of a page that says more",
                "https://shop.example/privacy",
            ),
        ] {
            page.find("textbox", field).await?.fill(words).await?;
        }
        for asked in [
            "Guests are asked for their name",
            "Guests are asked for their question",
        ] {
            page.find("checkbox", asked).await?.click().await?;
        }
        let days = "Days after which a guest\u{2019}s device forgets";
        page.find("spinbutton", days).await?.fill("30").await?;
        let all = "<couplet-chat support=\"bob@example.test\" anonymous \
             offline-message=\"We are back at nine.\" consent=\"We keep it for a year.\" \
             consent-link=\"https://shop.example/privacy\" prechat=\"name question\" \
             retention=\"30\"></couplet-chat>";
        page.reads(all).await?;
        // The chat beside it asks as well.
        page.find("button", "Open the chat").await?.click().await?;
        preview_reads(&page, "We keep it for a year.").await?;
        // Whoever has an account isn't asked who they are.
        page.find("checkbox", "Guests, who need no account")
            .await?
            .click()
            .await?;
        page.gone("spinbutton", days).await?;
        ensure!(!snippet(&page).await?.contains("prechat"));
        Ok(())
    });
}
