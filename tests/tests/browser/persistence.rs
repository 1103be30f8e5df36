//! What outlives the page: the session, messages, what hasn't been sent yet; and what doesn't.

use anyhow::{Result, ensure};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::browser::{Browser, Page};
use couplet_tests::faults::{Direction, Fault, Relay};
use couplet_tests::{run, until};
use serde_json::Value;

use crate::settings;
use crate::{
    ALICE, BOB, ENTER, Place, add, count, in_days, options, reads, say, scroll_back, sign_in,
};

/// What is in the page's database: the keys of all rows of all object stores.
pub(crate) async fn stored(page: &Page) -> Result<Value> {
    page.evaluate(
        "(async () => {
            const wait = request => new Promise((resolve, reject) => {
                request.onsuccess = () => resolve(request.result);
                request.onerror = () => reject(request.error);
            });
            if (!(await indexedDB.databases()).some(({ name }) => name === 'couplet')) return [];
            const database = await wait(indexedDB.open('couplet'));
            const keys = [];
            for (const name of database.objectStoreNames) {
                const store = database.transaction(name).objectStore(name);
                for (const key of await wait(store.getAllKeys())) keys.push(`${name} ${key}`);
            }
            database.close();
            return keys;
        })()",
    )
    .await
}

/// Whether the page has gone on with the server's session instead of beginning another.
pub(crate) async fn has_resumed(page: &Page) -> Result<()> {
    let resumed = |line: &String| line == "session resumed";
    until("the session is resumed", || async {
        Ok(page.log().iter().any(resumed).then_some(()))
    })
    .await?;
    ensure!(!page.log().iter().any(|line| line == "session begun"));
    Ok(())
}

pub(crate) async fn is_sent(page: &Page) -> Result<()> {
    until("every message has reached the server", || async {
        let waiting = page
            .evaluate("document.querySelectorAll('[aria-label=\"Waiting to be sent\"]').length");
        Ok((waiting.await? == 0).then_some(()))
    })
    .await
}

#[test]
fn a_reload_goes_on_on_prosody() {
    run(a_reload_goes_on(Kind::Prosody));
}

#[test]
fn a_reload_goes_on_on_ejabberd() {
    run(a_reload_goes_on(Kind::Ejabberd));
}

async fn a_reload_goes_on(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    say(&alice, "before the reload").await?;
    reads(&bob, "before the reload").await?;
    alice.find("image", "Read").await?;
    alice.reload().await?;
    reads(&alice, "before the reload").await?;
    has_resumed(&alice).await?;
    // Nobody has seen her go, and both ways are open.
    bob.find_with("link", "alice Available").await?;
    say(&bob, "are you there?").await?;
    reads(&alice, "are you there?").await?;
    say(&alice, "always").await?;
    reads(&bob, "always").await?;
    for text in ["before the reload", "are you there?", "always"] {
        ensure!(count(&alice, text).await? == 1, "{text:?} more than once");
        ensure!(count(&bob, text).await? == 1, "{text:?} more than once");
    }
    ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
    Ok(())
}

#[test]
fn without_a_network_what_there_is_can_be_read() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        say(&alice, "on the disk").await?;
        is_sent(&alice).await?;
        place.server.stop();
        alice.reload().await?;
        reads(&alice, "on the disk").await?;
        alice.find_with("link", "bob").await?;
        alice.reads("Your messages will be sent.").await
    });
}

#[test]
fn the_page_itself_needs_no_network_the_second_time() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "on the disk").await?;
        is_sent(&alice).await?;
        alice
            .evaluate("navigator.serviceWorker.ready.then(() => true)")
            .await?;
        place.proxy.kill().await?;
        alice.reload().await?;
        reads(&alice, "on the disk").await?;
        say(&alice, "written without a network").await?;
        alice.reload().await?;
        reads(&alice, "written without a network").await?;
        place.proxy.restart().await?;
        reads(&bob, "written without a network").await?;
        is_sent(&alice).await?;
        ensure!(count(&bob, "written without a network").await? == 1);
        Ok(())
    });
}

