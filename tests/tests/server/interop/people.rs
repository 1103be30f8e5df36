//! Who sees whose presence, and who can write to whom.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_presence, xep0191_blocking};
use couplet_engine::store::{Availability, Block, Delivery, Store, Subscription};
use couplet_servers::Kind;
use jid::BareJid;
use serde_json::json;

use super::profiles::{nickname, saved};
use super::{is_available, is_presence, resource, shows, subscription};
use crate::{ALICE, BOB, Place, on_both};

on_both! {
    requests_are_denied_and_approved
    presence
    who_is_blocked_cannot_write
}

async fn requests_are_denied_and_approved(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = (place.enters(ALICE).await?, place.slixmpp().await?);
    let jid = BOB.parse()?;
    let is = |subscription, asked| {
        let jid = &jid;
        move |store: &Store| {
            let contact = store.contact(jid);
            contact.is_some_and(|bob| (bob.subscription, bob.asked) == (subscription, asked))
        }
    };
    alice.command(nickname("Alice & the 🐇"));
    saved(&alice, "name").await?;
    alice.add(BOB)?;
    bob.until("alice's request", |event| {
        is_presence(event, "subscribe") && event["nick"] == "Alice & the 🐇"
    })
    .await?;
    alice
        .until("she has asked", is(Subscription::None, true))
        .await?;
    subscription(&mut bob, "unsubscribed").await?;
    alice
        .until("bob's refusal", is(Subscription::None, false))
        .await?;

    let ask = json!({ "do": "subscription", "to": ALICE, "type": "subscribe", "nick": "Bobby" });
    bob.order(ask.clone()).await?;
    alice
        .until("bob's request", |store| !store.requests().is_empty())
        .await?;
    let request = alice.store(|store| store.requests()[0].clone());
    assert_eq!(
        (request.jid, request.nick.as_deref()),
        (jid.clone(), Some("Bobby"))
    );
    let deny = rfc6121_presence::Command::Deny { jid: jid.clone() };
    alice.command(Command::Presence(deny));
    bob.until("alice's refusal", |event| {
        is_presence(event, "unsubscribed")
    })
    .await?;
    assert!(bob.seen(is_available).is_empty());

    bob.order(ask).await?;
    alice
        .until("bob's second request", |store| !store.requests().is_empty())
        .await?;
    alice.accept(BOB)?;
    bob.until("alice's consent", |event| is_presence(event, "subscribed"))
        .await?;
    bob.until("alice is here", is_available).await?;
    subscription(&mut bob, "subscribed").await?;
    alice
        .until("friends", is(Subscription::Both, false))
        .await?;
    alice
        .until("bob is here", |store| store.presence(&jid).is_some())
        .await
}

async fn presence(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let set = rfc6121_presence::Command::Set {
        availability: Availability::Away,
        status: Some("At lunch 🥗".to_owned()),
    };
    alice.command(Command::Presence(set));
    let address = alice.address().await?;
    bob.until("alice is at lunch", |event| {
        event["from"] == address && event["show"] == "away" && event["status"] == "At lunch 🥗"
    })
    .await?;
    let resource = resource(&bob).await?;
    bob.order(json!({ "do": "presence", "show": "dnd", "status": "<Busy> & more" }))
        .await?;
    let jid = BOB.parse()?;
    alice
        .until("bob is busy", |store| {
            store.resources(&jid).any(|(name, presence)| {
                name == resource
                    && presence.availability == Availability::DoNotDisturb
                    && presence.status.as_deref() == Some("<Busy> & more")
            })
        })
        .await?;
    drop(bob);
    alice
        .until("bob is gone", |store| store.presence(&jid).is_none())
        .await
}

async fn who_is_blocked_cannot_write(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    // Who unblocks is shown so at once; another device is when the server has it so.
    let other = place.enters(ALICE).await?;
    let jid: BareJid = BOB.parse()?;
    alice.command(Command::Blocking(xep0191_blocking::Command::Block {
        jid: jid.clone(),
        report: None,
    }));
    for device in [&alice, &other] {
        device
            .until("bob is blocked", |store| {
                store.block(&jid) == Some(Block::Kept)
            })
            .await?;
    }
    // XEP-0191 3.3 wants it of servers; ejabberd 23.01 doesn't say so.
    if kind == Kind::Prosody {
        bob.until("alice is gone", |event| is_presence(event, "unavailable"))
            .await?;
    }
    let lost = bob.say(ALICE, "Can you hear me?").await?;
    let error = bob
        .until("an error", |event| {
            event["type"] == "error" && event["id"] == lost
        })
        .await?;
    assert_eq!(error["condition"], "service-unavailable");
    alice.command(Command::Blocking(xep0191_blocking::Command::Unblock {
        jid: jid.clone(),
    }));
    other
        .until("bob is let in", |store| store.block(&jid).is_none())
        .await?;
    bob.say(ALICE, "And now?").await?;
    shows(&alice, "And now?").await?;
    assert_eq!(alice.bodies(BOB), ["And now?"]);

    bob.order(json!({ "do": "block", "jid": ALICE })).await?;
    alice.say(BOB, "Can you hear me?")?;
    alice
        .until("it has failed", |_| {
            let messages = alice.messages(BOB);
            matches!(messages[1].delivery, Delivery::Failed(_))
        })
        .await?;
    bob.order(json!({ "do": "unblock", "jid": ALICE })).await?;
    alice.say(BOB, "And now?")?;
    bob.hears("And now?").await?;
    let heard = bob.seen(|event| {
        event["event"] == "message" && !event["body"].is_null() && event["type"] != "error"
    });
    assert_eq!(heard.len(), 1);
    Ok(())
}
