//! What is said in a room to one of those who are there.

use anyhow::{Result, ensure};
use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc;
use couplet_engine::store::Store;
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::person::Person;
use couplet_tests::{run, until};
use jid::BareJid;

use crate::rooms::ask;
use crate::{ALICE, BOB, Place, options, reads, say};

const CAROL: &str = "carol@example.test";

async fn enter(page: &Page, room: &str, nick: &str) -> Result<()> {
    ask(page, room, nick).await?;
    page.gone("dialog", "Join a room").await
}

/// Chooses who is meant, and says the rest.
async fn say_to(page: &Page, begins: &str, nick: &str, text: &str) -> Result<()> {
    page.find("textbox", "Message").await?.click().await?;
    page.type_text(begins).await?;
    page.find("option", nick).await?;
    page.press("Tab").await?;
    page.type_text(text).await?;
    page.press("Enter").await?;
    reads(page, text).await
}

/// Waits until the list doesn't say so any more.
async fn unsaid(page: &Page, words: &str) -> Result<()> {
    until(&format!("no {words:?}"), || async {
        let list = page.find("list", "Conversations").await?;
        Ok((!list.text().await?.contains(words)).then_some(()))
    })
    .await
}

async fn who_is_named_is_told(kind: Kind) -> Result<()> {
    let place = Place::with(options(kind).account("carol", "carol")).await?;
    let room = format!("tea@{}", place.server.rooms_domain());
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    enter(&alice, &room, "Alice").await?;
    enter(&bob, &room, "Bob").await?;
    let jid: BareJid = room.parse()?;
    let carol = Person::signed_in(CAROL, "carol", place.proxy.websocket()).await?;
    carol.command(Command::Muc(xep0045_muc::Command::Join {
        room: jid.clone(),
        nick: Some("Carol".to_owned()),
        password: None,
    }));
    alice.reads("3 people here").await?;
    alice.evaluate("location.hash = '#/'").await?;
    alice.gone("textbox", "Message").await?;
    say(&bob, "Is there any tea?").await?;
    alice.find_with("link", "1 unread message").await?;
    say_to(&bob, "@al", "Alice", "is it you who drinks it?").await?;
    alice.find_with("link", "1 mention of you").await?;
    alice.find_with("link", "2 unread messages").await?;
    alice.reload().await?;
    alice.find_with("link", "1 mention of you").await?;
    // Others hear whom he means, and that it isn't them.
    let last = "Alice: is it you who drinks it?";
    let heard = || {
        carol
            .messages(&room)
            .into_iter()
            .find(|said| said.body == last)
    };
    carol.until("carol hears it", |_| heard().is_some()).await?;
    let named = heard().map(|said| said.names()).unwrap_or_default();
    ensure!(named == [("Alice".to_owned(), false)], "{named:?}");
    let counted = |store: &Store| {
        let known = store.conversation(&jid);
        known.map(|known| known.mentions())
    };
    ensure!(carol.store(counted) == Some(0));

    alice.find_with("link", "tea").await?.click().await?;
    reads(&alice, "To you").await?;
    unsaid(&alice, "1 mention of you").await?;
    // What is said first to all is said to her after all.
    alice.evaluate("location.hash = '#/'").await?;
    alice.gone("textbox", "Message").await?;
    say(&bob, "And milk?").await?;
    alice.find_with("link", "1 unread message").await?;
    bob.press("ArrowUp").await?;
    bob.find("button", "Save the change").await?;
    bob.find("textbox", "Message")
        .await?
        .fill("And milk, alice?")
        .await?;
    bob.press("Enter").await?;
    alice.find_with("link", "1 mention of you").await?;
    for page in [&alice, &bob] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn who_is_named_is_told_prosody() {
    run(who_is_named_is_told(Kind::Prosody));
}

#[test]
fn who_is_named_is_told_ejabberd() {
    run(who_is_named_is_told(Kind::Ejabberd));
}

async fn who_runs_a_room_says_it_to_everybody(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = format!("tea@{}", place.server.rooms_domain());
    // Whoever is in first has made it.
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    enter(&alice, &room, "Alice").await?;
    enter(&bob, &room, "Bob").await?;
    alice.reads("2 people here").await?;
    bob.evaluate("location.hash = '#/'").await?;
    bob.gone("textbox", "Message").await?;
    say_to(&alice, "@ev", "Everybody here", "there is tea").await?;
    bob.find_with("link", "1 mention of you").await?;

    bob.find_with("link", "tea").await?.click().await?;
    reads(&bob, "To you").await?;
    bob.find("textbox", "Message").await?.click().await?;
    bob.type_text("@al").await?;
    bob.find("option", "Alice").await?;
    bob.gone("option", "Everybody here").await?;
    alice.evaluate("location.hash = '#/'").await?;
    alice.gone("textbox", "Message").await?;
    bob.type_text("l, is there milk?").await?;
    bob.press("Enter").await?;
    alice.find_with("link", "1 unread message").await?;
    unsaid(&alice, "mention of you").await
}

#[test]
fn who_runs_a_room_says_it_to_everybody_prosody() {
    run(who_runs_a_room_says_it_to_everybody(Kind::Prosody));
}

#[test]
fn who_runs_a_room_says_it_to_everybody_ejabberd() {
    run(who_runs_a_room_says_it_to_everybody(Kind::Ejabberd));
}

#[test]
fn there_is_a_way_to_what_is_said_to_oneself() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let room = format!("tea@{}", place.server.rooms_domain());
        let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
        enter(&alice, &room, "Alice").await?;
        enter(&bob, &room, "Bob").await?;
        say(&alice, "Hello").await?;
        alice.evaluate("location.hash = '#/'").await?;
        alice.gone("textbox", "Message").await?;
        let lines = "a long story\n".repeat(40);
        for text in [
            &lines,
            "alice, the first",
            &lines,
            "@Alice the second",
            &lines,
        ] {
            say(&bob, text.trim()).await?;
        }
        alice.find_with("link", "2 mentions of you").await?;
        alice.find_with("link", "tea").await?.click().await?;
        let focused = "document.activeElement.textContent";
        for (button, text) in [("2 mentions", "the first"), ("1 mention", "the second")] {
            alice.find("button", button).await?.click().await?;
            until(text, || async {
                let focused = alice.evaluate(focused).await?;
                let there = focused.as_str().is_some_and(|shown| shown.contains(text));
                Ok(there.then_some(()))
            })
            .await?;
        }
        alice.gone("button", "1 mention").await?;
        alice.find("log", "Messages").await?.click().await?;
        alice.press("End").await?;
        unsaid(&alice, "2 mentions of you").await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}
