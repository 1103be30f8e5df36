//! What the client costs the page, beside Converse.js: the same scripted server, the same
//! Chromium, the same definitions, one after the other.
#![allow(
    clippy::print_stdout,
    reason = "a measurement speaks on standard output"
)]

mod contender;
mod pages;
mod rooms;
mod server;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use couplet_tests::browser::{Browser, Page};
use couplet_tests::{run_for, until, until_for};
use serde_json::Value;
use tokio::time::{Instant, interval, sleep_until};

use contender::Contender;
use pages::Pages;
use server::{Asked, Client, DOMAIN, ROOM, Server};

const CONTACTS: usize = 2_000;
const PEOPLE: usize = 3_000;
const MESSAGES: usize = 5_000;
const BOOKMARKS: usize = 300;
/// How long people come, go and talk in the room.
const LIVELY: Duration = Duration::from_secs(10);
/// In each fiftieth of a second of that one comes or goes, and in two of five one says something.
const TICK: Duration = Duration::from_millis(20);
/// After so long a client is given up.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often a page with a chat is visited.
const VISITS: usize = 9;
/// How much slower than the machine a page is loaded.
const THROTTLE: f64 = 4.0;

fn main() {
    run_for(Duration::from_secs(3_000), measure());
}

/// What was measured of one of the two.
#[derive(Default)]
struct Figures {
    kilobytes: f64,
    requests: f64,
    loaded: f64,
    roster: Option<Settled>,
    people: Option<Settled>,
    lively: Option<f64>,
    messages: Option<Settled>,
    megabytes: Option<f64>,
    frame: Option<f64>,
    key: Option<f64>,
    bookmarks: Option<Settled>,
    /// How many questions one of these rooms gets.
    asks: f64,
    site: Option<Visited>,
}

/// What a chat cost a page whose visitor hasn't opened it.
#[derive(Clone, Copy)]
struct Visited {
    /// How long tasks of over 50 ms went on beyond that, in milliseconds.
    blocked: f64,
    /// Cumulative layout shift.
    shift: f64,
    kilobytes: f64,
}

/// How long it took until all was there and nothing long went on, and the longest task, in
/// milliseconds.
#[derive(Clone, Copy)]
struct Settled {
    after: f64,
    longest: f64,
}

struct Place {
    browser: Browser,
    pages: Pages,
    server: Server,
}

async fn measure() -> Result<()> {
    let server = Server::start().await?;
    let directory =
        |name: &str| std::env::var_os(name).context("`cargo xtask bench client` says where");
    let pages = Pages::start(
        directory("COUPLET_WEB_DIR")?.into(),
        directory("COUPLET_CONVERSE_DIR")?.into(),
        &server.url()?,
    )
    .await?;
    let browser = Browser::start().await?;
    let place = Place {
        browser,
        pages,
        server,
    };
    let mut all = Vec::new();
    for contender in Contender::BOTH {
        let mut figures = Figures::default();
        load(&place, contender, &mut figures).await?;
        roster(&place, contender, &mut figures).await?;
        room(&place, contender, &mut figures).await?;
        bookmarks(&place, contender, &mut figures).await?;
        site(&place, contender, &mut figures).await?;
        all.push(figures);
    }
    let [ours, theirs] = all.as_slice() else {
        unreachable!("two contenders");
    };
    print!("{}", table(ours, theirs));
    Ok(())
}

impl Place {
    /// A page of somebody new that measures itself, with nothing on it.
    async fn page(&self) -> Result<Page> {
        let page = self.browser.open("about:blank").await?;
        page.before_scripts(include_str!("measure.js")).await?;
        page.resize(1400, 900).await?;
        Ok(page)
    }

    /// The page as it signs in with so many bookmarks, and what the server has of it.
    async fn enter(
        &self,
        contender: Contender,
        bookmarks: usize,
    ) -> Result<(Page, Client, String)> {
        let page = self.page().await?;
        contender.enter(&page, &self.pages).await?;
        let mut client = self.server.accept(bookmarks).await?;
        loop {
            if let Asked::Roster(id) = client.asks().await? {
                return Ok((page, client, id));
            }
        }
    }
}

