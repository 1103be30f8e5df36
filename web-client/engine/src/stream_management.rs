//! XEP-0198 Stream Management 1.6.3: what the server has of ours, and we of it.
//!
//! On a server without it the same queue is proven by pings: whatever we sent
//! before a ping has arrived once its result is here.

use std::collections::VecDeque;

use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use crate::store::MessageId;
use crate::xml::{self, build};

/// More stanzas than this were never sent since the last commit.
const FORGOTTEN: usize = 100_000;
/// For how long the server shall keep a session whose connection broke, in seconds.
const RESUMPTION_TIME: u32 = 300;

/// A stanza that the server has not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unacked {
    /// A message of the outbox, which has the text.
    Message(MessageId),
    /// Any other stanza.
    Other(String),
}

/// The counters and the queue of one stream.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StreamManagement {
    /// Whether the server has agreed: from then on incoming stanzas count.
    enabled: bool,
    /// By which the session can be resumed, if it can.
    previd: Option<String>,
    /// Stanzas we have handled, modulo 2^32.
    handled: u32,
    /// Stanzas the server has handled, modulo 2^32.
    acked: u32,
    unacked: VecDeque<Unacked>,
    /// Whether a request for an ack, or a ping, is under way, and how much of the queue it covers.
    #[serde(skip)]
    requested: Option<usize>,
    /// How many stanzas the server doesn't know that we have.
    #[serde(skip)]
    unreported: u32,
    /// Whether this is what was stored: what went out unimportant after that is not counted.
    #[serde(skip)]
    restored: bool,
    /// Whether this is a resumed session of which the server has acknowledged nothing since.
    #[serde(skip)]
    untried: bool,
}

/// The server claims to have handled more than we sent (XEP-0198 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server acknowledged {h} stanzas, we had sent {sent}")]
pub(crate) struct TooHigh {
    h: u32,
    sent: u32,
}

impl StreamManagement {
    /// `<enable/>`; outgoing stanzas count from now on.
    pub(crate) fn enable(&mut self) -> String {
        self.unacked.clear();
        xml::write(&Self::enable_request())
    }

    /// The same, for where it goes into another request (XEP-0386).
    pub(crate) fn enable_request() -> Element {
        build("enable", ns::SM)
            .attr("resume", "true")
            .attr("max", RESUMPTION_TIME)
            .done()
    }

    pub(crate) fn enabled(&mut self, enabled: &Element) {
        self.enabled = true;
        self.handled = 0;
        self.acked = 0;
        let resumable = matches!(enabled.attr("resume"), Some("true" | "1"));
        self.previd = enabled.attr("id").filter(|_| resumable).map(str::to_owned);
    }

    /// It won't: nobody answers a request for an ack any more.
    pub(crate) fn refused(&mut self) {
        self.requested = None;
    }

    /// Whether the server has agreed.
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// `<resume/>`, if there is a session to resume.
    pub(crate) fn resume(&self) -> Option<String> {
        let resume = build("resume", ns::SM)
            .attr("previd", self.previd.as_deref()?)
            .attr("h", self.handled);
        Some(xml::write(&resume.done()))
    }

    /// The session is not to be resumed.
    pub(crate) fn forsake(&mut self) {
        self.previd = None;
    }

    /// A stanza has come in.
    pub(crate) fn received(&mut self) {
        if self.enabled {
            self.handled = self.handled.wrapping_add(1);
            self.unreported += 1;
        }
    }

    /// Another connection has the session, over which what the server doesn't know that we
    /// have may come in another order: it is to come again.
    pub(crate) fn unreceive(&mut self) {
        self.handled = self.handled.wrapping_sub(self.unreported);
        self.unreported = 0;
    }

    /// How many stanzas the server keeps because it doesn't know that we have them.
    pub(crate) fn unreported(&self) -> u32 {
        self.unreported
    }

    /// `<a/>`. To be sent behind the commit of what it acknowledges.
    pub(crate) fn ack(&mut self) -> String {
        self.unreported = 0;
        xml::write(&build("a", ns::SM).attr("h", self.handled).done())
    }

    /// A stanza goes out.
    pub(crate) fn sent(&mut self, stanza: Unacked) {
        self.unacked.push_back(stanza);
    }

    /// Whether there is something to ask about that hasn't been asked yet, and
    /// takes note that it is being asked now.
    pub(crate) fn request(&mut self) -> bool {
        if self.requested.is_some() || self.unacked.is_empty() {
            return false;
        }
        self.requested = Some(self.unacked.len());
        true
    }

