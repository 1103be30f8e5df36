//! The chat on the pages of other sites, which have another origin than the proxy and, but where
//! it says otherwise, are another site.

use anyhow::{Context as _, Result, ensure};
use couplet_servers::{Kind, Server, ServerOptions};
use couplet_tests::browser::{Browser, Page};
use couplet_tests::proxy::Proxy;
use couplet_tests::site::Site;
use couplet_tests::{PATIENCE, run, until, until_for};
use serde_json::{Value, json};

use crate::rooms::ask;
use crate::{ALICE, Place, count, reads, say};

/// Where the pages of the site are looked for; the proxy's are those of `localhost`.
pub(super) const HOST: &str = "127.0.0.1";

/// With this the site signs its tokens.
pub(super) const SECRET: &str = "as random as a test needs, and long enough";

/// A page that keeps what the chat tells it.
const LISTENER: &str = "globalThis.told = [];
    for (const type of ['ready', 'unread', 'message', 'open', 'close', 'error']) {
        addEventListener('DOMContentLoaded', () => {
            for (const chat of document.querySelectorAll('couplet-chat')) {
                chat.addEventListener(type, ({ detail }) => told.push({ type, chat: chat.id, ...detail }));
            }
        });
    }
    addEventListener('message', ({ source, origin, data }) => {
        if (data?.couplet === 'ready' && origin !== location.origin) globalThis.chat = source;
    });
    globalThis.shifted = '';
    new PerformanceObserver(list => {
        for (const { value, sources } of list.getEntries()) {
            shifted += [value, ...sources.map(({ node }) => node?.outerHTML ?? node?.data)].join();
        }
    }).observe({ type: 'layout-shift', buffered: true });";

/// A server with a room that guests may enter, the proxy, a site, and a browser.
pub(super) struct Web {
    pub(super) place: Place,
    pub(super) site: Site,
}

impl Web {
    pub(super) async fn new() -> Result<Self> {
        Self::allowing(&[HOST, "localhost"]).await
    }

    /// The same where the site is allowed by these names only.
    async fn allowing(hosts: &[&str]) -> Result<Self> {
        Self::before(seeded()?, hosts).await
    }

    /// The same before such a server.
    pub(super) async fn before(server: ServerOptions, hosts: &[&str]) -> Result<Self> {
        let site = Site::start().await?;
        let sites: Vec<_> = hosts.iter().map(|host| site.origin(host)).collect();
        Self::of(server, site, &["--site", &sites.join(",")]).await
    }

    /// With that site, where the proxy is told these things.
    pub(super) async fn with(site: Site, options: &[&str]) -> Result<Self> {
        Self::of(seeded()?, site, options).await
    }

    async fn of(server: ServerOptions, site: Site, options: &[&str]) -> Result<Self> {
        let server = Server::start(ServerOptions {
            anonymous: true,
            ..server
        })?;
        let proxy = Proxy::in_front_of_with(&server, options).await?;
        let browser = Browser::start().await?;
        Ok(Self {
            place: Place {
                server,
                proxy,
                browser,
            },
            site,
        })
    }

    /// What a site's owner pastes, with these attributes.
    pub(super) fn snippet(&self, attributes: &str) -> String {
        let proxy = self.place.proxy.page("localhost");
        format!(
            "<script type=\"module\" src=\"{proxy}widget.js\"></script>\
             <couplet-chat {attributes}></couplet-chat>"
        )
    }

    /// The attributes of a guest's chat in the room of that name.
    pub(super) fn guest(&self, room: &str) -> String {
        let server = &self.place.server;
        let domain = server.anonymous_domain().unwrap_or_default();
        let rooms = server.rooms_domain();
        format!("id=\"{room}\" anonymous domain=\"{domain}\" room=\"{room}@{rooms}\"")
    }