/// A cold load, up to a form that one can sign in with.
async fn load(place: &Place, contender: Contender, figures: &mut Figures) -> Result<()> {
    let page = place.page().await?;
    page.slow_processor(THROTTLE).await?;
    page.go(&place.pages.url(contender.form())).await?;
    let has_form = format!("!!({}) && performance.now()", contender.has_form());
    figures.loaded = until("a form", || async {
        Ok(page.evaluate(&has_form).await?.as_f64())
    })
    .await?;
    let loaded = page
        .evaluate(
            "(() => {
               const all = performance.getEntries().filter(entry => entry.encodedBodySize > 0);
               return [all.reduce((sum, entry) => sum + entry.encodedBodySize, 0), all.length];
             })()",
        )
        .await?;
    figures.kilobytes = loaded[0].as_f64().context("sizes")? / 1000.0;
    figures.requests = loaded[1].as_f64().context("a count")?;
    page.close().await
}

/// A roster, and all its people online.
async fn roster(place: &Place, contender: Contender, figures: &mut Figures) -> Result<()> {
    let (page, client, id) = place.enter(contender, 0).await?;
    begin(&page, &contender.lists(CONTACTS)).await?;
    client.send(contacts(&id, CONTACTS))?;
    for number in 0..CONTACTS {
        client.send(format!(
            "<presence xmlns='jabber:client' from='contact-{number}@{DOMAIN}/a'><show>away</show></presence>"
        ))?;
    }
    figures.roster = settled(&page).await;
    page.close().await
}

/// A room that many are in, then lively, then very talkative.
async fn room(place: &Place, contender: Contender, figures: &mut Figures) -> Result<()> {
    let (page, mut client, id) = place.enter(contender, 0).await?;
    client.send(contacts(&id, 10))?;
    contender.join(&page).await?;
    let nick = loop {
        if let Asked::Entry(nick) = client.asks().await? {
            break nick;
        }
    };
    begin(&page, &contender.has_people(PEOPLE)).await?;
    for number in 1..PEOPLE {
        client.send(comes(number))?;
    }
    client.send(presence(&nick, "<status code='110'/>"))?;
    client.send(said(
        "person-1",
        "s",
        "<subject>What is to be measured</subject>",
    ))?;
    figures.people = settled(&page).await;

    if figures.people.is_some() {
        figures.lively = lively(&page, &client, contender).await?;
    }

    let last = format!("message {}", MESSAGES - 1);
    begin(&page, &contender.has_text(&last)).await?;
    for number in 0..MESSAGES {
        let body = format!("<body>message {number} of somebody who talks a lot</body>");
        client.send(said(
            &format!("person-{}", number % 50),
            &format!("m{number}"),
            &body,
        ))?;
    }
    figures.messages = settled(&page).await;
    if figures.messages.is_some() {
        let program = page.evaluate("measured.memory?.buffer.byteLength ?? 0");
        let program = program.await?.as_f64().context("a size")?;
        figures.megabytes = Some((page.memory().await? + program) / 1_000_000.0);
        let key = format!("measured.key({})", contender.field());
        figures.key = median(&page.evaluate(&key).await?);
        let scroll = format!("measured.scroll({})", contender.scroller());
        let frames = page.evaluate(&scroll).await?;
        let frames = frames.as_array().context("frames")?;
        figures.frame = frames.last().and_then(Value::as_f64);
    }
    page.close().await
}

