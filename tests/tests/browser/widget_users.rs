//! People for whom a site vouches, in the chat on its pages.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use couplet_servers::ServerOptions;
use couplet_tests::browser::Page;
use couplet_tests::site::token;
use couplet_tests::{run, until};
use serde_json::json;

use crate::widget::{HOST, SECRET, Web, begin, open, seeded, told};
use crate::{ALICE, BOB, reads, say};

impl Web {
    /// A conversation with bob, for whom the site vouches for.
    fn with_bob(&self, more: &str) -> String {
        self.snippet(&format!("id=\"bob\" contact=\"{BOB}\" {more}"))
    }

    /// A visitor of the page with that, which has these tokens for alice, one after the other.
    async fn alice_has(&self, tokens: &[&str]) -> Result<Page> {
        self.put(&[], &self.with_bob(""));
        let page = self.visitor().await?;
        page.find("button", "Open the chat").await?;
        page.evaluate(&format!(
            "globalThis.tokens = {}; globalThis.asked = 0",
            json!(tokens)
        ))
        .await?;
        vouch(&page, "async () => { asked += 1; return tokens.shift() }").await?;
        Ok(page)
    }
}

/// Has the page vouch for alice, with that.
async fn vouch(page: &Page, token: &str) -> Result<()> {
    let user = format!("bob.setUser({{ jid: '{ALICE}', token: {token} }})");
    page.evaluate(&user).await?;
    Ok(())
}

/// A token for alice that the server takes.
fn good() -> Result<String> {
    token(SECRET, ALICE, "600")
}

/// All that is kept within this page's origin, as text.
async fn kept(page: &Page) -> Result<String> {
    let all = "(async () => {
        const wait = request => new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
        });
        const text = value => value instanceof Uint8Array ? new TextDecoder().decode(value)
            : typeof value === 'object' ? Object.values(value ?? {}).map(text).join() : String(value);
        const rows = Object.entries({ ...localStorage, ...sessionStorage }).map(String);
        for (const { name } of await indexedDB.databases()) {
            const database = await wait(indexedDB.open(name));
            for (const table of database.objectStoreNames) {
                const store = database.transaction(table).objectStore(table);
                rows.push(...(await wait(store.getAllKeys())).map(text));
                rows.push(...(await wait(store.getAll())).map(text));
            }
            database.close();
        }
        return rows.map(row => row.replaceAll('\\n', ' ')).join('\\n');
    })()";
    let kept = page.evaluate(all).await?;
    Ok(kept.as_str().context("no text")?.to_owned())
}

#[test]
fn whom_the_site_vouches_for_talks_under_their_own_name() {
    run(async {
        let web = Web::new().await?;
        let bob = web.place.enters(BOB).await?;
        let token = good()?;
        let page = web.alice_has(&[&token]).await?;
        // Until somebody opens it, it is only remembered.
        ensure!(page.evaluate("frames.length + asked").await? == 0);
        let chat = open(&page).await?;
        say(&chat, "Where is my parcel?").await?;
        bob.find_with("link", "alice").await?.click().await?;
        reads(&bob, "Where is my parcel?").await?;
        say(&bob, "On its way").await?;
        reads(&chat, "On its way").await?;
        told(&page, &json!({ "type": "message", "own": false })).await?;
        // What is said to whoever has an account is between them.
        ensure!(
            page.evaluate("told.some(({ text }) => text?.includes('way'))")
                .await?
                == false
        );
        ensure!(page.evaluate("asked").await? == 1);

        let kept = kept(&chat).await?;
        ensure!(kept.contains(ALICE), "{kept}");
        ensure!(!kept.contains(&token), "{kept}");
        let address = chat.evaluate("location.href + document.referrer").await?;
        ensure!(!address.to_string().contains(&token), "{address}");
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
        ensure!(chat.errors().is_empty(), "{:?}", chat.errors());
        Ok(())
    });
}

