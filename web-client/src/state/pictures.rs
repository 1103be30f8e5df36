//! Avatars as URLs that an `<img>` can show.

use std::cell::RefCell;
use std::rc::Rc;

use couplet_engine::Command;
use couplet_engine::modules::xep0153_vcard_avatars;
use couplet_engine::store::{Face, Occupant, SessionStatus, Topic};
use jid::BareJid;
use js_sys::{Array, Uint8Array};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, Url};
use yew::AttrValue;

use super::State;
use crate::files::pixels;

/// One object URL a picture, made when it is first shown: so many as have been
/// on screen.
#[derive(Default)]
pub(super) struct Pictures(RefCell<Vec<Picture>>);

struct Picture {
    /// Whose, or the hash of one that people in rooms tell of.
    of: String,
    bytes: Rc<[u8]>,
    url: AttrValue,
    /// Whether it is known to have no more pixels than a face may.
    fits: bool,
}

impl Pictures {
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // Revoking a URL of our own doesn't fail; one already loaded stays on screen.
        let _ = Url::revoke_object_url(&self.url);
    }
}

impl State {
    /// The URL of the picture of `jid`, if there is one, as soon as it has been measured.
    pub(crate) fn picture(&self, jid: &BareJid) -> Option<AttrValue> {
        let bytes = self.store().avatar(jid).cloned();
        self.url_of(jid.as_str(), bytes, Topic::Avatar(jid.clone()))
    }

    /// The same of somebody who is in the room `room`.
    pub(crate) fn face(&self, room: &BareJid, occupant: &Occupant) -> Option<AttrValue> {
        let face = self.store().face_of(room, occupant)?;
        match face {
            Face::Known(jid) => self.picture(&jid),
            Face::Told(hash) => {
                let bytes = self.store().face(&hash).cloned();
                self.url_of(&hash, bytes, Topic::Faces)
            }
        }
    }

    /// The hash of the picture that `occupant` tells of, if that would be shown and isn't here.
    pub(crate) fn missing_face(&self, room: &BareJid, occupant: &Occupant) -> Option<String> {
        let store = self.store();
        match store.face_of(room, occupant)? {
            Face::Told(hash) if store.face(&hash).is_none() => Some(hash),
            _ => None,
        }
    }

    /// The pictures that are missing of those who are called so in the room `room`: names and
    /// hashes. None while nobody can be asked, so that whoever comes back asks anew.
    pub(crate) fn missing_faces<'a>(
        &self,
        room: &BareJid,
        nicks: impl Iterator<Item = &'a str>,
    ) -> Vec<(String, String)> {
        let store = self.store();
        let known = store.room(room);
        let known = known.filter(|_| *store.status() == SessionStatus::Online);
        let missing = nicks.filter_map(|nick| {
            let hash = self.missing_face(room, known?.occupants.get(nick)?)?;
            Some((nick.to_owned(), hash))
        });
        let mut missing: Vec<_> = missing.collect();
        missing.dedup();
        missing
    }

    /// Asks for them.
    pub(crate) fn want_faces(&self, room: &BareJid, occupants: Vec<(String, String)>) {
        if !occupants.is_empty() {
            let room = room.clone();
            let show = xep0153_vcard_avatars::Command::Show { room, occupants };
            self.command(Command::CardAvatars(show));
        }
    }

    fn url_of(&self, of: &str, bytes: Option<Rc<[u8]>>, shown: Topic) -> Option<AttrValue> {
        let mut pictures = self.0.pictures.0.borrow_mut();
        if let Some(place) = pictures.iter().position(|known| known.of == of) {
            if bytes
                .as_ref()
                .is_some_and(|bytes| Rc::ptr_eq(bytes, &pictures[place].bytes))
            {
                return pictures[place].fits.then(|| pictures[place].url.clone());
            }
            pictures.swap_remove(place);
        }
        let bytes = bytes?;
        let url = AttrValue::from(object_url(&bytes)?);
        self.measure(shown, url.clone());
        // What nobody else has any more is shown nowhere.
        pictures.retain(|known| Rc::strong_count(&known.bytes) > 1);
        pictures.push(Picture {
            of: of.to_owned(),
            bytes,
            url,
            fits: false,
        });
        None
    }

    fn measure(&self, shown: Topic, url: AttrValue) {
        let state = self.clone();
        spawn_local(async move {
            if !pixels::fits(&url, pixels::MOST_OF_A_FACE).await {
                return;
            }
            for picture in state.0.pictures.0.borrow_mut().iter_mut() {
                picture.fits |= picture.url == url;
            }
            // Who is known may be in a room, too.
            for topic in [shown, Topic::Faces] {
                state.touch(topic.into());
            }
        });
    }
}

/// Without a type: the browser looks at the bytes, and takes no SVG for a picture.
fn object_url(bytes: &[u8]) -> Option<String> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence(&parts).ok()?;
    Url::create_object_url_with_blob(&blob).ok()
}
