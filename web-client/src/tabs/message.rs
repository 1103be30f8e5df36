//! What tabs of one build say to each other, as arrays that a browser can clone.
//!
//! Not by serde: the code for that would be a tenth of the whole download.

use couplet_engine::codec::{decode, encode};
use couplet_engine::store::{
    AffiliationList, DirectoryAnswer, Exported, Notes, Original, Refusal, RoomsAnswer, Slot,
    UploadAnswer,
};
use couplet_engine::{Command, Record, Table, Timestamp};
use jid::BareJid;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

use super::{Standing, command, notes};

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
        /// What.
        command: Command,
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
    /// Where a file may be put, says the server. One of the tabs has it.
    Upload(UploadAnswer),
    /// What a directory of people says. One of the tabs wants to know.
    Directory(DirectoryAnswer),
    /// A message as it is in the archive. One of the tabs wants to see it.
    Original(Original),
    /// What services and rooms say to whoever makes or changes one. One of the tabs does.
    Rooms(RoomsAnswer),
    /// Who is what to a room. One of the tabs wants to know.
    Affiliations(AffiliationList),
    /// A part of what the server keeps. One of the tabs makes a file of it.
    Export(Exported),
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
                command::write(command),
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
            Self::Affiliations(answer) => {
                list(&["affiliations".into(), write_bytes(&encode(answer))])
            }
            Self::Directory(answer) => list(&["directory".into(), write_bytes(&encode(answer))]),
            Self::Original(original) => list(&["original".into(), write_bytes(&encode(original))]),
            Self::Rooms(answer) => list(&["rooms".into(), write_bytes(&encode(answer))]),
            Self::Export(exported) => list(&["export".into(), write_bytes(&encode(exported))]),
            Self::Upload(UploadAnswer { upload, outcome }) => {
                list(&["upload".into(), upload.into(), write_outcome(outcome)])
            }
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
                command: command::read(&parts.get(4))?,
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
            "affiliations" => Self::Affiliations(decode(&read_bytes(&parts.get(1))?)?),
            "directory" => Self::Directory(decode(&read_bytes(&parts.get(1))?)?),
            "original" => Self::Original(decode(&read_bytes(&parts.get(1))?)?),
            "rooms" => Self::Rooms(decode(&read_bytes(&parts.get(1))?)?),
            "export" => Self::Export(decode(&read_bytes(&parts.get(1))?)?),
            "upload" => Self::Upload(UploadAnswer {
                upload: text(1)?,
                outcome: read_outcome(&parts.get(2))?,
            }),
            _ => return None,
        })
    }
}

fn write_outcome(outcome: &Result<Slot, Refusal>) -> JsValue {
    let (kind, first, second) = match outcome {
        Ok(slot) => {
            let headers = slot.headers.iter();
            let headers = headers.flat_map(|(name, value)| [name.into(), value.into()]);
            let headers: Vec<JsValue> = headers.collect();
            return list(&[
                "slot".into(),
                (&slot.put).into(),
                (&slot.get).into(),
                list(&headers),
            ]);
        }
        Err(Refusal::NoService) => ("none", JsValue::NULL, JsValue::NULL),
        Err(Refusal::TooLarge(limit)) => (
            "large",
            limit.map(|limit| limit as f64).into(),
            JsValue::NULL,
        ),
        Err(Refusal::Wait(until)) => (
            "wait",
            until.map(|until| until.0 as f64).into(),
            JsValue::NULL,
        ),
        Err(Refusal::Other { condition, text }) => {
            ("other", condition.into(), maybe(text.as_deref()))
        }
    };
    list(&[kind.into(), first, second])
}

fn read_outcome(parts: &JsValue) -> Option<Result<Slot, Refusal>> {
    let parts = Array::from(parts);
    let text = |place| parts.get(place).as_string();
    let number = || parts.get(1).as_f64();
    Some(Err(match text(0)?.as_str() {
        "slot" => {
            let headers = Array::from(&parts.get(3));
            let headers: Vec<String> = headers.iter().filter_map(|text| text.as_string()).collect();
            let pair = |pair: &[String]| Some((pair.first()?.clone(), pair.get(1)?.clone()));
            return Some(Ok(Slot {
                put: text(1)?,
                get: text(2)?,
                headers: headers.chunks(2).filter_map(pair).collect(),
            }));
        }
        "none" => Refusal::NoService,
        "large" => Refusal::TooLarge(number().map(|limit| limit as u64)),
        "wait" => Refusal::Wait(number().map(|until| Timestamp(until as i64))),
        _ => Refusal::Other {
            condition: text(1)?,
            text: text(2),
        },
    }))
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