    /// Puts a page with this in its body at the site's root.
    pub(super) fn put(&self, headers: &[&str], body: &str) {
        let page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Shop</title>\
             <link rel=\"icon\" href=\"data:,\"></head>\
             <body><main><h1>Shop</h1><p>We sell umbrellas.</p>{body}<p>Since 1904.</p></main></body></html>"
        );
        self.site.put("/", headers, &page);
    }

    /// Where that is.
    pub(super) fn address(&self) -> String {
        self.site.origin(HOST)
    }

    /// Somebody new at the site.
    pub(super) async fn visitor(&self) -> Result<Page> {
        self.visitor_after("").await
    }

    /// The same where `script` runs before those of the pages.
    pub(super) async fn visitor_after(&self, script: &str) -> Result<Page> {
        let page = self.place.browser.open("about:blank").await?;
        page.before_scripts(LISTENER).await?;
        page.before_scripts(script).await?;
        page.go(&self.address()).await?;
        Ok(page)
    }

    /// Alice in the messenger, in the room of that name.
    pub(super) async fn alice_in(&self, room: &str) -> Result<Page> {
        let alice = self.place.enters(ALICE).await?;
        let room = format!("{room}@{}", self.place.server.rooms_domain());
        ask(&alice, &room, "Alice").await?;
        alice.gone("dialog", "Join a room").await?;
        alice.find("textbox", "Message").await?;
        Ok(alice)
    }
}

fn room(name: &str, title: &str) -> Value {
    json!({
        "room": name,
        "name": title,
        "description": "For everybody.",
        "subject": format!("All about the {name}"),
        "subject_by": "alice",
        "members": { "alice": { "nick": "Alice", "affiliation": "owner" } },
        "messages": [["1d 10:00", "alice", format!("Welcome to the {name}!")]],
    })
}

/// Opens the chat, and returns what is in it.
pub(super) async fn open(page: &Page) -> Result<Page> {
    page.find("button", "Open the chat").await?.click().await?;
    page.frame("embed.html").await
}

/// Says what one is called, and sees the conversation.
pub(super) async fn begin(chat: &Page, name: &str) -> Result<()> {
    chat.find("textbox", "Your name").await?.fill(name).await?;
    chat.press("Enter").await?;
    chat.find("textbox", "Message").await?;
    Ok(())
}

/// A server with rooms for guests, that takes the site's tokens.
pub(super) fn seeded() -> Result<ServerOptions> {
    let seed = json!({
        "people": [{ "user": "alice", "name": "Alice" }, { "user": "bob", "name": "Bob" }],
        "rooms": [room("lounge", "Lounge"), room("garden", "Garden")],
    });
    Ok(ServerOptions {
        site_secret: Some(SECRET.to_owned()),
        seed: Some(serde_json::from_value(seed)?),
        ..ServerOptions::new(Kind::Prosody)
    })
}

/// Waits until the page has been told something of which all this is true.
pub(super) async fn told(page: &Page, what: &Value) -> Result<()> {
    let is_it = format!(
        "told.some(told => Object.entries({what}).every(([name, value]) => told[name] === value))"
    );
    let waited = until(&format!("{what}"), || async {
        Ok((page.evaluate(&is_it).await? == true).then_some(()))
    })
    .await;
    match waited {
        Ok(()) => Ok(()),
        Err(error) => {
            let told = page.evaluate("JSON.stringify(told)").await?;
            Err(error.context(format!("the page was told {told}")))
        }
    }
}

#[test]
fn a_guest_opens_the_chat_on_a_page_of_another_site_and_talks() {
    run(async {
        let web = Web::new().await?;
        let alice = web.alice_in("lounge").await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        chat.find("heading", "Lounge").await?;
        reads(&chat, "Welcome to the lounge!").await?;
        say(&chat, "Do you have red ones?").await?;
        reads(&alice, "Do you have red ones?").await?;
        reads(&alice, "Gwen").await?;
        say(&alice, "Red and blue").await?;
        reads(&chat, "Red and blue").await?;

        told(&page, &json!({ "type": "open" })).await?;
        told(&page, &json!({ "type": "ready" })).await?;
        let own = json!({ "type": "message", "own": true, "text": "Do you have red ones?" });
        told(&page, &own).await?;
        let theirs =
            json!({ "type": "message", "own": false, "from": "Alice", "text": "Red and blue" });
        told(&page, &theirs).await?;
        // What was said before is no news.
        let old = "told.some(({ text }) => text?.includes('Welcome'))";
        ensure!(page.evaluate(old).await? == false);
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
        ensure!(chat.errors().is_empty(), "{:?}", chat.errors());
        Ok(())
    });
}

