//! Ten thousand connections from one address: what they cost is bounded, and nobody
//! else notices.

use std::net::SocketAddr;

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, Peer};
use couplet_tests::proxy::Proxy;
use couplet_tests::until;
use futures_util::future::join_all;
use tokio::net::{TcpSocket, TcpStream};

use crate::client::Client;

const CONNECTIONS: usize = 10_000;

/// How many of them come at once: fewer than the kernel keeps waiting.
const WAVE: usize = 100;

/// What they may make the process grow by.
const GROWTH_BYTES: u64 = 16 * 1024 * 1024;

async fn connect_from(client: &str, proxy: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(client.parse().unwrap()).unwrap();
    socket.connect(proxy).await.unwrap()
}

/// Somebody else's session.
async fn session(proxy: SocketAddr, backend: &FakeBackend) -> (Client, Peer) {
    let stream = connect_from("127.0.0.2:0", proxy).await;
    let opening = Client::connect_over(Box::new(stream), proxy, |_| {});
    let (mut client, _) = opening.await.unwrap();
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
    assert!(client.text().await.starts_with("<stream:features"));
    (client, peer)
}

fn is_closed(stream: &TcpStream) -> bool {
    !matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

#[tokio::test]
async fn ten_thousand_connections_from_one_address_are_bounded_and_others_are_unaffected() {
    let backend = FakeBackend::bind().await.unwrap();
    let address = backend.address().to_string();
    let mut arguments = vec!["--domain", DOMAIN, "--backend", &address];
    arguments.extend(["--backend-tls", "none"]);
    // As many as there may be shall stay, as soon as they come.
    let limits = "max_connection_rate_per_address=100000,handshake_seconds=600";
    arguments.extend(["--limit", limits]);
    let proxy = Proxy::start(&arguments).await.unwrap();
    let (mut client, mut peer) = session(proxy.address(), &backend).await;
    let before = proxy.memory().unwrap();

    let mut flood = Vec::with_capacity(CONNECTIONS);
    while flood.len() < CONNECTIONS {
        let wave = (0..WAVE).map(|_| connect_from("127.0.0.1:0", proxy.address()));
        flood.extend(join_all(wave).await);
        until("all but a thousand are closed", || async {
            let open = flood.iter().filter(|stream| !is_closed(stream)).count();
            Ok((open <= 1000).then_some(()))
        })
        .await
        .unwrap();
    }
    let growth = proxy.memory().unwrap().saturating_sub(before);
    assert!(growth < GROWTH_BYTES, "{growth} bytes more");

    let _another = session(proxy.address(), &backend).await;
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
}
