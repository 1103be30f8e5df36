//! A hundred thousand messages on the device: how long it takes to open, to find something, to
//! write, in three hundred rooms too; how far apart three tabs are, and how soon a wake from sleep is
//! noticed. In Chromium, with the page as it is shipped, on a real server.
#![allow(
    clippy::print_stdout,
    reason = "a measurement speaks on standard output"
)]

mod seed;

use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use couplet_engine::Record;
use couplet_servers::{Kind, Server, ServerOptions};
use couplet_tests::browser::{Browser, Page};
use couplet_tests::proxy::Proxy;
use couplet_tests::raw::Raw;
use couplet_tests::{run_for, until};
use serde_json::{Value, json};

const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";
const CAROL: &str = "carol@example.test";
const MESSAGES: usize = 100_000;
const CONVERSATIONS: usize = 300;
/// That carol is in.
const ROOMS: usize = 300;
/// In so many of them something is said.
const LIVELY: usize = 30;
/// How often each thing is measured.
const TIMES: usize = 7;
/// Typed one letter after the other.
const TYPED: [&str; 3] = ["umbrella", "привет", "明日の"];
/// All at once: frequent words, two of them, one message of all, none.
const QUERIES: [&str; 5] = ["the", "and you", "tomorrow garden", "unique77", "zebra"];

fn main() {
    run_for(Duration::from_secs(900), measure());
}

async fn measure() -> Result<()> {
    let server = Server::start(ServerOptions {
        seed: Some(serde_json::from_value(people())?),
        ..ServerOptions::new(Kind::Prosody)
    })?;
    let proxy = Proxy::in_front_of(&server).await?;
    let browser = Browser::start().await?;
    let url = proxy.page("localhost") + "#/chat/" + BOB;
    let alice = browser.open("about:blank").await?;
    alice.before_scripts(include_str!("measure.js")).await?;
    alice.go(&url).await?;
    sign_in(&alice, ALICE).await?;
    say(&mut bob(&proxy).await?, "the first").await?;
    opened(&alice).await?;

    let none = open(&alice).await?;
    show("open, with one message", &none);
    for rows in seed::rows(BOB, MESSAGES, CONVERSATIONS).chunks(2_000) {
        let rows = rows.iter().filter_map(row).collect::<Vec<_>>();
        let put = format!("put({})", Value::Array(rows));
        alice.evaluate(&put).await?;
    }
    let full = open(&alice).await?;
    show("open, with 100,000 messages in 300 conversations", &full);

    search(&alice).await?;
    write(&alice, &proxy).await?;
    tabs(&browser, &alice, &url, &proxy).await?;
    wake(&alice).await?;
    rooms(&browser, &proxy).await
}

/// Who there is, and the rooms that carol has bookmarks of.
fn people() -> Value {
    let person = |user| json!({ "user": user, "name": user });
    let mut carol = person("carol");
    carol["bookmarks"] = (0..ROOMS)
        .map(|number| {
            let room = room(number);
            json!({ "room": room, "name": room, "nick": "carol", "autojoin": true })
        })
        .collect();
    let member = |nick| json!({ "nick": nick, "affiliation": "member" });
    let rooms: Vec<Value> = (0..ROOMS)
        .map(|number| {
            let room = room(number);
            json!({
                "room": room, "name": room, "description": "", "subject": "", "subject_by": "bob",
                "members": { "bob": member("bob"), "carol": member("carol") }, "messages": [],
            })
        })
        .collect();
    json!({ "people": [person("alice"), person("bob"), carol], "rooms": rooms })
}

fn room(number: usize) -> String {
    format!("room-{number}")
}

async fn sign_in(page: &Page, jid: &str) -> Result<()> {
    let address = page.find("textbox", "XMPP address").await?;
    address.fill(jid).await?;
    let password = page.find("textbox", "Password").await?;
    password
        .fill(jid.split('@').next().unwrap_or_default())
        .await?;
    page.find("button", "Sign in").await?.click().await?;
    page.find("list", "Conversations").await?;
    Ok(())
}

