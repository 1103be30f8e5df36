//! What servers do now and then although they shouldn't: a message comes twice, with the
//! same id from the archive, is archived twice, or comes before one of another writer
//! that was archived earlier.
//!
//! The counters of stream management always hold: what comes twice are two stanzas, and
//! what is turned around was never sent in the other order.

use std::collections::VecDeque;

use minidom::Element;

use crate::room::ROOM;
use crate::server::{Server, Session, bare, body};

/// So many messages of a hundred come twice, in each of the ways there are.
const OFTEN: usize = 5;

impl Server {
    pub(crate) fn deliver(&mut self, index: usize, stanza: Element) {
        let counted = identity(&stanza).is_some();
        if counted && self.doubles() {
            self.put(index, stanza.clone());
        }
        if counted && self.habits.doubles {
            self.sessions[index].recent = Some(stanza.clone());
        }
        self.put(index, stanza);
    }

    fn put(&mut self, index: usize, stanza: Element) {
        let session = &mut self.sessions[index];
        if let Some(link) = session.link {
            self.out.push((link, String::from(&stanza)));
        }
        if let Some(management) = &mut session.management {
            management.queue.push_back(stanza);
            if self.habits.curious && self.rng.percent(OFTEN) {
                self.ask(index);
            }
        }
    }

    /// Whether something happens twice.
    pub(crate) fn doubles(&mut self) -> bool {
        self.habits.doubles && self.rng.percent(OFTEN)
    }

    /// After a session was resumed: what its client has handled already comes once more.
    pub(crate) fn repeat(&mut self, index: usize) {
        if let Some(stanza) = self.sessions[index].recent.take()
            && let Some(management) = &mut self.sessions[index].management
            && self.rng.percent(50)
        {
            management.queue.push_back(stanza);
        }
    }

    /// Of what is on its way over `link`, two messages change places.
    pub(crate) fn swap(&mut self, link: usize, down: &mut VecDeque<String>) {
        if !self.habits.swaps || down.len() < 2 || !self.rng.percent(60) {
            return;
        }
        let first = self.rng.below(down.len() - 1);
        // Most of what is sent says nothing, and that is seen sooner than read.
        if !(down[first].contains("<body") && down[first + 1].contains("<body")) {
            return;
        }
        let of_link = |session: &&mut Session| session.link == Some(link);
        let Some(session) = self.sessions.iter_mut().find(of_link) else {
            return;
        };
        let read = |text: &String| text.parse().ok();
        let (one, other): (Option<Element>, Option<Element>) =
            (read(&down[first]), read(&down[first + 1]));
        let (Some(one), Some(other)) = (one, other) else {
            return;
        };
        if !are_by_two(&one, &other) {
            return;
        }
        if let Some(management) = &mut session.management {
            let texts: Vec<_> = management.queue.iter().map(String::from).collect();
            let pair = [&down[first], &down[first + 1]];
            let place = texts.windows(2).rposition(|two| [&two[0], &two[1]] == pair);
            let Some(place) = place else {
                return;
            };
            management.queue.swap(place, place + 1);
        }
        down.swap(first, first + 1);
    }
}

/// Whether these are two messages of two people.
fn are_by_two(one: &Element, other: &Element) -> bool {
    match (copied(one), copied(other)) {
        (Some(one), Some(other)) => {
            let writer = |message: &Element| message.attr("from").map(writer);
            writer(one) != writer(other)
        }
        _ => false,
    }
}

/// In a room everybody has the same address.
fn writer(from: &str) -> String {
    match bare(from) {
        ROOM => from.to_owned(),
        bare => bare.to_owned(),
    }
}

/// The message that this is, or that a carbon brings, if it says something.
fn copied(message: &Element) -> Option<&Element> {
    let mut children = message.children();
    let carbon = children.find(|child| child.ns() == "urn:xmpp:carbons:2");
    let copy = carbon.and_then(|carbon| carbon.children().next()?.children().next());
    let message = copy.unwrap_or(message);
    body(message).map(|_| message)
}

/// The id that its writer gave a message (XEP-0359), or the one that a carbon brings.
pub(crate) fn identity(message: &Element) -> Option<String> {
    let origin = copied(message)?.get_child("origin-id", "urn:xmpp:sid:0");
    Some(origin.expect("an origin-id").attr("id")?.to_owned())
}
