//! Peers that try to exhaust the proxy: what each kind of them makes its process take is bounded,
//! while they do it, and somebody else's session goes on.

use std::time::Duration;

use couplet_tests::fake_backend::{Authority, DOMAIN, FakeBackend, Peer};
use couplet_tests::proxy::Proxy;
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::Client;
use crate::half_open::{bystander_notices_nothing, session, start};

/// How many of them there are at once.
const CROWD: usize = 100;

/// What they may make the process grow by.
const GROWTH_BYTES: u64 = 8 * 1024 * 1024;

/// What a stanza of a client may have, unless it is configured otherwise.
const STANZA_BYTES: usize = 256 * 1024;

/// So many connections come from one address as quickly as they can.
const CONNECTIONS: &str = "max_connection_rate_per_address=100000,handshake_seconds=600";

/// A proxy, and somebody whose session goes on.
struct Place {
    backend: FakeBackend,
    proxy: Proxy,
    bystander: (Client, Peer),
    /// What the process took before they came.
    memory: u64,
}

impl Place {
    async fn new() -> Self {
        let (backend, proxy) = start(&[CONNECTIONS]).await;
        let mut bystander = session(&proxy, &backend).await;
        bystander_notices_nothing(&mut bystander).await;
        Self {
            bystander,
            backend,
            memory: proxy.memory().unwrap(),
            proxy,
        }
    }

    async fn crowd(&self) -> Vec<(Client, Peer)> {
        let mut crowd = Vec::new();
        for _ in 0..CROWD {
            crowd.push(session(&self.proxy, &self.backend).await);
        }
        crowd
    }

    /// While all of that is under way.
    async fn withstands(&mut self) {
        self.withstands_with(GROWTH_BYTES).await;
    }

    /// The same where they may take as much as this.
    async fn withstands_with(&mut self, most: u64) {
        let growth = self.proxy.memory().unwrap().saturating_sub(self.memory);
        assert!(growth < most, "{growth} bytes more");
        bystander_notices_nothing(&mut self.bystander).await;
    }
}

/// Connections on which this has been sent, and which are still open.
async fn hold(proxy: &Proxy, bytes: &[u8]) -> Vec<TcpStream> {
    let hold = (0..CROWD).map(|_| async {
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    });
    join_all(hold).await
}

/// None has been answered, or closed.
fn are_kept(streams: &[TcpStream]) -> bool {
    streams.iter().all(|stream| {
        let read = stream.try_read(&mut [0]);
        matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    })
}

#[tokio::test]
async fn requests_that_never_end_take_little_and_others_are_unaffected() {
    let mut place = Place::new().await;
    let head = format!("GET /xmpp-websocket HTTP/1.1\r\nx: {}", "y".repeat(12_000));
    let lorises = hold(&place.proxy, head.as_bytes()).await;
    place.withstands().await;
    assert!(are_kept(&lorises));
}

#[tokio::test]
async fn tls_that_never_begins_takes_little_and_others_are_unaffected() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path()).unwrap();
    let (certificate, key) = authority.issue("localhost", false).unwrap();
    let [cert_file, key_file] = ["c.pem", "k.pem"].map(|name| directory.path().join(name));
    std::fs::write(&cert_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let backend = FakeBackend::bind().await.unwrap();
    let address = backend.address().to_string();
    let (cert_file, key_file) = (cert_file.to_str().unwrap(), key_file.to_str().unwrap());
    let proxy = Proxy::start(
        &[
            &["--domain", DOMAIN, "--backend", &address][..],
            &["--backend-tls", "none", "--limit", CONNECTIONS],
            &["--tls-cert", cert_file, "--tls-key", key_file],
        ]
        .concat(),
    )
    .await
    .unwrap();
    let connect = async || {
        let stream = TcpStream::connect(proxy.address()).await.unwrap();
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let connector = crate::tls::connector(&authority, &["http/1.1"]);
        let stream = connector.connect(name, stream).await.unwrap();
        Client::connect_over(Box::new(stream), proxy.address(), |_| {})
            .await
            .unwrap()
    };
    drop(connect().await);
    let before = proxy.memory().unwrap();
    // The longest record that there is (RFC 8446 5.1), but for its last byte.
    let mut record = vec![0x16, 3, 1, 0x40, 0];
    record.resize(5 + 0x3fff, 1);
    let hanging = hold(&proxy, &record).await;
    drop(connect().await);
    let growth = proxy.memory().unwrap().saturating_sub(before);
    assert!(growth < GROWTH_BYTES, "{growth} bytes more");
    assert!(are_kept(&hanging));
}

#[tokio::test]
async fn a_million_attributes_take_little_and_others_are_unaffected() {
    let mut place = Place::new().await;
    let mut crowd = place.crowd().await;
    let attributes: String = (0..1_000_000).map(|n| format!(" a{n}=''")).collect();
    let stanza = format!("<a xmlns='b'{attributes}/>");
    for (client, _) in crowd.iter_mut().take(10) {
        client.send(&stanza).await;
        client.stream_error("policy-violation", 1008).await;
        place.withstands().await;
    }
    // As much of it as is let in at all, from each at once: it is read before it is looked at.
    let stanza = format!("{}/>", &stanza[..STANZA_BYTES - 20]);
    let sends = crowd.iter_mut().skip(10).map(|(client, _)| async {
        client.send(&stanza).await;
        client.stream_error("policy-violation", 1008).await;
    });
    join_all(sends).await;
    let all = (2 * CROWD * STANZA_BYTES) as u64;
    place.withstands_with(GROWTH_BYTES + all).await;
}

#[tokio::test]
async fn depth_bombs_take_little_and_others_are_unaffected() {
    let mut place = Place::new().await;
    let mut crowd = place.crowd().await;
    let bomb = "<a>".repeat(80_000);
    let (clients, peers) = crowd.split_at_mut(CROWD / 2);
    for (client, _) in clients {
        client.send(&format!("<a xmlns='b'>{bomb}")).await;
        client.stream_error("policy-violation", 1008).await;
    }
    for (client, peer) in peers {
        // It is left before it has sent all of it.
        let _ = peer.send(&bomb).await;
        client.stream_error("remote-connection-failed", 1011).await;
    }
    place.withstands().await;
}

#[tokio::test]
async fn a_server_that_floods_takes_little_and_others_are_unaffected() {
    let mut place = Place::new().await;
    let mut crowd = place.crowd().await;
    let stanza = format!("<message><body>{}</body></message>", "x".repeat(9_000));
    let floods = crowd.iter_mut().map(|(_, peer)| async {
        // Until nobody takes more: nobody reads what comes out.
        peer.flood(&stanza, Duration::from_millis(500)).await
    });
    for flooded in join_all(floods).await {
        assert!(flooded.unwrap() > 100_000);
    }
    place.withstands().await;
}
