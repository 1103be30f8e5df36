//! Avatars as URLs that an `<img>` can show.

use std::cell::RefCell;
use std::rc::Rc;

use couplet_engine::store::Topic;
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
    jid: BareJid,
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
        let mut pictures = self.0.pictures.0.borrow_mut();
        if let Some(place) = pictures.iter().position(|known| known.jid == *jid) {
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
        self.measure(jid.clone(), url.clone());
        pictures.push(Picture {
            jid: jid.clone(),
            bytes,
            url,
            fits: false,
        });
        None
    }

    fn measure(&self, jid: BareJid, url: AttrValue) {
        let state = self.clone();
        spawn_local(async move {
            if !pixels::fits(&url, pixels::MOST_OF_A_FACE).await {
                return;
            }
            for picture in state.0.pictures.0.borrow_mut().iter_mut() {
                picture.fits |= picture.url == url;
            }
            state.touch(Topic::Avatar(jid).into());
        });
    }
}

/// Without a type: the browser looks at the bytes, and takes no SVG for a picture.
fn object_url(bytes: &[u8]) -> Option<String> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence(&parts).ok()?;
    Url::create_object_url_with_blob(&blob).ok()
}