    /// `<r/>`
    pub(crate) fn request_ack() -> String {
        xml::write(&build("r", ns::SM).done())
    }

    /// The server has handled everything up to `h`: what leaves the queue.
    pub(crate) fn acked(&mut self, h: u32) -> Result<Vec<Unacked>, TooHigh> {
        self.requested = None;
        let mut count = h.wrapping_sub(self.acked) as usize;
        if self.restored && count < FORGOTTEN {
            count = count.min(self.unacked.len());
        }
        if count > self.unacked.len() {
            let sent = self
                .acked
                .wrapping_add(u32::try_from(self.unacked.len()).unwrap_or(0));
            return Err(TooHigh { h, sent });
        }
        self.acked = h;
        self.untried &= count == 0;
        Ok(self.unacked.drain(..count).collect())
    }

    /// The ping's result is here: what was sent before it has arrived.
    pub(crate) fn ponged(&mut self) -> Vec<Unacked> {
        let count = self.requested.take().unwrap_or(0).min(self.unacked.len());
        self.unacked.drain(..count).collect()
    }

    /// The session goes on: what the server missed, to be sent again. Nothing of it
    /// counts as sent any more.
    pub(crate) fn resumed(&mut self) -> VecDeque<Unacked> {
        self.requested = None;
        self.unreported = 0;
        self.restored = false;
        self.untried = true;
        std::mem::take(&mut self.unacked)
    }

    /// Whether the server has yet to show that it understands what we send since it resumed
    /// the session.
    pub(crate) fn is_untried(&self) -> bool {
        self.untried
    }

    /// This is what was stored.
    pub(crate) fn restored(&mut self) {
        self.restored = true;
    }

    /// The messages that may be on the wire.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &MessageId> {
        self.unacked.iter().filter_map(|unacked| match unacked {
            Unacked::Message(id) => Some(id),
            Unacked::Other(_) => None,
        })
    }

    /// The session is over.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The `h` of an ack, of `<resumed/>` or of `<failed/>`.
    pub(crate) fn h(element: &Element) -> Option<u32> {
        element.attr("h")?.parse().ok()
    }

    /// Whether the server offers it.
    pub(crate) fn offered(features: &Element) -> bool {
        features.has_child("sm", ns::SM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_sent(count: usize) -> StreamManagement {
        let mut management = StreamManagement::default();
        management.enable();
        management.enabled(
            &"<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true'/>"
                .parse()
                .unwrap(),
        );
        for index in 0..count {
            management.sent(other(index));
        }
        management
    }

    fn other(index: usize) -> Unacked {
        Unacked::Other(index.to_string())
    }

    #[test]
    fn acks_take_from_the_front() {
        let mut management = with_sent(5);
        let acked = management.acked(3).unwrap();
        assert_eq!(acked.len(), 3);
        assert_eq!(management.resumed(), [other(3), other(4)]);
    }

    #[test]
    fn what_was_stored_may_lack_what_was_sent_since() {
        let mut management = with_sent(2);
        management.restored();
        assert_eq!(management.acked(5).unwrap().len(), 2);
        assert!(management.resumed().is_empty());
        management.sent(other(9));
        assert_eq!(management.acked(6).unwrap(), [other(9)]);
    }

    #[test]
    fn an_ack_of_more_than_was_sent_is_an_error() {
        assert_eq!(with_sent(2).acked(3), Err(TooHigh { h: 3, sent: 2 }));
    }

    #[test]
    fn counters_wrap() {
        let mut management = with_sent(2);
        management.acked = u32::MAX;
        assert_eq!(management.acked(1).unwrap().len(), 2);
    }

    #[test]
    fn one_request_at_a_time() {
        let mut management = with_sent(1);
        assert!(management.request());
        assert!(!management.request());
        management.acked(0).unwrap();
        assert!(management.request());
    }

    #[test]
    fn a_ping_proves_what_was_sent_before_it() {
        let mut management = StreamManagement::default();
        management.sent(other(1));
        assert!(management.request());
        management.sent(other(2));
        assert_eq!(management.ponged(), [other(1)]);
    }

    #[test]
    fn only_a_resumable_session_resumes() {
        let mut management = StreamManagement::default();
        management.enable();
        management.enabled(&"<enabled xmlns='urn:xmpp:sm:3' id='x'/>".parse().unwrap());
        assert_eq!(management.resume(), None);
        assert!(with_sent(0).resume().is_some());
    }
}
