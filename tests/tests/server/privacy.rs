//! What others learn of somebody, and who may contact them, on several devices.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::xep0223_privacy;
use couplet_engine::store::{Delivery, Privacy, Store};
use couplet_servers::Kind;
use couplet_tests::person::Person;

use crate::{ALICE, BOB, Place, on_both};

on_both! {
    what_others_may_learn_is_known_on_all_devices_and_kept_to
}

async fn wants(device: &Person, privacy: Privacy) -> Result<()> {
    device
        .until("what others may learn", |store: &Store| {
            store.privacy() == privacy
        })
        .await
}

async fn what_others_may_learn_is_known_on_all_devices_and_kept_to(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let second = place.enters(BOB).await?;
    let little = Privacy {
        receipts: false,
        strangers: false,
        ..Privacy::default()
    };
    bob.command(Command::Privacy(xep0223_privacy::Command::Want(little)));
    wants(&second, little).await?;
    // Who comes later reads it from the server.
    wants(&place.enters(BOB).await?, little).await?;
    alice.say(BOB, "Are you there?")?;
    bob.until("the message", |_| bob.bodies(ALICE) == ["Are you there?"])
        .await?;
    bob.say(ALICE, "yes")?;
    alice
        .until("the answer", |_| {
            alice.bodies(BOB).contains(&"yes".to_owned())
        })
        .await?;
    // By then she would have been told.
    let delivery = alice.messages(BOB)[0].delivery.clone();
    assert_eq!(delivery, Delivery::Sent);
    wants(&alice, Privacy::default()).await
}
