//! Domains that bound the sessions of one address, and of the pages of one origin.

use std::net::SocketAddr;

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, Peer};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::client::Client;
use crate::{Proxy, another_session};

const ADDRESS_HITS: &str = "ws_proxy_limit_hits_total{limit=\"max_sessions_per_address\"}";
const ORIGIN_HITS: &str = "ws_proxy_limit_hits_total{limit=\"max_sessions_per_origin\"}";

/// Pages of these origins are let in.
const SHOPS: &str = "allow_origin = ['https://shop.example', 'https://other.example']\n";

/// In front of `backend`, which has a second domain without bounds.
async fn proxy(backend: &FakeBackend, bounds: &str) -> Proxy {
    let address = backend.address();
    Proxy::start(&format!(
        "{SHOPS}[[domain]]\nname = '{DOMAIN}'\nbackend = '{address}'\nbackend_tls = 'none'\n\
         {bounds}\n[[domain]]\nname = 'open.test'\nbackend = '{address}'\nbackend_tls = 'none'\n"
    ))
    .await
}

/// A WebSocket from `client`, of a page of `origin`.
async fn connect(proxy: &Proxy, client: &str, origin: Option<&'static str>) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    let address: SocketAddr = format!("{client}:0").parse().unwrap();
    socket.bind(address).unwrap();
    let stream = Box::new(socket.connect(proxy.address).await.unwrap());
    let opening = Client::connect_over(stream, proxy.address, |request| {
        if let Some(origin) = origin {
            let origin = HeaderValue::from_static(origin);
            request.headers_mut().insert("origin", origin);
        }
    });
    opening.await.unwrap().0
}

/// A session with `domain` over it.
async fn open(mut client: Client, domain: &str, backend: &FakeBackend) -> (Client, Peer) {
    client.open(domain).await;
    let mut peer = backend.accept().await.unwrap();
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
    assert!(client.text().await.starts_with("<stream:features"));
    (client, peer)
}

/// What one who isn't let in is told.
async fn refused(mut client: Client) -> String {
    client.open(DOMAIN).await;
    client.opening_error("resource-constraint", 1008).await
}

#[tokio::test]
async fn one_address_has_so_many_sessions_with_a_domain_and_others_are_unaffected() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = proxy(&backend, "max_sessions_per_address = 2").await;
    let (one, other) = ("127.0.0.1", "127.0.0.2");
    let (first, _peer) = open(connect(&proxy, one, None).await, DOMAIN, &backend).await;
    let _second = open(connect(&proxy, one, None).await, DOMAIN, &backend).await;
    let error = refused(connect(&proxy, one, None).await).await;
    assert!(
        error.contains("From your network 2 are connected"),
        "{error}"
    );
    assert!(error.contains("try again later"), "{error}");
    assert!(
        error.ends_with("<too-many-of-address xmlns=\"urn:couplet:proxy:0\"/></stream:error>"),
        "{error}"
    );
    assert_eq!(proxy.metric(ADDRESS_HITS).await, 1.0);
    let ended = "ws_proxy_sessions_ended_total{reason=\"too-many-of-address\"}";
    assert_eq!(proxy.metric(ended).await, 1.0);
    let _elsewhere = open(connect(&proxy, other, None).await, DOMAIN, &backend).await;
    let _unbounded = open(connect(&proxy, one, None).await, "open.test", &backend).await;
    // Whoever goes makes room.
    first.vanish();
    proxy.counts("ws_proxy_sessions ", 3.0).await;
    open(connect(&proxy, one, None).await, DOMAIN, &backend).await;
}

#[tokio::test]
async fn the_pages_of_one_origin_have_so_many_sessions_and_other_pages_are_unaffected() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = proxy(&backend, "max_sessions_per_origin = 1").await;
    let (shop, other) = (Some("https://shop.example"), Some("https://other.example"));
    let held = open(connect(&proxy, "127.0.0.1", shop).await, DOMAIN, &backend).await;
    // Names of hosts have no case.
    let loud = Some("https://SHOP.example");
    for origin in [shop, loud] {
        let error = refused(connect(&proxy, "127.0.0.2", origin).await).await;
        assert!(
            error.contains("From this website 1 are connected"),
            "{error}"
        );
        assert!(error.contains("<too-many-of-origin "), "{error}");
    }
    assert_eq!(proxy.metric(ORIGIN_HITS).await, 2.0);
    assert_eq!(proxy.metric(ADDRESS_HITS).await, 0.0);
    let _other = open(connect(&proxy, "127.0.0.1", other).await, DOMAIN, &backend).await;
    // Native clients are no page's.
    let _native = open(connect(&proxy, "127.0.0.1", None).await, DOMAIN, &backend).await;
    drop(held);
    proxy.counts("ws_proxy_sessions ", 2.0).await;
    open(connect(&proxy, "127.0.0.1", shop).await, DOMAIN, &backend).await;
}

#[tokio::test]
async fn a_chat_in_a_page_counts_for_the_site_and_only_a_page_of_ours_says_for_which() {
    let backend = FakeBackend::bind().await.unwrap();
    let bounds =
        "max_sessions_per_origin = 1\nsites = ['https://a.example', 'https://*.b.example']";
    let proxy = proxy(&backend, bounds).await;
    let ours = format!("http://{}", proxy.address);
    let mut held = Vec::new();
    let (shop, other) = ("https://shop.b.example", "https://www.b.example");
    for site in ["https://a.example", shop, other] {
        let client = Client::connect_within(proxy.address, &ours, site).await;
        held.push(open(client, DOMAIN, &backend).await);
        let error = refused(Client::connect_within(proxy.address, &ours, site).await).await;
        assert!(error.contains("<too-many-of-origin "), "{error}");
    }
    // What is none of the domain's sites is but a page of ours.
    let client = Client::connect_within(proxy.address, &ours, "https://c.example").await;
    held.push(open(client, DOMAIN, &backend).await);
    let error =
        refused(Client::connect_within(proxy.address, &ours, "https://d.example").await).await;
    assert!(error.contains("<too-many-of-origin "), "{error}");
    drop(held);
    proxy.counts("ws_proxy_sessions ", 0.0).await;
    // Another page can't use up what a site may have.
    let shop =
        Client::connect_within(proxy.address, "https://shop.example", "https://a.example").await;
    let _shop = open(shop, DOMAIN, &backend).await;
    let client = Client::connect_within(proxy.address, &ours, "https://a.example").await;
    open(client, DOMAIN, &backend).await;
}

#[tokio::test]
async fn without_a_bound_there_is_none_and_a_reload_counts_those_who_are_there() {
    let backend = FakeBackend::bind().await.unwrap();
    let bound = |most: u32| format!("max_sessions_per_address = {most}");
    let proxy = Proxy::plain(&backend, &bound(3)).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(another_session(&proxy, &backend).await);
    }
    proxy.reload_same(&backend, &bound(2));
    refused(Client::connect(proxy.address).await).await;
    proxy.reload_same(&backend, "");
    for _ in 0..3 {
        held.push(another_session(&proxy, &backend).await);
    }
}
