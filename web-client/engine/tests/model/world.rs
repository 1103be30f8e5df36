//! Two people, their devices, a server, and a network that can't be trusted.

use std::time::Duration;

use couplet_engine::{Input, Now, Timestamp};

use crate::device::Device;
use crate::network::Link;
use crate::rng::Rng;
use crate::server::{BAD, DOMAIN, Habits, Server};

/// 2026-11-02 09:00:00 UTC.
const START: i64 = 1_793_610_000_000;

pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) server: Server,
    pub(crate) links: Vec<Link>,
    pub(crate) devices: Vec<Device>,
    pub(crate) now: Duration,
    said: usize,
    pub(crate) calm: bool,
    /// Whether whoever acknowledges something crashes right after it.
    pub(crate) fragile: bool,
    /// Whether to tell what goes over the wire.
    pub(crate) traced: bool,
    /// Of everything that was sent, to compare runs.
    pub(crate) digest: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let fragile = rng.percent(10);
        let habits = Habits {
            management: rng.percent(85),
            extensible: !seed.is_multiple_of(2),
            offline: rng.percent(40),
            remembers: rng.percent(50),
            curious: fragile || rng.percent(30),
            doubles: rng.percent(30),
            swaps: rng.percent(30),
            mortal: false,
        };
        let habits = Habits {
            // Without management nobody would know of it.
            mortal: habits.management && seed % 10 > 7,
            ..habits
        };
        let (alice, bob) = (format!("alice@{DOMAIN}"), format!("bob@{DOMAIN}"));
        let jids = [alice.as_str(), bob.as_str()];
        let now = Duration::from_secs(1);
        let mut devices = Vec::new();
        for (account, jid) in jids.iter().enumerate() {
            for _ in 0..1 + rng.below(2) {
                let (number, peer) = (devices.len(), jids[1 - account]);
                let mut device = Device::new(number, account, jid, peer, at(now, 0), &mut rng);
                device.disk_is_slow = rng.percent(50);
                device.skew = match rng.below(3) {
                    0 => 90_000 - i64::try_from(rng.below(180_000)).expect("small"),
                    _ => 0,
                };
                devices.push(device);
            }
        }
        Self {
            server: Server::new(habits, &jids, Rng::new(rng.next())),
            rng,
            links: Vec::new(),
            devices,
            now,
            said: 0,
            calm: false,
            fragile,
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
            self.join(device);
        }
        for _ in 0..20 + self.rng.below(80) {
            self.step();
        }
        self.settle();
        self.check();
    }

    pub(crate) fn time(&self, device: usize) -> Now {
        at(self.now, self.devices[device].skew)
    }

    fn step(&mut self) {
        match self.rng.below(100) {
            0..55 => self.traffic(),
            55..70 => self.say(),
            70..78 => self.write(),
            78..86 => self.pass(),
            86..91 => self.cut(),
            91..93 => self.disbelieve(),
            93..95 => self.forget(),
            95 => self.ask(),
            96 => self.delete(),
            97 => self.tabs(),
            98 => {
                let device = self.rng.below(self.devices.len());
                self.crash(device);
            }
            _ => self.tabs(),
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
            let in_room = self.devices[device].belongs_to_room() && self.rng.percent(40);
            self.devices[device].say(now, body, in_room, &mut self.rng);
            self.fulfil(device);
        }
    }

    pub(crate) fn sign_in(&mut self, device: usize) {
        let now = self.time(device);
        self.devices[device].sign_in(now);
        self.fulfil(device);
    }

    pub(crate) fn join(&mut self, device: usize) {
        let now = self.time(device);
        self.devices[device].join(now);
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
            let wake = |(index, device): (usize, &Device)| Some((device.tab.wake_at?, index));
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

    /// The server gives a session up whose connection is gone, or ends with all of them.
    fn forget(&mut self) {
        if self.rng.percent(30) {
            while !self.server.sessions.is_empty() {
                self.server.end(0);
            }
            self.cut_all();
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

    /// All connections break, and everybody is told.
    pub(crate) fn cut_all(&mut self) {
        for link in &mut self.links {
            link.alive = false;
            link.up.clear();
            link.down.clear();
        }
        for device in 0..self.devices.len() {
            if self.devices[device].tab.link.is_some() {
                self.tell(device);
            }
        }
    }

    fn ask(&mut self) {
        for index in 0..self.server.sessions.len() {
            self.server.ask(index);
        }
        self.hand_out();
    }

    /// The archive loses what all devices of its owner have, and need no proof of. (While one
    /// catches up, or will for want of carbons, it is the archive's order that puts right what
    /// came out of order.)
    fn delete(&mut self) {
        let account = self.rng.below(2);
        let devices = &self.devices;
        let known = |body: &str| {
            let mut owned = devices.iter().filter(|device| device.account == account);
            owned.all(|device| {
                let settled = device.is_caught_up() && device.is_in_order();
                settled && device.disk.knows(body) && !device.is_waiting(body)
            })
        };
        self.server
            .delete(account, |body| !body.ends_with("ok") && known(body));
    }

    pub(crate) fn crash(&mut self, device: usize) {
        let now = self.time(device);
        self.note(&format!("{device} crashes"));
        self.devices[device].crash(now, &mut self.rng);
        self.fulfil(device);
    }

    /// A second tab is opened or closed, or takes the lead.
    fn tabs(&mut self) {
        let device = self.rng.below(self.devices.len());
        let now = self.time(device);
        match self.rng.below(4) {
            0 | 1 => {
                self.devices[device].open_tab();
                let led = self.devices[device].depose(now, &mut self.rng);
                if led {
                    self.note(&format!("{device} is led by another tab"));
                    self.fulfil(device);
                }
            }
            2 => self.devices[device].open_tab(),
            _ => self.devices[device].close_tab(&mut self.rng),
        }
    }

    /// No more trouble: everything arrives, and whoever waits is woken.
    fn settle(&mut self) {
        self.calm = true;
        self.server.immortal = true;
        for device in &mut self.devices {
            device.disk_is_slow = false;
        }
        for _ in 0..2_000 {
            for device in 0..self.devices.len() {
                let now = self.time(device);
                while self.devices[device].write(now) {}
                self.fulfil(device);
                if self.devices[device].is_signed_out() {
                    self.sign_in(device);
                }
                let link = self.devices[device].tab.link;
                if link.is_some_and(|link| !self.links[link].alive) {
                    self.tell(device);
                }
            }
            self.disbelieve();
            self.hand_out();
            while let Some(device) = (0..self.devices.len()).find(|device| self.is_busy(*device)) {
                self.exchange(device);
            }
            // What was never on disk was never wanted.
            for device in 0..self.devices.len() {
                if self.devices[device].is_settled() && !self.devices[device].belongs_to_room() {
                    self.join(device);
                }
            }
            // What is noted, and was said to nobody who leads, waits for the next one.
            for device in 0..self.devices.len() {
                if self.devices[device].has_only_notes() {
                    self.crash(device);
                }
            }
            // An archive that has let us wait is asked again after a while.
            let settled = |device: &Device| {
                device.is_settled() && device.is_caught_up() && device.is_in_room()
            };
            let quiet = self.devices.iter().all(settled);
            if quiet && self.devices.iter().all(|device| device.tab.link.is_some()) {
                return;
            }
            self.advance(Duration::from_secs(1));
        }
        let states: Vec<_> = self.devices.iter().map(Device::state).collect();
        panic!("it never comes to rest: {states:#?}");
    }

    pub(crate) fn note(&mut self, text: &str) {
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
