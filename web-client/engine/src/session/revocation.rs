//! Signing out where there is a token: the server is to forget it (XEP-0484 3.6), for
//! which one has to sign in with it once more.

use std::time::Duration;

use super::{DEADLINE, Effect, Session, State};
use crate::module::Core;
use crate::timer::Owner;

/// How long that may take. Nobody waits for it.
pub(super) const REVOCATION_TIME: Duration = Duration::from_secs(10);

/// How far that has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revocation {
    None,
    /// As soon as the session is closed.
    Due,
    Running,
}

impl Session {
    /// There is a token.
    pub(super) fn revoke(&mut self, core: &mut Core) {
        match self.state {
            State::Closing => self.revocation = Revocation::Due,
            State::SignedOut if self.revocation == Revocation::None => {
                self.revocation = Revocation::Due;
                self.left(core);
            }
            _ => {}
        }
    }

    /// The session is closed.
    pub(super) fn left(&mut self, core: &mut Core) {
        self.state = State::SignedOut;
        core.timers.cancel(Owner::Session, DEADLINE);
        if self.revocation == Revocation::Due {
            self.revocation = Revocation::Running;
            self.open(core);
            self.deadline(core, REVOCATION_TIME);
        }
    }

    /// The server has forgotten the token, or won't.
    pub(super) fn revoked(&mut self, core: &mut Core) {
        self.revocation = Revocation::None;
        self.effects
            .push(Effect::Handshake(couplet_shared::framing::CLOSE.to_owned()));
        self.effects.push(Effect::Close);
        self.left(core);
        self.beat(core);
    }
}
