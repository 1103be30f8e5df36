//! XEP-0249 Direct MUC Invitations 1.2: somebody would like to see somebody in a room.
//!
//! Also what a room passes on for somebody (XEP-0045 7.8.2): many send both, and so do we where
//! only members come in, for then the room has to agree, and makes them a member. Of a guest, whom
//! nobody knows, only what the room passes on.

use std::collections::VecDeque;

use jid::{BareJid, Jid};
use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::xep0045_muc::LONGEST_REASON;
use crate::foreign::lines;
use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Incoming, Module, Origin, Specification};
use crate::rooms;
use crate::service::has;
use crate::sorted_map::SortedMap;
use crate::stanza::{self, MessageType, StanzaError};
use crate::store::{
    Incident, Invitation, NotSaved, PageAnswer, Removal, RoomChange, RoomsAnswer, StoreEvent,
};
use crate::xml::{self, build};

/// What a person can do about invitations, but for following one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Tell people that one would like to see them in a room. What becomes of it is a
    /// [`RoomsAnswer`] for each of them.
    Invite {
        /// By which whoever asks knows the answers.
        request: String,
        /// Where.
        room: BareJid,
        /// Whom.
        people: Vec<BareJid>,
        /// Why.
        reason: Option<String>,
    },
    /// Don't go there.
    Decline {
        /// Where.
        room: BareJid,
        /// Who is told of it by the room, if the invitation came that way.
        to: Option<BareJid>,
        /// Why.
        reason: Option<String>,
    },
}

const X_CONFERENCE: &str = "jabber:x:conference";

/// So many people are invited at once.
const MOST_PEOPLE: usize = 50;
/// So many of our invitations may still come back.
const MOST_SENT: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Invitations {
    asked: SortedMap<Ticket, Inviting>,
    /// Those that have gone to people themselves, the last ones.
    sent: VecDeque<Sent>,
    /// What rooms are to be told as soon as there is a connection.
    unsent: Vec<stanza::Message>,
}

/// People who are to be invited, as soon as the room has answered.
#[derive(Debug)]
struct Inviting {
    request: String,
    room: BareJid,
    people: Vec<BareJid>,
    reason: Option<String>,
    /// What the room was asked to pass on, once it was: the ids, in the order of the people.
    passed_on: Option<Vec<String>>,
}

#[derive(Debug)]
struct Sent {
    id: String,
    request: String,
    jid: BareJid,
}

impl Module for Invitations {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0249",
            title: "Direct MUC Invitations",
            version: "1.2",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[X_CONFERENCE]
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, _resumed: bool) {
        self.send(ctx);
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Invitation(command) = command else {
            return Flow::Continue;
        };
        match command.clone() {
            Command::Invite {
                request,
                room,
                mut people,
                reason,
            } => {
                for jid in people.split_off(people.len().min(MOST_PEOPLE)) {
                    let condition = "resource-constraint".to_owned();
                    let text = None;
                    tell(
                        ctx,
                        &request,
                        jid,
                        Err(NotSaved::Refused { condition, text }),
                    );
                }
                let inviting = Inviting {
                    request,
                    room,
                    people,
                    reason,
                    passed_on: None,
                };
                self.ask(ctx, inviting);
            }
            Command::Decline { room, to, reason } => {
                if let Some(to) = to {
                    self.unsent.push(decline(&room, &to, reason.as_deref()));
                    self.send(ctx);
                }
                let change = RoomChange::Invitation(None);
                ctx.event(StoreEvent::Room { jid: room, change });
            }
        }
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        let Some(mut inviting) = self.asked.remove(&ticket) else {
            return;
        };
        match response {
            Ok(Some(info))
                if inviting.passed_on.is_none()
                    && (ctx.core.guest || has(&info, "muc_membersonly")) =>
            {
                inviting.pass_on(ctx);
                self.ask(ctx, inviting);
            }
            Ok(_) if ctx.core.guest => inviting.has_gone(ctx),
            // What it has refused, it has refused before it answered.
            Ok(_) => self.invite(ctx, inviting),
            Err(error) => inviting.fail(ctx, &error.into()),
        }
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let Incoming { message, origin } = incoming;
        if message.kind == MessageType::Error {
            return self.came_back(ctx, message);
        }
        let person = matches!(message.kind, MessageType::Chat | MessageType::Normal);
        if !person || !matches!(origin, Origin::Live | Origin::CarbonReceived) {
            return Flow::Continue;
        }
        if let Some(declined) = declined(ctx, message) {
            ctx.event(declined);
            return Flow::Stop;
        }
        let Some((jid, invitation)) = mediated(message).or_else(|| direct(message)) else {
            return Flow::Continue;
        };
        if ctx.core.rooms.get(&jid).is_none_or(|room| !room.joined) {
            let change = RoomChange::Invitation(Some(invitation));
            ctx.event(StoreEvent::Room { jid, change });
        }
        // The text that goes with it says the same to clients that know no invitations.
        Flow::Stop
    }
}

