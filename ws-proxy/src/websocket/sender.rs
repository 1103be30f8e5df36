//! To the client: messages in, frames out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use crate::faults::Fault;
use crate::session::Link;
use crate::socket::{flush, write_some};

/// More than this waits to be written before it is worth a system call at once.
const FULL_BYTES: usize = 16 * 1024;

/// RFC 6455 5.5: two bytes of header and 125 of payload.
const LARGEST_CONTROL_FRAME: usize = 127;

/// Writes a client's WebSocket. Frames are queued by the short methods and leave
/// with [`Sender::flush`].
#[derive(Debug)]
pub(crate) struct Sender<W> {
    writer: W,
    frames: Vec<u8>,
    /// How many bytes of `frames` have left: a flush may be cancelled in the middle
    /// of a frame and taken up later.
    written: usize,
    stall: Duration,
    link: Arc<Link>,
}

impl<W: AsyncWrite + Unpin> Sender<W> {
    /// Writes to `writer`, which may take nothing for as long as `stall`.
    pub(crate) fn new(writer: W, stall: Duration, link: Arc<Link>) -> Self {
        Self {
            writer,
            frames: Vec::new(),
            written: 0,
            stall,
            link,
        }
    }

    /// Queues a text message.
    pub(crate) fn text(&mut self, message: &str) {
        self.frame(OpCode::Data(Data::Text), message.as_bytes());
    }

    /// Queues a ping.
    pub(crate) fn ping(&mut self) {
        self.frame(OpCode::Control(Control::Ping), &[]);
    }

    /// Queues the answer to a ping.
    pub(crate) fn pong(&mut self, payload: &[u8]) {
        self.frame(OpCode::Control(Control::Pong), payload);
    }

    /// Queues a close frame. Nothing may follow it.
    pub(crate) fn close(&mut self, code: CloseCode) {
        self.frame(
            OpCode::Control(Control::Close),
            &u16::from(code).to_be_bytes(),
        );
    }

    /// Whether so much is queued that it should leave before more is added.
    pub(crate) fn is_full(&self) -> bool {
        self.frames.len() >= FULL_BYTES
    }

    /// Writes what is queued. Cancel-safe: a later call continues.
    ///
    /// # Errors
    /// [`Fault::ClientLost`], or [`Fault::ClientStalled`] when the client takes
    /// nothing for too long.
    pub(crate) async fn flush(&mut self) -> Result<(), Fault> {
        if self.frames.is_empty() {
            return Ok(());
        }
        while let Some(rest) = self
            .frames
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            self.written += write_some(&mut self.writer, rest, self.stall)
                .await
                .map_err(fault)?;
            if self.frames.len() > LARGEST_CONTROL_FRAME {
                self.link.client_was_sent_to();
            }
        }
        flush(&mut self.writer, self.stall).await.map_err(fault)?;
        self.written = 0;
        self.frames = Vec::new();
        Ok(())
    }

    /// Says that nothing more is sent, on the level of the connection.
    pub(crate) async fn shut(&mut self) {
        // The connection is over either way; it may be gone already.
        let _ = self.writer.shutdown().await;
    }

    pub(super) fn frame(&mut self, opcode: OpCode, payload: &[u8]) {
        let header = FrameHeader {
            opcode,
            mask: None,
            ..FrameHeader::default()
        };
        self.frames
            .reserve(header.len(payload.len() as u64) + payload.len());
        // A write into a vector has no way to fail.
        let _ = header.format(payload.len() as u64, &mut self.frames);
        self.frames.extend_from_slice(payload);
    }
}

fn fault(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::TimedOut => Fault::ClientStalled,
        _ => Fault::ClientLost(error.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    fn sender<W: AsyncWrite + Unpin>(writer: W) -> Sender<W> {
        Sender::new(writer, Duration::from_secs(1), Arc::new(Link::default()))
    }

    #[tokio::test]
    async fn what_has_left_keeps_no_memory() {
        let mut sender = sender(tokio::io::sink());
        sender.text("x");
        sender.flush().await.unwrap();
        assert_eq!(sender.frames.capacity(), 0);
    }

    #[tokio::test]
    async fn a_flush_that_was_cancelled_goes_on_where_it_stopped() {
        let (ours, mut theirs) = tokio::io::duplex(10);
        let mut sender = sender(ours);
        sender.text("0123456789abcdef");
        assert!(
            tokio::time::timeout(Duration::ZERO, sender.flush())
                .await
                .is_err()
        );
        sender.close(CloseCode::Restart);
        let mut frames = Vec::new();
        let (sent, _) = tokio::join!(
            async {
                sender.flush().await.unwrap();
                sender.shut().await;
            },
            theirs.read_to_end(&mut frames)
        );
        assert_eq!(sent, ());
        assert_eq!(frames, *b"\x81\x100123456789abcdef\x88\x02\x03\xf4");
    }

    #[tokio::test]
    async fn lengths_are_written_as_rfc6455_has_them() {
        for (length, header) in [
            (125, &b"\x81\x7d"[..]),
            (126, b"\x81\x7e\x00\x7e"),
            (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        ] {
            let mut frames = Vec::new();
            let mut sender = sender(&mut frames);
            sender.text(&"x".repeat(length));
            sender.flush().await.unwrap();
            drop(sender);
            assert_eq!(frames.len(), header.len() + length);
            assert!(frames.starts_with(header));
        }
    }
}