#[test]
fn another_token_is_asked_for_when_the_last_has_expired() {
    run(async {
        let mut web = Web::new().await?;
        let bob = web.place.enters(BOB).await?;
        let page = web.alice_has(&[]).await?;
        let late = "() => { asked += 1; return new Promise(give => globalThis.give = give) }";
        vouch(&page, late).await?;
        let chat = open(&page).await?;
        let wanted = async |times: u32| {
            until("a token is asked for", || async {
                Ok((page.evaluate("asked").await? == times).then_some(()))
            })
            .await
        };
        wanted(1).await?;
        let first = token(SECRET, ALICE, "8")?;
        page.evaluate(&format!("give('{first}')")).await?;
        say(&chat, "Where is my parcel?").await?;
        let expiry: u64 = first.split('.').next().unwrap_or_default().parse()?;
        until("the first token has expired", || async {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
            Ok((now > expiry).then_some(()))
        })
        .await?;
        web.place.proxy.restart().await?;
        wanted(2).await?;
        page.evaluate(&format!("give('{}')", good()?)).await?;
        say(&chat, "Still nothing here").await?;
        bob.find_with("link", "alice").await?.click().await?;
        reads(&bob, "Still nothing here").await
    });
}

#[test]
fn another_token_helps_where_the_first_never_came() {
    run(async {
        let web = Web::new().await?;
        let page = web.alice_has(&[]).await?;
        vouch(&page, "() => { asked += 1; return new Promise(() => {}) }").await?;
        let chat = open(&page).await?;
        until("a token is asked for", || async {
            Ok((page.evaluate("asked").await? == 1).then_some(()))
        })
        .await?;
        vouch(&page, &json!(good()?).to_string()).await?;
        chat.find("textbox", "Message").await?;
        // Nothing else is there that one could go back to.
        chat.gone("link", "Back to the conversations").await
    });
}

#[test]
fn without_a_token_it_is_said_and_can_be_tried_again() {
    run(async {
        let web = Web::new().await?;
        let page = web.alice_has(&[]).await?;
        let chat = open(&page).await?;
        chat.reads("This site couldn't sign you in").await?;
        told(&page, &json!({ "type": "error", "code": "token-needed" })).await?;
        page.evaluate(&format!("tokens.push({})", json!(good()?)))
            .await?;
        chat.find("button", "Try again").await?.click().await?;
        chat.find("textbox", "Message").await?;
        Ok(())
    });
}

#[test]
fn the_token_of_somebody_else_is_refused_in_words() {
    run(async {
        let web = Web::new().await?;
        let page = web.alice_has(&[&token(SECRET, BOB, "60")?]).await?;
        let chat = open(&page).await?;
        chat.reads("somebody else").await?;
        told(&page, &json!({ "type": "error", "code": "token-needed" })).await?;
        ensure!(!chat.text().await?.contains("Message"));
        // A token that is there is given once: another one has to come.
        vouch(&page, &json!(good()?).to_string()).await?;
        chat.find("textbox", "Message").await?;
        Ok(())
    });
}

#[test]
fn two_on_a_page_say_the_same_of_a_token_that_is_refused() {
    run(async {
        let web = Web::new().await?;
        let inline = web.with_bob("mode=\"inline\" open");
        let second = inline.replace("id=\"bob\"", "id=\"again\"");
        web.put(&[], &format!("{inline}{second}"));
        let page = web.visitor().await?;
        page.resize(1280, 1600).await?;
        let wrong = token(SECRET, BOB, "60")?;
        vouch(&page, &format!("() => '{wrong}'")).await?;
        page.evaluate("again.setUser({ jid: 'alice@example.test', token: () => undefined })")
            .await?;
        for chat in page.framed("embed.html", 2).await? {
            chat.reads("This site couldn't sign you in").await?;
        }
        for id in ["bob", "again"] {
            let error = json!({ "type": "error", "code": "token-needed", "chat": id });
            told(&page, &error).await?;
        }
        // Each of them can have another one.
        vouch(&page, &json!(good()?).to_string()).await?;
        for chat in page.framed("embed.html", 2).await? {
            chat.find("textbox", "Message").await?;
        }
        Ok(())
    });
}

