//! How a connection ends, and what comes after: another attempt, or nobody.

use std::time::Duration;

use minidom::Element;

use super::revocation::Revocation;
use super::{DEADLINE, Effect, LIVENESS, REPORT, RETRY, Session, State, trouble};
use crate::input::CloseReason;
use crate::module::Core;
use crate::output::Level;
use crate::store::{Failure, SessionStatus, StoreEvent, Trouble};
use crate::timer::Owner;

/// Back-off: the first wait, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Session {
    pub(crate) fn closed(&mut self, core: &mut Core, reason: &CloseReason) {
        match self.state {
            State::SignedOut | State::Waiting => {}
            State::Closing => self.left(core),
            _ => {
                let trouble = self.trouble.take().unwrap_or(if reason.opened {
                    Trouble::ConnectionLost
                } else {
                    Trouble::ProxyUnreachable
                });
                core.log(
                    Level::Info,
                    format!("connection closed, code {}", reason.code),
                );
                self.fail(core, trouble);
            }
        }
    }

    pub(super) fn stream_error(&mut self, core: &mut Core, element: &Element) {
        let trouble = trouble::of_stream_error(element, core.account.as_ref());
        core.log(Level::Info, format!("stream error: {trouble:?}"));
        if let Trouble::StreamError { condition, text } = &trouble {
            self.ended(condition, text.clone());
        }
        // A stream error ends the session too (RFC 6120 4.9.1.1, XEP-0198 5): what
        // is left to do is to begin a new one, when the socket closes.
        self.trouble = Some(trouble);
    }

    pub(super) fn closed_by_server(&mut self, core: &mut Core) {
        if self.state == State::Closing {
            self.effects.push(Effect::Close);
            return self.left(core);
        }
        self.transmit(couplet_shared::framing::CLOSE.to_owned());
        if self.trouble.is_none() {
            self.ended(trouble::UNDEFINED, None);
        }
        let trouble = self.trouble.take().unwrap_or(Trouble::ConnectionLost);
        self.fail(core, trouble);
    }

    /// The server has ended a session in which something of ours may be on the wire.
    fn ended(&mut self, condition: &str, text: Option<String>) {
        if self.state != State::Established || trouble::is_elsewhere(condition) {
            return;
        }
        if self.management.is_untried() {
            // Prosody 0.12 goes on reading behind what the old connection ended with, be it half
            // a stanza. What it says of a new session counts.
            return self.management.forsake();
        }
        // One that does so again and again is given more time each time.
        self.attempts = self.attempts.max(self.earlier);
        self.effects.push(Effect::Ended {
            blamed: trouble::blames(condition),
            failure: Failure {
                condition: condition.to_owned(),
                text,
            },
        });
    }

    /// The connection is no longer of use.
    pub(super) fn fail(&mut self, core: &mut Core, trouble: Trouble) {
        if self.revocation == Revocation::Running {
            return self.revoked(core);
        }
        let trouble = match trouble {
            Trouble::Replaced if self.claim(core) => Trouble::ConnectionLost,
            trouble => trouble,
        };
        self.effects.push(Effect::Close);
        core.established = false;
        core.timers.cancel(Owner::Session, DEADLINE);
        core.timers.cancel(Owner::Session, LIVENESS);
        core.timers.cancel(Owner::Session, REPORT);
        if !self.lasting || trouble::is_final(&trouble) {
            self.state = State::SignedOut;
            return self.end(core, Some(trouble));
        }
        let wait = self.next_wait(core);
        self.state = State::Waiting;
        let at = core.now.monotonic + wait;
        core.timers.set(Owner::Session, RETRY, at);
        let until = core.now.wall_at(at);
        core.event(StoreEvent::Status(SessionStatus::Waiting {
            trouble,
            until,
        }));
    }

    /// Twice as long each time, of which a random half is spared so that a
    /// server that comes back isn't met by everybody at once.
    pub(super) fn next_wait(&mut self, core: &mut Core) -> Duration {
        let longest = FIRST_WAIT
            .saturating_mul(1 << self.attempts.min(10))
            .min(LONGEST_WAIT);
        self.attempts = self.attempts.saturating_add(1);
        let half = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX) / 2;
        Duration::from_millis(half + core.ids.below(half.max(1)))
    }

    pub(super) fn retry(&mut self, core: &mut Core) {
        core.timers.cancel(Owner::Session, RETRY);
        core.event(StoreEvent::Status(SessionStatus::Reconnecting {
            trouble: Trouble::ConnectionLost,
        }));
        self.open(core);
    }

    /// Nobody is signed in any more.
    pub(super) fn end(&mut self, core: &mut Core, trouble: Option<Trouble>) {
        self.drop_session(core);
        self.lasting = false;
        core.established = false;
        core.timers.cancel(Owner::Session, LIVENESS);
        core.timers.cancel(Owner::Session, RETRY);
        core.event(StoreEvent::Status(SessionStatus::SignedOut { trouble }));
    }

    pub(super) fn drop_session(&mut self, core: &mut Core) {
        self.lose_session(core, false);
    }

    /// The server says that there is no such session (XEP-0198 5).
    pub(super) fn session_forgotten(&mut self, core: &mut Core) {
        self.lose_session(core, true);
    }

    fn lose_session(&mut self, core: &mut Core, forgotten: bool) {
        core.durable.due |= self.lasting;
        self.management.reset();
        self.probe = None;
        core.me = None;
        self.effects.push(Effect::Lost { forgotten });
    }
}
