//! A disk that is slow, full, damaged, or not there.

use std::time::Duration;

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, run_for, until, until_for};

use crate::persistence::is_sent;
use crate::{ALICE, Place, count, reads, say, sign_in};

#[test]
fn nothing_is_said_or_acknowledged_before_it_is_on_disk() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        // Of what goes out, how many transactions with messages weren't done by then.
        alice
            .before_scripts(
                "window.wire = [];
                window.loose = 0;
                const open = new Set();
                const put = IDBObjectStore.prototype.put;
                IDBObjectStore.prototype.put = function (...words) {
                    const { transaction } = this;
                    loose += this.name === 'outbox' && transaction.durability !== 'strict';
                    if (['messages', 'outbox'].includes(this.name) && !open.has(transaction)) {
                        open.add(transaction);
                        transaction.addEventListener('complete', () => open.delete(transaction));
                    }
                    return put.apply(this, words);
                };
                const send = WebSocket.prototype.send;
                WebSocket.prototype.send = function (text) {
                    const [, what] = text.match(/^<(\\w+)/);
                    wire.push({ what, text, open: open.size });
                    return send.call(this, text);
                };",
            )
            .await?;
        alice.reload().await?;
        alice.find("textbox", "Message").await?;
        say(&alice, "from alice").await?;
        reads(&bob, "from alice").await?;
        let gone = |words: &str| format!("wire.find(({{ what, text }}) => {words})?.open ?? -1");
        let message = alice.evaluate(&gone("text.includes('from alice')")).await?;
        ensure!(message == 0, "{message} transactions were open");
        let acks = alice
            .evaluate("wire.filter(({ what }) => what === 'a').length")
            .await?;
        say(&bob, "from bob").await?;
        reads(&alice, "from bob").await?;
        let next = format!("wire.filter(({{ what }}) => what === 'a')[{acks}]?.open ?? -1");
        until("an ack that is no lie", || async {
            Ok((alice.evaluate(&next).await? == 0).then_some(()))
        })
        .await?;
        // What must survive a power failure is asked to.
        let loose = alice.evaluate("loose").await?;
        ensure!(loose == 0, "{loose} transactions aren't strict");
        Ok(())
    });
}

/// Has the disk write nothing of the page's until `release` is called, and counts in `begun` the
/// transactions that want to.
const BUSY: &str = "new Promise(resolve => {
    indexedDB.open('couplet').onsuccess = event => {
        const database = event.target.result;
        const transaction = database.transaction([...database.objectStoreNames], 'readwrite');
        const store = transaction.objectStore('messages');
        let busy = true;
        window.release = () => busy = false;
        (function goOn() {
            if (busy) store.count().onsuccess = goOn;
        })();
        transaction.oncomplete = () => database.close();
        window.begun = 0;
        const begin = IDBDatabase.prototype.transaction;
        IDBDatabase.prototype.transaction = function (stores, mode, ...words) {
            begun += mode === 'readwrite';
            return begin.call(this, stores, mode, ...words);
        };
        resolve();
    };
})";

#[test]
fn what_comes_while_the_disk_is_busy_is_written_at_once() {
    run(async {
        const MESSAGES: usize = 20;
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice.evaluate(BUSY).await?;
        for n in 1..=MESSAGES {
            say(&bob, &format!("No. {n}.")).await?;
            reads(&alice, &format!("No. {n}.")).await?;
        }
        // One waits for the disk, and all others for that one.
        let begun = alice.evaluate("begun").await?;
        ensure!(begun == 1, "{begun} transactions");
        alice.evaluate("release()").await?;
        // An answer is on the disk after all that came before.
        say(&alice, "All of it?").await?;
        reads(&bob, "All of it?").await?;
        place.proxy.kill().await?;
        alice.reload().await?;
        for n in 1..=MESSAGES {
            reads(&alice, &format!("No. {n}.")).await?;
        }
        Ok(())
    });
}

/// Closes alice's page, damages the rows of `table` in which `text` can be read, and has her
/// come back to bob.
async fn damage(place: &Place, alice: Page, table: &str, text: &str) -> Result<Page> {
    // A page that only looks on.
    let file = [&place.proxy.page("localhost"), "locales/en.json"].concat();
    let page = place.browser.open_beside(&alice, &file).await?;
    alice.close().await?;
    until("the end of the page that leads", || async {
        let free = "navigator.locks.query().then(locks => locks.held.length === 0)";
        Ok((page.evaluate(free).await? == true).then_some(()))
    })
    .await?;
    let script = format!(
        "(async () => {{
            const wait = request => new Promise(resolve => {{
                request.onsuccess = () => resolve(request.result);
            }});
            const database = await wait(indexedDB.open('couplet'));
            const store = database.transaction('{table}', 'readwrite').objectStore('{table}');
            let damaged = 0;
            for (const key of await wait(store.getAllKeys())) {{
                const row = await wait(store.get(key));
                if (!new TextDecoder().decode(row).includes('{text}')) continue;
                const bytes = new Uint8Array(row);
                await wait(store.put(bytes.slice(0, bytes.length / 2), key));
                damaged += 1;
            }}
            database.close();
            return damaged;
        }})()"
    );
    ensure!(
        page.evaluate(&script).await?.as_u64() > Some(0),
        "no row of {table} has {text:?}"
    );
    let alice = place.beside(&page).await?;
    alice.reads(DAMAGED).await?;
    alice.find_with("link", "bob").await?.click().await?;
    Ok(alice)
}

