//! What stands for a picture that isn't here yet.

use super::blurhash::decode;

/// Pixels on a side: it is drawn much larger, and soft.
const SIDE: u8 = 16;
/// Bytes before the pixels of a bitmap.
const HEADER: u8 = 54;

/// A URL that an `<img>` shows: a bitmap, which needs neither a canvas nor a wait. None if the
/// hash is none.
pub(crate) fn placeholder(blurhash: &str) -> Option<String> {
    let bitmap = bitmap(blurhash)?;
    let bytes: String = bitmap.into_iter().map(char::from).collect();
    let base64 = web_sys::window()?.btoa(&bytes).ok()?;
    Some(["data:image/bmp;base64,", &base64].concat())
}

/// A file of Windows' plainest kind: rows from the bottom, blue first.
fn bitmap(blurhash: &str) -> Option<Vec<u8>> {
    let side = usize::from(SIDE);
    let pixels = decode(blurhash, side)?;
    let mut file = vec![0; usize::from(HEADER)];
    file[..2].copy_from_slice(b"BM");
    let size = (usize::from(HEADER) + pixels.len()) as u32;
    file[2..6].copy_from_slice(&size.to_le_bytes());
    // Where the pixels begin, the size of the second header, width, height, planes, bits a pixel.
    for (place, value) in [
        (10, HEADER),
        (14, 40),
        (18, SIDE),
        (22, SIDE),
        (26, 1),
        (28, 24),
    ] {
        file[place] = value;
    }
    for row in pixels.chunks_exact(side * 3).rev() {
        for pixel in row.chunks_exact(3) {
            file.extend([pixel[2], pixel[1], pixel[0]]);
        }
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::blurhash::encode;

    #[test]
    fn the_bitmap_has_the_colours() {
        let file = bitmap(&encode(&[255, 0, 0, 255].repeat(16), 4)).unwrap();
        assert_eq!(file.len(), 54 + 16 * 16 * 3);
        assert!(file[54] < 10 && file[56] > 245, "blue, then red");
        assert_eq!(bitmap("no hash"), None);
    }
}
