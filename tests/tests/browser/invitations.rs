//! How people come into rooms, and what they do there without running them.

use anyhow::{Result, ensure};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::browser::Page;
use couplet_tests::run;

use crate::new_rooms::{describe, make};
use crate::rooms::ask;
use crate::{ALICE, BOB, Place, options, reads, say};

const CAROL: &str = "carol@example.test";

/// Chooses bob by the beginning of his name, says why, and invites him.
async fn invite_bob(page: &Page, reason: &str) -> Result<()> {
    let find = page.find("textbox", "Name or address").await?;
    find.fill("bo").await?;
    page.find_with("checkbox", BOB).await?;
    page.press("Enter").await?;
    find.has("").await?;
    page.find("textbox", "Reason (optional)")
        .await?
        .fill(reason)
        .await?;
    page.find("button", "Invite 1 person")
        .await?
        .click()
        .await?;
    page.reads("1 person is invited.").await?;
    page.find("button", "Done").await?.click().await
}

/// Into a group nobody comes who isn't invited; who is may decline, come in, and invite nobody.
async fn people_are_invited_into_a_group(kind: Kind) -> Result<()> {
    let place = Place::with(options(kind).account("carol", "carol")).await?;
    let (alice, bob) = place.friends().await?;
    describe(&alice, "Tea", "Private group").await?;
    make(&alice).await?;
    alice.find("dialog", "Invite people to Tea").await?;
    alice.find("button", "Invite").await?.click().await?;
    alice
        .reads("Choose somebody, or type a whole address.")
        .await?;
    invite_bob(&alice, "There is cake").await?;
    alice.gone("dialog", "Invite people to Tea").await?;

    bob.reads("alice would like to see you there.").await?;
    bob.reads("There is cake").await?;
    bob.find("button", "Decline tea").await?.click().await?;
    bob.find("dialog", "Decline the invitation to tea?").await?;
    bob.find("textbox", "Reason (optional)")
        .await?
        .fill("I don't eat cake")
        .await?;
    bob.find("button", "Decline").await?.click().await?;
    bob.gone("button", "Join tea").await?;
    reads(&alice, "bob declined the invitation.").await?;
    reads(&alice, "“I don't eat cake”").await?;

    alice.find("button", "Room details").await?.click().await?;
    alice.find("button", "Invite people").await?.click().await?;
    invite_bob(&alice, "There is tea, too").await?;
    bob.reads("There is tea, too").await?;
    bob.find("button", "Join tea").await?.click().await?;
    bob.reads("2 people here").await?;
    bob.gone("button", "Join tea").await?;
    say(&bob, "Then I come").await?;
    reads(&alice, "Then I come").await?;

    // Only who runs the group has a say in who comes in.
    bob.find("button", "Room details").await?.click().await?;
    bob.find("button", "Invite people").await?.click().await?;
    let find = bob.find("textbox", "Name or address").await?;
    find.fill(CAROL).await?;
    bob.find_with("checkbox", CAROL).await?.click().await?;
    bob.find("button", "Invite 1 person").await?.click().await?;
    bob.reads("Only those who run this room may invite people.")
        .await?;
    bob.reads("1 person couldn't be invited.").await?;
    for page in [&alice, &bob] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn people_are_invited_into_a_group_prosody() {
    run(people_are_invited_into_a_group(Kind::Prosody));
}

#[test]
fn people_are_invited_into_a_group_ejabberd() {
    run(people_are_invited_into_a_group(Kind::Ejabberd));
}

/// A tab that follows invites, too; and a room that anybody may enter is asked nothing.
#[test]
fn people_are_invited_into_a_channel_from_another_tab() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (leader, bob) = place.friends().await?;
        let room = format!("tea@{}", place.server.rooms_domain());
        ask(&leader, &room, "Alice").await?;
        leader.reads("1 person here").await?;
        let alice = place.beside(&leader).await?;
        alice.find_with("link", "tea").await?.click().await?;
        alice.find("heading", "tea").await?;
        alice.find("button", "Room details").await?.click().await?;
        alice.find("button", "Invite people").await?.click().await?;
        invite_bob(&alice, "Milk or lemon?").await?;
        bob.reads("Milk or lemon?").await?;
        // What the room has no part in is declined at once.
        bob.find("button", "Decline tea").await?.click().await?;
        bob.gone("button", "Decline tea").await?;
        Ok(())
    });
}

/// Names and subjects change, for those who may change them.
async fn names_and_subjects_change(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = format!("tea@{}", place.server.rooms_domain());
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    for (page, nick) in [(&alice, "Alice"), (&bob, "Bob")] {
        ask(page, &room, nick).await?;
        page.gone("dialog", "Join a room").await?;
    }
    alice.reads("2 people here").await?;
    bob.find("button", "Room details").await?.click().await?;
    bob.find("button", "Change your nickname")
        .await?
        .click()
        .await?;
    let nick = bob.find("textbox", "Nickname").await?;
    nick.has("Bob").await?;
    nick.fill("Alice").await?;
    bob.find("button", "Save").await?.click().await?;
    bob.reads("Somebody else goes by that nickname here.")
        .await?;
    nick.fill("Robert").await?;
    bob.find("button", "Save").await?.click().await?;
    bob.gone("dialog", "Your nickname in tea").await?;
    say(&bob, "It is me").await?;
    reads(&alice, "Robert").await?;

    alice.find("button", "Room details").await?.click().await?;
    alice
        .find("button", "Change the subject")
        .await?
        .click()
        .await?;
    alice
        .find("textbox", "Subject")
        .await?
        .fill("Milk or lemon")
        .await?;
    alice.find("button", "Save").await?.click().await?;
    alice.gone("dialog", "The subject of tea").await?;
    for page in [&alice, &bob] {
        page.reads("2 people here · Milk or lemon").await?;
    }
    Ok(())
}

