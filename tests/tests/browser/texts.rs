//! What a text looks like: marks, actions, spoilers, links.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until};

use crate::changes::choose;
use crate::files;
use crate::{ALICE, BOB, Place, archive_read, count, listen_in, reads, say};

/// Before something goes out in clear.
pub(crate) const QUESTION: &str = "Answer without encryption?";

/// What only another client can read (XEP-0384, XEP-0380).
pub(crate) const SEALED: &str = "<encrypted xmlns='eu.siacs.conversations.axolotl'>\
    <header sid='1'/><payload>AAAA</payload></encrypted>\
    <encryption xmlns='urn:xmpp:eme:0' name='OMEMO' namespace='eu.siacs.conversations.axolotl'/>\
    <store xmlns='urn:xmpp:hints'/>";

/// What an expression about the last message's body is.
async fn in_body(page: &Page, expression: &str) -> Result<serde_json::Value> {
    let body = "[...document.querySelectorAll('[role=log] .message__body')].at(-1)";
    page.evaluate(&format!("(body => {expression})({body})"))
        .await
}

#[test]
fn marks_are_seen_as_what_they_mean_while_one_writes_and_reads() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        let text = "*Bold* _calm_ ~gone~ `code` and 2 * 3";
        alice.find("textbox", "Message").await?.fill(text).await?;
        until("a preview", || async {
            let bold = "document.querySelector('.composer__preview strong')?.innerText ?? ''";
            Ok((alice.evaluate(bold).await? == "*Bold*").then_some(()))
        })
        .await?;
        alice.press("Enter").await?;
        for page in [&alice, &bob] {
            reads(page, "2 * 3").await?;
            let kinds =
                "[...body.querySelectorAll('strong,em,s,code')].map(e => e.localName).join()";
            ensure!(in_body(page, kinds).await? == "strong,em,s,code");
        }
        ensure!(
            alice
                .evaluate("document.querySelector('.composer__preview')")
                .await?
                .is_null(),
            "the preview goes with the text"
        );
        let mut raw = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let blocks =
            "<body>&gt;&gt; That that is\n&gt; is\nWho?\n```rust\nlet *x* = 1;\n```</body>";
        raw.send(&to_alice("b1", blocks)).await?;
        reads(&alice, "let *x* = 1;").await?;
        let nested = "body.querySelector('blockquote blockquote').innerText";
        ensure!(in_body(&alice, nested).await? == "That that is");
        ensure!(in_body(&alice, "body.querySelector('pre').innerText").await? == "let *x* = 1;");
        let plain = "<body>*as it is*</body><unstyled xmlns='urn:xmpp:styling:0'/>";
        raw.send(&to_alice("b2", plain)).await?;
        reads(&alice, "*as it is*").await?;
        ensure!(
            in_body(&alice, "body.querySelector('strong')")
                .await?
                .is_null()
        );
        Ok(())
    });
}

pub(crate) fn to_alice(id: &str, inner: &str) -> String {
    format!("<message xmlns='jabber:client' to='{ALICE}' type='chat' id='{id}'>{inner}</message>")
}

#[test]
fn an_action_has_its_actor() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice
            .find("textbox", "Message")
            .await?
            .fill("/me shrugs in disgust")
            .await?;
        alice.press("Enter").await?;
        for page in [&alice, &bob] {
            reads(page, "alice shrugs in disgust").await?;
            ensure!(count(page, "/me").await? == 0);
        }
        bob.find_with("link", "alice shrugs in disgust").await?;
        Ok(())
    });
}

/// Writes a spoiler.
pub(crate) async fn hide(page: &Page, hint: &str, text: &str) -> Result<()> {
    page.find("button", "More").await?.click().await?;
    page.find("menuitem", "Hide as a spoiler")
        .await?
        .click()
        .await?;
    page.find("textbox", "Hint").await?.fill(hint).await?;
    page.find("textbox", "Message").await?.fill(text).await?;
    page.press("Enter").await?;
    page.gone("textbox", "Hint").await
}