#[test]
fn a_page_that_comes_only_in_part_is_the_one_that_was_kept() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let relay = Relay::to(place.proxy.address()).await?;
        let port = relay.address().port();
        let page = place
            .browser
            .open(&format!("http://localhost:{port}/"))
            .await?;
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            .await?;
        // Amid the headers, and behind them.
        for after in [300, 1000] {
            page.forget_files().await?;
            place.proxy.kill().await?;
            until("nothing is open", || async {
                Ok((relay.connections() == 0).then_some(()))
            })
            .await?;
            place.proxy.restart().await?;
            let cut = Fault::Cut {
                direction: Direction::ToClient,
                after,
                reset: false,
            };
            relay.inject(cut, 0);
            page.reload().await?;
            page.find("textbox", "XMPP address").await?;
        }
        sign_in(&page, ALICE, "alice").await?;
        page.find("list", "Conversations").await?;
        Ok(())
    });
}

#[test]
fn what_is_written_offline_survives_a_reload_and_arrives_once() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        place.server.kill();
        alice.reads("Your messages will be sent.").await?;
        say(&alice, "written offline").await?;
        say(&alice, "and another").await?;
        alice.reload().await?;
        reads(&alice, "written offline").await?;
        alice.find("image", "Waiting to be sent").await?;
        place.server.restart()?;
        for page in [&alice, &bob] {
            reads(page, "and another").await?;
            ensure!(count(page, "written offline").await? == 1);
            ensure!(count(page, "and another").await? == 1);
        }
        is_sent(&alice).await
    });
}

#[test]
fn what_was_written_days_ago_arrives_once() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        // By then the page itself has to be there without a network.
        alice
            .evaluate("navigator.serviceWorker.ready.then(() => true)")
            .await?;
        place.proxy.kill().await?;
        alice.reads("Your messages will be sent.").await?;
        say(&alice, "written offline").await?;
        in_days(&alice, 3).await?;
        reads(&alice, "written offline").await?;
        alice.find("image", "Waiting to be sent").await?;
        // No server remembers a session for so long.
        place.server.restart()?;
        place.proxy.restart().await?;
        for page in [&alice, &bob] {
            reads(page, "written offline").await?;
            ensure!(count(page, "written offline").await? == 1);
        }
        is_sent(&alice).await
    });
}

#[test]
fn a_crash_loses_nothing() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "before the crash").await?;
        is_sent(&alice).await?;
        // Another tab that isn't ours keeps alice's browser context.
        let keeper = place.browser.open_beside(&alice, "about:blank").await?;
        alice.crash().await?;
        say(&bob, "meanwhile").await?;
        let alice = place.beside(&keeper).await?;
        alice.find_with("link", "bob").await?.click().await?;
        reads(&alice, "before the crash").await?;
        reads(&alice, "meanwhile").await?;
        has_resumed(&alice).await?;
        ensure!(count(&alice, "meanwhile").await? == 1);
        Ok(())
    });
}

/// Keeps drafts off the disk for as long as the page lives.
const HOLD_DRAFTS: &str = "new Promise(done => {
    const opening = indexedDB.open('couplet');
    opening.onsuccess = () => {
        const drafts = opening.result.transaction('drafts', 'readwrite').objectStore('drafts');
        const again = () => {
            drafts.count().onsuccess = again;
            done(true);
        };
        again();
    };
})";

#[test]
fn what_is_being_written_on_a_busy_disk_survives_a_reload() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        alice.evaluate(HOLD_DRAFTS).await?;
        let field = alice.find("textbox", "Message").await?;
        field.fill("Half a senten").await?;
        alice.reload().await?;
        let field = alice.find("textbox", "Message").await?;
        field.has("Half a senten").await?;
        // What is no longer there comes back from nowhere.
        alice.evaluate(HOLD_DRAFTS).await?;
        field.fill("").await?;
        alice.reload().await?;
        alice.find("textbox", "Message").await?.has("").await
    });
}

#[test]
fn what_is_being_written_survives_a_reload() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        alice
            .find("textbox", "Message")
            .await?
            .fill("Half a senten")
            .await?;
        alice.reload().await?;
        alice
            .find("textbox", "Message")
            .await?
            .has("Half a senten")
            .await?;
        // And it is there in another tab, too.
        alice.evaluate("location.hash = '#/'").await?;
        let second = place.beside(&alice).await?;
        second
            .find_with("link", "Half a senten")
            .await?
            .click()
            .await?;
        second
            .find("textbox", "Message")
            .await?
            .has("Half a senten")
            .await
    });
}

