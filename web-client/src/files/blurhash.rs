//! A few colours of a picture in a few letters: a cosine transform whose lowest frequencies are
//! written in base 83, as BlurHash defines it.

use std::f32::consts::PI;

/// The digits.
const DIGITS: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// Frequencies across and down that we write.
const ACROSS: usize = 4;
const DOWN: usize = 3;

/// Red, green, blue; of light, from 0 to 1.
type Colour = [f32; 3];

/// The letters for a picture of four bytes a pixel, `width` pixels a row.
pub(crate) fn encode(pixels: &[u8], width: usize) -> String {
    let rows = pixels.len() / 4 / width;
    let light: Vec<Colour> = pixels
        .chunks_exact(4)
        .map(|pixel| [to_light(pixel[0]), to_light(pixel[1]), to_light(pixel[2])])
        .collect();
    let mut waves = Vec::with_capacity(ACROSS * DOWN);
    for down in 0..DOWN {
        for across in 0..ACROSS {
            let scale = if across + down == 0 { 1.0 } else { 2.0 };
            let mut sum = Colour::default();
            for (place, colour) in light.iter().enumerate() {
                let wave = wave(across, place % width, width) * wave(down, place / width, rows);
                add(&mut sum, colour, wave * scale / light.len() as f32);
            }
            waves.push(sum);
        }
    }
    let highest = waves[1..]
        .iter()
        .flatten()
        .fold(0.0_f32, |highest, value| highest.max(value.abs()));
    let step = (highest * 166.0 - 0.5).floor().clamp(0.0, 82.0);
    let largest = (step + 1.0) / 166.0;
    let mut hash = String::new();
    write(&mut hash, ACROSS - 1 + (DOWN - 1) * 9, 1);
    write(&mut hash, step as usize, 1);
    let [red, green, blue] = waves[0].map(from_light);
    write(
        &mut hash,
        (red as usize) << 16 | (green as usize) << 8 | blue as usize,
        4,
    );
    for wave in &waves[1..] {
        let value = wave.iter().fold(0, |sum, value| {
            let root = (value / largest).abs().sqrt().copysign(*value);
            sum * 19 + (root * 9.0 + 9.5).floor().clamp(0.0, 18.0) as usize
        });
        write(&mut hash, value, 2);
    }
    hash
}

/// The picture that the letters stand for: three bytes a pixel, `side` by `side`. None if
/// they stand for none.
pub(crate) fn decode(hash: &str, side: usize) -> Option<Vec<u8>> {
    let digits: Option<Vec<usize>> = hash
        .bytes()
        .map(|letter| DIGITS.iter().position(|digit| *digit == letter))
        .collect();
    let digits = digits?;
    let size = *digits.first()?;
    let (across, down) = (size % 9 + 1, size / 9 + 1);
    if down > 9 || digits.len() != 4 + 2 * across * down {
        return None;
    }
    let number = |digits: &[usize]| digits.iter().fold(0, |sum, digit| sum * 83 + digit);
    let largest = (digits[1] + 1) as f32 / 166.0;
    let average = number(&digits[2..6]);
    let mut waves = vec![[16, 8, 0].map(|shift| to_light((average >> shift & 255) as u8))];
    for pair in digits[6..].chunks_exact(2) {
        let value = number(pair);
        let part = |part: usize| {
            let root = (part % 19) as f32 / 9.0 - 1.0;
            root * root.abs() * largest
        };
        waves.push([part(value / 361), part(value / 19), part(value)]);
    }
    let mut pixels = Vec::with_capacity(side * side * 3);
    for place in 0..side * side {
        let mut light = Colour::default();
        for (frequency, colour) in waves.iter().enumerate() {
            let wave = wave(frequency % across, place % side, side)
                * wave(frequency / across, place / side, side);
            add(&mut light, colour, wave);
        }
        pixels.extend(light.map(from_light));
    }
    Some(pixels)
}

/// How high the wave of a frequency is in the middle of a pixel.
fn wave(frequency: usize, place: usize, length: usize) -> f32 {
    (PI * frequency as f32 * (place as f32 + 0.5) / length as f32).cos()
}

fn add(sum: &mut Colour, colour: &Colour, factor: f32) {
    for (sum, part) in sum.iter_mut().zip(colour) {
        *sum += part * factor;
    }
}

fn write(hash: &mut String, value: usize, length: u32) {
    for place in (0..length).rev() {
        hash.push(DIGITS[value / 83_usize.pow(place) % 83] as char);
    }
}

/// From what is stored to how bright it is (IEC 61966-2-1).
fn to_light(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.04045 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

fn from_light(light: f32) -> u8 {
    let light = light.clamp(0.0, 1.0);
    let value = if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    };
    (value * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_write_looks_like_the_picture() {
        let side = 32;
        let pixels: Vec<u8> = (0..side * side)
            .flat_map(|place| [if place % side < side / 2 { 230 } else { 20 }, 90, 40, 255])
            .collect();
        let hash = encode(&pixels, side);
        assert_eq!(hash.len(), 4 + 2 * ACROSS * DOWN);
        let seen = decode(&hash, 8).unwrap();
        let red = |place: usize| seen[place * 3];
        assert!(red(1) > 180 && red(6) < 90, "{seen:?}");
        assert!(seen.chunks(3).all(|pixel| pixel[1].abs_diff(90) < 25));
    }

    #[test]
    fn one_colour_stays_itself() {
        let seen = decode(&encode(&[10, 200, 120, 255].repeat(64), 8), 4).unwrap();
        for pixel in seen.chunks(3) {
            for (seen, there) in pixel.iter().zip([10_u8, 200, 120]) {
                assert!(seen.abs_diff(there) <= 4, "{pixel:?}");
            }
        }
    }

    #[test]
    fn what_others_write_is_read() {
        // The example of BlurHash's own page.
        let seen = decode("LEHV6nWB2yk8pyo0adR*.7kCMdnj", 32).unwrap();
        assert_eq!(seen.len(), 32 * 32 * 3);
    }

    #[test]
    fn hostile_letters_are_no_picture() {
        for hash in [
            "",
            "L",
            "é",
            "00000",
            "LEHV6nWB2yk8pyo0adR*.7kCMdn",
            "~~~~~~",
            "\u{0}\u{0}",
        ] {
            assert_eq!(decode(hash, 32), None, "{hash}");
        }
        let nine_by_nine = ["|", &"~".repeat(165)].concat();
        assert_eq!(decode(&nine_by_nine, 32).unwrap().len(), 3_072);
    }
}
