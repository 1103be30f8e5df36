//! Rooms that people make, and what their owners change.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::rooms::ask;
use crate::{ALICE, BOB, Place, reads, say};

/// Opens the dialog that makes a room, and fills in its name and what it is to be.
pub(super) async fn describe(page: &Page, name: &str, preset: &str) -> Result<()> {
    page.find("button", "Menu").await?.click().await?;
    page.find("menuitem", "New room").await?.click().await?;
    page.find("dialog", "New room").await?;
    page.find("textbox", "Name of the room")
        .await?
        .fill(name)
        .await?;
    page.find_with("radio", preset).await?.click().await?;
    Ok(())
}

pub(super) async fn make(page: &Page) -> Result<()> {
    page.find("button", "Make the room").await?.click().await
}

/// Closes the dialog in which those are chosen who would be welcome in a group.
async fn invite_nobody(page: &Page, name: &str) -> Result<()> {
    let dialog = format!("Invite people to {name}");
    page.find("dialog", &dialog).await?;
    page.press("Escape").await?;
    page.gone("dialog", &dialog).await
}

/// Whether somebody who comes with this address and nickname is let in.
async fn is_let_in(page: &Page, room: &str, nick: &str) -> Result<bool> {
    ask(page, room, nick).await?;
    let dialog = page.find("dialog", "Join a room").await?;
    until("an answer of the room", || async {
        let text = page.text().await?;
        let refused = dialog
            .text()
            .await
            .is_ok_and(|text| text.contains("Only members"));
        let inside = text.contains("people here");
        Ok((refused || inside).then_some(inside))
    })
    .await
}

/// A group lets nobody in, a channel everybody, and both have the name that they were given.
async fn rooms_are_what_they_were_to_be(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let rooms = place.server.rooms_domain();
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);

    describe(&alice, "Tea & Biscuits", "Private group").await?;
    let group = format!("tea-biscuits@{rooms}");
    alice
        .reads(&format!("Its address will be {group}."))
        .await?;
    make(&alice).await?;
    alice.gone("dialog", "New room").await?;
    invite_nobody(&alice, "Tea & Biscuits").await?;
    alice.find("heading", "Tea & Biscuits").await?;
    alice.reads("1 person here").await?;
    say(&alice, "Nobody else is here").await?;
    ensure!(!is_let_in(&bob, &group, "Bob").await?, "anybody comes in");
    bob.press("Escape").await?;
    bob.gone("dialog", "Join a room").await?;

    // The same address can't be had again; another one can.
    describe(&alice, "Tea & biscuits", "Public channel").await?;
    make(&alice).await?;
    alice
        .reads("There is a room at this address already. Choose another one.")
        .await?;
    let channel = format!("cake@{rooms}");
    alice
        .find("textbox", "Address of the room")
        .await?
        .fill(&channel)
        .await?;
    make(&alice).await?;
    alice.gone("dialog", "New room").await?;
    alice.find("heading", "Tea & biscuits").await?;
    ensure!(is_let_in(&bob, &channel, "Bob").await?, "nobody comes in");
    say(&alice, "Welcome").await?;
    reads(&bob, "Welcome").await?;

    // What one has made one has after a reload, too.
    alice.reload().await?;
    alice.find("heading", "Tea & biscuits").await?;
    alice.reads("2 people here").await?;
    for page in [&alice, &bob] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn rooms_on_prosody_are_what_they_were_to_be() {
    run(async { rooms_are_what_they_were_to_be(Kind::Prosody).await });
}

#[test]
fn rooms_on_ejabberd_are_what_they_were_to_be() {
    run(async { rooms_are_what_they_were_to_be(Kind::Ejabberd).await });
}

/// Opens what an owner can change of the room that is open.
async fn open_settings(page: &Page) -> Result<()> {
    page.find("button", "Room details").await?.click().await?;
    page.find("button", "Room settings").await?.click().await?;
    page.find("dialog", "Room settings").await?;
    Ok(())
}

/// Whether a switch of the dialog is on.
async fn is_on(page: &Page, switch: &str) -> Result<bool> {
    let label = "[...document.querySelectorAll('.dialog .switch')]
        .find(label => label.innerText.includes(WORDS)).control.checked";
    let on = label.replace("WORDS", &format!("{switch:?}"));
    Ok(page.evaluate(&on).await? == true)
}

