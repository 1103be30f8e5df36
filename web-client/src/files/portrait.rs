//! A square cut out of a picture, as small as what goes round with a profile has to be.

use couplet_engine::modules::xep0084_avatar::Picture;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, ImageBitmap};

use super::picture::{canvas, file};

/// The side of a portrait, in pixels, at most.
const SIDE: f64 = 256.0;
/// What every client can show (XEP-0084 3.2) and may be transparent, up to so many bytes; a
/// photo takes more than a server may want in one stanza.
const LARGEST_PNG: f64 = 48e3;
const WELL: f64 = 0.9;

/// How far one can go in.
pub(crate) const CLOSEST: f64 = 8.0;

/// Which part is cut out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cut {
    /// Of the picture, in pixels.
    size: (f64, f64),
    /// Its middle.
    middle: (f64, f64),
    /// 1 is as much as there is.
    zoom: f64,
}

impl Cut {
    /// The largest in the middle.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let size = (f64::from(width), f64::from(height));
        Self {
            size,
            middle: (size.0 / 2.0, size.1 / 2.0),
            zoom: 1.0,
        }
    }

    pub(crate) fn zoom(self) -> f64 {
        self.zoom
    }

    /// As close as that, within what makes sense.
    pub(crate) fn zoomed(self, zoom: f64) -> Self {
        let zoom = zoom.clamp(1.0, CLOSEST);
        Self { zoom, ..self }.moved(0.0, 0.0)
    }

    /// Moved by these shares of its own side, within the picture.
    pub(crate) fn moved(self, right: f64, down: f64) -> Self {
        let side = self.side();
        let place = |middle: f64, by: f64, whole: f64| {
            (middle + by * side).clamp(side / 2.0, (whole - side / 2.0).max(side / 2.0))
        };
        let middle = (
            place(self.middle.0, right, self.size.0),
            place(self.middle.1, down, self.size.1),
        );
        Self { middle, ..self }
    }

    fn side(self) -> f64 {
        self.size.0.min(self.size.1) / self.zoom
    }
}

/// Draws the part over all of a canvas whose sides are so long.
pub(crate) fn draw(
    context: &CanvasRenderingContext2d,
    bitmap: &ImageBitmap,
    cut: Cut,
    length: f64,
) -> Option<()> {
    // Where a browser has one way only, it is that one.
    let _ = Reflect::set(
        context,
        &"imageSmoothingQuality".into(),
        &JsValue::from("high"),
    );
    let side = cut.side();
    let (left, top) = (cut.middle.0 - side / 2.0, cut.middle.1 - side / 2.0);
    context.clear_rect(0.0, 0.0, length, length);
    context
        .draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            bitmap, left, top, side, side, 0.0, 0.0, length, length,
        )
        .ok()
}

/// The part as a file of its own, with nothing in it but pixels.
pub(crate) async fn cut_out(bitmap: &ImageBitmap, cut: Cut) -> Option<Picture> {
    let length = cut.side().round().clamp(1.0, SIDE);
    let side = length as u32;
    let (canvas, context) = canvas((side, side))?;
    draw(&context, bitmap, cut, length)?;
    let mut drawn = file(&canvas, "image/png", WELL).await?;
    if drawn.size() > LARGEST_PNG {
        drawn = file(&canvas, "image/jpeg", WELL).await?;
    }
    Some(Picture {
        bytes: bytes(&drawn).await?,
        media_type: drawn.type_(),
        side,
    })
}

async fn bytes(content: &Blob) -> Option<Vec<u8>> {
    let bytes = JsFuture::from(content.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&bytes).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_stays_within_the_picture() {
        let cut = Cut::new(400, 200);
        assert_eq!((cut.middle, cut.side()), ((200.0, 100.0), 200.0));
        assert_eq!(cut.moved(9.0, 9.0).middle, (300.0, 100.0));
        let close = cut.zoomed(2.0).moved(-9.0, -9.0);
        assert_eq!((close.middle, close.side()), ((50.0, 50.0), 100.0));
        // Going out again, what is at the edge moves in.
        assert_eq!(close.zoomed(0.1).middle, (100.0, 100.0));
        assert_eq!(cut.zoomed(99.0).zoom(), CLOSEST);
    }
}
