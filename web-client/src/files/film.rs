//! Films without what their camera noted.
//!
//! A film isn't drawn anew, which would take as long as it lasts. The boxes (ISO/IEC 14496-12 4.2)
//! in which programs note where and with what it was taken are blanked: what is left is as
//! long as before, so nothing in it has to be found anew. Tracks are left alone.

use js_sys::{Array, Uint8Array};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag};

/// Those that have others in them which matter here.
const CONTAINERS: [&[u8]; 2] = [b"moov", b"trak"];
/// Those that have notes: QuickTime's, those of ISO, XMP's.
const NOTES: [&[u8]; 3] = [b"udta", b"meta", b"uuid"];
/// What takes up room, and nothing else.
const FREE: &str = "free";
/// Nothing is looked for behind so many boxes. A film has a few dozen before its samples.
const MOST_BOXES: u32 = 1_000;
/// So many bytes are blanked at once.
const BLANK: f64 = 65_536.0;

/// Whether a film of that type is made of boxes.
pub(super) fn has_boxes(media_type: &str) -> bool {
    let form = media_type.strip_prefix("video/");
    form.is_some_and(|form| ["mp4", "quicktime", "x-m4v", "3gpp", "3gpp2"].contains(&form))
}

/// The same film without its notes; none if it can't be read.
pub(super) async fn without_notes(content: &Blob) -> Option<Blob> {
    let parts = Array::new();
    let mut copied = 0.0;
    for note in notes(content).await? {
        let named = note.start + 4.0;
        parts.push(&*part(content, copied, named)?);
        parts.push(&FREE.into());
        parts.push(&*part(content, named + 4.0, note.start + note.header)?);
        let mut left = note.end - note.start - note.header;
        while left > 0.0 {
            let length = left.min(BLANK);
            parts.push(&Uint8Array::new_with_length(length as u32));
            left -= length;
        }
        copied = note.end;
    }
    parts.push(&*part(content, copied, content.size())?);
    let options = BlobPropertyBag::new();
    options.set_type(&content.type_());
    Blob::new_with_blob_sequence_and_options(&parts, &options).ok()
}

/// Where a box is, in bytes, and how long its header.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    start: f64,
    header: f64,
    end: f64,
}

/// Where the notes are, in order.
async fn notes(content: &Blob) -> Option<Vec<Place>> {
    let mut notes = Vec::new();
    let mut looked_at = 0;
    let mut inside = vec![(0.0, content.size())];
    while let Some((mut start, end)) = inside.pop() {
        while looked_at < MOST_BOXES {
            let head = bytes(&part(content, start, end.min(start + 16.0))?).await?;
            let Some((kind, place)) = header(&head, start, end) else {
                break;
            };
            if CONTAINERS.contains(&kind) {
                inside.push((start + place.header, place.end));
            } else if NOTES.contains(&kind) {
                notes.push(place);
            }
            start = place.end;
            looked_at += 1;
        }
    }
    notes.sort_unstable_by(|one, other| one.start.total_cmp(&other.start));
    Some(notes)
}

/// What kind of box begins at `start` and ends before `end`, by its first bytes; none if none
/// does.
fn header(head: &[u8], start: f64, end: f64) -> Option<(&[u8], Place)> {
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0.0, |sum, byte| sum * 256.0 + f64::from(*byte))
    };
    let kind = head.get(4..8)?;
    let (header, size) = match number(&head[..4]) {
        // Up to the end.
        0.0 => (8.0, end - start),
        // Too large for four bytes.
        1.0 => (16.0, number(head.get(8..16)?)),
        size => (8.0, size),
    };
    let place = Place {
        start,
        header,
        end: start + size,
    };
    (size >= header && place.end <= end).then_some((kind, place))
}

fn part(content: &Blob, start: f64, end: f64) -> Option<Blob> {
    content.slice_with_f64_and_f64(start, end).ok()
}

async fn bytes(part: &Blob) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(part.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_as_large_as_it_says_and_as_there_is_room_for() {
        let place = |header, end| Place {
            start: 100.0,
            header,
            end,
        };
        let udta: &[u8] = b"udta";
        for (head, found) in [
            (&b"\0\0\0\x0cudta...."[..], Some(place(8.0, 112.0))),
            (b"\0\0\0\0udta", Some(place(8.0, 200.0))),
            (
                b"\0\0\0\x01udta\0\0\0\0\0\0\0\x14",
                Some(place(16.0, 120.0)),
            ),
            // Smaller than its header, larger than there is room, and cut off.
            (b"\0\0\0\x07udta", None),
            (b"\0\0\0\x01udta\0\0\0\0\0\0\0\x0f", None),
            (b"\0\0\0\x65udta", None),
            (b"\xff\xff\xff\xffudta", None),
            (b"\0\0\0\x01udta\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\0\0\0\x01udta\0\0", None),
            (b"\0\0\0\x0cudt", None),
            (b"", None),
        ] {
            let found = found.map(|place| (udta, place));
            assert_eq!(header(head, 100.0, 200.0), found, "{head:?}");
        }
    }
}