#[test]
fn nothing_but_the_script_is_fetched_before_the_chat_is_opened() {
    run(async {
        let web = Web::new().await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        page.find("button", "Open the chat").await?;
        let fetched = "performance.getEntriesByType('resource').map(({ name }) => name)\
                       .filter(name => name.startsWith('http')).join()";
        let script = format!("{}widget.js", web.place.proxy.page("localhost"));
        ensure!(page.evaluate(fetched).await? == script.as_str());
        ensure!(page.evaluate("frames.length").await? == 0);
        // Nor does the page move for it.
        ensure!(page.evaluate("shifted").await? == "");
        open(&page).await?.find("textbox", "Your name").await?;
        ensure!(page.evaluate("shifted").await? == "");
        Ok(())
    });
}

#[test]
fn a_page_with_a_strict_policy_and_trusted_types_has_the_chat() {
    run(async {
        let web = Web::new().await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let proxy = web.place.proxy.page("localhost");
        let policy = format!(
            "Content-Security-Policy: default-src 'none'; script-src {proxy}; frame-src {proxy}; \
             img-src data:; require-trusted-types-for 'script'; trusted-types 'none'"
        );
        web.put(&[&policy], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        say(&chat, "It works").await?;
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
        Ok(())
    });
}

#[test]
fn two_on_a_page_are_one_guest_and_two_conversations() {
    run(async {
        let web = Web::new().await?;
        let lounge = web.snippet(&format!("mode=\"inline\" open {}", web.guest("lounge")));
        let garden = web.snippet(&format!("mode=\"inline\" open {}", web.guest("garden")));
        web.put(&[], &format!("{lounge}{garden}"));
        let page = web.visitor().await?;
        // Both are in view.
        page.resize(1280, 1600).await?;
        let chats = page.framed("embed.html", 2).await?;
        begin(&chats[0], "Gwen").await?;
        // Whoever has said who they are in the one is it in the other.
        chats[1].find("textbox", "Message").await?;
        until("both titles", || async {
            let mut titles = Vec::new();
            for chat in &chats {
                let title = "document.querySelector('h1').textContent";
                let title = chat.evaluate(title).await?;
                titles.push(title.as_str().unwrap_or_default().to_owned());
            }
            titles.sort();
            Ok((titles == ["Garden", "Lounge"]).then_some(()))
        })
        .await?;
        for (chat, words) in chats.iter().zip(["in the one", "in the other"]) {
            say(chat, words).await?;
        }
        ensure!(!chats[0].text().await?.contains("in the other"));
        ensure!(!chats[1].text().await?.contains("in the one"));
        // One of them has the connection of both.
        let leaders = "navigator.locks.query().then(({ held }) => \
                       held.filter(({ name }) => name.endsWith('\\ncouplet')).length)";
        ensure!(chats[0].evaluate(leaders).await? == 1);
        Ok(())
    });
}

#[test]
fn the_page_cannot_read_the_chat() {
    run(async {
        let web = Web::new().await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        // Not by what is in the element,
        ensure!(page.evaluate("lounge.shadowRoot").await? == Value::Null);
        ensure!(page.evaluate("lounge.innerHTML").await? == "");
        // nor through its window, which isn't among the page's and has only said hello.
        ensure!(page.evaluate("frames.length").await? == 0);
        let reach = "(() => { try { return chat.document.body.innerText } \
                     catch (error) { return error.name } })()";
        ensure!(page.evaluate(reach).await? == "SecurityError");
        // Nor can the chat lead it elsewhere.
        let lead = "(() => { try { top.location = 'about:blank' } catch (error) { return error.name } })()";
        ensure!(chat.evaluate(lead).await? == "SecurityError");
        page.reads("We sell umbrellas.").await?;
        Ok(())
    });
}

#[test]
fn a_site_that_is_not_allowed_cannot_have_the_chat() {
    run(async {
        let web = Web::allowing(&["elsewhere.test"]).await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        page.find("button", "Open the chat").await?.click().await?;
        told(&page, &json!({ "type": "error", "code": "unreachable" })).await?;
        page.find("button", "Try again").await?;
        ensure!(
            page.evaluate("told.some(({ type }) => type === 'ready')")
                .await?
                == false
        );
        Ok(())
    });
}

#[test]
fn what_another_window_says_is_not_heard() {
    run(async {
        let web = Web::new().await?;
        // Another frame of the page's says it is the chat, and the page itself says so.
        web.site.put(
            "/liar",
            &[],
            "<script>parent.postMessage({ couplet: 'ready' }, '*');\
             onmessage = event => parent.postMessage({ got: event.data }, '*')</script>",
        );
        let liar = "<script>globalThis.got = []; onmessage = event => got.push(event.data)</script>\
                    <iframe src=\"/liar\"></iframe>";
        let snippet = web.snippet(&format!("open {}", web.guest("lounge")));
        web.put(&[], &format!("{snippet}{liar}"));
        let page = web.visitor().await?;
        page.evaluate("postMessage({ couplet: 'ready' }, '*')")
            .await?;
        let chat = page.frame("embed.html").await?;
        begin(&chat, "Gwen").await?;
        ensure!(page.evaluate("got.some(data => data?.got)").await? == false);
        // Nor does the chat hear another hello, or what comes by no port.
        page.evaluate(
            "{
                const { port2 } = new MessageChannel();
                const settings = { theme: 'dark' };
                chat.postMessage({ couplet: 'hello', settings }, '*', [port2]);
                chat.postMessage({ type: 'settings', settings }, '*');
                chat.postMessage({ type: 'send', text: 'forged' }, '*');
            }",
        )
        .await?;
        say(&chat, "after that").await?;
        ensure!(!chat.text().await?.contains("forged"));
        ensure!(
            chat.evaluate("document.documentElement.dataset.theme")
                .await?
                == Value::Null
        );
        // The two still know each other.
        page.evaluate("postMessage({ couplet: 'ready' }, '*')")
            .await?;
        chat.press("Escape").await?;
        told(&page, &json!({ "type": "close" })).await
    });
}

