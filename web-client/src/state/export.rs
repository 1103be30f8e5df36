//! What the server keeps of us, as a file: in the format of XEP-0227, as JSON, or to be read.

use std::cell::RefCell;

use couplet_engine::Command;
use couplet_engine::modules::xep0227_export;
use couplet_engine::store::{
    Card, CardField, Contact, ExportPart, Exported, ExportedMessage, Subscription,
};
use couplet_shared::escape::push_value;
use jid::{BareJid, Jid};
use js_sys::{Array, Date, JSON};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Blob, HtmlAnchorElement, Url};

use super::{State, Subject, document};
use crate::components::profile::label;
use crate::i18n::{date_and_time, t};

/// What the file is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Xml,
    Json,
    Text,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// How many messages have come.
    pub(crate) count: u32,
    /// Whether there is a file, or why not.
    pub(crate) end: Option<End>,
}

/// How it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Failed,
    Stopped,
}

/// The export of this page, the last one if it has ended.
#[derive(Default)]
pub(super) struct Slot(RefCell<Option<Export>>);

struct Export {
    name: String,
    format: Format,
    account: BareJid,
    /// What is written already. The browser has it, for it may be larger than our memory.
    written: Array,
    /// Whether the messages have begun in it.
    at_messages: bool,
    /// To be read, each conversation stands by itself.
    talks: Vec<(BareJid, String)>,
    progress: Progress,
}

const PIE: &str = "urn:xmpp:pie:0";

impl State {
    /// Begins to read all of it; with the last of it there is a file.
    pub(crate) fn export(&self, format: Format) {
        let Some(account) = self.account() else {
            return;
        };
        let name = self.new_request("export");
        let export = Export {
            name: name.clone(),
            format,
            account,
            written: Array::new(),
            at_messages: false,
            talks: Vec::new(),
            progress: Progress {
                count: 0,
                end: None,
            },
        };
        export.begin(self.store().contacts().map(|contact| &**contact));
        *self.0.export.0.borrow_mut() = Some(export);
        let begin = xep0227_export::Command::Begin { export: name };
        self.command(Command::Export(begin));
        self.touch(Subject::Export);
    }

    /// Reads no more of it; there is no file.
    pub(crate) fn stop_export(&self) {
        self.command(Command::Export(xep0227_export::Command::Stop));
        self.end_export(End::Stopped);
    }

    /// How far it is, if there has been any.
    pub(crate) fn exporting(&self) -> Option<Progress> {
        let slot = self.0.export.0.borrow();
        slot.as_ref().map(|export| export.progress)
    }

    /// What the file is like, if there has been any.
    pub(crate) fn export_format(&self) -> Option<Format> {
        let slot = self.0.export.0.borrow();
        slot.as_ref().map(|export| export.format)
    }

    pub(super) fn take_exported(&self, exported: Exported) {
        let ended = {
            let mut slot = self.0.export.0.borrow_mut();
            let running = |export: &&mut Export| {
                export.name == exported.export && export.progress.end.is_none()
            };
            let Some(export) = slot.as_mut().filter(running) else {
                return;
            };
            export.take(self, exported.part)
        };
        match ended {
            Some(end) => self.end_export(end),
            None => self.touch(Subject::Export),
        }
    }

    fn end_export(&self, end: End) {
        if let Some(export) = &mut *self.0.export.0.borrow_mut() {
            export.progress.end = Some(end);
            export.written = Array::new();
            export.talks.clear();
        }
        self.touch(Subject::Export);
    }
}

impl Export {
    fn take(&mut self, state: &State, part: ExportPart) -> Option<End> {
        match part {
            ExportPart::Element(xml) => {
                self.element(&xml);
                None
            }
            ExportPart::Card(card) => {
                self.card(&card);
                None
            }
            ExportPart::Messages(messages) => {
                self.messages(&messages);
                None
            }
            ExportPart::Done => {
                self.save(|jid| state.store().name(jid).to_owned());
                Some(End::Done)
            }
            ExportPart::Failed => Some(End::Failed),
        }
    }

