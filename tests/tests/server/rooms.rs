//! Rooms on real servers.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::{
    rfc6121_message, xep0045_muc, xep0308_correction, xep0402_bookmarks, xep0424_retraction,
    xep0444_reactions,
};
use couplet_engine::store::{Delivery, Direction, Entry, Hear, Left, Notes, Store};
use couplet_servers::Kind;
use couplet_tests::person::Person;
use couplet_tests::proxy::Proxy;
use couplet_tests::raw::Raw;
use jid::BareJid;

use crate::{ALICE, BOB, Place, on_both};

on_both! {
    two_people_talk_in_a_room
    who_was_away_reads_the_rooms_archive
    a_name_that_is_taken
    thrown_out
    another_device_goes_along
    what_is_said_about_it
    what_one_hears_of_is_the_same_everywhere
}

fn tea(place: &Place) -> String {
    format!("tea@{}", place.server.rooms_domain())
}

fn join(person: &Person, room: &str, nick: &str) -> Result<()> {
    person.command(Command::Muc(xep0045_muc::Command::Join {
        room: room.parse()?,
        nick: Some(nick.to_owned()),
        password: None,
    }));
    Ok(())
}

fn entry(store: &Store, room: &BareJid) -> Option<Entry> {
    store.room(room).map(|room| room.entry.clone())
}

pub(crate) async fn enter(person: &Person, room: &str, nick: &str) -> Result<()> {
    join(person, room, nick)?;
    let jid = room.parse()?;
    person
        .until("the room", |store| {
            entry(store, &jid) == Some(Entry::Joined)
        })
        .await
}

/// Alice, who made the room, and Bob in it.
async fn together(place: &Place) -> Result<(Person, Person)> {
    let room = tea(place);
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    enter(&alice, &room, "alice").await?;
    enter(&bob, &room, "bob").await?;
    Ok((alice, bob))
}

async fn two_people_talk_in_a_room(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = tea(&place);
    let (alice, bob) = together(&place).await?;
    let jid = room.parse()?;
    for person in [&alice, &bob] {
        let both = |store: &Store| {
            store
                .room(&jid)
                .is_some_and(|room| room.occupants.len() == 2)
        };
        person.until("both of them", both).await?;
    }
    alice.say(&room, "ok")?;
    alice.say(&room, "ok")?;
    bob.until("hers", |_| bob.bodies(&room).len() == 2).await?;
    bob.say(&room, "Hello Alice")?;
    for person in [&alice, &bob] {
        person
            .until("all of it", |_| person.bodies(&room).len() == 3)
            .await?;
        assert_eq!(person.bodies(&room), ["ok", "ok", "Hello Alice"]);
        let arrived = || {
            let all = person.messages(&room);
            all.iter().all(|message| message.delivery >= Delivery::Sent)
        };
        person.until("proof", |_| arrived()).await?;
    }
    let directions: Vec<_> = alice
        .messages(&room)
        .into_iter()
        .map(|message| message.direction)
        .collect();
    let (ours, theirs) = (Direction::Outgoing, Direction::Incoming);
    assert_eq!(directions, [ours, ours, theirs]);
    alice.command(Command::Muc(xep0045_muc::Command::Subject {
        request: "1".to_owned(),
        room: jid.clone(),
        subject: "Which tea?".to_owned(),
    }));
    bob.until("the subject", |store| {
        let room = store.room(&jid);
        room.and_then(|room| room.subject.as_deref()) == Some("Which tea?")
    })
    .await?;
    bob.command(Command::Muc(xep0045_muc::Command::Leave {
        room: jid.clone(),
    }));
    alice
        .until("bob has gone", |store| {
            store
                .room(&jid)
                .is_some_and(|room| room.occupants.len() == 1)
        })
        .await
}

