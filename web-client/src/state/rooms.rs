//! Rooms that are made here, what their owners change, which there are, and who is invited.

use std::cell::{Ref, RefCell};

use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc::{self, New, Preset};
use couplet_engine::modules::xep0249_invitations;
use couplet_engine::store::{Answer, Form, ListedRoom, NotSaved, RoomsAnswer, RoomsPage};
use jid::BareJid;

use super::elsewhere::Elsewhere;
use super::{Pending, State, Subject};

/// More rooms than these nobody looks through.
const MOST_ROOMS: usize = 5_000;

/// What services and rooms have said.
#[derive(Default)]
pub(super) struct Rooms {
    service: RefCell<Option<BareJid>>,
    /// The last form, and for which question it came.
    settings: RefCell<Option<(String, Result<Form, NotSaved>)>>,
    listing: RefCell<Listing>,
    pub(super) elsewhere: RefCell<Elsewhere>,
    invited: RefCell<Vec<Invited>>,
}

/// What has become of somebody's invitation.
struct Invited {
    /// When that was asked for.
    request: String,
    jid: BareJid,
    outcome: Result<(), NotSaved>,
    /// Whether it has gone to them, whatever has become of it then.
    gone: bool,
}

/// The rooms of a service, or those it has found, as far as they are known.
#[derive(Default)]
pub(crate) struct Listing {
    /// What is being asked.
    pub(super) request: Option<String>,
    /// Whose they are, or are to be.
    pub(crate) service: Option<BareJid>,
    pub(crate) rooms: Vec<ListedRoom>,
    /// Behind what there are more.
    pub(super) next: Option<String>,
    /// Why there are none.
    pub(crate) failure: Option<NotSaved>,
}

impl Listing {
    /// Whether an answer is still to come.
    pub(crate) fn is_asking(&self) -> bool {
        self.request.is_some()
    }

    pub(crate) fn has_more(&self) -> bool {
        self.next.is_some() && self.rooms.len() < MOST_ROOMS
    }

    /// The answer to what was asked.
    fn take(&mut self, outcome: Result<RoomsPage, NotSaved>) {
        self.request = None;
        if self.next.take().is_none() {
            // What is still here goes with other words.
            self.rooms.clear();
        }
        match outcome {
            Ok(page) => {
                for room in page.rooms {
                    // While rooms are listed by their people, one may get onto two pages.
                    if !self.rooms.iter().any(|known| known.jid == room.jid) {
                        self.rooms.push(room);
                    }
                }
                self.service = Some(page.service);
                self.next = page.next;
            }
            Err(failure) => self.failure = Some(failure),
        }
    }
}

impl State {
    /// Finds out where our server has rooms. [`Subject::Rooms`] is told about that, and about
    /// what a room says to its owner.
    pub(crate) fn look_for_rooms(&self) {
        self.command(Command::Muc(xep0045_muc::Command::Service));
    }

    /// Where our server has rooms, if it does and that is known.
    pub(crate) fn room_service(&self) -> Option<BareJid> {
        self.0.rooms.service.borrow().clone()
    }

