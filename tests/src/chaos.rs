//! Two people, and everything between them breaking: the plan of what breaks when,
//! and the stage on which it does.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use couplet_servers::{Kind, Server, ServerOptions};

use crate::archive;
use crate::faults::{Direction, Fault, Relay};
use crate::proxy::Proxy;

/// What a chaos test is to do.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many messages each of the two writes.
    pub messages: usize,
    /// How many things go wrong meanwhile.
    pub faults: usize,
    /// What goes wrong depends on this and nothing else.
    pub seed: u64,
}

impl Settings {
    /// These, or what the variables `COUPLET_CHAOS_MESSAGES`, `COUPLET_CHAOS_FAULTS`
    /// and `COUPLET_CHAOS_SEED` say.
    ///
    /// # Errors
    /// When one of them is no number.
    pub fn or_of_environment(self) -> Result<Self> {
        let number = |name: &str, default: u64| match std::env::var(name) {
            Ok(value) => value
                .parse()
                .with_context(|| format!("{name}={value} is no number")),
            Err(_) => Ok(default),
        };
        let settings = Self {
            messages: number("COUPLET_CHAOS_MESSAGES", self.messages as u64)? as usize,
            faults: number("COUPLET_CHAOS_FAULTS", self.faults as u64)? as usize,
            seed: number("COUPLET_CHAOS_SEED", self.seed)?,
        };
        eprintln!("chaos: {settings:?}");
        Ok(settings)
    }

    /// The server that both are on: Prosody, unless `COUPLET_CHAOS_SERVER` is `ejabberd`.
    pub fn server() -> Kind {
        match std::env::var("COUPLET_CHAOS_SERVER").as_deref() {
            Ok("ejabberd") => Kind::Ejabberd,
            _ => Kind::Prosody,
        }
    }

    /// How long both write: two and a half seconds a fault, in which what broke
    /// comes up again and breaks under load.
    #[must_use]
    pub fn writing_time(&self) -> Duration {
        Duration::from_millis(2500) * u32::try_from(self.faults).unwrap_or(u32::MAX)
    }
}

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A fault on one of the TCP connections of a leg.
    Line(Leg, Fault, usize),
    /// The proxy is killed and stays away for so long.
    Proxy(Duration),
    /// The server is asked to end, or crashes, and starts again.
    Server { crash: bool },
    /// One of the two loads the page anew.
    Reload(usize),
    /// The tab of one of the two crashes, and they load it anew.
    Crash(usize),
}

/// A part of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// From one of the two to the proxy.
    Front(usize),
    /// From the proxy to the server.
    Back,
}

/// Which kinds of events there are in twenty.
const DECK: [fn(&mut Random) -> Event; 20] = [
    cut, cut, cut, cut, cut, cut, cut, cut, half, half, half, stall, stall, delay, delay, swallow,
    swallow, proxy, proxy, server,
];

/// `faults` events, whose kinds are dealt from a deck, so that all of them come.
#[must_use]
pub fn plan(settings: &Settings) -> Vec<Event> {
    let mut random = Random(settings.seed);
    let mut kinds: Vec<_> = DECK.into_iter().cycle().take(settings.faults).collect();
    for last in (1..kinds.len()).rev() {
        kinds.swap(last, random.below(last + 1));
    }
    kinds.into_iter().map(|kind| kind(&mut random)).collect()
}

/// The same, in which every tenth event is a page that is loaded anew, by turns as it is and
/// after a crash.
#[must_use]
pub fn plan_with_reloads(settings: &Settings) -> Vec<Event> {
    let mut events = plan(settings);
    for (index, event) in events.iter_mut().skip(4).step_by(10).enumerate() {
        let who = index % 2;
        *event = match index / 2 % 2 {
            0 => Event::Crash(who),
            _ => Event::Reload(who),
        };
    }
    events
}

fn line(random: &mut Random, fault: Fault) -> Event {
    let leg = match random.below(4) {
        who @ (0 | 1) => Leg::Front(who),
        _ => Leg::Back,
    };
    Event::Line(leg, fault, random.below(1000))
}

/// Mostly within the next stanza or two, sometimes in the middle of a lot.
fn after(random: &mut Random) -> usize {
    let most = [1, 60, 400, 1500, 6000][random.below(5)];
    random.below(most)
}

fn direction(random: &mut Random) -> Direction {
    [Direction::ToServer, Direction::ToClient][random.below(2)]
}

fn millis(random: &mut Random, least: usize, most: usize) -> Duration {
    Duration::from_millis((least + random.below(most - least)) as u64)
}

fn cut(random: &mut Random) -> Event {
    let fault = Fault::Cut {
        direction: direction(random),
        after: after(random),
        reset: random.below(2) == 0,
    };
    line(random, fault)
}

