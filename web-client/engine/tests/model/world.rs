//! Two people, their devices, a server, and a network that can't be trusted.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use couplet_engine::store::Delivery;
use couplet_engine::{CloseReason, Input, Now, Timestamp};

use crate::device::{Device, Wish};
use crate::rng::Rng;
use crate::server::{BAD, DOMAIN, Habits, Server};

/// 2026-11-02 09:00:00 UTC.
const START: i64 = 1_793_610_000_000;

/// For so many seconds all has to be quiet: an archive that didn't answer is asked again
/// after ten.
const PATIENCE: u32 = 12;

/// What is under way on one connection.
#[derive(Debug, Default)]
struct Link {
    device: usize,
    opened: bool,
    /// Whether bytes still get through.
    alive: bool,
    /// Whether the server still believes in it.
    believed: bool,
    up: VecDeque<String>,
    down: VecDeque<String>,
}

pub(crate) struct World {
    rng: Rng,
    server: Server,
    links: Vec<Link>,
    devices: Vec<Device>,
    now: Duration,
    said: usize,
    calm: bool,
    /// Whether to tell what goes over the wire.
    pub(crate) traced: bool,
    /// Of everything that was sent, to compare runs.
    pub(crate) digest: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let habits = Habits {
            management: rng.percent(85),
            extensible: !seed.is_multiple_of(2),
            offline: rng.percent(40),
            remembers: rng.percent(50),
        };
        let (alice, bob) = (format!("alice@{DOMAIN}"), format!("bob@{DOMAIN}"));
        let jids = [alice.as_str(), bob.as_str()];
        let now = Duration::from_secs(1);
        let mut devices = Vec::new();
        for (account, jid) in jids.iter().enumerate() {
            for _ in 0..1 + rng.below(2) {
                let mut device = Device::new(account, jid, jids[1 - account], at(now, 0), &mut rng);
                device.disk_is_slow = rng.percent(50);
                device.skew = match rng.below(3) {
                    0 => 90_000 - i64::try_from(rng.below(180_000)).expect("small"),
                    _ => 0,
                };
                devices.push(device);
            }
        }
        Self {
            server: Server::new(habits, &jids),
            rng,
            links: Vec::new(),
            devices,
            now,
            said: 0,
            calm: false,
            traced: false,
            digest: 0,
        }
    }

    /// Trouble first, then calm, in which everything has to come right.
    pub(crate) fn run(&mut self) {
        for device in 0..self.devices.len() {
            let now = self.time(device);
            self.devices[device].sign_in(now);
            self.fulfil(device);
        }
        for _ in 0..20 + self.rng.below(80) {
            self.step();
        }
        self.settle();
        self.check();
    }

    fn time(&self, device: usize) -> Now {
        at(self.now, self.devices[device].skew)
    }

    fn step(&mut self) {
        match self.rng.below(100) {
            0..55 => self.traffic(),
            55..70 => self.say(),
            70..78 => self.write(),
            78..86 => self.pass(),
            86..91 => self.cut(),
            91..94 => self.disbelieve(),
            94..96 => self.forget(),
            96 => self.ask(),
            97 => self.delete(),
            _ => {
                let device = self.rng.below(self.devices.len());
                self.crash(device);
            }
        }
    }

    /// A few frames get through, somewhere.
    fn traffic(&mut self) {
        for _ in 0..1 + self.rng.below(12) {
            let busy: Vec<_> = (0..self.devices.len())
                .filter(|device| self.is_busy(*device))
                .collect();
            if busy.is_empty() {
                return;
            }
            let device = busy[self.rng.below(busy.len())];
            self.exchange(device);
        }
    }

    fn is_busy(&self, device: usize) -> bool {
        let known = &self.devices[device];
        let link = known.link.map(|link| &self.links[link]);
        !known.next.is_empty()
            || link.is_some_and(|link| {
                !link.opened || link.alive && !(link.up.is_empty() && link.down.is_empty())
            })
            || self.links.iter().any(|link| {
                link.device == device && link.alive && link.believed && !link.up.is_empty()
            })
    }

    /// One thing that can happen to a device or what it has sent happens.
    fn exchange(&mut self, device: usize) {
        let now = self.time(device);
        if let Some(input) = self.devices[device].next.pop_front() {
            return self.input(device, now, input);
        }
        // What was sent over an older connection may still arrive.
        let up = |link: &Link| {
            link.device == device && link.alive && link.believed && !link.up.is_empty()
        };
        let sending = self.links.iter().position(up);
        let current = self.devices[device].link;
        if let Some(link) = current.filter(|link| !self.links[*link].opened) {
            self.links[link].opened = true;
            return self.input(device, now, Input::Opened);
        }
        let down = current.filter(|link| {
            let link = &self.links[*link];
            link.alive && !link.down.is_empty()
        });
        match (sending, down) {
            (Some(link), None) => self.arrive(link),
            (Some(link), Some(_)) if self.rng.percent(50) => self.arrive(link),
            (_, Some(link)) => {
                if let Some(frame) = self.links[link].down.pop_front() {
                    self.input(device, now, Input::Frame(frame));
                }
            }
            (None, None) => {}
        }
    }

    /// One frame reaches the server.
    fn arrive(&mut self, link: usize) {
        let Some(frame) = self.links[link].up.pop_front() else {
            return;
        };
        let device = self.links[link].device;
        let ack = frame.starts_with("<a ");
        self.server.seconds = self.now.as_secs();
        self.server.receive(link, &frame);
        self.hand_out();
        for (link, body) in std::mem::take(&mut self.server.acknowledged) {
            let device = &self.devices[self.links[link].device];
            assert!(
                device.has_durable(&body),
                "{body:?} was acknowledged too early"
            );
        }
        if ack && !self.calm && self.rng.percent(25) {
            self.crash(device);
        }
    }

    fn hand_out(&mut self) {
        for (link, text) in std::mem::take(&mut self.server.out) {
            self.note(&text);
            if self.links[link].alive {
                self.links[link].down.push_back(text);
            }
        }
    }

    fn input(&mut self, device: usize, now: Now, input: Input) {
        if self.traced {
            println!("{device} <- {input:?}");
        }
        self.devices[device].input(now, input);
        self.fulfil(device);
    }

    fn fulfil(&mut self, device: usize) {
        for wish in std::mem::take(&mut self.devices[device].wishes) {
            match wish {
                Wish::Open => {
                    let link = self.server.connect(self.devices[device].account);
                    self.links.push(Link {
                        device,
                        alive: true,
                        believed: true,
                        ..Link::default()
                    });
                    self.devices[device].link = Some(link);
                    self.devices[device].next.clear();
                }
                Wish::Transmit(text) => {
                    self.note(&text);
                    if let Some(link) = self.devices[device].link {
                        self.links[link].up.push_back(text);
                    }
                }
                Wish::Close => self.devices[device].link = None,
            }
        }
    }

    fn say(&mut self) {
        let device = self.rng.below(self.devices.len());
        if self.devices[device].is_signed_out() {
            return self.sign_in(device);
        }
        for _ in 0..1 + self.rng.below(3) {
            self.said += 1;
            let body = match self.rng.below(50) {
                // Two people say "ok" more than once.
                0..8 => format!("{device}:ok"),
                8 => format!("{device}:{} {BAD}", self.said),
                _ => format!("{device}:{}", self.said),
            };
            let now = self.time(device);
            self.devices[device].say(now, body);
            self.fulfil(device);
        }
    }

    fn sign_in(&mut self, device: usize) {
        let now = self.time(device);
        self.devices[device].sign_in(now);
        self.fulfil(device);
    }

    fn write(&mut self) {
        let device = self.rng.below(self.devices.len());
        for _ in 0..1 + self.rng.below(4) {
            let now = self.time(device);
            self.devices[device].write(now);
            self.fulfil(device);
        }
    }

    /// Time goes by: a moment, or until somebody wakes.
    fn pass(&mut self) {
        let longest = [100, 2_000, 2_000, 20_000, 200_000][self.rng.below(5)];
        let moment = u64::try_from(self.rng.below(longest)).expect("small");
        self.advance(Duration::from_millis(moment));
    }

    fn advance(&mut self, by: Duration) {
        let until = self.now + by;
        loop {
            let wake = |(index, device): (usize, &Device)| Some((device.wake_at?, index));
            let next = self.devices.iter().enumerate().filter_map(wake).min();
            let Some((at, device)) = next.filter(|(at, _)| *at <= until) else {
                break;
            };
            self.now = self.now.max(at);
            let now = self.time(device);
            self.input(device, now, Input::Timeout);
        }
        self.now = until;
    }

    /// A connection breaks: of what is under way, nothing more arrives.
    fn cut(&mut self) {
        let live: Vec<_> = (0..self.links.len())
            .filter(|link| self.links[*link].alive)
            .collect();
        if live.is_empty() {
            return;
        }
        let link = live[self.rng.below(live.len())];
        self.links[link].alive = false;
        self.links[link].up.clear();
        self.links[link].down.clear();
        let device = self.links[link].device;
        // The device may learn of it at once, or has to find out.
        if self.rng.percent(70) && self.devices[device].link == Some(link) {
            self.tell(device);
        }
        if self.rng.percent(50) {
            self.server.disconnect(link);
            self.links[link].believed = false;
        }
    }

    fn tell(&mut self, device: usize) {
        let opened = self.devices[device]
            .link
            .is_some_and(|link| self.links[link].opened);
        self.devices[device].link = None;
        self.devices[device].next.clear();
        let now = self.time(device);
        let reason = CloseReason { opened, code: 1006 };
        self.input(device, now, Input::Closed(reason));
    }

    /// The server finds out about a connection that is gone.
    fn disbelieve(&mut self) {
        for link in 0..self.links.len() {
            let dead =
                !self.links[link].alive || self.devices[self.links[link].device].link != Some(link);
            if dead && self.links[link].believed && self.rng.percent(50) {
                self.links[link].believed = false;
                self.server.disconnect(link);
            }
        }
    }

    /// The server gives a session up whose connection is gone, or ends with all of them.
    fn forget(&mut self) {
        if self.rng.percent(30) {
            while !self.server.sessions.is_empty() {
                self.server.end(0);
            }
            for link in &mut self.links {
                link.alive = false;
                link.up.clear();
                link.down.clear();
            }
            for device in 0..self.devices.len() {
                if self.devices[device].link.is_some() {
                    self.tell(device);
                }
            }
        } else if let Some(index) = self
            .server
            .sessions
            .iter()
            .position(|session| session.link.is_none())
        {
            self.server.end(index);
        }
        self.hand_out();
    }

    fn ask(&mut self) {
        for index in 0..self.server.sessions.len() {
            self.server.ask(index);
        }
        self.hand_out();
    }

    /// The archive loses what all devices of its owner have. (While one catches up, it is
    /// the archive's order that puts right what came out of order.)
    fn delete(&mut self) {
        let account = self.rng.below(2);
        let devices = &self.devices;
        let known = |body: &str| {
            let mut owned = devices.iter().filter(|device| device.account == account);
            owned.all(|device| device.is_caught_up() && device.has_durable(body))
        };
        self.server
            .delete(account, |body| !body.ends_with("ok") && known(body));
    }

    fn crash(&mut self, device: usize) {
        let now = self.time(device);
        self.note(&format!("{device} crashes"));
        self.devices[device].crash(now, &mut self.rng);
        self.fulfil(device);
    }

    /// No more trouble: everything arrives, and whoever waits is woken.
    fn settle(&mut self) {
        self.calm = true;
        for device in &mut self.devices {
            device.disk_is_slow = false;
        }
        let mut quiet = 0;
        for _ in 0..2_000 {
            for device in 0..self.devices.len() {
                let now = self.time(device);
                while self.devices[device].write(now) {}
                self.fulfil(device);
                if self.devices[device].is_signed_out() {
                    self.sign_in(device);
                }
                let link = self.devices[device].link;
                if link.is_some_and(|link| !self.links[link].alive) {
                    self.tell(device);
                }
            }
            self.disbelieve();
            self.hand_out();
            while let Some(device) = (0..self.devices.len()).find(|device| self.is_busy(*device)) {
                self.exchange(device);
            }
            let settled = |device: &Device| device.is_settled() && device.link.is_some();
            quiet = match self.devices.iter().all(settled) {
                true => quiet + 1,
                false => 0,
            };
            if quiet > PATIENCE {
                return;
            }
            self.advance(Duration::from_secs(1));
        }
        let states: Vec<_> = self.devices.iter().map(Device::state).collect();
        panic!("it never comes to rest: {states:#?}");
    }

    /// Everybody sees everything that anybody wrote, once, each writer's in order.
    fn check(&mut self) {
        for device in 0..self.devices.len() {
            let now = self.time(device);
            self.devices[device].load_all(now);
            let shown = self.devices[device].bodies();
            assert_eq!(
                shown,
                self.devices[device].bodies_on_disk(),
                "the disk differs"
            );
            let mut by_writer: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
            for body in &shown {
                let (writer, _) = body.split_once(':').expect("ours");
                by_writer.entry(writer).or_default().push(body);
            }
            for (writer, known) in self.devices.iter().enumerate() {
                let name = writer.to_string();
                let arrives = |body: &&String| writer == device || !body.contains(BAD);
                let said: Vec<_> = known.said().filter(arrives).collect();
                let seen = by_writer.remove(name.as_str()).unwrap_or_default();
                assert_eq!(seen, said, "what {writer} wrote, as {device} sees it");
            }
            assert!(by_writer.is_empty(), "nobody wrote {by_writer:?}");
            let peer = &self.devices[device].peer;
            let conversation = self.devices[device].store.conversation(peer);
            for message in conversation.iter().flat_map(|known| known.timeline.iter()) {
                let failed = matches!(message.delivery, Delivery::Failed(_));
                assert_eq!(failed, message.body.contains(BAD), "{message:?}");
                assert!(message.delivery != Delivery::Queued, "{message:?}");
            }
        }
    }

    fn note(&mut self, text: &str) {
        if self.traced {
            println!("{:?} {text}", self.now);
        }
        for byte in text.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

fn at(now: Duration, skew: i64) -> Now {
    let passed = i64::try_from(now.as_millis()).expect("small");
    Now {
        monotonic: now,
        wall: Timestamp(START + passed + skew),
    }
}
