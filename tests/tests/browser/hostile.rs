//! Messages that are meant to do harm: nothing is executed, what is around them stays as it was,
//! and nobody waits for them.

use std::io::Write as _;

use anyhow::{Result, anyhow, ensure};
use couplet_engine::Command;
use couplet_engine::modules::xep0084_avatar::{self, Picture};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::person::Person;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until, web_files};
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use serde_json::Value;

use crate::notifications::{SHOWN, goes_away};
use crate::rooms::ask;
use crate::{ALICE, BOB, Place, files, profile, reads, sign_in};

/// So many milliseconds of work a task may be.
const LONG: f64 = 100.0;

/// A text that is meant to do harm, and what is to be seen of it.
struct Attack<'a> {
    body: &'a str,
    /// Some of its words, as the conversation shows them.
    shown: &'a str,
    /// The same where there is room for a line of it.
    line: &'a str,
    /// How many links there are in what is shown.
    links: usize,
}

impl Attack<'_> {
    /// Has alice read it from bob, between two others; elsewhere, in the list and a
    /// notification; as a quotation; and once more, from the archive, where nothing else is.
    async fn suffers(self) -> Result<()> {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        drop(bob);
        alice.may_notify().await?;
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        notices_scripts(&alice).await?;
        say(&mut bob, "before", "before.").await?;
        reads(&alice, "before.").await?;
        is_quick(&alice, "live", async {
            say(&mut bob, "it", self.body).await?;
            say(&mut bob, "after", "after.").await?;
            self.is_read(&alice).await?;
            reads(&alice, "after.").await
        })
        .await?;
        is_quick(&alice, "as a quotation", async {
            bob.send(&answer("it", "yes.")).await?;
            reads(&alice, "yes.").await?;
            let quote = alice.find_with("button", "In reply to bob: ").await?;
            quote.reads(self.line).await
        })
        .await?;
        keeps_its_place(&alice).await?;
        goes_away(&alice).await?;
        is_quick(&alice, "in the list", async {
            say(&mut bob, "again", self.body).await?;
            alice
                .find_with("link", "bob")
                .await?
                .reads(self.line)
                .await?;
            self.is_notified(&alice).await
        })
        .await?;
        keeps_its_place(&alice).await?;
        is_unharmed(&alice).await?;
        drop(alice);
        // Another device has nothing but the archive.
        let alice = place.visitor().await?;
        notices_scripts(&alice).await?;
        is_quick(&alice, "from the archive", async {
            sign_in(&alice, ALICE, "alice").await?;
            let row = alice.find_with("link", "bob").await?;
            row.reads(self.line).await?;
            row.click().await?;
            self.is_read(&alice).await
        })
        .await?;
        keeps_its_place(&alice).await?;
        is_unharmed(&alice).await
    }

    /// Waits until it is in the conversation, with its links, and looks where they lead.
    async fn is_read(&self, page: &Page) -> Result<()> {
        until(&format!("{:?} as a message", self.shown), || async {
            let found = page.evaluate(ARTICLES).await?;
            let found = found.as_array().into_iter().flatten().find(|found| {
                let text = found["text"].as_str().unwrap_or_default();
                text.contains(self.shown) && found["links"].as_array().is_some()
            });
            let Some(found) = found else {
                return Ok(None);
            };
            let links: Vec<_> = found["links"].as_array().into_iter().flatten().collect();
            ensure!(links.len() == self.links, "{links:?}");
            let leads = |link: &str| {
                let away = ["https://", "http://", "mailto:", "geo:", "tel:"];
                link.starts_with("#/") || away.iter().any(|scheme| link.starts_with(scheme))
            };
            let strays = |link: &&&Value| !link.as_str().is_some_and(leads);
            ensure!(links.iter().find(strays).is_none(), "{links:?}");
            Ok(Some(()))
        })
        .await
    }

    /// Waits until a notification tells of it.
    async fn is_notified(&self, page: &Page) -> Result<()> {
        until("a notification", || async {
            let shown = page.evaluate(SHOWN).await?;
            let mut shown = shown.as_array().into_iter().flatten();
            let told = shown.any(|text| text.as_str().is_some_and(|text| text.contains(self.line)));
            Ok(told.then_some(()))
        })
        .await
    }
}

/// What each message says, and where its links lead.
const ARTICLES: &str = "[...document.querySelectorAll('[role=log] article')].map(row => ({
    text: row.innerText,
    links: [...row.querySelectorAll('a')].map(link => link.getAttribute('href')),
}))";

