//! A person's command as an array that a browser can clone: its name and what goes with it.
//!
//! Only those of every day, which have to reach the leader whatever else does. The others,
//! of what is opened now and then, are bytes, which the second module writes and reads.

use couplet_engine::codec::{decode, encode};
use couplet_engine::modules::{
    rfc6121_message as message, xep0045_muc as muc, xep0085_chat_states as chat_states,
    xep0153_vcard_avatars as card_avatars, xep0308_correction as correction,
    xep0313_archive as archive, xep0424_retraction as retraction, xep0444_reactions as reactions,
};
use couplet_engine::store::MessageId;
use couplet_engine::{Command, SessionCommand, Timestamp};
use jid::BareJid;
use js_sys::Array;
use wasm_bindgen::JsValue;

use super::message::{list, maybe, read_bytes, write_bytes};
use super::notes;

/// `None` for a command that [`write_rare`] writes.
pub(crate) fn write(command: &Command) -> Option<JsValue> {
    let (name, jid, more) = match command {
        Command::Session(SessionCommand::SignOut) => ("out", None, [JsValue::NULL, JsValue::NULL]),
        Command::Session(SessionCommand::RetryNow) => ("now", None, [JsValue::NULL, JsValue::NULL]),
        Command::Session(SessionCommand::NetworkChanged { online }) => {
            ("network", None, [(*online).into(), JsValue::NULL])
        }
        Command::Session(SessionCommand::Visible(visible)) => {
            ("visible", None, [(*visible).into(), JsValue::NULL])
        }
        Command::Message(message::Command::Send { to, body, .. }) => {
            ("send", Some(to), [body.into(), JsValue::NULL])
        }
        Command::Message(message::Command::Retry {
            conversation,
            id,
            body,
            ..
        }) => ("again", Some(conversation), [(&id.0).into(), body.into()]),
        Command::Message(message::Command::Discard { conversation, id }) => (
            "discard",
            Some(conversation),
            [(&id.0).into(), JsValue::NULL],
        ),
        Command::Message(message::Command::MarkRead {
            conversation,
            newest,
        }) => {
            let more = [
                maybe(newest.archive_id.as_deref()),
                maybe(newest.marker.as_deref()),
            ];
            ("read", Some(conversation), more)
        }
        Command::ChatState(chat_states::Command::Typing { to, typing }) => {
            ("typing", Some(to), [(*typing).into(), JsValue::NULL])
        }
        Command::Archive(archive::Command::Older {
            conversation,
            before,
            until,
        }) => {
            let more = [maybe(before.as_deref()), maybe(until.as_deref())];
            ("older", Some(conversation), more)
        }
        Command::Archive(archive::Command::Around { conversation, at }) => (
            "around",
            Some(conversation),
            [(at.0 as f64).into(), JsValue::NULL],
        ),
        Command::Correction(correction::Command::Correct {
            conversation,
            target,
            body,
            ..
        }) => ("correct", Some(conversation), [target.into(), body.into()]),
        Command::Retraction(retraction::Command::Retract {
            conversation,
            id,
            target,
        }) => (
            "retract",
            Some(conversation),
            [(&id.0).into(), target.into()],
        ),
        Command::Reaction(reactions::Command::React {
            conversation,
            target,
            emojis,
        }) => {
            // There is no white space in an emoji.
            let emojis = emojis.join(" ");
            ("react", Some(conversation), [target.into(), emojis.into()])
        }
        Command::Muc(muc::Command::Join {
            room,
            nick,
            password,
        }) => {
            let more = [maybe(nick.as_deref()), maybe(password.as_deref())];
            ("join", Some(room), more)
        }
        Command::CardAvatars(card_avatars::Command::Show { room, occupants }) => {
            let told = occupants.iter();
            let told = told.flat_map(|(nick, hash)| [nick.into(), hash.into()]);
            let told: Vec<JsValue> = told.collect();
            ("faces", Some(room), [list(&told), JsValue::NULL])
        }
        Command::Look { jid, devices } => {
            let devices: Vec<JsValue> = devices.iter().map(Into::into).collect();
            ("look", Some(jid), [list(&devices), JsValue::NULL])
        }
        _ => return None,
    };
    let [first, second] = more;
    Some(list(&[
        name.into(),
        maybe(jid.map(|jid| jid.as_str())),
        first,
        second,
        said_besides(command),
    ]))
}

