//! Messages that are meant to do harm: nothing is executed, what is around them stays as it was,
//! and nobody waits for them.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until};

use crate::{ALICE, BOB, Place, reads};

/// So many milliseconds of work a task may be.
const LONG: f64 = 100.0;

/// Has alice read `body` from bob, between two others, and looks at what came of it.
async fn suffers(body: String) -> Result<()> {
    let place = Place::new(Kind::Prosody).await?;
    let (alice, bob) = place.friends().await?;
    drop(bob);
    let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
    alice
        .evaluate("alert = () => { executed = true; }; executed = false;")
        .await?;
    say(&mut bob, "before", "before.").await?;
    reads(&alice, "before.").await?;
    let longest = alice
        .longest_task(async {
            say(&mut bob, "it", &body).await?;
            say(&mut bob, "after", "after.").await?;
            reads(&alice, "after.").await
        })
        .await?;
    ensure!(alice.evaluate("executed").await? == false, "a script ran");
    ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
    keeps_its_place(&alice).await?;
    ensure!(longest <= LONG, "a task took {longest} ms");
    Ok(())
}

async fn say(bob: &mut Raw, id: &str, body: &str) -> Result<()> {
    let body = body.replace('&', "&amp;").replace('<', "&lt;");
    let message = format!(
        "<message xmlns='jabber:client' to='{ALICE}' type='chat' id='{id}'>\
         <body>{body}</body></message>"
    );
    bob.send(&message).await
}

/// The page doesn't grow sideways, and no message lies over another.
async fn keeps_its_place(page: &Page) -> Result<()> {
    until("everything in its place", || async {
        let orderly = "(() => {
            const rows = [...document.querySelectorAll('[role=log] article')];
            const boxes = rows.map(row => row.getBoundingClientRect());
            const apart = boxes.every((box, place) =>
                place === 0 || box.top >= boxes[place - 1].bottom - 1);
            const log = document.querySelector('[role=log]');
            return apart && log.scrollWidth <= log.clientWidth
                && document.documentElement.scrollWidth <= innerWidth;
        })()";
        Ok((page.evaluate(orderly).await? == true).then_some(()))
    })
    .await
}

#[test]
fn combining_characters_pile_up_over_nobody() {
    run(suffers(["a", &"\u{301}\u{489}".repeat(16_384)].concat()));
}

#[test]
fn bidirectional_overrides_turn_nothing_else_around() {
    run(suffers(
        "\u{202e}gnp.exe\u{2066}\u{2067}\u{202d}".repeat(2_000),
    ));
}

#[test]
fn ten_thousand_links_are_no_wait() {
    run(suffers("https://example.org/a ".repeat(10_000)));
}

#[test]
fn ten_thousand_marks_are_no_wait() {
    run(suffers("*a* _b_ ~c~ `d` ".repeat(10_000)));
}

#[test]
fn ten_thousand_quotations_are_no_wait() {
    run(suffers(">".repeat(60_000) + &"\n> a\n>> b".repeat(5_000)));
}

#[test]
fn a_word_without_an_end_is_no_wait() {
    run(suffers("x".repeat(200_000)));
}

#[test]
fn urls_of_scripts_and_html_are_text() {
    run(async {
        let body = "javascript:alert(1) JAVASCRIPT:alert(1) data:text/html,<script>alert(1)</script> \
                    vbscript:x <img src=x onerror=alert(1)> <script>alert(1)</script> \
                    https://a.example/\"onmouseover=\"alert(1) &lt;b&gt; xmpp:\"><script>@x";
        suffers(body.to_owned()).await
    });
}