/// Has the page know of a script that runs.
async fn notices_scripts(page: &Page) -> Result<()> {
    page.evaluate("alert = () => { executed = true; }; executed = false;")
        .await?;
    Ok(())
}

async fn is_unharmed(page: &Page) -> Result<()> {
    ensure!(page.evaluate("executed").await? == false, "a script ran");
    ensure!(page.errors().is_empty(), "{:?}", page.errors());
    Ok(())
}

async fn is_quick(page: &Page, which: &str, what: impl Future<Output = Result<()>>) -> Result<()> {
    let longest = page.longest_task(what).await?;
    ensure!(longest <= LONG, "a task took {longest} ms {which}");
    Ok(())
}

/// bob's answer to his own message.
fn answer(id: &str, body: &str) -> String {
    format!(
        "<message xmlns='jabber:client' to='{ALICE}' type='chat' id='to {id}'>\
         <body>{body}</body><reply xmlns='urn:xmpp:reply:0' to='{BOB}' id='{id}'/></message>"
    )
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
            const log = document.querySelector('[role=log]') ?? document.body;
            return apart && log.scrollWidth <= log.clientWidth
                && document.documentElement.scrollWidth <= innerWidth;
        })()";
        Ok((page.evaluate(orderly).await? == true).then_some(()))
    })
    .await
}

#[test]
fn combining_characters_pile_up_over_nobody() {
    let body = ["a", &"\u{301}\u{489}".repeat(16_384), "z"].concat();
    let attack = Attack {
        body: &body,
        // No more than these stay.
        shown: "a\u{301}\u{489}\u{301}\u{489}\u{301}\u{489}\u{301}\u{489}z",
        line: "a\u{301}\u{489}\u{301}\u{489}\u{301}\u{489}\u{301}\u{489}z",
        links: 0,
    };
    run(attack.suffers());
}

#[test]
fn bidirectional_overrides_turn_nothing_else_around() {
    let body = "\u{202e}gnp.exe\u{2066}\u{2067}\u{202d}".repeat(2_000);
    let attack = Attack {
        body: &body,
        shown: "gnp.exe",
        line: "gnp.exegnp.exe",
        links: 0,
    };
    run(attack.suffers());
}

#[test]
fn ten_thousand_links_are_no_wait() {
    let attack = Attack {
        body: &"https://example.org/a ".repeat(10_000),
        shown: "https://example.org/a https://example.org/a",
        line: "https://example.org/a https://example.org/a",
        links: 100,
    };
    run(attack.suffers());
}

#[test]
fn ten_thousand_marks_are_no_wait() {
    let attack = Attack {
        body: &"*a* _b_ ~c~ `d` ".repeat(10_000),
        shown: "*a* _b_ ~c~ `d`",
        line: "*a* _b_ ~c~ `d`",
        links: 0,
    };
    run(attack.suffers());
}

#[test]
fn ten_thousand_quotations_are_no_wait() {
    let body = ">".repeat(60_000) + &"\n> a\n>> b".repeat(5_000);
    let attack = Attack {
        body: &body,
        shown: "Show all",
        line: ">>>>>>>>",
        links: 0,
    };
    run(attack.suffers());
}

#[test]
fn a_word_without_an_end_is_no_wait() {
    let attack = Attack {
        body: &"x".repeat(200_000),
        shown: "xxxxxxxx",
        line: "xxxxxxxx",
        links: 0,
    };
    run(attack.suffers());
}

#[test]
fn urls_of_scripts_and_html_are_text() {
    let body = "javascript:alert(1) JAVASCRIPT:alert(1) data:text/html,<script>alert(1)</script> \
                vbscript:x <img src=x onerror=alert(1)> <script>alert(1)</script> \
                https://a.example/\"onmouseover=\"alert(1) &lt;b&gt; xmpp:\"><script>@x";
    let attack = Attack {
        body,
        shown: "vbscript:x <img src=x onerror=alert(1)> <script>alert(1)</script>",
        line: "javascript:alert(1) JAVASCRIPT:alert(1) data:text/html,<script>alert(1)</script>",
        links: 1,
    };
    run(attack.suffers());
}

/// Where the first and the last letter of `element` are, as a script.
const ENDS: &str = "const ends = element => {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const letters = [];
    while (texts.nextNode()) {
        const text = texts.currentNode;
        for (let at = 0; at < text.length; at += 1) {
            const range = new Range();
            range.setStart(text, at);
            range.setEnd(text, at + 1);
            const box = range.getBoundingClientRect();
            if (box.width > 0) letters.push(box);
        }
    }
    const [first, last] = [letters[0], letters.at(-1)];
    return { first: first.left, last: last.left, line: first.top === last.top };
};";

