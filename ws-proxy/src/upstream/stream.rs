//! A server's XML stream, cut into its tokens.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use couplet_shared::limits::XmlLimits;
use couplet_shared::scanner::{Found, Mode, ScanError, Scanner};
use tokio::io::{AsyncRead, ReadBuf};

use crate::faults::Fault;

/// Read at most this much at a time, on the stack: a server that has said all it had to say
/// needs no room.
const MOST_BYTES: usize = 16 * 1024;

/// Reads a stream. The bytes of a token stay in the buffer until the next
/// [`StreamReader::fill`].
#[derive(Debug)]
pub(crate) struct StreamReader<R> {
    reader: R,
    scanner: Scanner,
    /// The scanner's limit.
    most_bytes: usize,
    buffer: Vec<u8>,
    /// Where the first token begins that has not been returned.
    start: usize,
    /// How far the scanner has read.
    scanned: usize,
    /// The client began its stream anew, so the server's will (RFC 6120 4.3.3).
    restart: bool,
}

/// A token of a stream: what it is and where its bytes are.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) found: Found,
    range: Range<usize>,
}

impl<R: AsyncRead + Unpin> StreamReader<R> {
    /// Reads a stream from its first byte.
    pub(crate) fn new(reader: R, limits: XmlLimits) -> Self {
        Self {
            reader,
            most_bytes: limits.max_bytes,
            scanner: Scanner::new(Mode::Stream, limits),
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            restart: false,
        }
    }

    /// Takes the next whole token from what has been read, if there is one.
    ///
    /// # Errors
    /// [`Fault::BackendProtocol`] for what isn't XMPP, or is too big.
    pub(crate) fn next_token(&mut self) -> Result<Option<Token>, Fault> {
        if self.restart && self.start == self.scanned {
            match begins_stream(self.unread()) {
                Some(true) => {
                    self.scanner.restart();
                    self.restart = false;
                }
                Some(false) => {}
                None => return Ok(None),
            }
        }
        let scan = self
            .scanner
            .scan(self.buffer.get(self.scanned..).unwrap_or_default())
            .map_err(|error| match error {
                ScanError::TooLarge => Fault::BackendStanzaTooBig {
                    limit: self.most_bytes,
                },
                error => Fault::BackendProtocol(error.to_string()),
            })?;
        self.scanned += scan.consumed;
        Ok(scan.found.map(|found| {
            let range = self.start..self.scanned;
            self.start = self.scanned;
            Token { found, range }
        }))
    }

    /// The bytes of `token`, which came from the last [`StreamReader::next_token`].
    ///
    /// # Errors
    /// [`Fault::BackendProtocol`] for what isn't UTF-8, though the scanner has
    /// refused it before.
    pub(crate) fn text(&self, token: &Token) -> Result<&str, Fault> {
        let bytes = self.buffer.get(token.range.clone()).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|error| Fault::BackendProtocol(error.to_string()))
    }

    /// Waits until more has been read. Cancel-safe.
    ///
    /// # Errors
    /// [`Fault::BackendLost`].
    pub(crate) async fn fill(&mut self) -> Result<(), Fault> {
        if self.unread().is_empty() {
            self.buffer = Vec::new();
        } else {
            self.buffer.drain(..self.start);
        }
        self.scanned -= self.start;
        self.start = 0;
        match poll_fn(|cx| self.poll_more(cx)).await {
            Ok(0) => Err(Fault::BackendLost("the connection was closed".into())),
            Ok(_) => Ok(()),
            Err(error) => Err(Fault::BackendLost(error.to_string().into())),
        }
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = [MaybeUninit::uninit(); MOST_BYTES];
        let mut came = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.reader).poll_read(cx, &mut came))?;
        self.buffer.extend_from_slice(came.filled());
        Poll::Ready(Ok(came.filled().len()))
    }

    /// Expects the server's stream to begin anew, once what belongs to the old
    /// stream has been read.
    pub(crate) fn expect_restart(&mut self) {
        self.restart = true;
    }

    /// What has been read beyond the last token.
    pub(crate) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }
}

