//! Those who run a room, and those who are there, as both see it.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::run;

use crate::changes::choose;
use crate::profile::{face, picture};
use crate::rooms::ask;
use crate::{ALICE, BOB, Place, count, reads, say};

/// Alice in a room of her own, with its details open, and bob in it.
async fn together(place: &Place) -> Result<(String, Page, Page)> {
    let room = format!("tea@{}", place.server.rooms_domain());
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    for (page, nick) in [(&alice, "Alice"), (&bob, "Bob")] {
        ask(page, &room, nick).await?;
        page.gone("dialog", "Join a room").await?;
        say(page, &format!("{nick} is here")).await?;
    }
    alice.reads("2 people here").await?;
    alice.find("button", "Room details").await?.click().await?;
    alice.find("list", "2 people here").await?;
    Ok((room, alice, bob))
}

/// Opens the question before something is done to bob.
async fn begin(page: &Page, deed: &str) -> Result<()> {
    page.find("button", "Options for Bob")
        .await?
        .click()
        .await?;
    page.find("menuitem", deed).await?.click().await?;
    page.find("dialog", &format!("{deed}: Bob")).await?;
    Ok(())
}

/// Does it, and says why, if anybody asks.
async fn go_through(page: &Page, deed: &str, reason: Option<&str>) -> Result<()> {
    begin(page, deed).await?;
    if let Some(reason) = reason {
        page.find("textbox", "Reason (optional)")
            .await?
            .fill(reason)
            .await?;
    }
    page.find("button", deed).await?.click().await?;
    page.gone("dialog", &format!("{deed}: Bob")).await
}

