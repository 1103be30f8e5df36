//! Files on their way out: chosen, made ready, given a place on the server, put there; only
//! then there is a message.
//!
//! They go one at a time, in the order in which they were chosen. The page that has them does
//! all of it, whichever tab leads; the next page goes on with them.

mod kept;

use std::cell::{Cell, RefCell};

use couplet_engine::Command;
use couplet_engine::modules::rfc6121_message;
use couplet_engine::modules::xep0363_upload::{self, Request};
use couplet_engine::store::{Note, Notes, Refusal, SessionStatus, Slot, UploadAnswer};
use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Timeout;
use jid::BareJid;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::spawn_local;
use web_sys::{BeforeUnloadEvent, File, Url};
use yew::AttrValue;

use super::whispers::{of_all, of_next};
use super::{State, Subject};
use crate::files::{Quality, Ready, Unreadable, has_notes, is_picture, media_type, prepare};
use crate::platform::{Put, PutNews};
use crate::relay;
use crate::second;
use crate::tabs::Lock;

/// So often a file is begun anew by itself while there is a connection.
const ATTEMPTS: u32 = 3;
/// The number of the one message that is asked for in a file's name.
const ONLY: u32 = 1;
/// What a first new beginning waits for, in milliseconds.
const PAUSE: u32 = 1_500;

/// What is to be sent from this page.
#[derive(Default)]
pub(super) struct Uploads {
    items: RefCell<Vec<Item>>,
    next: Cell<u32>,
    /// What is done to the pictures that are chosen next.
    quality: Cell<Quality>,
    /// The tabs whose files are ours: this one, and some that are gone.
    tabs: RefCell<Vec<(String, Lock)>>,
    /// Asks whoever leaves the page meanwhile.
    leaving: RefCell<Option<EventListener>>,
}

struct Item {
    number: u32,
    /// By what it is known on this device: the tab in which it was chosen, and a number.
    name: String,
    file: File,
    media_type: String,
    /// What the picture looks like here.
    picture: Option<Picture>,
    chosen: Chosen,
    /// There is no room for it on the disk.
    unkept: bool,
    ready: Option<Ready>,
    /// Where others will find it.
    found: String,
    attempts: u32,
    stage: Stage,
}

/// What somebody wants with a file.
struct Chosen {
    to: BareJid,
    /// It isn't thought over any more.
    sent_off: bool,
    quality: Quality,
    /// What its message says besides.
    notes: Notes,
}

/// The URL of a picture of this page.
struct Picture(AttrValue);

impl Drop for Picture {
    fn drop(&mut self) {
        // Revoking a URL of our own doesn't fail; one already loaded stays on screen.
        let _ = Url::revoke_object_url(&self.0);
    }
}

enum Stage {
    /// It can still be thought over.
    Chosen,
    /// Its turn has not come, or it has to begin anew.
    Waiting,
    Preparing,
    Asking,
    Sending(#[expect(dead_code, reason = "held, not used")] Put, f64),
    Failed(Failure),
}

/// Why a file didn't go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// The server gave no place.
    Refused(Refusal),
    /// The web server didn't take it; with its status.
    Status(u16),
    /// The connection to it broke again and again.
    Broken,
    /// It is a picture that can't be opened here, to take out where it was taken.
    Unreadable,
    /// Whom in a room it was for has left.
    Gone,
}

impl Failure {
    /// Whether it may go well another time.
    pub(crate) fn may_pass(&self) -> bool {
        !matches!(
            self,
            Self::Refused(Refusal::TooLarge(_) | Refusal::NoService) | Self::Status(413)
        )
    }
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Progress {
    /// It goes when the message is sent.
    Chosen,
    /// It has not begun.
    Waiting,
    /// So much of it is there, in percent.
    Sending(u8),
    /// It didn't go.
    Failed(Failure),
}

/// A file as its page shows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Upload {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) media_type: String,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) picture: Option<AttrValue>,
    /// What is done to it before it goes, if that can be chosen.
    pub(crate) quality: Option<Quality>,
    /// It is gone when its page is.
    pub(crate) unkept: bool,
    pub(crate) progress: Progress,
}