#[test]
fn the_site_chooses_looks_and_words_and_says_something_for_its_guest() {
    run(async {
        let web = Web::new().await?;
        let settings = "theme=\"dark\" accent=\"teal\" language=\"de\" nickname=\"Gwen\" \
                        greeting=\"Guten Tag!\" label=\"Beratung\"";
        web.put(
            &[],
            &web.snippet(&format!("{settings} {}", web.guest("lounge"))),
        );
        let page = web.visitor().await?;
        page.find("button", "Beratung").await?.click().await?;
        let chat = page.frame("embed.html").await?;
        chat.find("textbox", "Nachricht").await?;
        chat.find("heading", "Beratung").await?;
        chat.reads("Guten Tag!").await?;
        let root = "(({ dataset, lang }) => [dataset.theme, dataset.accent, lang].join())\
                    (document.documentElement)";
        ensure!(chat.evaluate(root).await? == "dark,teal,de");
        page.evaluate("lounge.theme = 'light'").await?;
        until("another theme", || async {
            Ok((chat.evaluate(root).await? == "light,teal,de").then_some(()))
        })
        .await?;
        page.evaluate("lounge.send('Ich hätte eine Frage')").await?;
        chat.find("log", "Nachrichten")
            .await?
            .reads("Ich hätte eine Frage")
            .await?;
        Ok(())
    });
}

