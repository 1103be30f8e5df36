//! Looking for messages, and going to where they stand.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::{Place, count, reads, say, texts};

const FIELD: &str = "Search people and messages";

/// Types into the search field.
async fn search(page: &Page, words: &str) -> Result<()> {
    page.find("searchbox", FIELD).await?.fill(words).await
}

/// What is typed finds exactly this many messages, and this is one of them.
async fn finds(page: &Page, words: &str, messages: usize, text: &str) -> Result<()> {
    search(page, words).await?;
    let list = page.find("list", "Found messages").await?;
    let found = until(&format!("{messages} messages with {words:?}"), || async {
        let links = "document.querySelectorAll('.finds li').length";
        let shown = page.evaluate(links).await? == messages;
        let marked = page.evaluate("document.querySelectorAll('.finds mark').length");
        Ok((shown && (messages == 0 || marked.await? != 0)).then_some(()))
    })
    .await;
    if let Err(error) = found {
        return Err(page.explained(error).await);
    }
    if messages > 0 {
        list.reads(text).await?;
    }
    Ok(())
}

#[test]
fn words_of_any_language_are_found_with_or_without_accents_and_case() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        for text in [
            "Un Café, s'il vous plaît",
            "Привет, мир",
            "明日の会議は十時から",
            "السَّلامُ عَلَيْكُم",
            "Straße nach Ελλάς",
            "the last one",
        ] {
            say(&alice, text).await?;
            reads(&bob, text).await?;
        }
        // In a tab that was there, in one that follows it, and from the disk alone.
        let follower = place.beside(&alice).await?;
        follower.find_with("link", "bob").await?;
        alice.reload().await?;
        alice.find_with("link", "bob").await?;
        for page in [&bob, &follower, &alice] {
            finds(page, "cafe", 1, "Café").await?;
            finds(page, "VOUS CAFÉ", 1, "Café").await?;
            finds(page, "привет", 1, "Привет").await?;
            finds(page, "会議", 1, "会議").await?;
            finds(page, "السلام", 1, "عَلَيْكُم").await?;
            finds(page, "strasse", 1, "Straße").await?;
            finds(page, "ΕΛΛΑΣ", 1, "Ελλάς").await?;
            finds(page, "cafe привет", 0, "").await?;
            page.reads("No message has “cafe привет” in it.").await?;
            ensure!(page.errors().is_empty(), "{:?}", page.errors());
        }
        // What comes while one searches is found too.
        search(&bob, "brand new").await?;
        bob.reads("No message has “brand new” in it.").await?;
        say(&alice, "something brand new").await?;
        bob.find("list", "Found messages")
            .await?
            .reads("something brand new")
            .await
    });
}

#[test]
fn what_is_found_is_shown_in_its_place_without_a_network() {
    run(async {
        let (mut place, alice, _bob) = Place::with_yesterday("number", 400).await?;
        // Of yesterday only a little is read before one asks for it.
        place.server.stop();
        alice.reload().await?;
        reads(&alice, "number400.").await?;
        ensure!(count(&alice, "number7.").await? == 0);
        // With the keyboard alone, from another place.
        alice.evaluate("location.hash = '#/'").await?;
        alice.gone("textbox", "Message").await?;
        finds(&alice, "UMBER7.", 1, "You: number7.").await?;
        alice.press("ArrowDown").await?;
        alice.press("Enter").await?;
        let log = alice.find("log", "Messages").await?;
        for text in ["number6.", "number7.", "number8.", "number50."] {
            log.reads(text).await?;
            ensure!(count(&alice, text).await? == 1, "{text:?} more than once");
        }
        until("the message is in view and has the focus", || async {
            let seen = "(() => {
                const { top, bottom } = document.activeElement.getBoundingClientRect();
                return document.activeElement.innerText.includes('number7.')
                    && top > 0 && bottom < innerHeight;
            })()";
            Ok((alice.evaluate(seen).await? == true).then_some(()))
        })
        .await?;
        // And back to the newest.
        alice
            .find("button", "Jump to the latest")
            .await?
            .click()
            .await?;
        alice.gone("button", "Jump to the latest").await?;
        reads(&alice, "number400.").await?;
        // From within the conversation, and with the mouse.
        finds(&alice, "number70.", 1, "number70.").await?;
        alice.find_with("link", "number70.").await?.click().await?;
        alice.find("button", "Jump to the latest").await?;
        alice.find("log", "Messages").await?;
        alice.press("End").await?;
        alice.gone("button", "Jump to the latest").await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

#[test]
fn a_spoiler_that_is_found_is_not_given_away() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        texts::hide(&alice, "The ending", "They all live").await?;
        texts::hide(&alice, "", "They all leave").await?;
        for page in [&alice, &bob] {
            page.find_with("link", "Spoiler").await?;
            search(page, "they all").await?;
            let list = page.find("list", "Found messages").await?;
            list.reads("Spoiler: The ending").await?;
            let shown = "[...document.querySelectorAll('.find__text')]
                .map(text => text.innerText.replace('You: ', '').trim()).join('|')";
            ensure!(page.evaluate(shown).await? == "Spoiler|Spoiler: The ending");
            let text = page.text().await?;
            ensure!(!text.contains("They all"), "{text}");
        }
        // It is shown in its place, where it is for its reader to press.
        bob.find_with("link", "Spoiler: The ending")
            .await?
            .click()
            .await?;
        reads(&bob, "Spoiler: The ending").await?;
        ensure!(!bob.text().await?.contains("They all"));
        Ok(())
    });
}

#[test]
fn names_come_before_messages_and_an_emptied_field_shows_everybody() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        say(&alice, "bob, are you there?").await?;
        finds(&alice, "bob", 1, "are you there?").await?;
        let order = "document.querySelector('.conversations__list li')
            .compareDocumentPosition(document.querySelector('.finds li'))";
        ensure!(alice.evaluate(order).await? == 4, "messages before names");
        alice.press("Escape").await?;
        alice.gone("list", "Found messages").await?;
        alice.find_with("link", "bob").await?;
        Ok(())
    });
}

#[test]
fn who_signs_out_leaves_nothing_to_be_found() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        say(&alice, "for nobody to find").await?;
        finds(&alice, "nobody", 1, "for nobody to find").await?;
        alice.find("button", "Menu").await?.click().await?;
        alice.find("menuitem", "Sign out").await?.click().await?;
        crate::sign_in(&alice, crate::BOB, "bob").await?;
        alice.find_with("link", "alice").await?;
        // Bob has it too, as what he was told.
        search(&alice, "nobody").await?;
        let list = alice.find("list", "Found messages").await?;
        list.reads("for nobody to find").await?;
        ensure!(!list.text().await?.contains("You:"));
        Ok(())
    });
}

#[test]
fn what_is_kept_nowhere_is_found_while_it_is_here() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let bob = place.enters(crate::BOB).await?;
        let page = place.visitor().await?;
        page.find("checkbox", "Stay signed in on this device")
            .await?
            .click()
            .await?;
        crate::sign_in(&page, crate::ALICE, "alice").await?;
        crate::add(&page, crate::BOB).await?;
        say(&page, "in memory only").await?;
        finds(&page, "memory", 1, "in memory only").await?;
        say(&page, "another memory").await?;
        finds(&page, "memory", 2, "another memory").await?;
        drop(bob);
        Ok(())
    });
}