impl Invitations {
    fn send(&mut self, ctx: &mut Ctx<'_>) {
        if ctx.core.established {
            for message in std::mem::take(&mut self.unsent) {
                ctx.send_passing(message);
            }
        }
    }

    /// Asks the room what it is: before anything is sent, and to hear what it has refused since.
    fn ask(&mut self, ctx: &mut Ctx<'_>, inviting: Inviting) {
        if !ctx.core.established {
            return inviting.fail(ctx, &NotSaved::Offline);
        }
        let query = build("query", ns::DISCO_INFO).done();
        let ticket = ctx.get(Some(Jid::from(inviting.room.clone())), query);
        self.asked.insert(ticket, inviting);
    }

    fn invite(&mut self, ctx: &mut Ctx<'_>, inviting: Inviting) {
        let room = ctx.core.rooms.get(&inviting.room);
        let password = room.and_then(|room| room.password.clone());
        for jid in inviting.people {
            let invitation = build("x", X_CONFERENCE)
                .attr("jid", inviting.room.as_str())
                .attr("password", password.as_deref())
                .attr("reason", inviting.reason.as_deref());
            let (message, id) = addressed(ctx, &jid, invitation.done());
            ctx.send_passing(message);
            if self.sent.len() == MOST_SENT {
                self.sent.pop_front();
            }
            let request = inviting.request.clone();
            tell(ctx, &request, jid.clone(), Ok(()));
            self.sent.push_back(Sent { id, request, jid });
        }
    }

    /// The room hasn't passed it on, or somebody's server hasn't taken it.
    fn came_back(&mut self, ctx: &mut Ctx<'_>, message: &stanza::Message) -> Flow {
        let (Some(from), Some(id)) = (&message.from, &message.id) else {
            return Flow::Continue;
        };
        let error = message.payload("error", ns::JABBER_CLIENT);
        let why = || {
            let error = error.map(StanzaError::read).map(NoResult::Error);
            error.unwrap_or(NoResult::Timeout).into()
        };
        for inviting in self.asked.values_mut() {
            let Some(passed_on) = inviting.passed_on.as_mut() else {
                continue;
            };
            let place = passed_on.iter().position(|known| known == id);
            if let Some(place) = place.filter(|_| *from == inviting.room) {
                passed_on.remove(place);
                let jid = inviting.people.remove(place);
                tell(ctx, &inviting.request, jid, Err(why()));
                return Flow::Stop;
            }
        }
        let known = |sent: &Sent| sent.id == *id && sent.jid == from.to_bare();
        if let Some(place) = self.sent.iter().position(known)
            && let Some(sent) = self.sent.remove(place)
        {
            tell(ctx, &sent.request, sent.jid, Err(why()));
            return Flow::Stop;
        }
        Flow::Continue
    }
}

impl Inviting {
    /// Asks the room to pass it on (XEP-0045 7.8.2).
    fn pass_on(&mut self, ctx: &mut Ctx<'_>) {
        let mut ids = Vec::new();
        for jid in &self.people {
            let invite = build("invite", ns::MUC_USER)
                .attr("to", jid.as_str())
                .children(because(self.reason.as_deref()));
            let user = build("x", ns::MUC_USER).child(invite.done());
            let (message, id) = addressed(ctx, &self.room, user.done());
            ctx.send_passing(message);
            ids.push(id);
        }
        self.passed_on = Some(ids);
    }

