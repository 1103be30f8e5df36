//! What others are to know of us.

use couplet_engine::Command;
use couplet_engine::modules::{xep0084_avatar, xep0172_nickname};
use couplet_engine::store::NotSaved;

use super::State;

/// A change of our profile that the server hasn't answered yet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pending(String);

impl State {
    /// Shows this picture of us to others, or none.
    pub(crate) fn set_picture(&self, picture: Option<xep0084_avatar::Picture>) -> Pending {
        let request = self.new_request("picture");
        let set = xep0084_avatar::Command::Set {
            request: request.clone(),
            picture,
        };
        self.command(Command::Avatar(set));
        Pending(request)
    }

    /// Has us go by this name, or by none.
    pub(crate) fn set_nickname(&self, nickname: Option<String>) -> Pending {
        let request = self.new_request("nickname");
        let set = xep0172_nickname::Command::Set {
            request: request.clone(),
            nickname,
        };
        self.command(Command::Nickname(set));
        Pending(request)
    }

    /// What became of a change, if that is known.
    pub(crate) fn outcome(&self, change: &Pending) -> Option<Result<(), NotSaved>> {
        let me = self.me()?;
        let store = self.store();
        store.profile(&me)?.outcome(&change.0).cloned()
    }

    /// No other tab has asked by this name, and this one not since the page was loaded.
    fn new_request(&self, what: &str) -> String {
        format!("{} {what} {}", self.0.session.tab, self.version())
    }
}
