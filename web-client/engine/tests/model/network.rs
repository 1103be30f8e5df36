//! What happens between a device and the server: what is sent arrives, or doesn't.

use std::collections::VecDeque;

use couplet_engine::{CloseReason, Input, Now};

use crate::device::Wish;
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
    pub(crate) fn exchange(&mut self, device: usize) {
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
    pub(crate) fn arrive(&mut self, link: usize) {
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

    pub(crate) fn hand_out(&mut self) {
        for (link, text) in std::mem::take(&mut self.server.out) {
            self.note(&text);
            if self.links[link].alive {
                self.links[link].down.push_back(text);
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
        if self.rng.percent(70) && self.devices[device].link == Some(link) {
            self.tell(device);
        }
        if self.rng.percent(50) {
            self.server.disconnect(link);
            self.links[link].believed = false;
        }
    }

    pub(crate) fn tell(&mut self, device: usize) {
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
    pub(crate) fn disbelieve(&mut self) {
        for link in 0..self.links.len() {
            let dead =
                !self.links[link].alive || self.devices[self.links[link].device].link != Some(link);
            if dead && self.links[link].believed && self.rng.percent(50) {
                self.links[link].believed = false;
                self.server.disconnect(link);
            }
        }
    }
}
