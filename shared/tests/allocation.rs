//! Once it has seen a stream's like, the scanner takes no more memory, and an
//! element becomes a message in a buffer that is used again.

#![allow(clippy::unwrap_used)]

use couplet_shared::framing::{parse_stream_header, write_element};
use couplet_shared::limits::XmlLimits;
use couplet_shared::scanner::{Mode, Scanner};

const HEADER: &str = "<stream:stream xmlns='jabber:client' xml:lang='en' \
                      xmlns:stream='http://etherx.jabber.org/streams'>";
const ELEMENT: &str = "<message from='alice@example.org/phone' to='bob@example.org' type='chat' \
                       id='4f1c' xml:lang='en'><body>It&apos;s 😀 &amp; そうですね</body><active \
                       xmlns='http://jabber.org/protocol/chatstates'/><stanza-id \
                       xmlns='urn:xmpp:sid:0' by='bob@example.org' id='x'/><stream:x \
                       stream:y='' xmlns:p='urn:p'><![CDATA[]]]></stream:x></message>";

/// Scans one element in chunks of all lengths, so that everything is cut somewhere.
fn scan_in_chunks(scanner: &mut Scanner) {
    for len in 1..=ELEMENT.len() {
        for chunk in ELEMENT.as_bytes().chunks(len) {
            assert_eq!(scanner.scan(chunk).unwrap().consumed, chunk.len());
        }
    }
}

#[test]
fn scanning_allocates_nothing_in_the_steady_state() {
    let mut scanner = Scanner::new(Mode::Stream, XmlLimits::default());
    scanner.scan(HEADER.as_bytes()).unwrap();
    scan_in_chunks(&mut scanner);
    let allocated = allocation_counter::measure(|| scan_in_chunks(&mut scanner));
    assert_eq!(allocated.count_total, 0);
}

#[test]
fn writing_an_element_allocates_nothing_in_the_steady_state() {
    let header = parse_stream_header(HEADER).unwrap();
    let mut message = String::with_capacity(2 * ELEMENT.len());
    let allocated = allocation_counter::measure(|| write_element(&header, ELEMENT, &mut message));
    assert_eq!(allocated.count_total, 0);
}
