//! Going far back: to a date, over what is missing in between.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until};

use crate::{ALICE, BOB, Place, count, reads};

const MESSAGES: usize = 260;

/// Alice, on a device that has the newest hundred of bob's messages and knows no others.
async fn newcomer(place: &Place) -> Result<Page> {
    // Somebody else is there to get them: nothing is kept for later but in the archive.
    let _older = place.enters(ALICE).await?;
    let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
    for number in 1..=MESSAGES {
        bob.send(&format!(
            "<message xmlns='jabber:client' to='{ALICE}' type='chat' id='m{number}'>\
             <body>message {number}.</body></message>"
        ))
        .await?;
    }
    bob.send("<iq xmlns='jabber:client' type='get' id='done'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await?;
    bob.until("done").await?;
    let alice = place.enters(ALICE).await?;
    alice.find_with("link", "bob").await?.click().await?;
    reads(&alice, &format!("message {MESSAGES}.")).await?;
    Ok(alice)
}

/// Goes to this day, of which everything is.
async fn go_to_today(page: &Page) -> Result<()> {
    page.find("button", "Conversation menu")
        .await?
        .click()
        .await?;
    page.find("menuitem", "Go to date").await?.click().await?;
    page.find("dialog", "Go to date").await?;
    page.evaluate(
        "(() => {
            const field = document.querySelector('input[type=date]');
            field.value = field.max;
        })()",
    )
    .await?;
    page.find("button", "Go").await?.click().await?;
    page.gone("dialog", "Go to date").await
}

/// Where the message is on the screen, if it is.
async fn top(page: &Page, text: &str) -> Result<Option<f64>> {
    let top = page
        .evaluate(&format!(
            "[...document.querySelectorAll('[role=log] article')]
                .find(row => row.innerText.includes('{text}'))?.getBoundingClientRect().top"
        ))
        .await?;
    Ok(top.as_f64())
}

#[test]
fn a_date_is_opened_and_what_is_missing_behind_it_is_said_and_loads() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = newcomer(&place).await?;
        go_to_today(&alice).await?;
        reads(&alice, "message 1.").await?;
        ensure!(count(&alice, "message 100.").await? == 0);
        alice.find_with("note", "").await?;
        reads(&alice, "haven't been loaded.").await?;
        until("the first message is in view", || async {
            let top = top(&alice, "message 1.").await?;
            Ok(top
                .is_some_and(|top| (0.0..700.0).contains(&top))
                .then_some(()))
        })
        .await?;
        // Nobody scrolls, so nothing is loaded; by scrolling there it is.
        until("everything in between", || async {
            alice
                .evaluate(
                    "document.querySelector('.timeline__gap')?.scrollIntoView({ block: 'center' })",
                )
                .await?;
            let gap = alice.evaluate("!!document.querySelector('.timeline__gap')");
            Ok((gap.await? == false).then_some(()))
        })
        .await?;
        let shown = alice.find("log", "Messages").await?.text().await?;
        let numbers: Vec<usize> = shown
            .split_whitespace()
            .filter_map(|word| word.strip_suffix('.')?.parse().ok())
            .collect();
        let expected: Vec<usize> = (1..=numbers.len()).collect();
        ensure!(numbers == expected, "{numbers:?}");
        ensure!(numbers.len() > 180, "{}", numbers.len());
        // And back to the newest by the keyboard.
        alice
            .evaluate("document.querySelector('[role=log]').focus()")
            .await?;
        alice.press("End").await?;
        reads(&alice, &format!("message {MESSAGES}.")).await?;
        alice.gone("button", "Jump to the latest").await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

#[test]
fn what_is_missing_loads_by_a_click_and_moves_nothing() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let alice = newcomer(&place).await?;
        // In a tab that follows, too.
        let second = place.beside(&alice).await?;
        second.find_with("link", "bob").await?.click().await?;
        reads(&second, &format!("message {MESSAGES}.")).await?;
        go_to_today(&second).await?;
        reads(&second, "message 1.").await?;
        reads(&second, "haven't been loaded.").await?;
        // Without a connection it says so.
        place.server.stop();
        alice.reads("Your messages will be sent.").await?;
        reads(&second, "load when you are online.").await?;
        place.server.restart()?;
        reads(&second, "haven't been loaded.").await?;
        let before = top(&second, "message 3.").await?;
        // Out of view, and so not loaded by itself.
        second
            .evaluate("document.querySelector('.timeline__gap button').click()")
            .await?;
        reads(&second, "message 150.").await?;
        ensure!(count(&second, "message 60.").await? == 0);
        ensure!(
            top(&second, "message 3.").await? == before,
            "the view has moved"
        );
        for page in [&alice, &second] {
            ensure!(page.errors().is_empty(), "{:?}", page.errors());
        }
        Ok(())
    });
}