/// He listens to nobody, not even to who asks whether he is there: not for long.
async fn bob(proxy: &Proxy) -> Result<Raw> {
    Raw::signed_in(BOB, "bob", &proxy.websocket()).await
}

async fn say(bob: &mut Raw, text: &str) -> Result<()> {
    let message = format!(
        "<message xmlns='jabber:client' to='{ALICE}' type='chat'><body>{text}</body></message>"
    );
    bob.send(&message).await
}

/// What goes into the database, as the page is told.
fn row(record: &Record) -> Option<Value> {
    let value = record.value.as_ref()?;
    let value = base64::engine::general_purpose::STANDARD.encode(value);
    let key = format!("{ALICE}\n{}", record.key);
    Some(Value::from(vec![record.table.name(), &key, &value]))
}

/// Milliseconds from the navigation until the conversation can be seen.
async fn opened(page: &Page) -> Result<f64> {
    until("the conversation is open", || async {
        Ok(page.evaluate("window.measured?.opened").await?.as_f64())
    })
    .await
}

async fn open(page: &Page) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    // The first time the browser knows nothing of the page.
    for time in 0..=TIMES {
        page.evaluate("measured.opened = undefined").await?;
        page.reload().await?;
        let took = opened(page).await?;
        if time > 0 {
            times.push(took);
        }
        idle(page, 1).await?;
    }
    let tasks = page.evaluate("measured.tasks").await?;
    show("  its long tasks, of the last time", &numbers(&tasks));
    Ok(times)
}

/// Lets the page do what it does when nobody does anything.
async fn idle(page: &Page, seconds: u32) -> Result<()> {
    let wait = format!("new Promise(done => setTimeout(done, {}))", seconds * 1_000);
    page.evaluate(&wait).await.map(drop)
}

async fn search(page: &Page) -> Result<()> {
    page.evaluate(
        "measured.tasks.length = 0; document.querySelector('input[type=search]').focus()",
    )
    .await?;
    let first = number(&page.evaluate("search('umb')").await?)?;
    let all = number(&page.evaluate("readAll()").await?)?;
    show("the first search: until something is found", &[first]);
    show("the first search: until everything is read", &[first + all]);
    let tasks = page.evaluate("measured.tasks").await?;
    show("  its long tasks", &numbers(&tasks));
    for word in TYPED {
        let letters = word.chars().count();
        let mut times = Vec::new();
        for length in 1..=letters {
            let typed: String = word.chars().take(length).collect();
            times.push(number(
                &page.evaluate(&format!("search('{typed}')")).await?,
            )?);
        }
        show(&format!("search as one types {word}"), &times);
    }
    for query in QUERIES {
        let mut times = Vec::new();
        for _ in 0..TIMES {
            page.evaluate("search('déjà')").await?;
            times.push(number(
                &page.evaluate(&format!("search('{query}')")).await?,
            )?);
        }
        show(&format!("search for {query}"), &times);
    }
    // The oldest message of the conversation with bob: twenty thousand have to be read.
    let oldest = MESSAGES - 1;
    page.evaluate(&format!("search('unique{oldest}')")).await?;
    let jump = number(&page.evaluate("goToLast()").await?)?;
    show("go to a message behind 20,000 others", &[jump]);
    Ok(())
}

/// A message comes; everything it changes is written.
async fn write(page: &Page, proxy: &Proxy) -> Result<()> {
    open(page).await?;
    page.evaluate("measured.tasks.length = 0").await?;
    idle(page, 5).await?;
    let tasks = page.evaluate("measured.tasks").await?;
    show(
        "long tasks in 5 s in which nothing happens",
        &numbers(&tasks),
    );
    page.evaluate("measured.writes.length = 0").await?;
    let mut bob = bob(proxy).await?;
    for number in 0..30 {
        say(&mut bob, &format!("to be written {number}")).await?;
        page.reads(&format!("to be written {number}")).await?;
    }
    let writes = page.evaluate("measured.writes").await?;
    show("a transaction of a message that came", &numbers(&writes));
    let tasks = page.evaluate("measured.tasks").await?;
    show("  long tasks meanwhile", &numbers(&tasks));
    Ok(())
}