/// Rooms that one is in wherever one signs in, from the moment that there is a roster.
async fn bookmarks(place: &Place, contender: Contender, figures: &mut Figures) -> Result<()> {
    let (page, mut client, id) = place.enter(contender, BOOKMARKS).await?;
    begin(&page, &contender.lists_rooms(BOOKMARKS)).await?;
    client.send(contacts(&id, 0))?;
    let mut asked = HashMap::<_, f64>::new();
    let mut is_everywhere = || {
        for question in client.has_asked() {
            if let Asked::Bookmarked(room) = question {
                *asked.entry(room).or_default() += 1.0;
            }
        }
        asked.len() == BOOKMARKS
    };
    let everywhere = until_for(PATIENCE, "it is in every room", || {
        let everywhere = is_everywhere().then_some(());
        async move { Ok(everywhere) }
    });
    if everywhere.await.is_ok() {
        figures.bookmarks = settled(&page).await;
    }
    is_everywhere();
    figures.asks = asked.into_values().fold(0.0, f64::max);
    page.close().await
}

/// Somebody's page with a chat that nobody opens: the median of some visits.
async fn site(place: &Place, contender: Contender, figures: &mut Figures) -> Result<()> {
    let mut visits = Vec::new();
    for _ in 0..VISITS {
        let page = place.page().await?;
        page.slow_processor(THROTTLE).await?;
        page.go(&place.pages.url(contender.site())).await?;
        let visited = format!("({}) && measured.visited()", contender.has_button());
        let [blocked, shift, bytes] = until("the chat's button", || async {
            let found = page.evaluate(&visited).await?;
            let [blocked, shift, bytes] = [0, 1, 2].map(|at| found[at].as_f64());
            Ok(blocked
                .zip(shift)
                .zip(bytes)
                .map(|((blocked, shift), bytes)| [blocked, shift, bytes]))
        })
        .await?;
        visits.push(Visited {
            blocked,
            shift,
            kilobytes: bytes / 1000.0,
        });
        page.close().await?;
    }
    visits.sort_by(|a, b| a.blocked.total_cmp(&b.blocked));
    figures.site = visits.get(VISITS / 2).copied();
    Ok(())
}

/// The longest task while people come, go and talk.
async fn lively(page: &Page, client: &Client, contender: Contender) -> Result<Option<f64>> {
    begin(page, &contender.has_text("the last word")).await?;
    let end = Instant::now() + LIVELY;
    let mut ticks = interval(TICK);
    for number in 0_usize.. {
        if Instant::now() > end {
            break;
        }
        ticks.tick().await;
        let person = PEOPLE + number / 2;
        client.send(match number % 2 {
            0 => comes(person),
            _ => goes(person),
        })?;
        if number % 5 < 2 {
            let body = format!("<body>word {number}</body>");
            client.send(said("person-1", &format!("w{number}"), &body))?;
        }
    }
    client.send(said("person-2", "last", "<body>the last word</body>"))?;
    sleep_until(end).await;
    Ok(settled(page).await.map(|settled| settled.longest))
}

async fn begin(page: &Page, seen: &str) -> Result<()> {
    page.evaluate(&format!("measured.begin(() => !!({seen}))"))
        .await?;
    Ok(())
}

/// `None` if it doesn't in time.
async fn settled(page: &Page) -> Option<Settled> {
    let settled = until_for(PATIENCE, "it settles", || async {
        // A page that is busy for half a minute at a time answers later.
        let found = page
            .evaluate("measured.settled()")
            .await
            .unwrap_or_default();
        Ok(found[0].as_f64().zip(found[1].as_f64()))
    });
    let (after, longest) = settled.await.ok()?;
    Some(Settled { after, longest })
}

fn contacts(id: &str, count: usize) -> String {
    let mut items = String::new();
    for number in 0..count {
        let _ = write!(
            items,
            "<item jid='contact-{number}@{DOMAIN}' name='Contact {number}' subscription='both'/>"
        );
    }
    format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'>\
         <query xmlns='jabber:iq:roster'>{items}</query></iq>"
    )
}

fn presence(nick: &str, more: &str) -> String {
    format!(
        "<presence xmlns='jabber:client' from='{ROOM}/{nick}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'>\
         <item affiliation='none' role='participant'/>{more}</x></presence>"
    )
}

fn comes(number: usize) -> String {
    presence(&format!("person-{number}"), "")
}

