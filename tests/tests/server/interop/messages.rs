//! What two people say.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_message, xep0085_chat_states};
use couplet_engine::store::{Delivery, Note, Notes, Reply, Store};
use couplet_servers::Kind;
use couplet_tests::person::Person;
use serde_json::json;

use super::shows;
use crate::{ALICE, BOB, Place, on_both};

on_both! {
    texts_and_receipts
    markers
    typing
    replies
    spoilers
    what_is_encrypted
}

/// Each arrives as it was written: marks (XEP-0393), `/me` and all.
const TEXTS: [&str; 5] = [
    "Hello",
    "/me waves",
    "👩‍👩‍👧‍👦 👍🏽 🇦🇹",
    "*bold* _slanted_ ~gone~ `code`\n> quoted\n```\nif 1 < 2 && 3 > 2 {}\n```",
    "<b>&amp; ]]> \"double\" 'single' 𝒳 e\u{301} \u{200f}مرحبا",
];

async fn texts_and_receipts(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    for text in TEXTS {
        alice.say(BOB, text)?;
        let heard = bob.hears(text).await?;
        assert_eq!(heard["type"], "chat");
        alice
            .until("bob's receipt", |_| {
                let messages = alice.messages(BOB);
                messages.last().unwrap().delivery == Delivery::Delivered
            })
            .await?;
        let answer = bob.say(ALICE, text).await?;
        bob.until("alice's receipt", |event| event["receipt"] == answer)
            .await?;
        shows(&alice, text).await?;
    }
    let said: Vec<_> = TEXTS.iter().flat_map(|text| [text, text]).collect();
    assert_eq!(alice.bodies(BOB).iter().collect::<Vec<_>>(), said);
    let odd = format!(
        "<message to='{ALICE}' type='chat' id='odd'><body xml:space=\"preserve\">\
         &#x1F98A; &#60;b&gt; <![CDATA[<i> & &amp;]]> &amp;amp; &apos;&quot; 𝒳</body></message>"
    );
    bob.order(json!({ "do": "xml", "text": odd })).await?;
    shows(&alice, "🦊 <b> <i> & &amp; &amp; '\" 𝒳").await?;
    let plain = json!({ "do": "say", "to": ALICE, "body": "2*3*4", "unstyled": true });
    bob.order(plain).await?;
    shows(&alice, "2*3*4").await?;
    let is_unstyled = |text: &str| {
        let mut messages = alice.messages(BOB).into_iter();
        messages.any(|message| message.body == text && message.is_unstyled())
    };
    assert!(is_unstyled("2*3*4"));
    assert!(!is_unstyled(TEXTS[3]));
    Ok(())
}

async fn markers(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    alice.say(BOB, "Have you read it?")?;
    let heard = bob.hears("Have you read it?").await?;
    assert_eq!(heard["markable"], true);
    let marker = json!({ "do": "displayed", "to": ALICE, "id": heard["id"] });
    bob.order(marker).await?;
    alice
        .until("bob has read it", |_| {
            alice.messages(BOB)[0].delivery == Delivery::Read
        })
        .await?;
    let answer = bob.say(ALICE, "Have you?").await?;
    shows(&alice, "Have you?").await?;
    assert!(bob.seen(|event| event["displayed"] == answer).is_empty());
    let jid = BOB.parse()?;
    alice.command(Command::Message(alice.store(|store| store.reading(&jid))));
    bob.until("alice has read it", |event| event["displayed"] == answer)
        .await?;
    Ok(())
}

