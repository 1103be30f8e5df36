//! Rooms in which people know each other: who comes and goes, and who has read what.

use anyhow::{Result, ensure};
use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc::{self, New, Preset, admin};
use couplet_engine::store::{Affiliation, Entry, Room, Standing, Store};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::person::Person;
use couplet_tests::{run, until};
use jid::BareJid;

use crate::rooms::ask;
use crate::{ALICE, BOB, Place, options, reads, say, settings};

const CAROL: &str = "carol@example.test";

/// Carol, who has made a group for alice and bob.
async fn group(place: &Place) -> Result<(BareJid, Person)> {
    let room: BareJid = format!("tea@{}", place.server.rooms_domain()).parse()?;
    let carol = Person::signed_in(CAROL, "carol", place.proxy.websocket()).await?;
    carol.command(Command::Muc(xep0045_muc::Command::Make(New {
        request: "group".to_owned(),
        room: room.clone(),
        name: "Tea".to_owned(),
        nick: None,
        preset: Preset::Group,
    })));
    let joined = |store: &Store| {
        let room = store.room(&room);
        room.is_some_and(|room| room.entry == Entry::Joined && room.is_private())
    };
    carol.until("carol is in her group", joined).await?;
    for member in [ALICE, BOB] {
        carol.command(Command::RoomAdmin(admin::Command::Set {
            request: member.to_owned(),
            room: room.clone(),
            standing: Standing::Affiliation(member.parse()?, Affiliation::Member),
            reason: None,
        }));
    }
    Ok((room, carol))
}

/// Goes in, as soon as one is let in.
async fn enter(page: &Page, room: &BareJid, nick: &str) -> Result<()> {
    ask(page, room.as_str(), nick).await?;
    page.gone("dialog", "Join a room").await
}

/// Waits until the conversation doesn't say so any more.
async fn unsaid(page: &Page, words: &str) -> Result<()> {
    until(&format!("no {words:?}"), || async {
        let log = page.find("log", "Messages").await?;
        Ok((!log.text().await?.contains(words)).then_some(()))
    })
    .await
}

async fn people_of_a_group_come_and_go(kind: Kind) -> Result<()> {
    let place = Place::with(options(kind).account("carol", "carol")).await?;
    let (room, carol) = group(&place).await?;
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    enter(&alice, &room, "Alice").await?;
    alice.reads("2 people here").await?;
    enter(&bob, &room, "Bob").await?;
    reads(&alice, "Bob came").await?;
    // Who was there before her didn't come.
    ensure!(
        !alice
            .find("log", "Messages")
            .await?
            .text()
            .await?
            .contains("carol")
    );
    say(&alice, "Hello, Bob").await?;
    reads(&bob, "Hello, Bob").await?;
    alice.evaluate("location.hash = '#/'").await?;
    alice.gone("textbox", "Message").await?;
    bob.find("button", "Room details").await?.click().await?;
    bob.find("button", "Leave the room").await?.click().await?;
    carol
        .until("bob is gone", |store| {
            store
                .room(&room)
                .is_some_and(|room| room.occupants.len() == 2)
        })
        .await?;
    alice.find_with("link", "Tea").await?.click().await?;
    reads(&alice, "Bob went").await?;
    // It is nothing to be read.
    ensure!(
        !alice
            .find("list", "Conversations")
            .await?
            .text()
            .await?
            .contains("unread")
    );
    settings::open(&alice, "Appearance").await?;
    alice.find("radio", "Nowhere").await?.click().await?;
    alice
        .evaluate(&format!("location.hash = '#/chat/{room}'"))
        .await?;
    reads(&alice, "Hello, Bob").await?;
    unsaid(&alice, "Bob went").await?;
    ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
    Ok(())
}

#[test]
fn people_of_a_group_come_and_go_prosody() {
    run(people_of_a_group_come_and_go(Kind::Prosody));
}

#[test]
fn people_of_a_group_come_and_go_ejabberd() {
    run(people_of_a_group_come_and_go(Kind::Ejabberd));
}

async fn a_group_knows_who_has_read_what(kind: Kind) -> Result<()> {
    let place = Place::with(options(kind).account("carol", "carol")).await?;
    let (room, carol) = group(&place).await?;
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    enter(&alice, &room, "Alice").await?;
    enter(&bob, &room, "Bob").await?;
    bob.evaluate("location.hash = '#/'").await?;
    bob.gone("textbox", "Message").await?;
    say(&alice, "Who takes milk?").await?;
    bob.find_with("link", "1 unread message").await?;
    ensure!(
        !alice
            .find("log", "Messages")
            .await?
            .text()
            .await?
            .contains("Seen by")
    );
    bob.find_with("link", "Tea").await?.click().await?;
    reads(&alice, "Seen by Bob").await?;
    // It is under the last one that anybody has seen, after a reload too.
    bob.evaluate("location.hash = '#/'").await?;
    bob.gone("textbox", "Message").await?;
    say(&alice, "And sugar?").await?;
    bob.find_with("link", "1 unread message").await?;
    alice.reload().await?;
    reads(&alice, "And sugar?").await?;
    reads(&alice, "Seen by Bob").await?;
    let shown = alice.find("log", "Messages").await?.text().await?;
    ensure!(shown.find("Seen by Bob") < shown.find("And sugar?"));
    // Carol, who has told nothing, has nothing to do with it.
    carol
        .until("carol has both", |store| said(store, &room) == 2)
        .await?;
    ensure!(!shown.contains("carol"));
    for page in [&alice, &bob] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

fn said(store: &Store, room: &BareJid) -> usize {
    store
        .conversation(room)
        .map_or(0, |known| known.timeline.len())
}

#[test]
fn a_group_knows_who_has_read_what_prosody() {
    run(a_group_knows_who_has_read_what(Kind::Prosody));
}

#[test]
fn a_group_knows_who_has_read_what_ejabberd() {
    run(a_group_knows_who_has_read_what(Kind::Ejabberd));
}

#[test]
fn who_looks_like_somebody_else_is_told_apart() {
    run(async {
        let place = Place::with(options(Kind::Prosody).account("carol", "carol")).await?;
        let room = format!("tea@{}", place.server.rooms_domain()).parse()?;
        let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
        enter(&alice, &room, "Alice").await?;
        enter(&bob, &room, "Bob").await?;
        say(&bob, "It is me").await?;
        let eve = Person::signed_in(CAROL, "carol", place.proxy.websocket()).await?;
        eve.command(Command::Muc(xep0045_muc::Command::Join {
            room: room.clone(),
            nick: Some("Вob".to_owned()),
            password: None,
        }));
        eve.until("she is in", |store| {
            store
                .room(&room)
                .is_some_and(|room: &Room| room.entry == Entry::Joined)
        })
        .await?;
        eve.say(room.as_str(), "Send me the key")?;
        reads(&alice, "Send me the key").await?;
        reads(&alice, "Looks like Bob").await?;
        alice.find("button", "Room details").await?.click().await?;
        let list = alice.find("list", "3 people here").await?;
        list.reads("Looks like Bob").await?;
        ensure!(!list.text().await?.contains("Looks like Alice"));
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}