/// Signs alice in, who has written three messages to bob, all of which were sent.
async fn three_messages(place: &Place) -> Result<(Page, Page)> {
    let (alice, bob) = place.friends().await?;
    for text in ["the first", "the second", "the third"] {
        say(&alice, text).await?;
    }
    is_sent(&alice).await?;
    Ok((alice, bob))
}

const DAMAGED: &str = "Some of what was kept in this browser is damaged";

#[test]
fn a_damaged_row_is_left_out_and_told_once() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = three_messages(&place).await?;
        let alice = damage(&place, alice, "messages", "the second").await?;
        reads(&alice, "the third").await?;
        for text in ["the first", "the third"] {
            ensure!(count(&alice, text).await? == 1);
        }
        say(&bob, "and on").await?;
        reads(&alice, "and on").await
    });
}

/// All rows of `table` are damaged, and no message is missing.
async fn loses_nothing(table: &str) -> Result<()> {
    let place = Place::new(Kind::Prosody).await?;
    let (alice, bob) = three_messages(&place).await?;
    let alice = damage(&place, alice, table, "").await?;
    say(&bob, "and on").await?;
    reads(&alice, "and on").await?;
    for text in ["the first", "the second", "the third"] {
        ensure!(count(&alice, text).await? == 1);
    }
    Ok(())
}

#[test]
fn a_damaged_conversation_still_has_its_messages() {
    run(loses_nothing("conversations"));
}

#[test]
fn a_damaged_session_is_begun_anew_and_loses_nothing() {
    run(loses_nothing("engine"));
}

#[test]
fn a_browser_without_storage_says_so_and_works() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.browser.open("about:blank").await?;
        page.before_scripts("delete Window.prototype.indexedDB; delete window.indexedDB;")
            .await?;
        page.go(&place.proxy.page("localhost")).await?;
        page.reads("This browser keeps nothing for this page")
            .await?;
        sign_in(&page, ALICE, "alice").await?;
        page.find("list", "Conversations").await?;
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
        Ok(())
    });
}

/// So long Chromium may take to notice that there is no room: it asks every half minute.
const NOTICED: Duration = Duration::from_secs(90);

/// Whether anything that is written now is refused.
const IS_FULL: &str = "new Promise(done => {
    const opening = indexedDB.open('probe');
    opening.onupgradeneeded = () => opening.result.createObjectStore('rows');
    opening.onerror = () => done(true);
    opening.onsuccess = () => {
        const database = opening.result;
        const tell = full => { database.close(); done(full); };
        const writing = database.transaction('rows', 'readwrite');
        writing.objectStore('rows').put('x', 1);
        writing.onabort = () => tell(true);
        writing.oncomplete = () => tell(false);
    };
})";

#[test]
fn a_full_disk_is_told_once_and_the_session_goes_on() {
    run_for(NOTICED * 2, async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice.room_on_disk(Some(1)).await?;
        until_for(NOTICED, "the browser to notice", || async {
            Ok((alice.evaluate(IS_FULL).await? == true).then_some(()))
        })
        .await?;
        say(&alice, "on a full disk").await?;
        reads(&bob, "on a full disk").await?;
        alice.reads("This device has no room left.").await?;
        alice
            .find("button", "Close this notice")
            .await?
            .click()
            .await?;
        say(&bob, "still there").await?;
        say(&alice, "still in memory").await?;
        reads(&bob, "still in memory").await?;
        ensure!(!alice.text().await?.contains("no room left"));
        // Somebody has tidied up: what was refused goes with what is next.
        alice.room_on_disk(None).await?;
        say(&alice, "kept again").await?;
        reads(&bob, "kept again").await?;
        is_sent(&alice).await?;
        place.server.stop();
        alice.reload().await?;
        for text in [
            "on a full disk",
            "still there",
            "still in memory",
            "kept again",
        ] {
            reads(&alice, text).await?;
            ensure!(count(&alice, text).await? == 1, "{text:?}");
        }
        Ok(())
    });
}