fn half(random: &mut Random) -> Event {
    let fault = Fault::HalfClose {
        direction: direction(random),
        after: after(random),
    };
    line(random, fault)
}

fn swallow(random: &mut Random) -> Event {
    let fault = Fault::Swallow {
        direction: direction(random),
        after: after(random),
        time: millis(random, 500, 4000),
    };
    line(random, fault)
}

fn stall(random: &mut Random) -> Event {
    let time = millis(random, 300, 4000);
    line(random, Fault::Stall { time })
}

fn delay(random: &mut Random) -> Event {
    let fault = Fault::Delay {
        by: millis(random, 20, 300),
        time: millis(random, 1000, 4000),
    };
    line(random, fault)
}

fn proxy(random: &mut Random) -> Event {
    Event::Proxy(millis(random, 0, 1500))
}

fn server(random: &mut Random) -> Event {
    Event::Server {
        crash: random.below(2) == 0,
    }
}

/// SplitMix64: the same numbers from the same seed, everywhere.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// A number below `end`, which isn't 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed % end as u64) as usize
    }
}

/// All that was written is in both archives, so that another device finds it. That a
/// message is there twice happens only where the server was killed, who then didn't say
/// that it had it; counts those of both people.
///
/// # Errors
/// When something is missing, is there twice elsewhere, or the copies can't be told to be ones.
pub async fn check_archives(
    stage: &Stage,
    people: [(&str, &str); 2],
    messages: usize,
) -> Result<()> {
    stage.calm();
    for (who, (jid, password)) in people.into_iter().enumerate() {
        let texts = archive::texts(jid, password, &stage.websocket(who)).await?;
        let repeats = archive::repeats(&texts).with_context(|| format!("{jid}'s archive"))?;
        eprintln!(
            "chaos: {jid}'s archive has {} messages, {repeats} of them again; \
             the server was killed {} times",
            texts.len(),
            stage.kills
        );
        let missing = (messages * 2).saturating_sub(texts.len() - repeats);
        ensure!(
            missing == 0,
            "{missing} messages are missing in {jid}'s archive"
        );
        ensure!(
            repeats == 0 || stage.kills > 0,
            "{repeats} messages are in {jid}'s archive again"
        );
    }
    Ok(())
}

/// A server, the proxy before it, and a relay on each leg: one for each of the two
/// people, and one between proxy and server.
pub struct Stage {
    server: Option<Server>,
    kind: Kind,
    proxy: Proxy,
    fronts: [Relay; 2],
    back: Relay,
    /// How often the server was killed.
    kills: u32,
}

impl Stage {
    /// Starts all of it.
    ///
    /// # Errors
    /// When something doesn't come up.
    pub async fn new(options: ServerOptions) -> Result<Self> {
        let kind = options.kind;
        let server = Server::start(options)?;
        let back = Relay::to(([127, 0, 0, 1], server.c2s_port()).into()).await?;
        let proxy = Proxy::in_front_of_at(&server, back.address()).await?;
        let fronts = [
            Relay::to(proxy.address()).await?,
            Relay::to(proxy.address()).await?,
        ];
        Ok(Self {
            server: Some(server),
            kind,
            proxy,
            fronts,
            back,
            kills: 0,
        })
    }

    /// The WebSocket of one of the two.
    #[must_use]
    pub fn websocket(&self, who: usize) -> String {
        format!("ws://{}/xmpp-websocket", self.fronts[who].address())
    }

    /// The page of one of the two.
    #[must_use]
    pub fn page(&self, who: usize) -> String {
        format!("http://localhost:{}/", self.fronts[who].address().port())
    }

    /// Nothing that was to break a connection to come breaks whoever looks what has
    /// become of all this.
    pub fn calm(&self) {
        for relay in self.fronts.iter().chain([&self.back]) {
            relay.calm();
        }
    }

    /// The way past all relays.
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// What the server has logged so far.
    #[must_use]
    pub fn logs(&self) -> String {
        self.server.as_ref().map(Server::logs).unwrap_or_default()
    }

