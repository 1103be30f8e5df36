//! HTTP/2 (RFC 9113) and its WebSockets (RFC 8441): sessions that share a connection
//! are sessions like any other.

use std::net::SocketAddr;
use std::time::Duration;

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, Stream};
use couplet_tests::{PATIENCE, until};
use http_body_util::BodyExt;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Method, Request, StatusCode};

use crate::Proxy;
use crate::client::{CLOSE, Client, Event};
use crate::tls::{connector, own_tls};

/// One connection.
struct Connection {
    requests: SendRequest<String>,
    authority: String,
}

impl Connection {
    /// Without TLS, by prior knowledge (RFC 9113 3.3).
    async fn plain(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(Box::new(stream), address).await
    }

    async fn over(stream: Box<dyn Stream>, address: SocketAddr) -> Self {
        let (requests, connection) = http2::Builder::new(TokioExecutor::new())
            .handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut connection = Self {
            requests,
            authority: address.to_string(),
        };
        // What the server can do is known once it has said anything.
        assert_eq!(connection.get("/config.json").await.0, StatusCode::OK);
        connection
    }

    fn request(&self, method: Method, path: &str) -> Request<String> {
        let uri = format!("http://{}{path}", self.authority);
        let mut request = Request::new(String::new());
        *request.method_mut() = method;
        *request.uri_mut() = uri.parse().unwrap();
        request
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let request = self.request(Method::GET, path);
        self.answer(request).await
    }

    async fn answer(&mut self, request: Request<String>) -> (StatusCode, String) {
        let sending = self.requests.send_request(request);
        let response = timeout(PATIENCE, sending).await.unwrap().unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A handshake that `edit` has changed.
    fn handshake(&self, edit: impl FnOnce(&mut Request<String>)) -> Request<String> {
        let mut request = self.request(Method::CONNECT, "/xmpp-websocket");
        let extensions = request.extensions_mut();
        extensions.insert(Protocol::from_static("websocket"));
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", HeaderValue::from_static("xmpp"));
        headers.insert("sec-websocket-version", HeaderValue::from_static("13"));
        edit(&mut request);
        request
    }

    async fn websocket(&mut self, edit: impl FnOnce(&mut Request<String>)) -> Client {
        let request = self.handshake(edit);
        let sending = self.requests.send_request(request);
        let response = timeout(PATIENCE, sending).await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["sec-websocket-protocol"], "xmpp");
        let stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
        Client::over_open(Box::new(stream)).await
    }

    async fn refusal(&mut self, edit: impl FnOnce(&mut Request<String>)) -> StatusCode {
        let request = self.handshake(edit);
        self.answer(request).await.0
    }

    /// A session whose stream is open, seen from both ends.
    async fn session(&mut self, backend: &FakeBackend) -> (Client, crate::Peer) {
        let mut client = self.websocket(|_| {}).await;
        client.open(DOMAIN).await;
        let mut peer = backend.accept().await.unwrap();
        peer.open().await.unwrap();
        assert!(client.text().await.starts_with("<open "));
        assert!(client.text().await.starts_with("<stream:features"));
        (client, peer)
    }
}

fn header(name: &'static str, value: &str) -> impl FnOnce(&mut Request<String>) + use<> {
    let value = HeaderValue::from_str(value).unwrap();
    move |request| {
        request.headers_mut().insert(name, value);
    }
}

fn stanza(id: usize, bytes: usize) -> String {
    let body = "x".repeat(bytes);
    format!("<message xmlns='jabber:client' id='{id}'><body>{body}</body></message>")
}

/// A server and a proxy without TLS, and a connection to it.
async fn plain(toml: &str) -> (FakeBackend, Proxy, Connection) {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, toml).await;
    let connection = Connection::plain(proxy.address).await;
    (backend, proxy, connection)
}

#[tokio::test]
async fn rfc8441_a_session_over_http2_with_tls() {
    let (_directory, proxy, authority, backend) = own_tls("").await;
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connector(&authority, &["h2", "http/1.1"])
        .connect(name, stream)
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut connection = Connection::over(Box::new(stream), proxy.address).await;
    let (mut client, mut peer) = connection.session(&backend).await;
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
    peer.send("<message/>").await.unwrap();
    assert!(client.text().await.starts_with("<message "));
    client.send(CLOSE).await;
    peer.expect("</stream:stream>").await.unwrap();
    peer.send("</stream:stream>").await.unwrap();
    assert_eq!(client.text().await, CLOSE);
    assert_eq!(client.event().await, Event::Closed(1000));
}

