//! The chat on pages that are in its way, or want to be elsewhere than they may.

use std::io::Write as _;

use anyhow::{Context as _, ensure};
use couplet_tests::site::Site;
use couplet_tests::{run, until};
use serde_json::json;

use crate::widget::{HOST, Web, open, told};
use crate::{reads, say};

#[test]
fn a_box_keeps_its_place_whatever_the_page_resets() {
    run(async {
        let web = Web::new().await?;
        let reset = "<style>* { position: static; contain: none }</style>";
        let inline = web.snippet(&format!("mode=\"inline\" {}", web.guest("lounge")));
        web.put(&[], &format!("{reset}{inline}"));
        let page = web.visitor().await?;
        page.find("button", "Open the chat").await?.click().await?;
        told(&page, &json!({ "type": "ready" })).await?;
        let on_top = "(({ left, top }) => document.elementFromPoint(left + 5, top + 5).tagName)\
                      (document.querySelector('h1').getBoundingClientRect())";
        let on_top = page.evaluate(on_top).await?;
        ensure!(on_top == "H1", "{on_top} is on the page's heading");
        Ok(())
    });
}

#[test]
fn a_bubble_is_before_the_page_wherever_it_is_put() {
    run(async {
        let web = Web::new().await?;
        let style = "<style>
            .cut { transform: rotate(20deg); overflow: hidden; height: 1px; contain: strict }
            .veil { position: fixed; inset: 0; z-index: 2147483647 }
        </style><div class=\"veil\"></div>";
        let bubble = web.snippet(&format!("nickname=\"Gwen\" {}", web.guest("lounge")));
        web.put(&[], &format!("{style}<div class=\"cut\">{bubble}</div>"));
        let page = web.visitor().await?;
        page.reads("Since 1904.").await?;
        let veiled = "document.elementFromPoint(innerWidth - 45, innerHeight - 45).className";
        until("a button before all that", || async {
            Ok((page.evaluate(veiled).await? != "veil").then_some(()))
        })
        .await?;
        let chat = open(&page).await?;
        chat.find("textbox", "Message").await?;
        // It goes with its element, and comes back with it.
        page.evaluate("lounge.mode = 'inline'").await?;
        until("nothing in the corner", || async {
            Ok((page.evaluate(veiled).await? == "veil").then_some(()))
        })
        .await
    });
}

#[test]
fn one_within_a_dialog_is_a_part_of_it() {
    run(async {
        let web = Web::new().await?;
        let bubble = web.snippet(&format!("nickname=\"Gwen\" {}", web.guest("lounge")));
        web.put(&[], &format!("<dialog>{bubble}</dialog>"));
        let page = web.visitor().await?;
        page.reads("Since 1904.").await?;
        // What comes last is before the rest.
        page.frames().await?;
        page.evaluate("document.querySelector('dialog').showModal()")
            .await?;
        let chat = open(&page).await?;
        chat.find("textbox", "Message").await?;
        Ok(())
    });
}

#[test]
fn a_chat_about_nothing_says_so() {
    run(async {
        let web = Web::new().await?;
        let wrong = "id=\"lounge\" anonymous room=\"the lounge\"";
        web.put(&[], &web.snippet(wrong));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        chat.reads("This chat leads nowhere").await?;
        told(&page, &json!({ "type": "error", "code": "room" })).await
    });
}

#[test]
fn a_name_that_is_too_long_for_a_room_is_cut() {
    run(async {
        let web = Web::new().await?;
        let alice = web.alice_in("lounge").await?;
        let name = "Gwendolyn ".repeat(130);
        let guest = format!("nickname=\"{name}\" {}", web.guest("lounge"));
        web.put(&[], &web.snippet(&guest));
        let page = web.visitor().await?;
        say(&open(&page).await?, "Do you have red ones?").await?;
        reads(&alice, "Do you have red ones?").await?;
        alice.reads("Gwendolyn Gwendolyn").await
    });
}

