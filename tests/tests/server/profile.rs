//! What people tell of themselves, kept by real servers.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::xep0292_vcard4::{self, Change};
use couplet_engine::modules::{xep0084_avatar, xep0172_nickname};
use couplet_engine::store::{CardField, Store};
use couplet_servers::Kind;
use couplet_tests::person::Person;

use crate::{ALICE, BOB, Place, on_both};

on_both! {
    picture_name_and_card_reach_a_contact
}

async fn saved(person: &Person, request: &str) -> Result<()> {
    let me = ALICE.parse().unwrap();
    let outcome = |store: &Store| store.profile(&me)?.outcome(request).cloned();
    person
        .until(request, |store| outcome(store) == Some(Ok(())))
        .await
}

fn look(whose: &str, person: &Person) {
    let jid = whose.parse().unwrap();
    let devices = person.store(|store| {
        let devices = store.resources(&jid);
        devices.map(|(device, _)| device.to_owned()).collect()
    });
    person.command(Command::Look { jid, devices });
}

async fn picture_name_and_card_reach_a_contact(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, _bob) = place.friends().await?;
    // ejabberd learns what somebody wants to hear when they come to whom they know already.
    let bob = place.enters(BOB).await?;
    bob.until("alice", |store| {
        store.presence(&ALICE.parse().unwrap()).is_some()
    })
    .await?;
    let picture = xep0084_avatar::Picture {
        bytes: b"hello".to_vec(),
        media_type: "image/png".to_owned(),
        side: 1,
    };
    let set = |request: &str, picture| {
        Command::Avatar(xep0084_avatar::Command::Set {
            request: request.to_owned(),
            picture,
        })
    };
    alice.command(set("picture", Some(picture)));
    saved(&alice, "picture").await?;
    alice.command(Command::Nickname(xep0172_nickname::Command::Set {
        request: "name".to_owned(),
        nickname: Some("Alice the Great".to_owned()),
    }));
    saved(&alice, "name").await?;
    let jid = ALICE.parse().unwrap();
    bob.until("name", |store| store.name(&jid) == "Alice the Great")
        .await?;
    bob.until("picture", |store| {
        let picture = store.avatar(&jid).map(|image| image.to_vec());
        picture.as_deref() == Some(b"hello")
    })
    .await?;
    for (request, city) in [("card", "Vienna"), ("card again", "Graz")] {
        let fields = vec![
            (CardField::Name, "Alice Liddell".to_owned()),
            (CardField::City, city.to_owned()),
        ];
        alice.command(Command::Card(xep0292_vcard4::Command::Save(Change {
            request: request.to_owned(),
            fields,
        })));
        saved(&alice, request).await?;
        look(ALICE, &bob);
        bob.until(city, |store| {
            let card = store.profile(&jid).map(|known| known.card.clone());
            card.unwrap_or_default().first(CardField::City) == city
        })
        .await?;
    }
    bob.until("program and clock", |store| {
        let profile = store.profile(&jid);
        let mut devices = store.resources(&jid);
        devices.any(|(device, _)| {
            let told = profile.and_then(|profile| profile.device(device));
            told.is_some_and(|told| told.program.is_some() && told.offset.is_some())
        })
    })
    .await?;
    alice.command(set("none", None));
    saved(&alice, "none").await?;
    bob.until("no picture", |store| store.avatar(&jid).is_none())
        .await?;
    look(BOB, &alice);
    alice
        .until("bob has an empty card or none", |store| {
            let bob = BOB.parse().unwrap();
            store
                .profile(&bob)
                .is_none_or(|known| known.card.iter().count() == 0)
        })
        .await
}
