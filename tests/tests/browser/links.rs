//! `xmpp:` links: sent to others, followed, pasted, and opened from elsewhere.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until};
use serde_json::json;

use crate::texts::{self, to_alice};
use crate::{ALICE, BOB, Place, add, count, options, profile, reads, say, settings, sign_in};

const CAROL: &str = "carol@example.test";
const OPEN: &str = "Open xmpp: links with Couplet";

async fn place() -> Result<Place> {
    Place::with(options(Kind::Prosody).account("carol", "carol")).await
}

/// The dialog, filled in and waiting.
async fn offers_to_add(page: &Page, address: &str, name: &str) -> Result<()> {
    page.find("dialog", "Add a contact").await?;
    let field = page.find("textbox", "XMPP address").await?;
    field.has(address).await?;
    page.find("textbox", "Name").await?.has(name).await
}

async fn follow(page: &Page, link: &str) -> Result<()> {
    page.find("link", link).await?.click().await
}

/// Has a page that is loaded from now on tell in `asked` what it asks of the browser.
async fn watch_handlers(page: &Page, answer: &str) -> Result<()> {
    page.before_scripts(&format!(
        "globalThis.asked = [];\
         Navigator.prototype.registerProtocolHandler = (...all) => {{ asked.push(all); {answer} }};"
    ))
    .await
}

#[test]
fn a_contact_is_sent_to_others() {
    run(async {
        let place = place().await?;
        let (alice, bob) = place.friends().await?;
        let carol = place.enters(CAROL).await?;
        profile::open(&alice).await?;
        let name = alice.find("textbox", "Your name").await?;
        name.fill("Alice & Co.").await?;
        alice.find("button", "Save").await?.click().await?;
        bob.find_with("link", "Alice & Co.").await?;
        // What bob calls her is his own business.
        bob.find("button", "Contact details").await?.click().await?;
        bob.reads("there").await?;
        bob.find("button", "Name and groups").await?.click().await?;
        bob.find("textbox", "Name").await?.fill("Nuisance").await?;
        bob.find("button", "Save").await?.click().await?;
        bob.find_with("link", "Nuisance").await?;

        bob.find("button", "Share contact").await?.click().await?;
        bob.find("button", "Send in a conversation")
            .await?
            .click()
            .await?;
        let dialog = bob.find("dialog", "Send the address of Nuisance").await?;
        let field = bob.find("combobox", "Name or address").await?;
        field.fill(ALICE).await?;
        dialog.reads("Nobody goes by").await?;
        field.fill(CAROL).await?;
        bob.find_with("option", CAROL).await?;
        bob.press("Enter").await?;
        bob.gone("dialog", "Send the address of Nuisance").await?;
        // Where it stands above others' words it is whose it is, and what it leads to.
        let link = "Alice & Co. Contact · alice@example.test";
        bob.find("link", link).await?;
        bob.find_with("link", "Contact: Alice & Co.").await?;

        carol.find_with("link", "bob").await?.click().await?;
        follow(&carol, link).await?;
        offers_to_add(&carol, ALICE, "Alice & Co.").await?;
        // Nobody is asked for anything before carol says so.
        carol.press("Escape").await?;
        carol.gone("dialog", "Add a contact").await?;
        carol.find("textbox", "Message").await?;
        ensure!(!alice.text().await?.contains("carol"));
        follow(&carol, link).await?;
        offers_to_add(&carol, ALICE, "Alice & Co.").await?;
        carol.find("button", "Add").await?.click().await?;
        carol.gone("dialog", "Add a contact").await?;
        alice.find("button", "Accept carol").await?;
        alice
            .reads("If you accept, they see when you are online")
            .await?;
        // Whom one has is there to be talked with.
        carol.find_with("link", "bob").await?.click().await?;
        follow(&carol, link).await?;
        carol.reads("Say hello to Alice & Co.").await?;
        let errors = [alice.errors(), bob.errors(), carol.errors()].concat();
        ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    });
}

