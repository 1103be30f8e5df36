//! From the client: bytes in, messages out.

use std::future::poll_fn;
use std::io::{self, Cursor};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes, error::ProtocolError};

use crate::allowance::Allowance;
use crate::faults::Fault;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::session::Link;

/// What tungstenite reads at a time. Its default of 128 KiB is allocated at once for every
/// connection; what is no larger than this, glibc allocates in no time.
const READ_BYTES: usize = 1024;

/// What a client sent.
#[derive(Debug)]
pub(crate) enum Incoming<'a> {
    /// A whole text message, fragments put together.
    Text(&'a str),
    /// To be answered with the same bytes.
    Ping(Bytes),
    /// A close frame: nothing follows.
    Close,
}

/// Reads a client's WebSocket.
#[derive(Debug)]
pub(crate) struct Receiver<R> {
    reader: R,
    /// Absent while nothing has come that it would hold.
    context: Option<Box<WebSocketContext>>,
    frames: Frames,
    /// The message that was returned last.
    message: Option<Utf8Bytes>,
    /// What the client may send, whatever it is: frames without a word in them cost as well.
    allowance: Allowance,
    metrics: Arc<Metrics>,
    limits: Arc<Limits>,
    /// Which of the limits are in force.
    authenticated: bool,
    link: Arc<Link>,
    /// The state machine gave up, so that only raw bytes can be read.
    broken: bool,
    /// The client's close frame has come.
    closed: bool,
}

impl<R: AsyncRead + Unpin> Receiver<R> {
    /// Reads from `reader` after `leftover`, what came together with the handshake.
    pub(crate) fn new(
        reader: R,
        leftover: &[u8],
        limits: Arc<Limits>,
        metrics: Arc<Metrics>,
        link: Arc<Link>,
    ) -> Self {
        let mut frames = Frames::default();
        frames.follow(leftover);
        let mut allowance = Allowance::new(limits.max_bytes_per_second);
        allowance.take(leftover.len());
        let config = websocket_config(&limits, false);
        let context = (!leftover.is_empty()).then(|| {
            let leftover = leftover.to_vec();
            WebSocketContext::from_partially_read(leftover, Role::Server, Some(config))
        });
        Self {
            reader,
            context: context.map(Box::new),
            frames,
            message: None,
            allowance,
            metrics,
            limits,
            authenticated: false,
            link,
            broken: false,
            closed: false,
        }
    }

    /// Waits for the next message. Cancel-safe.
    ///
    /// # Errors
    /// Binary messages, text that isn't UTF-8, messages over the limit, breaches of
    /// RFC 6455, and the loss of the connection.
    pub(crate) async fn next(&mut self) -> Result<Incoming<'_>, Fault> {
        loop {
            match self.message().await? {
                Message::Text(text) => {
                    return Ok(Incoming::Text(self.message.insert(text).as_str()));
                }
                Message::Binary(_) => return Err(Fault::BinaryMessage),
                Message::Ping(payload) => return Ok(Incoming::Ping(payload)),
                Message::Close(_) => return Ok(Incoming::Close),
                // Its arrival was all it had to say; raw frames are never read.
                Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Waits for the next message, of whatever kind. Cancel-safe.
    ///
    /// # Errors
    /// As [`next`](Self::next), but for binary messages.
    pub(super) async fn message(&mut self) -> Result<Message, Fault> {
        if self.allowance.is_exceeded() {
            self.metrics.limit_hit("max_bytes_per_second");
            self.allowance.wait().await;
        }
        let message = poll_fn(|cx| self.poll_message(cx)).await;
        let message = message.map_err(|error| self.fault(error))?;
        if let Message::Close(frame) = &message {
            self.closed = true;
            // What tungstenite makes of a code that may not be sent (RFC 6455 7.4.1).
            if frame
                .as_ref()
                .is_some_and(|frame| frame.code == CloseCode::Protocol)
            {
                return Err(Fault::WebSocketProtocol(
                    "the client closed with 1002, or a code that may not be sent".to_owned(),
                ));
            }
        }
        Ok(message)
    }

    /// Reads until the client has closed the WebSocket or the connection, whatever
    /// it sends until then. A connection closed over unread bytes is reset, and a
    /// reset destroys what the client hasn't read yet.
    pub(crate) async fn drain(&mut self) {
        while !self.broken {
            if self.closed {
                return;
            }
            match self.next().await {
                Ok(Incoming::Close | Incoming::Text(_) | Incoming::Ping(_))
                | Err(Fault::BinaryMessage) => {}
                Err(_) => self.broken = true,
            }
        }
        let mut discarded = [0; 512];
        while self
            .reader
            .read(&mut discarded)
            .await
            .is_ok_and(|read| read > 0)
        {}
    }

    /// Whether the client broke the protocol, so that it can't close the WebSocket
    /// as RFC 6455 7 has it.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        self.message = None;
        if self.link.is_authenticated() && !self.authenticated {
            self.authenticated = true;
            if let Some(context) = &mut self.context {
                context.set_config(|config| *config = websocket_config(&self.limits, true));
            }
        }
        let mut room = [MaybeUninit::uninit(); READ_BYTES];
        let mut came = ReadBuf::uninit(&mut room);
        let mut context = match self.context.take() {
            Some(context) => context,
            None => {
                ready!(Pin::new(&mut self.reader).poll_read(cx, &mut came))?;
                self.link.client_was_heard();
                self.allowance.take(came.filled().len());
                self.frames.follow(came.filled());
                let config = websocket_config(&self.limits, self.authenticated);
                Box::new(WebSocketContext::new(Role::Server, Some(config)))
            }
        };
        let mut polled = Polled {
            came: came.filled(),
            reader: Pin::new(&mut self.reader),
            cx,
            frames: &mut self.frames,
            allowance: &mut self.allowance,
            link: &self.link,
        };
        match context.read(&mut polled) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                if !self.frames.are_whole() {
                    self.context = Some(context);
                }
                Poll::Pending
            }
            result => {
                self.context = Some(context);
                Poll::Ready(result)
            }
        }
    }

    fn fault(&mut self, error: Error) -> Fault {
        self.broken = true;
        match error {
            Error::Capacity(_) => Fault::StanzaTooBig {
                authenticated: self.authenticated,
                limit: self.limits.client_xml(self.authenticated).max_bytes,
            },
            Error::Utf8(_) => Fault::InvalidUtf8,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
            | Error::ConnectionClosed
            | Error::AlreadyClosed => Fault::ClientLost("the connection was closed".into()),
            Error::Io(error) => Fault::ClientLost(error.to_string().into()),
            error => Fault::WebSocketProtocol(error.to_string()),
        }
    }
}

