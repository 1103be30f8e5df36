//! Whether the connection is alive: silence is questioned, sleep is noticed.

use std::time::Duration;

use super::revocation::Revocation;
use super::{HEARTBEAT, LIVENESS, Session, State};
use crate::module::Core;
use crate::store::Trouble;
use crate::stream_management::StreamManagement;
use crate::timer::Owner;

/// How long the other side may be silent before it is asked whether it is still there,
/// and how long it may take to answer.
struct Patience {
    silence: Duration,
    answer: Duration,
}

/// Somebody looks at the page: a dead connection is found within 20 seconds.
const WATCHED: Patience = Patience {
    silence: Duration::from_secs(12),
    answer: Duration::from_secs(6),
};
/// Nobody does: traffic costs, and browsers keep the timers of hidden pages back.
const UNWATCHED: Patience = Patience {
    silence: Duration::from_secs(25),
    answer: Duration::from_secs(15),
};
/// The same where there is reason to think that the connection is dead.
const SUSPICION_TIME: Duration = Duration::from_secs(4);
/// How often a page that is seen looks whether the machine has slept.
const HEARTBEAT_TIME: Duration = Duration::from_secs(2);

impl Session {
    /// The connection is alive as of now.
    pub(super) fn begin_watch(&mut self, core: &mut Core) {
        self.heard = core.now.monotonic;
        self.asked_for_life = false;
        let at = self.heard + self.patience().silence;
        core.timers.set(Owner::Session, LIVENESS, at);
        self.beat(core);
    }

    /// Browsers keep timers of hidden pages back, so that one may come late: what
    /// counts is when we last heard anything.
    pub(super) fn check_life(&mut self, core: &mut Core) {
        if self.state != State::Established {
            return;
        }
        let now = core.now.monotonic;
        self.earlier = 0;
        let Patience { silence, answer } = self.patience();
        let next = if !self.asked_for_life && now.saturating_sub(self.heard) < silence {
            self.heard + silence
        } else if self.asked_for_life {
            return self.fail(core, Trouble::Timeout);
        } else {
            self.ask_for_life(core);
            now + answer
        };
        core.timers.set(Owner::Session, LIVENESS, next);
    }

    fn patience(&self) -> Patience {
        if self.hidden { UNWATCHED } else { WATCHED }
    }

    fn ask_for_life(&mut self, core: &mut Core) {
        self.asked_for_life = true;
        if self.managed {
            self.transmit(StreamManagement::request_ack());
        } else {
            self.ping(core);
        }
    }

    /// The machine has slept, the network has come back: a wait is over, a connection is not
    /// to be trusted, and one that is only being made is made again.
    pub(crate) fn woken(&mut self, core: &mut Core) {
        if !self.hurry(core) {
            self.suspect(core);
        }
    }

    /// Somebody looks again. A handshake that gets on is left alone, or whoever looks often
    /// would never see its end.
    pub(super) fn looked_at(&mut self, core: &mut Core) {
        let silence = core.now.monotonic.saturating_sub(self.heard);
        if !self.is_under_way() || silence > SUSPICION_TIME {
            self.woken(core);
        }
    }

    /// Begins anew at once, unless there is a session.
    pub(super) fn hurry(&mut self, core: &mut Core) -> bool {
        if self.state == State::Waiting {
            self.retry(core);
        } else if self.is_under_way() {
            self.open(core);
        } else {
            return false;
        }
        true
    }

    /// Whether we are on the way to a session.
    fn is_under_way(&self) -> bool {
        let over = matches!(
            self.state,
            State::SignedOut | State::Waiting | State::Established | State::Closing
        );
        !over && self.revocation != Revocation::Running
    }

    /// The connection may be dead; it has little time to prove that it isn't.
    pub(super) fn suspect(&mut self, core: &mut Core) {
        if self.state == State::Established {
            self.ask_for_life(core);
            let at = core.now.monotonic + SUSPICION_TIME;
            core.timers.set(Owner::Session, LIVENESS, at);
        }
    }

    /// Sleep is noticed at the next input, which has to come.
    pub(super) fn beat(&self, core: &mut Core) {
        let asleep = matches!(self.state, State::SignedOut | State::Closing);
        if self.hidden || asleep {
            core.timers.cancel(Owner::Session, HEARTBEAT);
        } else {
            let at = core.now.monotonic + HEARTBEAT_TIME;
            core.timers.set(Owner::Session, HEARTBEAT, at);
        }
    }
}