impl State {
    /// Takes files for `to`, which go when the message is sent.
    pub(crate) fn choose_files(&self, to: &BareJid, files: Vec<File>) {
        let (state, to) = (self.clone(), to.clone());
        second::once_here(self, Box::new(move || state.take_files(&to, files)));
    }

    /// A way into the second module: there are no files before it is here.
    #[inline(never)]
    fn take_files(&self, to: &BareJid, files: Vec<File>) {
        let uploads = &self.0.uploads;
        for file in files {
            let name = format!("{}-{:010}", self.0.session.tab, uploads.next.get());
            let chosen = Chosen {
                to: to.clone(),
                sent_off: false,
                quality: uploads.quality.get(),
                notes: Notes::default(),
            };
            let number = self.add_upload(name, file, chosen);
            self.keep_file(number);
        }
    }

    /// Shows a file, which waits for its turn or for the message to be sent.
    fn add_upload(&self, name: String, file: File, chosen: Chosen) -> u32 {
        let uploads = &self.0.uploads;
        let number = uploads.next.get();
        uploads.next.set(number + 1);
        let media_type = media_type(&file);
        let shown = is_picture(&media_type).then(|| Url::create_object_url_with_blob(&file));
        let to = chosen.to.clone();
        uploads.items.borrow_mut().push(Item {
            number,
            name,
            file,
            media_type,
            picture: shown.and_then(|url| Some(Picture(url.ok()?.into()))),
            stage: match chosen.sent_off {
                true => Stage::Waiting,
                false => Stage::Chosen,
            },
            chosen,
            unkept: false,
            ready: None,
            found: String::new(),
            attempts: 0,
        });
        self.uploads_changed(&to);
        number
    }

    /// Whether files have been chosen for `to` that have not been sent off.
    pub(crate) fn has_files(&self, to: &BareJid) -> bool {
        let items = self.0.uploads.items.borrow();
        let chosen = |item: &Item| item.is_chosen_for(to);
        items.iter().any(chosen)
    }

    /// What is to be sent to them, in order.
    pub(crate) fn uploads(&self, to: &BareJid) -> Vec<Upload> {
        let items = self.0.uploads.items.borrow();
        let items = items.iter().filter(|item| item.chosen.to == *to);
        items.map(Item::shown).collect()
    }

    /// Chooses what is done to pictures for `to` that have not gone, and to those that are
    /// chosen next.
    pub(crate) fn set_picture_quality(&self, to: &BareJid, quality: Quality) {
        self.0.uploads.quality.set(quality);
        self.change_chosen(|item| {
            let concerned = item.chosen.to == *to && item.can_choose();
            concerned.then(|| item.chosen.quality = quality)
        });
        self.touch(Subject::Uploads);
    }

    /// Sends the files off that have been chosen for `to`; `notes` is what goes with the first,
    /// and what is hidden is all of it.
    pub(super) fn send_files(&self, to: &BareJid, notes: Notes) {
        let of_all = of_all(&notes);
        let mut first = Some(notes);
        self.change_chosen(|item| {
            let concerned = item.is_chosen_for(to);
            concerned.then(|| item.send_off(first.take().unwrap_or_else(|| of_all.clone())))
        });
        self.uploads_changed(to);
        self.next_upload();
    }

    /// Sends what was recorded, and nothing else that has been chosen.
    pub(crate) fn send_recording(&self, to: &BareJid, file: File) {
        self.take_files(to, vec![file]);
        let last = self.0.uploads.next.get() - 1;
        let notes = self.draft_notes(to);
        self.change_chosen(|item| (item.number == last).then(|| item.send_off(notes.clone())));
        // An answer answers once.
        self.keep_notes(to, of_next(&notes));
        self.uploads_changed(to);
        self.next_upload();
    }