#[test]
fn a_spoiler_is_hidden_until_it_is_pressed() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        hide(&alice, "The ending", "They all live").await?;
        reads(&bob, "Spoiler: The ending").await?;
        ensure!(!bob.text().await?.contains("They all live"));
        let hidden = "document.querySelector('.spoiler').open";
        ensure!(bob.evaluate(hidden).await? == false);
        bob.evaluate("document.querySelector('.spoiler summary').focus()")
            .await?;
        bob.press("Enter").await?;
        reads(&bob, "They all live").await
    });
}

#[test]
fn links_lead_where_they_may() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        let text = "https://a.example/b geo:48.2,16.4 mailto:a@b.example tel:+431 \
                    xmpp:carol@example.test?message xmpp:tea@rooms.example.test?join \
                    javascript:alert(1) data:text/html,x";
        say(&bob, text).await?;
        reads(&alice, "data:text/html").await?;
        let all = "[...body.querySelectorAll('a')].map(a => a.getAttribute('href')).join(' ')";
        ensure!(
            in_body(&alice, all).await?
                == "https://a.example/b geo:48.2,16.4 mailto:a@b.example tel:+431 \
                    #/chat/carol@example.test #/open/xmpp:tea@rooms.example.test%3Fjoin"
        );
        let away = "[...body.querySelectorAll('a[target]')].every(a => a.relList.contains('noopener') \
                    && a.relList.contains('noreferrer'))";
        ensure!(in_body(&alice, away).await? == true);
        alice
            .find("link", "xmpp:tea@rooms.example.test?join")
            .await?
            .click()
            .await?;
        alice.find_with("dialog", "oin").await?;
        alice.press("Escape").await?;
        alice
            .find("link", "xmpp:carol@example.test?message")
            .await?
            .click()
            .await?;
        alice.reads("Say hello to carol.").await
    });
}

#[test]
fn what_is_encrypted_says_so_and_is_not_answered_in_clear_unasked() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        let mut raw = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        raw.send(&to_alice("e1", SEALED)).await?;
        let label = "Encrypted with OMEMO. Couplet can't read it yet.";
        reads(&alice, label).await?;
        alice.find_with("link", label).await?;
        let field = alice.find("textbox", "Message").await?;
        field.fill("In clear").await?;
        alice.press("Enter").await?;
        alice.find("dialog", QUESTION).await?;
        alice.find("button", "Cancel").await?.click().await?;
        alice.gone("dialog", QUESTION).await?;
        ensure!(count(&alice, "In clear").await? == 0, "it was sent");
        alice
            .find("textbox", "Message")
            .await?
            .has("In clear")
            .await?;
        alice.find("button", "Send").await?.click().await?;
        alice
            .find("button", "Send unencrypted")
            .await?
            .click()
            .await?;
        reads(&alice, "In clear").await?;
        alice.find("textbox", "Message").await?.has("").await?;
        // Once is enough.
        say(&alice, "And again").await
    });
}