#[test]
fn what_is_sent_right_before_a_crash_is_not_lost() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        let keeper = place.browser.open_beside(&alice, "about:blank").await?;
        let field = alice.find("textbox", "Message").await?;
        field.fill("in the nick of time").await?;
        // A note that nobody can read is in nobody's way.
        alice
            .evaluate(&format!(
                "localStorage.setItem('couplet.asked\\n{ALICE}\\nx\\n0000000001', 'null')"
            ))
            .await?;
        // Before the disk can answer.
        alice.crash_behind(ENTER).await?;
        let alice = place.beside(&keeper).await?;
        alice.find_with("link", "bob").await?.click().await?;
        for page in [&alice, &bob] {
            reads(page, "in the nick of time").await?;
        }
        is_sent(&alice).await?;
        alice.reload().await?;
        for page in [&alice, &bob] {
            reads(page, "in the nick of time").await?;
            ensure!(count(page, "in the nick of time").await? == 1);
        }
        alice.find("textbox", "Message").await?.has("").await
    });
}

#[test]
fn one_scrolls_back_without_a_network() {
    run(async {
        let (mut place, alice, _bob) = Place::with_yesterday("message ", 400).await?;
        place.server.stop();
        alice.reads("Your messages will be sent.").await?;
        // What came today is read at once, and of yesterday only a little.
        alice.reload().await?;
        reads(&alice, "message 400.").await?;
        ensure!(count(&alice, "message 1.").await? == 0);
        scroll_back(&alice, "message 1.").await
    });
}

#[test]
fn a_browser_restart_goes_on() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let bob = place.enters(BOB).await?;
        let mut browser = Browser::start().await?;
        let alice = browser.open_kept(&place.proxy.page("localhost")).await?;
        sign_in(&alice, ALICE, "alice").await?;
        add(&alice, BOB).await?;
        say(&alice, "before the restart").await?;
        is_sent(&alice).await?;
        place.server.kill();
        alice.reads("Your messages will be sent.").await?;
        say(&alice, "on the last breath").await?;
        drop(alice);
        browser.restart().await?;
        place.server.restart()?;
        let alice = browser.open_kept(&place.proxy.page("localhost")).await?;
        alice.find_with("link", "bob").await?.click().await?;
        bob.find_with("link", "alice").await?.click().await?;
        for page in [&alice, &bob] {
            reads(page, "on the last breath").await?;
            ensure!(count(page, "before the restart").await? == 1);
            ensure!(count(page, "on the last breath").await? == 1);
        }
        Ok(())
    });
}

#[test]
fn not_staying_signed_in_leaves_nothing() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.visitor().await?;
        page.find("checkbox", "Stay signed in on this device")
            .await?
            .click()
            .await?;
        page.reads("Nothing is kept here.").await?;
        sign_in(&page, ALICE, "alice").await?;
        page.find("list", "Conversations").await?;
        add(&page, BOB).await?;
        say(&page, "for nobody to find").await?;
        is_sent(&page).await?;
        let stored = stored(&page).await?;
        ensure!(stored.as_array().is_some_and(Vec::is_empty), "{stored}");
        let texts = page.evaluate("localStorage.length").await?;
        ensure!(texts == 0, "{texts} notes in localStorage");
        page.reload().await?;
        page.find("button", "Sign in").await?;
        Ok(())
    });
}

#[test]
fn signing_out_leaves_no_key_and_no_message() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        say(&alice, "for nobody to find").await?;
        is_sent(&alice).await?;
        let before = stored(&alice).await?.to_string();
        ensure!(
            before.contains("keys ") && before.contains("messages "),
            "{before}"
        );
        alice.find("button", "Menu").await?.click().await?;
        alice.find("menuitem", "Sign out").await?.click().await?;
        alice.find("button", "Sign in").await?;
        until("everything of alice is gone", || async {
            Ok((!stored(&alice).await?.to_string().contains("alice")).then_some(()))
        })
        .await?;
        let named = "document.querySelector('#sign-in-address').value";
        ensure!(alice.evaluate(named).await? == "");
        alice.reload().await?;
        alice.find("button", "Sign in").await?;
        // And she is welcome again.
        sign_in(&alice, ALICE, "alice").await?;
        alice.find_with("link", "bob").await?;
        Ok(())
    });
}

