//! What a message says of itself, as an array that a browser can clone and write as JSON.

use couplet_engine::store::{File, Mention, Mentions, Note, Notes, Reply, Whisper};
use js_sys::{Array, JSON};
use wasm_bindgen::JsValue;

use super::message::{list, maybe, number};

/// What a person may have a message say; the rest is the engine's.
pub(crate) fn write(notes: &Notes) -> JsValue {
    let written = notes.iter().filter_map(|note| match note {
        Note::Reply(Reply { id, to, quote }) => {
            let to = maybe(to.as_ref().map(jid::Jid::as_str));
            Some(list(&["reply".into(), id.into(), to, quote.into()]))
        }
        Note::Spoiler(hint) => Some(list(&["spoiler".into(), hint.into()])),
        Note::File(file) => Some(write_file(file)),
        Note::Whisper(Whisper { nick, occupant }) => {
            let occupant = maybe(occupant.as_deref());
            Some(list(&["whisper".into(), nick.into(), occupant]))
        }
        Note::Mentions(_) => Some(write_mentions(notes.mentions())),
        Note::Markable => Some(list(&["markable".into()])),
        Note::Unstyled | Note::Encrypted(_) | Note::StandIn | Note::Moderated(..) => None,
    });
    let written: Array = written.collect();
    written.into()
}

/// What [`write()`] wrote, as far as it can be read.
pub(crate) fn read(notes: &JsValue) -> Notes {
    if !Array::is_array(notes) {
        return Notes::default();
    }
    let note = |note: JsValue| {
        let parts = Array::from(&note);
        let text = |place| parts.get(place).as_string();
        match text(0)?.as_str() {
            "reply" => Some(Note::Reply(Reply {
                id: text(1)?,
                to: text(2).and_then(|to| to.parse().ok()),
                quote: text(3)?,
            })),
            "markable" => Some(Note::Markable),
            "spoiler" => Some(Note::Spoiler(text(1)?)),
            "file" => read_file(&parts).map(Note::File),
            "mentions" => Some(Note::Mentions(Mentions::first(read_mentions(&parts)))),
            "whisper" => Some(Note::Whisper(Whisper {
                nick: text(1)?,
                occupant: text(2),
            })),
            _ => None,
        }
    };
    Array::from(notes).iter().filter_map(note).collect()
}

fn write_file(file: &File) -> JsValue {
    let (width, height) = file.dimensions.unzip();
    list(&[
        "file".into(),
        (&file.url).into(),
        (&file.name).into(),
        (&file.media_type).into(),
        file.size.map(|size| size as f64).into(),
        width.into(),
        height.into(),
        (&file.hash).into(),
        (&file.blurhash).into(),
        (&file.description).into(),
        file.duration.into(),
    ])
}

fn read_file(parts: &Array) -> Option<File> {
    let text = |place| parts.get(place).as_string();
    Some(File {
        url: text(1)?,
        name: text(2)?,
        media_type: text(3)?,
        size: parts.get(4).as_f64().map(|size| size as u64),
        dimensions: number(&parts.get(5)).zip(number(&parts.get(6))),
        hash: text(7)?,
        blurhash: text(8)?,
        description: text(9)?,
        duration: number(&parts.get(10)),
    })
}

/// Who may be named; the engine finds where.
fn write_mentions(mentions: &[Mention]) -> JsValue {
    let who = |mention: &Mention| {
        let jid = mention.jid.as_ref().map(jid::Jid::as_str);
        [maybe(jid), maybe(mention.occupant.as_deref())]
    };
    let all: Vec<JsValue> = std::iter::once("mentions".into())
        .chain(mentions.iter().flat_map(who))
        .collect();
    list(&all)
}

fn read_mentions(parts: &Array) -> Vec<Mention> {
    let text = |place| parts.get(place).as_string();
    let mention = |place| Mention {
        jid: text(place).and_then(|jid| jid.parse().ok()),
        occupant: text(place + 1),
        ..Mention::default()
    };
    (1..parts.length()).step_by(2).map(mention).collect()
}

/// As a text, empty for none.
pub(crate) fn to_text(notes: &Notes) -> String {
    if notes.is_empty() {
        return String::new();
    }
    // Arrays of text have a form.
    JSON::stringify(&write(notes)).map_or_else(|_| String::new(), String::from)
}

/// What [`to_text`] made.
pub(crate) fn from_text(text: &str) -> Notes {
    JSON::parse(text).map_or_else(|_| Notes::default(), |notes| read(&notes))
}