/// What goes with a text.
fn said_besides(command: &Command) -> JsValue {
    match command {
        Command::Message(
            message::Command::Send { notes, .. } | message::Command::Retry { notes, .. },
        )
        | Command::Correction(correction::Command::Correct { notes, .. }) => notes::write(notes),
        _ => JsValue::NULL,
    }
}

/// `None` for what [`write()`] hasn't written.
pub(crate) fn read(parts: &JsValue) -> Option<Command> {
    let parts = Array::from(parts);
    let text = |place| parts.get(place).as_string();
    let yes = || parts.get(2).as_bool();
    let jid = text(1).and_then(|jid| jid.parse::<BareJid>().ok());
    let name = text(0)?;
    let notes = || notes::read(&parts.get(4));
    Some(match (name.as_str(), jid) {
        ("out", _) => Command::Session(SessionCommand::SignOut),
        ("now", _) => Command::Session(SessionCommand::RetryNow),
        ("network", _) => Command::Session(SessionCommand::NetworkChanged { online: yes()? }),
        ("visible", _) => Command::Session(SessionCommand::Visible(yes()?)),
        ("look", Some(jid)) => Command::Look {
            jid,
            devices: Array::from(&parts.get(2))
                .iter()
                .filter_map(|device| device.as_string())
                .collect(),
        },
        ("send", Some(to)) => Command::Message(message::Command::Send {
            to,
            body: text(2)?,
            notes: notes(),
        }),
        ("again", Some(conversation)) => Command::Message(message::Command::Retry {
            conversation,
            id: MessageId(text(2)?),
            body: text(3)?,
            notes: notes(),
        }),
        ("discard", Some(conversation)) => Command::Message(message::Command::Discard {
            conversation,
            id: MessageId(text(2)?),
        }),
        ("read", Some(conversation)) => Command::Message(message::Command::MarkRead {
            conversation,
            newest: message::Newest {
                archive_id: text(2),
                marker: text(3),
            },
        }),
        ("typing", Some(to)) => {
            Command::ChatState(chat_states::Command::Typing { to, typing: yes()? })
        }
        ("older", Some(conversation)) => Command::Archive(archive::Command::Older {
            conversation,
            before: text(2),
            until: text(3),
        }),
        ("around", Some(conversation)) => Command::Archive(archive::Command::Around {
            conversation,
            at: Timestamp(parts.get(2).as_f64()? as i64),
        }),
        ("correct", Some(conversation)) => Command::Correction(correction::Command::Correct {
            conversation,
            target: text(2)?,
            body: text(3)?,
            notes: notes(),
        }),
        ("retract", Some(conversation)) => Command::Retraction(retraction::Command::Retract {
            conversation,
            id: MessageId(text(2)?),
            target: text(3)?,
        }),
        ("react", Some(conversation)) => Command::Reaction(reactions::Command::React {
            conversation,
            target: text(2)?,
            emojis: text(3)?.split_whitespace().map(str::to_owned).collect(),
        }),
        ("join", Some(room)) => Command::Muc(muc::Command::Join {
            room,
            nick: text(2),
            password: text(3),
        }),
        ("faces", Some(room)) => {
            let told = Array::from(&parts.get(2));
            let told = told.iter().filter_map(|part| part.as_string());
            let told: Vec<String> = told.collect();
            let pairs = told.chunks_exact(2);
            let pairs = pairs.map(|pair| (pair[0].clone(), pair[1].clone()));
            Command::CardAvatars(card_avatars::Command::Show {
                room,
                occupants: pairs.collect(),
            })
        }
        _ => return None,
    })
}

/// A way into the second module: any command.
#[inline(never)]
pub(crate) fn write_rare(command: &Command) -> JsValue {
    write_bytes(&encode(command))
}

/// A way into the second module: what [`write_rare`] has written.
#[inline(never)]
pub(crate) fn read_rare(command: &JsValue) -> Option<Command> {
    decode(&read_bytes(command)?)
}