    fn has_gone(self, ctx: &mut Ctx<'_>) {
        for jid in self.people {
            tell(ctx, &self.request, jid, Ok(()));
        }
    }

    fn fail(self, ctx: &mut Ctx<'_>, why: &NotSaved) {
        for jid in self.people {
            tell(ctx, &self.request, jid, Err(why.clone()));
        }
    }
}

/// What has become of the invitation of one of them.
fn tell(ctx: &mut Ctx<'_>, request: &str, jid: BareJid, outcome: Result<(), NotSaved>) {
    let request = request.to_owned();
    let answer = RoomsAnswer::Invited {
        request,
        jid,
        outcome,
    };
    ctx.answer_page(PageAnswer::Rooms(answer));
}

/// A message without a text to somebody, or to a room, and its id.
fn addressed(ctx: &mut Ctx<'_>, to: &BareJid, payload: Element) -> (stanza::Message, String) {
    let id = ctx.id();
    let mut message = stanza::Message::chat(Jid::from(to.clone()));
    message.kind = MessageType::Normal;
    message.id = Some(id.clone());
    message.payloads.push(payload);
    (message, id)
}

fn because(reason: Option<&str>) -> Option<Element> {
    reason.map(|reason| build("reason", ns::MUC_USER).text(reason).done())
}

fn decline(room: &BareJid, to: &BareJid, reason: Option<&str>) -> stanza::Message {
    let decline = build("decline", ns::MUC_USER)
        .attr("to", to.as_str())
        .children(because(reason));
    let user = build("x", ns::MUC_USER).child(decline.done());
    // Without an id, for an error that answers it is about nothing that anybody sees.
    let mut message = stanza::Message::chat(Jid::from(room.clone()));
    message.kind = MessageType::Normal;
    message.payloads.push(user.done());
    message
}

/// That somebody would rather not come into a room of ours, if the room says so.
fn declined(ctx: &Ctx<'_>, message: &stanza::Message) -> Option<StoreEvent> {
    let decline = rooms::muc_user(message)?.get_child("decline", ns::MUC_USER)?;
    let from = message.from.as_ref()?;
    let jid = from.to_bare();
    let by: Jid = decline.attr("from")?.parse().ok()?;
    let spoken_for = from.resource().is_none() && ctx.core.rooms.contains_key(&jid);
    let incident = Incident {
        at: ctx.now().wall,
        nick: by.to_bare().to_string(),
        removal: Removal::Declined,
        by: None,
        reason: reason(decline),
    };
    let change = RoomChange::Incident(incident);
    spoken_for.then_some(StoreEvent::Room { jid, change })
}

fn direct(message: &stanza::Message) -> Option<(BareJid, Invitation)> {
    let invitation = message.payload("x", X_CONFERENCE)?;
    let text = |name| invitation.attr(name).filter(|text| !text.is_empty());
    let known = Invitation {
        from: message.from.as_ref()?.to_bare(),
        reason: text("reason").and_then(|reason| lines(reason, LONGEST_REASON)),
        password: text("password").map(str::to_owned),
        direct: true,
        mediated: false,
    };
    Some((invitation.attr("jid")?.parse().ok()?, known))
}

/// Rooms add the other form, in their own name.
fn mediated(message: &stanza::Message) -> Option<(BareJid, Invitation)> {
    let user = rooms::muc_user(message)?;
    let invite = user.get_child("invite", ns::MUC_USER)?;
    let room = message
        .from
        .as_ref()
        .filter(|from| from.resource().is_none())?;
    let from: Jid = invite.attr("from")?.parse().ok()?;
    let invitation = Invitation {
        from: from.to_bare(),
        reason: reason(invite),
        password: xml::child_text(user, "password"),
        direct: false,
        mediated: true,
    };
    Some((room.to_bare(), invitation))
}

fn reason(element: &Element) -> Option<String> {
    lines(&xml::child_text(element, "reason")?, LONGEST_REASON)
}
