//! What tabs of one build say to each other, as arrays that a browser can clone.
//!
//! Not by serde: the code for that would be a tenth of the whole download.

use couplet_engine::store::Notes;
use couplet_engine::{Record, Table};
use jid::BareJid;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

use super::{Standing, notes};

/// What tabs of one build say to each other.
pub(crate) enum Message {
    /// A tab wants to follow. Whoever leads answers with [`Welcome`](Self::Welcome).
    Hello {
        /// Who asks.
        tab: String,
    },
    /// How things stand, besides what is on the disk by now.
    Welcome {
        /// Who had asked.
        tab: String,
        /// Who leads.
        leader: String,
        /// Who is signed in.
        account: String,
        /// What isn't kept.
        standing: Standing,
    },
    /// The leader's store has just written this.
    News {
        /// Who leads: one that has hung for a while may not know that it no longer does.
        leader: String,
        /// What is kept.
        rows: Vec<Record>,
        /// What isn't.
        standing: Standing,
    },
    /// A person wants something in a tab that follows.
    Command {
        /// Who is to do it.
        leader: String,
        /// In which.
        tab: String,
        /// That tab's how manieth command it is.
        number: u32,
        /// What, as [`write_command`](super::write_command) or
        /// [`write_rare`](super::write_rare) has written it.
        command: JsValue,
    },
    /// The new password that a command is about, which is no part of it.
    Password {
        /// Who is to have it.
        leader: String,
        /// The request of that command.
        request: String,
        /// What it is.
        password: String,
    },
    /// It is as safe as if the leader's own tab had been asked.
    Taken {
        /// Whose command.
        tab: String,
        /// Which.
        number: u32,
    },
    /// Whoever looks at a tab that follows wants to know whether the leader lives.
    Ping {
        /// Who is asked.
        leader: String,
        /// Who asks.
        tab: String,
    },
    /// It does.
    Pong {
        /// Who had asked.
        tab: String,
    },
    /// Somebody has begun to lead.
    Leads,
    /// Something has been written and not sent, or is no longer there.
    Draft {
        /// To whom.
        conversation: BareJid,
        /// What.
        text: String,
        /// What it was when all tabs had the same.
        before: String,
        /// What goes with it.
        notes: Notes,
    },
    /// That draft is on disk as it was in this tab.
    DraftKept {
        /// To whom.
        conversation: BareJid,
        /// What.
        text: String,
    },
    /// The answer to a command, as [`encode`](couplet_engine::codec::encode) writes it. One of
    /// the tabs has asked.
    Answer(Vec<u8>),
}

impl Message {
    pub(super) fn write(&self) -> JsValue {
        match self {
            Self::Hello { tab } => list(&["hello".into(), tab.into()]),
            Self::Welcome {
                tab,
                leader,
                account,
                standing,
            } => list(&[
                "welcome".into(),
                tab.into(),
                leader.into(),
                account.into(),
                standing.write(),
            ]),
            Self::News {
                leader,
                rows,
                standing,
            } => list(&[
                "news".into(),
                leader.into(),
                write_rows(rows),
                standing.write(),
            ]),
            Self::Command {
                leader,
                tab,
                number,
                command,
            } => list(&[
                "command".into(),
                leader.into(),
                tab.into(),
                (*number).into(),
                command.clone(),
            ]),
            Self::Password {
                leader,
                request,
                password,
            } => list(&[
                "password".into(),
                leader.into(),
                request.into(),
                password.into(),
            ]),
            Self::Taken { tab, number } => list(&["taken".into(), tab.into(), (*number).into()]),
            Self::Ping { leader, tab } => list(&["ping".into(), leader.into(), tab.into()]),
            Self::Pong { tab } => list(&["pong".into(), tab.into()]),
            Self::Leads => list(&["leads".into()]),
            Self::Draft {
                conversation,
                text,
                before,
                notes,
            } => list(&[
                "draft".into(),
                conversation.as_str().into(),
                text.into(),
                before.into(),
                notes::write(notes),
            ]),
            Self::DraftKept { conversation, text } => list(&[
                "draft-kept".into(),
                conversation.as_str().into(),
                text.into(),
            ]),
            Self::Answer(answer) => list(&["answer".into(), write_bytes(answer)]),
        }
    }

    pub(super) fn read(parts: &Array) -> Option<Self> {
        let text = |place| parts.get(place).as_string();
        Some(match text(0)?.as_str() {
            "hello" => Self::Hello { tab: text(1)? },
            "welcome" => Self::Welcome {
                tab: text(1)?,
                leader: text(2)?,
                account: text(3)?,
                standing: Standing::read(&parts.get(4))?,
            },
            "news" => Self::News {
                leader: text(1)?,
                rows: read_rows(&Array::from(&parts.get(2))),
                standing: Standing::read(&parts.get(3))?,
            },
            "command" => Self::Command {
                leader: text(1)?,
                tab: text(2)?,
                number: number(&parts.get(3))?,
                command: parts.get(4),
            },
            "password" => Self::Password {
                leader: text(1)?,
                request: text(2)?,
                password: text(3)?,
            },
            "taken" => Self::Taken {
                tab: text(1)?,
                number: number(&parts.get(2))?,
            },
            "ping" => Self::Ping {
                leader: text(1)?,
                tab: text(2)?,
            },
            "pong" => Self::Pong { tab: text(1)? },
            "leads" => Self::Leads,
            "draft" => Self::Draft {
                conversation: text(1)?.parse().ok()?,
                text: text(2)?,
                before: text(3)?,
                notes: notes::read(&parts.get(4)),
            },
            "draft-kept" => Self::DraftKept {
                conversation: text(1)?.parse().ok()?,
                text: text(2)?,
            },
            "answer" => Self::Answer(read_bytes(&parts.get(1))?),
            _ => return None,
        })
    }
}

pub(super) fn write_bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

pub(super) fn read_bytes(value: &JsValue) -> Option<Vec<u8>> {
    Some(value.dyn_ref::<Uint8Array>()?.to_vec())
}

/// An array of these.
pub(super) fn list(parts: &[JsValue]) -> JsValue {
    let list = Array::new();
    for part in parts {
        list.push(part);
    }
    list.into()
}

/// A text, or nothing.
pub(super) fn maybe(text: Option<&str>) -> JsValue {
    text.map_or(JsValue::NULL, JsValue::from_str)
}

pub(super) fn number(value: &JsValue) -> Option<u32> {
    value.as_f64().map(|number| number as u32)
}

/// One after the other: place of the table, key, value.
fn write_rows(rows: &[Record]) -> JsValue {
    let list = Array::new();
    for row in rows {
        let table = Table::ALL.iter().position(|table| *table == row.table);
        list.push(&(table.unwrap_or_default() as u32).into());
        list.push(&row.key.as_str().into());
        list.push(&match &row.value {
            Some(value) => Uint8Array::from(value.as_slice()).into(),
            None => JsValue::NULL,
        });
    }
    list.into()
}

fn read_rows(list: &Array) -> Vec<Record> {
    let mut rows = Vec::new();
    for place in (0..list.length()).step_by(3) {
        let table = number(&list.get(place)).and_then(|table| Table::ALL.get(table as usize));
        if let (Some(table), Some(key)) = (table, list.get(place + 1).as_string()) {
            rows.push(Record {
                table: *table,
                key,
                value: list
                    .get(place + 2)
                    .dyn_into::<Uint8Array>()
                    .ok()
                    .map(|bytes| bytes.to_vec()),
            });
        }
    }
    rows
}
