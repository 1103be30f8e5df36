//! Who is what to a room, as far as it was asked (XEP-0045 9.5).

use std::cell::RefCell;

use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc::admin;
use couplet_engine::store::{Affiliation, AffiliationList, Listed, NotSaved};
use jid::BareJid;

use super::{Pending, State, Subject};

/// The last answer to this page.
#[derive(Default)]
pub(super) struct Lists(RefCell<Option<AffiliationList>>);

impl State {
    /// Asks a room who is that to it. [`Subject::Affiliations`] is told about the answer.
    pub(crate) fn list_affiliation(&self, room: &BareJid, affiliation: Affiliation) -> Pending {
        let pending = self.new_pending("list");
        self.command(Command::RoomAdmin(admin::Command::List {
            request: pending.name().to_owned(),
            room: room.clone(),
            affiliation,
        }));
        pending
    }

    /// The answer, as soon as it is here.
    pub(crate) fn affiliation_list(
        &self,
        asked: &Pending,
    ) -> Option<Result<Vec<Listed>, NotSaved>> {
        let known = self.0.affiliations.0.borrow();
        let answer = known.as_ref().filter(|list| list.request == asked.name())?;
        Some(answer.outcome.clone())
    }

    /// Nobody looks at it any more.
    pub(crate) fn forget_affiliations(&self) {
        self.0.affiliations.0.take();
    }

    /// A room has answered, perhaps another tab. Each asks in its own name.
    pub(super) fn take_affiliations(&self, list: AffiliationList) {
        if list.request.starts_with(&self.0.session.tab) {
            self.0.affiliations.0.replace(Some(list));
            self.touch(Subject::Affiliations);
        }
    }
}