    /// Keeps what `change` has changed of the files it has changed.
    fn change_chosen(&self, mut change: impl FnMut(&mut Item) -> Option<()>) {
        let changed: Vec<u32> = {
            let mut items = self.0.uploads.items.borrow_mut();
            let items = items.iter_mut();
            items
                .filter_map(|item| change(item).map(|()| item.number))
                .collect()
        };
        for number in changed {
            self.note_file(number);
        }
    }

    /// Sends no such file.
    pub(crate) fn drop_upload(&self, number: u32) {
        let items = &self.0.uploads.items;
        let place = items.borrow().iter().position(|item| item.number == number);
        if let Some(place) = place {
            let item = items.borrow_mut().remove(place);
            self.forget_file(&item.name);
            self.uploads_changed(&item.chosen.to);
            self.next_upload();
        }
    }

    /// Begins anew with a file that didn't go.
    pub(crate) fn retry_upload(&self, number: u32) {
        self.change_upload(number, |item| {
            item.stage = Stage::Waiting;
            item.attempts = 0;
            if has_notes(&item.media_type) {
                // Something else may be wanted of it by now.
                item.ready = None;
            }
        });
        self.next_upload();
    }

    /// Whether leaving would end something.
    pub(super) fn is_uploading(&self) -> bool {
        let items = self.0.uploads.items.borrow();
        let under_way = |item: &Item| !matches!(item.stage, Stage::Chosen | Stage::Failed(_));
        items.iter().any(under_way)
    }

    /// Nobody is signed in any more.
    pub(super) fn forget_uploads(&self) {
        self.0.uploads.items.borrow_mut().clear();
        self.0.uploads.leaving.take();
        self.forget_file_notes();
        self.touch(Subject::Uploads);
    }

    /// There is a connection again: whatever waited for one goes on.
    pub(super) fn resume_uploads(&self) {
        for item in self.0.uploads.items.borrow_mut().iter_mut() {
            item.attempts = 0;
            if matches!(item.stage, Stage::Asking) {
                // Whoever leads by now may not know of it.
                item.stage = Stage::Waiting;
            }
        }
        let state = self.clone();
        // The engine is still at it.
        spawn_local(async move { state.next_upload() });
    }

    /// The server has said where a file of this page may be put, or why nowhere.
    pub(super) fn take_upload_answer(&self, answer: UploadAnswer) {
        let tab = [&self.0.session.tab, "-"].concat();
        let number = answer.upload.strip_prefix(&tab);
        let Some(number) = number.and_then(|number| number.parse().ok()) else {
            return;
        };
        if self.with_upload(number, |_| ()).is_some() {
            self.go_on(number, answer.outcome);
        }
    }

    fn go_on(&self, number: u32, outcome: Result<Slot, Refusal>) {
        let state = self.clone();
        // The engine is still at it.
        spawn_local(async move {
            match outcome {
                Ok(slot) => state.put(number, &slot),
                Err(refusal) => state.upload_failed(number, Failure::Refused(refusal)),
            }
        });
    }

    /// Goes on with the first that waits, unless another is under way.
    fn next_upload(&self) {
        let next = {
            let mut items = self.0.uploads.items.borrow_mut();
            let busy = |item: &Item| {
                matches!(
                    item.stage,
                    Stage::Preparing | Stage::Asking | Stage::Sending(..)
                )
            };
            let busy = items.iter().any(busy);
            let waits = |item: &&mut Item| matches!(item.stage, Stage::Waiting) && !busy;
            items.iter_mut().find(waits).map(|item| {
                item.stage = match item.ready {
                    Some(_) => Stage::Asking,
                    None => Stage::Preparing,
                };
                let unready = item.ready.is_none();
                let unready = unready.then(|| (item.file.clone(), item.chosen.quality));
                (item.number, unready)
            })
        };
        if let Some((number, unready)) = next {
            self.begin_upload(number, unready);
        }
    }

