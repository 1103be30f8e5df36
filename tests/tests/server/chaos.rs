//! Both write while everything between them breaks again and again.

use std::time::Duration;

use anyhow::{Context as _, Result};
use couplet_engine::store::Delivery;
use couplet_servers::Kind;
use couplet_tests::chaos::{Event, Settings, Stage, each_once_in_order, message, plan};
use couplet_tests::person::Person;
use couplet_tests::{run_for, until_for};
use tokio::time::sleep;

use crate::{ALICE, BOB, make_friends, on_both, options};

const NAMES: [&str; 2] = ["alice", "bob"];

/// How long it may take until all is well once nothing breaks any more: the
/// longest pause between two attempts, and some.
const RECOVERY: Duration = Duration::from_secs(60);

#[test]
fn chaos_on_prosody() {
    chaos(Kind::Prosody);
}

#[test]
fn chaos_on_ejabberd() {
    chaos(Kind::Ejabberd);
}

/// All kinds of events, as the seed deals them.
fn chaos(kind: Kind) {
    let settings = Settings {
        messages: 200,
        faults: 30,
        seed: 1,
    };
    let settings = settings.or_of_environment().unwrap();
    nothing_is_lost(kind, settings, plan(&settings));
}

on_both! { the_server_restarts_while_both_write }

async fn the_server_restarts_while_both_write(kind: Kind) -> Result<()> {
    let settings = Settings {
        messages: 200,
        faults: 4,
        seed: 0,
    };
    let events = vec![Event::Server { crash: false }; settings.faults];
    storm(kind, settings, events).await
}

fn nothing_is_lost(kind: Kind, settings: Settings, events: Vec<Event>) {
    let time = settings.writing_time() * 2 + RECOVERY * 2;
    run_for(time, storm(kind, settings, events));
}

async fn storm(kind: Kind, settings: Settings, events: Vec<Event>) -> Result<()> {
    let mut stage = Stage::new(options(kind)).await?;
    let people = [
        Person::signed_in(ALICE, NAMES[0], stage.websocket(0)).await?,
        Person::signed_in(BOB, NAMES[1], stage.websocket(1)).await?,
    ];
    make_friends(&people[0], &people[1]).await?;
    let (alice, bob, breaking) = tokio::join!(
        write(&people[0], NAMES[0], BOB, settings),
        write(&people[1], NAMES[1], ALICE, settings),
        break_things(&mut stage, settings, events),
    );
    alice.and(bob).and(breaking)?;
    let settled = until_for(RECOVERY, "all is well", || async {
        let well = (0..2).all(|who| all_arrived(&people[who], [BOB, ALICE][who], settings).is_ok());
        Ok(well.then_some(()))
    })
    .await;
    for (who, peer) in [BOB, ALICE].into_iter().enumerate() {
        let described = || {
            let log = people[who].log();
            let last = log[log.len().saturating_sub(30)..].join("\n");
            let status = people[who].store(|store| format!("{:?}", store.status()));
            format!("{} is {status}; their log:\n{last}", NAMES[who])
        };
        all_arrived(&people[who], peer, settings).with_context(described)?;
    }
    settled
}

async fn write(person: &Person, name: &str, to: &str, settings: Settings) -> Result<()> {
    let pause = settings.writing_time() / u32::try_from(settings.messages)?;
    for number in 0..settings.messages {
        person.say(to, &message(name, number))?;
        sleep(pause).await;
    }
    Ok(())
}

async fn break_things(stage: &mut Stage, settings: Settings, events: Vec<Event>) -> Result<()> {
    let pause = settings.writing_time() / u32::try_from(settings.faults.max(1))?;
    for (number, event) in events.into_iter().enumerate() {
        eprintln!("chaos: {number}: {event:?}");
        let (happened, ()) = tokio::join!(stage.happens(event), sleep(pause));
        happened?;
    }
    Ok(())
}

/// Everything both wrote is in one's store, and proven to have arrived.
fn all_arrived(person: &Person, peer: &str, settings: Settings) -> Result<()> {
    let bodies = person.bodies(peer);
    for name in NAMES {
        each_once_in_order(&bodies, name, settings.messages)?;
    }
    let waiting = person
        .messages(peer)
        .iter()
        .filter(|message| message.delivery < Delivery::Sent)
        .count();
    anyhow::ensure!(waiting == 0, "{waiting} messages are unproven");
    Ok(())
}