#[test]
fn no_address_is_turned_into_another() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        drop(bob);
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        for (number, turn) in ["\u{202e}", "\u{202b}", "\u{2067}", "\u{200f}"]
            .iter()
            .enumerate()
        {
            let body = format!("see {turn}https://evil.example/moc.knab//:sptth");
            say(&mut bob, &format!("it {number}"), &body).await?;
            let next = format!("next {number}.");
            say(&mut bob, &next, &next).await?;
            reads(&alice, &next).await?;
        }
        let script = format!(
            "(() => {{
                {ENDS}
                const all = kind => [...document.querySelectorAll('[role=log] article ' + kind)];
                const next = all('.message__body').filter(body => body.innerText.startsWith('next'));
                return {{
                    links: all('.message__body a').map(ends),
                    names: all('.message__name').map(ends),
                    times: all('time').filter(time => time.innerText).map(ends),
                    next: next.map(ends),
                }};
            }})()"
        );
        let found = alice.evaluate(&script).await?;
        for (what, least) in [("links", 4), ("names", 1), ("times", 1), ("next", 4)] {
            let all = found[what].as_array().map_or(&[][..], Vec::as_slice);
            ensure!(all.len() >= least, "{found:#}");
            let upright = |ends: &Value| {
                ends["line"] == true && ends["first"].as_f64() < ends["last"].as_f64()
            };
            ensure!(all.iter().all(upright), "{what} are turned: {found:#}");
        }
        Ok(())
    });
}

/// A picture of one colour and of so many pixels on a side, in a few kilobytes. Chromium itself
/// refuses one with more than 2^29 pixels.
fn bomb(side: u32) -> Result<Vec<u8>> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut add = |kind: &[u8; 4], content: &[u8]| {
        let named = [kind, content].concat();
        let mut sum = Crc::new();
        sum.update(&named);
        file.extend((content.len() as u32).to_be_bytes());
        file.extend(&named);
        file.extend(sum.sum().to_be_bytes());
    };
    let side_bytes = side.to_be_bytes();
    // One bit of grey a pixel.
    add(
        b"IHDR",
        &[&side_bytes[..], &side_bytes, &[1, 0, 0, 0, 0]].concat(),
    );
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::default());
    let row = vec![0; 1 + side.div_ceil(8) as usize];
    for _ in 0..side {
        pixels.write_all(&row)?;
    }
    add(b"IDAT", &pixels.finish()?);
    add(b"IEND", &[]);
    Ok(file)
}

/// More pixels than this aren't drawn of anything.
const DRAWN: &str = "[...document.images].filter(image => image.checkVisibility()
    && image.naturalWidth * image.naturalHeight > 2 ** 26).length";

#[test]
fn a_picture_that_would_fill_the_memory_is_a_card() {
    run(async {
        let file = bomb(20_000)?;
        ensure!(file.len() < 100_000, "{} bytes", file.len());
        let (place, alice, bob) = files::place().await?;
        drop(bob);
        let bob = Person::signed_in(BOB, "bob", place.proxy.websocket()).await?;
        let slot = bob.place_for("bomb.png", file.len() as u64).await?;
        let slot = slot.map_err(|refusal| anyhow!("{refusal:?}"))?;
        web_files::put(&slot.put, &slot.headers, &file).await?;
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let told = "<name>bomb.png</name><media-type>image/png</media-type>";
        is_quick(&alice, "with the picture", async {
            bob.send(&files::about("it", &slot.get, told)).await?;
            alice.reads("It can't be shown here.").await?;
            say(&mut bob, "after", "after.").await?;
            reads(&alice, "after.").await
        })
        .await?;
        ensure!(alice.evaluate(DRAWN).await? == 0, "it is drawn");
        // Nor does one's own page draw it anew.
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("own.png");
        std::fs::write(&path, &file)?;
        let chooser = alice.find("button", "Attach files").await?;
        is_quick(&alice, "with one's own", async {
            alice.choose_files(&chooser, &[&path]).await?;
            alice.find("button", "Remove own.png").await?;
            files::send(&alice).await?;
            alice.reads("This picture can't be opened here").await
        })
        .await?;
        is_unharmed_by_pictures(&alice).await
    });
}

