//! Staying signed in by a token, where the server wants the password itself: only the
//! token can bring somebody back.

use anyhow::{Result, ensure};
use couplet_servers::{Kind, Mechanisms, ServerOptions};
use couplet_tests::browser::Page;
use couplet_tests::{run, until};
use serde_json::{Value, json};

use crate::{ALICE, BOB, Place, add, count, options, reads, say, sign_in};

async fn place() -> Result<Place> {
    place_that(true).await
}

async fn place_that(tokens: bool) -> Result<Place> {
    let options = ServerOptions {
        tokens,
        mechanisms: Mechanisms::PlainOnly,
        ..options(Kind::Prosody)
    };
    Place::with(options).await
}

/// What the page keeps to sign in with: whether it can be read, and how often it was used.
async fn token(page: &Page) -> Result<Value> {
    page.evaluate(
        "(async () => {
            const wait = request => new Promise((resolve, reject) => {
                request.onsuccess = () => resolve(request.result);
                request.onerror = () => reject(request.error);
            });
            const database = await wait(indexedDB.open('couplet'));
            const keys = database.transaction('keys').objectStore('keys');
            const row = await wait(keys.get('alice@example.test\\ntoken'));
            database.close();
            if (!row) return null;
            const read = await crypto.subtle.exportKey('raw', row.key).catch(() => null);
            return { readable: read !== null || row.key.extractable, count: row.count };
        })()",
    )
    .await
}

async fn has_token(page: &Page, count: u32) -> Result<()> {
    let wanted = json!({ "readable": false, "count": count });
    until("the token is kept", || async {
        Ok((token(page).await? == wanted).then_some(()))
    })
    .await
}

async fn logs(page: &Page, wanted: &str) -> Result<()> {
    until(wanted, || async {
        Ok(page.log().iter().any(|line| line == wanted).then_some(()))
    })
    .await
}

#[test]
fn a_reload_goes_on_without_a_password() {
    run(async {
        let place = place().await?;
        let alice = place.enters(ALICE).await?;
        has_token(&alice, 0).await?;
        add(&alice, BOB).await?;
        alice.reload().await?;
        alice.find("list", "Conversations").await?;
        logs(&alice, "session resumed").await?;
        has_token(&alice, 1).await
    });
}

#[test]
fn a_reload_after_the_session_has_ended_begins_another_without_a_password() {
    run(async {
        let mut place = place().await?;
        let alice = place.enters(ALICE).await?;
        has_token(&alice, 0).await?;
        add(&alice, BOB).await?;
        place.server.stop();
        alice.reads("Your messages will be sent.").await?;
        alice.reload().await?;
        say(&alice, "written meanwhile").await?;
        place.server.restart()?;
        logs(&alice, "session begun").await?;
        until("it is sent", || async {
            let waiting = "document.querySelectorAll('[aria-label=\"Waiting to be sent\"]').length";
            Ok((alice.evaluate(waiting).await? == 0).then_some(()))
        })
        .await?;
        ensure!(count(&alice, "written meanwhile").await? == 1);
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

#[test]
fn signing_out_leaves_no_token_anywhere() {
    run(async {
        let place = place().await?;
        let alice = place.enters(ALICE).await?;
        has_token(&alice, 0).await?;
        alice.find("button", "Menu").await?.click().await?;
        alice.find("menuitem", "Sign out").await?.click().await?;
        alice.find("button", "Sign in").await?;
        until("the token is gone", || async {
            Ok(token(&alice).await?.is_null().then_some(()))
        })
        .await
    });
}

#[test]
fn a_token_that_is_refused_is_told_and_nothing_is_lost() {
    run(async {
        let place = place().await?;
        let alice = place.enters(ALICE).await?;
        has_token(&alice, 0).await?;
        add(&alice, BOB).await?;
        say(&alice, "from before").await?;
        alice
            .evaluate(
                "(async () => {
                    const wait = request => new Promise(resolve => {
                        request.onsuccess = () => resolve(request.result);
                    });
                    const other = await crypto.subtle.generateKey(
                        { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
                    const database = await wait(indexedDB.open('couplet'));
                    const store = database.transaction('keys', 'readwrite').objectStore('keys');
                    const key = 'alice@example.test\\ntoken';
                    const row = await wait(store.get(key));
                    row.key = other;
                    await wait(store.put(row, key));
                    database.close();
                })()",
            )
            .await?;
        alice.reload().await?;
        alice
            .reads("The server no longer lets this device in without a password")
            .await?;
        sign_in(&alice, ALICE, "alice").await?;
        alice.find_with("link", "bob").await?.click().await?;
        reads(&alice, "from before").await?;
        has_token(&alice, 0).await
    });
}

#[test]
fn a_server_that_wants_the_password_itself_gets_it_each_time() {
    run(async {
        let place = place_that(false).await?;
        let alice = place.enters(ALICE).await?;
        alice
            .reads("Your server wants your password itself each time")
            .await?;
        add(&alice, BOB).await?;
        say(&alice, "from before").await?;
        alice.reload().await?;
        alice
            .reads("Your server wants the password itself each time")
            .await?;
        sign_in(&alice, ALICE, "alice").await?;
        alice.find_with("link", "bob").await?.click().await?;
        reads(&alice, "from before").await
    });
}
