//! A connection to a browser or to a server, whatever carries it.

mod tls;

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

pub(crate) use self::tls::TlsStream;

/// A byte stream.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    // Boxed: a TLS session is a kilobyte that the others don't need.
    Tls(Box<TlsStream<TcpStream>>),
    /// One stream of an HTTP/2 connection.
    Http2(TokioIo<Upgraded>),
}

/// An HTTP/2 stream takes in as much as it is given: pieces of this size let the
/// client's window, and not our memory, say how much is under way.
pub(crate) const PIECE_BYTES: usize = 16 * 1024;

/// Sets what both legs need: stanzas leave at once, and a peer that vanished
/// without a word is noticed within two minutes, whether anything is being sent to
/// it or not.
pub(crate) fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15))
        .with_retries(4);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
    Ok(())
}

/// Writes some of `bytes`. Cancel-safe, like [`AsyncWriteExt::write`].
///
/// # Errors
/// The writer's, [`io::ErrorKind::WriteZero`] when it takes no more, and
/// [`io::ErrorKind::TimedOut`] when it took nothing for as long as `stall`.
pub(crate) async fn write_some(
    writer: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    stall: Duration,
) -> io::Result<usize> {
    match within(stall, writer.write(bytes)).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        written => Ok(written),
    }
}

/// Writes all of `bytes` and flushes them; `stall` bounds each wait, not the sum.
///
/// # Errors
/// As [`write_some`].
pub(crate) async fn write_all(
    writer: &mut (impl AsyncWrite + Unpin),
    mut bytes: &[u8],
    stall: Duration,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = write_some(writer, bytes, stall).await?;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    flush(writer, stall).await
}

/// Flushes what a TLS layer holds back.
///
/// # Errors
/// The writer's, and [`io::ErrorKind::TimedOut`] after `stall`.
pub(crate) async fn flush(
    writer: &mut (impl AsyncWrite + Unpin),
    stall: Duration,
) -> io::Result<()> {
    within(stall, writer.flush()).await
}

/// What `work` comes to, or [`io::ErrorKind::TimedOut`]. Only what has to wait sets a timer: most
/// writes don't, and a timer for each of them shows in the cost of a stanza.
async fn within<T>(stall: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut work = pin!(work);
    if let Some(done) = work.as_mut().now_or_never() {
        return done;
    }
    timeout(stall, work)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Http2(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Http2(stream) => {
                let piece = bytes.get(..PIECE_BYTES).unwrap_or(bytes);
                Pin::new(stream).poll_write(cx, piece)
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Http2(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Http2(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn stanzas_leave_at_once_and_who_vanished_is_noticed_within_two_minutes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        tune(&stream).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        let idle = socket.tcp_keepalive_time().unwrap()
            + socket.tcp_keepalive_interval().unwrap() * socket.tcp_keepalive_retries().unwrap();
        assert!(idle <= Duration::from_secs(120), "{idle:?}");
        #[cfg(target_os = "linux")]
        assert!(socket.tcp_user_timeout().unwrap().unwrap() <= Duration::from_secs(120));
    }
}
