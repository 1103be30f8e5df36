//! Two people, and what passes between them.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_presence, rfc6121_roster, xep0085_chat_states};
use couplet_engine::store::{Availability, Delivery, Direction, Older, Subscription};
use couplet_servers::Kind;
use couplet_tests::raw::Raw;
use couplet_tests::run;

use crate::{ALICE, BOB, Place, on_both};

on_both! {
    messages_and_receipts
    presence_and_status
    typing
    removing_a_contact
    another_device
    history
    a_message_to_nobody
}

async fn messages_and_receipts(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    alice.say(BOB, "Hello <b>Bob</b> & 你好 🦊")?;
    bob.until("the message", |_| !bob.bodies(ALICE).is_empty())
        .await?;
    assert_eq!(bob.bodies(ALICE), ["Hello <b>Bob</b> & 你好 🦊"]);
    alice
        .until("the receipt", |_| {
            alice.messages(BOB)[0].delivery == Delivery::Delivered
        })
        .await?;
    bob.say(ALICE, "Hello yourself")?;
    alice
        .until("the answer", |_| alice.bodies(BOB).len() == 2)
        .await?;
    assert_eq!(alice.messages(BOB)[1].direction, Direction::Incoming);
    Ok(())
}

async fn presence_and_status(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let status = Some("At lunch".to_owned());
    let set = rfc6121_presence::Command::Set {
        availability: Availability::Away,
        status,
    };
    bob.command(Command::Presence(set));
    let jid = BOB.parse()?;
    alice
        .until("bob is at lunch", |store| {
            store.presence(&jid).is_some_and(|presence| {
                presence.availability == Availability::Away
                    && presence.status.as_deref() == Some("At lunch")
            })
        })
        .await?;
    bob.command(Command::Session(couplet_engine::SessionCommand::SignOut));
    alice
        .until("bob has gone", |store| store.presence(&jid).is_none())
        .await
}

async fn typing(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let types = |typing| {
        let to = BOB.parse().unwrap();
        Command::ChatState(xep0085_chat_states::Command::Typing { to, typing })
    };
    let jid = ALICE.parse()?;
    let sees = |typing| {
        let jid = &jid;
        move |store: &couplet_engine::store::Store| {
            store
                .conversation(jid)
                .is_some_and(|conversation| conversation.typing == typing)
        }
    };
    alice.command(types(true));
    bob.until("alice is typing", sees(true)).await?;
    alice.command(types(false));
    bob.until("alice has stopped", sees(false)).await
}

async fn removing_a_contact(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let (jid, me) = (BOB.parse()?, ALICE.parse()?);
    let both = |store: &couplet_engine::store::Store| {
        store
            .contact(&jid)
            .is_some_and(|contact| contact.subscription == Subscription::Both)
    };
    alice.until("both see each other", both).await?;
    alice.command(Command::Roster(rfc6121_roster::Command::Remove {
        jid: BOB.parse()?,
    }));
    alice
        .until("bob is gone", |store| store.contact(&jid).is_none())
        .await?;
    bob.until("alice sees nothing", |store| {
        store
            .contact(&me)
            .is_none_or(|contact| contact.subscription == Subscription::None)
    })
    .await
}

async fn another_device(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let second = place.enters(ALICE).await?;
    alice.say(BOB, "from the first")?;
    second
        .until("our own words", |_| second.bodies(BOB).len() == 1)
        .await?;
    assert_eq!(second.messages(BOB)[0].direction, Direction::Outgoing);
    bob.until("the message", |_| bob.bodies(ALICE).len() == 1)
        .await?;
    bob.say(ALICE, "to both")?;
    for device in [&alice, &second] {
        device
            .until("the answer", |_| device.bodies(BOB).len() == 2)
            .await?;
        assert_eq!(device.bodies(BOB), ["from the first", "to both"]);
    }
    Ok(())
}

async fn history(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let words: Vec<String> = (1..=130)
        .map(|number| format!("message {number}"))
        .collect();
    for body in &words {
        alice.say(BOB, body)?;
    }
    bob.until("all of it", |_| bob.bodies(ALICE).len() == words.len())
        .await?;
    assert_eq!(bob.bodies(ALICE), words);
    let later = place.enters(ALICE).await?;
    later
        .until("the newest", |_| !later.bodies(BOB).is_empty())
        .await?;
    // Further back, page by page, to where the conversation began.
    let jid = BOB.parse()?;
    loop {
        let older = later.store(|store| store.conversation(&jid).map(|known| known.older));
        if older == Some(Older::Complete) {
            break;
        }
        let here = later.bodies(BOB).len();
        let older = later.store(|store| store.older(&jid));
        later.command(Command::Archive(older));
        later
            .until("a page", |store| {
                let complete = store
                    .conversation(&jid)
                    .is_some_and(|known| known.older == Older::Complete);
                complete || later.bodies(BOB).len() > here
            })
            .await?;
    }
    assert_eq!(later.bodies(BOB), words);
    let unread = later.store(|store| store.conversation(&jid).map(|known| known.unread));
    assert_eq!(unread, Some(0));
    Ok(())
}

#[test]
fn a_message_no_schema_allows() {
    // ejabberd doesn't carry it.
    run(shown_all_the_same(Kind::Prosody));
}

/// What somebody wrote is shown, whatever else came with it.
async fn shown_all_the_same(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let bob = place.enters(BOB).await?;
    let mut alice = Raw::signed_in(ALICE, "alice", &place.proxy.websocket()).await?;
    alice
        .send(&format!(
            "<message xmlns='jabber:client' to='{BOB}' type='chat'>\
             <body>x</body><thread>1</thread><thread>2</thread></message>"
        ))
        .await?;
    bob.until("the message", |_| bob.bodies(ALICE) == ["x"])
        .await
}

#[test]
fn an_answer_to_nothing() {
    run(skipped_and_lived_through(Kind::Prosody));
}

#[test]
fn an_answer_to_nothing_from_ejabberd() {
    run(skipped_and_lived_through(Kind::Ejabberd));
}

async fn skipped_and_lived_through(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let bob = place.enters(BOB).await?;
    let mut alice = Raw::signed_in(ALICE, "alice", &place.proxy.websocket()).await?;
    let bobs = bob.address().await?;
    alice
        .send(&format!(
            "<iq xmlns='jabber:client' to='{bobs}' type='result' id='1'/>"
        ))
        .await?;
    alice
        .send(&format!(
            "<message xmlns='jabber:client' to='{bobs}' type='chat'><body>still here?</body></message>"
        ))
        .await?;
    bob.until("the next message", |_| bob.bodies(ALICE) == ["still here?"])
        .await?;
    assert!(
        bob.log().iter().any(|line| line.contains("skipped")),
        "{:?}",
        bob.log()
    );
    Ok(())
}

async fn a_message_to_nobody(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let alice = place.enters(ALICE).await?;
    let nobody = "nobody@example.test";
    alice.say(nobody, "anybody?")?;
    alice
        .until("the refusal", |_| {
            alice
                .messages(nobody)
                .iter()
                .any(|message| matches!(message.delivery, Delivery::Failed(_)))
        })
        .await
}
