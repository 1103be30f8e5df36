//! What of the session survives the page.

use jid::{BareJid, FullJid};
use serde::{Deserialize, Serialize};

use super::Session;
use crate::codec::{decode, encode};
use crate::durable::{FORMAT, ForeignState};
use crate::module::Core;
use crate::stream_management::StreamManagement;

/// What survives the page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// As whom to sign in.
    pub(crate) account: Option<BareJid>,
    me: Option<FullJid>,
    url: String,
    resource: Option<String>,
    lasting: bool,
    managed: bool,
    management: StreamManagement,
}

impl Saved {
    /// A session of `account` that has yet to be made.
    pub(crate) fn new(account: BareJid, url: String) -> Self {
        Self {
            account: Some(account),
            me: None,
            url,
            resource: None,
            lasting: true,
            managed: false,
            management: StreamManagement::default(),
        }
    }

    pub(crate) fn read(stored: &[u8]) -> Result<Self, ForeignState> {
        match stored.split_first() {
            Some((&FORMAT, saved)) => decode(saved).ok_or(ForeignState::Unreadable),
            Some((&other, _)) => Err(ForeignState::Format(other)),
            None => Err(ForeignState::Unreadable),
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut row = vec![FORMAT];
        row.extend(encode(self));
        row
    }
}

impl Session {
    /// What to write, if there is anything to come back to.
    pub(crate) fn save(&self, core: &Core) -> Option<Vec<u8>> {
        if !self.lasting && core.outbox.is_empty() {
            return None;
        }
        let saved = Saved {
            account: core.login(),
            me: core.me.clone(),
            url: self.url.clone(),
            resource: self.resource.clone(),
            lasting: self.lasting,
            managed: self.managed,
            management: self.management.clone(),
        };
        Some(saved.write())
    }

    /// The page is new: a session that was established is resumed at once.
    pub(crate) fn restore(&mut self, core: &mut Core, saved: Saved) {
        self.url = saved.url;
        self.resource = saved.resource;
        self.lasting = saved.lasting;
        self.managed = saved.managed;
        if !saved.lasting {
            return;
        }
        self.management = saved.management;
        self.management.restored();
        core.outbox.on_the_wire(self.management.messages());
        if let Some(me) = saved.me {
            core.bind(me);
        }
        self.retry(core);
    }
}
