//! What the chat on other sites' pages can be besides a guest's bubble, and what it leaves alone.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use couplet_tests::browser::Page;
use couplet_tests::site::Site;
use couplet_tests::{run, until};
use serde_json::{Value, json};

use crate::rooms::ask;
use crate::widget::{HOST, Web, begin, open, told};
use crate::{ALICE, BOB, reads, say, sign_in};

/// Waits until these words can be read in the only frame, which is in the page's own process.
async fn frame_reads(page: &Page, words: &str) -> Result<()> {
    until(&format!("{words:?} in the frame"), || async {
        let text = page.in_frame("document.body.innerText").await;
        let reads = |text: Value| text.as_str().is_some_and(|text| text.contains(words));
        Ok(text.is_ok_and(reads).then_some(()))
    })
    .await
}

#[test]
fn the_whole_messenger_is_in_a_page_for_whoever_signs_in_there() {
    run(async {
        let web = Web::new().await?;
        let bob = web.place.enters(BOB).await?;
        web.put(&[], &web.snippet("mode=\"full\" open"));
        let page = web.visitor().await?;
        let chat = page.frame("embed.html").await?;
        sign_in(&chat, ALICE, "alice").await?;
        let room = format!("lounge@{}", web.place.server.rooms_domain());
        ask(&chat, &room, "Alice").await?;
        say(&chat, "From the page").await?;
        ask(&bob, &room, "Bob").await?;
        reads(&bob, "From the page").await?;
        // The page is told that something was said, and not what.
        told(&page, &json!({ "type": "ready" })).await?;
        ensure!(
            !page
                .evaluate("JSON.stringify(told)")
                .await?
                .to_string()
                .contains("From the page")
        );
        // They are still there when the page is loaded anew.
        page.reload().await?;
        let chat = page.frame("embed.html").await?;
        chat.find_with("link", "Lounge").await?.click().await?;
        reads(&chat, "From the page").await
    });
}

/// Signs in as bob in such a frame, once there is a form.
const SIGN_IN: &str = "(() => {
    const fields = document.querySelectorAll('.sign-in input');
    if (fields.length < 2) return false;
    ['bob@example.test', 'bob'].forEach((text, at) => {
        fields[at].value = text;
        fields[at].dispatchEvent(new Event('input', { bubbles: true }));
    });
    document.querySelector('.sign-in [type=submit]').click();
    return true;
})()";

#[test]
fn who_has_signed_in_to_the_messenger_has_not_on_a_page_nor_the_other_way_round() {
    run(async {
        let web = Web::new().await?;
        web.put(&[], &web.snippet("mode=\"full\" open"));
        let alice = web.place.enters(ALICE).await?;
        // The same site, for which the browser keeps nothing apart.
        let (browser, site) = (&web.place.browser, web.site.origin("localhost"));
        let page = browser.open_beside(&alice, &site).await?;
        until("a form in the frame", || async {
            let signed_in = page.in_frame(SIGN_IN).await;
            Ok(signed_in.is_ok_and(|done| done == true).then_some(()))
        })
        .await?;
        frame_reads(&page, "Bob").await?;
        // Each is still themselves when both come back.
        page.reload().await?;
        alice.reload().await?;
        frame_reads(&page, "Bob").await?;
        alice.reads("Alice").await
    });
}

#[test]
fn somebody_with_an_account_talks_to_one_person() {
    run(async {
        let web = Web::new().await?;
        let bob = web.place.enters(BOB).await?;
        web.put(
            &[],
            &web.snippet(&format!("id=\"bob\" contact=\"{BOB}\" label=\"Bob\"")),
        );
        let page = web.visitor().await?;
        page.find("button", "Bob").await?.click().await?;
        let chat = page.frame("embed.html").await?;
        sign_in(&chat, ALICE, "alice").await?;
        say(&chat, "Do you mend umbrellas?").await?;
        bob.reads("Do you mend umbrellas?").await?;
        // What they have said themselves the page isn't told.
        let own = json!({ "type": "message", "own": true });
        told(&page, &own).await?;
        ensure!(page.evaluate("told.some(({ text }) => text)").await? == false);
        Ok(())
    });
}

