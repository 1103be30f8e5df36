//! Two pages write to each other while everything between them breaks, and tabs crash or are
//! loaded anew: what can be read in the end is all of it, once, in order.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use couplet_servers::Kind;
use couplet_tests::archive::texts;
use couplet_tests::browser::{Browser, Page};
use couplet_tests::chaos::{
    Event, Settings, Stage, check_archives, each_once_in_order, message, plan_with_reloads,
};
use couplet_tests::{PATIENCE, run_for, until, until_for};
use tokio::time::sleep;

use crate::{ALICE, BOB, add, options, sign_in};

const NAMES: [&str; 2] = ["alice", "bob"];

/// Keeps the newest frames of a page, for whoever looks for what is missing.
const FRAMES: &str = "{
    const frames = window.frames_of_test = [];
    const keep = (way, text) => {
        frames.push(new Date().toISOString().slice(14, 23) + way + String(text).slice(0, 400));
        frames.splice(0, frames.length - 80);
    };
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (text) {
        if (!this.is_of_test) {
            this.is_of_test = true;
            this.addEventListener('message', event => keep(' <- ', event.data));
            this.addEventListener('close', () => keep(' -- ', 'closed'));
        }
        keep(' -> ', text);
        send.call(this, text);
    };
}";

/// How long it may take until all is well once nothing breaks any more, on a machine that
/// has other things to do.
const RECOVERY: Duration = Duration::from_secs(90);

#[test]
fn all_arrives_once_and_in_order() {
    let settings = Settings {
        messages: 500,
        faults: 40,
        seed: 1,
    };
    let settings = settings.or_of_environment().unwrap();
    let time = settings.writing_time() * 2 + RECOVERY * 2;
    run_for(time, storm(Settings::server(), settings));
}

