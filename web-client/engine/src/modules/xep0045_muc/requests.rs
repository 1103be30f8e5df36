//! What people ask of those who run a room: leave to speak (XEP-0045 7.13, 8.6), and to be a
//! member (9.9).

use jid::{BareJid, Jid};
use minidom::Element;
use xmpp_parsers::ns;

use super::wishes::What;
use super::{Asked, Muc, Stage, change};
use crate::module::Ctx;
use crate::stanza::{self, MessageType};
use crate::store::{Answer, RoomChange, RoomRequest, RoomWish};
use crate::xep0004;
use crate::xml::build;

const REQUEST: &str = "http://jabber.org/protocol/muc#request";
const ROLE: &str = "muc#role";
const NICK: &str = "muc#roomnick";
const JID: &str = "muc#jid";
const ALLOW: &str = "muc#request_allow";
const REGISTRATION: &str = "http://jabber.org/protocol/muc#register";
const WANTED_NICK: &str = "muc#register_roomnick";
const ACCEPT: &str = "muc#register_allow";

/// No part of an address is longer, nor is one, in bytes (RFC 7622 3.1).
const LONGEST: usize = 3071;
/// So much of what somebody says of themselves is read, in fields and in bytes.
const MOST_FIELDS: usize = 32;
const LONGEST_FORM: usize = 16 << 10;

impl Muc {
    /// Asks the moderators. A room says only if it doesn't pass that on, and that before it
    /// answers what it is asked next.
    pub(super) fn ask_to_speak(&mut self, ctx: &mut Ctx<'_>, request: String, room: BareJid) {
        if !self.is_in(ctx, &request, &room) {
            return;
        }
        let id = ctx.id();
        let fields = [("FORM_TYPE", REQUEST), (ROLE, "participant")];
        let mut message = form(&room, &fields);
        message.id = Some(id.clone());
        ctx.send_passing(message);
        let query = build("query", ns::DISCO_INFO).done();
        let ticket = ctx.get(Some(Jid::from(room.clone())), query);
        self.asked
            .insert(ticket, Asked::Voice(room.clone(), id.clone()));
        self.wish(ctx, request, room, What::Voice(id));
    }

    /// Has somebody have what they ask for, or not, as soon as we are there.
    pub(super) fn answer_request(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: BareJid,
        request: RoomRequest,
        allow: bool,
    ) {
        let known = self.rooms.get(&room);
        let inside = known.is_some_and(|known| known.stage == Stage::Joined);
        if !(inside && ctx.core.established) {
            self.answers
                .retain(|(known, other, _)| *known != room || *other != request);
            return self.answers.push((room, request, allow));
        }
        let allow = if allow { "true" } else { "false" };
        let answer = match &request.wish {
            RoomWish::Speak { jid } => form(
                &room,
                &[
                    ("FORM_TYPE", REQUEST),
                    (ROLE, "participant"),
                    (JID, jid),
                    (NICK, &request.nick),
                    (ALLOW, allow),
                ],
            ),
            RoomWish::Belong { form } => {
                let mut form = form.clone();
                form.push((ACCEPT.to_owned(), vec![allow.to_owned()]));
                filled_in(&room, &form)
            }
        };
        ctx.send_passing(answer);
        change(ctx, &room, RoomChange::Answered(request));
    }

    /// Those who were answered while we weren't there.
    pub(super) fn answer_late(&mut self, ctx: &mut Ctx<'_>) {
        for (room, request, allow) in std::mem::take(&mut self.answers) {
            self.answer_request(ctx, room, request, allow);
        }
    }
}

/// What somebody there would like, if it is that.
pub(super) fn read(message: &stanza::Message) -> Option<RoomRequest> {
    let form = message.payload("x", ns::DATA_FORMS)?;
    let value = |var| xep0004::value(form, var);
    let short = |text: &String| text.len() <= LONGEST;
    let (nick, wish) = match value("FORM_TYPE")?.as_str() {
        REQUEST => {
            let jid = value(JID).filter(short)?;
            (value(NICK), RoomWish::Speak { jid })
        }
        REGISTRATION => {
            let form = said(form)?;
            (value(WANTED_NICK), RoomWish::Belong { form })
        }
        _ => return None,
    };
    let nick = nick.filter(short)?;
    Some(RoomRequest { nick, wish })
}

/// What is in the form but for whether they are accepted.
fn said(form: &Element) -> Option<Answer> {
    let fields = form.children().filter(|child| child.name() == "field");
    let fields = fields.filter_map(|field| {
        let var = field.attr("var").filter(|var| *var != ACCEPT)?;
        Some((var.to_owned(), xep0004::values(form, var).collect()))
    });
    let answer: Answer = fields.take(MOST_FIELDS + 1).collect();
    let bytes = |(var, values): &(String, Vec<String>)| {
        var.len() + values.iter().map(String::len).sum::<usize>()
    };
    let fits =
        answer.len() <= MOST_FIELDS && answer.iter().map(bytes).sum::<usize>() <= LONGEST_FORM;
    fits.then_some(answer)
}

fn form(room: &BareJid, fields: &[(&str, &str)]) -> stanza::Message {
    let fields = fields.iter();
    let answer: Answer = fields
        .map(|(var, value)| ((*var).to_owned(), vec![(*value).to_owned()]))
        .collect();
    filled_in(room, &answer)
}

fn filled_in(room: &BareJid, answer: &Answer) -> stanza::Message {
    let mut message = stanza::Message::chat(Jid::from(room.clone()));
    message.kind = MessageType::Normal;
    message.payloads.push(xep0004::submit(answer));
    message
}
