//! What is said to one person in a room.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::run;

use crate::changes::choose;
use crate::rooms::ask;
use crate::{ALICE, BOB, Place, count, options, reads, say};

const CAROL: &str = "carol@example.test";

/// Has what is written be for bob, whom the room's details list.
async fn whisper_to_bob(page: &Page) -> Result<()> {
    page.find("button", "Room details").await?.click().await?;
    page.find("button", "Options for Bob")
        .await?
        .click()
        .await?;
    page.find("menuitem", "Message privately")
        .await?
        .click()
        .await?;
    page.find("group", "Privately to Bob").await?;
    Ok(())
}

/// Has whoever is in the room be called otherwise.
async fn called(page: &Page, nick: &str) -> Result<()> {
    page.find("button", "Room details").await?.click().await?;
    page.find("button", "Change your nickname")
        .await?
        .click()
        .await?;
    page.find("textbox", "Nickname").await?.fill(nick).await?;
    page.find("button", "Save").await?.click().await?;
    page.gone("textbox", "Nickname").await?;
    page.find("button", "Close details").await?.click().await
}

async fn a_whisper_is_for_one_person(kind: Kind) -> Result<()> {
    let place = Place::with(options(kind).account("carol", "carol")).await?;
    let room = format!("tea@{}", place.server.rooms_domain());
    let alice = place.enters(ALICE).await?;
    let bob = place.enters(BOB).await?;
    let carol = place.enters(CAROL).await?;
    for (page, nick) in [(&alice, "Alice"), (&bob, "Bob"), (&carol, "Carol")] {
        ask(page, &room, nick).await?;
        page.gone("dialog", "Join a room").await?;
    }
    alice.reads("3 people here").await?;
    whisper_to_bob(&alice).await?;
    say(&alice, "Carol has a birthday").await?;
    reads(&alice, "only to Bob").await?;
    reads(&bob, "Carol has a birthday").await?;
    reads(&bob, "only to you").await?;
    // It goes on like that until she wants otherwise, after a reload, too.
    alice.reload().await?;
    alice.find("group", "Privately to Bob").await?;
    reads(&alice, "only to Bob").await?;
    say(&alice, "Shall we bake?").await?;
    reads(&bob, "Shall we bake?").await?;
    // An answer is as private.
    choose(&bob, "menuitem", "Reply").await?;
    bob.find("group", "Privately to Alice").await?;
    say(&bob, "A cake").await?;
    reads(&bob, "only to Alice").await?;
    reads(&alice, "A cake").await?;
    if kind == Kind::Prosody {
        // Rooms that know people by more than their names (XEP-0421).
        called(&bob, "Robert").await?;
        alice.find("group", "Privately to Robert").await?;
        say(&alice, "With nuts?").await?;
        reads(&bob, "With nuts?").await?;
        called(&bob, "Bob").await?;
        alice.find("group", "Privately to Bob").await?;
    }
    alice.find("textbox", "Message").await?.click().await?;
    alice.press("Escape").await?;
    alice.gone("group", "Privately to Bob").await?;
    say(&alice, "Hello everybody").await?;
    reads(&carol, "Hello everybody").await?;
    for words in ["birthday", "bake", "cake", "nuts"] {
        ensure!(count(&carol, words).await? == 0, "everybody reads {words}");
    }

    // Whoever has left gets nothing, and what was written stays.
    bob.find("button", "Write to everybody")
        .await?
        .click()
        .await?;
    bob.gone("group", "Privately to Alice").await?;
    say(&bob, "And to you").await?;
    reads(&alice, "And to you").await?;
    choose(&alice, "menuitem", "Message privately").await?;
    alice.find("group", "Privately to Bob").await?;
    alice
        .find("textbox", "Message")
        .await?
        .fill("Which cake?")
        .await?;
    bob.find("button", "Room details").await?.click().await?;
    bob.find("button", "Leave the room").await?.click().await?;
    alice.reads("Bob isn't in the room any more").await?;
    alice.find("textbox", "Message").await?.click().await?;
    alice.press("Enter").await?;
    alice
        .find("textbox", "Message")
        .await?
        .has("Which cake?")
        .await?;
    ensure!(count(&alice, "Which cake?").await? == 0);
    alice
        .find("button", "Write to everybody")
        .await?
        .click()
        .await?;
    alice.gone("group", "Privately to Bob").await?;
    for page in [&alice, &bob, &carol] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn a_whisper_is_for_one_person_on_prosody() {
    run(a_whisper_is_for_one_person(Kind::Prosody));
}

#[test]
fn a_whisper_is_for_one_person_on_ejabberd() {
    run(a_whisper_is_for_one_person(Kind::Ejabberd));
}
