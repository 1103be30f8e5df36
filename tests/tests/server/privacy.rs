//! What others learn of somebody, and who may contact them, on several devices.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_presence, xep0223_privacy};
use couplet_engine::store::{Delivery, Privacy, Store, Subscription};
use couplet_servers::Kind;
use couplet_tests::person::Person;
use jid::BareJid;

use crate::{ALICE, BOB, Place, on_both};

on_both! {
    what_others_may_learn_is_known_on_all_devices_and_kept_to
    who_is_shown_out_has_to_ask_again
}

async fn who_is_shown_out_has_to_ask_again(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let (to_alice, to_bob): (BareJid, BareJid) = (ALICE.parse()?, BOB.parse()?);
    let jid = to_bob.clone();
    alice.command(Command::Presence(rfc6121_presence::Command::Revoke { jid }));
    let is = |jid: &BareJid, subscription| {
        let jid = jid.clone();
        move |store: &Store| {
            let contact = store.contact(&jid);
            contact.is_some_and(|contact| contact.subscription == subscription)
        }
    };
    bob.until("he sees her no longer", |store| {
        store.presence(&to_alice).is_none() && is(&to_alice, Subscription::From)(store)
    })
    .await?;
    alice
        .until("she sees him", is(&to_bob, Subscription::To))
        .await?;
    // She is asked, though she sees him.
    bob.add(ALICE)?;
    alice
        .until("his request", |store| !store.requests().is_empty())
        .await?;
    assert!(bob.store(|store| store.presence(&to_alice).is_none()));
    alice.accept(BOB)?;
    bob.until("she is here", |store| store.presence(&to_alice).is_some())
        .await
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
