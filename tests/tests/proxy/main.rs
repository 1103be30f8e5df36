//! The proxy against a scripted server and a scripted client: every rule of
//! RFC 7395 that it keeps, every fault in its table, every limit.

#![allow(clippy::unwrap_used)]

mod backend;
mod client;
mod closing;
mod discovery;
mod framing;
mod handshake;
mod http;
mod limits;
mod log;
mod pumps;
mod tls;

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, Peer, SUCCESS};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use ws_proxy::{Config, Server};

use client::Client;

/// A proxy in this process. Dropping it cuts all its connections.
struct Proxy {
    address: std::net::SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Proxy {
    async fn start(toml: &str) -> Self {
        log::install();
        let toml = format!("listen = '127.0.0.1:0'\n{toml}");
        let config = Config::from_toml(&toml, "test.toml").unwrap();
        let server = Server::bind(config).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            address,
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

    /// As SIGTERM does.
    fn shut_down(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.running.abort();
    }
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
