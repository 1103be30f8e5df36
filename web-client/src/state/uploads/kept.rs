//! Files that are to be sent, as far as they outlive the page.
//!
//! What is in one goes to IndexedDB. To whom it is, and whether it has been sent off, is noted in
//! `localStorage`, in the task of the key press, for the reason that what is asked for is
//! (`asked.rs`): what one has taken out again isn't sent by the next page. One without such a
//! note is wanted by nobody.
//!
//! A file is its tab's for as long as the tab lives, and so long it holds the lock of its name.
//! Whoever gets that lock goes on with the files. The message about one is asked for in its name,
//! which is done once: a file that was sent by a page with its last breath isn't sent again.

use jid::BareJid;
use js_sys::{Array, JSON};
use wasm_bindgen_futures::spawn_local;

use super::{Chosen, State};
use crate::files::Quality;
use crate::platform;
use crate::platform::storage::Storage;
use crate::second;
use crate::tabs::{self, Claim};

/// More than this, in bytes, isn't kept of all files together.
const MOST: f64 = 100e6;

/// By their places.
const QUALITIES: [Quality; 3] = [Quality::Clean, Quality::Small, Quality::Original];

impl State {
    /// Says that this tab lives, for as long as it does.
    pub(in crate::state) fn hold_files(&self) {
        let state = self.clone();
        spawn_local(async move {
            let tab = state.0.session.tab.clone();
            state.take_place_of(&tab).await;
        });
    }

    /// Whether the tab of that name is this one, or one whose place it has taken.
    pub(in crate::state) fn is_ours(&self, name: &str) -> bool {
        let tab = tab_of(name);
        let held = self.0.uploads.tabs.borrow();
        tab == self.0.session.tab || held.iter().any(|(known, _)| known == tab)
    }

    /// Goes on with what was to be sent by pages that are gone.
    pub(in crate::state) fn find_files(&self) {
        let Some((storage, account)) = self.keeps_files() else {
            return;
        };
        let state = self.clone();
        spawn_local(async move {
            let kept = storage.file_names(account.as_str()).await;
            let mut names = kept.unwrap_or_default();
            names.extend(state.noted_files().into_iter().map(|(name, _)| name));
            names.retain(|name| !state.is_ours(name));
            if !names.is_empty() {
                let finder = state.clone();
                second::once_here(&state, Box::new(move || finder.take_left(names)));
            }
        });
    }

    /// A way into the second module: there are files.
    #[inline(never)]
    fn take_left(&self, names: Vec<String>) {
        let state = self.clone();
        spawn_local(async move {
            let mut tabs: Vec<&str> = names.iter().map(|name| tab_of(name)).collect();
            tabs.sort_unstable();
            tabs.dedup();
            for tab in tabs {
                if state.take_place_of(tab).await {
                    state.take_files_of(tab).await;
                }
            }
        });
    }

    /// Whether nobody else has the place of the tab of that name.
    async fn take_place_of(&self, tab: &str) -> bool {
        let lock = tabs::hold(&["couplet ", tab].concat(), Claim::IfFree, || ()).await;
        let taken = lock.map(|lock| (tab.to_owned(), lock));
        let is_taken = taken.is_some();
        self.0.uploads.tabs.borrow_mut().extend(taken);
        is_taken
    }

    async fn take_files_of(&self, tab: &str) {
        let Some((storage, account)) = self.keeps_files() else {
            return;
        };
        let kept = storage.file_names(account.as_str()).await;
        let kept = kept.unwrap_or_default();
        for (name, _) in self.noted_files() {
            if tab_of(&name) == tab && !kept.contains(&name) {
                self.drop_file_note(&name);
            }
        }
        for name in kept.into_iter().filter(|name| tab_of(name) == tab) {
            let file = storage.file(account.as_str(), &name).await;
            let noted = self
                .noted_files()
                .into_iter()
                .find(|(noted, _)| *noted == name);
            // What has become a message is whoever leads' to send.
            let noted = noted.filter(|_| !self.is_asked(&name));
            let chosen = noted.and_then(|(_, text)| read(&text));
            match (file, chosen) {
                (Ok(Some(file)), Some(chosen)) if self.account().as_ref() == Some(&account) => {
                    self.add_upload(name, file, chosen);
                }
                _ => self.forget_file(&name),
            }
        }
        self.next_upload();
    }

