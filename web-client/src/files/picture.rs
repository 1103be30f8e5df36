//! Pictures, drawn anew.

use js_sys::{Array, Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlCanvasElement, ImageBitmap, Url,
};

use super::blurhash::encode;
use super::{Quality, Ready, Unreadable, moving, pixels};
use crate::state::document;

/// The longer side of a small one, in pixels.
const SMALL: f64 = 1_600.0;
/// How well pictures are kept whose form loses something.
const WELL: f64 = 0.92;
const SMALL_AND_WELL: f64 = 0.82;
/// A larger one, in bytes, isn't taken to pieces, but drawn anew, and stands still.
const LARGEST_MOVING: f64 = 32e6;
/// Pixels on a side of what the placeholder is made of.
const SAMPLE: u32 = 32;

/// Gets a picture ready, and tells what there is to see.
pub(super) async fn prepare(ready: &mut Ready, quality: Quality) -> Result<(), Unreadable> {
    let mut keep = quality == Quality::Original;
    let Some(bitmap) = open(&ready.content).await else {
        return if keep { Ok(()) } else { Err(Unreadable) };
    };
    if !keep && let Some(relieved) = moving(ready).await {
        // Drawn anew it would stand still.
        ready.content = relieved;
        keep = true;
    }
    let mut size = (bitmap.width(), bitmap.height());
    if !keep {
        let longer = f64::from(size.0.max(size.1));
        let scale = match quality {
            Quality::Small => (SMALL / longer).min(1.0),
            _ => 1.0,
        };
        let scaled = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
        size = (scaled(size.0), scaled(size.1));
        let drawn = redraw(&bitmap, size, &ready.told.media_type, quality).await;
        ready.content = drawn.ok_or(Unreadable)?;
        rename(ready);
    }
    ready.told.dimensions = Some(size);
    let drawn = colours(|context, side| {
        context.draw_image_with_image_bitmap_and_dw_and_dh(&bitmap, 0.0, 0.0, side, side)
    });
    ready.told.blurhash = drawn.unwrap_or_default();
    bitmap.close();
    Ok(())
}

/// The picture without what isn't seen of it, if it moves.
async fn moving(ready: &Ready) -> Option<Blob> {
    let may_move = ["image/gif", "image/png", "image/apng", "image/webp"];
    if !may_move.contains(&&*ready.told.media_type) || ready.content.size() > LARGEST_MOVING {
        return None;
    }
    let buffer = JsFuture::from(ready.content.array_buffer()).await.ok()?;
    let relieved = moving::relieved(&Uint8Array::new(&buffer).to_vec())?;
    let options = BlobPropertyBag::new();
    options.set_type(&ready.told.media_type);
    let parts = Array::of1(&Uint8Array::from(&relieved[..]));
    Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()
}

/// As it is to be seen: turned as its camera was held. `None` also if it has too many pixels.
pub(crate) async fn open(content: &Blob) -> Option<ImageBitmap> {
    let url = Url::create_object_url_with_blob(content).ok()?;
    let fits = pixels::fits(&url, pixels::MOST).await;
    // Revoking a URL of our own doesn't fail.
    let _ = Url::revoke_object_url(&url);
    if !fits {
        return None;
    }
    let opening = web_sys::window()?.create_image_bitmap_with_blob(content);
    let bitmap = JsFuture::from(opening.ok()?).await.ok()?;
    bitmap.dyn_into().ok()
}

/// What comes out of a canvas has its pixels and nothing else.
async fn redraw(
    bitmap: &ImageBitmap,
    size: (u32, u32),
    media_type: &str,
    quality: Quality,
) -> Option<Blob> {
    let form = match media_type {
        "image/png" | "image/webp" => media_type,
        _ => "image/jpeg",
    };
    let well = match quality {
        Quality::Small => SMALL_AND_WELL,
        _ => WELL,
    };
    let (canvas, context) = canvas(size)?;
    let (width, height) = (f64::from(size.0), f64::from(size.1));
    context
        .draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, width, height)
        .ok()?;
    file(&canvas, form, well).await
}

/// What is on a canvas, as a file of this form.
pub(super) async fn file(canvas: &HtmlCanvasElement, form: &str, well: f64) -> Option<Blob> {
    let drawn = Promise::new(&mut |resolve: Function, _| {
        // A canvas too large to be drawn gives nothing.
        let failed = canvas.to_blob_with_type_and_encoder_options(&resolve, form, &well.into());
        if failed.is_err() {
            // A function that settles a promise doesn't throw.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    JsFuture::from(drawn).await.ok()?.dyn_into().ok()
}

/// An empty canvas of that many pixels.
pub(super) fn canvas(
    (width, height): (u32, u32),
) -> Option<(HtmlCanvasElement, CanvasRenderingContext2d)> {
    let canvas = document()?.create_element("canvas").ok()?;
    let canvas: HtmlCanvasElement = canvas.dyn_into().ok()?;
    canvas.set_width(width);
    canvas.set_height(height);
    let context = canvas.get_context("2d").ok()??;
    Some((canvas, context.dyn_into().ok()?))
}

/// A few colours (BlurHash) of what is drawn on a canvas with sides of so many pixels.
pub(super) fn colours(
    draw: impl FnOnce(&CanvasRenderingContext2d, f64) -> Result<(), JsValue>,
) -> Option<String> {
    let (_, context) = canvas((SAMPLE, SAMPLE))?;
    let side = f64::from(SAMPLE);
    draw(&context, side).ok()?;
    let pixels = context.get_image_data(0.0, 0.0, side, side).ok()?.data();
    Some(encode(&pixels, SAMPLE as usize))
}

/// The name goes with what the picture has become.
fn rename(ready: &mut Ready) {
    let form = ready.content.type_();
    if form == ready.told.media_type {
        return;
    }
    let end = match form.as_str() {
        "image/png" => ".png",
        "image/webp" => ".webp",
        _ => ".jpg",
    };
    let name = &ready.told.name;
    let stem = name
        .rsplit_once('.')
        .map_or(name.as_str(), |(stem, _)| stem);
    ready.told.name = [stem, end].concat();
    ready.told.media_type = form;
}
