//! XEP-0446 File metadata element 0.2.0: what is to be known of a file.

use minidom::Element;

use crate::foreign::lines;
use crate::module::{Module, Specification};
use crate::store::{File, file_name, type_by_name};
use crate::xml::{build, child_text};

const METADATA: &str = "urn:xmpp:file:metadata:0";
const HASHES: &str = "urn:xmpp:hashes:2";
const THUMBNAILS: &str = "urn:xmpp:thumbs:1";

/// The longest media type, in bytes.
const LONGEST_TYPE: usize = 100;
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 1_000;
/// The longest blurhash, in bytes: nine by nine colours.
const LONGEST_BLURHASH: usize = 166;
/// A hash in base64: 32 bytes.
const HASH: usize = 44;
/// No picture has more pixels on one side; nothing is reserved for one that says so.
const LARGEST_SIDE: u32 = 65_535;
/// No file is larger, in bytes: whole numbers end there in browsers.
const LARGEST: u64 = 1 << 53;
/// How a blurhash stands for a thumbnail (XEP-0264), as others write it.
const BLURHASH: &str = "data:image/blurhash,";

#[derive(Debug, Default)]
pub(crate) struct FileMetadata;

impl Module for FileMetadata {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0446",
            title: "File metadata element",
            version: "0.2.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[METADATA]
    }
}

/// Adds to `file` what `parent` tells of it. What makes no sense isn't told.
pub(super) fn read(parent: &Element, file: &mut File) {
    let Some(metadata) = parent.get_child("file", METADATA) else {
        return;
    };
    let text = |name| child_text(metadata, name);
    let name = text("name").map(|name| file_name(&name));
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        type_by_name(&name).clone_into(&mut file.media_type);
        file.name = name;
    }
    if let Some(media_type) = text("media-type").and_then(|text| media_type(&text)) {
        file.media_type = media_type;
    }
    let size = text("size").and_then(|size| size.parse().ok());
    file.size = size.filter(|size| *size <= LARGEST);
    file.dimensions = side(text("width")).zip(side(text("height")));
    file.duration = text("length").and_then(|length| length.parse().ok());
    let description = text("desc").and_then(|text| lines(&text, LONGEST_DESCRIPTION));
    file.description = description.unwrap_or_default();
    file.hash = metadata
        .children()
        .find(|hash| hash.is("hash", HASHES) && hash.attr("algo") == Some("sha-256"))
        .map(|hash| hash.text().trim().to_owned())
        .filter(|hash| hash.len() == HASH)
        .unwrap_or_default();
    file.blurhash = metadata
        .children()
        .filter(|thumbnail| thumbnail.is("thumbnail", THUMBNAILS))
        .find_map(|thumbnail| thumbnail.attr("uri")?.strip_prefix(BLURHASH))
        .map(unescaped)
        .filter(|hash| hash.len() <= LONGEST_BLURHASH)
        .unwrap_or_default();
}

/// All that is known of it.
pub(super) fn write(file: &File) -> Element {
    let text = |number: u64| number.to_string();
    let (width, height) = file.dimensions.unzip();
    let told = [
        ("media-type", Some(file.media_type.clone())),
        ("name", Some(file.name.clone())),
        ("desc", Some(file.description.clone())),
        ("size", file.size.map(text)),
        ("width", width.map(u64::from).map(text)),
        ("height", height.map(u64::from).map(text)),
        ("length", file.duration.map(u64::from).map(text)),
    ];
    let told = told.into_iter().filter_map(|(name, text)| {
        let text = text.filter(|text| !text.is_empty())?;
        Some(build(name, METADATA).text(text).done())
    });
    build("file", METADATA)
        .children(told)
        .children(hash(file))
        .children(thumbnail(file))
        .done()
}

fn hash(file: &File) -> Option<Element> {
    let hash = build("hash", HASHES).attr("algo", "sha-256");
    let hash = hash.text(file.hash.as_str()).done();
    (!file.hash.is_empty()).then_some(hash)
}

fn thumbnail(file: &File) -> Option<Element> {
    let (width, height) = file.dimensions.unzip();
    let text = |side: Option<u32>| side.map(|side| side.to_string());
    let thumbnail = build("thumbnail", THUMBNAILS)
        .attr("uri", [BLURHASH, &escaped(&file.blurhash)].concat())
        .attr("media-type", "image/blurhash")
        .attr("width", text(width))
        .attr("height", text(height));
    (!file.blurhash.is_empty()).then(|| thumbnail.done())
}

