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
    /// Whoever holds the secrets is asked whether there is a token.
    Asked,
    /// As soon as the session is closed.
    Due,
    Running,
}

impl Session {
    /// There is a token.
    pub(super) fn revoke(&mut self, core: &mut Core) {
        if self.revocation == Revocation::Asked {
            self.revocation = Revocation::Due;
            if self.state == State::SignedOut {
                self.left(core);
            }
        }
    }

    /// Whether nobody is signed in, and nothing is left to be said.
    pub(crate) fn is_over(&self) -> bool {
        self.state == State::SignedOut && self.revocation == Revocation::None
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
