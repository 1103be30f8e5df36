//! Pictures that move, without what isn't to be seen.
//!
//! Drawn anew they would stand still. So what they are made of is copied piece by piece, and
//! pieces that say something about the picture instead of being seen stay behind: where it was
//! taken, with what, by whom.

/// The same picture without those; `None` if it doesn't move, or can't be read.
pub(super) fn relieved(content: &[u8]) -> Option<Vec<u8>> {
    match content {
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif(content),
        [b'R', b'I', b'F', b'F', ..] => webp(content),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => png(content),
        _ => None,
    }
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

/// GIF89a. What programs note is in comments, and in extensions of their own; only those that
/// say how often it begins anew are seen.
fn gif(content: &[u8]) -> Option<Vec<u8>> {
    const LOOPS: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];
    let mut rest = Rest(content);
    let mut kept = Vec::with_capacity(content.len());
    let head = rest.take(13)?;
    kept.extend_from_slice(head);
    kept.extend_from_slice(rest.take(colours(head[10]))?);
    loop {
        let begin = rest.take(1)?;
        match begin[0] {
            // A frame.
            0x2c => {
                let head = rest.take(9)?;
                kept.extend_from_slice(begin);
                kept.extend_from_slice(head);
                kept.extend_from_slice(rest.take(colours(head[8]) + 1)?);
                blocks(&mut rest, Some(&mut kept))?;
            }
            0x21 => {
                let kind = rest.take(1)?;
                let seen = match kind[0] {
                    0xfe => false,
                    0xff => rest
                        .0
                        .get(1..12)
                        .is_some_and(|program| LOOPS.contains(&program)),
                    _ => true,
                };
                if seen {
                    kept.extend_from_slice(begin);
                    kept.extend_from_slice(kind);
                }
                blocks(&mut rest, seen.then_some(&mut kept))?;
            }
            0x3b => {
                kept.extend_from_slice(begin);
                return Some(kept);
            }
            _ => return None,
        }
    }
}

/// How many bytes a table of colours has, by what is said of it.
fn colours(flags: u8) -> usize {
    match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    }
}

/// Blocks of up to 255 bytes, up to an empty one.
fn blocks(rest: &mut Rest<'_>, mut kept: Option<&mut Vec<u8>>) -> Option<()> {
    loop {
        let length = rest.take(1)?;
        let block = rest.take(length[0].into())?;
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(length);
            kept.extend_from_slice(block);
        }
        if block.is_empty() {
            return Some(());
        }
    }
}

/// WebP in its extended form (RFC 9649 2.7).
fn webp(content: &[u8]) -> Option<Vec<u8>> {
    const SEEN: [&[u8]; 4] = [b"VP8X", b"ICCP", b"ANIM", b"ANMF"];
    const MOVES: u8 = 0x02;
    /// Whether there is Exif, or XMP.
    const NOTED: u8 = 0x08 | 0x04;
    let mut rest = Rest(content);
    let head = rest.take(12)?;
    if &head[8..] != b"WEBP" {
        return None;
    }
    let mut kept = head.to_vec();
    while !rest.0.is_empty() {
        let head = rest.take(8)?;
        let length = u32::from_le_bytes(head[4..].try_into().ok()?) as usize;
        let data = rest.take(length)?;
        // The last one's may be missing.
        rest.take(length % 2);
        if kept.len() == 12 && (&head[..4] != b"VP8X" || data.first()? & MOVES == 0) {
            return None;
        }
        if SEEN.contains(&&head[..4]) {
            let begin = kept.len() + 8;
            kept.extend_from_slice(head);
            kept.extend_from_slice(data);
            kept.resize(kept.len() + length % 2, 0);
            if &head[..4] == b"VP8X" {
                kept[begin] &= !NOTED;
            }
        }
    }
    let size = u32::try_from(kept.len() - 8).ok()?;
    kept[4..8].copy_from_slice(&size.to_le_bytes());
    (kept.len() > 12).then_some(kept)
}

