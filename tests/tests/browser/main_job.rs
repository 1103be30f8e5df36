//! Two people sign in, find each other and talk.

use anyhow::Result;
use couplet_servers::Kind;
use couplet_tests::{run, until};

use crate::{ALICE, BOB, Place, add, reads, say};

#[test]
fn two_people_talk_on_prosody() {
    run(two_people_talk(Kind::Prosody));
}

#[test]
fn two_people_talk_on_ejabberd() {
    run(two_people_talk(Kind::Ejabberd));
}

async fn two_people_talk(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);

    // They find each other.
    add(&alice, BOB).await?;
    bob.reads("1 contact request").await?;
    bob.find("button", "Accept alice").await?.click().await?;
    bob.gone("button", "Accept alice").await?;
    alice
        .find_with("link", "bob Available")
        .await?
        .click()
        .await?;
    bob.find_with("link", "alice Available")
        .await?
        .click()
        .await?;

    // They talk, both ways.
    say(&alice, "Hello Bob, 你好 👋").await?;
    reads(&bob, "Hello Bob, 你好 👋").await?;
    alice.find("image", "Read").await?;
    say(&bob, "Hello Alice").await?;
    reads(&alice, "Hello Alice").await?;
    Ok(())
}

#[test]
fn typing_is_seen_and_ends() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        bob.find("textbox", "Message")
            .await?
            .fill("Let me thi")
            .await?;
        alice.reads("bob is typing").await?;
        bob.find("textbox", "Message").await?.fill("Done").await?;
        bob.press("Enter").await?;
        reads(&alice, "Done").await?;
        until("bob no longer types", || async {
            Ok((!alice.text().await?.contains("bob is typing")).then_some(()))
        })
        .await
    });
}

#[test]
fn presence_and_status_are_seen() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        bob.find("button", "Menu").await?.click().await?;
        bob.find("menuitem", "Set status").await?.click().await?;
        bob.find("radio", "Away").await?.click().await?;
        bob.find("textbox", "Status text")
            .await?
            .fill("At lunch")
            .await?;
        bob.find("button", "Save").await?.click().await?;
        alice.reads("At lunch").await?;
        alice.find_with("link", "bob Away").await?;
        bob.find("button", "Menu").await?.click().await?;
        bob.find("menuitem", "Sign out").await?.click().await?;
        bob.find("button", "Sign in").await?;
        alice.find_with("link", "bob Offline").await?;
        Ok(())
    });
}

#[test]
fn a_request_can_be_declined() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
        add(&alice, BOB).await?;
        bob.find("button", "Decline alice").await?.click().await?;
        bob.gone("button", "Decline alice").await?;
        bob.gone("button", "Accept alice").await
    });
}

#[test]
fn a_contact_can_be_removed() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        alice
            .find("button", "Contact details")
            .await?
            .click()
            .await?;
        alice
            .find("button", "Remove contact")
            .await?
            .click()
            .await?;
        alice.find("button", "Remove").await?.click().await?;
        alice.reads("bob isn't among your contacts").await
    });
}
