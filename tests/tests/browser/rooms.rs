//! Rooms, as people see them.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::run;

use crate::{ALICE, BOB, Place, count, reads, say};

/// Asks to be let into the room.
pub(super) async fn ask(page: &Page, room: &str, nick: &str) -> Result<()> {
    page.find("button", "Join a room").await?.click().await?;
    page.find("dialog", "Join a room").await?;
    page.find("textbox", "Address of the room")
        .await?
        .fill(room)
        .await?;
    page.find("textbox", "Nickname").await?.fill(nick).await?;
    page.find("button", "Join").await?.click().await
}

#[test]
fn two_people_talk_in_a_room_and_stay_in_it() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let room = format!("tea@{}", place.server.rooms_domain());
        let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
        ask(&alice, "tea", "Alice").await?;
        alice.reads("That isn't the address of a room.").await?;
        alice.press("Escape").await?;
        alice.gone("dialog", "Join a room").await?;
        ask(&alice, &room, "Alice").await?;
        alice.gone("dialog", "Join a room").await?;
        // Her name is taken; another one does.
        ask(&bob, &room, "Alice").await?;
        bob.reads("Somebody else goes by that nickname here.")
            .await?;
        bob.find("textbox", "Nickname").await?.fill("Bob").await?;
        bob.find("button", "Join").await?.click().await?;
        bob.gone("dialog", "Join a room").await?;
        alice.reads("2 people here").await?;

        // Who is there is completed by the beginning of their name.
        bob.find("textbox", "Message").await?.click().await?;
        bob.type_text("@al").await?;
        bob.find("option", "Alice").await?;
        bob.press("Tab").await?;
        let field = bob.find("textbox", "Message").await?;
        field.has("Alice: ").await?;
        field.fill("").await?;

        say(&alice, "Tea or coffee?").await?;
        reads(&bob, "Tea or coffee?").await?;
        reads(&bob, "Alice").await?;
        say(&bob, "Tea").await?;
        reads(&alice, "Tea").await?;

        alice.reload().await?;
        alice.find("textbox", "Message").await?;
        alice.reads("2 people here").await?;
        ensure!(count(&alice, "Tea or coffee?").await? == 1);
        say(&bob, "Are you still there?").await?;
        reads(&alice, "Are you still there?").await?;
        say(&alice, "I am").await?;
        reads(&bob, "I am").await?;

        alice.find("button", "Room details").await?.click().await?;
        let list = alice.find("list", "2 people here").await?;
        list.reads("Bob").await?;
        alice
            .find("button", "Leave the room")
            .await?
            .click()
            .await?;
        bob.reads("1 person here").await?;
        alice.find_with("link", "tea").await?.click().await?;
        alice.reads("You aren't in this room.").await?;
        alice.find("button", "Join").await?.click().await?;
        bob.reads("2 people here").await?;
        for page in [&alice, &bob] {
            ensure!(page.errors().is_empty(), "{:?}", page.errors());
        }
        Ok(())
    });
}
