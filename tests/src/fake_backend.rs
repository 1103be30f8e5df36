//! An XMPP server that does what a test tells it to: what a real one never does,
//! such as talk nonsense, hang, or stop reading.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::PATIENCE;

/// The domain that the server and its certificates are for.
pub const DOMAIN: &str = "example.test";

/// Its stream header, with a prefix and a language of its own.
pub const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' xmlns:own='urn:own' from='example.test' \
     id='stream-1' version='1.0' xml:lang='tlh'>";

/// Features with what a WebSocket never has.
pub const FEATURES: &str = "<stream:features>\
     <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\
     <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>\
     <compression xmlns='http://jabber.org/features/compress'><method>zlib</method></compression>\
     </stream:features>";

/// The word that somebody has signed in.
pub const SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

/// Listens like a server.
#[derive(Debug)]
pub struct FakeBackend {
    listener: TcpListener,
    address: SocketAddr,
}

impl FakeBackend {
    /// Listens at a free port of loopback.
    ///
    /// # Errors
    /// There is none.
    pub async fn bind() -> Result<Self> {
        Self::bind_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Listens where another one did.
    ///
    /// # Errors
    /// Somebody else does.
    pub async fn bind_at(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// None comes.
    pub async fn accept(&self) -> Result<Peer> {
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await??;
        Ok(Peer::new(stream))
    }

    /// Whether somebody connected who was never accepted.
    ///
    /// # Errors
    /// The listener can't be asked.
    pub fn was_called(self) -> Result<bool> {
        Ok(self.listener.into_std()?.accept().is_ok())
    }
}

/// Waits for a connection to a unix socket.
///
/// # Errors
/// None comes.
pub async fn accept_unix(listener: &UnixListener) -> Result<Peer> {
    let (stream, _) = timeout(PATIENCE, listener.accept()).await??;
    Ok(Peer::new(stream))
}

/// A byte stream.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One connection, seen from the server. It reads when it is told to, so a test that
/// doesn't tell it has a server that doesn't read.
pub struct Peer {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
}

impl Peer {
    fn new(stream: impl Stream + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            read: Vec::new(),
        }
    }

    /// Reads until `text` has come, and returns everything up to its end.
    ///
    /// # Errors
    /// It doesn't come.
    pub async fn expect(&mut self, text: &str) -> Result<String> {
        loop {
            let found = self
                .read
                .windows(text.len())
                .position(|window| window == text.as_bytes());
            if let Some(start) = found {
                let rest = self.read.split_off(start + text.len());
                let taken = std::mem::replace(&mut self.read, rest);
                return Ok(String::from_utf8(taken)?);
            }
            if timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await?? == 0 {
                bail!(
                    "{text:?} didn't come, but {:?}",
                    String::from_utf8_lossy(&self.read)
                );
            }
        }
    }

    /// Reads so many bytes.
    ///
    /// # Errors
    /// They don't come.
    pub async fn expect_bytes(&mut self, count: usize) -> Result<Vec<u8>> {
        while self.read.len() < count {
            if timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await?? == 0 {
                bail!("only {} bytes came", self.read.len());
            }
        }
        let rest = self.read.split_off(count);
        Ok(std::mem::replace(&mut self.read, rest))
    }

    /// Reads until the other side has ended the connection, in whatever way, and
    /// returns what came.
    ///
    /// # Errors
    /// It doesn't end.
    pub async fn rest(&mut self) -> Result<String> {
        while timeout(PATIENCE, self.stream.read_buf(&mut self.read))
            .await?
            .is_ok_and(|read| read > 0)
        {}
        Ok(String::from_utf8(std::mem::take(&mut self.read))?)
    }

    /// Writes `text`.
    ///
    /// # Errors
    /// The other side is gone, or doesn't read.
    pub async fn send(&mut self, text: &str) -> Result<()> {
        timeout(PATIENCE, self.stream.write_all(text.as_bytes())).await??;
        Ok(self.stream.flush().await?)
    }

    /// Ends its half of the connection, without a word, and keeps the other.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn stop_sending(&mut self) -> Result<()> {
        Ok(self.stream.shutdown().await?)
    }

    /// Writes `text` over and over until the other side takes no more for as long as
    /// `pause`, and returns how many bytes it took.
    ///
    /// # Errors
    /// The other side is gone.
    pub async fn flood(&mut self, text: &str, pause: Duration) -> Result<usize> {
        let mut taken = 0;
        loop {
            match timeout(
                pause,
                self.stream.write(&text.as_bytes()[taken % text.len()..]),
            )
            .await
            {
                Ok(written) => taken += written?,
                Err(_) => return Ok(taken),
            }
        }
    }

    /// Answers the stream header that comes first with [`HEADER`] and [`FEATURES`],
    /// and returns it.
    ///
    /// # Errors
    /// It doesn't come.
    pub async fn open(&mut self) -> Result<String> {
        let header = self.expect("<stream:stream").await? + &self.expect(">").await?;
        self.send(HEADER).await?;
        self.send(FEATURES).await?;
        Ok(header)
    }

    /// Does the server's part of STARTTLS, up to the handshake, and returns the
    /// header that came.
    ///
    /// # Errors
    /// The client's part doesn't come.
    pub async fn proceed(&mut self) -> Result<String> {
        let header = self.open().await?;
        self.expect("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            .await?;
        self.send("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            .await?;
        Ok(header)
    }

    /// Goes on over TLS; the second value is what ALPN chose.
    ///
    /// # Errors
    /// The client doesn't like the certificate.
    pub async fn tls(self, acceptor: &TlsAcceptor) -> Result<(Self, Option<Vec<u8>>)> {
        let stream = timeout(PATIENCE, acceptor.accept(self.stream)).await??;
        let alpn = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        Ok((
            Self {
                stream: Box::new(stream),
                read: self.read,
            },
            alpn,
        ))
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("read", &String::from_utf8_lossy(&self.read))
            .finish()
    }
}

/// A certificate authority of one test.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: PathBuf,
}

impl Authority {
    /// Makes one, its certificate in `directory`.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn new(directory: &Path) -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        // A name of its own, as two authorities have.
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, directory.display().to_string());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key)?;
        let pem = directory.join("authority.pem");
        std::fs::write(&pem, certificate.pem())?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            pem,
        })
    }

    /// Its certificate's file.
    pub fn pem(&self) -> &Path {
        &self.pem
    }

    /// A certificate for `name`, and its key, PEM. An `expired` one was good once.
    ///
    /// # Errors
    /// `name` is no name.
    pub fn issue(&self, name: &str, expired: bool) -> Result<(rcgen::Certificate, KeyPair)> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([name.to_owned()])?;
        if expired {
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate, key))
    }

    /// A server's side of TLS with a certificate for `name`.
    ///
    /// # Errors
    /// `name` is no name.
    pub fn acceptor(&self, name: &str, expired: bool) -> Result<TlsAcceptor> {
        let (certificate, key) = self.issue(name, expired)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![certificate.der().clone()], key)
            })?;
        config.alpn_protocols = vec![b"xmpp-client".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
