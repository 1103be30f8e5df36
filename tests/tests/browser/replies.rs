//! Answering a message: by menu and by key, across reloads, and finding what is answered.

use anyhow::ensure;
use couplet_servers::Kind;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until};

use crate::changes::{choose, reads_no_longer};
use crate::{ALICE, BOB, Place, count, reads, say};

/// A script that presses an arrow with Ctrl.
fn with_control(key: &str) -> String {
    format!(
        "document.activeElement.dispatchEvent(\
         new KeyboardEvent('keydown', {{ key: '{key}', ctrlKey: true, bubbles: true }}))"
    )
}

#[test]
fn an_answer_quotes_what_it_answers() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "We should bake a cake").await?;
        reads(&bob, "bake a cake").await?;
        choose(&bob, "menuitem", "Reply").await?;
        bob.find("group", "Reply to alice").await?;
        say(&bob, "Great idea!").await?;
        bob.gone("group", "Reply to alice").await?;
        let quote = "In reply to alice: We should bake a cake";
        for page in [&alice, &bob] {
            page.find("button", quote).await?;
            // Its own words, without what is for others.
            ensure!(count(page, "> ").await? == 0, "{}", page.text().await?);
        }
        // What is answered says something else by now, and then nothing.
        alice.find("textbox", "Message").await?.click().await?;
        alice.press("ArrowUp").await?;
        alice
            .find("textbox", "Message")
            .await?
            .fill("We should bake a pie")
            .await?;
        alice.press("Enter").await?;
        bob.find("button", "In reply to alice: We should bake a pie")
            .await?;
        // It stays so, and pressing it goes there.
        bob.reload().await?;
        bob.find("button", "In reply to alice: We should bake a pie")
            .await?
            .click()
            .await?;
        until("the message is marked", || async {
            let target = bob
                .evaluate("document.querySelector('.message--target')?.innerText ?? ''")
                .await?;
            Ok(target
                .as_str()
                .is_some_and(|text| text.contains("bake a pie"))
                .then_some(()))
        })
        .await
    });
}

#[test]
fn keys_choose_what_is_answered_and_a_reload_keeps_it() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        for text in ["first", "second"] {
            say(&bob, text).await?;
            reads(&alice, text).await?;
        }
        alice.find("textbox", "Message").await?.click().await?;
        for (key, answered) in [
            ("ArrowUp", "second"),
            ("ArrowUp", "first"),
            ("ArrowDown", "second"),
        ] {
            alice.evaluate(&with_control(key)).await?;
            alice
                .find("group", "Reply to bob")
                .await?
                .reads(answered)
                .await?;
        }
        alice.evaluate(&with_control("ArrowDown")).await?;
        alice.gone("group", "Reply to bob").await?;
        alice.evaluate(&with_control("ArrowUp")).await?;
        alice.find("group", "Reply to bob").await?;
        alice.press("Escape").await?;
        alice.gone("group", "Reply to bob").await?;
        alice.evaluate(&with_control("ArrowUp")).await?;
        alice.type_text("yes, but").await?;
        alice.reload().await?;
        alice.find("group", "Reply to bob").await?;
        alice
            .find("textbox", "Message")
            .await?
            .has("yes, but")
            .await?;
        alice.find("textbox", "Message").await?.click().await?;
        alice.press("Enter").await?;
        alice.find("button", "In reply to bob: second").await?;
        alice.gone("group", "Reply to bob").await?;
        alice.reload().await?;
        alice.find("button", "In reply to bob: second").await?;
        alice.gone("group", "Reply to bob").await
    });
}

#[test]
fn what_is_answered_is_looked_for_in_the_archive() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        let mut raw = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let send = |id: &str, inner: &str| {
            format!(
                "<message xmlns='jabber:client' to='{ALICE}' type='chat' id='{id}'>{inner}</message>"
            )
        };
        raw.send(&send("the-one", "<body>Long ago</body>")).await?;
        for number in 1..=120 {
            let body = format!("<body>line {number}.</body>");
            raw.send(&send(&format!("m{number}"), &body)).await?;
        }
        let reply = "<body>&gt; Long ago\nI remember</body>\
                     <reply xmlns='urn:xmpp:reply:0' to='bob@example.test' id='the-one'/>\
                     <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>\
                     <body start='0' end='11'/></fallback>";
        raw.send(&send("reply", reply)).await?;
        let nowhere = "<body>?</body><reply xmlns='urn:xmpp:reply:0' id='nowhere'/>";
        raw.send(&send("lost", nowhere)).await?;
        for page in [&alice, &bob] {
            reads(page, "I remember").await?;
        }
        // A device that has only the end of it shows what the reply says, and finds the rest.
        let later = place.enters(ALICE).await?;
        later.find_with("link", "bob").await?.click().await?;
        reads(&later, "I remember").await?;
        reads_no_longer(&later, "line 1.").await?;
        later
            .find("button", "In reply to: Long ago")
            .await?
            .click()
            .await?;
        until("the message is there", || async {
            let target = later
                .evaluate("document.querySelector('.message--target')?.innerText ?? ''")
                .await?;
            Ok(target
                .as_str()
                .is_some_and(|text| text.contains("Long ago"))
                .then_some(()))
        })
        .await?;
        later
            .find("button", "Jump to the latest")
            .await?
            .click()
            .await?;
        later
            .find("button", "In reply to: A message that isn't here")
            .await?
            .click()
            .await?;
        later.reads("That message couldn't be found").await
    });
}
