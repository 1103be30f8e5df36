//! How many pixels a picture has, which is known before any of them is drawn: a file of a few
//! kilobytes can have a billion.

use js_sys::{Function, Promise};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlImageElement;

/// A picture with more isn't drawn: that would take more than 256 MB of memory.
pub(crate) const MOST: u32 = 1 << 26;
/// The same of somebody's face, of which there are many, and no larger than a button.
pub(crate) const MOST_OF_A_FACE: u32 = 1 << 22;

/// Whether `image`, which is loaded, has no more of them.
pub(crate) fn is_within(image: &HtmlImageElement, most: u32) -> bool {
    let pixels = image.natural_width().checked_mul(image.natural_height());
    pixels.is_some_and(|pixels| pixels > 0 && pixels <= most)
}

/// Whether the browser takes what is at `url` for a picture, with no more of them.
pub(crate) async fn fits(url: &str, most: u32) -> bool {
    let Ok(image) = HtmlImageElement::new() else {
        return false;
    };
    // One that isn't on the page is loaded, and not drawn.
    let loaded = Promise::new(&mut |resolve: Function, _| {
        image.set_onload(Some(&resolve));
        image.set_onerror(Some(&resolve));
    });
    image.set_src(url);
    // It is only ever resolved.
    let _ = JsFuture::from(loaded).await;
    is_within(&image, most)
}
