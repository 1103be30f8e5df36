//! A person's command as an array that a browser can clone: its name and what goes with it.

use couplet_engine::modules::{
    rfc6121_message as message, rfc6121_presence as presence, rfc6121_roster as roster,
    xep0085_chat_states as chat_states, xep0313_archive as archive,
};
use couplet_engine::store::{Availability, MessageId};
use couplet_engine::{Command, SessionCommand, Timestamp};
use jid::BareJid;
use js_sys::Array;
use wasm_bindgen::JsValue;

use super::message::{list, maybe, number};

/// By their places.
pub(super) const AVAILABILITIES: [Availability; 5] = [
    Availability::Available,
    Availability::Chatty,
    Availability::Away,
    Availability::DoNotDisturb,
    Availability::ExtendedAway,
];

/// Where in `list` it is; at its beginning, if nowhere.
pub(super) fn place_of<T: PartialEq>(list: &[T], wanted: &T) -> u32 {
    let place = list.iter().position(|listed| listed == wanted);
    place.unwrap_or_default() as u32
}

pub(crate) fn write(command: &Command) -> JsValue {
    let (name, jid, more) = match command {
        // Whoever signs in leads: there is nobody to be told.
        Command::Session(SessionCommand::SignIn { .. }) => return JsValue::NULL,
        Command::Session(SessionCommand::SignOut) => ("out", None, [JsValue::NULL, JsValue::NULL]),
        Command::Session(SessionCommand::RetryNow) => ("now", None, [JsValue::NULL, JsValue::NULL]),
        Command::Session(SessionCommand::NetworkChanged { online }) => {
            ("network", None, [(*online).into(), JsValue::NULL])
        }
        Command::Session(SessionCommand::Visible(visible)) => {
            ("visible", None, [(*visible).into(), JsValue::NULL])
        }
        Command::Roster(roster::Command::Add { jid, name }) => {
            ("add", Some(jid), [maybe(name.as_deref()), JsValue::NULL])
        }
        Command::Roster(roster::Command::Rename { jid, name }) => {
            ("rename", Some(jid), [maybe(name.as_deref()), JsValue::NULL])
        }
        Command::Roster(roster::Command::Remove { jid }) => {
            ("remove", Some(jid), [JsValue::NULL, JsValue::NULL])
        }
        Command::Presence(presence::Command::Set {
            availability,
            status,
        }) => {
            let place = place_of(&AVAILABILITIES, availability);
            ("presence", None, [place.into(), maybe(status.as_deref())])
        }
        Command::Presence(presence::Command::Accept { jid }) => {
            ("accept", Some(jid), [JsValue::NULL, JsValue::NULL])
        }
        Command::Presence(presence::Command::Deny { jid }) => {
            ("deny", Some(jid), [JsValue::NULL, JsValue::NULL])
        }
        Command::Message(message::Command::Send { to, body }) => {
            ("send", Some(to), [body.into(), JsValue::NULL])
        }
        Command::Message(message::Command::Retry {
            conversation,
            id,
            body,
        }) => ("again", Some(conversation), [(&id.0).into(), body.into()]),
        Command::Message(message::Command::Discard { conversation, id }) => (
            "discard",
            Some(conversation),
            [(&id.0).into(), JsValue::NULL],
        ),
        Command::Message(message::Command::MarkRead { conversation }) => {
            ("read", Some(conversation), [JsValue::NULL, JsValue::NULL])
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
    };
    let [first, second] = more;
    list(&[
        name.into(),
        maybe(jid.map(|jid| jid.as_str())),
        first,
        second,
    ])
}

pub(crate) fn read(parts: &JsValue) -> Option<Command> {
    let parts = Array::from(parts);
    let text = |place| parts.get(place).as_string();
    let yes = || parts.get(2).as_bool();
    let jid = text(1).and_then(|jid| jid.parse::<BareJid>().ok());
    let name = text(0)?;
    Some(match (name.as_str(), jid) {
        ("out", _) => Command::Session(SessionCommand::SignOut),
        ("now", _) => Command::Session(SessionCommand::RetryNow),
        ("network", _) => Command::Session(SessionCommand::NetworkChanged { online: yes()? }),
        ("visible", _) => Command::Session(SessionCommand::Visible(yes()?)),
        ("presence", _) => Command::Presence(presence::Command::Set {
            availability: *AVAILABILITIES.get(number(&parts.get(2))? as usize)?,
            status: text(3),
        }),
        ("add", Some(jid)) => Command::Roster(roster::Command::Add { jid, name: text(2) }),
        ("rename", Some(jid)) => Command::Roster(roster::Command::Rename { jid, name: text(2) }),
        ("remove", Some(jid)) => Command::Roster(roster::Command::Remove { jid }),
        ("accept", Some(jid)) => Command::Presence(presence::Command::Accept { jid }),
        ("deny", Some(jid)) => Command::Presence(presence::Command::Deny { jid }),
        ("send", Some(to)) => Command::Message(message::Command::Send { to, body: text(2)? }),
        ("again", Some(conversation)) => Command::Message(message::Command::Retry {
            conversation,
            id: MessageId(text(2)?),
            body: text(3)?,
        }),
        ("discard", Some(conversation)) => Command::Message(message::Command::Discard {
            conversation,
            id: MessageId(text(2)?),
        }),
        ("read", Some(conversation)) => {
            Command::Message(message::Command::MarkRead { conversation })
        }
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
        _ => return None,
    })
}