#[test]
fn a_chat_that_is_preloaded_is_there_at_once_and_nobody_is_connected_before() {
    run(async {
        let web = Web::new().await?;
        let alice = web.alice_in("lounge").await?;
        let snippet = format!("preload nickname=\"Gwen\" {}", web.guest("lounge"));
        web.put(&[], &web.snippet(&snippet));
        let page = web.visitor().await?;
        told(&page, &json!({ "type": "ready" })).await?;
        let chat = page.frame("embed.html").await?;
        // Time for whoever would have come.
        say(&alice, "Anybody here?").await?;
        let leads = "navigator.locks.query().then(({ held }) => \
                     held.some(({ name }) => name.endsWith('\\ncouplet')))";
        ensure!(chat.evaluate(leads).await? == false);
        ensure!(!alice.text().await?.contains("2 people here"));
        ensure!(
            page.evaluate("document.activeElement === document.body")
                .await?
                == true
        );
        page.find("button", "Open the chat").await?.click().await?;
        chat.find("textbox", "Message").await?;
        ensure!(chat.evaluate(leads).await? == true);
        alice.reads("2 people here").await?;
        ensure!(page.evaluate("shifted").await? == "");
        Ok(())
    });
}

#[test]
fn what_the_page_wants_preloaded_later_is() {
    run(async {
        let web = Web::new().await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        page.find("button", "Open the chat").await?;
        page.evaluate("lounge.preload = true").await?;
        told(&page, &json!({ "type": "ready" })).await
    });
}

/// Keeps what moves within elements that let nobody look into them.
const MOVEMENTS: &str = "globalThis.movements = [];
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (options) {
        const root = attach.call(this, options);
        root.addEventListener('transitionrun', ({ target }) => movements.push(target.className));
        return root;
    };";

#[test]
fn a_closed_chat_is_not_seen_to_close_as_the_page_loads() {
    run(async {
        let web = Web::new().await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor_after(MOVEMENTS).await?;
        let button = page.find("button", "Open the chat").await?;
        page.frames().await?;
        let moved = page.evaluate("movements.join()").await?;
        ensure!(moved == "", "{moved}");
        // It is when somebody opens it.
        button.click().await?;
        until("a panel that opens", || async {
            let opens = "movements.includes('panel')";
            Ok((page.evaluate(opens).await? == true).then_some(()))
        })
        .await
    });
}

#[test]
fn on_paper_there_is_no_chat_and_no_hole() {
    run(async {
        let web = Web::new().await?;
        let style = "<style>couplet-chat { display: block; height: 600px }</style>";
        let inline = web.snippet(&format!("mode=\"inline\" {}", web.guest("lounge")));
        let bubble = web.snippet(&web.guest("garden"));
        web.put(&[], &format!("{style}{inline}{bubble}"));
        let page = web.visitor().await?;
        page.find("button", "Open the chat").await?;
        let height = "document.querySelector('main').offsetHeight";
        let on_screen = page.evaluate(height).await?.as_f64().context("a number")?;
        page.on_paper(true).await?;
        page.gone("button", "Open the chat").await?;
        let on_paper = page.evaluate(height).await?.as_f64().context("a number")?;
        ensure!(on_screen - on_paper >= 600.0, "{on_screen} and {on_paper}");
        page.reads("Since 1904.").await?;
        page.on_paper(false).await?;
        page.find("button", "Open the chat").await?.click().await?;
        begin(&page.frame("embed.html").await?, "Gwen").await
    });
}

