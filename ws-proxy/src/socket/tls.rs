//! TLS that keeps no buffers. rustls's own connections, and what wraps them, hold room for what
//! may come, 4 KB and after a large record what is left of 16: here it is on the stack until
//! something has come, and only what is under way has memory.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
};
use rustls::{self, ClientConfig, CommonState, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that is in one record (RFC 8446 5.1).
const RECORD_BYTES: usize = 16 * 1024;
/// What a record adds to its text, generously.
const AROUND_RECORD: usize = 64;
/// More than a handshake's longest message, 64 KB, takes in reasonable records.
const MOST_INCOMING: usize = 128 * 1024;

/// TLS on top of `S`, after its handshake.
pub(crate) struct TlsStream<S> {
    stream: S,
    side: Side,
    /// Has come and is no whole record yet.
    incoming: Vec<u8>,
    /// Was in whole records; how much of it has been read.
    text: Vec<u8>,
    read: usize,
    /// Is in records; how much of it has left.
    outgoing: Vec<u8>,
    written: usize,
    /// The other side said that nothing follows.
    closed: bool,
    /// So did we.
    shut: bool,
}

enum Side {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// What the protocol waits for when everything that came has been taken in.
#[derive(PartialEq, Eq)]
enum Wait {
    Handshake,
    Traffic,
    /// For nothing: both sides have closed it.
    Nothing,
}

/// What is to be made a record.
enum Say<'a> {
    Nothing,
    Text(&'a [u8]),
    Close,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// A handshake as the server.
    ///
    /// # Errors
    /// The stream's; [`io::ErrorKind::InvalidData`] around rustls's.
    pub(crate) async fn accept(config: &Arc<ServerConfig>, stream: S) -> io::Result<Self> {
        let connection = UnbufferedServerConnection::new(config.clone()).map_err(invalid)?;
        Self::shake(Side::Server(connection), stream).await
    }

    /// A handshake as the client, with a server that has to prove that it is `name`.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub(crate) async fn connect(
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
        stream: S,
    ) -> io::Result<Self> {
        let connection = UnbufferedClientConnection::new(config.clone(), name).map_err(invalid)?;
        Self::shake(Side::Client(connection), stream).await
    }

    async fn shake(side: Side, stream: S) -> io::Result<Self> {
        let mut tls = Self {
            stream,
            side,
            incoming: Vec::new(),
            text: Vec::new(),
            read: 0,
            outgoing: Vec::new(),
            written: 0,
            closed: false,
            shut: false,
        };
        while tls.side.common().is_handshaking() {
            let went = tls.process(Say::Nothing);
            poll_fn(|cx| {
                let sent = tls.poll_send(cx)?;
                match &went {
                    // Both sides may have to say something first.
                    Ok(Wait::Handshake) => tls.poll_take(cx),
                    Ok(Wait::Traffic | Wait::Nothing) | Err(_) => sent.map(Ok),
                }
            })
            .await?;
            went?;
        }
        Ok(tls)
    }

    /// What both sides have chosen by ALPN.
    pub(crate) fn alpn_protocol(&self) -> Option<&[u8]> {
        self.side.common().alpn_protocol()
    }

    /// Takes some of what has come.
    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut room = [MaybeUninit::uninit(); RECORD_BYTES];
        let mut came = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut came))?;
        let came = came.filled();
        if came.is_empty() {
            // RFC 8446 6.1: whoever wanted to end it would have said so.
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        if self.incoming.len() + came.len() > MOST_INCOMING {
            return Poll::Ready(Err(invalid(rustls::Error::General(
                "a message of the handshake is too long".to_owned(),
            ))));
        }
        self.incoming.extend_from_slice(came);
        Poll::Ready(Ok(()))
    }

    /// Takes in the records that have come, and makes those that are to be sent.
    fn process(&mut self, mut say: Say<'_>) -> io::Result<Wait> {
        loop {
            match self.step(&mut say) {
                Ok(None) => {}
                Ok(Some(wait)) => return Ok(wait),
                Err(error) => {
                    if self.side.common().wants_write() {
                        // The other side is told what is wrong with it.
                        let _ = self.step(&mut Say::Nothing);
                    }
                    return Err(invalid(error));
                }
            }
        }
    }

    /// One step of the protocol; after `None` there is another one.
    fn step(&mut self, say: &mut Say<'_>) -> Result<Option<Wait>, rustls::Error> {
        let (text, outgoing) = (&mut self.text, &mut self.outgoing);
        let step = match &mut self.side {
            Side::Client(connection) => {
                let status = connection.process_tls_records(&mut self.incoming);
                step(status, say, text, outgoing)
            }
            Side::Server(connection) => {
                let status = connection.process_tls_records(&mut self.incoming);
                step(status, say, text, outgoing)
            }
        };
        if step.used == self.incoming.len() {
            self.incoming = Vec::new();
        } else {
            self.incoming.drain(..step.used);
        }
        self.closed |= step.closed;
        step.went
    }

    /// Sends the records that wait.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.outgoing.get(self.written..)
            && !rest.is_empty()
        {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        self.outgoing = Vec::new();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl Side {
    fn common(&self) -> &CommonState {
        match self {
            Self::Client(connection) => connection,
            Self::Server(connection) => connection,
        }
    }
}

/// What a step came to.
struct Step {
    /// How much of what came is done with.
    used: usize,
    closed: bool,
    went: Result<Option<Wait>, rustls::Error>,
}

fn step<Data>(
    status: UnbufferedStatus<'_, '_, Data>,
    say: &mut Say<'_>,
    text: &mut Vec<u8>,
    outgoing: &mut Vec<u8>,
) -> Step {
    let UnbufferedStatus { mut discard, state } = status;
    let mut closed = false;
    let went = match state {
        Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
            match traffic.next_record() {
                Some(Ok(record)) => {
                    discard += record.discard;
                    text.extend_from_slice(record.payload);
                }
                Some(Err(error)) => break Err(error),
                None => break Ok(None),
            }
        },
        Ok(ConnectionState::EncodeTlsData(mut data)) => append(outgoing, 0, |room| {
            data.encode(room).map_err(|error| match error {
                EncodeError::InsufficientSize(InsufficientSizeError { required_size }) => {
                    Some(required_size)
                }
                EncodeError::AlreadyEncoded => None,
            })
        }),
        // Nothing overtakes it.
        Ok(ConnectionState::TransmitTlsData(data)) => {
            data.done();
            Ok(None)
        }
        Ok(ConnectionState::BlockedHandshake) => Ok(Some(Wait::Handshake)),
        Ok(ConnectionState::WriteTraffic(mut traffic)) => {
            let room = match say {
                Say::Text(text) => text.len() + AROUND_RECORD,
                Say::Nothing | Say::Close => 0,
            };
            let needed = |error| match error {
                EncryptError::InsufficientSize(InsufficientSizeError { required_size }) => {
                    Some(required_size)
                }
                EncryptError::EncryptExhausted => None,
            };
            match std::mem::replace(say, Say::Nothing) {
                Say::Nothing => Ok(Some(Wait::Traffic)),
                Say::Text(text) => append(outgoing, room, |room| {
                    traffic.encrypt(text, room).map_err(needed)
                }),
                Say::Close => append(outgoing, AROUND_RECORD, |room| {
                    traffic.queue_close_notify(room).map_err(needed)
                }),
            }
        }
        Ok(ConnectionState::PeerClosed) => {
            closed = true;
            Ok(None)
        }
        Ok(ConnectionState::Closed) => Ok(Some(Wait::Nothing)),
        // No early data is allowed, so there is none.
        Ok(_) => Err(rustls::Error::General("unexpected early data".to_owned())),
        Err(error) => Err(error),
    };
    Step {
        used: discard,
        closed,
        went,
    }
}

