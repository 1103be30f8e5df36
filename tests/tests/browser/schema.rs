//! Databases that other builds have left, and tabs of other builds that are still there.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};
use serde_json::Value;

use crate::{ALICE, Place, count, reads, say, sign_in};

/// A file of ours beside which no page runs, so that nobody has the database open.
async fn step_aside(place: &Place, page: &Page) -> Result<()> {
    page.go(&(place.proxy.page("localhost") + "locales/en.json"))
        .await?;
    until("the page is left", || async {
        let here = page.evaluate("location.pathname.endsWith('json')").await;
        Ok(here.is_ok_and(|here| here == true).then_some(()))
    })
    .await
}

/// Runs a script that has `wait` for requests and `open` for the database.
async fn script(page: &Page, body: &str) -> Result<Value> {
    page.evaluate(&format!(
        "(async () => {{
            const wait = request => new Promise((resolve, reject) => {{
                request.onsuccess = () => resolve(request.result);
                request.onerror = () => reject(request.error);
            }});
            {body}
        }})()"
    ))
    .await
}

#[test]
fn a_database_of_the_last_schema_is_brought_up_to_date_and_nothing_unsent_is_lost() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "the server has it").await?;
        reads(&bob, "the server has it").await?;
        alice.find("image", "Read").await?;
        place.server.kill();
        alice.reads("Your messages will be sent.").await?;
        say(&alice, "nobody else has it").await?;
        alice
            .find("textbox", "Message")
            .await?
            .fill("Half a senten")
            .await?;
        alice.evaluate("location.hash = '#/'").await?;
        alice.gone("textbox", "Message").await?;
        step_aside(&place, &alice).await?;
        // As the first schema had it: rows of some tables in another form.
        script(
            &alice,
            "const now = await wait(indexedDB.open('couplet'));
            const names = [...now.objectStoreNames]
                .filter(name => !['rooms', 'occupants', 'files'].includes(name));
            const rows = [];
            for (const name of names) {
                const store = now.transaction(name).objectStore(name);
                const keys = await wait(store.getAllKeys());
                const values = await wait(store.getAll());
                keys.forEach((key, index) => rows.push([name, key, values[index]]));
            }
            now.close();
            await wait(indexedDB.deleteDatabase('couplet'));
            const request = indexedDB.open('couplet', 1);
            request.onupgradeneeded = () =>
                names.forEach(name => request.result.createObjectStore(name));
            const old = await wait(request);
            const writing = old.transaction(names, 'readwrite');
            for (const [name, key, value] of rows) {
                const foreign = ['engine', 'conversations', 'messages'].includes(name);
                writing.objectStore(name).put(foreign ? new Uint8Array([255, 1, 2]) : value, key);
            }
            await new Promise(resolve => writing.oncomplete = resolve);
            old.close();",
        )
        .await?;
        alice.go(&place.proxy.page("localhost")).await?;
        // Without a network there is what nobody else has.
        alice.reads("Your messages will be sent.").await?;
        alice.find_with("link", "bob").await?.click().await?;
        reads(&alice, "nobody else has it").await?;
        alice.find("image", "Waiting to be sent").await?;
        alice
            .find("textbox", "Message")
            .await?
            .has("Half a senten")
            .await?;
        place.server.restart()?;
        reads(&bob, "nobody else has it").await?;
        reads(&alice, "the server has it").await?;
        for page in [&alice, &bob] {
            for text in ["the server has it", "nobody else has it"] {
                ensure!(count(page, text).await? == 1, "{text:?} more than once");
            }
        }
        let shown = alice.find("log", "Messages").await?.text().await?;
        ensure!(shown.find("the server has it") < shown.find("nobody else has it"));
        ensure!(!alice.text().await?.contains("damaged"));
        Ok(())
    });
}

#[test]
fn a_database_of_a_newer_build_is_left_alone_and_said() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        step_aside(&place, &alice).await?;
        let raise = "const newer = await wait(indexedDB.open('couplet', 99)); newer.close();";
        script(&alice, raise).await?;
        alice.go(&place.proxy.page("localhost")).await?;
        alice
            .reads("There is a newer version of this page.")
            .await?;
        let version = "const it = await wait(indexedDB.open('couplet'));
            it.close(); return it.version;";
        ensure!(script(&alice, version).await? == 99);
        Ok(())
    });
}

#[test]
fn a_tab_that_holds_an_old_database_is_named_and_waited_for_by_nobody() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let holder = place.visitor().await?;
        holder.find("button", "Sign in").await?;
        step_aside(&place, &holder).await?;
        script(
            &holder,
            "await wait(indexedDB.deleteDatabase('couplet'));
            window.held = await wait(indexedDB.open('couplet', 1));",
        )
        .await?;
        let alice = place.beside(&holder).await?;
        alice
            .reads("Another tab has an older version of this page open.")
            .await?;
        // In memory it works.
        sign_in(&alice, ALICE, "alice").await?;
        alice.find("list", "Conversations").await?;
        holder.close().await?;
        Ok(())
    });
}

#[test]
fn a_browser_that_refuses_storage_is_lived_with() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.browser.open("about:blank").await?;
        page.before_scripts(
            "IDBFactory.prototype.open = () => {
                throw new DOMException('not here', 'SecurityError');
            }",
        )
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

#[test]
fn the_browser_is_asked_to_keep_what_there_is_to_keep() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.browser.open("about:blank").await?;
        page.before_scripts(
            "StorageManager.prototype.persist = () => {
                console.info('asked to persist');
                return Promise.resolve(true);
            }",
        )
        .await?;
        page.go(&place.proxy.page("localhost")).await?;
        page.find("button", "Sign in").await?;
        let asked = || page.log().iter().any(|line| line == "asked to persist");
        ensure!(!asked(), "there was nothing to keep");
        sign_in(&page, ALICE, "alice").await?;
        until("the browser is asked", || async {
            Ok(asked().then_some(()))
        })
        .await
    });
}