async fn who_was_away_reads_the_rooms_archive(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = tea(&place);
    let (alice, _) = together(&place).await?;
    // Bob comes by a way of his own, which breaks.
    let mut way = Proxy::in_front_of(&place.server).await?;
    let bob = Person::signed_in(BOB, "bob", way.websocket()).await?;
    enter(&bob, &room, "bob").await?;
    alice.say(&room, "before")?;
    bob.until("the first", |_| {
        bob.bodies(&room).contains(&"before".to_owned())
    })
    .await?;
    let address = bob.address().await?;
    bob.say(&room, "perhaps")?;
    way.kill().await?;
    bob.say(&room, "later")?;
    // His session is over: somebody else has taken its place.
    let (_, resource) = address.split_once('/').unwrap_or_default();
    Raw::resource(BOB, "bob", &place.proxy.websocket(), resource).await?;
    let missed: Vec<String> = (1..=60).map(|number| format!("missed {number}")).collect();
    for body in &missed {
        alice.say(&room, body)?;
    }
    let proven = || {
        let all = alice.messages(&room);
        all.iter().all(|message| message.delivery >= Delivery::Sent)
    };
    alice.until("proof", |_| proven()).await?;
    way.restart().await?;
    bob.command(Command::Session(couplet_engine::SessionCommand::RetryNow));
    let complete = |person: &Person| {
        let bodies = person.bodies(&room);
        ["before", "perhaps", "later"]
            .into_iter()
            .chain(missed.iter().map(String::as_str))
            .all(|wanted| bodies.iter().any(|body| body == wanted))
    };
    for person in [&alice, &bob] {
        person.until("everything", |_| complete(person)).await?;
        let all = person.messages(&room);
        assert_eq!(
            all.len(),
            missed.len() + 3,
            "each once: {:?}",
            person.bodies(&room)
        );
        let of = |direction| {
            let all = all
                .iter()
                .filter(move |message| message.direction == direction);
            all.map(|message| message.body.clone()).collect::<Vec<_>>()
        };
        let (hers, his) = match std::ptr::eq(person, &alice) {
            true => (of(Direction::Outgoing), of(Direction::Incoming)),
            false => (of(Direction::Incoming), of(Direction::Outgoing)),
        };
        assert_eq!(hers[1..], missed);
        assert_eq!(his, ["perhaps", "later"]);
    }
    let sent = || {
        let all = bob.messages(&room);
        all.iter().all(|message| message.delivery == Delivery::Sent)
    };
    bob.until("proof of his", |_| sent()).await
}

async fn a_name_that_is_taken(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = tea(&place);
    let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
    enter(&alice, &room, "somebody").await?;
    join(&bob, &room, "somebody")?;
    let jid = room.parse()?;
    bob.until("a conflict", |store| {
        entry(store, &jid) == Some(Entry::Left(Left::NickTaken))
    })
    .await?;
    enter(&bob, &room, "somebody else").await?;
    bob.say(&room, "It's me")?;
    alice
        .until("his words", |_| alice.bodies(&room) == ["It's me"])
        .await?;
    assert_eq!(
        alice.messages(&room)[0]
            .from
            .resource()
            .map(|nick| nick.as_str()),
        Some("somebody else")
    );
    Ok(())
}