/// Appends what `encode` writes, into `room` bytes or as many as it says that it needs.
fn append(
    outgoing: &mut Vec<u8>,
    mut room: usize,
    mut encode: impl FnMut(&mut [u8]) -> Result<usize, Option<usize>>,
) -> Result<Option<Wait>, rustls::Error> {
    let before = outgoing.len();
    loop {
        outgoing.resize(before + room, 0);
        let encoded = encode(outgoing.get_mut(before..).unwrap_or_default());
        match encoded {
            Ok(length) => {
                outgoing.truncate(before + length);
                return Ok(None);
            }
            Err(Some(needed)) if needed > room => room = needed,
            Err(_) => {
                outgoing.truncate(before);
                return Err(rustls::Error::EncryptError);
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.text.is_empty() {
            if this.closed {
                return Poll::Ready(Ok(()));
            }
            ready!(this.poll_take(cx))?;
            // An answer to new keys goes with what is written next (RFC 8446 4.6.3): whoever waits to
            // write is to be woken, and not whoever reads.
            if let Err(error) = this.process(Say::Nothing) {
                // What is wrong is told if that can leave at once.
                let _ = this.poll_send(cx);
                return Poll::Ready(Err(error));
            }
        }
        let rest = this.text.get(this.read..).unwrap_or_default();
        let given = rest.len().min(buf.remaining());
        buf.put_slice(rest.get(..given).unwrap_or_default());
        this.read += given;
        if this.read == this.text.len() {
            this.text = Vec::new();
            this.read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // A record at a time: no more waits here than one.
        ready!(this.poll_send(cx))?;
        let piece = bytes.get(..RECORD_BYTES).unwrap_or(bytes);
        if this.shut || this.process(Say::Text(piece))? != Wait::Traffic {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        match this.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(piece.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !std::mem::replace(&mut this.shut, true) {
            this.process(Say::Close)?;
        }
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

impl<S> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").finish_non_exhaustive()
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::RootCertStore;
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::version::{TLS12, TLS13};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::timeout;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    const NAME: &str = "example.test";

    /// What each side needs to know of the other.
    fn configs(version: &'static rustls::SupportedProtocolVersion) -> (ServerConfig, ClientConfig) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new([NAME.to_owned()]).unwrap();
        let certificate = parameters.self_signed(&key).unwrap().der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        (server, client)
    }

    fn name() -> ServerName<'static> {
        ServerName::try_from(NAME).unwrap()
    }

    /// A server and a client over a connection that holds so many bytes.
    async fn both(
        configs: (ServerConfig, ClientConfig),
        room: usize,
    ) -> (TlsStream<DuplexStream>, TlsStream<DuplexStream>) {
        let (server, client) = (Arc::new(configs.0), Arc::new(configs.1));
        let (here, there) = duplex(room);
        let (server, client) = tokio::join!(
            TlsStream::accept(&server, here),
            TlsStream::connect(&client, name(), there)
        );
        (server.unwrap(), client.unwrap())
    }

    /// Sends back what comes.
    async fn repeat(stream: impl AsyncRead + AsyncWrite + Unpin) {
        let (mut read, mut write) = tokio::io::split(stream);
        tokio::io::copy(&mut read, &mut write).await.unwrap();
        write.shutdown().await.unwrap();
    }

    /// Says `text`, while the same comes back.
    async fn ask(stream: impl AsyncRead + AsyncWrite + Unpin, text: &[u8]) {
        let (mut read, mut write) = tokio::io::split(stream);
        let asking = async {
            write.write_all(text).await.unwrap();
            write.shutdown().await.unwrap();
        };
        let mut came = Vec::new();
        let ((), read) = tokio::join!(asking, read.read_to_end(&mut came));
        read.unwrap();
        assert!(came == text, "{} of {} bytes", came.len(), text.len());
    }

    /// Bytes that are not all the same.
    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 % 251) as u8).collect()
    }

    #[tokio::test]
    async fn text_comes_as_it_was_in_pieces_of_any_size() {
        for version in [&TLS12, &TLS13] {
            for (room, length) in [(1, 500), (7, 5000), (1000, 50_000), (100_000, 500_000)] {
                let (server, client) = configs(version);
                let (here, there) = duplex(room);
                let (server, client) = (Arc::new(server), Arc::new(client));
                let both = async {
                    tokio::join!(
                        async { repeat(TlsStream::accept(&server, here).await.unwrap()).await },
                        async {
                            let stream = TlsStream::connect(&client, name(), there).await;
                            ask(stream.unwrap(), &text(length)).await;
                        }
                    )
                };
                timeout(Duration::from_secs(60), both).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn others_understand_it() {
        for version in [&TLS12, &TLS13] {
            let (server, client) = configs(version);
            let (server, client) = (Arc::new(server), Arc::new(client));
            let (here, there) = duplex(5000);
            let (theirs, ours) = tokio::join!(
                TlsAcceptor::from(server.clone()).accept(here),
                TlsStream::connect(&client, name(), there)
            );
            let text = text(100_000);
            tokio::join!(ask(ours.unwrap(), &text), repeat(theirs.unwrap()));
            let (here, there) = duplex(5000);
            let (ours, theirs) = tokio::join!(
                TlsStream::accept(&server, here),
                TlsConnector::from(client).connect(name(), there)
            );
            tokio::join!(ask(theirs.unwrap(), &text), repeat(ours.unwrap()));
        }
    }

    #[tokio::test]
    async fn an_idle_connection_keeps_no_buffers() {
        let (mut server, mut client) = both(configs(&TLS13), 100_000).await;
        let text = text(40_000);
        client.write_all(&text).await.unwrap();
        let mut came = vec![0; text.len()];
        server.read_exact(&mut came).await.unwrap();
        assert_eq!(came, text);
        // A part of a record, and then the rest: also what comes too early is kept.
        client.write_all(b"more").await.unwrap();
        server.read_exact(&mut came[..1]).await.unwrap();
        assert_eq!(server.text.len(), 4);
        server.read_exact(&mut came[..3]).await.unwrap();
        for side in [&server, &client] {
            let kept = [&side.incoming, &side.text, &side.outgoing].map(Vec::capacity);
            assert_eq!(kept, [0; 3]);
        }
    }

    #[tokio::test]
    async fn what_is_not_taken_is_one_record() {
        let (mut server, _client) = both(configs(&TLS13), 5000).await;
        let text = text(1_000_000);
        let stalled = server.write_all(&text);
        assert!(timeout(Duration::from_millis(50), stalled).await.is_err());
        assert!(server.outgoing.capacity() <= RECORD_BYTES + AROUND_RECORD);
    }

    #[tokio::test]
    async fn whoever_reads_does_not_keep_whoever_writes_asleep() {
        let (server, mut client) = both(configs(&TLS13), 5000).await;
        let (mut read, mut write) = tokio::io::split(server);
        let text = text(100_000);
        let written = text.clone();
        let writing = tokio::spawn(async move {
            write.write_all(&written).await.unwrap();
            write.flush().await.unwrap();
        });
        let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
        let reading = tokio::spawn(async move {
            while let Ok(byte) = read.read_u8().await {
                heard.send(byte).unwrap();
            }
        });
        client.write_all(b"!").await.unwrap();
        // By now the one waits for room, and the other for more.
        assert_eq!(hears.recv().await, Some(b'!'));
        let mut came = vec![0; text.len()];
        let taken = timeout(Duration::from_secs(10), client.read_exact(&mut came));
        taken.await.unwrap().unwrap();
        assert!(came == text);
        writing.await.unwrap();
        drop(client);
        reading.await.unwrap();
    }

    #[tokio::test]
    async fn an_end_without_a_word_is_told_from_a_close() {
        let (server, mut client) = both(configs(&TLS13), 5000).await;
        drop(server);
        let error = client.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(!client.closed);
        let (mut server, mut client) = both(configs(&TLS13), 5000).await;
        server.write_all(b"last").await.unwrap();
        server.shutdown().await.unwrap();
        drop(server);
        let mut came = Vec::new();
        client.read_to_end(&mut came).await.unwrap();
        assert_eq!(came, b"last");
        assert!(client.closed);
    }

    #[tokio::test]
    async fn a_stranger_is_told_that_it_is_one() {
        let ((server, _), (_, client)) = (configs(&TLS13), configs(&TLS13));
        let (server, client) = (Arc::new(server), Arc::new(client));
        let (here, there) = duplex(5000);
        let (theirs, ours) = tokio::join!(
            TlsStream::accept(&server, here),
            TlsStream::connect(&client, name(), there)
        );
        let ours = ours.unwrap_err().to_string();
        assert!(ours.contains("invalid peer certificate"), "{ours}");
        let theirs = theirs.unwrap_err().to_string();
        assert!(theirs.contains("received fatal alert"), "{theirs}");
    }

    #[tokio::test]
    async fn noise_is_no_handshake() {
        let (server, _) = configs(&TLS13);
        let (here, mut there) = duplex(5000);
        there.write_all(&[b'<'; 600]).await.unwrap();
        let error = TlsStream::accept(&Arc::new(server), here).await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