#[test]
fn clearing_the_device_leaves_nothing() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        settings::open(&alice, "Data and storage").await?;
        alice
            .find("button", "Clear data on this device…")
            .await?
            .click()
            .await?;
        alice
            .find("button", "Clear and sign out")
            .await?
            .click()
            .await?;
        alice.find("button", "Sign in").await?;
        bob.find_with("link", "alice Offline").await?;
        until("the database is empty", || async {
            // The page loads itself anew meanwhile.
            let stored = stored(&alice).await.ok();
            let empty = stored.is_some_and(|stored| stored == Value::Array(Vec::new()));
            Ok(empty.then_some(()))
        })
        .await?;
        let texts = alice.evaluate("localStorage.length").await?;
        ensure!(texts == 0, "{texts} notes in localStorage");
        Ok(())
    });
}

#[test]
fn signing_out_asks_while_something_is_not_sent() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        place.server.kill();
        alice.reads("Your messages will be sent.").await?;
        say(&alice, "not yet").await?;
        alice.find("button", "Menu").await?.click().await?;
        alice.find("menuitem", "Sign out").await?.click().await?;
        alice.find("dialog", "Sign out now?").await?;
        alice.find("button", "Cancel").await?.click().await?;
        place.server.restart()?;
        reads(&bob, "not yet").await?;
        is_sent(&alice).await?;
        // Now there is nothing to lose.
        alice.find("button", "Menu").await?.click().await?;
        alice.find("menuitem", "Sign out").await?.click().await?;
        alice.find("button", "Sign in").await?;
        Ok(())
    });
}

#[test]
fn the_password_is_kept_nowhere() {
    run(async {
        let place = Place::with(
            ServerOptions::new(Kind::Prosody).account("alice", "correct-horse-battery"),
        )
        .await?;
        let page = place.visitor().await?;
        sign_in(&page, ALICE, "correct-horse-battery").await?;
        page.find("list", "Conversations").await?;
        until("the key is kept", || async {
            Ok(stored(&page)
                .await?
                .to_string()
                .contains("keys ")
                .then_some(()))
        })
        .await?;
        let found = page
            .evaluate(
                "(async () => {
                    const wait = request => new Promise(resolve => {
                        request.onsuccess = () => resolve(request.result);
                    });
                    const database = await wait(indexedDB.open('couplet'));
                    const found = [];
                    for (const name of database.objectStoreNames) {
                        const store = database.transaction(name).objectStore(name);
                        for (const row of await wait(store.getAll())) {
                            if (row instanceof Uint8Array) found.push(new TextDecoder().decode(row));
                            else if (!row.key) found.push(JSON.stringify(row));
                            else found.push(`${row.key.extractable} ${JSON.stringify(row)}`);
                        }
                    }
                    database.close();
                    return found.join(' ') + JSON.stringify(localStorage);
                })()",
            )
            .await?
            .to_string();
        ensure!(!found.contains("correct-horse"), "{found}");
        ensure!(found.contains("false {"), "the key can be read: {found}");
        Ok(())
    });
}

#[test]
fn a_changed_password_is_asked_for_and_nothing_is_lost() {
    run(async {
        let mut place = Place::with(options(Kind::Prosody)).await?;
        let (alice, _bob) = place.friends().await?;
        say(&alice, "from before").await?;
        is_sent(&alice).await?;
        place.server.stop();
        alice.reads("Your messages will be sent.").await?;
        say(&alice, "not sent yet").await?;
        alice
            .evaluate(
                "(async () => {
                    const wait = request => new Promise(resolve => {
                        request.onsuccess = () => resolve(request.result);
                    });
                    const database = await wait(indexedDB.open('couplet'));
                    const store = database.transaction('keys', 'readwrite').objectStore('keys');
                    const key = 'alice@example.test\\nsalted';
                    const row = await wait(store.get(key));
                    row.iterations += 1;
                    await wait(store.put(row, key));
                    database.close();
                })()",
            )
            .await?;
        place.server.restart()?;
        alice.reload().await?;
        alice.reads("Please type your password again").await?;
        alice
            .reads("The server has changed how it checks passwords")
            .await?;
        sign_in(&alice, ALICE, "alice").await?;
        alice.find_with("link", "bob").await?.click().await?;
        reads(&alice, "from before").await?;
        reads(&alice, "not sent yet").await?;
        is_sent(&alice).await?;
        ensure!(count(&alice, "not sent yet").await? == 1);
        Ok(())
    });
}
