//! What is said about earlier messages, between two people with several devices.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::{xep0308_correction, xep0424_retraction, xep0444_reactions};
use couplet_engine::store::{Delivery, Message, Notes};
use couplet_servers::Kind;
use couplet_tests::person::Person;

use crate::{ALICE, BOB, Place, on_both};

on_both! {
    corrections
    retractions
    reactions
    reading
}

fn correct(message: &Message, body: &str) -> Command {
    Command::Correction(xep0308_correction::Command::Correct {
        conversation: message.conversation.clone(),
        target: message.written_as().unwrap().to_owned(),
        body: body.to_owned(),
        notes: Notes::default(),
    })
}

/// Says something, and waits until the others have it.
async fn said(place: &Place, body: &str) -> Result<(Person, Person, Person)> {
    let (alice, bob) = place.friends().await?;
    let second = place.enters(ALICE).await?;
    alice.say(BOB, body)?;
    for (device, with) in [(&alice, BOB), (&second, BOB), (&bob, ALICE)] {
        device
            .until("the message", |_| device.bodies(with) == [body])
            .await?;
    }
    Ok((alice, second, bob))
}

async fn corrections(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, second, bob) = said(&place, "tyop").await?;
    alice.command(correct(&alice.messages(BOB)[0], "typo"));
    bob.until("the correction", |_| bob.bodies(ALICE) == ["typo"])
        .await?;
    // The other device knows the message well enough to correct it too.
    second
        .until("the correction", |_| second.bodies(BOB) == ["typo"])
        .await?;
    second.command(correct(&second.messages(BOB)[0], "Typo!"));
    let later = place.enters(BOB).await?;
    for (device, with) in [
        (&alice, BOB),
        (&second, BOB),
        (&bob, ALICE),
        (&later, ALICE),
    ] {
        device
            .until("the second correction", |_| {
                device.bodies(with) == ["Typo!"]
            })
            .await?;
        // Who has just come in may hear of the corrections first.
        device
            .until("the message and both corrections", |_| {
                let message = &device.messages(with)[0];
                message.original() == "tyop" && message.corrections().len() == 2
            })
            .await?;
    }
    alice
        .until("the receipt", |_| {
            *alice.messages(BOB)[0].progress() == Delivery::Delivered
        })
        .await
}

async fn retractions(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, second, bob) = said(&place, "swordfish").await?;
    let message = alice.messages(BOB)[0].clone();
    alice.command(Command::Retraction(xep0424_retraction::Command::Retract {
        conversation: message.conversation.clone(),
        id: message.id.clone(),
        target: message.reference().unwrap().to_owned(),
    }));
    let later = place.enters(BOB).await?;
    for (device, with) in [
        (&alice, BOB),
        (&second, BOB),
        (&bob, ALICE),
        (&later, ALICE),
    ] {
        device
            .until("nothing but the fact", |_| {
                let messages = device.messages(with);
                messages.len() == 1 && messages[0].is_retracted() && messages[0].body.is_empty()
            })
            .await?;
    }
    Ok(())
}

async fn reactions(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, second, bob) = said(&place, "We won!").await?;
    let react = |device: &Person, with: &str, emojis: &[&str]| {
        let message = device.messages(with)[0].clone();
        device.command(Command::Reaction(xep0444_reactions::Command::React {
            conversation: message.conversation.clone(),
            target: message.reference().unwrap().to_owned(),
            emojis: emojis.iter().map(|&emoji| emoji.to_owned()).collect(),
        }));
    };
    react(&bob, ALICE, &["👍"]);
    react(&bob, ALICE, &["👍", "🎉"]);
    react(&alice, BOB, &["🎉"]);
    let later = place.enters(BOB).await?;
    for (device, with) in [
        (&alice, BOB),
        (&second, BOB),
        (&bob, ALICE),
        (&later, ALICE),
    ] {
        device
            .until("everybody's reactions", |_| {
                let messages = device.messages(with);
                let Some(message) = messages.first() else {
                    return false;
                };
                let mut emojis: Vec<_> = message
                    .reactions()
                    .flat_map(|known| &known.emojis)
                    .collect();
                emojis.sort();
                emojis == ["🎉", "🎉", "👍"]
            })
            .await?;
    }
    Ok(())
}

async fn reading(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let second = place.enters(BOB).await?;
    let jid = ALICE.parse()?;
    let unread = |count| {
        let jid = &jid;
        move |store: &couplet_engine::store::Store| {
            store.conversation(jid).map_or(0, |known| known.unread) == count
        }
    };
    alice.say(BOB, "one")?;
    alice.say(BOB, "two")?;
    for device in [&bob, &second] {
        device.until("two messages", unread(2)).await?;
    }
    bob.command(Command::Message(bob.store(|store| store.reading(&jid))));
    second.until("the badge is gone", unread(0)).await?;
    alice
        .until("both are read", |_| {
            let messages = alice.messages(BOB);
            messages
                .iter()
                .all(|message| message.delivery == Delivery::Read)
        })
        .await?;
    // Whoever comes later counts only what came later.
    alice.say(BOB, "three")?;
    second.until("one more", unread(1)).await?;
    second.command(Command::Message(second.store(|store| store.reading(&jid))));
    bob.until("read over there", unread(0)).await
}