#[test]
fn what_the_page_says_at_once_is_said() {
    run(async {
        let web = Web::new().await?;
        let guest = format!("nickname=\"Gwen\" {}", web.guest("lounge"));
        web.put(&[], &web.snippet(&guest));
        let page = web.visitor().await?;
        page.find("button", "Open the chat").await?;
        page.evaluate("lounge.open(), lounge.send('Do you have red ones?')")
            .await?;
        let chat = page.frame("embed.html").await?;
        reads(&chat, "Do you have red ones?").await
    });
}

#[test]
fn who_writes_elsewhere_by_the_time_it_is_there_keeps_the_focus() {
    run(async {
        let web = Web::new().await?;
        let guest = format!("nickname=\"Gwen\" {}", web.guest("lounge"));
        web.put(
            &[],
            &format!("<input aria-label=\"Search\">{}", web.snippet(&guest)),
        );
        let page = web.visitor().await?;
        page.find("button", "Open the chat").await?.click().await?;
        let search = page.find("textbox", "Search").await?;
        search.fill("umb").await?;
        told(&page, &json!({ "type": "ready" })).await?;
        let chat = page.frame("embed.html").await?;
        chat.find("textbox", "Message").await?;
        let focused = "document.activeElement.ariaLabel";
        ensure!(page.evaluate(focused).await? == "Search");
        Ok(())
    });
}

#[test]
fn within_an_element_of_the_pages_own_it_is_as_on_the_page() {
    run(async {
        let web = Web::new().await?;
        let (guest, proxy) = (web.guest("lounge"), web.place.proxy.page("localhost"));
        web.put(
            &[],
            &format!(
                "<div id=\"place\" lang=\"de\"></div>\
                 <script type=\"module\" src=\"{proxy}widget.js\"></script>\
                 <script>place.attachShadow({{ mode: 'open' }}).innerHTML = \
                 '<couplet-chat nickname=\"Gwen\" {guest}></couplet-chat>'</script>"
            ),
        );
        let page = web.visitor().await?;
        page.find("button", "Chat öffnen").await?.click().await?;
        let chat = page.frame("embed.html").await?;
        chat.find("textbox", "Nachricht").await?;
        until("the focus within", || async {
            let focused = chat.evaluate("document.hasFocus()").await?;
            Ok((focused == true).then_some(()))
        })
        .await?;
        chat.press("Escape").await?;
        let focused = "document.activeElement.id";
        until("the focus on the button", || async {
            Ok((page.evaluate(focused).await? == "place").then_some(()))
        })
        .await
    });
}

#[test]
fn the_domain_is_that_for_whose_sites_the_page_is_framed() {
    run(async {
        let site = Site::start().await?;
        let config = tempfile::NamedTempFile::new()?;
        let (ours, elsewhere) = (site.origin(HOST), "http://elsewhere.test");
        let sites = [("example.test", &*ours), ("anon.example.test", elsewhere)];
        for (domain, site) in sites {
            writeln!(
                config.as_file(),
                "[[domain]]\nname = \"{domain}\"\nsites = [\"{site}\"]"
            )?;
        }
        let path = config.path().to_str().context("a path")?;
        let web = Web::with(site, &["--config", path]).await?;
        let proxy = web.place.proxy.page("localhost");
        let guests = web.place.server.anonymous_domain().unwrap_or_default();
        let rooms = web.place.server.rooms_domain();
        let settings = json!({ "domain": guests, "room": format!("lounge@{rooms}"),
                               "nickname": "Mallory", "anonymous": true });
        web.put(
            &[],
            &format!(
                "<iframe></iframe><script>
                    const frame = document.querySelector('iframe');
                    onmessage = ({{ source, data }}) => {{
                        if (source !== frame.contentWindow || data?.couplet !== 'ready') return;
                        const {{ port1, port2 }} = new MessageChannel();
                        const hello = {{ couplet: 'hello', settings: {settings} }};
                        source.postMessage(hello, '*', [port2]);
                        port1.postMessage({{ type: 'visible', open: true }});
                    }};
                    frame.src = '{proxy}embed.html?domain=example.test';
                </script>"
            ),
        );
        let page = web.visitor().await?;
        let chat = page.frame("embed.html").await?;
        // Accounts are all that is there.
        chat.reads("The server has no safe way to sign in").await
    });
}
