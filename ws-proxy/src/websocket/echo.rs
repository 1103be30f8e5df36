//! An echo on this proxy's WebSocket, for Autobahn|Testsuite: what that finds of the one is true
//! of the other. See `docs/conformance.md`.

use std::io;
use std::sync::Arc;

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::{Receiver, Sender};
use crate::faults::Fault;
use crate::limits::Limits;
use crate::session::Link;
use crate::socket::Socket;

/// Autobahn's longest message is 16 MB.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// A request's head is no longer.
const HEAD_BYTES: usize = 16 * 1024;

/// Sends back whatever clients say, binary messages too, for ever.
///
/// # Errors
/// The listener's.
pub async fn echo(listener: TcpListener) -> io::Result<()> {
    let limits = Arc::new(Limits {
        max_stanza_bytes: MOST_BYTES,
        max_stanza_bytes_before_auth: MOST_BYTES,
        ..Limits::default()
    });
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(session(stream, limits.clone()));
    }
}

async fn session(mut stream: TcpStream, limits: Arc<Limits>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let leftover = handshake(&mut stream).await?;
    let link = Arc::new(Link::default());
    let (read, write) = tokio::io::split(Socket::Tcp(stream));
    let mut receiver = Receiver::new(
        read,
        &leftover,
        limits.clone(),
        Arc::default(),
        link.clone(),
    );
    let mut sender = Sender::new(write, limits.stall, link);
    let fault = repeat(&mut receiver, &mut sender).await;
    let Some(code) = fault.answer().close else {
        return Ok(());
    };
    sender.close(code);
    // It is over, whether the client takes part or not.
    let _ = timeout(limits.close, async {
        sender.flush().await?;
        if receiver.is_broken() {
            sender.shut().await;
        }
        receiver.drain().await;
        Ok::<_, Fault>(())
    })
    .await;
    Ok(())
}

/// Goes on until something ends it.
async fn repeat<R, W>(receiver: &mut Receiver<R>, sender: &mut Sender<W>) -> Fault
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        match receiver.message().await {
            Ok(Message::Text(text)) => sender.text(&text),
            Ok(Message::Binary(bytes)) => sender.frame(OpCode::Data(Data::Binary), &bytes),
            Ok(Message::Ping(payload)) => sender.pong(&payload),
            Ok(Message::Close(_)) => return Fault::ClientLeft,
            Ok(Message::Pong(_) | Message::Frame(_)) => {}
            Err(fault) => return fault,
        }
        if let Err(fault) = sender.flush().await {
            return fault;
        }
    }
}

/// RFC 6455 4.2 as far as the suite needs it: its requests are right. Returns what came behind
/// the request.
async fn handshake(stream: &mut TcpStream) -> io::Result<Bytes> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        if head.len() > HEAD_BYTES || stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    };
    let leftover = head.split_off(end);
    let head = String::from_utf8_lossy(&head);
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    });
    let accept = derive_accept_key(key.ok_or(io::ErrorKind::InvalidData)?.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    Ok(leftover.into())
}
