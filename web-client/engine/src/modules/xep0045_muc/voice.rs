//! Asking for leave to speak (XEP-0045 7.13), and giving it (8.6).

use jid::{BareJid, Jid};
use xmpp_parsers::ns;

use super::wishes::What;
use super::{Asked, Muc, Stage, change};
use crate::module::Ctx;
use crate::stanza::{self, MessageType};
use crate::store::{Answer, RoomChange, VoiceRequest};
use crate::xep0004;
use crate::xml::build;

const REQUEST: &str = "http://jabber.org/protocol/muc#request";
const ROLE: &str = "muc#role";
const NICK: &str = "muc#roomnick";
const JID: &str = "muc#jid";
const ALLOW: &str = "muc#request_allow";

/// No part of an address is longer, nor is one, in bytes (RFC 7622 3.1).
const LONGEST: usize = 3071;

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

    /// Has somebody speak, or not, as soon as we are there.
    pub(super) fn answer_voice(
        &mut self,
        ctx: &mut Ctx<'_>,
        room: BareJid,
        voice: VoiceRequest,
        allow: bool,
    ) {
        let known = self.rooms.get(&room);
        let inside = known.is_some_and(|known| known.stage == Stage::Joined);
        if !(inside && ctx.core.established) {
            self.answers
                .retain(|(known, other, _)| *known != room || *other != voice);
            return self.answers.push((room, voice, allow));
        }
        let allow = if allow { "true" } else { "false" };
        let fields = [
            ("FORM_TYPE", REQUEST),
            (ROLE, "participant"),
            (JID, &voice.jid),
            (NICK, &voice.nick),
            (ALLOW, allow),
        ];
        ctx.send_passing(form(&room, &fields));
        change(ctx, &room, RoomChange::VoiceAnswered(voice.nick));
    }

    /// Those who were answered while we weren't there.
    pub(super) fn answer_late(&mut self, ctx: &mut Ctx<'_>) {
        for (room, voice, allow) in std::mem::take(&mut self.answers) {
            self.answer_voice(ctx, room, voice, allow);
        }
    }
}

/// That somebody there would like to speak, if it is that.
pub(super) fn read(message: &stanza::Message) -> Option<VoiceRequest> {
    let form = message.payload("x", ns::DATA_FORMS)?;
    let value = |var| xep0004::value(form, var);
    if value("FORM_TYPE").as_deref() != Some(REQUEST) {
        return None;
    }
    let short = |text: &String| text.len() <= LONGEST;
    Some(VoiceRequest {
        nick: value(NICK).filter(short)?,
        jid: value(JID).filter(short)?,
    })
}

fn form(room: &BareJid, fields: &[(&str, &str)]) -> stanza::Message {
    let fields = fields.iter();
    let answer: Answer = fields
        .map(|(var, value)| ((*var).to_owned(), vec![(*value).to_owned()]))
        .collect();
    let mut message = stanza::Message::chat(Jid::from(room.clone()));
    message.kind = MessageType::Normal;
    message.payloads.push(xep0004::submit(&answer));
    message
}