async fn tabs(browser: &Browser, first: &Page, url: &str, proxy: &Proxy) -> Result<()> {
    let mut pages = Vec::new();
    for _ in 0..2 {
        let page = browser.open_beside(first, "about:blank").await?;
        page.before_scripts(include_str!("measure.js")).await?;
        page.go(url).await?;
        opened(&page).await?;
        idle(&page, 2).await?;
        pages.push(page);
    }
    let mut apart = Vec::new();
    let mut bob = bob(proxy).await?;
    for number in 0..50 {
        say(&mut bob, &format!("shown in all tabs {number}")).await?;
        let mut times = Vec::new();
        for page in [first, &pages[0], &pages[1]] {
            let seen = format!("measured.seen[{number}]");
            let seen = until("the message is shown", || async {
                Ok(page.evaluate(&seen).await?.as_f64())
            });
            times.push(seen.await?);
        }
        times.sort_by(f64::total_cmp);
        apart.push(times[2] - times[0]);
    }
    show("a message in three tabs: the last behind the first", &apart);
    Ok(())
}

async fn wake(page: &Page) -> Result<()> {
    let mut times = Vec::new();
    for phase in 0..10 {
        let wait = format!(
            "new Promise(done => setTimeout(done, {}))",
            300 + phase * 190
        );
        page.evaluate(&wait).await?;
        times.push(number(&page.evaluate("sleepAndWake()").await?)?);
    }
    show("after a sleep: until the connection is questioned", &times);
    Ok(())
}

/// Something is said in one after the other of the rooms that carol is in.
async fn rooms(browser: &Browser, proxy: &Proxy) -> Result<()> {
    let carol = browser.open("about:blank").await?;
    carol.before_scripts(include_str!("measure.js")).await?;
    carol.go(&proxy.page("localhost")).await?;
    sign_in(&carol, CAROL).await?;
    let mut bob = bob(proxy).await?;
    let lively: Vec<String> = (0..LIVELY)
        .map(|number| room(number * ROOMS / LIVELY) + "@rooms.example.test")
        .collect();
    for room in &lively {
        let join = format!(
            "<presence xmlns='jabber:client' to='{room}/bob'>\
             <x xmlns='http://jabber.org/protocol/muc'/></presence>",
        );
        bob.send(&join).await?;
        bob.until("<subject").await?;
    }
    until("carol is in all rooms", || async {
        let joined = carol.evaluate("measured.joined").await?;
        Ok((joined.as_u64() >= u64::try_from(ROOMS).ok()).then_some(()))
    })
    .await?;
    idle(&carol, 5).await?;
    carol
        .evaluate("measured.writes.length = measured.tasks.length = 0")
        .await?;
    for room in &lively {
        let text = format!("to be written in {room}");
        let message = format!(
            "<message xmlns='jabber:client' to='{room}' type='groupchat'><body>{text}</body></message>",
        );
        bob.send(&message).await?;
        carol.reads(&text).await?;
    }
    let writes = carol.evaluate("measured.writes").await?;
    show(
        "a transaction of a message in one of 300 rooms",
        &numbers(&writes),
    );
    let tasks = carol.evaluate("measured.tasks").await?;
    show("  long tasks meanwhile", &numbers(&tasks));
    Ok(())
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().context("not a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().into_iter().flatten();
    values.filter_map(Value::as_f64).collect()
}

/// The median and the worst, in milliseconds.
fn show(what: &str, times: &[f64]) {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    match (times.get(times.len() / 2), times.last()) {
        (Some(median), Some(worst)) => println!(
            "{what:<58} {median:>8.1} ms, at worst {worst:>8.1} ms, of {}",
            times.len()
        ),
        _ => println!("{what:<58}     none"),
    }
}
