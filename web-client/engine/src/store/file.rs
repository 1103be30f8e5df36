//! A file that a message is about.

use serde::{Deserialize, Serialize};

use super::Message;
use crate::foreign::tame;

/// The longest address, in bytes.
const LONGEST_ADDRESS: usize = 4_096;
/// The longest name, in characters.
const LONGEST_NAME: usize = 200;

/// What is told of a file, and where it is (XEP-0446, XEP-0447). What isn't told is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where: `https:` or `http:`; `aesgcm:` if it is encrypted and can't be read here.
    pub url: String,
    /// What it is called: no path, nothing invisible.
    pub name: String,
    /// What it is, such as `image/png`, in lower case.
    pub media_type: String,
    /// How large it is, in bytes.
    pub size: Option<u64>,
    /// Width and height of what there is to see, in pixels.
    pub dimensions: Option<(u32, u32)>,
    /// How long it lasts, in milliseconds. Rows have it beside the file: [`Notes`](super::Notes).
    #[serde(skip)]
    pub duration: Option<u32>,
    /// The SHA-256 of what is in it, in base64 (XEP-0300).
    pub hash: String,
    /// A few colours of it, for as long as it isn't here.
    pub blurhash: String,
    /// What it shows, in words.
    pub description: String,
}

/// How a file is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A still or moving picture.
    Picture,
    /// Pictures with a sound.
    Video,
    /// Something to hear.
    Audio,
    /// Anything else.
    Other,
    /// What it is can't be known: it is encrypted.
    Sealed,
}

/// By how their names end, the types that matter here.
const TYPES: [(&str, &str); 20] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("ogv", "video/ogg"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("aac", "audio/aac"),
    ("ogg", "audio/ogg"),
    ("oga", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
    ("flac", "audio/flac"),
    ("pdf", "application/pdf"),
];

/// The pictures that every browser shows, and that run nothing.
const PICTURES: [&str; 6] = ["jpeg", "png", "gif", "webp", "avif", "bmp"];

impl File {
    /// Of nothing but its address. None if that is no address of a file.
    pub fn at(url: &str) -> Option<Self> {
        let sealed = has_scheme(url, "aesgcm://");
        if !(sealed || is_address(url)) {
            return None;
        }
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let host = path.find("://")? + 3;
        let name = match path[host..].rsplit_once('/') {
            Some((_, name)) => file_name(&decoded(name)),
            None => String::new(),
        };
        Some(Self {
            url: url.to_owned(),
            media_type: type_by_name(&name).to_owned(),
            name,
            ..Self::default()
        })
    }

    /// How it is shown.
    pub fn kind(&self) -> FileKind {
        if has_scheme(&self.url, "aesgcm:") {
            return FileKind::Sealed;
        }
        match self.media_type.split_once('/') {
            // A page that came safely takes in nothing that didn't.
            _ if !is_private(&self.url) => FileKind::Other,
            Some(("image", form)) if PICTURES.contains(&form) => FileKind::Picture,
            Some(("video", _)) => FileKind::Video,
            Some(("audio", _)) => FileKind::Audio,
            _ => FileKind::Other,
        }
    }

    /// Whether it sounds like somebody who has spoken: what the programs record that send
    /// such messages.
    pub fn is_voice(&self) -> bool {
        let recorded = ["audio/ogg", "audio/webm", "audio/mp4", "audio/aac"];
        recorded.contains(&self.media_type.as_str())
    }
}

impl Message {
    /// The file it is about, if it is about one.
    pub fn file(&self) -> Option<&File> {
        self.notes.file()
    }

    /// What it says besides: its text, unless that only says where the file is.
    pub fn caption(&self) -> &str {
        match self.file() {
            Some(file) if self.body.trim() == file.url => "",
            _ => &self.body,
        }
    }
}

/// Whether a file may be there: on the web, and nothing else that a browser would follow.
pub(crate) fn is_address(url: &str) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find(|scheme| has_scheme(url, scheme))
        .map(|scheme| &url[scheme.len()..]);
    let plain = |character: char| {
        !character.is_whitespace() && !character.is_control() && !"<>\"\\".contains(character)
    };
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']))
        && url.len() <= LONGEST_ADDRESS
        && url.chars().all(plain)
}

/// Whether something may be sent there: nobody on the way can read it.
pub(crate) fn is_private(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    };
    is_address(url)
        && (scheme.eq_ignore_ascii_case("https")
            || ["localhost", "127.0.0.1", "[::1]"].contains(&host))
}