#[test]
fn who_is_nobody_any_more_leaves_nothing_behind() {
    run(async {
        let web = Web::new().await?;
        web.put(&[], &web.with_bob("anonymous"));
        let page = web.visitor().await?;
        vouch(&page, &json!(good()?).to_string()).await?;
        let chat = open(&page).await?;
        say(&chat, "Where is my parcel?").await?;
        page.evaluate("bob.setUser(null)").await?;
        chat.find("textbox", "Your name").await?;
        until("nothing of alice's", || async {
            Ok((!kept(&chat).await?.contains("alice")).then_some(()))
        })
        .await
    });
}

#[test]
fn whom_the_site_does_not_name_again_is_not_shown_to_the_next() {
    run(async {
        let web = Web::new().await?;
        web.put(&[], &web.with_bob("anonymous"));
        let page = web.visitor().await?;
        vouch(&page, &json!(good()?).to_string()).await?;
        let chat = open(&page).await?;
        say(&chat, "Where is my parcel?").await?;
        page.reload().await?;
        let chat = open(&page).await?;
        chat.find("textbox", "Your name").await?;
        ensure!(!chat.text().await?.contains("parcel"));
        // The site may take its time to find out who is here.
        vouch(&page, &json!(good()?).to_string()).await?;
        reads(&chat, "Where is my parcel?").await?;
        // Or it is somebody else than before.
        page.reload().await?;
        let user = format!(
            "bob.setUser({})",
            json!({ "jid": BOB, "token": token(SECRET, BOB, "60")? })
        );
        page.evaluate(&user).await?;
        let chat = open(&page).await?;
        chat.find("textbox", "Message").await?;
        ensure!(!chat.text().await?.contains("parcel"));
        // Each row is somebody's.
        let kept = kept(&chat).await?;
        ensure!(!kept.lines().any(|row| row.starts_with(ALICE)), "{kept}");
        Ok(())
    });
}

#[test]
fn a_guest_who_signs_in_to_the_site_is_no_guest_any_more() {
    run(async {
        let web = Web::new().await?;
        let bob = web.alice_in("lounge").await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        bob.reads("2 people here").await?;
        let user = json!({ "jid": BOB, "token": token(SECRET, BOB, "60")? });
        page.evaluate(&format!("lounge.setUser({user})")).await?;
        // Gwen has left, and bob has come.
        bob.reads("2 people here").await?;
        until("bob in the room", || async {
            let text = chat.text().await?;
            Ok(text.contains("2 people here").then_some(()))
        })
        .await?;
        say(&chat, "It is me").await?;
        reads(&bob, "It is me").await?;
        reads(&bob, "bob").await?;
        Ok(())
    });
}

#[test]
fn where_a_contact_is_not_there_the_site_says_so_as_long_as_that_is_so() {
    run(async {
        let people = json!({ "people": [
            { "user": "alice", "name": "Alice", "contacts": [{ "user": "bob" }] },
            { "user": "bob", "name": "Bob" },
        ] });
        let friends = ServerOptions {
            seed: Some(serde_json::from_value(people)?),
            ..seeded()?
        };
        let web = Web::before(friends, &[HOST]).await?;
        let words = "greeting=\"Good day!\" offline-message=\"We are back at nine.\"";
        let mut chats = Vec::new();
        for who in ["contact", "support"] {
            web.put(&[], &web.snippet(&format!("{who}=\"{BOB}\" {words}")));
            let page = web.visitor().await?;
            page.find("button", "Open the chat").await?;
            let user = json!({ "jid": ALICE, "token": good()? });
            page.evaluate(&format!(
                "document.querySelector('couplet-chat').setUser({user})"
            ))
            .await?;
            let chat = open(&page).await?;
            chat.reads("We are back at nine.").await?;
            chats.push((page, chat));
        }
        let _bob = web.place.enters(BOB).await?;
        for (_page, chat) in &chats {
            chat.reads("Good day!").await?;
            ensure!(!chat.text().await?.contains("We are back at nine."));
        }
        Ok(())
    });
}