#[test]
fn names_and_subjects_change_on_prosody() {
    run(names_and_subjects_change(Kind::Prosody));
}

#[test]
fn names_and_subjects_change_on_ejabberd() {
    run(names_and_subjects_change(Kind::Ejabberd));
}

/// Only moderators change a room's subject on Prosody, unless they want otherwise.
#[test]
fn who_may_not_change_the_subject_is_told_so() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let room = format!("tea@{}", place.server.rooms_domain());
        let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
        for (page, nick) in [(&alice, "Alice"), (&bob, "Bob")] {
            ask(page, &room, nick).await?;
            page.gone("dialog", "Join a room").await?;
        }
        bob.find("button", "Room details").await?.click().await?;
        bob.find("button", "Change the subject")
            .await?
            .click()
            .await?;
        let subject = bob.find("textbox", "Subject").await?;
        subject.fill("Coffee").await?;
        bob.find("button", "Save").await?.click().await?;
        bob.reads("Only moderators can change the subject here.")
            .await?;
        subject.has("Coffee").await
    });
}

/// Whoever may only listen asks to speak, and a moderator lets them.
async fn whoever_listens_asks_to_speak(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = format!("tea@{}", place.server.rooms_domain());
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    for (page, nick) in [(&alice, "Alice"), (&bob, "Bob")] {
        ask(page, &room, nick).await?;
        page.gone("dialog", "Join a room").await?;
    }
    alice.reads("2 people here").await?;
    alice.find("button", "Room details").await?.click().await?;
    alice
        .find("button", "Options for Bob")
        .await?
        .click()
        .await?;
    let deed = "Let them only listen";
    alice.find("menuitem", deed).await?.click().await?;
    alice.find("dialog", &format!("{deed}: Bob")).await?;
    alice.find("button", deed).await?.click().await?;
    bob.reads("You may only listen here.").await?;
    bob.find("button", "Ask to speak").await?.click().await?;
    bob.reads("The moderators have been asked.").await?;
    alice.reads("Bob would like to speak.").await?;
    alice.reload().await?;
    alice
        .find("button", "Allow Bob to speak")
        .await?
        .click()
        .await?;
    alice.gone("button", "Allow Bob to speak").await?;
    bob.gone("button", "Ask to speak").await?;
    say(&bob, "At last").await?;
    reads(&alice, "At last").await?;
    for page in [&alice, &bob] {
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn whoever_listens_asks_to_speak_on_prosody() {
    run(whoever_listens_asks_to_speak(Kind::Prosody));
}

#[test]
fn whoever_listens_asks_to_speak_on_ejabberd() {
    run(whoever_listens_asks_to_speak(Kind::Ejabberd));
}

/// Alice makes a room for members only, and bob finds its door closed.
async fn at_a_closed_door(place: &Place) -> Result<(Page, Page)> {
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    describe(&alice, "Tea", "Private group").await?;
    make(&alice).await?;
    alice.find("dialog", "Invite people to Tea").await?;
    alice.press("Escape").await?;
    let room = format!("tea@{}", place.server.rooms_domain());
    ask(&bob, &room, "Bob").await?;
    bob.reads("Only members may be here.").await?;
    bob.press("Escape").await?;
    bob.gone("dialog", "Join a room").await?;
    bob.find_with("link", "Tea").await?.click().await?;
    Ok((alice, bob))
}

async fn asks_to_be_let_in(bob: &Page) -> Result<()> {
    let open = bob.find("button", "Ask to be let in").await?;
    open.click().await?;
    bob.find("dialog", "Ask to be let in").await?;
    bob.find("button", "Ask").await?.click().await?;
    let nick = bob.find_with("textbox", "Nickname").await?;
    nick.fill("Bob").await?;
    bob.find("button", "Ask").await?.click().await?;
    bob.reads("The room has your request.").await
}

/// With the dialog open in which the room was asked.
async fn tries_to_join(bob: &Page) -> Result<()> {
    bob.find("dialog", "Ask to be let in").await?;
    bob.evaluate("document.querySelector('dialog [type=submit]').click()")
        .await?;
    bob.gone("dialog", "Ask to be let in").await
}

/// ejabberd 23.01 registers names only.
#[test]
fn whoever_is_no_member_asks_to_be_let_in() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (_alice, bob) = at_a_closed_door(&place).await?;
        asks_to_be_let_in(&bob).await?;
        tries_to_join(&bob).await?;
        bob.reads("2 people here").await?;
        Ok(())
    });
}

/// No server of Debian's asks those who run a room (XEP-0045 9.9): a module of ours does.
#[test]
fn whoever_runs_a_room_says_who_is_let_in() {
    run(async {
        let place = Place::with(ServerOptions {
            members_by_request: true,
            ..options(Kind::Prosody)
        })
        .await?;
        let (alice, bob) = at_a_closed_door(&place).await?;
        asks_to_be_let_in(&bob).await?;
        alice
            .reads("Bob would like to become a member of this room.")
            .await?;
        alice.find("button", "Decline Bob").await?.click().await?;
        alice.gone("button", "Decline Bob").await?;
        tries_to_join(&bob).await?;
        bob.reads("Only members may be here.").await?;

        asks_to_be_let_in(&bob).await?;
        let accept = alice.find("button", "Accept Bob as a member").await?;
        accept.click().await?;
        alice.gone("button", "Accept Bob as a member").await?;
        tries_to_join(&bob).await?;
        bob.reads("2 people here").await?;
        Ok(())
    });
}