fn websocket_config(limits: &Limits, authenticated: bool) -> WebSocketConfig {
    let max_bytes = Some(limits.client_xml(authenticated).max_bytes);
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .max_message_size(max_bytes)
        .max_frame_size(max_bytes)
}

/// Follows the frames that pass by on their way to tungstenite, to know when it
/// holds no part of one: then nothing is lost with it, and an idle session does without
/// its buffer, which keeps the size of the largest frame.
#[derive(Debug, Default)]
struct Frames {
    /// The part of a header that has come.
    header: Vec<u8>,
    /// How much of a payload has yet to come.
    payload: u64,
    /// More fragments of a message have yet to come.
    fragmented: bool,
}

impl Frames {
    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let skipped = self.payload.min(bytes.len() as u64);
                self.payload -= skipped;
                bytes = &bytes[skipped as usize..];
                continue;
            }
            let missing = header_bytes(&self.header) - self.header.len();
            let (came, rest) = bytes.split_at(missing.min(bytes.len()));
            self.header.extend_from_slice(came);
            bytes = rest;
            if self.header.len() < header_bytes(&self.header) {
                continue;
            }
            // An error is one for tungstenite too, which ends the session.
            let Ok(Some((header, length))) = FrameHeader::parse(&mut Cursor::new(&self.header))
            else {
                return;
            };
            self.header.clear();
            self.payload = length;
            if matches!(header.opcode, OpCode::Data(_)) {
                self.fragmented = !header.is_final;
            }
        }
    }

    /// Whether all of each message has come.
    fn are_whole(&self) -> bool {
        self.header.is_empty() && self.payload == 0 && !self.fragmented
    }
}

/// How long a frame's header is, as far as its `beginning` says (RFC 6455 5.2).
fn header_bytes(beginning: &[u8]) -> usize {
    let Some(second) = beginning.get(1) else {
        return 2;
    };
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    2 + length + mask
}

/// A poll of the reader in the form that tungstenite takes.
struct Polled<'a, 'b, R> {
    /// What has been read before.
    came: &'a [u8],
    reader: Pin<&'a mut R>,
    cx: &'a mut Context<'b>,
    frames: &'a mut Frames,
    allowance: &'a mut Allowance,
    link: &'a Link,
}

impl<R: AsyncRead> io::Read for Polled<'_, '_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if !self.came.is_empty() {
            return io::Read::read(&mut self.came, bytes);
        }
        let mut buf = ReadBuf::new(bytes);
        match self.reader.as_mut().poll_read(self.cx, &mut buf) {
            Poll::Ready(Ok(())) => {
                self.link.client_was_heard();
                self.allowance.take(buf.filled().len());
                self.frames.follow(buf.filled());
                Ok(buf.filled().len())
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// Where tungstenite's own answers go: nowhere, since the [`Sender`](super::Sender)
/// writes them.
impl<R> io::Write for Polled<'_, '_, R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_followed_through_any_pieces() {
        let large = READ_BYTES as u64 + 1;
        let mut stream = vec![0x01, 0x82, 1, 2, 3, 4, b'a', b'b'];
        stream.extend([0x89, 0x80, 1, 2, 3, 4]);
        stream.extend([0x80, 0xff]);
        stream.extend(large.to_be_bytes());
        stream.extend([1, 2, 3, 4]);
        stream.resize(stream.len() + READ_BYTES + 1, b'x');
        for size in [1, 3, 7, 1000, stream.len()] {
            let mut frames = Frames::default();
            let (last, pieces) = stream.split_last().unwrap();
            for piece in pieces.chunks(size) {
                frames.follow(piece);
                assert!(!frames.are_whole());
            }
            frames.follow(&[*last]);
            assert!(frames.are_whole());
        }
    }
}
