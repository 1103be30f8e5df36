//! Clients that send a stanza and wait for it to come back.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use couplet_tests::fake_backend::{DOMAIN, Stream};
use futures_util::future::try_join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::pki_types::ServerName;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// How many sessions are busy at once.
const BUSY_SESSIONS: usize = 200;
/// How long a stanza is.
const STANZA_BYTES: usize = 300;

/// What is measured.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<TlsConnector>,
    /// It speaks RFC 7395, not just bytes in messages.
    pub(crate) framing: bool,
}

impl Target {
    /// As many as are busy at once.
    pub(crate) async fn sessions(&self) -> Result<Vec<Session>> {
        try_join_all((0..BUSY_SESSIONS).map(|_| Session::open(self))).await
    }

    /// Connects, and no more.
    pub(crate) async fn connect(&self) -> Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::try_from("localhost")?;
                Box::new(tls.connect(name, stream).await?)
            }
        })
    }
}

/// Somebody who has signed in.
pub(crate) trait RoundTrip {
    /// Sends a stanza of the usual length and waits for the answer.
    async fn round_trip(&mut self) -> Result<()>;
}

/// One session.
pub(crate) struct Session(WebSocketStream<Box<dyn Stream>>);

impl Session {
    /// Opens it and signs in.
    pub(crate) async fn open(target: &Target) -> Result<Self> {
        let stream = target.connect().await?;
        let mut request =
            format!("ws://{}/xmpp-websocket", target.address).into_client_request()?;
        if target.framing {
            let xmpp = HeaderValue::from_static("xmpp");
            request.headers_mut().insert("sec-websocket-protocol", xmpp);
        }
        // There may be thousands of us.
        let config = WebSocketConfig::default().read_buffer_size(4 * 1024);
        let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
        let open = if target.framing {
            format!(
                "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{DOMAIN}' version='1.0'/>"
            )
        } else {
            header()
        };
        socket.send(Message::text(open)).await?;
        loop {
            let message = socket.next().await.context("it was closed")??;
            if message.to_text()?.contains("<success") {
                return Ok(Self(socket));
            }
        }
    }

    /// Sends `stanza` and waits until as much has come back.
    pub(crate) async fn echo(&mut self, stanza: &str) -> Result<()> {
        self.send(stanza).await?;
        let mut came = 0;
        while came < stanza.len() {
            let message = self.0.next().await.context("it was closed")??;
            if let Message::Text(text) = message {
                came += text.len();
            }
        }
        Ok(())
    }

    /// Sends `stanza`.
    pub(crate) async fn send(&mut self, stanza: &str) -> Result<()> {
        Ok(self.0.send(Message::text(stanza)).await?)
    }

    /// Takes so many bytes, whatever they mean. No message can be read afterwards.
    pub(crate) async fn take(&mut self, bytes: usize) -> Result<()> {
        self.0.get_mut().read_exact(&mut vec![0; bytes]).await?;
        Ok(())
    }
}

impl RoundTrip for Session {
    async fn round_trip(&mut self) -> Result<()> {
        self.echo(&stanza(STANZA_BYTES)).await
    }
}

/// The start of a stream, where there is no framing.
pub(crate) fn header() -> String {
    format!(
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
         to='{DOMAIN}' version='1.0'>"
    )
}

/// A stanza of so many bytes.
pub(crate) fn stanza(bytes: usize) -> String {
    let around = "<message xmlns='jabber:client' id='1'><body></body></message>".len();
    let body = "x".repeat(bytes - around);
    format!("<message xmlns='jabber:client' id='1'><body>{body}</body></message>")
}