/// `type/subtype` without parameters (RFC 6838 4.2).
fn media_type(text: &str) -> Option<String> {
    let plain = text.split(';').next()?.trim().to_ascii_lowercase();
    let (kind, form) = plain.split_once('/')?;
    let is_name = |name: &str| {
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !name.is_empty() && name.bytes().all(named)
    };
    (is_name(kind) && is_name(form) && plain.len() <= LONGEST_TYPE).then_some(plain)
}

fn side(text: Option<String>) -> Option<u32> {
    let side = text?.parse().ok()?;
    (1..=LARGEST_SIDE).contains(&side).then_some(side)
}

/// The signs of a blurhash that mean something in a URI.
const SPECIAL: [(&str, &str); 3] = [("%", "%25"), ("#", "%23"), ("?", "%3F")];

fn escaped(hash: &str) -> String {
    let escape = |hash: String, (sign, code): &(&str, &str)| hash.replace(sign, code);
    SPECIAL.iter().fold(hash.to_owned(), escape)
}

fn unescaped(hash: &str) -> String {
    let restore = |hash: String, (sign, code): &(&str, &str)| hash.replace(code, sign);
    SPECIAL.iter().rev().fold(hash.to_owned(), restore)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> File {
        File {
            url: "https://files.example/x".to_owned(),
            name: "summit <&> 🏔.jpg".to_owned(),
            media_type: "image/jpeg".to_owned(),
            size: Some(3_032_449),
            dimensions: Some((4096, 2160)),
            duration: Some(63_500),
            hash: "2XarmwTlNxDAMkvymloX3S5+VbylNrJt/l5QyPa+YoU=".to_owned(),
            blurhash: "LEHV6nWB2yk8pyo%23#?%Jadr".to_owned(),
            description: "Photo from the summit.".to_owned(),
        }
    }

    fn told(inner: &str) -> File {
        let xml = format!("<x xmlns='x'><file xmlns='{METADATA}'>{inner}</file></x>");
        let parent: Element = xml.parse().unwrap();
        let mut file = File::at("https://files.example/x").unwrap();
        read(&parent, &mut file);
        file
    }

    #[test]
    fn what_we_tell_is_read() {
        let parent = build("x", "x").child(write(&file())).done();
        let mut known = File::at("https://files.example/x").unwrap();
        read(&parent, &mut known);
        assert_eq!(known, file());
    }

    #[test]
    fn what_makes_no_sense_is_not_told() {
        let plain = File::at("https://files.example/x").unwrap();
        for inner in [
            "<size>-1</size>".to_owned(),
            "<size>99999999999999999999</size>".to_owned(),
            "<size>9007199254740993</size>".to_owned(),
            "<width>4294967295</width><height>4294967295</height>".to_owned(),
            "<width>0</width><height>10</height>".to_owned(),
            "<width>10</width>".to_owned(),
            "<length>-1</length>".to_owned(),
            "<length>4294967296</length>".to_owned(),
            "<length>1.5</length>".to_owned(),
            "<length>NaN</length>".to_owned(),
            "<media-type>text/html\"onload=x</media-type>".to_owned(),
            "<media-type>image</media-type>".to_owned(),
            format!("<media-type>image/{}</media-type>", "x".repeat(200)),
            "<name>../..</name>".to_owned(),
            format!("<hash xmlns='{HASHES}' algo='sha-256'>x</hash>"),
            format!("<thumbnail xmlns='{THUMBNAILS}' uri='javascript:alert(1)'/>"),
            format!(
                "<thumbnail xmlns='{THUMBNAILS}' uri='{BLURHASH}{}'/>",
                "x".repeat(1_000)
            ),
        ] {
            assert_eq!(told(&inner), plain, "{inner}");
        }
        let long = told(&format!("<desc>{}</desc>", "é".repeat(100_000)));
        assert_eq!(long.description.chars().count(), LONGEST_DESCRIPTION);
    }

    #[test]
    fn a_type_has_no_parameters() {
        assert_eq!(
            told("<media-type>Text/Plain; charset=utf-8</media-type>").media_type,
            "text/plain"
        );
    }
}
