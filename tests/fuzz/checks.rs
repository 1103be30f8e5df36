//! What must hold for every input. The fuzz targets run these checks on what they
//! make up; `shared/tests/corpus.rs` runs them on the corpora.

#![allow(dead_code, reason = "each fuzz target runs one of the checks")]

use std::collections::BTreeMap;

use couplet_shared::features::{FeatureRules, filter_features};
use couplet_shared::framing::{
    Frame, FramingError, OpenAttributes, StreamHeader, parse_frame, parse_stream_header,
    write_element, write_open, write_stream_header,
};
use couplet_shared::limits::XmlLimits;
use couplet_shared::scanner::{Found, Mode, ScanError, Scanner};
use rxml::{Event, Parse, WithOptions};

/// Compares the scanner's judgement with that of rxml.
///
/// They differ by design:
/// - rxml takes any document, we take a stream or a message: no text between
///   elements, no white space in front of a message, no stream that is its own
///   header. A stream may have white space in front of its XML declaration, which
///   is the keepalive of the stream before.
/// - rxml refuses `standalone='no'`, which promises a DTD that cannot come.
/// - Leading zeros: rxml takes references of about 10 bytes, we of 16.
/// - rxml lets the default namespace be one of the two that are reserved.
/// - rxml knows no names with U+FDF0 to U+FFFD in them.
/// - The limits: here there are none.
pub(crate) fn scanner(input: &[u8]) {
    let reference = rxml_events(input);
    for mode in [Mode::Stream, Mode::Message] {
        let outcome = scan(mode, UNLIMITED, [input]).1;
        match (&outcome, &reference) {
            (Ok(()), Ok(_)) | (Err(_), Err(_)) => {}
            (Ok(()), Err(_)) if is_space_in_front(input) || is_not_standalone(input) => {}
            (Ok(()), Err(_)) if is_beyond_rxml(input) => {}
            (Err(ScanError::StrayText | ScanError::EmptyStream), Ok(_)) => {}
            (Err(ScanError::Reference), Ok(_)) if has_long_reference(input) => {}
            (Err(ScanError::NamespaceDeclaration), Ok(_)) if has_default_namespace(input) => {}
            _ => panic!(
                "{mode:?}: we say {outcome:?}, rxml says {:?} of {:?}",
                reference.map(|_| ()),
                String::from_utf8_lossy(input)
            ),
        }
    }
}

fn is_space_in_front(input: &[u8]) -> bool {
    input.trim_ascii_start().len() < input.len()
}

fn is_not_standalone(input: &[u8]) -> bool {
    let declaration = input.split(|&byte| byte == b'>').next().unwrap_or_default();
    declaration.starts_with(b"<?xml") && declaration.windows(2).any(|pair| pair == b"no")
}

fn has_long_reference(input: &[u8]) -> bool {
    input
        .split(|&byte| byte == b'&')
        .skip(1)
        .any(|rest| !rest.iter().take(9).any(|&byte| byte == b';'))
}

fn is_beyond_rxml(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    has_long_reference(input) || text.contains(|char| matches!(char, '\u{FDF0}'..='\u{FFFD}'))
}

fn has_default_namespace(input: &[u8]) -> bool {
    input
        .windows(6)
        .any(|window| window.starts_with(b"xmlns") && window[5] != b':')
}

/// Cuts the input in many ways and expects the same outcome from each.
pub(crate) fn chunking(input: &[u8]) {
    let tight = XmlLimits {
        max_bytes: 60,
        max_depth: 3,
        max_elements: 5,
        max_attributes: 3,
        max_name_bytes: 12,
        max_prefixes: 3,
    };
    for mode in [Mode::Stream, Mode::Message] {
        for limits in [UNLIMITED, tight] {
            let whole = scan(mode, limits, [input]);
            assert_eq!(scan(mode, limits, input.chunks(1)), whole);
            assert_eq!(scan(mode, limits, input.chunks(7)), whole);
            for seed in 0..4 {
                assert_eq!(
                    scan(
                        mode,
                        limits,
                        Cuts {
                            rest: input,
                            state: seed
                        }
                    ),
                    whole
                );
            }
        }
    }
}

/// Chunks of 1 to 32 bytes, short ones more often.
struct Cuts<'a> {
    rest: &'a [u8],
    state: u64,
}

impl<'a> Iterator for Cuts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.state = self
            .state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let bits = (self.state >> 61) as u32 % 6;
        let len = (1 << bits).min(self.rest.len());
        let (chunk, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(chunk)
    }
}

/// Reads the input as a message and as a stream, writes what it was and reads that.
pub(crate) fn framing(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if is_beyond_rxml(input) {
        return;
    }
    match parse_frame(text, &XmlLimits::default()) {
        Ok(Frame::Open(open)) => open_comes_back(&open),
        Ok(Frame::Close { .. }) => {
            rxml_events(input).expect("a frame is XML");
        }
        Ok(Frame::Element(element)) => {
            rxml_events(element.as_bytes()).expect("an element is XML");
            features_stay_well_formed(element);
        }
        Err(error) => {
            let _ = error.condition();
        }
    }
    elements_keep_their_meaning(text);
}

fn open_comes_back(open: &OpenAttributes) {
    let mut text = String::new();
    write_stream_header(open, &mut text);
    let header = parse_stream_header(&text).expect("we wrote a header");
    text.clear();
    write_open(&header, &mut text);
    let again = parse_frame(&text, &XmlLimits::default()).expect("we wrote a frame");
    assert_eq!(again, Frame::Open(open.clone()));
}

