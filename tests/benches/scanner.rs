//! Megabytes a second over a chat stream, on one core: our scanner, and beside it
//! in the same run the parser that checks as much (rxml) and the one that is known
//! for its speed (quick-xml, which checks far less).

#![allow(clippy::unwrap_used)]

mod chat;

use couplet_shared::framing::{parse_stream_header, write_element};
use couplet_shared::limits::XmlLimits;
use couplet_shared::scanner::{Found, Mode, Scanner};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use rxml::{Parse, WithOptions};

/// More than the caches hold of it all, little enough to run a hundred times.
const STREAM_BYTES: usize = 4 << 20;
/// What one read from a socket gives.
const CHUNK_BYTES: usize = 16 << 10;

fn main() {
    divan::main();
}

fn bench(bencher: Bencher<'_, '_>, read: impl Fn(&[u8]) -> usize + Sync) {
    let stream = chat::stream(STREAM_BYTES);
    let stream = stream.as_bytes();
    bencher
        .counter(BytesCount::of_slice(stream))
        .bench(|| read(black_box(stream)));
}

/// Scans a stream and hands over its tokens.
fn tokens<'a>(stream: &'a [u8], mut token: impl FnMut(Found, &'a [u8])) {
    let mut scanner = Scanner::new(Mode::Stream, XmlLimits::default());
    let (mut start, mut at) = (0, 0);
    while at < stream.len() {
        let chunk_end = (at / CHUNK_BYTES + 1) * CHUNK_BYTES;
        let scan = scanner
            .scan(&stream[at..chunk_end.min(stream.len())])
            .unwrap();
        at += scan.consumed;
        if let Some(found) = scan.found {
            token(found, &stream[start..at]);
            start = at;
        }
    }
    scanner.finish().unwrap();
}

#[divan::bench]
fn couplet(bencher: Bencher<'_, '_>) {
    bench(bencher, |stream| {
        let mut elements = 0;
        tokens(stream, |found, _| {
            elements += usize::from(found == Found::Element)
        });
        elements
    });
}

/// All that happens to the XML on its way from a backend to a browser.
#[divan::bench]
fn couplet_to_messages(bencher: Bencher<'_, '_>) {
    bench(bencher, |stream| {
        let mut header = None;
        let mut message = String::new();
        let mut bytes = 0;
        tokens(stream, |found, token| {
            let text = std::str::from_utf8(token).unwrap();
            match (found, &header) {
                (Found::StreamStart, _) => header = Some(parse_stream_header(text).unwrap()),
                (Found::Element, Some(header)) => {
                    message.clear();
                    write_element(header, text, &mut message);
                    bytes += message.len();
                }
                _ => {}
            }
        });
        bytes
    });
}

#[divan::bench]
fn rxml_raw(bencher: Bencher<'_, '_>) {
    bench(bencher, rxml_events::<rxml::RawParser>);
}

#[divan::bench]
fn rxml_namespaces(bencher: Bencher<'_, '_>) {
    bench(bencher, rxml_events::<rxml::Parser>);
}

fn rxml_events<P: Parse + WithOptions>(mut stream: &[u8]) -> usize {
    let options = rxml::Options {
        max_token_length: STREAM_BYTES,
        ..rxml::Options::default()
    };
    let mut parser = P::with_options(options);
    let mut events = 0;
    while parser.parse(&mut stream, true).unwrap().is_some() {
        events += 1;
    }
    events
}

#[divan::bench]
fn quick_xml_events(bencher: Bencher<'_, '_>) {
    bench(bencher, |stream| {
        let mut reader = quick_xml::Reader::from_reader(stream);
        let mut events = 0;
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {
            events += 1;
        }
        events
    });
}

#[divan::bench]
fn quick_xml_namespaces(bencher: Bencher<'_, '_>) {
    bench(bencher, |stream| {
        let mut reader = quick_xml::NsReader::from_reader(stream);
        let mut events = 0;
        while reader.read_resolved_event().unwrap().1 != quick_xml::events::Event::Eof {
            events += 1;
        }
        events
    });
}