/// PNG (third edition) with `acTL`, which comes before the first frame.
fn png(content: &[u8]) -> Option<Vec<u8>> {
    /// Besides those without which there is no picture: how it moves, and its colours.
    const SEEN: [&[u8]; 15] = [
        b"acTL", b"fcTL", b"fdAT", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP",
        b"mDCV", b"cLLI", b"bKGD", b"hIST", b"pHYs",
    ];
    let mut rest = Rest(content);
    let mut kept = rest.take(8)?.to_vec();
    let mut moves = false;
    loop {
        let head = rest.take(8)?;
        let length = u32::from_be_bytes(head[..4].try_into().ok()?) as usize;
        let kind = &head[4..];
        let data = rest.take(length)?;
        let check = rest.take(4)?;
        moves |= kind == b"acTL";
        if kind == b"IDAT" && !moves {
            return None;
        }
        if kind[0].is_ascii_uppercase() || SEEN.contains(&kind) {
            for part in [head, data, check] {
                kept.extend_from_slice(part);
            }
        }
        if kind == b"IEND" {
            return moves.then_some(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &[u8] = b"48.2082N";

    fn gif_of(middle: &[&[u8]]) -> Vec<u8> {
        // A pixel on a side, two colours.
        let head: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
        let frame: &[u8] = b"\x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
        let frames = [frame, frame].concat();
        [head, &middle.concat(), &frames, b"\x3b"].concat()
    }

    fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
        let length = (data.len() as u32).to_be_bytes();
        [&length, kind, data, b"\xde\xad\xbe\xef"].concat()
    }

    fn png_of(chunks: &[Vec<u8>]) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n", &chunks.concat()[..]].concat()
    }

    fn piece(kind: &[u8], data: &[u8]) -> Vec<u8> {
        let length = (data.len() as u32).to_le_bytes();
        let padding = vec![0; data.len() % 2];
        [kind, &length, data, &padding].concat()
    }

    fn webp_of(pieces: &[Vec<u8>]) -> Vec<u8> {
        let all = [b"WEBP", &pieces.concat()[..]].concat();
        [b"RIFF", &(all.len() as u32).to_le_bytes()[..], &all].concat()
    }

    #[test]
    fn a_gif_loses_what_isnt_seen() {
        let again: &[u8] = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0";
        let comment = [b"\x21\xfe\x08", PLACE, b"\0"].concat();
        let noted = [b"\x21\xff\x0bXMP DataXMP\x08", PLACE, b"\0"].concat();
        let full = gif_of(&[again, &comment, &noted]);
        assert_eq!(relieved(&full), Some(gif_of(&[again])));
        // What comes behind its end is seen by nobody.
        let followed = [&gif_of(&[again])[..], PLACE].concat();
        assert_eq!(relieved(&followed), Some(gif_of(&[again])));
    }

    #[test]
    fn a_png_that_moves_loses_what_isnt_seen() {
        let (head, control) = (chunk(b"IHDR", b"size"), chunk(b"acTL", b"two"));
        let (first, end) = (chunk(b"IDAT", b"one"), chunk(b"IEND", b""));
        let second = chunk(b"fdAT", b"two");
        let notes = [
            chunk(b"eXIf", PLACE),
            chunk(b"tEXt", PLACE),
            chunk(b"prIv", PLACE),
        ];
        let bare = [head.clone(), control, first.clone(), second, end.clone()];
        let mut full = bare.to_vec();
        for (place, note) in [1, 3, 5].into_iter().zip(notes) {
            full.insert(place, note);
        }
        assert_eq!(relieved(&png_of(&full)), Some(png_of(&bare)));
        // One that stands still is drawn anew.
        assert_eq!(relieved(&png_of(&[head, first, end])), None);
    }

    #[test]
    fn a_webp_that_moves_loses_what_isnt_seen() {
        let bare = [
            piece(b"VP8X", b"\x12\0\0\0\0\0\0\0\0\0"),
            piece(b"ANIM", b"again!"),
            piece(b"ANMF", b"odd"),
        ];
        let full = [
            piece(b"VP8X", b"\x1e\0\0\0\0\0\0\0\0\0"),
            piece(b"ANIM", b"again!"),
            piece(b"EXIF", &PLACE[1..]),
            piece(b"ANMF", b"odd"),
            piece(b"XMP ", PLACE),
        ];
        assert_eq!(relieved(&webp_of(&full)), Some(webp_of(&bare)));
        for still in [b"VP8X", b"VP8 "] {
            let still = [piece(still, b"\x0c\0\0\0\0\0\0\0\0\0")];
            assert_eq!(relieved(&webp_of(&still)), None);
        }
    }

    #[test]
    fn whatever_is_cut_off_or_broken_is_no_picture() {
        let pictures = [
            gif_of(&[b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"]),
            png_of(&[
                chunk(b"IHDR", b"size"),
                chunk(b"acTL", b"two"),
                chunk(b"IDAT", b"one"),
                chunk(b"IEND", b""),
            ]),
        ];
        for picture in pictures {
            for end in 0..picture.len() {
                assert_eq!(relieved(&picture[..end]), None, "{end}");
            }
        }
        for hostile in [
            &b"GIF89a"[..],
            b"RIFF\xff\xff\xff\xffWEBPVP8X\xff\xff\xff\xff\x02",
            b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffacTL",
            b"",
            b"\xff\xd8\xff\xe1",
        ] {
            assert_eq!(relieved(hostile), None);
        }
    }
}
