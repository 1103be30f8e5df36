//! A body that somebody else fills while it is read: a piece at a time, so that whoever is
//! slower sets the pace.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// Reads what is put into the other end.
#[derive(Debug)]
pub(super) struct Piped {
    pieces: mpsc::Receiver<Piece>,
    /// How much is still to come, if that is known.
    left: Option<u64>,
    over: bool,
}

/// Where the body's bytes are put.
#[derive(Debug)]
pub(super) struct Sink(mpsc::Sender<Piece>);

#[derive(Debug)]
enum Piece {
    Data(Bytes),
    /// Said, not only not contradicted: a body that nobody goes on with is not complete.
    End,
}

/// A body that has ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rest of the file did not come")]
pub(super) struct CutOff;

/// Both ends of a body of so many bytes, if that is known.
pub(super) fn piped(length: Option<u64>) -> (Sink, Piped) {
    let (sender, pieces) = mpsc::channel(1);
    let body = Piped {
        pieces,
        left: length,
        over: false,
    };
    (Sink(sender), body)
}

impl Sink {
    /// Hands over `bytes` when there is room for them; `false` if nobody reads any more.
    /// Not cancel-safe.
    pub(super) async fn put(&self, bytes: Bytes) -> bool {
        self.0.send(Piece::Data(bytes)).await.is_ok()
    }

    /// That was all. Without this the reader of a body whose length isn't known gets [`CutOff`].
    pub(super) async fn end(self) {
        // The reader may have left.
        let _ = self.0.send(Piece::End).await;
    }

    /// Waits until nobody reads any more. Cancel-safe.
    pub(super) async fn abandoned(&self) {
        self.0.closed().await;
    }
}

impl HttpBody for Piped {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let piece = ready!(self.pieces.poll_recv(cx));
        let frame = match (piece, self.left) {
            (Some(Piece::End), None) | (_, Some(0)) => None,
            (Some(Piece::Data(bytes)), None) => Some(Ok(Frame::data(bytes))),
            (Some(Piece::Data(bytes)), Some(left)) => {
                let left = left.checked_sub(bytes.len() as u64);
                self.left = left.or(Some(0));
                Some(left.map(|_| Frame::data(bytes)).ok_or(CutOff))
            }
            (Some(Piece::End) | None, _) => Some(Err(CutOff)),
        };
        self.over = !matches!(frame, Some(Ok(_)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn next(body: &mut Piped) -> Option<Result<Bytes, CutOff>> {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
        frame.map(|frame| frame.map(|frame| frame.into_data().unwrap()))
    }

    #[tokio::test]
    async fn a_body_is_complete_only_if_that_is_said() {
        for (length, said, complete) in [
            (None, true, true),
            (None, false, false),
            (Some(6), true, false),
            (Some(5), true, true),
            (Some(5), false, true),
            (Some(4), true, false),
        ] {
            let (sink, mut body) = piped(length);
            let filling = tokio::spawn(async move {
                sink.put(Bytes::from_static(b"hello")).await;
                if said {
                    sink.end().await;
                }
            });
            let mut last = next(&mut body).await;
            if last == Some(Ok(Bytes::from_static(b"hello"))) {
                last = next(&mut body).await;
            }
            assert_eq!(last, (!complete).then_some(Err(CutOff)), "{length:?}");
            assert_eq!(next(&mut body).await, None);
            filling.await.unwrap();
        }
    }
}