/// Every element of the stream that `text` may be means the same as a message.
fn elements_keep_their_meaning(text: &str) {
    let (tokens, _) = scan(Mode::Stream, XmlLimits::default(), [text.as_bytes()]);
    let mut tokens = tokens.into_iter().map(|(found, token)| {
        (
            found,
            String::from_utf8(token).expect("what the scanner found is UTF-8"),
        )
    });
    let Some((_, start)) = tokens.find(|(found, _)| *found == Found::StreamStart) else {
        return;
    };
    let Ok(header) = parse_stream_header(&start) else {
        return;
    };
    let root = start[1..]
        .split([' ', '\t', '\r', '\n', '>'])
        .next()
        .unwrap_or_default();
    for (found, element) in tokens {
        if found == Found::Element {
            let document = format!("{start}{element}</{root}>");
            let document = rxml_events(document.as_bytes()).expect("the scanner accepted it");
            element_keeps_its_meaning(&header, &element, &document[1..document.len() - 1]);
        }
    }
}

fn element_keeps_its_meaning(header: &StreamHeader, element: &str, inside: &[Node]) {
    let mut message = String::new();
    write_element(header, element, &mut message);
    let mut alone = rxml_events(message.as_bytes()).expect("a message is XML");
    // The language is the one thing that is gained.
    if let ([Node::Start(_, own), ..], [Node::Start(_, attributes), ..]) = (inside, &mut alone[..])
    {
        let lang = (rxml::XMLNS_XML.to_owned(), "lang".to_owned());
        let inherited = attributes.get(&lang).cloned();
        assert_eq!(inherited.as_ref(), own.get(&lang).or(header.lang.as_ref()));
        if !own.contains_key(&lang) {
            attributes.remove(&lang);
        }
    }
    assert_eq!(alone, inside, "{message}");
    let unlimited = XmlLimits {
        max_bytes: usize::MAX,
        max_attributes: 200,
        ..XmlLimits::default()
    };
    match parse_frame(&message, &unlimited) {
        Ok(Frame::Element(same)) => assert_eq!(same, message),
        // A backend may send what only looks like a frame, or is one.
        Ok(Frame::Open(_) | Frame::Close { .. }) => {}
        Err(FramingError::Xml(error)) => panic!("{error}: {message}"),
        Err(_) => {}
    }
    features_stay_well_formed(&message);
}

fn features_stay_well_formed(element: &str) {
    for strip in [false, true] {
        let rules = FeatureRules {
            remove_external: strip,
            remove_channel_binding: strip,
            max_bytes: strip.then_some(1000),
        };
        let filtered = filter_features(element, rules);
        assert!(filtered.len() <= element.len());
        rxml_events(filtered.as_bytes()).expect("only whole elements are removed");
    }
}

const UNLIMITED: XmlLimits = XmlLimits {
    max_bytes: usize::MAX,
    max_depth: usize::MAX,
    max_elements: usize::MAX,
    max_attributes: usize::MAX,
    max_name_bytes: usize::MAX,
    max_prefixes: usize::MAX,
};

type Tokens = Vec<(Found, Vec<u8>)>;

/// All tokens in some chunks, and how they ended.
fn scan<'a>(
    mode: Mode,
    limits: XmlLimits,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Tokens, Result<(), ScanError>) {
    let mut scanner = Scanner::new(mode, limits);
    let mut tokens = Vec::new();
    let mut token = Vec::new();
    for mut chunk in chunks {
        while !chunk.is_empty() {
            let scan = match scanner.scan(chunk) {
                Ok(scan) => scan,
                Err(error) => return (tokens, Err(error)),
            };
            let (read, rest) = chunk.split_at(scan.consumed);
            token.extend_from_slice(read);
            chunk = rest;
            match scan.found {
                Some(found) => tokens.push((found, std::mem::take(&mut token))),
                None => assert!(chunk.is_empty()),
            }
        }
    }
    (tokens, scanner.finish())
}

/// A document as rxml understands it; two lists are equal if the trees are.
#[derive(Debug, PartialEq)]
enum Node {
    Start((String, String), BTreeMap<(String, String), String>),
    Text(String),
    End,
}

fn rxml_events(document: &[u8]) -> Result<Vec<Node>, rxml::Error> {
    // rxml refuses a carriage return alone; XML 1.0 2.11 makes a line feed of it.
    let document: Vec<u8> = document
        .iter()
        .enumerate()
        .filter(|(at, byte)| **byte != b'\r' || document.get(at + 1) != Some(&b'\n'))
        .map(|(_, byte)| if *byte == b'\r' { b'\n' } else { *byte })
        .collect();
    let options = rxml::Options {
        max_token_length: 1 << 20,
        ..rxml::Options::default()
    };
    let mut parser = rxml::Parser::with_options(options);
    let mut nodes = Vec::new();
    let mut rest = &document[..];
    loop {
        let event = match parser.parse(&mut rest, true) {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(nodes),
            Err(rxml::error::EndOrError::Error(error)) => return Err(error),
            Err(rxml::error::EndOrError::NeedMoreData) => unreachable!("the document is complete"),
        };
        match event {
            Event::XmlDeclaration(..) => {}
            Event::StartElement(_, (namespace, local), attributes) => {
                let attributes = attributes
                    .into_iter()
                    .map(|((namespace, local), value)| {
                        ((namespace.to_string(), local.to_string()), value)
                    })
                    .collect();
                nodes.push(Node::Start(
                    (namespace.to_string(), local.to_string()),
                    attributes,
                ));
            }
            Event::EndElement(_) => nodes.push(Node::End),
            Event::Text(_, more) => match nodes.last_mut() {
                Some(Node::Text(text)) => text.push_str(&more),
                _ => nodes.push(Node::Text(more)),
            },
        }
    }
}
