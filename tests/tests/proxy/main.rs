//! The proxy against a scripted server and a scripted client: every rule of
//! RFC 7395 that it keeps, every fault in its table, every limit.

#![allow(clippy::unwrap_used)]

mod acme;
mod addresses;
mod admin;
mod backend;
mod backends;
mod check;
mod client;
mod closing;
mod crowds;
mod discovery;
mod elsewhere;
mod framing;
mod front;
mod half_open;
mod handshake;
mod hostile;
mod http;
mod http2;
mod limits;
mod log;
mod one_address;
mod package;
mod process;
mod proxy_protocol;
mod pumps;
mod relay;
mod reload;
mod shutdown;
mod tls;

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::{DOMAIN, FakeBackend, Peer, SUCCESS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use ws_proxy::{Config, Handle, Server, Stop};

use client::Client;

/// A proxy in this process. Dropping it cuts all its connections.
struct Proxy {
    address: std::net::SocketAddr,
    admin: Option<std::net::SocketAddr>,
    handle: Handle,
    stop: Option<oneshot::Sender<Stop>>,
    running: JoinHandle<()>,
}

impl Proxy {
    async fn start(toml: &str) -> Self {
        Self::start_at(std::net::SocketAddr::from(([127, 0, 0, 1], 0)), toml).await
    }

    async fn start_at(address: std::net::SocketAddr, toml: &str) -> Self {
        log::install();
        let toml = format!("listen = '{address}'\nadmin_listen = '127.0.0.1:0'\n{toml}");
        let config = Config::from_toml(&toml, "test.toml").unwrap();
        let server = Server::bind(config).await.unwrap();
        let (address, admin) = (server.local_addr(), server.admin_addr());
        let handle = server.handle();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async { stopped.await.unwrap() }));
        Self {
            address,
            admin,
            handle,
            stop: Some(stop),
            running,
        }
    }

    /// In front of `backend`, without TLS on either side. `toml` starts in the
    /// domain's table.
    async fn plain(backend: &FakeBackend, toml: &str) -> Self {
        let address = backend.address();
        Self::start(&format!(
            "[[domain]]\nname = '{DOMAIN}'\nbackend = '{address}'\nbackend_tls = 'none'\n{toml}"
        ))
        .await
    }

    /// As Ctrl-C does, until all is over.
    async fn end(mut self) {
        self.shut_down();
        timeout(PATIENCE, &mut self.running).await.unwrap().unwrap();
    }

    /// As Ctrl-C does.
    fn shut_down(&mut self) {
        self.stop.take().unwrap().send(Stop::Quick).unwrap();
    }

    /// As SIGTERM does.
    fn drain(&mut self) {
        self.stop.take().unwrap().send(Stop::Drain).unwrap();
    }

    /// Status and text of what the admin listener answers.
    async fn ask(&self, path: &str) -> (u16, String) {
        ask(self.admin.unwrap(), path).await
    }

    /// The value of one of the metrics.
    async fn metric(&self, sample: &str) -> f64 {
        let (_, text) = self.ask("/metrics").await;
        let line = text.lines().find_map(|line| line.strip_prefix(sample));
        line.unwrap_or_else(|| panic!("no {sample} in\n{text}"))
            .trim()
            .parse()
            .unwrap()
    }

    /// Waits until a limit has bitten.
    async fn bites(&self, limit: &str) {
        let hits = format!("ws_proxy_limit_hits_total{{limit=\"{limit}\"}}");
        self.counts(&hits, 1.0).await;
    }

    /// Waits until one of the metrics is `value`.
    async fn counts(&self, sample: &str, value: f64) {
        couplet_tests::until(&format!("{sample} {value}"), || async {
            Ok((self.metric(sample).await == value).then_some(()))
        })
        .await
        .unwrap();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Status and text of the answer to a GET.
async fn ask(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    request(address, "GET", path, "").await
}

/// The same for a PUT of `text`.
async fn put(address: std::net::SocketAddr, path: &str, text: &str) -> (u16, String) {
    request(address, "PUT", path, text).await
}

async fn request(
    address: std::net::SocketAddr,
    method: &str,
    path: &str,
    text: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = text.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{text}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text.to_owned())
}

/// A session whose stream is open, seen from both ends. Keep the first value.
async fn session(toml: &str) -> (Proxy, Client, Peer) {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, toml).await;
    let (client, peer) = another_session(&proxy, &backend).await;
    (proxy, client, peer)
}

/// One more through the same proxy.
async fn another_session(proxy: &Proxy, backend: &FakeBackend) -> (Client, Peer) {
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
    assert!(client.text().await.starts_with("<stream:features"));
    (client, peer)
}

/// The same after the server has said that the client signed in.
async fn signed_in(toml: &str) -> (Proxy, Client, Peer) {
    let (proxy, mut client, mut peer) = session(toml).await;
    peer.send(SUCCESS).await.unwrap();
    assert!(client.text().await.starts_with("<success"));
    (proxy, client, peer)
}