async fn typing(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let jid = BOB.parse()?;
    let is_typing = |store: &Store| store.conversation(&jid).is_some_and(|bob| bob.typing);
    for (state, typing) in [("composing", true), ("paused", false)] {
        let to = BOB.parse()?;
        let command = xep0085_chat_states::Command::Typing { to, typing };
        alice.command(Command::ChatState(command));
        bob.until(state, |event| event["state"] == state).await?;
        bob.order(json!({ "do": "state", "to": ALICE, "state": state }))
            .await?;
        alice
            .until(state, |store| is_typing(store) == typing)
            .await?;
    }
    for state in ["active", "inactive", "gone"] {
        for (state, typing) in [("composing", true), (state, false)] {
            bob.order(json!({ "do": "state", "to": ALICE, "state": state }))
                .await?;
            alice
                .until(state, |store| is_typing(store) == typing)
                .await?;
        }
    }
    alice.say(BOB, "I am here")?;
    assert_eq!(bob.hears("I am here").await?["state"], "active");
    Ok(())
}

pub(super) fn send(alice: &Person, body: &str, note: Note) -> Result<()> {
    let (to, body) = (BOB.parse()?, body.to_owned());
    let mut notes = Notes::default();
    notes.set(note);
    alice.command(Command::Message(rfc6121_message::Command::Send {
        to,
        body,
        notes,
    }));
    Ok(())
}

async fn replies(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let question = bob.say(ALICE, "Cake?\nOr pie 🥧?").await?;
    shows(&alice, "Cake?\nOr pie 🥧?").await?;
    let message = alice.messages(BOB).remove(0);
    let reply = Reply {
        id: message.reference().unwrap().to_owned(),
        to: Some(message.from),
        quote: message.body,
    };
    send(&alice, "Pie!", Note::Reply(reply))?;
    let heard = bob.hears("> Cake?\n> Or pie 🥧?\nPie!").await?;
    assert_eq!(heard["replies_to"], question);
    assert_eq!(heard["own_words"], "Pie!");
    assert!(heard["reply_address"].as_str().unwrap().starts_with(BOB));
    // As XEP-0428 has it, and as XEP-0461's own examples and slixmpp 1.8 do.
    let forms = ["urn:xmpp:fallback:0", "urn:xmpp:feature-fallback:0"];
    for (fallback, words) in forms.into_iter().zip(["Why?", "Why not?"]) {
        let order = json!({
            "do": "reply", "to": ALICE, "id": heard["id"],
            "quote": "> Pie! 🥧\n", "body": words, "fallback": fallback,
        });
        bob.order(order).await?;
        shows(&alice, words).await?;
        let messages = alice.messages(BOB);
        let reply = messages.last().and_then(|message| message.reply()).unwrap();
        assert_eq!(reply.quote, "Pie! 🥧");
        let jid = BOB.parse()?;
        let answered = alice.store(|store| {
            let answered = store.conversation(&jid)?.answered(reply)?;
            Some(answered.body.clone())
        });
        assert_eq!(answered.as_deref(), Some("Pie!"));
    }
    Ok(())
}

async fn spoilers(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    for (hint, body) in [("The <end> of the film", "They marry"), ("", "He dies")] {
        send(&alice, body, Note::Spoiler(hint.to_owned()))?;
        assert_eq!(bob.hears(body).await?["spoiler"], hint);
        let answer = format!("{body}?");
        bob.order(json!({ "do": "spoiler", "to": ALICE, "hint": hint, "body": answer }))
            .await?;
        shows(&alice, &answer).await?;
        let messages = alice.messages(BOB);
        assert_eq!(messages.last().unwrap().spoiler(), Some(hint));
    }
    Ok(())
}

/// Alice can't read it, and is told with what it is encrypted.
async fn what_is_encrypted(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    for (namespace, name) in [
        ("eu.siacs.conversations.axolotl", "OMEMO"),
        ("urn:xmpp:omemo:0", "OMEMO"),
        // As slixmpp 1.8 calls what XEP-0373 calls `urn:xmpp:openpgp:0`.
        ("urn:xmpp:ox:0", "OpenPGP for XMPP"),
    ] {
        let body = format!("Your client knows nothing of {namespace}.");
        bob.order(json!({
            "do": "encrypted", "to": ALICE, "namespace": namespace, "body": body,
        }))
        .await?;
        shows(&alice, &body).await?;
        let messages = alice.messages(BOB);
        assert_eq!(messages.last().unwrap().encryption(), Some(name));
    }
    Ok(())
}
