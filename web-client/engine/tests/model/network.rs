//! What happens between a device and the server: what is sent arrives, or doesn't.

use std::collections::VecDeque;

use couplet_engine::{CloseReason, Input, Now};

use crate::tab::{Wish, Written};
use crate::world::World;

/// What is under way on one connection.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) device: usize,
    pub(crate) opened: bool,
    /// Whether bytes still get through.
    pub(crate) alive: bool,
    /// Whether the server still believes in it.
    pub(crate) believed: bool,
    pub(crate) up: VecDeque<String>,
    pub(crate) down: VecDeque<String>,
}

impl World {
    pub(crate) fn is_busy(&self, device: usize) -> bool {
        let known = &self.devices[device];
        let link = known.tab.link.map(|link| &self.links[link]);
        !known.tab.next.is_empty()
            || !known.posted.is_empty()
            || known.former.is_some()
            || link.is_some_and(|link| {
                !link.opened || link.alive && !(link.up.is_empty() && link.down.is_empty())
            })
            || self.sending(device).next().is_some()
    }

    /// Over which connections something of this device is under way. What was sent over
    /// an older one may still arrive.
    fn sending(&self, device: usize) -> impl Iterator<Item = usize> {
        let up = move |(_, link): &(usize, &Link)| {
            link.device == device && link.alive && link.believed && !link.up.is_empty()
        };
        self.links.iter().enumerate().filter(up).map(|(at, _)| at)
    }

    /// One thing that can happen to a device or what it has sent happens.
    pub(crate) fn exchange(&mut self, device: usize) {
        let now = self.time(device);
        if self.devices[device].former.is_some() && self.rng.percent(40) {
            return self.linger(device);
        }
        if let Some(input) = self.devices[device].tab.next.pop_front() {
            return self.input(device, now, input);
        }
        if !self.devices[device].posted.is_empty() {
            self.devices[device].hear(now);
            return self.fulfil(device);
        }
        let sending = self.sending(device).next();
        let current = self.devices[device].tab.link;
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

    /// One thing happens to the tab that has been deposed and doesn't know.
    fn linger(&mut self, device: usize) {
        let now = self.time(device);
        let known = &mut self.devices[device];
        let Some(former) = &mut known.former else {
            return;
        };
        former.unaware = former.unaware.saturating_sub(1);
        let tab = &mut former.tab;
        let mut deposed = former.unaware == 0;
        let writes = self.rng.percent(40);
        let link = tab.link.map(|link| &mut self.links[link]);
        let frame = link.filter(|_| !writes);
        if writes {
            deposed |= tab.write(&mut known.disk, now) == Written::Refused;
        } else if let Some(frame) = frame.and_then(|link| link.down.pop_front()) {
            tab.input(now, Input::Frame(frame));
        } else if let Some(input) = tab.next.pop_front() {
            tab.input(now, input);
        } else if tab.wake_at.is_some_and(|at| at <= self.now) {
            tab.input(now, Input::Timeout);
        }
        for wish in std::mem::take(&mut tab.wishes) {
            match (wish, tab.link) {
                (Wish::Transmit(text), Some(link)) if !deposed => {
                    self.links[link].up.push_back(text);
                }
                (Wish::Transmit(_), _) => {}
                (Wish::Open, _) => deposed = true,
                (Wish::Close, _) => tab.link = None,
            }
        }
        if deposed {
            known.retire();
        }
    }

    /// One frame reaches the server.
    pub(crate) fn arrive(&mut self, link: usize) {
        let Some(frame) = self.links[link].up.pop_front() else {
            return;
        };
        let device = self.links[link].device;
        let ack = frame.starts_with("<a ");
        self.server.seconds = self.now.as_secs();
        self.server.receive(link, &frame);
        if self.server.dead {
            self.note("the server dies");
            self.server.revive();
            return self.cut_all();
        }
        self.hand_out();
        for (link, id) in std::mem::take(&mut self.server.acknowledged) {
            let device = &self.devices[self.links[link].device];
            assert!(device.disk.knows(&id), "{id:?} was acknowledged too early");
        }
        if ack && !self.calm && self.rng.percent(25) {
            self.crash(device);
        }
    }

    pub(crate) fn hand_out(&mut self) {
        for (link, text) in std::mem::take(&mut self.server.out) {
            self.note(&text);
            if self.links[link].alive {
                let down = &mut self.links[link].down;
                down.push_back(text);
                self.server.swap(link, down);
            }
        }
    }

    pub(crate) fn input(&mut self, device: usize, now: Now, input: Input) {
        if self.traced {
            println!("{device} <- {input:?}");
        }
        self.devices[device].input(now, input);
        self.fulfil(device);
    }

    pub(crate) fn fulfil(&mut self, device: usize) {
        for wish in std::mem::take(&mut self.devices[device].tab.wishes) {
            match wish {
                Wish::Open => {
                    let link = self.server.connect(self.devices[device].account, device);
                    self.links.push(Link {
                        device,
                        alive: true,
                        believed: true,
                        ..Link::default()
                    });
                    self.devices[device].tab.link = Some(link);
                    self.devices[device].tab.next.clear();
                }
                Wish::Transmit(text) => {
                    self.note(&text);
                    let Some(link) = self.devices[device].tab.link else {
                        continue;
                    };
                    let fatal = self.fragile && !self.calm && self.server.acknowledges(&text);
                    self.links[link].up.push_back(text);
                    if fatal {
                        // What else there was to do is never done.
                        return self.crash(device);
                    }
                }
                Wish::Close => self.devices[device].tab.link = None,
            }
        }
    }

    /// A connection breaks: of what is under way, nothing more arrives.
    pub(crate) fn cut(&mut self) {
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
        if self.rng.percent(70) && self.devices[device].tab.link == Some(link) {
            self.tell(device);
        }
        if self.rng.percent(50) {
            self.server.disconnect(link);
            self.links[link].believed = false;
        }
    }

    pub(crate) fn tell(&mut self, device: usize) {
        let tab = &mut self.devices[device].tab;
        let opened = tab.link.is_some_and(|link| self.links[link].opened);
        tab.link = None;
        tab.next.clear();
        let now = self.time(device);
        let reason = CloseReason { opened, code: 1006 };
        self.input(device, now, Input::Closed(reason));
    }

    /// The server finds out about a connection that is gone.
    pub(crate) fn disbelieve(&mut self) {
        for link in 0..self.links.len() {
            if self.is_gone(link) && self.links[link].believed && self.rng.percent(50) {
                self.links[link].believed = false;
                self.server.disconnect(link);
            }
        }
    }

    /// The server finds out about all of them.
    pub(crate) fn disbelieve_all(&mut self) {
        for link in 0..self.links.len() {
            if self.is_gone(link) && std::mem::take(&mut self.links[link].believed) {
                self.server.disconnect(link);
            }
        }
        self.hand_out();
    }

    /// Whether nobody is at the other end of it any more.
    fn is_gone(&self, link: usize) -> bool {
        let device = &self.devices[self.links[link].device];
        let former = device.former.as_ref();
        let held = device.tab.link == Some(link)
            || former.is_some_and(|former| former.tab.link == Some(link));
        !self.links[link].alive || !held
    }
}
