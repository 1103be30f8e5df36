//! Peers of whom one half is gone: they stop sending and keep the connection, or
//! vanish without a word. What they held is given back, and nobody else notices.

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, Peer, SUCCESS};
use couplet_tests::proxy::Proxy;
use couplet_tests::until;

use crate::client::{CLOSE, Client, Event};

/// How many of them there are at once.
const CROWD: usize = 60;

/// What they may make the process grow by for good: less than one stanza of each.
const GROWTH_BYTES: u64 = 8 * 1024 * 1024;

/// A proxy, somebody whose session goes on all the time, and how much memory that
/// takes.
struct Place {
    backend: FakeBackend,
    proxy: Proxy,
    bystander: (Client, Peer),
    memory: u64,
}

impl Place {
    /// After as many sessions as there will be: what a process allocates for good, it
    /// has allocated.
    async fn new(limits: &[&str]) -> Self {
        let (backend, proxy) = start(limits).await;
        let mut place = Self {
            bystander: session(&proxy, &backend).await,
            backend,
            proxy,
            memory: 0,
        };
        let warming = place.crowd().await;
        drop(warming);
        place.sessions_end("session ended").await;
        place.memory = place.proxy.memory().unwrap();
        place
    }

    /// Sessions in each of which megabytes go back and forth.
    async fn crowd(&mut self) -> Vec<(Client, Peer)> {
        let mut crowd = Vec::new();
        for _ in 0..CROWD {
            let (mut client, mut peer) = session(&self.proxy, &self.backend).await;
            let stanza = stanza();
            client.send(&stanza).await;
            peer.expect("</message>").await.unwrap();
            peer.send(&stanza).await.unwrap();
            assert!(client.text().await.len() >= stanza.len());
            crowd.push((client, peer));
        }
        crowd
    }

    /// Waits until the log has told of all of the crowd.
    async fn sessions_end(&mut self, reason: &str) {
        for _ in 0..CROWD {
            self.proxy.log(reason).await.unwrap();
        }
        bystander_notices_nothing(&mut self.bystander).await;
    }

    async fn memory_is_given_back(&self) {
        let most = self.memory + GROWTH_BYTES;
        until(&format!("less than {most} bytes are in use"), || async {
            Ok((self.proxy.memory()? < most).then_some(()))
        })
        .await
        .unwrap();
    }
}

pub(crate) async fn start(limits: &[&str]) -> (FakeBackend, Proxy) {
    let backend = FakeBackend::bind().await.unwrap();
    let address = backend.address().to_string();
    let mut arguments = vec!["--domain", DOMAIN, "--backend-tls", "none"];
    arguments.extend(["--backend", &address]);
    arguments.extend(limits.iter().flat_map(|limit| ["--limit", limit]));
    let proxy = Proxy::start(&arguments).await.unwrap();
    (backend, proxy)
}

pub(crate) async fn session(proxy: &Proxy, backend: &FakeBackend) -> (Client, Peer) {
    let mut client = Client::connect(proxy.address()).await;
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.open().await.unwrap();
    peer.send(SUCCESS).await.unwrap();
    while !client.text().await.starts_with("<success") {}
    (client, peer)
}

/// Somebody's session goes on, both ways.
pub(crate) async fn bystander_notices_nothing((client, peer): &mut (Client, Peer)) {
    client.send(&stanza()).await;
    peer.expect("</message>").await.unwrap();
    peer.send(&stanza()).await.unwrap();
    assert!(client.text().await.contains("<body>"));
}

fn stanza() -> String {
    let body = "x".repeat(200_000);
    format!("<message xmlns='jabber:client'><body>{body}</body></message>")
}

#[tokio::test]
async fn clients_that_stop_sending_are_gone_and_their_streams_can_be_resumed() {
    let mut place = Place::new(&[]).await;
    let mut crowd = place.crowd().await;
    for (client, _) in &mut crowd {
        client.stop_sending().await;
    }
    for (_, peer) in &mut crowd {
        assert_eq!(peer.rest().await.unwrap(), "");
    }
    place.sessions_end("client-lost").await;
    place.memory_is_given_back().await;
}

#[tokio::test]
async fn servers_that_stop_sending_are_gone_and_their_clients_come_back() {
    let mut place = Place::new(&[]).await;
    let mut crowd = place.crowd().await;
    for (_, peer) in &mut crowd {
        peer.stop_sending().await.unwrap();
    }
    for (client, _) in &mut crowd {
        assert_eq!(client.event().await, Event::Closed(1001));
    }
    place.sessions_end("backend-lost").await;
    place.memory_is_given_back().await;
}

#[tokio::test]
async fn servers_that_never_end_their_stream_are_left() {
    let mut place = Place::new(&["close_seconds=0.5"]).await;
    let mut crowd = place.crowd().await;
    for (client, _) in &mut crowd {
        client.send(CLOSE).await;
    }
    for (client, peer) in &mut crowd {
        assert_eq!(client.text().await, CLOSE);
        assert_eq!(client.event().await, Event::Closed(1000));
        assert!(peer.rest().await.unwrap().contains("</stream:stream>"));
    }
    place.sessions_end("session closed by the client").await;
    place.memory_is_given_back().await;
}

#[tokio::test]
async fn clients_that_vanish_without_a_word_are_noticed() {
    let (backend, mut proxy) = start(&["ping_seconds=2", "pong_seconds=1"]).await;
    let before = proxy.memory().unwrap();
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        // Nobody reads what comes, so nobody answers pings.
        crowd.push(session(&proxy, &backend).await);
    }
    let (mut listening, mut peer) = session(&proxy, &backend).await;
    let all_gone = async {
        for _ in 0..CROWD {
            proxy.log("client-silent").await.unwrap();
        }
    };
    tokio::select! {
        () = all_gone => {}
        event = listening.event() => panic!("{event:?}"),
    }
    for (_, peer) in &mut crowd {
        assert_eq!(peer.rest().await.unwrap(), "");
    }
    peer.send("<presence/>").await.unwrap();
    assert!(listening.text().await.starts_with("<presence"));
    assert!(proxy.memory().unwrap() < before + GROWTH_BYTES);
}