#[test]
fn no_answer_of_any_kind_goes_out_in_clear_unasked() {
    run(async {
        let (place, alice, bob) = files::place().await?;
        say(&alice, "First thought").await?;
        reads(&bob, "First thought").await?;
        let mut raw = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let sealed = "<body>Sealed</body><encryption xmlns='urn:xmpp:eme:0' \
                      namespace='urn:xmpp:openpgp:0'/>";
        raw.send(&to_alice("e1", sealed)).await?;
        reads(&alice, "Sealed").await?;
        reads(&alice, "Encrypted with OpenPGP for XMPP").await?;
        let asked_and_declined = async || {
            alice.find("dialog", QUESTION).await?;
            alice.find("button", "Cancel").await?.click().await?;
            alice.gone("dialog", QUESTION).await
        };
        choose(&alice, "menuitemcheckbox", "👍").await?;
        asked_and_declined().await?;
        alice.find("textbox", "Message").await?.click().await?;
        alice.press("ArrowUp").await?;
        alice.reads("Editing your message").await?;
        alice.type_text(" and second").await?;
        alice.press("Enter").await?;
        asked_and_declined().await?;
        alice.find("button", "Stop editing").await?.click().await?;
        files::drop_text(&alice, "open.txt", 10).await?;
        alice.find("button", "Remove open.txt").await?;
        alice.find("button", "Send").await?.click().await?;
        asked_and_declined().await?;
        alice
            .find("button", "Remove open.txt")
            .await?
            .click()
            .await?;
        alice
            .find("button", "Record a voice message")
            .await?
            .click()
            .await?;
        asked_and_declined().await?;
        // Whoever agrees gets what they wanted, and nothing else.
        alice
            .find("button", "Record a voice message")
            .await?
            .click()
            .await?;
        alice
            .find("button", "Send unencrypted")
            .await?
            .click()
            .await?;
        alice
            .find("button", "Discard the recording")
            .await?
            .click()
            .await?;
        say(&bob, "The end").await?;
        reads(&alice, "The end").await?;
        for page in [&alice, &bob] {
            for words in ["and second", "open.txt", "👍"] {
                ensure!(count(page, words).await? == 0, "{words:?} was sent");
            }
        }
        Ok(())
    });
}

#[test]
fn everything_known_of_a_message_can_be_looked_at() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&bob, "Where is this from?").await?;
        reads(&alice, "from?").await?;
        choose(&alice, "menuitem", "Details").await?;
        let details = alice.find("dialog", "About this message").await?;
        for fact in [
            "bob@example.test/",
            "Id in the archive",
            "Received here",
            "Encryption",
        ] {
            details.reads(fact).await?;
        }
        alice
            .evaluate("document.querySelector('.facts__source summary').click()")
            .await?;
        details.reads("<body").await?;
        alice.press("Escape").await?;
        alice.gone("dialog", "About this message").await?;
        choose(&bob, "menuitem", "Details").await?;
        let details = bob.find("dialog", "About this message").await?;
        details.reads("Read").await?;
        bob.evaluate("document.querySelector('.facts__source summary').click()")
            .await?;
        details.reads("<markable").await
    });
}

/// Reads in the archive what the first message came in, which says this. Nothing of it is here.
async fn read_original(page: &Page, text: &str) -> Result<()> {
    page.find("textbox", "Message").await?;
    until("the first message's menu", || async {
        let first = "document.querySelector('.message__actions button[aria-haspopup]')";
        let open = format!("{first}?.click(); Boolean({first})");
        Ok((page.evaluate(&open).await? == true).then_some(()))
    })
    .await?;
    page.find("menuitem", "Details").await?.click().await?;
    let details = page.find("dialog", "About this message").await?;
    page.find("button", "Read the XML from the archive")
        .await?
        .click()
        .await?;
    details.reads(&format!("<body>{text}</body>")).await?;
    page.press("Escape").await?;
    page.gone("dialog", "About this message").await
}

/// After a reload, and in a tab that follows.
async fn original_is_in_the_archive(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    say(&bob, "Where is this from?").await?;
    reads(&alice, "Where is this from?").await?;
    bob.find("image", "Read").await?;
    for page in [&alice, &bob] {
        listen_in(page).await?;
        // What has just come is read once more, and known then.
        page.reload().await?;
        archive_read(page, 1).await?;
        page.reload().await?;
        archive_read(page, 1).await?;
        read_original(page, "Where is this from?").await?;
    }
    let follower = place.beside(&alice).await?;
    follower.find_with("link", "bob").await?.click().await?;
    read_original(&follower, "Where is this from?").await
}

#[test]
fn what_a_message_came_in_is_read_from_the_archive_prosody() {
    run(original_is_in_the_archive(Kind::Prosody));
}

#[test]
fn what_a_message_came_in_is_read_from_the_archive_ejabberd() {
    run(original_is_in_the_archive(Kind::Ejabberd));
}
