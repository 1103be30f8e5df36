//! How large the picture of a video is.

use gloo_timers::callback::Timeout;
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlVideoElement, Url};

use crate::state::document;

/// A browser that doesn't know by then, in milliseconds, doesn't know.
const PATIENCE: u32 = 3_000;

/// Width and height in pixels, if the browser can play it.
pub(super) async fn video(content: &Blob) -> Option<(u32, u32)> {
    let video = document()?.create_element("video").ok()?;
    let video: HtmlVideoElement = video.dyn_into().ok()?;
    let url = Url::create_object_url_with_blob(content).ok()?;
    let known = Promise::new(&mut |resolve: Function, _| {
        video.set_onloadedmetadata(Some(&resolve));
        video.set_onerror(Some(&resolve));
        let give_up = move || {
            // A function that settles a promise doesn't throw.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        };
        Timeout::new(PATIENCE, give_up).forget();
    });
    video.set_preload("metadata");
    video.set_src(&url);
    // It is only ever resolved.
    let _ = JsFuture::from(known).await;
    let size = (video.video_width(), video.video_height());
    // Revoking a URL of our own doesn't fail.
    let _ = Url::revoke_object_url(&url);
    (size.0 > 0 && size.1 > 0).then_some(size)
}