    /// A way into the second module: there is a file.
    #[inline(never)]
    fn begin_upload(&self, number: u32, unready: Option<(File, Quality)>) {
        let Some((file, quality)) = unready else {
            return self.ask_for_place(number);
        };
        let state = self.clone();
        spawn_local(async move {
            let ready = prepare(&file, quality).await;
            state.prepared(number, ready);
        });
    }

    fn prepared(&self, number: u32, ready: Result<Ready, Unreadable>) {
        match ready {
            Err(Unreadable) => self.upload_failed(number, Failure::Unreadable),
            Ok(ready) => {
                self.change_upload(number, |item| {
                    item.ready = Some(ready);
                    item.stage = Stage::Asking;
                });
                self.ask_for_place(number);
            }
        }
    }

    fn ask_for_place(&self, number: u32) {
        let request = self.with_upload(number, |item| {
            let told = &item.ready.as_ref()?.told;
            Some(Request {
                upload: format!("{}-{number}", self.0.session.tab),
                name: told.name.clone(),
                size: told.size?,
                media_type: told.media_type.clone(),
            })
        });
        if let Some(request) = request.flatten() {
            let request = xep0363_upload::Command::Request(request);
            self.command(Command::Upload(request));
        }
    }

    fn put(&self, number: u32, slot: &Slot) {
        let state = self.clone();
        let happened = move |news| match news {
            PutNews::Sent(bytes) => state.change_upload(number, |item| {
                if let Stage::Sending(_, sent) = &mut item.stage {
                    *sent = bytes;
                }
            }),
            PutNews::Over(status) => {
                let state = state.clone();
                // By then nobody uses any more what is to be dropped.
                spawn_local(async move { state.put_over(number, status) });
            }
        };
        let begun = self.with_upload(number, |item| {
            if !matches!(item.stage, Stage::Asking) {
                return None;
            }
            item.found.clone_from(&slot.get);
            let slot = relay::slot(&self.config().relay, slot);
            let Ready { content, told } = item.ready.as_ref()?;
            Some(
                match Put::begin(&slot, content, &told.media_type, happened) {
                    Ok(put) => {
                        item.stage = Stage::Sending(put, 0.0);
                        true
                    }
                    Err(_) => false,
                },
            )
        });
        match begun.flatten() {
            Some(true) => self.touch(Subject::Uploads),
            Some(false) => self.upload_failed(number, Failure::Broken),
            None => {}
        }
    }

    fn put_over(&self, number: u32, status: u16) {
        match status {
            200..=299 => self.uploaded(number),
            // The place may have been for too short a time.
            0 | 401 | 403 | 404 | 408 | 429 | 500..=599 => self.upload_broke(number, status),
            _ => self.upload_failed(number, Failure::Status(status)),
        }
    }

    /// Begins anew, after a while or with the next connection; or gives it up.
    fn upload_broke(&self, number: u32, status: u16) {
        let attempts = self.with_upload(number, |item| {
            item.attempts += 1;
            item.stage = Stage::Waiting;
            item.attempts
        });
        let Some(attempts) = attempts else { return };
        let online = *self.store().status() == SessionStatus::Online;
        if online && attempts >= ATTEMPTS {
            return self.upload_failed(
                number,
                match status {
                    0 => Failure::Broken,
                    status => Failure::Status(status),
                },
            );
        }
        self.touch(Subject::Uploads);
        let state = self.clone();
        Timeout::new(PAUSE * attempts, move || state.next_upload()).forget();
    }