async fn who_runs_a_room_has_the_say(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (_, alice, bob) = together(&place).await?;
    let list = || alice.find("list", "2 people here");
    for words in ["Owners", "Alice", "Others", "Bob"] {
        list().await?.reads(words).await?;
    }
    let search = alice.find("searchbox", "Search people here").await?;
    search.fill("nobody at all").await?;
    alice.reads("Nobody here goes by that.").await?;
    search.fill("BO").await?;
    alice.find("button", "Options for Bob").await?;
    ensure!(!list().await?.text().await?.contains("Alice"));
    alice.press("Escape").await?;
    list().await?.reads("Alice").await?;

    go_through(&alice, "Let them only listen", None).await?;
    list().await?.reads("May only listen").await?;
    say(&bob, "Milk, please").await?;
    bob.reads("Those who run the room can let you speak.")
        .await?;
    go_through(&alice, "Let them write", None).await?;
    bob.find("button", "Try again").await?.click().await?;
    reads(&alice, "Milk, please").await?;
    say(&bob, "I may write").await?;
    reads(&alice, "I may write").await?;
    go_through(&alice, "Make moderator", None).await?;
    list().await?.reads("Moderator").await?;
    // Who moderates does nothing to whoever owns the room.
    bob.find("button", "Room details").await?.click().await?;
    let theirs = bob.find("list", "2 people here").await?;
    theirs.reads("Moderator").await?;
    bob.find("button", "Options for Alice")
        .await?
        .click()
        .await?;
    bob.find("menuitem", "Message privately").await?;
    bob.gone("menuitem", "Remove from the room").await?;
    bob.press("Escape").await?;
    go_through(&alice, "Make moderator no longer", None).await?;
    go_through(&alice, "Make member", None).await?;
    list().await?.reads("Members").await?;

    go_through(&alice, "Remove from the room", Some("No milk")).await?;
    bob.reads("A moderator has asked you to leave.").await?;
    bob.reads("“No milk”").await?;
    reads(&alice, "Alice removed Bob from the room.").await?;
    reads(&alice, "“No milk”").await?;
    alice.reload().await?;
    reads(&alice, "Alice removed Bob from the room.").await?;
    bob.find("button", "Join").await?.click().await?;
    alice.reads("2 people here").await?;
    // Whoever has gone by the time one has decided can't be made to go.
    begin(&alice, "Remove from the room").await?;
    bob.find("button", "Leave the room").await?.click().await?;
    alice.reads("1 person here").await?;
    alice
        .find("button", "Remove from the room")
        .await?
        .click()
        .await?;
    alice.reads("The room can't find that any more.").await?;
    alice.find("button", "Cancel").await?.click().await?;
    bob.find_with("link", "tea").await?.click().await?;
    bob.find("button", "Join").await?.click().await?;
    alice.reads("2 people here").await?;

    go_through(&alice, "Ban from the room", Some("No sugar either")).await?;
    bob.reads("You are banned from this room.").await?;
    bob.reads("“No sugar either”").await?;
    reads(&alice, "Alice banned Bob from the room.").await?;
    for page in [&alice, &bob] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn who_runs_a_room_has_the_say_prosody() {
    run(who_runs_a_room_has_the_say(Kind::Prosody));
}

#[test]
fn who_runs_a_room_has_the_say_ejabberd() {
    run(who_runs_a_room_has_the_say(Kind::Ejabberd));
}

/// ejabberd 23.01 has no such thing.
#[test]
fn what_a_moderator_takes_away_is_gone_for_everybody() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (_, alice, bob) = together(&place).await?;
        reads(&bob, "Alice is here").await?;
        say(&bob, "Free potions!").await?;
        say(&bob, "More potions!").await?;
        reads(&alice, "More potions!").await?;
        choose(&alice, "menuitem", "Remove for everyone…").await?;
        alice
            .find("dialog", "Remove this message for everyone?")
            .await?;
        alice
            .find("textbox", "Reason (optional)")
            .await?
            .fill("No ads")
            .await?;
        alice
            .find("checkbox", "Everything by Bob that is loaded here, too (3)")
            .await?
            .click()
            .await?;
        alice.find("button", "Remove").await?.click().await?;
        alice
            .gone("dialog", "Remove this message for everyone?")
            .await?;
        // Somebody who has seen nothing of it yet.
        let later = place.enters(BOB).await?;
        later.find_with("link", "tea").await?.click().await?;
        bob.reload().await?;
        for page in [&alice, &bob, &later] {
            reads(page, "Removed by Alice: “No ads”").await?;
            reads(page, "Alice is here").await?;
            ensure!(count(page, "Removed by Alice: “No ads”").await? == 3);
            ensure!(count(page, "potions").await? == 0);
            ensure!(page.errors().is_empty(), "{:?}", page.errors());
        }
        // It isn't theirs to do.
        say(&alice, "That's better").await?;
        reads(&bob, "That's better").await?;
        let last =
            "[...document.querySelectorAll('.message__actions button[aria-haspopup]')].at(-1)";
        bob.evaluate(&format!("{last}.click()")).await?;
        bob.find("menuitem", "Reply").await?;
        bob.gone("menuitem", "Remove for everyone…").await?;
        Ok(())
    });
}

async fn a_room_ends(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (room, alice, bob) = together(&place).await?;
    bob.find("button", "Room details").await?.click().await?;
    bob.find("button", "Leave the room").await?;
    bob.gone("button", "Destroy the room…").await?;
    alice
        .find("button", "Destroy the room…")
        .await?
        .click()
        .await?;
    alice.find("dialog", "Destroy tea?").await?;
    let address = alice
        .find("textbox", "Type the room's address to go on")
        .await?;
    address.fill("coffee").await?;
    alice.find("button", "Destroy").await?.click().await?;
    alice.reads("That isn't the address of this room.").await?;
    address.fill(&room).await?;
    let instead = alice
        .find("textbox", "Another room to go to (optional)")
        .await?;
    instead.fill("coffee").await?;
    alice.find("button", "Destroy").await?.click().await?;
    alice.reads("That isn't the address of a room.").await?;
    let coffee = room.replace("tea", "coffee");
    instead.fill(&coffee).await?;
    alice
        .find("textbox", "Reason (optional)")
        .await?
        .fill("No tea left")
        .await?;
    alice.find("button", "Destroy").await?.click().await?;
    alice.gone("dialog", "Destroy tea?").await?;
    for page in [&alice, &bob] {
        page.reads("This room is gone.").await?;
        page.reads("“No tea left”").await?;
    }
    // Whoever comes first makes it, and until it is made nobody else comes in.
    for (page, people) in [(&alice, "1 person here"), (&bob, "2 people here")] {
        page.find("button", "Go to the new room")
            .await?
            .click()
            .await?;
        page.reads(people).await?;
    }
    Ok(())
}

