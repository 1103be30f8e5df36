//! Who has what: acks on either side, or the pings that stand in for them.

use std::time::Duration;

use minidom::Element;
use xmpp_parsers::ns;

use super::{DEADLINE, Effect, REPORT, Session, State, request};
use crate::module::Core;
use crate::stanza::IqKind;
use crate::store::Trouble;
use crate::stream_management::{StreamManagement, Unacked};
use crate::timer::Owner;
use crate::xml::build;

/// Stanzas are acknowledged unasked after this time, or this many of them.
const REPORT_TIME: Duration = Duration::from_secs(10);
const REPORT_COUNT: u32 = 50;

impl Session {
    /// Nonzas of stream management (XEP-0198).
    pub(super) fn managed(&mut self, core: &mut Core, name: &str, element: &Element) {
        match name {
            "enabled" if self.managed => {
                core.timers.cancel(Owner::Session, DEADLINE);
                self.management.enabled(element);
                core.durable.due = true;
            }
            "r" => self.acknowledge(core),
            "a" => {
                self.acked(core, element);
            }
            "resumed" | "failed" if self.state == State::Resuming => {
                self.answered(core, name == "resumed", element);
            }
            // Pings prove what acks would have.
            "failed" => {
                core.timers.cancel(Owner::Session, DEADLINE);
                self.managed = false;
                self.management.refused();
            }
            _ => {}
        }
    }

    /// Asks for proof of what has been sent, once a drain.
    pub(crate) fn ask_for_proof(&mut self, core: &mut Core) {
        if self.state != State::Established || !self.management.request() {
            return;
        }
        if self.managed {
            self.transmit(StreamManagement::request_ack());
        } else {
            self.ping(core);
        }
    }

    /// Behind the commit of everything that it acknowledges.
    pub(super) fn acknowledge(&mut self, core: &mut Core) {
        core.durable.due = true;
        core.timers.cancel(Owner::Session, REPORT);
        let ack = self.management.ack();
        self.transmit(ack);
    }

    /// What the server keeps for us is not to grow without end, even if it doesn't ask.
    pub(super) fn report(&mut self, core: &mut Core) {
        match self.management.unreported() {
            0 => {}
            1 => core
                .timers
                .set(Owner::Session, REPORT, core.now.monotonic + REPORT_TIME),
            count if count >= REPORT_COUNT => self.acknowledge(core),
            _ => {}
        }
    }

    /// `<resume/>` by itself is answered.
    fn answered(&mut self, core: &mut Core, resumed: bool, element: &Element) {
        if resumed {
            if self.resumed(core, element) {
                self.establish(core, true);
            }
        } else if self.acked(core, element) && !self.yields(core) {
            self.session_forgotten(core);
            self.bind(core);
        }
    }

    /// The session goes on: what the server missed goes again. Whether it does go on.
    pub(super) fn resumed(&mut self, core: &mut Core, element: &Element) -> bool {
        if !self.acked(core, element) {
            return false;
        }
        // Messages go again as the outbox has them, in order.
        core.outbox.send_again();
        for unacked in self.management.resumed() {
            if let Unacked::Other(stanza) = unacked {
                self.send(stanza, None);
            }
        }
        core.durable.due = true;
        true
    }

    /// Takes what the server says that it has; false if that ends the session.
    pub(super) fn acked(&mut self, core: &mut Core, element: &Element) -> bool {
        let Some(h) = StreamManagement::h(element) else {
            return true;
        };
        match self.management.acked(h) {
            Ok(acked) => {
                self.proven(acked);
                true
            }
            Err(error) => {
                // XEP-0198 4: the two sides no longer agree on what was said.
                let detail = error.to_string();
                self.drop_session(core);
                self.fail(core, Trouble::Protocol { detail });
                false
            }
        }
    }

    pub(super) fn ponged(&mut self) {
        self.probe = None;
        let arrived = self.management.ponged();
        self.proven(arrived);
    }

    pub(super) fn proven(&mut self, stanzas: Vec<Unacked>) {
        for unacked in stanzas {
            if let Unacked::Message(id) = unacked {
                self.earlier = 0;
                self.effects.push(Effect::Proven(id));
            }
        }
    }

    pub(super) fn ping(&mut self, core: &mut Core) {
        let id = core.ids.id();
        self.probe = Some(id.clone());
        let ping = request(IqKind::Get, id, build("ping", ns::PING).done());
        if self.managed {
            self.send(ping, None);
        } else {
            self.transmit(ping);
        }
    }
}