#[test]
fn escape_closes_it_and_the_focus_is_where_it_was() {
    run(async {
        let web = Web::new().await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        chat.find("textbox", "Your name").await?;
        // One can type at once,
        until("the focus in the chat", || async {
            let focused = chat
                .evaluate("document.activeElement.id + document.hasFocus()")
                .await?;
            Ok((focused == "embedded-nametrue").then_some(()))
        })
        .await?;
        chat.type_text("Gwen").await?;
        chat.find("textbox", "Your name").await?.has("Gwen").await?;
        chat.press("Escape").await?;
        told(&page, &json!({ "type": "close" })).await?;
        // and is back at the button afterwards.
        page.find("button", "Open the chat").await?;
        ensure!(page.evaluate("document.activeElement.id").await? == "lounge");
        page.press("Enter").await?;
        page.find("button", "Close the chat").await?;
        chat.find("textbox", "Your name").await?.has("Gwen").await?;
        chat.find("button", "Close the chat").await?.click().await?;
        page.find("button", "Open the chat").await?;
        Ok(())
    });
}

#[test]
fn what_comes_while_it_is_closed_is_counted_on_the_button() {
    run(async {
        let web = Web::new().await?;
        let alice = web.alice_in("lounge").await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        say(&chat, "Back in a minute").await?;
        chat.press("Escape").await?;
        page.find("button", "Open the chat").await?;
        say(&alice, "Are you there?").await?;
        page.find("button", "Open the chat, 1 unread").await?;
        told(&page, &json!({ "type": "unread", "count": 1 })).await?;
        page.find("button", "Open the chat, 1 unread")
            .await?
            .click()
            .await?;
        reads(&chat, "Are you there?").await?;
        until("all of it read", || async {
            let last = "told.findLast(({ type }) => type === 'unread').count";
            Ok((page.evaluate(last).await? == 0).then_some(()))
        })
        .await
    });
}

#[test]
fn a_reload_keeps_the_guest() {
    run(async {
        let web = Web::new().await?;
        let alice = web.alice_in("lounge").await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        say(&chat, "One question").await?;
        alice.reads("2 people here").await?;
        page.reload().await?;
        let chat = open(&page).await?;
        // Nobody asks for a name again, and it is the one they had.
        reads(&chat, "One question").await?;
        alice.reads("2 people here").await?;
        say(&chat, "and another").await?;
        until_for(PATIENCE * 2, "another question", || async {
            Ok((count(&alice, "and another").await? == 1).then_some(()))
        })
        .await?;
        ensure!(!alice.text().await?.contains("Gwen 2"));
        // What was said before is still their own.
        let own = "[...document.querySelectorAll('.message--own')]\
                   .some(({ innerText }) => innerText.includes('One question'))";
        ensure!(chat.evaluate(own).await? == true);
        Ok(())
    });
}

#[test]
fn the_messengers_account_is_not_the_guests_on_the_same_site() {
    run(async {
        let web = Web::new().await?;
        let alice = web.alice_in("lounge").await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        // Another port is another origin, but the same site: the browser keeps nothing apart.
        let page = web
            .place
            .browser
            .open_beside(&alice, &web.site.origin("localhost"))
            .await?;
        page.find("button", "Open the chat").await?.click().await?;
        until("a question for a name", || async {
            let text = page.in_frame("document.body.innerText").await;
            let asks =
                text.is_ok_and(|text| text.as_str().is_some_and(|text| text.contains("Your name")));
            Ok(asks.then_some(()))
        })
        .await?;
        let databases =
            "indexedDB.databases().then(all => all.map(({ name }) => name).sort().join('|'))";
        let names = page.in_frame(databases).await?;
        let names = names.as_str().context("no names")?;
        let ours = format!("{} ", web.site.origin("localhost"));
        ensure!(
            names.contains("|couplet") || names.starts_with("couplet|"),
            "{names}"
        );
        ensure!(names.contains(&ours), "{names}");
        Ok(())
    });
}
