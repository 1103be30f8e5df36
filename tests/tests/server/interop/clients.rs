//! What two people's programs tell of them.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use couplet_engine::store::{Availability, Store};
use couplet_engine::{Command, Timestamp};
use couplet_servers::Kind;
use couplet_tests::person::Person;
use couplet_tests::until;
use jid::BareJid;
use serde_json::json;

use super::resource;
use crate::{BOB, Place, on_both};

on_both! {
    programs_and_clocks
    when_somebody_was_last_there
    two_devices_at_once
}

/// Alice looks at what bob tells of himself, with these devices of his.
fn look(alice: &Person, devices: &[&str]) {
    alice.command(Command::Look {
        jid: BOB.parse().unwrap(),
        devices: devices.iter().map(|&device| device.to_owned()).collect(),
    });
}

async fn programs_and_clocks(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let resource = resource(&bob).await?;
    look(&alice, &[&resource]);
    let jid: BareJid = BOB.parse()?;
    let device = |store: &Store| store.profile(&jid)?.device(&resource).cloned();
    alice
        .until("bob's program and clock", |store| {
            device(store).is_some_and(|told| told.program.is_some() && told.offset.is_some())
        })
        .await?;
    let told = alice.store(device).unwrap();
    assert!(told.program.unwrap().starts_with("Slixmpp 1."));
    assert_eq!(told.offset, Some(-(3 * 60 + 30)));

    let address = alice.address().await?;
    let program = bob.order(json!({ "do": "version", "jid": address }));
    let program = program.await?;
    assert_eq!(
        (&program["name"], &program["version"]),
        (&json!("Couplet"), &json!("0"))
    );
    let clock = bob.order(json!({ "do": "clock", "jid": address })).await?;
    assert_eq!(clock["offset"], "+00:00");
    assert!(clock["ahead"].as_f64().unwrap().abs() < 60.0, "{clock}");
    Ok(())
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_millis();
    Timestamp(i64::try_from(now).unwrap_or_default())
}

async fn when_somebody_was_last_there(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.strangers_made_friends().await?;
    let jid: BareJid = BOB.parse()?;
    let there = now();
    drop(bob);
    alice
        .until("bob is gone", |store| store.presence(&jid).is_none())
        .await?;
    // Servers tell whole seconds.
    let later = Timestamp(now().0 + 5_000);
    until("a while has gone by", || async {
        Ok((now() > later).then_some(()))
    })
    .await?;
    look(&alice, &[]);
    let last = |store: &Store| store.profile(&jid)?.last_active;
    alice
        .until("when bob was there", |store| last(store).is_some())
        .await?;
    let last = alice.store(last).unwrap();
    assert!(
        there.0 - 1_000 <= last.0 && last < later,
        "{there:?}, {last:?}"
    );
    Ok(())
}

async fn two_devices_at_once(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let mut phone = place.slixmpp().await?;
    bob.order(json!({ "do": "presence", "show": "dnd", "status": "At work" }))
        .await?;
    phone
        .order(json!({ "do": "presence", "show": "away", "status": "In the bag" }))
        .await?;
    let mut both = [
        (resource(&bob).await?, Availability::DoNotDisturb, "At work"),
        (resource(&phone).await?, Availability::Away, "In the bag"),
    ];
    both.sort();
    let jid: BareJid = BOB.parse()?;
    let shows = |store: &Store, expected: &[(String, Availability, &str)]| {
        let devices = store.resources(&jid).map(|(name, presence)| {
            let status = presence.status.as_deref().unwrap_or_default();
            (name.to_owned(), presence.availability, status)
        });
        let mut devices: Vec<_> = devices.collect();
        devices.sort();
        devices == expected
    };
    alice
        .until("both devices", |store| shows(store, &both))
        .await?;
    let gone = resource(&phone).await?;
    drop(phone);
    let left = both.into_iter().filter(|(name, ..)| *name != gone);
    let left: Vec<_> = left.collect();
    alice
        .until("the one at work", |store| shows(store, &left))
        .await
}