    fn begin<'a>(&self, contacts: impl Iterator<Item = &'a Contact>) {
        match self.format {
            Format::Xml => {
                let mut text =
                    "<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='".to_owned();
                text.push_str(PIE);
                text.push_str("'>\n<host jid='");
                push_value(self.account.domain().as_str(), &mut text);
                text.push_str("'>\n<user name='");
                let name = self.account.node().map(|node| node.as_str());
                push_value(name.unwrap_or_default(), &mut text);
                text.push_str("'>\n");
                self.write(&text);
            }
            Format::Json => {
                let contacts: Vec<_> = contacts.map(contact).collect();
                let head = [
                    "{\"account\":",
                    &quoted(self.account.as_str()),
                    ",\"exported\":",
                    &quoted(&now()),
                    ",\"contacts\":[",
                    &contacts.join(","),
                    "],\n",
                ];
                self.write(&head.concat());
            }
            Format::Text => {
                let mut text = [self.account.as_str(), "\n\n", &t("filter.people"), "\n"].concat();
                for contact in contacts {
                    let name = contact.name.as_deref().unwrap_or_default();
                    let line = [name, " <", contact.jid.as_str(), ">\n"].concat();
                    text.push_str(line.trim_start());
                }
                self.write(&[&text, "\n"].concat());
            }
        }
    }

    /// What the card says, for whom it isn't XML.
    fn card(&mut self, card: &Card) {
        match self.format {
            Format::Xml => {}
            Format::Json => {
                let fields: Vec<_> = card.iter().map(field).collect();
                self.write(&["\"profile\":[", &fields.join(","), "],\n"].concat());
            }
            Format::Text => {
                let mut text = [&t("profile.title"), "\n"].concat();
                for (field, value) in card.iter() {
                    text.push_str(&[&t(label(field)), ": ", value, "\n"].concat());
                }
                self.write(&[&text, "\n"].concat());
            }
        }
    }

    /// The roster, the card, the bookmarks.
    fn element(&mut self, xml: &str) {
        if self.format == Format::Xml {
            self.write(&[xml, "\n"].concat());
        }
    }

    fn messages(&mut self, messages: &[ExportedMessage]) {
        let mut text = String::new();
        if !std::mem::replace(&mut self.at_messages, true) {
            text = match self.format {
                Format::Xml => ["<archive xmlns='", PIE, "#mam'>\n"].concat(),
                Format::Json => "\"messages\":[\n".to_owned(),
                Format::Text => String::new(),
            };
        }
        for message in messages {
            let first = self.progress.count == 0;
            match self.format {
                Format::Xml => text.push_str(&message.xml),
                Format::Json => {
                    if !first {
                        text.push(',');
                    }
                    text.push_str(&entry(message));
                }
                Format::Text => self.say(message),
            }
            text.push('\n');
            self.progress.count += 1;
        }
        if self.format != Format::Text {
            self.write(&text);
        }
    }

    /// Writes a message into its conversation. What says nothing can't be read.
    fn say(&mut self, message: &ExportedMessage) {
        let (Some(body), Ok(from)) = (&message.body, message.from.parse::<Jid>()) else {
            return;
        };
        let from = from.to_bare();
        let other = match from == self.account {
            true => message.to.parse::<Jid>().ok().map(|to| to.to_bare()),
            false => Some(from.clone()),
        };
        let Some(other) = other else { return };
        let place = self.talks.iter().position(|(known, _)| *known == other);
        let place = place.unwrap_or_else(|| {
            self.talks.push((other, String::new()));
            self.talks.len() - 1
        });
        let at = message.at.map(|at| date_and_time(at).to_string());
        let line = [
            "[",
            &at.unwrap_or_default(),
            "] ",
            from.as_str(),
            ": ",
            body,
            "\n",
        ];
        self.talks[place].1.push_str(&line.concat());
    }

    /// Writes the rest, and has the browser keep the file.
    fn save(&mut self, name: impl Fn(&BareJid) -> String) {
        match self.format {
            Format::Xml => {
                self.write("</archive>\n</user>\n</host>\n</server-data>\n");
            }
            Format::Json => self.write("]}\n"),
            Format::Text => {
                for (jid, words) in &self.talks {
                    let head = [&name(jid), " <", jid.as_str(), ">\n\n"].concat();
                    self.write(&[&head, words, "\n\n"].concat());
                }
            }
        }
        let (ending, kind) = match self.format {
            Format::Xml => ("xml", "application/xml"),
            Format::Json => ("json", "application/json"),
            Format::Text => ("txt", "text/plain"),
        };
        let date: String = now().chars().take(10).collect();
        let file = ["couplet ", self.account.as_str(), " ", &date, ".", ending].concat();
        // A blob of blobs is one.
        if let Ok(blob) = Blob::new_with_blob_sequence(&self.written)
            && let Ok(typed) = blob.slice_with_f64_and_f64_and_content_type(0.0, blob.size(), kind)
        {
            download(&typed, &file);
        }
    }

    fn write(&self, text: &str) {
        let parts = Array::of1(&JsValue::from_str(text));
        if let Ok(blob) = Blob::new_with_str_sequence(&parts) {
            self.written.push(&blob);
        }
    }
}

