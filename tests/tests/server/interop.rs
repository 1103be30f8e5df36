//! The engine and slixmpp, a client that isn't ours: each sees what the other says.
//!
//! Alice is on the engine and the proxy, bob on slixmpp and the server itself.

mod changes;
mod clients;
mod devices;
mod files;
mod messages;
mod people;
mod profiles;
mod reports;
mod room_search;

use anyhow::{Context as _, Result};
use couplet_engine::store::Direction;
use couplet_tests::peer::Peer;
use couplet_tests::person::Person;
use serde_json::{Value, json};

use crate::{ALICE, BOB, Place};

impl Place {
    async fn slixmpp(&self) -> Result<Peer> {
        Peer::signed_in(&self.server, BOB, "bob").await
    }

    /// Another device of alice's, on slixmpp, whom the server tells what it wants to be told.
    async fn other_device(&self) -> Result<Peer> {
        let mut other = Peer::signed_in(&self.server, ALICE, "alice").await?;
        other
            .until("that it is asked", |event| event["event"] == "described")
            .await?;
        // What answers this has heard what was said before.
        let order = json!({ "do": "version", "jid": self.server.domain() });
        other.order(order).await?;
        Ok(other)
    }

    /// Alice and bob, who see each other's presence.
    async fn strangers_made_friends(&self) -> Result<(Person, Peer)> {
        let (alice, mut bob) = (self.enters(ALICE).await?, self.slixmpp().await?);
        alice.add(BOB)?;
        bob.until("alice's request", |event| is_presence(event, "subscribe"))
            .await?;
        subscription(&mut bob, "subscribed").await?;
        subscription(&mut bob, "subscribe").await?;
        let jid = BOB.parse()?;
        alice
            .until("bob is here", |store| store.presence(&jid).is_some())
            .await?;
        bob.until("alice is here", is_available).await?;
        Ok((alice, bob))
    }
}

/// Bob tells alice who may see whose presence (RFC 6121 3).
async fn subscription(bob: &mut Peer, kind: &str) -> Result<Value> {
    bob.order(json!({ "do": "subscription", "to": ALICE, "type": kind }))
        .await
}

/// What the server calls this device.
async fn resource(peer: &Peer) -> Result<String> {
    let ready = peer.until("an address", |event| event["event"] == "ready");
    let ready = ready.await?;
    let jid = ready["jid"].as_str().unwrap_or_default();
    let (_, resource) = jid.split_once('/').context("an address without resource")?;
    Ok(resource.to_owned())
}

fn is_from_alice(event: &Value) -> bool {
    let from = event["from"].as_str().unwrap_or_default();
    from.split('/').next() == Some(ALICE)
}

fn is_presence(event: &Value, kind: &str) -> bool {
    event["event"] == "presence" && event["type"] == kind && is_from_alice(event)
}

fn is_available(event: &Value) -> bool {
    event["event"] == "presence" && event["type"].is_null() && is_from_alice(event)
}

/// Waits until the last thing that alice has of bob is this.
async fn shows(alice: &Person, body: &str) -> Result<()> {
    alice
        .until(&format!("{body:?}"), |_| {
            let messages = alice.messages(BOB);
            let mut last = messages.iter().rev();
            let last = last.find(|message| message.direction == Direction::Incoming);
            last.is_some_and(|last| last.body == body)
        })
        .await
}