    /// The rooms that were last asked for.
    pub(crate) fn listing(&self) -> Ref<'_, Listing> {
        self.0.rooms.listing.borrow()
    }

    /// Finds out which rooms a service has, or a server.
    pub(crate) fn browse_rooms(&self, service: BareJid) {
        self.0.rooms.listing.replace(Listing {
            service: Some(service),
            ..Listing::default()
        });
        self.more_rooms();
    }

    /// Finds out which more it has.
    pub(crate) fn more_rooms(&self) {
        let (service, after) = {
            let listing = self.listing();
            let more = listing.rooms.is_empty() || listing.has_more();
            match &listing.service {
                Some(service) if more && !listing.is_asking() => {
                    (service.clone(), listing.next.clone())
                }
                _ => return,
            }
        };
        let request = self.new_request("rooms");
        self.0.rooms.listing.borrow_mut().request = Some(request.clone());
        self.command(Command::Muc(xep0045_muc::Command::Browse {
            request,
            service,
            after,
        }));
        self.touch(Subject::Rooms);
    }

    /// Finds out what these are, since they are in view.
    pub(crate) fn describe_rooms(&self, rooms: Vec<BareJid>) {
        self.command(Command::Muc(xep0045_muc::Command::Describe { rooms }));
    }

    /// Nobody looks at them any more.
    pub(crate) fn close_listing(&self) {
        self.0.rooms.listing.take();
        self.0.rooms.elsewhere.take();
        self.describe_rooms(Vec::new());
    }

    /// Makes a room, and goes into it under this name, or our own.
    pub(crate) fn make_room(
        &self,
        room: BareJid,
        name: String,
        nick: Option<String>,
        preset: Preset,
    ) -> Pending {
        let request = self.new_request("room");
        self.command(Command::Muc(xep0045_muc::Command::Make(New {
            request: request.clone(),
            room,
            name,
            nick,
            preset,
        })));
        Pending(request)
    }

    /// Finds out what a room wants to know of those who would be its members. The answer is taken
    /// as that of [`ask_room_settings`](Self::ask_room_settings) is.
    pub(crate) fn ask_registration(&self, room: BareJid) -> Pending {
        let pending = self.new_pending("registration");
        self.command(Command::Muc(xep0045_muc::Command::Registration {
            request: pending.name().to_owned(),
            room,
        }));
        pending
    }

    /// Asks a room to have us as a member.
    pub(crate) fn register_in_room(&self, room: BareJid, answer: Answer) -> Pending {
        let pending = self.new_pending("register");
        self.command(Command::Muc(xep0045_muc::Command::Register {
            request: pending.name().to_owned(),
            room,
            answer,
        }));
        pending
    }

    /// Finds out what can be otherwise with a room.
    pub(crate) fn ask_room_settings(&self, room: BareJid) -> Pending {
        let request = self.new_request("settings");
        self.command(Command::Muc(xep0045_muc::Command::Settings {
            request: request.clone(),
            room,
        }));
        Pending(request)
    }

    /// Takes the answer to that, once it is here.
    pub(crate) fn take_room_settings(&self, asked: &Pending) -> Option<Result<Form, NotSaved>> {
        let settings = &self.0.rooms.settings;
        let ours = settings
            .borrow_mut()
            .take_if(|(request, _)| request == asked.name());
        ours.map(|(_, outcome)| outcome)
    }

    /// Has a room be what its form says.
    pub(crate) fn configure_room(&self, room: BareJid, answer: Answer) -> Pending {
        let request = self.new_request("configure");
        self.command(Command::Muc(xep0045_muc::Command::Configure {
            request: request.clone(),
            room,
            answer,
        }));
        Pending(request)
    }

    /// Tells people that one would like to see them in a room. [`Subject::Rooms`] is told what
    /// becomes of it.
    pub(crate) fn invite(
        &self,
        room: &BareJid,
        people: Vec<BareJid>,
        reason: Option<String>,
    ) -> Pending {
        let pending = self.new_pending("invite");
        self.command(Command::Invitation(xep0249_invitations::Command::Invite {
            request: pending.name().to_owned(),
            room: room.clone(),
            people,
            reason,
        }));
        pending
    }

    /// What has become of somebody's invitation, if that is known.
    pub(crate) fn invited(&self, asked: &Pending, jid: &BareJid) -> Option<Result<(), NotSaved>> {
        let invited = self.0.rooms.invited.borrow();
        let known = |invited: &&Invited| invited.request == asked.name() && invited.jid == *jid;
        let known = invited.iter().find(known);
        known.map(|invited| invited.outcome.clone())
    }

    /// Whether it has gone to them: then it isn't the room that has refused it.
    pub(crate) fn has_gone(&self, asked: &Pending, jid: &BareJid) -> bool {
        let invited = self.0.rooms.invited.borrow();
        let known = |invited: &Invited| invited.request == asked.name() && invited.jid == *jid;
        invited.iter().any(|invited| invited.gone && known(invited))
    }

    /// Nobody looks at it any more.
    pub(crate) fn forget_invited(&self) {
        self.0.rooms.invited.take();
    }

    /// A service or a room has said something, perhaps to another tab.
    pub(super) fn take_rooms_answer(&self, answer: RoomsAnswer) {
        let rooms = &self.0.rooms;
        match answer {
            RoomsAnswer::Service(service) => drop(rooms.service.replace(service)),
            RoomsAnswer::Settings { request, outcome } => {
                if !request.starts_with(&self.0.session.tab) {
                    return;
                }
                rooms.settings.replace(Some((request, outcome)));
            }
            RoomsAnswer::Page { request, outcome } => {
                let mut listing = rooms.listing.borrow_mut();
                let mut elsewhere = rooms.elsewhere.borrow_mut();
                let mut asking = [&mut *listing, &mut elsewhere.found].into_iter();
                let asked = |listing: &&mut Listing| listing.request.as_ref() == Some(&request);
                let Some(listing) = asking.find(asked) else {
                    return;
                };
                listing.take(outcome);
            }
            RoomsAnswer::Room { room, about } => {
                let mut listing = rooms.listing.borrow_mut();
                let mut known = listing.rooms.iter_mut();
                if let Some(known) = known.find(|known| known.jid == room) {
                    known.about = Some(about);
                }
            }
            RoomsAnswer::Invited {
                request,
                jid,
                outcome,
            } => {
                if !request.starts_with(&self.0.session.tab) {
                    return;
                }
                let mut invited = rooms.invited.borrow_mut();
                let same = |known: &Invited| known.request == request && known.jid == jid;
                let gone = outcome.is_ok() || invited.iter().any(same);
                invited.retain(|known| !same(known));
                invited.push(Invited {
                    request,
                    jid,
                    outcome,
                    gone,
                });
            }
        }
        self.touch(Subject::Rooms);
    }

    /// What was known of the service was another server's.
    pub(super) fn forget_rooms(&self) {
        self.0.rooms.service.take();
        self.0.rooms.settings.take();
        self.0.rooms.listing.take();
        self.0.rooms.elsewhere.take();
        self.forget_invited();
    }
}
