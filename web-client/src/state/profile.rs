//! What others are to know of us.

use couplet_engine::Command;
use couplet_engine::modules::xep0292_vcard4::{self, Change};
use couplet_engine::modules::{
    xep0077_account, xep0084_avatar, xep0172_nickname, xep0486_room_avatars,
};
use couplet_engine::store::{CardField, NotSaved};
use jid::BareJid;

use super::State;

/// A change, of our profile or of a room, that isn't answered yet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pending(pub(super) String);

impl Pending {
    /// Another one for each change.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

impl State {
    /// Shows others this picture of `jid`, which is us or a room that is ours, or none.
    pub(crate) fn set_picture(
        &self,
        jid: &BareJid,
        picture: Option<xep0084_avatar::Picture>,
    ) -> Pending {
        let request = self.new_request("picture");
        let pending = Pending(request.clone());
        self.command(if self.me().as_ref() == Some(jid) {
            Command::Avatar(xep0084_avatar::Command::Set { request, picture })
        } else {
            Command::RoomAvatar(xep0486_room_avatars::Command::Set {
                request,
                room: jid.clone(),
                picture,
            })
        });
        pending
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

    /// Has our card say this; what is empty goes.
    pub(crate) fn change_card(&self, fields: Vec<(CardField, String)>) -> Pending {
        let request = self.new_request("card");
        let save = xep0292_vcard4::Command::Save(Change {
            request: request.clone(),
            fields,
        });
        self.command(Command::Card(save));
        Pending(request)
    }

    /// Has the server know this as our password from now on.
    pub(crate) fn change_password(&self, password: String) -> Pending {
        let request = self.new_request("password");
        self.pass_password(&request, password);
        let change = xep0077_account::Command::ChangePassword {
            request: request.clone(),
        };
        self.command(Command::Account(change));
        Pending(request)
    }

    /// Has the server remove the account, and with it all that is kept here.
    pub(crate) fn delete_account(&self) -> Pending {
        let request = self.new_request("delete");
        let delete = xep0077_account::Command::Delete {
            request: request.clone(),
        };
        self.command(Command::Account(delete));
        Pending(request)
    }

    /// Finds out what there is to know of `jid`, whose details are being looked at.
    pub(crate) fn look_at(&self, jid: &BareJid) {
        let devices = self
            .store()
            .resources(jid)
            .map(|(name, _)| name.to_owned())
            .collect();
        self.command(Command::Look {
            jid: jid.clone(),
            devices,
        });
    }

    /// What became of a change, if that is known.
    pub(crate) fn outcome(&self, change: &Pending) -> Option<Result<(), NotSaved>> {
        let me = self.me()?;
        let store = self.store();
        store.profile(&me)?.outcome(&change.0).cloned()
    }

    /// The name of something that is about to be asked for.
    pub(super) fn new_pending(&self, what: &str) -> Pending {
        Pending(self.new_request(what))
    }

    /// No other tab has asked by this name, and this one not since the page was loaded.
    pub(super) fn new_request(&self, what: &str) -> String {
        format!("{} {what} {}", self.0.session.tab, self.version())
    }
}