#[test]
fn a_contact_goes_out_in_clear_only_after_a_question() {
    run(async {
        let place = place().await?;
        let (alice, _bob) = place.friends().await?;
        add(&alice, CAROL).await?;
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        bob.send(&to_alice("e1", texts::SEALED)).await?;
        alice.find_with("link", "Encrypted with").await?;
        let share = async || -> Result<()> {
            alice.find_with("link", "carol").await?.click().await?;
            alice.find("heading", "carol").await?;
            alice
                .find("button", "Contact details")
                .await?
                .click()
                .await?;
            alice.find("button", "Share contact").await?.click().await?;
            alice
                .find("button", "Send in a conversation")
                .await?
                .click()
                .await?;
            let field = alice.find("combobox", "Name or address").await?;
            field.fill(BOB).await?;
            alice.find_with("option", BOB).await?;
            alice.press("Enter").await?;
            alice.find("dialog", texts::QUESTION).await?;
            Ok(())
        };
        share().await?;
        alice.find("button", "Cancel").await?.click().await?;
        alice.gone("dialog", texts::QUESTION).await?;
        ensure!(
            !alice.text().await?.contains("Contact: carol"),
            "it was sent"
        );
        share().await?;
        alice
            .find("button", "Send unencrypted")
            .await?
            .click()
            .await?;
        alice.find_with("link", "Contact: carol").await?;
        Ok(())
    });
}

#[test]
fn what_was_copied_can_be_added() {
    run(async {
        let place = place().await?;
        let alice = place.enters(ALICE).await?;
        alice.find("button", "Add a contact").await?.click().await?;
        let dialog = alice.find("dialog", "Add a contact").await?;
        let field = alice.find("textbox", "XMPP address").await?;
        for (typed, error) in [
            (
                "xmpp:bob%zz@example.test",
                "There is no address in that link.",
            ),
            (
                "xmpp:example.test?roster",
                "There is no address in that link.",
            ),
            ("bob", "That isn't a whole address."),
            (
                "xmpp:alice@example.test?roster",
                "That is your own address.",
            ),
        ] {
            field.fill(typed).await?;
            alice.press("Enter").await?;
            dialog.reads(error).await?;
        }
        field.fill("  xmpp:tea@rooms.example.test?join ").await?;
        alice.press("Enter").await?;
        alice.find("dialog", "Join a room").await?;
        let room = alice.find("textbox", "Address of the room").await?;
        room.has("tea@rooms.example.test").await?;
        alice.press("Escape").await?;
        alice.gone("dialog", "Join a room").await?;
        for (link, shown) in [
            ("  xmpp:bob%40example.test?roster;name=Bob%20B. ", "Bob B."),
            ("XMPP:carol@example.test", "carol"),
        ] {
            add(&alice, link).await?;
            alice.reads(&format!("Say hello to {shown}")).await?;
            alice.find_with("link", shown).await?;
        }
        Ok(())
    });
}

