//! What can go wrong, and that the page says so in words a person understands.

use anyhow::{Result, ensure};
use couplet_servers::{Certificate, Kind, ServerOptions};
use couplet_tests::raw::Raw;
use couplet_tests::run;

use crate::{ALICE, BOB, Place, options, reads, sign_in};

#[test]
fn a_wrong_password() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.visitor().await?;
        sign_in(&page, ALICE, "mallory").await?;
        page.reads("Wrong address or password").await?;
        // And a second try with the right one works.
        sign_in(&page, ALICE, "alice").await?;
        page.find("list", "Conversations").await?;
        Ok(())
    });
}

#[test]
fn an_unknown_host() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.visitor().await?;
        sign_in(&page, "alice@elsewhere.test", "alice").await?;
        page.reads("This site doesn't connect to elsewhere.test")
            .await?;
        page.reads("example.test").await
    });
}

/// The browser's tables of Unicode do the mapping (see `web-client/unicode`).
#[test]
fn an_unknown_host_in_another_script() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.visitor().await?;
        for (typed, host) in [
            ("alice@BU\u{308}CHER.example", "b\u{fc}cher.example"),
            ("alice@日本語.ＪＰ", "日本語.jp"),
            ("ЖОРЖ@почта.рф", "почта.рф"),
        ] {
            sign_in(&page, typed, "alice").await?;
            page.reads(&format!("This site doesn't connect to {host}"))
                .await?;
        }
        for nonsense in [
            "alice@\u{301}x.example",
            "alice@xn--.example",
            "\u{202e}@x.example",
        ] {
            sign_in(&page, nonsense, "alice").await?;
            page.reads("That isn't a whole address.").await?;
        }
        Ok(())
    });
}

#[test]
fn what_is_no_address() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.visitor().await?;
        sign_in(&page, "@@", "alice").await?;
        page.reads("That isn't a whole address.").await
    });
}

#[test]
fn a_server_that_is_down() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        place.server.stop();
        let page = place.visitor().await?;
        sign_in(&page, ALICE, "alice").await?;
        page.reads("The chat server doesn't answer").await
    });
}

#[test]
fn a_proxy_that_is_down() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let page = place.visitor().await?;
        page.find("button", "Sign in").await?;
        place.proxy.kill().await?;
        sign_in(&page, ALICE, "alice").await?;
        page.reads("This site can't be reached").await
    });
}

#[test]
fn a_backend_certificate_that_is_not_trusted() {
    run(async {
        let certificate = Certificate::UnknownIssuer;
        let options = ServerOptions {
            certificate,
            ..options(Kind::Prosody)
        };
        let place = Place::with(options).await?;
        let page = place.visitor().await?;
        sign_in(&page, ALICE, "alice").await?;
        page.reads("The chat server couldn't prove who it is").await
    });
}

#[test]
fn a_page_that_is_not_a_secure_context() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place
            .browser
            .open(&place.proxy.page("chat.example.test"))
            .await?;
        ensure!(page.evaluate("isSecureContext").await? == false);
        page.reads("This page isn't secure").await?;
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
        Ok(())
    });
}

#[test]
fn a_malformed_stanza_is_lived_through() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let message = |inner: &str| {
            format!("<message xmlns='jabber:client' to='{ALICE}' type='chat'>{inner}</message>")
        };
        bob.send(&message(
            "<body>x</body><thread>1</thread><thread>2</thread>",
        ))
        .await?;
        bob.send(&message("<body>a good one</body>")).await?;
        alice.find_with("link", "bob").await?.click().await?;
        reads(&alice, "a good one").await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

/// Whatever is in a message, it is text.
#[test]
fn a_hostile_message_is_text() {
    run(hostile_text());
}

async fn hostile_text() -> Result<()> {
    let place = Place::new(Kind::Prosody).await?;
    let alice = place.enters(ALICE).await?;
    let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
    let words = "<img src=x onerror=\"document.title='owned'\"> javascript:alert(1) done";
    let escaped = words.replace('<', "&lt;").replace('>', "&gt;");
    bob.send(&format!(
        "<message xmlns='jabber:client' to='{ALICE}' type='chat'><body>{escaped}</body></message>"
    ))
    .await?;
    alice.find_with("link", "bob").await?.click().await?;
    reads(&alice, words).await?;
    let links = alice
        .evaluate("document.querySelectorAll('[href^=javascript]').length")
        .await?;
    ensure!(links == 0);
    ensure!(alice.evaluate("document.title").await? != "owned");
    ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
    Ok(())
}

#[test]
fn a_page_that_breaks_says_so() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.visitor().await?;
        page.find("button", "Sign in").await?;
        // A module of one function that traps, which is how a panic ends.
        page.evaluate(
            "setTimeout(new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([
                0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0,
                7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11]))).exports.f) && 0",
        )
        .await?;
        page.reads("Something in this page broke").await?;
        page.find("link", "Load again").await?.click().await?;
        page.gone("link", "Load again").await?;
        page.find("button", "Sign in").await?;
        Ok(())
    });
}
