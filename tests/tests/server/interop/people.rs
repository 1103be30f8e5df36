//! What two people learn of each other.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use couplet_engine::Command;
use couplet_engine::modules::xep0292_vcard4::{self, Change};
use couplet_engine::modules::{
    rfc6121_presence, xep0084_avatar, xep0172_nickname, xep0191_blocking,
};
use couplet_engine::store::{Availability, Block, CardField, Delivery, Store, Subscription};
use couplet_servers::Kind;
use couplet_tests::peer::Peer;
use couplet_tests::person::Person;
use jid::BareJid;
use serde_json::json;

use super::{is_available, is_from_alice, is_presence, shows, subscription};
use crate::{ALICE, BOB, Place, on_both};

on_both! {
    requests_are_denied_and_approved
    presence
    who_is_blocked_cannot_write
    names_and_pictures
    a_picture_on_a_card
    cards
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
    let ready = bob.until("his address", |event| event["event"] == "ready");
    let ready = ready.await?;
    let (_, resource) = ready["jid"].as_str().unwrap().split_once('/').unwrap();
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
    let jid: BareJid = BOB.parse()?;
    alice.command(Command::Blocking(xep0191_blocking::Command::Block {
        jid: jid.clone(),
        report: None,
    }));
    alice
        .until("bob is blocked", |store| {
            store.block(&jid) == Some(Block::Kept)
        })
        .await?;
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
    alice
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

/// Both once more: ejabberd learns what somebody wants to hear (XEP-0163 4.3.2) when they come
/// to whom they know already.
async fn friends_again(place: &Place) -> Result<(Person, Peer)> {
    drop(place.strangers_made_friends().await?);
    let (alice, bob) = (place.enters(ALICE).await?, place.slixmpp().await?);
    let jid = BOB.parse()?;
    alice
        .until("bob is here", |store| store.presence(&jid).is_some())
        .await?;
    bob.until("alice is here", is_available).await?;
    Ok((alice, bob))
}

fn nickname(name: &str) -> Command {
    Command::Nickname(xep0172_nickname::Command::Set {
        request: "name".to_owned(),
        nickname: Some(name.to_owned()),
    })
}

async fn saved(alice: &Person, request: &str) -> Result<()> {
    let jid = ALICE.parse()?;
    alice
        .until(request, |store| {
            let profile = store.profile(&jid);
            profile.and_then(|own| own.outcome(request)) == Some(&Ok(()))
        })
        .await
}

async fn names_and_pictures(kind: Kind) -> Result<()> {
    const HERS: &[u8] = b"the picture of alice";
    const HIS: &[u8] = b"the picture of bob";
    let place = Place::new(kind).await?;
    let (alice, mut bob) = friends_again(&place).await?;
    alice.command(nickname("Alice & the 🐇"));
    saved(&alice, "name").await?;
    bob.until("alice's name", |event| {
        event["event"] == "nick" && is_from_alice(event) && event["nick"] == "Alice & the 🐇"
    })
    .await?;
    let picture = xep0084_avatar::Picture {
        bytes: HERS.to_vec(),
        media_type: "image/png".to_owned(),
        side: 1,
    };
    for picture in [Some(picture), None] {
        let data = picture.as_ref().map(|_| STANDARD.encode(HERS));
        alice.command(Command::Avatar(xep0084_avatar::Command::Set {
            request: "picture".to_owned(),
            picture,
        }));
        bob.until("alice's picture, or none", |event| {
            event["event"] == "avatar"
                && is_from_alice(event)
                && event["data"].as_str() == data.as_deref()
        })
        .await?;
    }

    let jid = BOB.parse()?;
    bob.order(json!({ "do": "nick", "nick": "Bob <the Builder>" }))
        .await?;
    alice
        .until("bob's name", |store| {
            store.name(&jid) == "Bob <the Builder>"
        })
        .await?;
    bob.order(json!({ "do": "avatar", "data": STANDARD.encode(HIS) }))
        .await?;
    alice
        .until("bob's picture", |store| {
            store.avatar(&jid).is_some_and(|picture| **picture == *HIS)
        })
        .await
}

/// As those have it whose client or server knows nothing else (XEP-0153).
async fn a_picture_on_a_card(kind: Kind) -> Result<()> {
    const HIS: &[u8] = b"the picture on his card";
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let order = json!({ "do": "picture_on_card", "data": STANDARD.encode(HIS) });
    bob.order(order).await?;
    let jid = BOB.parse()?;
    alice
        .until("bob's picture", |store| {
            store.avatar(&jid).is_some_and(|picture| **picture == *HIS)
        })
        .await
}

async fn cards(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    alice.command(Command::Card(xep0292_vcard4::Command::Save(Change {
        request: "card".to_owned(),
        fields: vec![(CardField::Name, "Alice Liddell".to_owned())],
    })));
    saved(&alice, "card").await?;
    let seen = bob.order(json!({ "do": "look4", "jid": ALICE })).await?;
    assert_eq!(seen["name"], "Alice Liddell");
    // ejabberd doesn't make the older form of it.
    if kind == Kind::Prosody {
        let seen = bob.order(json!({ "do": "look", "jid": ALICE })).await?;
        assert_eq!(seen["name"], "Alice Liddell");
    }

    let jid: BareJid = BOB.parse()?;
    for (form, name) in [("card", "Robert & Sons"), ("card4", "Robert <Bob> Builder")] {
        bob.order(json!({ "do": form, "name": name })).await?;
        alice.command(Command::Look {
            jid: jid.clone(),
            devices: Vec::new(),
        });
        alice
            .until(name, |store| {
                let profile = store.profile(&jid);
                profile.is_some_and(|bob| bob.card.first(CardField::Name) == name)
            })
            .await?;
    }
    Ok(())
}
