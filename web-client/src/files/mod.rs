//! Files on their way out, made ready: pictures and films without what their camera noted, and
//! what is to be told of each.

mod blurhash;
mod film;
mod measure;
mod moving;
mod picture;
pub(crate) mod pixels;
mod placeholder;
mod portrait;

use couplet_engine::store::{self, type_by_name};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File};

pub(crate) use picture::open as open_picture;
pub(crate) use placeholder::placeholder;
pub(crate) use portrait::{CLOSEST, Cut, cut_out, draw as draw_cut};

use crate::platform;

/// A larger file than this, in bytes, goes without a hash, for which all of it would have to
/// be in memory.
const LARGEST_HASHED: f64 = 64e6;

/// What is done to pictures and films before they go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Quality {
    /// Drawn anew or blanked, so that nothing is left of where and with what they were taken.
    #[default]
    Clean,
    /// The same, and pictures no larger than a screen.
    Small,
    /// As they are, with everything that is in them.
    Original,
}

/// A file as it goes.
pub(crate) struct Ready {
    pub(crate) content: Blob,
    /// What is told of it; where it is isn't known yet.
    pub(crate) told: store::File,
}

/// A picture or film that can't be opened here, so that nothing can be taken out of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Gets `file` ready.
pub(crate) async fn prepare(file: &File, quality: Quality) -> Result<Ready, Unreadable> {
    let mut ready = Ready {
        content: file.clone().into(),
        told: store::File {
            name: file.name(),
            media_type: media_type(file),
            ..store::File::default()
        },
    };
    if is_picture(&ready.told.media_type) {
        picture::prepare(&mut ready, quality).await?;
    } else if is_played(&ready.told.media_type) {
        if quality != Quality::Original && film::has_boxes(&ready.told.media_type) {
            let blanked = film::without_notes(&ready.content).await;
            ready.content = blanked.ok_or(Unreadable)?;
        }
        measure::measure(&mut ready).await;
    }
    let size = ready.content.size();
    ready.told.size = Some(size as u64);
    if size <= LARGEST_HASHED {
        ready.told.hash = hash(&ready.content).await.unwrap_or_default();
    }
    Ok(ready)
}

/// Whether it is a picture of pixels, which a camera may have taken.
pub(crate) fn is_picture(media_type: &str) -> bool {
    media_type.starts_with("image/") && !media_type.starts_with("image/svg")
}

/// Whether something is taken out of it unless somebody doesn't want that.
pub(crate) fn has_notes(media_type: &str) -> bool {
    is_picture(media_type) || film::has_boxes(media_type)
}

fn is_played(media_type: &str) -> bool {
    ["video/", "audio/"]
        .iter()
        .any(|kind| media_type.starts_with(kind))
}

/// What the system says that it is, or else what its name ends with.
pub(crate) fn media_type(file: &File) -> String {
    let said = file.type_().to_ascii_lowercase();
    let plain = said.split(';').next().unwrap_or_default().trim();
    match plain {
        "" => type_by_name(&file.name()).to_owned(),
        plain => plain.to_owned(),
    }
}

/// SHA-256 in base64 (XEP-0300).
async fn hash(content: &Blob) -> Option<String> {
    let bytes = JsFuture::from(content.array_buffer()).await.ok()?;
    let hash = platform::sha256(&bytes.into()).await.ok()?;
    let bytes: String = hash.into_iter().map(char::from).collect();
    web_sys::window()?.btoa(&bytes).ok()
}