#[test]
fn a_face_that_would_fill_the_memory_is_a_letter() {
    run(async {
        let file = bomb(20_000)?;
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        drop(bob);
        alice
            .evaluate(
                "made = []; const make = URL.createObjectURL;
                URL.createObjectURL = blob => { made.push(blob.size); return make(blob); };
                undefined",
            )
            .await?;
        let bob = Person::signed_in(BOB, "bob", place.proxy.websocket()).await?;
        let set = |bytes: Vec<u8>| {
            let picture = Picture {
                bytes,
                media_type: "image/png".to_owned(),
                side: 512,
            };
            bob.command(Command::Avatar(xep0084_avatar::Command::Set {
                request: "it".to_owned(),
                picture: Some(picture),
            }));
        };
        let size = file.len();
        is_quick(&alice, "with the face", async {
            set(file);
            until("it to come", || async {
                let came = alice.evaluate(&format!("made.includes({size})")).await?;
                Ok((came == true).then_some(()))
            })
            .await?;
            bob.say(ALICE, "after.")?;
            reads(&alice, "after.").await
        })
        .await?;
        ensure!(alice.evaluate(DRAWN).await? == 0, "it is drawn");
        let faces = "document.querySelectorAll('main img.avatar__face').length";
        ensure!(alice.evaluate(faces).await? == 0, "it has a place");
        // One that fits is shown.
        set(std::fs::read(profile::picture())?);
        until("a face", || async {
            Ok((alice.evaluate(faces).await? != 0).then_some(()))
        })
        .await?;
        is_unharmed_by_pictures(&alice).await
    });
}

async fn is_unharmed_by_pictures(page: &Page) -> Result<()> {
    ensure!(page.errors().is_empty(), "{:?}", page.errors());
    keeps_its_place(page).await
}

/// What people are called and tell of themselves is shown wherever they are.
#[test]
fn names_and_what_goes_with_them_do_no_harm_either() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        drop(bob);
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let marks = "\u{301}".repeat(10_000);
        is_quick(&alice, "with a name and a status", async {
            bob.send(&format!(
                "<presence xmlns='jabber:client'><priority>5</priority><status>away{marks}ward\u{202e}</status></presence>"
            ))
            .await?;
            alice.reads("ward").await?;
            bob.send(&format!(
                "<iq xmlns='jabber:client' type='set' id='nick'>\
                 <pubsub xmlns='http://jabber.org/protocol/pubsub'>\
                 <publish node='http://jabber.org/protocol/nick'><item id='current'>\
                 <nick xmlns='http://jabber.org/protocol/nick'>Bo{marks}bby\u{202e}</nick>\
                 </item></publish></pubsub></iq>"
            ))
            .await?;
            alice.find_with("link", "bby").await?;
            say(&mut bob, "after", "after.").await?;
            reads(&alice, "after.").await
        })
        .await?;
        let text = alice.text().await?;
        let piled = "\u{301}".repeat(9);
        ensure!(
            !text.contains(&piled) && !text.contains('\u{202e}'),
            "{text}"
        );
        is_unharmed_by_pictures(&alice).await
    });
}

/// What one of many says without an end is a line, and there for who wants it.
#[test]
fn a_flood_in_a_room_is_folded() {
    run(async {
        const SAID: usize = 300;
        let place = Place::new(Kind::Prosody).await?;
        let room = format!("tea@{}", place.server.rooms_domain());
        let alice = place.enters(ALICE).await?;
        ask(&alice, &room, "alice").await?;
        alice.gone("dialog", "Join a room").await?;
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let enter = "<x xmlns='http://jabber.org/protocol/muc'/>";
        bob.send(&format!(
            "<presence xmlns='jabber:client' to='{room}/bob'>{enter}</presence>"
        ))
        .await?;
        alice.reads("2 people here").await?;
        is_quick(&alice, "a flood", async {
            for number in 1..=SAID {
                bob.send(&format!(
                    "<message xmlns='jabber:client' type='groupchat' to='{room}' id='f{number}'>\
                     <body>No. {number}.</body></message>"
                ))
                .await?;
            }
            alice.find("button", "Show 295 more messages").await?;
            Ok(())
        })
        .await?;
        let log = alice.find("log", "Messages").await?.text().await?;
        ensure!(log.contains("No. 5.") && !log.contains("No. 6."), "{log}");
        crate::say(&alice, "Quiet, please.").await?;
        alice.reload().await?;
        reads(&alice, "Quiet, please.").await?;
        let show = alice.find("button", "Show 295 more messages").await?;
        show.click().await?;
        reads(&alice, "No. 6.").await?;
        alice
            .find("button", "Hide 295 messages")
            .await?
            .click()
            .await?;
        alice.find("button", "Show 295 more messages").await?;
        Ok(())
    });
}