/// What of `text` can be the name of a file.
pub(crate) fn file_name(text: &str) -> String {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    // What turns letters around shows another ending than there is.
    let shown = |character: &char| {
        !character.is_control()
            && !matches!(*character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let name: String = tame(last)
        .chars()
        .filter(shown)
        .take(LONGEST_NAME)
        .collect();
    match name.trim() {
        "." | ".." => String::new(),
        name => name.to_owned(),
    }
}

/// The media type that the end of a name speaks for; empty if that is none of those that
/// matter here.
pub fn type_by_name(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end);
    let known = TYPES
        .iter()
        .find(|(known, _)| end.is_some_and(|end| end.eq_ignore_ascii_case(known)));
    known.map_or("", |(_, media_type)| media_type)
}

fn has_scheme(url: &str, scheme: &str) -> bool {
    let start = url.as_bytes().get(..scheme.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
        && url.len() <= LONGEST_ADDRESS
}

/// Without percent signs (RFC 3986 2.1), where that is UTF-8.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let digit = |place: usize| (*more.get(place)? as char).to_digit(16);
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &more[2..];
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_name_and_type() {
        let file = File::at("https://files.example/a/b%20c%C3%A9.JPG?x=/y.png#z").unwrap();
        assert_eq!(file.name, "b cé.JPG");
        assert_eq!(file.kind(), FileKind::Picture);
        let file = File::at("https://files.example").unwrap();
        assert_eq!((file.name.as_str(), file.kind()), ("", FileKind::Other));
        let sealed = File::at("aesgcm://files.example/a/photo.jpg#00ff").unwrap();
        assert_eq!(
            (sealed.name.as_str(), sealed.kind()),
            ("photo.jpg", FileKind::Sealed)
        );
    }

    #[test]
    fn only_the_web_has_files() {
        for url in [
            "javascript:alert(1)//https://a.example/x.png",
            "data:text/html,<script>alert(1)</script>",
            "file:///etc/passwd",
            "blob:https://a.example/1",
            "https://",
            "https:///x",
            "https://a.example/ x",
            "https://a.example/\u{0}",
            "https://a.example/\"onload=\"x",
            "//a.example/x",
            "",
        ] {
            assert_eq!(File::at(url), None, "{url}");
        }
        assert_eq!(
            File::at(&["https://a.example/", &"x".repeat(5_000)].concat()),
            None
        );
        assert!(File::at("HTTPS://a.example/x").is_some());
    }

    #[test]
    fn a_name_is_what_it_seems_to_be() {
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("C:\\Users\\me\\a.txt"), "a.txt");
        assert_eq!(file_name("\u{202e}gnp.exe\u{7}"), "gnp.exe");
        assert_eq!(file_name(".."), "");
        assert_eq!(file_name(&"é".repeat(1_000)).chars().count(), LONGEST_NAME);
        let hidden = File::at("https://a.example/%2e%2e%2f%2e%2e").unwrap();
        assert_eq!(hidden.name, "");
        assert_eq!(File::at("https://a.example/%ff%").unwrap().name, "%ff%");
    }

    #[test]
    fn what_runs_is_no_picture() {
        let kind = |media_type: &str| {
            let file = File {
                url: "https://a.example/x".to_owned(),
                media_type: media_type.to_owned(),
                ..File::default()
            };
            file.kind()
        };
        assert_eq!(kind("image/svg+xml"), FileKind::Other);
        assert_eq!(kind("text/html"), FileKind::Other);
        assert_eq!(kind("image/webp"), FileKind::Picture);
        assert_eq!(kind("audio/ogg"), FileKind::Audio);
        assert_eq!(kind("image"), FileKind::Other);
        let read_along = File::at("http://a.example/x.png").unwrap();
        assert_eq!(read_along.kind(), FileKind::Other);
    }

    #[test]
    fn nobody_reads_along() {
        for (url, private) in [
            ("https://files.example/x", true),
            ("http://localhost:5280/x", true),
            ("http://127.0.0.1/x", true),
            ("http://[::1]:80/x", true),
            ("http://files.example/x", false),
            ("http://localhost.example/x", false),
            ("http://localhost@files.example/x", false),
            ("http://localhost:80@files.example/x", false),
            ("ftp://localhost/x", false),
        ] {
            assert_eq!(is_private(url), private, "{url}");
        }
    }
}
