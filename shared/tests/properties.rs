//! What holds for all inputs: made up at random, shrunk when it doesn't.

#![allow(clippy::unwrap_used)]

use couplet_shared::framing::{
    Frame, OpenAttributes, parse_frame, parse_stream_header, write_element, write_open,
    write_stream_header,
};
use couplet_shared::limits::XmlLimits;
use couplet_shared::scanner::{Found, Mode, Scanner};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

#[path = "../../tests/fuzz/checks.rs"]
mod checks;

/// Pieces of streams, good and bad, that make interesting input in any order.
const PIECES: [&str; 48] = [
    "<?xml version='1.0'?>",
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
    "</stream:stream>",
    "<stream:features>",
    "</stream:features>",
    "<message",
    "<a>",
    "</a>",
    "<b/>",
    "<longer-than-a-word>",
    "</longer-than-a-word>",
    "<p:a xmlns:p='x'>",
    "</p:a>",
    " xmlns:p='x'",
    " xmlns:q='x'",
    " p:c=''",
    " q:c=''",
    " xml:lang='en'",
    " to='a@example.org/b'",
    " to=\"x\"",
    " id='",
    "\"",
    "'",
    ">",
    "/>",
    "<",
    "</",
    " ",
    "\n",
    "=",
    "&amp;",
    "&#x1F600;",
    "&#xFFFF;",
    "&nbsp;",
    "&",
    ";",
    "<![CDATA[",
    "]]>",
    "]]",
    "<!--",
    "<!DOCTYPE",
    "some text, long enough for more than one machine word",
    "中文",
    "😀",
    "\u{FFFF}",
    "\u{1}",
    "é",
    ":",
];

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    vec(select(&PIECES[..]), 0..24).prop_map(|pieces| pieces.concat().into_bytes())
}

/// [`pieces`] with a byte changed, which may leave them without a meaning in UTF-8.
fn damaged_pieces() -> impl Strategy<Value = Vec<u8>> {
    (pieces(), any::<Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

/// A well-formed element of names, namespaces, text and elements like it.
fn element() -> impl Strategy<Value = String> {
    let name = "[a-z_é][a-z0-9.é-]{0,11}";
    let text =
        "([ -%'-;=?-\\[^-~é中😀\n]|&(amp|lt|gt|#9|#x1F600);|<!\\[CDATA\\[[<&\\]a]{0,4}\\]\\]>)*";
    let start = (
        name,
        option::of(select(&["p", "q", "stream"][..])),
        option::of("[a-z:]{0,9}"),
        vec(("[a-z]{1,12}", "[ -%(-;=-~中]{0,20}"), 0..4),
        select(&["'", "\""][..]),
        select(&["", " ", "\n\t"][..]),
    )
        .prop_map(|(name, prefix, namespace, attributes, quote, space)| {
            let mut tag = name;
            let mut declared = Vec::new();
            if let Some(prefix) = prefix {
                tag = format!("{prefix}:{tag} xmlns:{prefix}{space}={space}{quote}urn:x{quote}");
            }
            let name = tag.split(' ').next().unwrap_or_default().to_owned();
            if let Some(namespace) = namespace {
                tag += &format!(" xmlns={quote}{namespace}{quote}");
            }
            for (attribute, value) in attributes {
                if !declared.contains(&attribute) && attribute != "xmlns" {
                    let value = value.replace('"', "&quot;");
                    tag += &format!(" {attribute}{space}={quote}{value}{quote}");
                    declared.push(attribute);
                }
            }
            (name, tag + space)
        });
    let leaf = start.clone().prop_map(|(_, tag)| format!("<{tag}/>"));
    leaf.prop_recursive(4, 24, 4, move |inner| {
        (start.clone(), vec((text, inner), 0..4)).prop_map(|((name, tag), content)| {
            let content: String = content
                .into_iter()
                .map(|(text, inner)| text + &inner)
                .collect();
            format!("<{tag}>{content}</{name}>")
        })
    })
}

fn open() -> impl Strategy<Value = OpenAttributes> {
    let value = || option::of("[ -~é中😀\t\r\n]{0,20}");
    (value(), value(), value(), value(), value()).prop_map(|(from, to, id, version, lang)| {
        OpenAttributes {
            from,
            to,
            id,
            version,
            lang,
        }
    })
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_tokens(input in pieces()) {
        checks::chunking(&input);
    }

    #[test]
    fn any_chunking_gives_the_same_error(input in damaged_pieces()) {
        checks::chunking(&input);
    }

    #[test]
    fn rxml_agrees(input in damaged_pieces()) {
        checks::scanner(&input);
    }
}

proptest! {
    // Making up a tree is slow.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn well_formed_elements_are_accepted(elements in vec(element(), 1..4)) {
        let stream = format!("<stream>{}</stream>", elements.concat());
        let mut scanner = Scanner::new(Mode::Stream, XmlLimits::default());
        let mut rest = stream.as_bytes();
        let mut found = Vec::new();
        while !rest.is_empty() {
            let scan = scanner.scan(rest).unwrap();
            let (token, behind) = rest.split_at(scan.consumed);
            rest = behind;
            if scan.found == Some(Found::Element) {
                found.push(std::str::from_utf8(token).unwrap());
            }
        }
        prop_assert_eq!(scanner.finish(), Ok(()));
        prop_assert_eq!(found, elements);
        checks::chunking(stream.as_bytes());
        checks::scanner(stream.as_bytes());
    }

    #[test]
    fn elements_keep_their_meaning_as_messages(element in element()) {
        let start = "<stream:stream xmlns='jabber:client' xml:lang='en' \
                     xmlns:stream='http://etherx.jabber.org/streams'>";
        checks::framing(format!("{start}{element}</stream:stream>").as_bytes());
        let mut message = String::new();
        write_element(&parse_stream_header(start).unwrap(), &element, &mut message);
        prop_assert!(message.len() >= element.len());
        prop_assert_eq!(parse_frame(&message, &XmlLimits::default()), Ok(Frame::Element(&message)));
    }

    #[test]
    fn openings_come_back(open in open()) {
        let mut text = String::new();
        write_stream_header(&open, &mut text);
        let header = parse_stream_header(&text).unwrap();
        text.clear();
        write_open(&header, &mut text);
        prop_assert_eq!(parse_frame(&text, &XmlLimits::default()), Ok(Frame::Open(open)));
    }
}
