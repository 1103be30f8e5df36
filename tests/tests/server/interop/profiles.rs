//! What two people tell of themselves: names, pictures, cards.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use couplet_engine::Command;
use couplet_engine::modules::xep0292_vcard4::{self, Change};
use couplet_engine::modules::{xep0084_avatar, xep0172_nickname};
use couplet_engine::store::{self, CardField};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::peer::Peer;
use couplet_tests::person::Person;
use couplet_tests::run;
use jid::BareJid;
use serde_json::json;

use super::{is_available, is_from_alice};
use crate::{ALICE, BOB, Place, on_both, options};

on_both! {
    names_and_pictures
    a_picture_on_a_card
    cards
    a_card_in_the_older_form
    a_card_finds_whose_it_is
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

pub(super) fn nickname(name: &str) -> Command {
    Command::Nickname(xep0172_nickname::Command::Set {
        request: "name".to_owned(),
        nickname: Some(name.to_owned()),
    })
}

pub(super) async fn saved(alice: &Person, request: &str) -> Result<()> {
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

/// Both servers publish it too (XEP-0398).
async fn a_picture_on_a_card(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    shows_what_is_on_his_card(&alice, &mut bob).await
}

/// As those have it whose server publishes nothing (XEP-0153).
#[test]
fn a_picture_on_a_card_and_nowhere_else() {
    run(async {
        let options = ServerOptions {
            pep: false,
            ..options(Kind::Prosody)
        };
        let place = Place::with(options).await?;
        let (alice, mut bob) = place.strangers_made_friends().await?;
        // slixmpp puts a picture only on a card that is there.
        bob.order(json!({ "do": "card", "name": "Bob" })).await?;
        shows_what_is_on_his_card(&alice, &mut bob).await
    });
}

async fn shows_what_is_on_his_card(alice: &Person, bob: &mut Peer) -> Result<()> {
    const HIS: &[u8] = b"the picture on his card";
    let order = json!({ "do": "picture_on_card", "data": STANDARD.encode(HIS) });
    bob.order(order).await?;
    let jid = BOB.parse()?;
    alice
        .until("bob's picture", |store| {
            store.avatar(&jid).is_some_and(|picture| **picture == *HIS)
        })
        .await
}

async fn writes_her_card(alice: &Person, name: &str) -> Result<()> {
    alice.command(Command::Card(xep0292_vcard4::Command::Save(Change {
        request: name.to_owned(),
        fields: vec![(CardField::Name, name.to_owned())],
    })));
    saved(alice, name).await
}

async fn cards(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    writes_her_card(&alice, "Alice Liddell").await?;
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

/// Where there is no other, or the card is in that form already.
async fn a_card_in_the_older_form(kind: Kind) -> Result<()> {
    let place = Place::with(ServerOptions {
        pep: kind == Kind::Ejabberd,
        ..options(kind)
    })
    .await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    if kind == Kind::Ejabberd {
        let mut other = place.other_device().await?;
        other.order(json!({ "do": "card", "name": "Al" })).await?;
    }
    for name in ["Alice", "Alice <Liddell>"] {
        writes_her_card(&alice, name).await?;
        let seen = bob.order(json!({ "do": "look", "jid": ALICE })).await?;
        assert_eq!(seen["name"], name);
    }
    Ok(())
}

/// In the directory (XEP-0055) of a server that reads the cards people write.
async fn a_card_finds_whose_it_is(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let alice = place.enters(ALICE).await?;
    assert!(!alice.has_directory().await?);
    drop((alice, place));

    let place = Place::with(ServerOptions {
        directory: true,
        ..options(kind)
    })
    .await?;
    let (alice, mut bob) = (place.enters(ALICE).await?, place.slixmpp().await?);
    assert!(alice.has_directory().await?);
    assert_eq!(alice.find("Builder").await?, Ok(Vec::new()));
    let card = json!({
        "do": "card", "name": "Robert Büilder", "given": "Robert", "family": "Büilder",
        "nick": "Bobby",
    });
    bob.order(card).await?;
    let found = store::Person {
        jid: BOB.parse()?,
        name: "Robert Büilder".to_owned(),
        details: vec!["Bobby".to_owned()],
    };
    // In its default database ejabberd 23.01 finds whole names only.
    let parts: &[&str] = match kind {
        Kind::Prosody => &["Büil", "obb", "rob b"],
        Kind::Ejabberd => &[],
    };
    for name in ["robert", "Büilder", "BOBBY", "Robert Büilder"]
        .iter()
        .chain(parts)
    {
        let people = alice.find(name).await?;
        assert_eq!(people, Ok(vec![found.clone()]), "{name:?}");
    }
    assert_eq!(alice.find("Nobody").await?, Ok(Vec::new()));
    Ok(())
}