#[tokio::test]
async fn sessions_and_pages_share_a_connection() {
    let (backend, proxy, mut connection) = plain("").await;
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions.push(connection.session(&backend).await);
    }
    for (id, (client, peer)) in sessions.iter_mut().enumerate() {
        client.send(&stanza(id, 10)).await;
        peer.expect(&stanza(id, 10)).await.unwrap();
    }
    assert_eq!(proxy.metric("ws_proxy_connections_total").await, 1.0);
    assert_eq!(proxy.metric("ws_proxy_sessions").await, 5.0);
    let (_, host_meta) = connection.get("/.well-known/host-meta.json").await;
    let websocket = format!("ws://{}/xmpp-websocket", proxy.address);
    assert!(host_meta.contains(&websocket), "{host_meta}");
}

#[tokio::test]
async fn rfc8441_who_gets_no_websocket_is_told_why() {
    let (_backend, proxy, mut connection) = plain("").await;
    for (edit, status) in [
        (header("sec-websocket-protocol", "chat"), 400),
        (header("sec-websocket-version", "8"), 426),
        (header("origin", "https://evil.example"), 403),
    ] {
        assert_eq!(connection.refusal(edit).await, status);
    }
    let other = |request: &mut Request<String>| {
        let protocol = Protocol::from_static("connect-udp");
        request.extensions_mut().insert(protocol);
    };
    assert_eq!(connection.refusal(other).await, 501);
    assert_eq!(connection.get("/xmpp-websocket").await.0, 426);
    let own = format!("http://{}", proxy.address);
    connection.websocket(header("origin", &own)).await;
}

#[tokio::test]
async fn rfc7395_3_6_a_stream_that_is_reset_can_be_resumed() {
    let (backend, _proxy, mut connection) = plain("").await;
    let (client, mut peer) = connection.session(&backend).await;
    client.vanish();
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn a_session_that_stalls_stalls_no_other_one_of_its_connection() {
    let (backend, _proxy, mut connection) = plain("").await;
    let (mut shouting, mut ignoring) = connection.session(&backend).await;
    let (_deaf, mut talking) = connection.session(&backend).await;
    let (mut client, mut peer) = connection.session(&backend).await;
    for peer in [&mut ignoring, &mut talking, &mut peer] {
        peer.send(couplet_tests::fake_backend::SUCCESS)
            .await
            .unwrap();
    }
    assert!(client.text().await.starts_with("<success"));
    assert!(shouting.text().await.starts_with("<success"));
    let pause = Duration::from_millis(300);
    let taken = talking.flood(&stanza(0, 50_000), pause).await.unwrap();
    assert!(taken < 24 * 1024 * 1024, "{taken} bytes that nobody reads");
    shouting.flood(&stanza(0, 50_000), pause).await;
    for id in 0..10 {
        client.send(&stanza(id, 200_000)).await;
        peer.expect(&stanza(id, 200_000)).await.unwrap();
        peer.send(&stanza(id, 200_000)).await.unwrap();
        assert!(client.text().await.len() > 200_000);
    }
}

#[tokio::test]
async fn sessions_of_one_connection_count_by_address() {
    let (backend, proxy, mut connection) = plain("[limits]\nmax_connections_per_address = 2").await;
    let _session = connection.session(&backend).await;
    assert_eq!(connection.refusal(|_| {}).await, 429);
    let hits = "ws_proxy_limit_hits_total{limit=\"max_connections_per_address\"}";
    assert_eq!(proxy.metric(hits).await, 1.0);
}

#[tokio::test]
async fn who_asks_for_nothing_over_http2_is_dropped() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nhandshake_seconds = 0.3").await;
    for begin in ["P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        stream.write_all(begin.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let ended = timeout(PATIENCE, stream.read_to_end(&mut said)).await;
        assert!(ended.is_ok(), "after {begin:?}");
    }
    let hits = "ws_proxy_limit_hits_total{limit=\"handshake_seconds\"}";
    assert_eq!(proxy.metric(hits).await, 2.0);
}

#[tokio::test]
async fn sessions_over_http2_drain() {
    let (backend, mut proxy, mut connection) = plain("").await;
    let (mut client, mut peer) = connection.session(&backend).await;
    proxy.shut_down();
    assert_eq!(client.event().await, Event::Closed(1012));
    assert_eq!(peer.rest().await.unwrap(), "");
    timeout(PATIENCE, &mut proxy.running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_new_configuration_is_for_the_next_connection() {
    let (backend, proxy, mut connection) = plain("").await;
    let (mut client, mut peer) = connection.session(&backend).await;
    let toml = format!(
        "listen = '{}'\nallow_missing_origin = false\n[[domain]]\nname = '{DOMAIN}'\n\
         backend = '{}'\nbackend_tls = 'none'",
        proxy.address,
        backend.address()
    );
    let config = ws_proxy::Config::from_toml(&toml, "test.toml").unwrap();
    proxy.handle.reload(config).unwrap();
    until("the connection takes no more requests", || {
        let asking = connection
            .requests
            .send_request(connection.request(Method::GET, "/"));
        async { Ok(timeout(PATIENCE, asking).await?.err()) }
    })
    .await
    .unwrap();
    let mut next = Connection::plain(proxy.address).await;
    assert_eq!(next.refusal(|_| {}).await, 403);
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
}
