//! What somebody wants with a conversation, on several devices.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::Timestamp;
use couplet_engine::modules::xep0223_conversations;
use couplet_engine::store::{Muted, Store, Wishes};
use couplet_servers::Kind;
use couplet_tests::person::Person;

use crate::{ALICE, BOB, Place, on_both};

on_both! {
    what_is_wanted_is_known_on_all_devices_and_to_nobody_else
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
