//! Wide and narrow, mouse and keyboard, light and dark.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::{ALICE, BOB, Place, add, reads, say, scroll_back};

#[test]
fn a_phone_shows_one_thing_at_a_time() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.visitor().await?;
        alice.resize(390, 844).await?;
        crate::sign_in(&alice, ALICE, "alice").await?;
        alice.find("list", "Conversations").await?;
        add(&alice, BOB).await?;
        alice.find("textbox", "Message").await?;
        alice.gone("list", "Conversations").await?;
        fits(&alice).await?;
        alice
            .find("link", "Back to the conversations")
            .await?
            .click()
            .await?;
        alice.find("list", "Conversations").await?;
        alice.gone("textbox", "Message").await?;
        alice.resize(320, 640).await?;
        fits(&alice).await
    });
}

async fn fits(page: &Page) -> Result<()> {
    let wider = "document.documentElement.scrollWidth > innerWidth";
    until("the page doesn't scroll sideways", || async {
        Ok((page.evaluate(wider).await? == false).then_some(()))
    })
    .await
}

#[test]
fn the_address_bar_says_where_one_is() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        until("the conversation's address", || async {
            let route = alice.evaluate("decodeURIComponent(location.hash)").await?;
            Ok((route == format!("#/chat/{BOB}")).then_some(()))
        })
        .await?;
        alice.evaluate("history.back()").await?;
        alice.reads("Pick a conversation").await
    });
}

#[test]
fn the_keyboard_is_enough() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.visitor().await?;
        page.find("textbox", "XMPP address")
            .await?
            .fill(ALICE)
            .await?;
        page.press("Tab").await?;
        page.type_text("alice").await?;
        page.press("Enter").await?;
        page.find("list", "Conversations").await?;
        Ok(())
    });
}

#[test]
fn news_of_other_conversations_is_counted_and_read() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        bob.evaluate("location.hash = '#/'").await?;
        bob.gone("textbox", "Message").await?;
        say(&alice, "one").await?;
        say(&alice, "two").await?;
        bob.find_with("link", "2 unread messages")
            .await?
            .click()
            .await?;
        reads(&bob, "two").await?;
        bob.find_with("link", "alice").await?;
        until("the badge goes", || async {
            Ok((!bob.text().await?.contains("unread message")).then_some(()))
        })
        .await
    });
}

#[test]
fn a_long_conversation_opens_at_its_end_and_scrolls_back_to_its_beginning() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        for number in 1..=70 {
            say(&alice, &format!("message {number}.")).await?;
        }
        reads(&bob, "message 70.").await?;
        // A second device of bob's has nothing but the archive.
        let later = place.enters(BOB).await?;
        later.find_with("link", "alice").await?.click().await?;
        reads(&later, "message 70.").await?;
        scroll_back(&later, "message 1.").await
    });
}

#[test]
fn the_end_stays_in_view_whatever_changes_its_height() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        for number in 1..=30 {
            say(&alice, &format!("message {number}.")).await?;
        }
        reads(&bob, "message 30.").await?;
        // A browser says first that something has scrolled, then that something has grown.
        bob.evaluate(
            "(() => {
                const log = document.querySelector('[role=log]');
                log.style.paddingBlockEnd = '300px';
                log.dispatchEvent(new Event('scroll'));
            })()",
        )
        .await?;
        say(&alice, "message 31.").await?;
        reads(&bob, "message 31.").await?;
        until("the end is in view", || async {
            let below = "(log => log.scrollHeight - log.scrollTop - log.clientHeight)\
                         (document.querySelector('[role=log]'))";
            Ok((bob.evaluate(below).await?.as_f64() < Some(1.0)).then_some(()))
        })
        .await?;
        bob.gone("button", "Jump to the latest").await
    });
}

#[test]
fn light_dark_and_nothing_on_the_console() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&bob, "Good morning").await?;
        reads(&alice, "Good morning").await?;
        let background = "getComputedStyle(document.body).backgroundColor";
        alice.prefer("light").await?;
        let light = alice.evaluate(background).await?;
        alice.prefer("dark").await?;
        until("another background", || async {
            Ok((alice.evaluate(background).await? != light).then_some(()))
        })
        .await?;
        for page in [&alice, &bob] {
            ensure!(page.errors().is_empty(), "{:?}", page.errors());
        }
        Ok(())
    });
}
