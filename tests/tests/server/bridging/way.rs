//! The two ways to a server: straight over TCP and TLS, and through the proxy.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, bail};
use couplet_servers::Server;
use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::Stream;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::xml::{Node, Reader, Token, element};
use crate::DOMAIN;

const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";

/// How to get to a server.
pub(super) enum Route<'a> {
    Straight(&'a Server),
    Through(&'a couplet_tests::proxy::Proxy),
}

/// A connection, from its first byte.
pub(super) enum Way {
    Tcp {
        stream: Box<dyn Stream>,
        reader: Box<Reader>,
    },
    WebSocket(Box<WebSocketStream<Pieces>>),
}

impl Way {
    pub(super) async fn go(route: &Route<'_>) -> Result<Self> {
        match route {
            Route::Straight(server) => straight(server).await,
            Route::Through(proxy) => {
                let mut request = proxy.websocket().into_client_request()?;
                let xmpp = HeaderValue::from_static("xmpp");
                request.headers_mut().insert("sec-websocket-protocol", xmpp);
                let stream = TcpStream::connect(proxy.address()).await?;
                stream.set_nodelay(true)?;
                let (socket, _) = client_async(request, Pieces(stream)).await?;
                Ok(Self::WebSocket(Box::new(socket)))
            }
        }
    }

    /// Opens a stream, or opens it anew. Returns what the server says of it, and its
    /// features.
    pub(super) async fn open(&mut self) -> Result<(Node, Node)> {
        match self {
            Self::Tcp { reader, .. } => {
                **reader = Reader::default();
                self.send(&format!(
                    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                     xmlns:stream='http://etherx.jabber.org/streams' to='{DOMAIN}' version='1.0' \
                     xml:lang='en'>"
                ))
                .await?;
            }
            Self::WebSocket(_) => {
                self.send(&format!(
                    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{DOMAIN}' \
                     version='1.0' xml:lang='en'/>"
                ))
                .await?;
            }
        }
        Ok((self.next().await?, self.next().await?))
    }

    pub(super) async fn send(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Tcp { stream, .. } => {
                stream.write_all(text.as_bytes()).await?;
                stream.flush().await?;
            }
            Self::WebSocket(socket) => socket.send(Message::text(text)).await?,
        }
        Ok(())
    }

    /// The next header or element.
    pub(super) async fn next(&mut self) -> Result<Node> {
        timeout(PATIENCE, self.read())
            .await
            .context("nothing came")?
    }

    async fn read(&mut self) -> Result<Node> {
        match self {
            Self::Tcp { stream, reader } => loop {
                match reader.next()? {
                    Some(Token::Header(node) | Token::Element(node)) => return Ok(node),
                    Some(Token::End) => bail!("the stream has ended"),
                    None => {}
                }
                let mut bytes = [0; 4096];
                let read = stream.read(&mut bytes).await?;
                if read == 0 {
                    bail!("the connection has ended");
                }
                reader.push(&bytes[..read]);
            },
            Self::WebSocket(socket) => loop {
                match socket.next().await.context("the connection has ended")?? {
                    Message::Text(text) => return element(&text),
                    Message::Close(_) => bail!("the WebSocket was closed"),
                    _ => {}
                }
            },
        }
    }
}

/// TCP, then STARTTLS.
async fn straight(server: &Server) -> Result<Way> {
    let stream = TcpStream::connect(("127.0.0.1", server.c2s_port())).await?;
    let mut way = Way::Tcp {
        stream: Box::new(stream),
        reader: Box::default(),
    };
    way.open().await?;
    way.send(&format!("<starttls xmlns='{TLS}'/>")).await?;
    if !way.next().await?.is("proceed") {
        bail!("no STARTTLS");
    }
    let Way::Tcp { stream, .. } = way else {
        bail!("it is TCP");
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(server.ca_pem())? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from(DOMAIN)?;
    Ok(Way::Tcp {
        stream: Box::new(connector.connect(name, stream).await?),
        reader: Box::default(),
    })
}

/// A connection that takes seven bytes at a time, so that characters are split
/// across reads.
pub(super) struct Pieces(TcpStream);

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        // A big message would take for ever.
        let piece = if bytes.len() < 100_000 { 7 } else { 4097 };
        Pin::new(&mut self.0).poll_write(cx, &bytes[..bytes.len().min(piece)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
