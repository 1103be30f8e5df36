//! The proxy and the server go away and come back; no message is lost or doubled.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::faults::{Direction, Fault, Relay};
use couplet_tests::proxy::Proxy;
use couplet_tests::{run, until, until_for};

use crate::{ALICE, Place, archive_read, count, listen_in, reads, say, sign_in};

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

/// Waits until the page waits longer than anybody would like to.
async fn a_long_pause(page: &Page) -> Result<()> {
    until("a long pause", || async {
        let text = page.text().await?;
        let seconds = text.split_once("Reconnecting in ").map(|(_, rest)| rest);
        let seconds = seconds.and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
        Ok((seconds >= Some(6)).then_some(()))
    })
    .await
}

#[test]
fn now_reconnects_at_once() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        place.proxy.kill().await?;
        // After a few attempts the pause is long enough for somebody to press the button.
        a_long_pause(&alice).await?;
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
        sign_in(&alice, ALICE, "alice").await?;
        alice.find("list", "Conversations").await?;
        alice.evaluate("slept = 3600000").await?;
        // Silence alone is questioned after 12 s.
        until_for(
            Duration::from_secs(3),
            "the connection is questioned",
            || async {
                let questioned = alice.evaluate("window.questioned === true").await?;
                Ok((questioned == true).then_some(()))
            },
        )
        .await
    });
}

#[test]
fn a_connection_that_is_dead_is_found_by_whoever_only_looks() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let server = SocketAddr::from(([127, 0, 0, 1], place.server.c2s_port()));
        let relay = Relay::to(server).await?;
        place.proxy = Proxy::in_front_of_at(&place.server, relay.address()).await?;
        let alice = place.enters(ALICE).await?;
        // Both ways nothing arrives, and nobody is told.
        for direction in [Direction::ToServer, Direction::ToClient] {
            let fault = Fault::Swallow {
                direction,
                after: 0,
                time: Duration::from_secs(300),
            };
            relay.inject(fault, 0);
        }
        // How soon is said by the engine's own tests, in virtual time.
        until("another connection", || async {
            let lines = alice.log();
            let sessions = lines.iter().filter(|line| line.starts_with("session "));
            Ok((sessions.count() > 1).then_some(()))
        })
        .await
        .with_context(|| format!("{:?}", alice.log()))
    });
}

#[test]
fn a_network_that_comes_back_is_used_at_once() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        place.proxy.kill().await?;
        alice
            .evaluate("dispatchEvent(new Event('offline'))")
            .await?;
        a_long_pause(&alice).await?;
        place.proxy.restart().await?;
        alice.evaluate("dispatchEvent(new Event('online'))").await?;
        until_for(Duration::from_secs(5), "online", || async {
            let waits = alice.text().await?.contains("Reconnecting");
            Ok((!waits).then_some(()))
        })
        .await
    });
}

#[test]
fn the_server_is_told_whether_anybody_looks() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.browser.open("about:blank").await?;
        alice
            .before_scripts(
                "window.told = [];
                const send = WebSocket.prototype.send;
                WebSocket.prototype.send = function (text) {
                    if (text.includes('urn:xmpp:csi:0')) told.push(text.match(/\\w+/)[0]);
                    return send.call(this, text);
                };",
            )
            .await?;
        alice.go(&place.proxy.page("localhost")).await?;
        sign_in(&alice, ALICE, "alice").await?;
        alice.find("list", "Conversations").await?;
        for (hidden, told) in [(true, "inactive"), (false, "active")] {
            alice
                .evaluate(&format!(
                    "Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}); \
                     document.dispatchEvent(new Event('visibilitychange'))"
                ))
                .await?;
            until(told, || async {
                let last = alice.evaluate("told.at(-1)").await?;
                Ok((last == told).then_some(()))
            })
            .await?;
        }
        Ok(())
    });
}

/// A page that is left says that nobody looks. Prosody 0.12 goes on believing so when the next
/// one resumes its session, and a few seconds later begins to hold everything back.
async fn after_a_reload_nothing_is_held_back(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, _bob) = place.friends().await?;
    listen_in(&alice).await?;
    alice.reload().await?;
    // The second time is some seconds later.
    let connections = archive_read(&alice, 2).await?;
    ensure!(connections == 1, "the first connection was given up");
    Ok(())
}

#[test]
fn after_a_reload_nothing_is_held_back_prosody() {
    run(after_a_reload_nothing_is_held_back(Kind::Prosody));
}

#[test]
fn after_a_reload_nothing_is_held_back_ejabberd() {
    run(after_a_reload_nothing_is_held_back(Kind::Ejabberd));
}
