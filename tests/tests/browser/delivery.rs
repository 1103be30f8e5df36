//! How far a message has got, and why it went no further.

use anyhow::ensure;
use couplet_servers::Kind;
use couplet_tests::{run, until};

use crate::persistence::has_resumed;
use crate::{ALICE, Place, add, count, reads, say};

#[test]
fn a_message_is_sent_then_delivered_then_read() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        bob.go("about:blank").await?;
        say(&alice, "one step after the other").await?;
        alice.find("image", "Sent").await?;
        bob.go(&place.proxy.page("localhost")).await?;
        let unread = bob.find_with("link", "1 unread message").await?;
        alice.find("image", "Delivered").await?;
        unread.click().await?;
        reads(&bob, "one step after the other").await?;
        alice.find("image", "Read").await?;
        Ok(())
    });
}

#[test]
fn what_came_back_can_be_sent_again_or_given_up() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        add(&alice, "nobody@example.test").await?;
        say(&alice, "is anybody there?").await?;
        reads(&alice, "Not sent. They can't get messages right now.").await?;
        alice.reload().await?;
        reads(&alice, "Not sent.").await?;
        alice.find("button", "Try again").await?.click().await?;
        // It comes back again.
        reads(&alice, "Not sent.").await?;
        ensure!(count(&alice, "is anybody there?").await? == 1);
        alice.find("button", "Discard").await?.click().await?;
        until("it is gone", || async {
            Ok((count(&alice, "is anybody there?").await? == 0).then_some(()))
        })
        .await?;
        alice.reload().await?;
        alice.find("textbox", "Message").await?;
        has_resumed(&alice).await?;
        ensure!(count(&alice, "is anybody there?").await? == 0);
        Ok(())
    });
}
