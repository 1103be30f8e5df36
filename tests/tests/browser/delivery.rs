//! How far a message has got, and why it went no further.

use anyhow::{Context as _, ensure};
use couplet_servers::Kind;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until};

use crate::persistence::has_resumed;
use crate::{ALICE, BOB, Place, add, count, reads, say};

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

/// Only who sees it, at the end of the page in front of them, has read it.
#[test]
fn what_is_not_looked_at_is_not_read() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        for number in 1..=30 {
            say(&alice, &format!("line {number}.")).await?;
        }
        reads(&bob, "line 30.").await?;
        alice.find("image", "Read").await?;
        let mut elsewhere = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let state = |name| {
            format!(
                "<message xmlns='jabber:client' to='{ALICE}' type='chat'>\
                 <{name} xmlns='http://jabber.org/protocol/chatstates'/></message>"
            )
        };
        let hidden = |state| {
            format!(
                "Object.defineProperty(document, 'visibilityState', {{ value: '{state}', \
                 configurable: true }}); document.dispatchEvent(new Event('visibilitychange'))"
            )
        };
        let focused = |has: bool, event| {
            format!("document.hasFocus = () => {has}; window.dispatchEvent(new Event('{event}'))")
        };
        let scroll = "document.querySelector('[role=log]').scrollTop";
        let states = [
            ("hidden", hidden("hidden"), hidden("visible")),
            ("behind", focused(false, "blur"), focused(true, "focus")),
            ("above", format!("{scroll} = 0"), format!("{scroll} = 1e6")),
        ];
        for (name, begins, ends) in states {
            bob.evaluate(&begins).await?;
            bob.frames().await?;
            say(&alice, &format!("while {name}")).await?;
            alice.find("image", "Delivered").await?;
            if name != "above" {
                reads(&bob, &format!("while {name}")).await?;
            }
            bob.frames().await?;
            // Whatever bob's page would say of it comes before this.
            elsewhere.send(&state("composing")).await?;
            alice.reads("bob is typing").await?;
            elsewhere.send(&state("active")).await?;
            alice
                .find("image", "Delivered")
                .await
                .with_context(|| format!("{name}, and read all the same"))?;
            bob.evaluate(&ends).await?;
            let read = alice.gone("image", "Delivered").await;
            read.with_context(|| format!("no longer {name}, and not read"))?;
        }
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
