//! Servers that aren't there, hang, or speak something else than XMPP.

use std::time::Duration;

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, HEADER, accept_unix};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener};
use tokio::time::timeout;

use crate::client::{CLOSE, Client, Event};
use crate::{Proxy, session};

#[tokio::test]
async fn backend_that_is_not_there_is_unreachable() {
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let proxy = Proxy::start(&format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = '{free}'\nbackend_tls = 'none'"
    ))
    .await;
    let error = Client::failure(proxy.address, "remote-connection-failed", 1011).await;
    assert!(
        error.contains("<backend-unreachable xmlns=\"urn:couplet:proxy:0\"/>"),
        "{error}"
    );
    // Whoever reads it needs no address from behind the proxy.
    assert!(!error.contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn backend_that_hangs_up_before_a_stream_is_unreachable() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let failure = tokio::spawn(Client::failure(
        proxy.address,
        "remote-connection-failed",
        1011,
    ));
    drop(backend.accept().await.unwrap());
    assert!(failure.await.unwrap().contains("<backend-unreachable "));
}

#[tokio::test]
async fn backend_that_does_not_accept_times_out() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Once the queue of those that nobody accepts is full, the kernel is silent.
    let mut queue = Vec::new();
    while let Ok(queued) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        queue.push(queued.unwrap());
    }
    let proxy = Proxy::start(&format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = '{address}'\nbackend_tls = 'none'\n\
         [limits]\nbackend_connect_seconds = 0.2"
    ))
    .await;
    let error = Client::failure(proxy.address, "remote-connection-failed", 1011).await;
    assert!(error.contains("<backend-timeout "), "{error}");
    proxy.bites("backend_connect_seconds").await;
}

#[tokio::test]
async fn backend_that_hangs_times_out() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nbackend_open_seconds = 0.2").await;
    let failure = tokio::spawn(Client::failure(
        proxy.address,
        "remote-connection-failed",
        1011,
    ));
    let mut peer = backend.accept().await.unwrap();
    // Half a header is none.
    peer.send(&HEADER[..HEADER.len() - 1]).await.unwrap();
    assert!(failure.await.unwrap().contains("<backend-timeout "));
    assert!(!peer.rest().await.unwrap().contains("</stream:stream>"));
    proxy.bites("backend_open_seconds").await;
}

#[tokio::test]
async fn backend_that_speaks_nonsense_is_told_from_one_that_is_away() {
    for nonsense in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "<html>",
        "<stream xmlns='jabber:client'>",
        "<!DOCTYPE x>",
        "</stream:stream>",
        "\0",
    ] {
        let backend = FakeBackend::bind().await.unwrap();
        let proxy = Proxy::plain(&backend, "").await;
        let failure = tokio::spawn(Client::failure(
            proxy.address,
            "remote-connection-failed",
            1011,
        ));
        let mut peer = backend.accept().await.unwrap();
        peer.send(nonsense).await.unwrap();
        let error = failure.await.unwrap();
        assert!(error.contains("<backend-protocol "), "{nonsense}: {error}");
    }
}

#[tokio::test]
async fn backend_that_begins_to_speak_nonsense_ends_the_session() {
    for nonsense in [
        "<a></b>",
        "<a b='1' b='2'/>",
        "<!-- -->",
        "text",
        "<a>&nbsp;</a>",
        "\u{1}",
    ] {
        let (_proxy, mut client, mut peer) = session("").await;
        peer.send("<presence/>").await.unwrap();
        peer.send(nonsense).await.unwrap();
        assert!(client.text().await.starts_with("<presence"));
        let error = client.stream_error("remote-connection-failed", 1011).await;
        assert!(error.contains("<backend-protocol "), "{nonsense}: {error}");
        assert_eq!(peer.rest().await.unwrap(), "", "{nonsense}");
    }
}

#[tokio::test]
async fn backend_that_ends_the_stream_at_once_is_quoted() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.send(HEADER).await.unwrap();
    peer.send(
        "<stream:error><host-gone xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\
         </stream:stream>",
    )
    .await
    .unwrap();
    assert!(client.text().await.starts_with("<open "));
    assert!(client.text().await.contains("<host-gone "));
    assert_eq!(client.text().await, CLOSE);
    client.send(CLOSE).await;
    assert_eq!(client.event().await, Event::Closed(1000));
}

#[tokio::test]
async fn backend_may_be_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("xmpp.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let path = path.display();
    let proxy = Proxy::start(&format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = 'unix:{path}'"
    ))
    .await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = accept_unix(&listener).await.unwrap();
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
}

#[tokio::test]
async fn each_domain_has_its_own_backend() {
    let (one, other) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let table = |name: &str, backend: &FakeBackend| {
        let address = backend.address();
        format!("[[domain]]\nname = '{name}'\nbackend = '{address}'\nbackend_tls = 'none'\n")
    };
    let proxy = Proxy::start(&(table("one.test", &one) + &table("other.test", &other))).await;
    for (domain, backend) in [("other.test", &other), ("one.test", &one)] {
        let mut client = Client::connect(proxy.address).await;
        client.open(domain).await;
        let header = backend.accept().await.unwrap().open().await.unwrap();
        assert!(header.contains(&format!("to=\"{domain}\"")), "{header}");
    }
}
