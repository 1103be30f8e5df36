//! Second thoughts: editing, taking back, reacting; and who has read what.

use anyhow::Result;
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::{Place, count, reads, say};

const ACTIONS: &str = "What to do with this message";

/// Opens the menu of the last message and takes an entry.
pub(crate) async fn choose(page: &Page, role: &str, entry: &str) -> Result<()> {
    let last = "[...document.querySelectorAll('.message__actions button[aria-haspopup]')].at(-1)";
    until("the last message's menu", || async {
        let open = format!("{last}?.click(); {last}?.ariaLabel");
        Ok((page.evaluate(&open).await? == ACTIONS).then_some(()))
    })
    .await?;
    page.find("menu", ACTIONS).await?;
    page.find(role, entry).await?.click().await
}

pub(crate) async fn reads_no_longer(page: &Page, text: &str) -> Result<()> {
    until("it is gone", || async {
        Ok((count(page, text).await? == 0).then_some(()))
    })
    .await
}

#[test]
fn what_one_meant_to_say_replaces_what_one_said() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "See you on Modnay").await?;
        reads(&bob, "See you on Modnay").await?;
        // Up in an empty field edits the last message; Esc leaves it.
        alice.find("textbox", "Message").await?.click().await?;
        alice.press("ArrowUp").await?;
        alice.reads("Editing your message").await?;
        alice.press("Escape").await?;
        alice.gone("button", "Stop editing").await?;
        alice.press("ArrowUp").await?;
        alice.find("button", "Stop editing").await?;
        alice
            .find("textbox", "Message")
            .await?
            .fill("See you on Monday")
            .await?;
        alice.press("Enter").await?;
        for page in [&alice, &bob] {
            reads(page, "See you on Monday").await?;
            reads_no_longer(page, "Modnay").await?;
        }
        alice.gone("button", "Stop editing").await?;
        bob.find("button", "edited").await?.click().await?;
        bob.find("dialog", "What this message said").await?;
        bob.reads("Modnay").await?;
        bob.press("Escape").await?;
        // It stays so.
        bob.reload().await?;
        reads(&bob, "See you on Monday").await
    });
}

#[test]
fn what_one_takes_back_is_gone_for_both() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "The password is swordfish").await?;
        reads(&bob, "swordfish").await?;
        choose(&alice, "menuitem", "Take back…").await?;
        alice.find("dialog", "Take this message back?").await?;
        alice.find("button", "Take back").await?.click().await?;
        for page in [&alice, &bob] {
            reads(page, "This message was retracted").await?;
            reads_no_longer(page, "swordfish").await?;
        }
        bob.reload().await?;
        reads(&bob, "This message was retracted").await?;
        reads_no_longer(&bob, "swordfish").await
    });
}

#[test]
fn a_reaction_is_seen_joined_and_taken_away() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "We won!").await?;
        reads(&bob, "We won!").await?;
        choose(&bob, "menuitemcheckbox", "🎉").await?;
        bob.find("button", "🎉 by You").await?;
        alice.find("button", "🎉 by bob").await?.click().await?;
        alice.find_with("button", "bob, You").await?.click().await?;
        bob.find("button", "🎉 by You").await?.click().await?;
        alice.gone("button", "🎉 by bob").await?;
        // Any other, by its name, and one that no list has.
        choose(&bob, "menuitem", "Other emoji…").await?;
        let search = bob.find("searchbox", "Search emoji").await?;
        search.fill("fox").await?;
        bob.find("button", "fox").await?;
        bob.press("Enter").await?;
        alice.find("button", "🦊 by bob").await?;
        choose(&bob, "menuitem", "Other emoji…").await?;
        let search = bob.find("searchbox", "Search emoji").await?;
        search.fill("\u{1FADF}").await?;
        bob.press("Enter").await?;
        alice.find("button", "\u{1FADF} by bob").await?;
        Ok(())
    });
}

#[test]
fn what_is_looked_at_is_read_on_every_device() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        let second = place.enters(crate::BOB).await?;
        bob.evaluate("location.hash = '#/'").await?;
        bob.gone("textbox", "Message").await?;
        say(&alice, "Are you there?").await?;
        bob.find_with("link", "1 unread message").await?;
        alice.find("image", "Delivered").await?;
        second
            .find_with("link", "1 unread message")
            .await?
            .click()
            .await?;
        reads(&second, "Are you there?").await?;
        alice.find("image", "Read").await?;
        until("the badge goes on the first device", || async {
            Ok((!bob.text().await?.contains("unread message")).then_some(()))
        })
        .await
    });
}