#[test]
fn a_link_fills_in_what_it_is_for() {
    run(async {
        let place = place().await?;
        let (alice, bob) = place.friends().await?;
        let links = [
            "xmpp:carol@example.test?subscribe",
            "xmpp:carol@example.test?message;body=Hello%20there%0AYou%E2%80%AE",
            "xmpp:bob@example.test?roster",
            "xmpp:tea@rooms.example.test?join",
        ];
        say(&bob, &links.join(" ")).await?;
        reads(&alice, links[3]).await?;
        follow(&alice, links[0]).await?;
        offers_to_add(&alice, CAROL, "").await?;
        alice.press("Escape").await?;
        alice.gone("dialog", "Add a contact").await?;
        follow(&alice, links[3]).await?;
        alice.find("dialog", "Join a room").await?;
        alice.press("Escape").await?;
        alice.gone("dialog", "Join a room").await?;
        follow(&alice, links[2]).await?;
        reads(&alice, links[3]).await?;
        // It isn't sent, and following it again adds nothing.
        for _ in 0..2 {
            follow(&alice, links[1]).await?;
            alice.reads("Say hello to carol.").await?;
            let field = alice.find("textbox", "Message").await?;
            field.has("Hello there\nYou").await?;
            ensure!(count(&alice, "Hello there").await? == 0, "it was sent");
            alice.find_with("link", "bob").await?.click().await?;
            reads(&alice, links[3]).await?;
        }
        // What is being written stays.
        follow(&alice, links[1]).await?;
        alice.reads("Say hello to carol.").await?;
        alice
            .find("textbox", "Message")
            .await?
            .fill("Dear carol")
            .await?;
        alice.find_with("link", "bob").await?.click().await?;
        follow(&alice, links[1]).await?;
        alice.reads("Say hello to carol.").await?;
        let field = alice.find("textbox", "Message").await?;
        field.has("Dear carol\nHello there\nYou").await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

#[test]
fn links_of_other_pages_open_here() {
    run(async {
        let place = place().await?;
        let alice = place.visitor().await?;
        watch_handlers(&alice, "").await?;
        alice.reload().await?;
        sign_in(&alice, ALICE, "alice").await?;
        alice.find("list", "Conversations").await?;
        settings::open(&alice, "Account").await?;
        let open = alice.find("button", OPEN).await?;
        ensure!(alice.evaluate("asked").await? == json!([]), "unasked");
        open.click().await?;
        let page = place.proxy.page("localhost");
        let url = format!("{}/#/open/%s", page.trim_end_matches('/'));
        until("a question of the browser", || async {
            let asked = alice.evaluate("asked").await?;
            Ok((asked == json!([["xmpp", url, "Couplet"]])).then_some(()))
        })
        .await?;

        // The browser puts the link where it was told to.
        let opened = |link: &str| {
            let encoded = format!("encodeURIComponent({link:?})");
            format!("history.replaceState(null, '', {url:?}.replace('%s', {encoded}))")
        };
        let bob = "xmpp:bob@example.test?roster;name=Bob%20B.";
        alice.evaluate(&opened(bob)).await?;
        alice.reload().await?;
        offers_to_add(&alice, BOB, "Bob B.").await?;
        alice.press("Escape").await?;
        alice.gone("dialog", "Add a contact").await?;
        alice.evaluate(&opened("xmpp:script<>")).await?;
        alice.reload().await?;
        alice.reads("There is no address in that link.").await?;

        // Whoever isn't signed in goes on there after that.
        let carol = place.visitor().await?;
        carol.evaluate(&opened(bob)).await?;
        carol.reload().await?;
        sign_in(&carol, CAROL, "wrong").await?;
        carol.reads("Wrong address or password").await?;
        sign_in(&carol, CAROL, "carol").await?;
        offers_to_add(&carol, BOB, "Bob B.").await?;
        ensure!(carol.evaluate("location.hash").await? == "#/");
        carol.press("Escape").await?;
        carol.gone("dialog", "Add a contact").await?;
        carol.reload().await?;
        carol.find("list", "Conversations").await?;
        carol.gone("dialog", "Add a contact").await
    });
}

#[test]
fn a_browser_that_opens_no_links_is_said_to() {
    run(async {
        let place = place().await?;
        let alice = place.visitor().await?;
        watch_handlers(&alice, "throw new DOMException('', 'SecurityError')").await?;
        alice.reload().await?;
        sign_in(&alice, ALICE, "alice").await?;
        alice.find("list", "Conversations").await?;
        settings::open(&alice, "Account").await?;
        alice.find("button", OPEN).await?.click().await?;
        alice
            .reads("Your browser doesn't let this page open links.")
            .await?;
        alice
            .before_scripts("delete Navigator.prototype.registerProtocolHandler")
            .await?;
        alice.reload().await?;
        alice.find("button", "Change password").await?;
        alice.gone("button", OPEN).await
    });
}