/// An entry of the archive as JSON.
fn entry(message: &ExportedMessage) -> String {
    let time = message.at.map(|at| iso(at.0 as f64));
    let body = message.body.as_deref().map(quoted);
    [
        "{\"id\":",
        &quoted(&message.id),
        ",\"time\":",
        &time.map_or_else(|| "null".to_owned(), |time| quoted(&time)),
        ",\"from\":",
        &quoted(&message.from),
        ",\"to\":",
        &quoted(&message.to),
        ",\"body\":",
        body.as_deref().unwrap_or("null"),
        "}",
    ]
    .concat()
}

/// A field of the card as JSON.
fn field((field, value): (CardField, &str)) -> String {
    // The key of the text that names it is "card.NAME".
    let name = label(field).trim_start_matches("card.");
    [
        "{\"field\":",
        &quoted(name),
        ",\"value\":",
        &quoted(value),
        "}",
    ]
    .concat()
}

fn contact(contact: &Contact) -> String {
    let groups: Vec<_> = contact.groups.iter().map(|group| quoted(group)).collect();
    let name = contact.name.as_deref().map(quoted);
    let subscription = match contact.subscription {
        Subscription::None => "none",
        Subscription::To => "to",
        Subscription::From => "from",
        Subscription::Both => "both",
    };
    [
        "{\"address\":",
        &quoted(contact.jid.as_str()),
        ",\"name\":",
        name.as_deref().unwrap_or("null"),
        ",\"groups\":[",
        &groups.join(","),
        "],\"subscription\":\"",
        subscription,
        "\"}",
    ]
    .concat()
}

/// As JSON has it.
fn quoted(text: &str) -> String {
    let quoted = JSON::stringify(&JsValue::from_str(text));
    quoted.map(String::from).unwrap_or_default()
}

fn now() -> String {
    iso(Date::now())
}

/// RFC 3339, UTC.
fn iso(milliseconds: f64) -> String {
    let date = Date::new(&JsValue::from_f64(milliseconds));
    // What is no date has no form.
    match date.get_time().is_nan() {
        true => String::new(),
        false => date.to_iso_string().into(),
    }
}

fn download(blob: &Blob, name: &str) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else {
        return;
    };
    let link = document().and_then(|document| document.create_element("a").ok());
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The download has begun by then.
    gloo_timers::callback::Timeout::new(60_000, move || {
        let _ = Url::revoke_object_url(&url);
    })
    .forget();
}