    /// Lets `event` happen, reloads aside, which are the pages' affair.
    ///
    /// # Errors
    /// When what was ended doesn't come up again.
    pub async fn happens(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Line(Leg::Front(who), fault, pick) => self.fronts[who].inject(fault, pick),
            Event::Line(Leg::Back, fault, pick) => self.back.inject(fault, pick),
            Event::Proxy(down) => {
                self.proxy.kill().await?;
                tokio::time::sleep(down).await;
                self.proxy.restart().await?;
            }
            Event::Server { crash } => {
                self.end_server(crash).await?;
                self.start_server().await?;
            }
            Event::Reload(_) | Event::Crash(_) => {}
        }
        Ok(())
    }

    /// Whether nobody may be writing while `event` begins: ejabberd 23.01 acknowledges
    /// what is on its way to somebody and then forgets it when it is asked to end, so
    /// that no client could know of the loss.
    #[must_use]
    pub fn wants_silence(&self, event: Event) -> bool {
        matches!(event, Event::Server { .. }) && self.kind == Kind::Ejabberd
    }

    /// Ends the server while everything else goes on. What ejabberd hasn't written yet
    /// it has acknowledged all the same, so it never crashes.
    ///
    /// # Errors
    /// There is none.
    pub async fn end_server(&mut self, crash: bool) -> Result<()> {
        let crash = crash && self.kind == Kind::Prosody;
        // What nobody had acknowledged when ejabberd ended, it archives once more.
        self.kills += u32::from(crash || self.kind == Kind::Ejabberd);
        self.with_server(move |server| {
            if crash {
                server.kill();
            } else {
                server.stop();
            }
            Ok(())
        })
        .await
    }

    /// Starts it again.
    ///
    /// # Errors
    /// It doesn't come up.
    pub async fn start_server(&mut self) -> Result<()> {
        self.with_server(Server::restart).await
    }

    async fn with_server(
        &mut self,
        act: impl FnOnce(&mut Server) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let mut server = self.server.take().context("the server")?;
        let acting = tokio::task::spawn_blocking(move || act(&mut server).map(|()| server));
        self.server = Some(acting.await??);
        Ok(())
    }
}

/// The `number`th message of somebody; no message is a part of another one.
#[must_use]
pub fn message(writer: &str, number: usize) -> String {
    format!("{writer} wrote {number:05}.")
}

/// All of `writer`'s messages are in `read` once, in the order of writing. ejabberd
/// 23.01 itself turns two around now and then when a session is resumed: what the old
/// connection's process still held comes behind what the new one has got meanwhile.
/// There it is said, and isn't an error.
///
/// # Errors
/// What is missing, doubled, or out of order.
pub fn each_once_in_order(
    kind: Kind,
    read: &[String],
    writer: &str,
    messages: usize,
) -> Result<()> {
    let (mut missing, mut doubled, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..messages {
        let words = message(writer, number);
        let mut found = read
            .iter()
            .enumerate()
            .filter(|(_, body)| **body == words)
            .map(|(place, _)| place);
        match (found.next(), found.next()) {
            (None, _) => missing.push(number),
            (Some(place), None) => places.push((place, number)),
            (Some(_), Some(_)) => doubled.push(number),
        }
    }
    let disorder: Vec<_> = places
        .windows(2)
        .filter(|pair| pair[0].0 > pair[1].0)
        .map(|pair| (pair[0].1, pair[1].1))
        .collect();
    let disordered = !disorder.is_empty();
    if disordered && kind == Kind::Ejabberd {
        eprintln!("chaos: {writer}'s messages as ejabberd turned them around: {disorder:?}");
    }
    ensure!(
        missing.is_empty() && doubled.is_empty() && (!disordered || kind == Kind::Ejabberd),
        "of {writer}'s {messages} messages, missing: {missing:?}; doubled: {doubled:?}; \
         out of order: {disorder:?}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_plan() {
        let settings = |seed| Settings {
            messages: 0,
            faults: 40,
            seed,
        };
        assert_eq!(plan(&settings(1)), plan(&settings(1)));
        assert_ne!(plan(&settings(1)), plan(&settings(2)));
        let events = plan_with_reloads(&settings(3));
        let count =
            |wanted: fn(&Event) -> bool| events.iter().filter(|&event| wanted(event)).count();
        assert_eq!(events.len(), 40);
        assert_eq!(count(|event| matches!(event, Event::Reload(_))), 2);
        assert_eq!(count(|event| matches!(event, Event::Crash(_))), 2);
        assert!(count(|event| matches!(event, Event::Line(..))) >= 28);
    }

    #[test]
    fn what_is_lost_doubled_or_disordered_is_found() {
        let read = |numbers: &[usize]| {
            numbers
                .iter()
                .map(|&number| message("bob", number))
                .collect::<Vec<_>>()
        };
        assert!(each_once_in_order(Kind::Prosody, &read(&[0, 1, 2]), "bob", 3).is_ok());
        for wrong in [&[0, 2][..], &[0, 1, 1, 2], &[0, 2, 1], &[1, 2, 0]] {
            assert!(each_once_in_order(Kind::Prosody, &read(wrong), "bob", 3).is_err());
        }
    }
}