#[test]
fn the_page_scrolls_as_it_did_and_the_chat_by_itself() {
    run(async {
        let web = Web::new().await?;
        let tall = "<style>main { height: 4000px }</style>";
        web.put(&[], &format!("{tall}{}", web.snippet(&web.guest("lounge"))));
        let page = web.visitor().await?;
        // As high as a small notebook's.
        page.resize(1280, 560).await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        for number in 0..12 {
            say(&chat, &format!("{number} umbrellas, please")).await?;
        }
        let top = async |page: &Page, element: &str| -> Result<f64> {
            let top = page.evaluate(&format!("{element}.scrollTop")).await?;
            top.as_f64().context("a number")
        };
        let (root, log) = (
            "document.documentElement",
            "document.querySelector('[role=log]')",
        );
        // Opening it and talking have moved nothing.
        ensure!(top(&page, root).await? == 0.0);
        let messages = chat.find("log", "Messages").await?;
        let before = top(&chat, log).await?;
        ensure!(before > 100.0, "{before}");
        messages.wheel(-100).await?;
        until("a scrolled chat", || async {
            Ok((top(&chat, log).await? < before).then_some(()))
        })
        .await?;
        ensure!(top(&page, root).await? == 0.0);
        // What has nothing to scroll doesn't keep the page from it.
        chat.find("heading", "Lounge").await?.wheel(300).await?;
        until("a scrolled page", || async {
            Ok((top(&page, root).await? > 0.0).then_some(()))
        })
        .await
    });
}

#[test]
fn two_sites_of_one_proxy_have_two_guests_who_share_nothing() {
    run(async {
        // Two ports are two origins of one site: the browser keeps nothing apart.
        let (site, other) = (Site::start().await?, Site::start().await?);
        let sites = [site.origin(HOST), other.origin(HOST)].join(",");
        let web = Web::with(site, &["--site", &sites]).await?;
        let alice = web.alice_in("lounge").await?;
        let snippet = web.snippet(&web.guest("lounge"));
        web.put(&[], &snippet);
        other.put(
            "/",
            &[],
            &format!("<!doctype html><title>Other</title>{snippet}"),
        );
        let first = web.visitor().await?;
        let chat = open(&first).await?;
        begin(&chat, "Gwen").await?;
        say(&chat, "One question").await?;

        let second = web
            .place
            .browser
            .open_beside(&first, &other.origin(HOST))
            .await?;
        second
            .find("button", "Open the chat")
            .await?
            .click()
            .await?;
        let frames = second.framed("embed.html", 2).await?;
        let theirs = "document.querySelector('#embedded-name') !== null";
        let mut asks = Vec::new();
        until("a question for a name", || async {
            for frame in &frames {
                if frame.evaluate(theirs).await? == true {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })
        .await?;
        for frame in &frames {
            if frame.evaluate(theirs).await? == true {
                asks.push(frame);
            }
        }
        let [chat] = asks[..] else {
            anyhow::bail!("{} of two ask for a name", asks.len())
        };
        begin(chat, "Owen").await?;
        alice.reads("3 people here").await?;
        ensure!(
            chat.evaluate("document.querySelector('.message--own')")
                .await?
                == Value::Null
        );
        Ok(())
    });
}

#[test]
fn the_guests_of_a_site_are_counted_for_the_site() {
    run(async {
        let site = Site::start().await?;
        let sites = [site.origin(HOST), site.origin("localhost")].join(",");
        let bound = "[[domain]]\nname = \"anon.example.test\"\nmax_sessions_per_origin = 1\n";
        let config = tempfile::NamedTempFile::new()?;
        fs::write(&config, bound)?;
        let config = config.path().to_str().context("a path")?;
        let web = Web::with(site, &["--site", &sites, "--config", config]).await?;
        let snippet = format!("nickname=\"Gwen\" {}", web.guest("lounge"));
        web.put(&[], &web.snippet(&snippet));
        let first = web.visitor().await?;
        open(&first).await?.find("textbox", "Message").await?;
        // A second one is one too many,
        let second = web.visitor().await?;
        open(&second)
            .await?
            .reads("From this website 1 are connected")
            .await?;
        // but not on another site, nor in the messenger.
        let elsewhere = web
            .place
            .browser
            .open(&web.site.origin("localhost"))
            .await?;
        elsewhere
            .find("button", "Open the chat")
            .await?
            .click()
            .await?;
        frame_reads(&elsewhere, "Welcome to the lounge!").await?;
        web.place.enters(ALICE).await?;
        Ok(())
    });
}