async fn storm(kind: Kind, settings: Settings) -> Result<()> {
    let mut stage = Stage::new(options(kind)).await?;
    let browsers = [Browser::start().await?, Browser::start().await?];
    let talk = Talk {
        pages: [
            browsers[0].open(&stage.page(0)).await?,
            browsers[1].open(&stage.page(1)).await?,
        ],
        settings,
        written: Default::default(),
        end: Default::default(),
        silence: Cell::new(false),
    };
    for page in &talk.pages {
        page.before_scripts(FRAMES).await?;
        page.reload().await?;
    }
    talk.meet().await?;
    tokio::try_join!(
        talk.write(0),
        talk.write(1),
        talk.break_things(&mut stage, plan_with_reloads(&settings)),
    )?;
    if let Err(error) = talk.all_arrives().await {
        return Err(error.context(talk.whereabouts(&stage).await));
    }
    // Where else it is missing says where it was lost.
    let mut wrong = Vec::new();
    for reload in [false, true] {
        for (page, name) in talk.pages.iter().zip(NAMES) {
            if reload {
                page.reload().await?;
            }
            let read = read_all(page).await?;
            for writer in NAMES {
                if let Err(error) = each_once_in_order(kind, &read, writer, settings.messages) {
                    wrong.push(format!("in {name}'s view, reloaded: {reload}: {error:#}"));
                }
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}\n{}", wrong.join("\n"), talk.whereabouts(&stage).await);
    }
    let people = [(ALICE, NAMES[0]), (BOB, NAMES[1])];
    check_archives(&stage, people, settings.messages).await
}

/// How a page ends before it is loaded anew.
#[derive(Debug, Clone, Copy)]
enum End {
    Reload,
    Crash,
}

/// Two pages that show each other's conversation.
struct Talk {
    pages: [Page; 2],
    settings: Settings,
    /// How many messages each has written.
    written: [Cell<usize>; 2],
    /// How the page is to end behind the next message.
    end: [Cell<Option<End>>; 2],
    /// Nobody writes for the moment.
    silence: Cell<bool>,
}

impl Talk {
    async fn meet(&self) -> Result<()> {
        let [alice, bob] = &self.pages;
        for (page, jid, password) in [(alice, ALICE, NAMES[0]), (bob, BOB, NAMES[1])] {
            sign_in(page, jid, password).await?;
            page.find("list", "Conversations").await?;
        }
        add(alice, BOB).await?;
        bob.find("button", "Accept alice").await?.click().await?;
        bob.find_with("link", "alice").await?.click().await?;
        for page in [alice, bob] {
            page.find("textbox", "Message").await?;
            page.find_with("link", "Available").await?;
            // The page itself has to be there while the proxy is not.
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
                .await?;
        }
        Ok(())
    }

    async fn write(&self, who: usize) -> Result<()> {
        let page = &self.pages[who];
        let pause = self.settings.writing_time() / u32::try_from(self.settings.messages)?;
        page.find("textbox", "Message").await?.click().await?;
        for number in 0..self.settings.messages {
            while self.silence.get() {
                sleep(Duration::from_millis(20)).await;
            }
            let words = message(NAMES[who], number);
            // Whoever waits for all of it waits for what is being written, too.
            self.written[who].set(number + 1);
            tokio::try_join!(say(page, &words), async {
                sleep(pause).await;
                Ok(())
            })?;
            if let Some(end) = self.end[who].take() {
                match end {
                    End::Reload => page.reload().await?,
                    End::Crash => page.crash_and_reload().await?,
                }
                page.find("textbox", "Message").await?.click().await?;
            }
        }
        Ok(())
    }

    async fn break_things(&self, stage: &mut Stage, events: Vec<Event>) -> Result<()> {
        let pause = self.settings.writing_time() / u32::try_from(events.len().max(1))?;
        for (number, event) in events.into_iter().enumerate() {
            eprintln!("chaos: {number}: {event:?}");
            let (happened, ()) = tokio::join!(self.happens(stage, event), sleep(pause));
            happened?;
        }
        Ok(())
    }

    async fn happens(&self, stage: &mut Stage, event: Event) -> Result<()> {
        match event {
            Event::Reload(who) => self.end[who].set(Some(End::Reload)),
            Event::Crash(who) => self.end[who].set(Some(End::Crash)),
            _ => {}
        }
        if !stage.wants_silence(event) {
            return stage.happens(event).await;
        }
        self.silence.set(true);
        self.all_arrives().await?;
        stage.end_server(false).await?;
        self.silence.set(false);
        stage.start_server().await
    }

    /// What is missing where, and what the server says.
    async fn whereabouts(&self, stage: &Stage) -> String {
        stage.calm();
        let mut found = Vec::new();
        for (who, (jid, name)) in [ALICE, BOB].into_iter().zip(NAMES).enumerate() {
            let texts = texts(jid, name, &stage.websocket(who)).await;
            let archived: Vec<_> = texts.into_iter().flatten().map(|(text, _)| text).collect();
            let shown = read_all(&self.pages[who]).await.unwrap_or_default();
            for (place, texts) in [("archive", archived), ("view", shown)] {
                for (writer, written) in NAMES.into_iter().zip(&self.written) {
                    let (kind, written) = (Settings::server(), written.get());
                    if let Err(error) = each_once_in_order(kind, &texts, writer, written) {
                        found.push(format!("{name}'s {place}: {error:#}"));
                    }
                }
            }
            let frames = self.pages[who].evaluate("frames_of_test.join('\\n')").await;
            let frames = frames.unwrap_or_default();
            let frames = frames.as_str().unwrap_or_default();
            found.push(format!("{name}'s newest frames:\n{frames}"));
        }
        let logs = stage.logs();
        let lines: Vec<_> = logs.lines().collect();
        found.push(lines[lines.len().saturating_sub(80)..].join("\n"));
        found.join("\n")
    }

    /// Waits until the newest of what both wrote can be read by both, and nothing
    /// waits to be sent.
    async fn all_arrives(&self) -> Result<()> {
        let newest: Vec<_> = NAMES
            .iter()
            .zip(&self.written)
            .filter(|(_, written)| written.get() > 0)
            .map(|(name, written)| message(name, written.get() - 1))
            .collect();
        for (page, name) in self.pages.iter().zip(NAMES) {
            let missing = RefCell::new(String::new());
            until_for(RECOVERY, "all is well", || async {
                // A page that has just crashed can't be asked.
                let Ok((unread, waiting)) = look_for(page, &newest).await else {
                    return Ok(None);
                };
                missing.replace(format!("{unread:?} can't be read, {waiting} wait"));
                Ok((unread.is_empty() && waiting == 0).then_some(()))
            })
            .await
            .with_context(|| {
                let (missing, log) = (missing.borrow(), page.log());
                format!("with {name}: {missing}; the log is {log:?}")
            })?;
        }
        Ok(())
    }
}

/// Which of `wanted` can't be read, and how many messages wait to be sent. What one of the
/// two wrote while nothing got through can fill more than what is rendered of the end: then
/// it takes scrolling up.
async fn look_for(page: &Page, wanted: &[String]) -> Result<(Vec<String>, u64)> {
    let mut unread = wanted.to_vec();
    let mut waiting = 0;
    let mut before = Vec::new();
    loop {
        let shown = read(page).await?;
        waiting = waiting.max(count_waiting(page).await?);
        unread.retain(|words| !shown.contains(words));
        if unread.is_empty() || shown == before {
            break;
        }
        before = shown;
        scroll_up(page).await?;
    }
    jump_to_end(page).await?;
    Ok((unread, waiting))
}

/// Writes, and sees it in one's own view.
async fn say(page: &Page, words: &str) -> Result<()> {
    page.type_text(words).await?;
    page.press("Enter").await?;
    let seen = until("it is in one's own view", || async {
        Ok(read(page)
            .await?
            .iter()
            .any(|read| read == words)
            .then_some(()))
    });
    let Err(error) = seen.await else {
        return Ok(());
    };
    let field = page
        .evaluate("[document.activeElement?.tagName, document.querySelector('textarea')?.value]")
        .await?;
    let error = error.context(format!("{words:?}; {field}; the log is {:?}", page.log()));
    Err(page.explained(error).await)
}

/// How many of the messages that are rendered are marked as not sent yet.
async fn count_waiting(page: &Page) -> Result<u64> {
    let waiting = page
        .evaluate("document.querySelectorAll('[aria-label=\"Waiting to be sent\"]').length")
        .await?;
    Ok(waiting.as_u64().unwrap_or(u64::MAX))
}

/// The messages that are rendered, in order.
async fn read(page: &Page) -> Result<Vec<String>> {
    let read = page
        .evaluate(
            "(document.querySelector('[role=log]')?.innerText ?? '')\
             .match(/\\w+ wrote \\d{5}\\./g) ?? []",
        )
        .await?;
    Ok(serde_json::from_value(read)?)
}

/// All messages of the conversation, found by scrolling up to its beginning: only a
/// part of a long one is rendered at a time.
async fn read_all(page: &Page) -> Result<Vec<String>> {
    page.find("log", "Messages").await?;
    let (all, before) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let begins = |read: &[String]| NAMES.iter().all(|name| read.contains(&message(name, 0)));
    let found = until_for(PATIENCE, "the beginning of the conversation", || async {
        let shown = read(page).await?;
        let top = *before.borrow() == shown;
        before.replace(shown.clone());
        let Some(joined) = join(shown, &all.take()) else {
            // What the archive put in order meanwhile is elsewhere now: once more.
            jump_to_end(page).await?;
            return Ok(None);
        };
        let found = top && begins(&joined);
        all.replace(joined);
        scroll_up(page).await?;
        Ok(found.then_some(()))
    })
    .await;
    if let Err(error) = found {
        // What is missing is said by whoever counts.
        eprintln!("chaos: {error:#}");
    }
    Ok(all.take())
}

/// Without taking the focus from where one writes.
async fn jump_to_end(page: &Page) -> Result<()> {
    let jump = "document.querySelector('.timeline > button.pill')?.click()";
    page.evaluate(jump).await.map(drop)
}

/// Until more of the conversation is there, if there is more.
async fn scroll_up(page: &Page) -> Result<()> {
    // Who is at the top already has to move to be noticed.
    page.evaluate(
        "(async () => {
            const log = document.querySelector('[role=log]');
            const wait = time => new Promise(resolve => setTimeout(resolve, time));
            const more = new Promise(resolve => {
                new MutationObserver(resolve).observe(log, { childList: true, subtree: true });
            });
            for (const top of [200, 0]) {
                log.scrollTop = top;
                await wait(50);
            }
            await Promise.race([more, wait(1000)]);
        })()",
    )
    .await
    .map(drop)
}

/// What is shown, and behind it what was shown further down and isn't any more; `None` if
/// the two don't meet.
fn join(mut shown: Vec<String>, below: &[String]) -> Option<Vec<String>> {
    if below.is_empty() {
        return Some(shown);
    }
    if below.windows(shown.len().max(1)).any(|part| part == shown) {
        return Some(below.to_vec());
    }
    let meets = |start: &usize| {
        shown[*start..]
            .iter()
            .zip(below)
            .all(|(one, other)| one == other)
    };
    shown.truncate((0..shown.len()).find(meets)?);
    shown.extend_from_slice(below);
    Some(shown)
}
