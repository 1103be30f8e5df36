//! What two people say about earlier messages.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::{xep0308_correction, xep0424_retraction, xep0444_reactions};
use couplet_engine::store::{Message, Notes};
use couplet_servers::Kind;
use couplet_tests::peer::Peer;
use couplet_tests::person::Person;
use serde_json::json;

use super::shows;
use crate::{ALICE, BOB, Place, on_both};

on_both! {
    corrections
    retractions
    reactions
}

/// Alice says "Mine" and bob says "Yours"; with the ids of their messages.
async fn said(place: &Place) -> Result<(Person, Peer, [String; 2])> {
    let (alice, mut bob) = place.strangers_made_friends().await?;
    alice.say(BOB, "Mine")?;
    let mine = bob.hears("Mine").await?["id"].as_str().unwrap().to_owned();
    let yours = bob.say(ALICE, "Yours").await?;
    shows(&alice, "Yours").await?;
    Ok((alice, bob, [mine, yours]))
}

async fn corrections(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob, [mine, yours]) = said(&place).await?;
    let message = alice.messages(BOB).remove(0);
    for better in ["Mine!", "Mine?"] {
        let correct = xep0308_correction::Command::Correct {
            conversation: BOB.parse()?,
            target: message.written_as().unwrap().to_owned(),
            body: better.to_owned(),
            notes: Notes::default(),
        };
        alice.command(Command::Correction(correct));
        let heard = bob.hears(better).await?;
        assert_eq!(heard["replaces"], mine);
        assert_ne!(heard["id"], mine);
    }
    for better in ["Yours!", "Yours?"] {
        let order = json!({ "do": "correct", "to": ALICE, "id": yours, "body": better });
        bob.order(order).await?;
        shows(&alice, better).await?;
    }
    assert_eq!(alice.bodies(BOB), ["Mine?", "Yours?"]);
    assert_eq!(alice.messages(BOB)[1].original(), "Yours");
    Ok(())
}

async fn retractions(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob, [mine, yours]) = said(&place).await?;
    let message = alice.messages(BOB).remove(0);
    let retract = xep0424_retraction::Command::Retract {
        conversation: BOB.parse()?,
        id: message.id.clone(),
        target: message.reference().unwrap().to_owned(),
    };
    alice.command(Command::Retraction(retract));
    bob.until("alice's retraction", |event| event["retracts"] == mine)
        .await?;
    bob.order(json!({ "do": "retract", "to": ALICE, "id": yours }))
        .await?;
    alice
        .until("nothing but the facts", |_| {
            let messages = alice.messages(BOB);
            let is_gone = |message: &Message| message.is_retracted() && message.body.is_empty();
            messages.len() == 2 && messages.iter().all(is_gone)
        })
        .await
}

async fn reactions(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob, [mine, yours]) = said(&place).await?;
    let message = alice.messages(BOB).remove(1);
    for emojis in [&["🎉", "👍"][..], &["👍"], &[]] {
        let react = xep0444_reactions::Command::React {
            conversation: BOB.parse()?,
            target: message.reference().unwrap().to_owned(),
            emojis: emojis.iter().map(|&emoji| emoji.to_owned()).collect(),
        };
        alice.command(Command::Reaction(react));
        bob.until("alice's reactions", |event| {
            event["reacts_to"] == yours && event["reactions"] == json!(emojis)
        })
        .await?;
        let order = json!({ "do": "react", "to": ALICE, "id": mine, "emojis": emojis });
        bob.order(order).await?;
        alice
            .until("bob's reactions", |_| {
                let message = alice.messages(BOB).remove(0);
                let mut shown: Vec<_> = message
                    .reactions()
                    .flat_map(|bob| bob.emojis.clone())
                    .collect();
                shown.sort();
                shown == emojis
            })
            .await?;
    }
    Ok(())
}