    /// Begins to keep one that has been chosen.
    pub(super) fn keep_file(&self, number: u32) {
        let Some((storage, account)) = self.keeps_files() else {
            return;
        };
        self.note_file(number);
        let kept = self.with_upload(number, |item| (item.name.clone(), item.file.clone()));
        let Some((name, file)) = kept else { return };
        let state = self.clone();
        spawn_local(async move {
            let kept = storage
                .keep_file(account.as_str(), &name, &file, MOST)
                .await;
            if kept != Ok(true) {
                state.drop_file_note(&name);
                state.change_upload(number, |item| item.unkept = true);
            }
        });
    }

    /// Notes what is to become of one.
    pub(super) fn note_file(&self, number: u32) {
        let Some((_, account)) = self.keeps_files() else {
            return;
        };
        let noted = self.with_upload(number, |item| {
            let text = (!item.unkept).then(|| write(&item.chosen))?;
            Some((file_key(&account, &item.name), text))
        });
        if let Some((key, text)) = noted.flatten() {
            platform::note(&key, &text);
        }
    }

    /// Nobody wants it any more, or it is a message.
    pub(super) fn forget_file(&self, name: &str) {
        self.drop_file_note(name);
        if let Some((storage, account)) = self.keeps_files() {
            // What stays without a note is found by the next page.
            let _ = storage.drop_file(account.as_str(), name);
        }
    }

    /// The file of that name is a message.
    pub(in crate::state) fn drop_file_note(&self, name: &str) {
        if let Some(account) = self.account() {
            platform::drop_note(&file_key(&account, name));
        }
    }

    /// Of nobody's files anything is noted any more.
    pub(super) fn forget_file_notes(&self) {
        for (name, _) in self.noted_files() {
            self.drop_file_note(&name);
        }
    }

    /// Names, and what is noted, in order.
    fn noted_files(&self) -> Vec<(String, String)> {
        let account = self.account();
        account.map_or_else(Vec::new, |account| platform::notes(&file_key(&account, "")))
    }

    /// Where files are kept, if they are.
    fn keeps_files(&self) -> Option<(Storage, BareJid)> {
        let session = &self.0.session;
        let kept = session.is_kept().then(|| session.storage()).flatten();
        kept.zip(self.account())
    }
}

fn file_key(account: &BareJid, name: &str) -> String {
    ["couplet.file\n", account.as_str(), "\n", name].concat()
}

/// In which tab the file of that name was chosen.
fn tab_of(name: &str) -> &str {
    name.split('-').next().unwrap_or_default()
}

fn write(chosen: &Chosen) -> String {
    let quality = QUALITIES.iter().position(|known| *known == chosen.quality);
    let parts = Array::of4(
        &chosen.to.as_str().into(),
        &chosen.sent_off.into(),
        &(quality.unwrap_or_default() as u32).into(),
        &tabs::notes_to_text(&chosen.notes).into(),
    );
    // An array of text and numbers has a form.
    JSON::stringify(&parts).map_or_else(|_| String::new(), String::from)
}

/// What [`write()`] wrote.
fn read(text: &str) -> Option<Chosen> {
    let parts = JSON::parse(text).ok().filter(Array::is_array)?;
    let parts = Array::from(&parts);
    let quality = parts.get(2).as_f64()? as usize;
    Some(Chosen {
        to: parts.get(0).as_string()?.parse().ok()?,
        sent_off: parts.get(1).as_bool()?,
        quality: *QUALITIES.get(quality)?,
        notes: tabs::notes_from_text(&parts.get(3).as_string()?),
    })
}
