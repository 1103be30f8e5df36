//! The proxy and the server go away and come back; no message is lost or doubled.

use std::time::Duration;

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until, until_for};

use crate::{Place, count, reads, say};

/// Everything both wrote is in both views once, in order of writing, and the
/// writer knows that it has arrived.
async fn nothing_is_lost(pages: [&Page; 2], words: &[&str]) -> Result<()> {
    for page in pages {
        for word in words {
            reads(page, word).await?;
            ensure!(count(page, word).await? == 1, "{word:?} more than once");
        }
        until("every message has reached the server", || async {
            let waiting = page.evaluate(
                "document.querySelectorAll('[aria-label=\"Waiting to be sent\"]').length",
            );
            Ok((waiting.await? == 0).then_some(()))
        })
        .await?;
    }
    Ok(())
}

#[test]
fn a_proxy_restart_loses_nothing() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "before from alice").await?;
        reads(&bob, "before from alice").await?;
        place.proxy.kill().await?;
        say(&alice, "meanwhile from alice").await?;
        say(&bob, "meanwhile from bob").await?;
        alice.reads("Your messages will be sent.").await?;
        place.proxy.restart().await?;
        say(&bob, "after from bob").await?;
        let words = [
            "before from alice",
            "meanwhile from alice",
            "meanwhile from bob",
            "after from bob",
        ];
        nothing_is_lost([&alice, &bob], &words).await
    });
}

#[test]
fn a_server_restart_loses_nothing() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "before from alice").await?;
        reads(&bob, "before from alice").await?;
        place.server.kill();
        say(&alice, "meanwhile from alice").await?;
        say(&bob, "meanwhile from bob").await?;
        alice.reads("Your messages will be sent.").await?;
        place.server.restart()?;
        say(&bob, "after from bob").await?;
        let words = [
            "before from alice",
            "meanwhile from alice",
            "meanwhile from bob",
            "after from bob",
        ];
        nothing_is_lost([&alice, &bob], &words).await
    });
}

#[test]
fn now_reconnects_at_once() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        place.proxy.kill().await?;
        // After a few attempts the pause is long enough for somebody to press the button.
        until("a long pause", || async {
            let text = alice.text().await?;
            let seconds = text.split_once("Reconnecting in ").map(|(_, rest)| rest);
            let seconds = seconds.and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
            Ok((seconds >= Some(6)).then_some(()))
        })
        .await?;
        place.proxy.restart().await?;
        alice.find("button", "Now").await?.click().await?;
        alice.gone("button", "Now").await?;
        say(&alice, "still here").await?;
        alice.find("image", "Read").await?;
        Ok(())
    });
}

#[test]
fn a_wake_from_sleep_is_noticed_before_anybody_writes() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.browser.open("about:blank").await?;
        // What a page sees of a sleep: the clock on the wall has run ahead of the other one.
        alice
            .before_scripts(
                "window.slept = 0;
                const now = Date.now;
                Date.now = () => now() + slept;
                const send = WebSocket.prototype.send;
                WebSocket.prototype.send = function (text) {
                    if (window.slept && text.startsWith('<r ')) window.questioned = true;
                    return send.call(this, text);
                };",
            )
            .await?;
        alice.go(&place.proxy.page("localhost")).await?;
        crate::sign_in(&alice, crate::ALICE, "alice").await?;
        alice.find("list", "Conversations").await?;
        alice.evaluate("slept = 3600000").await?;
        // Silence alone is questioned after 12 s.
        until_for(
            Duration::from_secs(6),
            "the connection is questioned",
            || async {
                let questioned = alice.evaluate("window.questioned === true").await?;
                Ok((questioned == true).then_some(()))
            },
        )
        .await
    });
}