/// As much of a name as is looked at: prefixes are short.
const NAME_BYTES: usize = 64;

/// Whether an XML declaration or a stream header begins here, whatever its prefix
/// is (RFC 6120 4.8.5); `None` if that takes more bytes to say.
fn begins_stream(bytes: &[u8]) -> Option<bool> {
    let Some(name) = bytes.strip_prefix(b"<") else {
        return Some(false);
    };
    if let Some(first) = name.first()
        && matches!(first, b'?' | b'/' | b'!')
    {
        return Some(*first == b'?');
    }
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>');
    let Some(end) = name.iter().take(NAME_BYTES).position(ends) else {
        return (name.len() >= NAME_BYTES).then_some(false);
    };
    let local = name[..end].rsplit(|&byte| byte == b':').next();
    Some(local == Some(b"stream"))
}

/// Whether `element`, a message that declares its own namespaces, is a `name` in
/// `namespace`. A glance at its start tag, for elements that the scanner has
/// proven.
pub(crate) fn is_element(element: &str, name: &str, namespace: &str) -> bool {
    let tag = element.split('>').next().unwrap_or_default();
    let mut parts = tag
        .trim_start_matches('<')
        .splitn(2, [' ', '\t', '\r', '\n', '/']);
    let qualified = parts.next().unwrap_or_default();
    let local = qualified.rsplit(':').next().unwrap_or_default();
    let attributes = parts.next().unwrap_or_default();
    local == name
        && ['"', '\'']
            .iter()
            .any(|quote| attributes.contains(&format!("{quote}{namespace}{quote}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a whole stream, and returns what tokens it had.
    async fn tokens(stream: &[u8]) -> (StreamReader<&[u8]>, Vec<Found>) {
        let limits = XmlLimits {
            max_bytes: usize::MAX,
            ..XmlLimits::default()
        };
        let mut reader = StreamReader::new(stream, limits);
        let mut found = Vec::new();
        while reader.fill().await.is_ok() {
            while let Some(token) = reader.next_token().unwrap() {
                found.push(token.found);
            }
        }
        (reader, found)
    }

    #[tokio::test]
    async fn what_was_read_keeps_no_memory() {
        let body = "x".repeat(1024 * 1024);
        let stream = format!(
            "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'><a>{body}</a><b/>"
        );
        let (reader, found) = tokens(stream.as_bytes()).await;
        assert_eq!(found, [Found::StreamStart, Found::Element, Found::Element]);
        assert_eq!(reader.buffer.capacity(), 0);
    }

    #[test]
    fn a_stream_is_known_by_its_local_name() {
        let whole = [
            ("<?xml version='1.0'?>", true),
            ("<stream:stream xmlns:stream='x'>", true),
            ("<s:stream>", true),
            ("<stream\n>", true),
            ("<stream:features/>", false),
            ("<streamer>", false),
            ("<presence/>", false),
            ("</stream:stream>", false),
            ("<!-- -->", false),
            (" <stream>", false),
        ];
        for (text, begins) in whole {
            assert_eq!(begins_stream(text.as_bytes()), Some(begins), "{text}");
            for end in 1..text.len() {
                let part = begins_stream(&text.as_bytes()[..end]);
                assert!(part.is_none_or(|part| part == begins), "{text}, {end}");
            }
        }
        assert_eq!(begins_stream(b"<stream:stream"), None);
        assert_eq!(begins_stream(&[b'<'; 100]), Some(false));
    }

    #[test]
    fn an_element_is_known_by_name_and_namespace() {
        let sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
        for yes in [
            "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
            "<success xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\">dj0=</success>",
            "<s:success xmlns:s='urn:ietf:params:xml:ns:xmpp-sasl'></s:success>",
        ] {
            assert!(is_element(yes, "success", sasl), "{yes}");
        }
        for no in [
            "<success xmlns='urn:xmpp:sasl:2'/>",
            "<successor xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
            "<success xmlns='jabber:client'><x xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></success>",
        ] {
            assert!(!is_element(no, "success", sasl), "{no}");
        }
    }
}
