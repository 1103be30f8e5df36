//! The angles of the XEP's examples, and `people.css`, which is made here.

use std::fmt::Write;
use std::path::Path;

use super::{HUES, angle, class};

/// Saturation of every colour, percent of what sRGB can show.
const SATURATION: f64 = 85.0;
/// Lightness where white text goes on it, for names on light and on dark, and
/// for names in high contrast on light and on dark. HSLuv's lightness alone
/// decides the contrast, whatever the hue.
const FILL: f64 = 45.0;
const ON_LIGHT: [f64; 2] = [44.0, 32.0];
const ON_DARK: [f64; 2] = [72.0, 82.0];

#[test]
fn angles_are_those_of_the_specification() {
    let examples = [
        ("Romeo", 327.255249),
        ("juliet@capulet.lit", 209.410400),
        ("😺", 331.199341),
        ("council", 359.994507),
    ];
    for (text, degrees) in examples {
        assert!(
            (angle(text) - degrees).abs() < 1e-6,
            "{text}: {}",
            angle(text)
        );
    }
}

#[test]
fn the_hue_is_the_nearest_one() {
    assert_eq!(class("juliet@capulet.lit"), "person-14");
    assert_eq!(
        class("council"),
        "person-0",
        "359.99 degrees are nearest to 0"
    );
}

#[test]
fn every_colour_has_contrast() {
    let surfaces_light = [[255, 255, 255], [0xf6, 0xf7, 0xfb], [0xee, 0xf0, 0xf6]];
    let surfaces_dark = [[0x12, 0x14, 0x1b], [0x17, 0x1a, 0x23], [0x1f, 0x23, 0x2f]];
    for hue in 0..HUES {
        let hue = degrees(hue);
        assert!(contrast(srgb(hue, FILL), [255, 255, 255]) >= 4.5);
        for surface in surfaces_light {
            assert!(contrast(srgb(hue, ON_LIGHT[0]), surface) >= 4.5);
            assert!(contrast(srgb(hue, ON_LIGHT[1]), surface) >= 7.0);
        }
        for surface in surfaces_dark {
            assert!(contrast(srgb(hue, ON_DARK[0]), surface) >= 4.5);
            assert!(contrast(srgb(hue, ON_DARK[1]), surface) >= 7.0);
        }
    }
}

#[test]
fn people_css_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static/css/people.css");
    let wanted = people_css();
    if std::env::var_os("UPDATE_PEOPLE_CSS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let present = std::fs::read_to_string(&path).unwrap();
    assert!(present == wanted, "run this test with UPDATE_PEOPLE_CSS=1");
}

fn people_css() -> String {
    let mut css = String::from(
        "/* Everybody's colour (XEP-0392), rounded to 24 hues, with the lightness that gives\n   \
         contrast. Made by a test: UPDATE_PEOPLE_CSS=1 cargo test -p couplet-web people_css */\n",
    );
    let hex = |hue, lightness| {
        let [red, green, blue] = srgb(hue, lightness);
        format!("#{red:02x}{green:02x}{blue:02x}")
    };
    for index in 0..HUES {
        let hue = degrees(index);
        let (fill, light, dark) = (hex(hue, FILL), hex(hue, ON_LIGHT[0]), hex(hue, ON_DARK[0]));
        writeln!(
            css,
            ".person-{index} {{ --person: {fill}; --person-name: light-dark({light}, {dark}); }}"
        )
        .unwrap();
    }
    css.push_str("\n@media (prefers-contrast: more) {\n");
    for index in 0..HUES {
        let hue = degrees(index);
        let (light, dark) = (hex(hue, ON_LIGHT[1]), hex(hue, ON_DARK[1]));
        writeln!(
            css,
            "  .person-{index} {{ --person-name: light-dark({light}, {dark}); }}"
        )
        .unwrap();
    }
    css.push_str("}\n");
    css
}

fn degrees(hue: usize) -> f64 {
    hue as f64 * 360.0 / HUES as f64
}

/// WCAG 2.2, 1.4.3.
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|channel| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 {
            channel / 12.92
        } else {
            ((channel + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// HSLuv to sRGB, the colour space of XEP-0392 5.2: CIELUV by polar coordinates,
/// chroma in percent of the most that sRGB has for this lightness and hue.
fn srgb(hue: f64, lightness: f64) -> [u8; 3] {
    const WHITE_U: f64 = 0.197_830_006_642_836_8;
    const WHITE_V: f64 = 0.468_319_994_938_791;
    let radians = hue.to_radians();
    let chroma = most_chroma(lightness, radians) * SATURATION / 100.0;
    let u = chroma * radians.cos() / (13.0 * lightness) + WHITE_U;
    let v = chroma * radians.sin() / (13.0 * lightness) + WHITE_V;
    let y = luminance_of(lightness);
    let x = y * 9.0 * u / (4.0 * v);
    let z = y * (12.0 - 3.0 * u - 20.0 * v) / (4.0 * v);
    TO_LINEAR.map(|[from_x, from_y, from_z]| {
        let linear = from_x * x + from_y * y + from_z * z;
        let channel = if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        (channel.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}

const TO_LINEAR: [[f64; 3]; 3] = [
    [
        3.240_969_941_904_521,
        -1.537_383_177_570_093,
        -0.498_610_760_293,
    ],
    [
        -0.969_243_636_280_87,
        1.875_967_501_507_72,
        0.041_555_057_407_175,
    ],
    [
        0.055_630_079_696_993,
        -0.203_976_958_888_97,
        1.056_971_514_242_878,
    ],
];

fn luminance_of(lightness: f64) -> f64 {
    if lightness > 8.0 {
        ((lightness + 16.0) / 116.0).powi(3)
    } else {
        lightness / 903.296_296_3
    }
}

/// How far from grey the edge of sRGB is: six straight lines bound it at a
/// given lightness, three channels at 0 and at 1.
fn most_chroma(lightness: f64, radians: f64) -> f64 {
    let y = luminance_of(lightness);
    let mut nearest = f64::INFINITY;
    for [from_x, from_y, from_z] in TO_LINEAR {
        for edge in [0.0, 1.0] {
            let top_1 = (284_517.0 * from_x - 94_839.0 * from_z) * y;
            let top_2 =
                (838_422.0 * from_z + 769_860.0 * from_y + 731_718.0 * from_x) * lightness * y
                    - 769_860.0 * edge * lightness;
            let bottom = (632_260.0 * from_z - 126_452.0 * from_y) * y + 126_452.0 * edge;
            let (slope, intercept) = (top_1 / bottom, top_2 / bottom);
            let length = intercept / (radians.sin() - slope * radians.cos());
            if length >= 0.0 {
                nearest = nearest.min(length);
            }
        }
    }
    nearest
}