async fn thrown_out(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = tea(&place);
    let (_alice, bob) = together(&place).await?;
    let mut owner = Raw::signed_in(ALICE, "alice", &place.proxy.websocket()).await?;
    owner
        .send(&format!(
            "<presence xmlns='jabber:client' to='{room}/alice'>\
             <x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ))
        .await?;
    owner.until("code='110'").await?;
    owner
        .send(&format!(
            "<iq xmlns='jabber:client' type='set' id='kick' to='{room}'>\
             <query xmlns='http://jabber.org/protocol/muc#admin'>\
             <item nick='bob' role='none'><reason>No milk</reason></item></query></iq>"
        ))
        .await?;
    let jid = room.parse()?;
    let why = Left::Kicked(Some("No milk".to_owned()));
    bob.until("the reason", |store| {
        entry(store, &jid) == Some(Entry::Left(why.clone()))
    })
    .await?;
    bob.say(&room, "But…")?;
    let failed = || {
        let last = bob.messages(&room).pop();
        last.filter(|last| matches!(last.delivery, Delivery::Failed(_)))
    };
    bob.until("no way", |_| failed().is_some()).await?;
    let Some(failed) = failed() else {
        anyhow::bail!("it has failed");
    };
    enter(&bob, &room, "bob").await?;
    bob.command(Command::Message(rfc6121_message::Command::Retry {
        conversation: jid,
        id: failed.id,
        body: failed.body,
        notes: failed.notes,
    }));
    bob.until("proof", |_| {
        let last = bob.messages(&room).pop();
        last.is_some_and(|last| last.delivery == Delivery::Sent)
    })
    .await
}

async fn another_device_goes_along(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = tea(&place);
    let alice = place.enters(ALICE).await?;
    enter(&alice, &room, "alice").await?;
    alice.say(&room, "from the first")?;
    let second = place.enters(ALICE).await?;
    let jid = room.parse()?;
    second
        .until("the bookmark leads there", |store| {
            entry(store, &jid) == Some(Entry::Joined)
        })
        .await?;
    second
        .until("the history", |_| {
            second.bodies(&room) == ["from the first"]
        })
        .await?;
    assert_eq!(second.messages(&room)[0].direction, Direction::Outgoing);
    alice.command(Command::Muc(xep0045_muc::Command::Leave {
        room: jid.clone(),
    }));
    second
        .until("it leaves too", |store| {
            matches!(entry(store, &jid), Some(Entry::Left(_)))
        })
        .await
}

async fn what_one_hears_of_is_the_same_everywhere(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = tea(&place);
    let jid: BareJid = room.parse()?;
    let alice = place.enters(ALICE).await?;
    enter(&alice, &room, "alice").await?;
    let second = place.enters(ALICE).await?;
    let hears =
        |store: &Store, expected| store.room(&jid).map(|room| room.hear()) == Some(expected);
    for expected in [Hear::All, Hear::Nothing, Hear::Mentions] {
        alice.command(Command::Bookmark(xep0402_bookmarks::Command::Hear {
            room: jid.clone(),
            hear: expected,
        }));
        second
            .until("what is heard", |store| hears(store, expected))
            .await?;
    }
    let third = place.enters(ALICE).await?;
    let chosen = |store: &Store| store.room(&jid)?.bookmark.as_ref()?.hear;
    third
        .until("it is kept", |store| chosen(store) == Some(Hear::Mentions))
        .await
}

async fn what_is_said_about_it(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let room = tea(&place);
    let (alice, bob) = together(&place).await?;
    let conversation: BareJid = room.parse()?;
    alice.say(&room, "tae?")?;
    for person in [&alice, &bob] {
        let named = || {
            let message = person.messages(&room).pop();
            message.is_some_and(|message| message.reference().is_some())
        };
        person.until("the room's copy", |_| named()).await?;
    }
    let ours = alice.messages(&room).remove(0);
    alice.command(Command::Correction(xep0308_correction::Command::Correct {
        conversation: conversation.clone(),
        target: ours.written_as().unwrap().to_owned(),
        body: "tea?".to_owned(),
        notes: Notes::default(),
    }));
    bob.until("the correction", |_| bob.bodies(&room) == ["tea?"])
        .await?;
    bob.command(Command::Reaction(xep0444_reactions::Command::React {
        conversation: conversation.clone(),
        target: bob.messages(&room)[0].reference().unwrap().to_owned(),
        emojis: vec!["🍵".to_owned()],
    }));
    let felt = |person: &Person| {
        let message = person.messages(&room).remove(0);
        let felt = message.reactions().next().cloned();
        felt.filter(|known| known.emojis == ["🍵"] && known.delivery == Delivery::Sent)
    };
    for person in [&alice, &bob] {
        person
            .until("the reaction", |_| felt(person).is_some())
            .await?;
    }
    let author = felt(&alice).unwrap().author;
    alice
        .until("who it was", |store| {
            store.author_name(&conversation, &author) == Some("bob")
                && store.own_author(&conversation) != Some(author.clone())
        })
        .await?;
    bob.until("that it was him", |store| {
        store.own_author(&conversation) == Some(author.clone())
    })
    .await?;
    alice.command(Command::Retraction(xep0424_retraction::Command::Retract {
        conversation: conversation.clone(),
        id: ours.id,
        target: alice.messages(&room)[0].reference().unwrap().to_owned(),
    }));
    let later = place.enters(BOB).await?;
    for person in [&alice, &bob, &later] {
        let gone = || {
            let all = person.messages(&room);
            all.len() == 1 && all[0].is_retracted()
        };
        person.until("that it is gone", |_| gone()).await?;
    }
    Ok(())
}