fn goes(number: usize) -> String {
    format!(
        "<presence xmlns='jabber:client' from='{ROOM}/person-{number}' type='unavailable'>\
         <x xmlns='http://jabber.org/protocol/muc#user'>\
         <item affiliation='none' role='none'/></x></presence>"
    )
}

fn said(nick: &str, id: &str, payload: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{ROOM}/{nick}' id='{id}' type='groupchat'>\
         {payload}</message>"
    )
}

fn median(sorted: &Value) -> Option<f64> {
    let all = sorted.as_array()?;
    all.get(all.len() / 2)?.as_f64()
}

/// A line of the table.
struct Line {
    name: &'static str,
    goal: &'static str,
    unit: &'static str,
    figure: fn(&Figures) -> Option<f64>,
}

const LINES: [Line; 19] = [
    line("cold load, compressed", "300 KB", "KB", |of| {
        Some(of.kilobytes)
    }),
    line("requests of that", "6", "", |of| Some(of.requests)),
    line(
        "time of that, processor 4 times slower",
        "0.5 times",
        "ms",
        |of| Some(of.loaded),
    ),
    line("roster of 2000: settled", "1000 ms", "ms", |of| {
        Some(of.roster?.after)
    }),
    line("longest task of that", "50 ms", "ms", |of| {
        Some(of.roster?.longest)
    }),
    line("room of 3000, list open: settled", "1000 ms", "ms", |of| {
        Some(of.people?.after)
    }),
    line("longest task of that", "50 ms", "ms", |of| {
        Some(of.people?.longest)
    }),
    line(
        "the same, 50 presences and 20 messages a second: longest task",
        "50 ms",
        "ms",
        |of| of.lively,
    ),
    line("5000 messages there: settled", "1000 ms", "ms", |of| {
        Some(of.messages?.after)
    }),
    line("longest task of that", "50 ms", "ms", |of| {
        Some(of.messages?.longest)
    }),
    line("memory then, heap and WebAssembly", "40 MB", "MB", |of| {
        of.megabytes
    }),
    line("key press to glyph there, median", "16 ms", "ms", |of| {
        of.key
    }),
    line("longest frame scrolled through them", "33 ms", "ms", |of| {
        of.frame
    }),
    line("300 rooms at sign-in: settled", "2000 ms", "ms", |of| {
        Some(of.bookmarks?.after)
    }),
    line("longest task of that", "50 ms", "ms", |of| {
        Some(of.bookmarks?.longest)
    }),
    line("requests to each of them", "2", "", |of| Some(of.asks)),
    line(
        "somebody's page with a chat, before it is opened: compressed",
        "6 KB",
        "KB",
        |of| Some(of.site?.kilobytes),
    ),
    line(
        "blocking time of that, processor 4 times slower",
        "20 ms",
        "ms",
        |of| Some(of.site?.blocked),
    ),
    line("layout shift of that", "0", "", |of| Some(of.site?.shift)),
];

const fn line(
    name: &'static str,
    goal: &'static str,
    unit: &'static str,
    figure: fn(&Figures) -> Option<f64>,
) -> Line {
    Line {
        name,
        goal,
        unit,
        figure,
    }
}

fn table(ours: &Figures, theirs: &Figures) -> String {
    let mut table =
        "| figure | goal | Couplet | Converse.js | ratio |\n|---|---|---|---|---|\n".to_owned();
    for line in &LINES {
        let (ours, theirs) = ((line.figure)(ours), (line.figure)(theirs));
        let cell = |figure: Option<f64>| {
            figure.map_or_else(
                || "never".to_owned(),
                |figure| format!("{figure:.0} {}", line.unit),
            )
        };
        let ratio = ours.zip(theirs).filter(|(_, theirs)| *theirs > 0.0);
        let ratio = ratio.map(|(ours, theirs)| format!("{:.3}", ours / theirs));
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} |",
            line.name,
            line.goal,
            cell(ours),
            cell(theirs),
            ratio.unwrap_or_default()
        );
    }
    table
}