#[test]
fn a_room_ends_prosody() {
    run(a_room_ends(Kind::Prosody));
}

#[test]
fn a_room_ends_ejabberd() {
    run(a_room_ends(Kind::Ejabberd));
}

async fn who_is_what_is_on_lists(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (_, alice, bob) = together(&place).await?;
    bob.find("button", "Room details").await?.click().await?;
    bob.find("button", "Leave the room").await?;
    bob.gone("button", "Members and bans").await?;
    alice
        .find("button", "Members and bans")
        .await?
        .click()
        .await?;
    alice.find("dialog", "Who is what in tea").await?;
    alice.reads("Nobody on this list.").await?;
    alice.find("button", "Banned").await?.click().await?;
    let address = alice.find("textbox", "Address to find or add").await?;
    address.fill("bob").await?;
    alice.press("Enter").await?;
    alice.reads("That isn't somebody's address.").await?;
    address.fill(BOB).await?;
    alice.press("Enter").await?;
    alice.reads("Banned from now on").await?;
    bob.reads("You are banned from this room.").await?;
    // Back to what he was.
    alice
        .find("button", &format!("Undo for {BOB}"))
        .await?
        .click()
        .await?;
    alice.reads("Not on any list from now on").await?;
    bob.find("button", "Join").await?.click().await?;
    bob.reads("2 people here").await?;
    // And to something else; what the room has kept is there when one comes back.
    alice.find("button", "Admins").await?.click().await?;
    alice.find("button", "Members").await?.click().await?;
    address.fill(BOB).await?;
    alice.press("Enter").await?;
    alice.reads("Member from now on").await?;
    alice.press("Escape").await?;
    alice.gone("dialog", "Who is what in tea").await?;
    alice
        .find("list", "2 people here")
        .await?
        .reads("Members")
        .await?;
    // Another tab of hers, which follows, is told as well.
    let beside = place.beside(&alice).await?;
    beside.find_with("link", "tea").await?.click().await?;
    beside.find("button", "Room details").await?.click().await?;
    beside
        .find("button", "Members and bans")
        .await?
        .click()
        .await?;
    let dialog = beside.find("dialog", "Who is what in tea").await?;
    dialog.reads(BOB).await?;
    beside
        .find("button", &format!("Options for {BOB}"))
        .await?
        .click()
        .await?;
    beside
        .find("menuitem", "Take off the list")
        .await?
        .click()
        .await?;
    beside.reads("Not on any list from now on").await?;
    for page in [&alice, &bob, &beside] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn who_is_what_is_on_lists_prosody() {
    run(who_is_what_is_on_lists(Kind::Prosody));
}

#[test]
fn who_is_what_is_on_lists_ejabberd() {
    run(who_is_what_is_on_lists(Kind::Ejabberd));
}

async fn what_a_room_looks_like(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (_, alice, bob) = together(&place).await?;
    alice
        .find("button", "Picture of the room")
        .await?
        .click()
        .await?;
    alice.find("dialog", "Picture of the room").await?;
    let choose = alice.find("button", "Choose a picture").await?;
    alice.choose_files(&choose, &[&picture()]).await?;
    let submit = alice.find("button", "Use this picture").await?;
    submit.click().await?;
    alice.find("button", "Remove the picture").await?;
    face(&alice, "dialog", Some(256)).await?;
    face(&bob, "main", Some(256)).await?;
    bob.reload().await?;
    bob.reads("2 people here").await?;
    face(&bob, "main", Some(256)).await?;
    let remove = alice.find("button", "Remove the picture").await?;
    remove.click().await?;
    face(&bob, "main", None).await?;
    face(&alice, "main", None).await?;
    let (alice, bob) = (alice.errors(), bob.errors());
    ensure!(alice.is_empty() && bob.is_empty(), "{alice:?} {bob:?}");
    Ok(())
}

#[test]
fn what_a_room_looks_like_on_prosody() {
    run(what_a_room_looks_like(Kind::Prosody));
}

#[test]
fn what_a_room_looks_like_on_ejabberd() {
    run(what_a_room_looks_like(Kind::Ejabberd));
}
