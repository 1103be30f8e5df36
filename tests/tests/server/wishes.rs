//! What somebody wants with a conversation, on several devices.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use couplet_engine::Command;
use couplet_engine::Timestamp;
use couplet_engine::modules::xep0223_conversations;
use couplet_engine::store::{Muted, Older, Store, Wishes};
use couplet_servers::Kind;
use couplet_tests::person::Person;
use couplet_tests::until;

use crate::{ALICE, BOB, Place, on_both};

on_both! {
    what_is_wanted_is_known_on_all_devices_and_to_nobody_else
    what_is_deleted_is_gone_from_all_devices
}

fn wish(wishes: Wishes) -> Command {
    Command::Conversation(xep0223_conversations::Command::Wish {
        conversation: BOB.parse().unwrap(),
        wishes,
    })
}

async fn wants(device: &Person, wishes: Wishes) -> Result<()> {
    let bob = BOB.parse().unwrap();
    device
        .until("what is wanted", |store: &Store| {
            store.wishes(&bob) == wishes
        })
        .await
}

async fn what_is_wanted_is_known_on_all_devices_and_to_nobody_else(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let second = place.enters(ALICE).await?;
    let all = Wishes {
        pinned: true,
        archived: Some(Timestamp(1_800_000_000_000)),
        muted: Some(Muted::Forever),
        unread: true,
        known: true,
        cleared: Some(Timestamp(1_600_000_000_000)),
    };
    alice.command(wish(all));
    wants(&second, all).await?;
    // Who comes later reads it from the server.
    wants(&place.enters(ALICE).await?, all).await?;
    second.command(wish(Wishes::default()));
    wants(&alice, Wishes::default()).await?;
    alice.say(BOB, "the last word")?;
    bob.until("the message", |_| bob.bodies(ALICE) == ["the last word"])
        .await?;
    let told = bob.store(|store| store.with_wishes().count());
    assert_eq!(told, 0, "bob is told of it");
    wants(&place.enters(ALICE).await?, Wishes::default()).await
}

async fn what_is_deleted_is_gone_from_all_devices(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let second = place.enters(ALICE).await?;
    let conversation = BOB.parse()?;
    bob.say(ALICE, "one")?;
    alice
        .until("the first", |_| alice.bodies(BOB) == ["one"])
        .await?;
    alice.say(BOB, "two")?;
    for (person, with) in [(&bob, ALICE), (&second, BOB)] {
        let both = || person.bodies(with) == ["one", "two"];
        person.until("both", |_| both()).await?;
    }
    let clear = alice.store(|store| store.clearing(&conversation));
    alice.command(Command::Archive(clear.context("nothing to delete")?));
    for device in [&alice, &second] {
        let gone = |store: &Store| device.bodies(BOB).is_empty() && store.is_deleted(&conversation);
        device.until("it is gone", gone).await?;
    }
    assert_eq!(bob.bodies(ALICE), ["one", "two"], "it is bob's, too");
    // Archives keep whole seconds.
    let cleared = alice.store(|store| store.wishes(&conversation).cleared);
    let second_of = |ms: i64| ms / 1000;
    let over = || {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or_default();
        cleared.is_none_or(|cleared| second_of(cleared.0) < second_of(now))
    };
    until("another second", || async { Ok(over().then_some(())) }).await?;
    bob.say(ALICE, "three")?;
    // Who comes later finds only what has been said since.
    let third = place.enters(ALICE).await?;
    for device in [&alice, &second, &third] {
        let back =
            |store: &Store| device.bodies(BOB) == ["three"] && !store.is_archived(&conversation);
        device.until("what is new", back).await?;
        let older = device.store(|store| store.older(&conversation));
        device.command(Command::Archive(older));
        let whole = |store: &Store| {
            let known = store.conversation(&conversation);
            known.is_some_and(|known| known.older == Older::Complete)
        };
        device.until("the past", whole).await?;
        assert_eq!(device.bodies(BOB), ["three"]);
    }
    Ok(())
}