    /// It is there: now others are told.
    fn uploaded(&self, number: u32) {
        let lost = self.with_upload(number, |item| {
            let Chosen { to, notes, .. } = &mut item.chosen;
            *notes = self.for_who_is_meant(to, std::mem::take(notes));
            let whisper = item.chosen.notes.whisper();
            whisper.is_some_and(|whisper| !self.reaches(&item.chosen.to, whisper))
        });
        if lost == Some(true) {
            return self.upload_failed(number, Failure::Gone);
        }
        let items = &self.0.uploads.items;
        let place = items.borrow().iter().position(|item| item.number == number);
        let item = place.map(|place| items.borrow_mut().remove(place));
        let Some(item) = item else { return };
        let Chosen { to, mut notes, .. } = item.chosen;
        if let Some(Ready { mut told, .. }) = item.ready {
            told.url.clone_from(&item.found);
            notes.set(Note::File(told));
            let command = rfc6121_message::Command::Send {
                to: to.clone(),
                body: item.found,
                notes,
            };
            self.command_as(&item.name, ONLY, Command::Message(command));
        }
        // Not before its message is noted, or a crash in between loses it.
        self.forget_file(&item.name);
        self.uploads_changed(&to);
        self.next_upload();
    }

    fn upload_failed(&self, number: u32, failure: Failure) {
        self.change_upload(number, |item| item.stage = Stage::Failed(failure));
        self.mind_leaving();
        self.next_upload();
    }

    fn with_upload<T>(&self, number: u32, act: impl FnOnce(&mut Item) -> T) -> Option<T> {
        let mut items = self.0.uploads.items.borrow_mut();
        let item = items.iter_mut().find(|item| item.number == number);
        item.map(act)
    }

    fn change_upload(&self, number: u32, change: impl FnOnce(&mut Item)) {
        self.with_upload(number, change);
        self.touch(Subject::Uploads);
    }

    fn uploads_changed(&self, to: &BareJid) {
        self.touch(Subject::Uploads);
        self.touch_conversation(to);
        self.mind_leaving();
    }

    /// Who would leave while something is under way is asked first.
    fn mind_leaving(&self) {
        let mut leaving = self.0.uploads.leaving.borrow_mut();
        if !self.is_uploading() {
            *leaving = None;
        } else if leaving.is_none()
            && let Some(window) = web_sys::window()
        {
            let options = EventListenerOptions::enable_prevent_default();
            let ask = |event: &web_sys::Event| {
                event.prevent_default();
                // What older browsers want.
                event
                    .unchecked_ref::<BeforeUnloadEvent>()
                    .set_return_value("-");
            };
            *leaving = Some(EventListener::new_with_options(
                &window,
                "beforeunload",
                options,
                ask,
            ));
        }
    }
}

impl Item {
    fn is_chosen_for(&self, to: &BareJid) -> bool {
        self.chosen.to == *to && matches!(self.stage, Stage::Chosen)
    }

    fn send_off(&mut self, notes: Notes) {
        self.chosen.notes = notes;
        self.chosen.sent_off = true;
        self.stage = Stage::Waiting;
    }

    /// Whether it can still be chosen what is done to it.
    fn can_choose(&self) -> bool {
        has_notes(&self.media_type)
            && matches!(
                self.stage,
                Stage::Chosen | Stage::Failed(Failure::Unreadable)
            )
    }

    fn shown(&self) -> Upload {
        let size = self.file.size();
        Upload {
            number: self.number,
            name: self.file.name(),
            media_type: self.media_type.clone(),
            size: size as u64,
            picture: self.picture.as_ref().map(|picture| picture.0.clone()),
            quality: self.can_choose().then_some(self.chosen.quality),
            unkept: self.unkept,
            progress: match &self.stage {
                Stage::Chosen => Progress::Chosen,
                Stage::Waiting | Stage::Asking | Stage::Preparing => Progress::Waiting,
                Stage::Sending(_, sent) => {
                    let whole = self.ready.as_ref().and_then(|ready| ready.told.size);
                    let whole = whole.unwrap_or_default().max(1) as f64;
                    Progress::Sending((sent / whole * 100.0).min(100.0) as u8)
                }
                Stage::Failed(failure) => Progress::Failed(failure.clone()),
            },
        }
    }
}
