//! When the session has been taken from our connection: RFC 6120 4.9.3.3 `conflict`.
//!
//! A `<resume/>` of our own takes it too, if it comes late over a connection that we had given
//! up. So it is asked for back, once. Whoever has taken it for good is not fought.

use std::time::Duration;

use super::{Session, State};
use crate::module::Core;
use crate::store::Trouble;

/// Who loses a session so soon after it was given back leaves it to the other one.
const TRUCE: Duration = Duration::from_secs(60);

/// Whose the session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dispute {
    None,
    /// It has been taken. To be resumed, and if it can't be, to be given up.
    Claiming,
    /// It was given back then.
    Settled(Duration),
}

impl Session {
    /// Whether the session, which has just been taken, is to be asked for back.
    pub(super) fn claim(&mut self, core: &Core) -> bool {
        let settled = match self.dispute {
            Dispute::Settled(at) => core.now.monotonic.saturating_sub(at) < TRUCE,
            Dispute::None | Dispute::Claiming => false,
        };
        let resumable = self.state == State::Established && self.management.resume().is_some();
        let claims = self.lasting && resumable && !settled;
        if claims {
            self.dispute = Dispute::Claiming;
            self.management.unreceive();
        }
        claims
    }

    /// It can't be resumed: if it is another's by now, it stays theirs. Whether it is.
    pub(super) fn yields(&mut self, core: &mut Core) -> bool {
        let yields = self.dispute == Dispute::Claiming;
        if yields {
            self.dispute = Dispute::None;
            self.fail(core, Trouble::Replaced);
        }
        yields
    }

    /// It is ours.
    pub(super) fn settle_dispute(&mut self, core: &Core) {
        if self.dispute == Dispute::Claiming {
            self.dispute = Dispute::Settled(core.now.monotonic);
        }
    }
}
