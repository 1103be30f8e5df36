//! People who sign in as nobody in particular (RFC 4505). Neither server hands the session of
//! one guest to another, so whoever has lost the connection comes back as somebody new.

use anyhow::{Context as _, Result};
use couplet_engine::store::{Delivery, Direction, Entry, SessionStatus};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::person::Person;
use jid::BareJid;

use crate::rooms::enter;
use crate::{ALICE, DOMAIN, Place, on_both, options};

on_both! { a_guest_talks_in_a_room who_has_lost_the_connection_comes_back_as_somebody_new }

async fn place(kind: Kind) -> Result<Place> {
    Place::with(ServerOptions {
        anonymous: true,
        ..options(kind)
    })
    .await
}

async fn guest(place: &Place) -> Result<Person> {
    let domain = format!("anon.{DOMAIN}");
    Person::signed_in(&domain, "", place.proxy.websocket()).await
}

/// Who they are at the moment.
fn me(person: &Person) -> Result<BareJid> {
    let me = person.store(|store| store.me().map(|me| me.to_bare()));
    me.context("no address")
}

/// Alice and a guest in a room that she has made.
async fn together(place: &Place) -> Result<(Person, Person, String)> {
    let room = format!("tea@{}", place.server.rooms_domain());
    let (alice, guest) = (place.enters(ALICE).await?, guest(place).await?);
    enter(&alice, &room, "alice").await?;
    enter(&guest, &room, "visitor").await?;
    Ok((alice, guest, room))
}

async fn hears(person: &Person, room: &str, bodies: &[&str]) -> Result<()> {
    let what = format!("{bodies:?}");
    person
        .until(&what, |_| person.bodies(room).len() >= bodies.len())
        .await?;
    assert_eq!(person.bodies(room), bodies);
    Ok(())
}

fn is_quiet(person: &Person) {
    let expected = ["session begun", "connection closed, code 1006"];
    let log = person.log();
    let rest: Vec<_> = log
        .iter()
        .filter(|line| !expected.contains(&line.as_str()))
        .collect();
    assert!(rest.is_empty(), "{rest:#?}");
}

async fn a_guest_talks_in_a_room(kind: Kind) -> Result<()> {
    let place = place(kind).await?;
    let (alice, guest, room) = together(&place).await?;
    let address = me(&guest)?;
    assert!(address.node().is_some() && address.domain().as_str() == format!("anon.{DOMAIN}"));
    guest.say(&room, "Is anybody there?")?;
    hears(&alice, &room, &["Is anybody there?"]).await?;
    alice.say(&room, "I am.")?;
    hears(&guest, &room, &["Is anybody there?", "I am."]).await?;
    is_quiet(&guest);
    Ok(())
}

async fn who_has_lost_the_connection_comes_back_as_somebody_new(kind: Kind) -> Result<()> {
    let mut place = place(kind).await?;
    let (alice, guest, room) = together(&place).await?;
    let before = me(&guest)?;
    guest.say(&room, "heard")?;
    hears(&alice, &room, &["heard"]).await?;
    place.proxy.kill().await?;
    guest
        .until("the connection is lost", |store| {
            *store.status() != SessionStatus::Online
        })
        .await?;
    guest.say(&room, "written meanwhile")?;
    place.proxy.restart().await?;
    let jid = room.parse()?;
    guest
        .until("they are in the room again", |store| {
            let entry = store.room(&jid).map(|room| room.entry.clone());
            *store.status() == SessionStatus::Online && entry == Some(Entry::Joined)
        })
        .await?;
    assert_ne!(me(&guest)?, before);
    let all = ["heard", "written meanwhile"];
    hears(&alice, &room, &all).await?;
    guest
        .until("both are proven, and theirs", |_| {
            let messages = guest.messages(&room);
            let ours = messages.iter().filter(|message| {
                message.direction == Direction::Outgoing && message.delivery >= Delivery::Sent
            });
            messages.len() == 2 && ours.count() == 2
        })
        .await?;
    alice.say(&room, "Welcome back.")?;
    hears(
        &guest,
        &room,
        &["heard", "written meanwhile", "Welcome back."],
    )
    .await?;
    hears(
        &alice,
        &room,
        &["heard", "written meanwhile", "Welcome back."],
    )
    .await?;
    is_quiet(&guest);
    Ok(())
}
