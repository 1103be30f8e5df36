//! Who can't write, on real servers.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::run;

use crate::{ALICE, Place, reads, say, settings};

async fn bob_is_blocked_and_let_in_again(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    say(&bob, "before").await?;
    reads(&alice, "before").await?;
    alice
        .find("button", "Contact details")
        .await?
        .click()
        .await?;
    alice.find("button", "Block…").await?.click().await?;
    alice.find("button", "Block").await?.click().await?;
    alice.reads("You have blocked bob.").await?;
    alice.gone("textbox", "Message").await?;
    // It is so on another device too, which has it from the server, and after a reload.
    let second = place.enters(ALICE).await?;
    second.find_with("link", "bob").await?.click().await?;
    second.reads("You have blocked bob.").await?;
    alice.reload().await?;
    alice.reads("You have blocked bob.").await?;
    say(&bob, "into the void").await?;
    // Bob isn't told that he is blocked, but his message comes back to him.
    bob.find_with("button", "Try again").await?;
    // The list of everybody who is.
    settings::open(&second, "Privacy").await?;
    second
        .find("button", "Blocked people")
        .await?
        .click()
        .await?;
    second.find("button", "Unblock bob").await?.click().await?;
    second.reads("You haven't blocked anybody.").await?;
    // Now the server has it so.
    alice.find("textbox", "Message").await?;
    say(&bob, "after").await?;
    reads(&alice, "after").await?;
    ensure!(!alice.text().await?.contains("into the void"));
    Ok(())
}

#[test]
fn who_is_blocked_cant_write_until_they_are_let_in_again() {
    run(bob_is_blocked_and_let_in_again(Kind::Prosody));
}

#[test]
fn who_is_blocked_cant_write_until_they_are_let_in_again_ejabberd() {
    run(bob_is_blocked_and_let_in_again(Kind::Ejabberd));
}
