//! People as others see them: in rooms, in what they feel, on several devices.

use anyhow::{Result, ensure};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::browser::Page;
use couplet_tests::{run, until};
use serde_json::json;

use crate::changes::choose;
use crate::profile::{details, face, open as open_profile, picture};
use crate::rooms::ask;
use crate::settings;
use crate::{ALICE, BOB, Place, reads, say};

/// Alice sees in a room what bob looks like, who isn't among her contacts: a picture of so many
/// pixels.
async fn looks(place: &Place, bob: Page, side: u32) -> Result<()> {
    let room = format!("tea@{}", place.server.rooms_domain());
    let alice = place.enters(ALICE).await?;
    ask(&alice, &room, "Alice").await?;
    alice.gone("dialog", "Join a room").await?;
    alice.reads("1 person here").await?;
    ask(&bob, &room, "Bob").await?;
    bob.gone("dialog", "Join a room").await?;
    alice.reads("2 people here").await?;
    say(&bob, "This is me").await?;
    reads(&alice, "This is me").await?;
    let said = ".message--head:not(.message--own)";
    face(&alice, said, Some(side)).await?;
    // Whoever has the page again has it from the disk.
    alice.reload().await?;
    face(&alice, said, Some(side)).await?;
    alice.find("button", "Room details").await?.click().await?;
    let list = alice.find("list", "2 people here").await?;
    list.reads("Bob").await?;
    face(&alice, ".occupants__row:last-child", Some(side)).await?;
    face(&alice, ".occupants__row:nth-child(2)", None).await?;
    for page in [&alice, &bob] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn in_a_room_people_have_their_pictures_prosody() {
    run(async {
        // By itself this one shows the pictures of people to their contacts only.
        let seed = json!({ "people": [
            { "user": "alice", "name": "alice" },
            { "user": "bob", "name": "bob", "picture": "bob" },
        ]});
        let place = Place::with(ServerOptions {
            seed: Some(serde_json::from_value(seed)?),
            ..ServerOptions::new(Kind::Prosody)
        })
        .await?;
        let bob = place.enters(BOB).await?;
        looks(&place, bob, 96).await
    });
}

#[test]
fn in_a_room_people_have_their_pictures_ejabberd() {
    run(async {
        let place = Place::new(Kind::Ejabberd).await?;
        let bob = place.enters(BOB).await?;
        open_profile(&bob).await?;
        let choose = bob.find("button", "Choose a picture").await?;
        bob.choose_files(&choose, &[&picture()]).await?;
        let submit = bob.find("button", "Use this picture").await?;
        submit.click().await?;
        bob.find("button", "Remove the picture").await?;
        bob.press("Escape").await?;
        bob.gone("dialog", "Your profile").await?;
        looks(&place, bob, 256).await
    });
}

#[test]
fn one_feels_several_things_and_others_read_who_does() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "We won!").await?;
        reads(&bob, "We won!").await?;
        choose(&bob, "menuitemcheckbox", "🎉").await?;
        bob.find("button", "🎉 by You").await?;
        choose(&bob, "menuitemcheckbox", "❤️").await?;
        alice.find("button", "❤️ by bob").await?;
        alice.find("button", "🎉 by bob").await?.click().await?;
        bob.find("button", "🎉 by You, alice").await?;
        // From the menu of the message, on a phone.
        alice.resize(390, 844).await?;
        alice.find("button", "🎉 by bob, You").await?;
        choose(&alice, "menuitem", "Who reacted…").await?;
        who(&alice, "🎉", "bob\nYou").await?;
        who(&alice, "❤️", "bob").await?;
        // One of the two goes, the other stays, while she looks.
        bob.find("button", "🎉 by You, alice")
            .await?
            .click()
            .await?;
        who(&alice, "🎉", "You").await?;
        alice.find("button", "Close").await?.click().await?;
        alice.gone("dialog", "Reactions").await?;
        alice.find("button", "🎉 by You").await?;
        alice.find("button", "❤️ by bob").await?;
        // With the other button of a mouse, or a finger that stays.
        bob.find("button", "❤️ by You")
            .await?
            .click_for_menu()
            .await?;
        who(&bob, "🎉", "alice").await?;
        who(&bob, "❤️", "You").await?;
        bob.press("Escape").await?;
        bob.gone("dialog", "Reactions").await?;
        alice.find("button", "🎉 by You").await?.click().await?;
        // What goes makes room for the other one, which a click would miss amid that.
        bob.gone("button", "🎉 by alice").await?;
        bob.find("button", "❤️ by You")
            .await?
            .click_for_menu()
            .await?;
        who(&bob, "❤️", "You").await?;
        // From another device.
        let phone = place.enters(BOB).await?;
        phone.find_with("link", "alice").await?.click().await?;
        phone.find("button", "❤️ by You").await?.click().await?;
        bob.reads("Nobody has reacted any more.").await
    });
}

/// Waits until the dialog says that these have reacted so.
async fn who(page: &Page, emoji: &str, names: &str) -> Result<()> {
    page.find("dialog", "Reactions").await?;
    until(&format!("{emoji} by {names:?}"), || async {
        let read = page.find("list", emoji).await?.text().await?;
        Ok((read.trim() == names).then_some(()))
    })
    .await
}

/// Says how one is, and in which words.
pub(crate) async fn says(page: &Page, availability: &str, words: &str) -> Result<()> {
    page.find("button", "Menu").await?.click().await?;
    page.find("menuitem", "Set status").await?.click().await?;
    page.find("radio", availability).await?.click().await?;
    page.find("textbox", "Status text")
        .await?
        .fill(words)
        .await?;
    page.find("button", "Save").await?.click().await?;
    page.gone("dialog", "Set status").await
}

#[test]
fn each_device_of_somebody_says_how_they_are_there() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        let second = place.enters(BOB).await?;
        says(&bob, "Away", "Out for lunch").await?;
        says(&second, "Busy", "In a meeting").await?;
        details(&alice).await?;
        let devices = alice.find("list", "Devices online").await?;
        devices.reads("Away · Out for lunch").await?;
        devices.reads("Busy · In a meeting").await?;
        devices.reads("Couplet").await
    });
}

#[test]
fn a_device_that_has_gone_was_seen_before() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, second) = (place.enters(ALICE).await?, place.enters(ALICE).await?);
        says(&second, "Away", "In the garden").await?;
        settings::open(&alice, "Account").await?;
        let devices = alice.find("list", "Signed in now").await?;
        devices.reads("This device").await?;
        devices.reads("Away · In the garden").await?;
        alice.gone("list", "Seen before").await?;
        // What it is was asked while it was here.
        second.find("button", "Menu").await?.click().await?;
        second.find("menuitem", "Sign out").await?.click().await?;
        let before = alice.find("list", "Seen before").await?;
        before.reads("Couplet").await?;
        before.reads("Last here: ").await?;
        until("it isn't here", || async {
            let devices = alice.find("list", "Signed in now").await?.text().await?;
            Ok((!devices.contains("In the garden")).then_some(()))
        })
        .await?;
        alice.reload().await?;
        let before = alice.find("list", "Seen before").await?;
        before.reads("Couplet").await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}
