//! People who are found by their names, where the server has a directory.

use anyhow::{Result, ensure};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::browser::Page;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until};

use crate::{ALICE, BOB, Place, options};

const CAROL: &str = "carol@example.test";
const FIELD: &str = "XMPP address";

/// What the field has.
const TYPED: &str = "document.querySelector('#add-address').value";
/// What Enter would take.
const CHOSEN: &str = "document.getElementById(document.querySelector('#add-address')
     .getAttribute('aria-activedescendant'))?.innerText ?? ''";

/// A server with a directory, where bob is Robert Builder and carol is Carol Builder.
async fn place(kind: Kind) -> Result<Place> {
    let place = Place::with(ServerOptions {
        directory: true,
        ..options(kind).account("carol", "carol")
    })
    .await?;
    for (jid, given) in [(BOB, "Robert"), (CAROL, "Carol")] {
        let user = jid.split('@').next().unwrap_or_default();
        let mut raw = Raw::signed_in(jid, user, &place.proxy.websocket()).await?;
        raw.send(&format!(
            "<iq xmlns='jabber:client' type='set' id='written'><vCard xmlns='vcard-temp'>\
             <FN>{given} Builder</FN><N><GIVEN>{given}</GIVEN><FAMILY>Builder</FAMILY></N>\
             <NICKNAME>{user} the great</NICKNAME></vCard></iq>"
        ))
        .await?;
        raw.until("written").await?;
    }
    Ok(place)
}

/// Opens the dialog, which finds people.
async fn open(page: &Page) -> Result<()> {
    page.find("button", "Add a contact").await?.click().await?;
    let dialog = page.find("dialog", "Add a contact").await?;
    dialog.reads("Or type a name to look for somebody.").await?;
    page.find("combobox", FIELD).await?;
    Ok(())
}

async fn is(page: &Page, expression: &str, expected: &str) -> Result<()> {
    let waited = until(expected, || async {
        let value = page.evaluate(expression).await?;
        let value = value.as_str().unwrap_or_default();
        Ok(value.contains(expected).then_some(()))
    })
    .await;
    match waited {
        Ok(()) => Ok(()),
        Err(error) => Err(page.explained(error).await),
    }
}

async fn somebody_is_found_and_added(kind: Kind) -> Result<()> {
    let place = place(kind).await?;
    let alice = place.enters(ALICE).await?;
    open(&alice).await?;
    // With the keyboard alone.
    alice.type_text("builder").await?;
    alice.find("listbox", "People found").await?;
    alice.reads("2 people found").await?;
    for words in [
        ["Robert Builder", "bob the great", BOB],
        ["Carol Builder", "carol the great", CAROL],
    ] {
        let option = alice.find_with("option", words[0]).await?;
        for words in words {
            option.reads(words).await?;
        }
    }
    let first = alice.evaluate(CHOSEN).await?;
    alice.press("ArrowDown").await?;
    ensure!(alice.evaluate(CHOSEN).await? != first);
    alice.press("ArrowUp").await?;
    ensure!(alice.evaluate(CHOSEN).await? == first);
    alice.press("ArrowUp").await?;
    ensure!(alice.evaluate(CHOSEN).await? != first, "no way round");
    if !first.as_str().unwrap_or_default().contains("Carol") {
        alice.press("ArrowDown").await?;
        alice.press("ArrowUp").await?;
    } else {
        alice.press("ArrowDown").await?;
    }
    is(&alice, CHOSEN, "Carol").await?;
    alice.press("Enter").await?;
    alice.gone("listbox", "People found").await?;
    is(&alice, TYPED, CAROL).await?;
    alice.press("Enter").await?;
    alice.gone("dialog", "Add a contact").await?;
    alice.find("textbox", "Message").await?;
    alice.find_with("link", "Carol Builder").await?;

    // Whom one has already is somebody to write to: with the mouse, and in a tab that follows.
    let follower = place.beside(&alice).await?;
    follower.find_with("link", "Carol Builder").await?;
    for page in [&alice, &follower] {
        page.evaluate("location.hash = '#/'").await?;
        page.gone("textbox", "Message").await?;
        open(page).await?;
        page.find("combobox", FIELD)
            .await?
            .fill("carol builder")
            .await?;
        page.find_with("option", CAROL).await?.click().await?;
        page.gone("dialog", "Add a contact").await?;
        page.find("textbox", "Message").await?;
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
    }
    Ok(())
}

#[test]
fn somebody_is_found_and_added_on_prosody() {
    run(somebody_is_found_and_added(Kind::Prosody));
}

#[test]
fn somebody_is_found_and_added_on_ejabberd() {
    run(somebody_is_found_and_added(Kind::Ejabberd));
}

#[test]
fn a_search_says_how_it_goes() {
    run(async {
        let mut place = place(Kind::Prosody).await?;
        let alice = place.visitor().await?;
        alice
            .before_scripts(
                "globalThis.held = [];\
                 const send = WebSocket.prototype.send;\
                 WebSocket.prototype.send = function (text) {\
                   const send_it = () => send.call(this, text);\
                   if (globalThis.hold && text.includes('jabber:iq:search')) held.push(send_it);\
                   else send_it();\
                 };",
            )
            .await?;
        alice.reload().await?;
        crate::sign_in(&alice, ALICE, "alice").await?;
        alice.find("list", "Conversations").await?;
        open(&alice).await?;
        let dialog = alice.find("dialog", "Add a contact").await?;
        let field = alice.find("combobox", FIELD).await?;
        // The server takes its time.
        alice.evaluate("hold = true").await?;
        field.fill("nobody & nothing").await?;
        dialog.reads("Searching…").await?;
        alice
            .evaluate("hold = false; held.splice(0).forEach(send => send()); 0")
            .await?;
        dialog
            .reads("Your server knows nobody called “nobody & nothing”.")
            .await?;
        // An address is no name, and one letter is none yet.
        for typed in [BOB, "b"] {
            field.fill(typed).await?;
            until("nothing is said", || async {
                let text = dialog.text().await?;
                let said = text.contains("Your server") || text.contains("found");
                Ok((!said).then_some(()))
            })
            .await?;
        }
        alice.find("button", "Add").await?.click().await?;
        dialog.reads("That isn't a whole address.").await?;
        // Whoever is in a hurry needn't wait for the list.
        field.fill("robert").await?;
        alice.press("Enter").await?;
        alice.find_with("option", "Robert Builder").await?;
        ensure!(!dialog.text().await?.contains("whole address"));
        place.server.stop();
        alice.reads("Connection lost. Reconnecting.").await?;
        field.fill("carol").await?;
        dialog
            .reads("There is no connection. Try again when you are connected.")
            .await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

#[test]
fn without_a_directory_only_an_address_will_do() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        alice.find("button", "Add a contact").await?.click().await?;
        let field = alice.find("textbox", FIELD).await?;
        field.fill("bob").await?;
        alice.press("Enter").await?;
        let dialog = alice.find("dialog", "Add a contact").await?;
        dialog.reads("That isn't a whole address.").await?;
        ensure!(!dialog.text().await?.contains("Or type a name"));
        alice.find("textbox", FIELD).await?;
        Ok(())
    });
}