/// An owner gives the room another name and a description, and has it moderated; others see what it
/// is, and no settings.
async fn an_owner_changes_a_room(kind: Kind, [name, about, switch]: [&str; 3]) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    // The tab that was first leads, and asks for the other one.
    let leader = alice;
    let alice = place.beside(&leader).await?;
    alice.find("list", "Conversations").await?;
    describe(&alice, "Tea", "Public channel").await?;
    make(&alice).await?;
    alice.gone("dialog", "New room").await?;
    let room = format!("tea@{}", place.server.rooms_domain());
    ensure!(is_let_in(&bob, &room, "Bob").await?);
    bob.find("button", "Room details").await?.click().await?;
    bob.find("button", "Leave the room").await?;
    bob.gone("button", "Room settings").await?;

    open_settings(&alice).await?;
    let field = alice.find_with("textbox", name).await?;
    field.has("Tea").await?;
    field.fill("Coffee").await?;
    let description = "Beans, and https://coffee.example/roasts";
    let field = alice.find_with("textbox", about).await?;
    field.fill(description).await?;
    let before = is_on(&alice, switch).await?;
    alice.find_with("switch", switch).await?.click().await?;
    alice.find("button", "Save").await?.click().await?;
    alice.gone("dialog", "Room settings").await?;
    for page in [&alice, &bob] {
        page.find("heading", "Coffee").await?;
    }
    bob.find("region", "Description")
        .await?
        .reads("Beans, and")
        .await?;
    bob.find("link", "https://coffee.example/roasts").await?;
    // What was changed is there when one looks again.
    alice.find("button", "Room settings").await?.click().await?;
    alice
        .find_with("textbox", name)
        .await?
        .has("Coffee")
        .await?;
    let now = is_on(&alice, switch).await?;
    ensure!(now != before, "{switch} is still {before}");
    for page in [&alice, &bob] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn an_owner_changes_a_room_on_prosody() {
    run(async {
        let fields = ["Title", "Description", "Moderated"];
        an_owner_changes_a_room(Kind::Prosody, fields).await
    });
}

#[test]
fn an_owner_changes_a_room_on_ejabberd() {
    run(async {
        let fields = ["Room title", "Room description", "Make room moderated"];
        an_owner_changes_a_room(Kind::Ejabberd, fields).await
    });
}

/// Opens the dialog in which rooms are found, by way of the one that joins them.
async fn open_directory(page: &Page) -> Result<()> {
    page.find("button", "Join a room").await?.click().await?;
    page.find("button", "Find a room").await?.click().await?;
    page.find("dialog", "Find a room").await?;
    Ok(())
}

/// A channel is found by whoever looks, with who is there, and a group by nobody.
async fn channels_are_found(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, leader) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    let bob = place.beside(&leader).await?;
    bob.find("list", "Conversations").await?;
    for (name, preset) in [
        ("Tea", "Public channel"),
        ("Coffee", "Public channel"),
        ("Secret", "Private group"),
    ] {
        describe(&alice, name, preset).await?;
        make(&alice).await?;
        alice.gone("dialog", "New room").await?;
        if preset == "Private group" {
            invite_nobody(&alice, name).await?;
        }
        alice.find("heading", name).await?;
    }
    open_directory(&bob).await?;
    let dialog = bob.find("dialog", "Find a room").await?;
    dialog.reads("2 rooms").await?;
    let list = bob.find("list", "Rooms found").await?;
    for text in ["Tea", "Coffee", "1 person here"] {
        list.reads(text).await?;
    }
    ensure!(!list.text().await?.contains("Secret"));
    // What is typed leaves those that go with it.
    let field = bob.find("textbox", "Search rooms").await?;
    field.fill("mate").await?;
    dialog
        .reads("No room has that in its name or description.")
        .await?;
    field.fill("TEA").await?;
    dialog.reads("1 room").await?;
    ensure!(!list.text().await?.contains("Coffee"));
    // By keys, from the field into the list, and into the room.
    bob.press("ArrowDown").await?;
    bob.press("Enter").await?;
    bob.find("dialog", "Join a room").await?;
    bob.find("textbox", "Nickname").await?.fill("Bob").await?;
    bob.find("button", "Join").await?.click().await?;
    bob.gone("dialog", "Join a room").await?;
    alice.find_with("link", "Tea").await?.click().await?;
    alice.reads("2 people here").await?;

    // A server leads to its service; what has no rooms says so.
    open_directory(&bob).await?;
    let service = bob.find("textbox", "Whose rooms").await?;
    let dialog = bob.find("dialog", "Find a room").await?;
    dialog.reads("2 rooms").await?;
    for (typed, said) in [
        ("not an address", "That isn't the address of a service."),
        ("nowhere.invalid", "nowhere.invalid"),
        ("example.test", "2 rooms"),
    ] {
        service.fill(typed).await?;
        bob.press("Enter").await?;
        dialog.reads(said).await?;
    }
    for page in [&alice, &bob] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn channels_on_prosody_are_found() {
    run(async { channels_are_found(Kind::Prosody).await });
}

#[test]
fn channels_on_ejabberd_are_found() {
    run(async { channels_are_found(Kind::Ejabberd).await });
}
