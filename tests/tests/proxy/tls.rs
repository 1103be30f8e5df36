//! TLS on both sides: required, verified, and what is said when it fails.

use std::sync::Arc;

use couplet_tests::fake_backend::{Authority, DOMAIN, FEATURES, FakeBackend, HEADER};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::Proxy;
use crate::client::{CLOSE, Client, Event};

/// A server with TLS, a proxy that trusts its authority, and a client that is
/// opening its stream.
struct Setup {
    _directory: TempDir,
    authority: Authority,
    backend: FakeBackend,
    proxy: Proxy,
}

impl Setup {
    async fn new(security: &str, limits: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new(directory.path()).unwrap();
        let backend = FakeBackend::bind().await.unwrap();
        let (address, ca) = (backend.address(), authority.pem().display());
        let proxy = Proxy::start(&format!(
            "[[domain]]\nname = '{DOMAIN}'\nbackend = '{address}'\nbackend_tls = '{security}'\n\
             backend_ca = '{ca}'\n{limits}"
        ))
        .await;
        Self {
            _directory: directory,
            authority,
            backend,
            proxy,
        }
    }

    fn acceptor(&self) -> TlsAcceptor {
        self.authority.acceptor(DOMAIN, false).unwrap()
    }

    fn failure(&self) -> tokio::task::JoinHandle<String> {
        tokio::spawn(Client::failure(
            self.proxy.address,
            "remote-connection-failed",
            1011,
        ))
    }
}

#[tokio::test]
async fn starttls_comes_before_anything_about_the_client() {
    let setup = Setup::new("starttls", "").await;
    let mut client = Client::connect(setup.proxy.address).await;
    client
        .send(
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='me@example.test' \
             to='example.test' version='1.0' xml:lang='de'/>",
        )
        .await;
    let mut peer = setup.backend.accept().await.unwrap();
    let header = peer.proceed().await.unwrap();
    assert!(
        header.contains("to=\"example.test\"") && !header.contains("me@"),
        "{header}"
    );
    let (mut peer, _) = peer.tls(&setup.acceptor()).await.unwrap();
    let header = peer.open().await.unwrap();
    assert!(header.contains("from=\"me@example.test\""), "{header}");
    assert!(client.text().await.starts_with("<open "));
    assert!(client.text().await.starts_with("<stream:features"));
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
}

#[tokio::test]
async fn direct_tls_offers_xmpp_client_by_alpn() {
    let setup = Setup::new("direct", "").await;
    let mut client = Client::connect(setup.proxy.address).await;
    client.open(DOMAIN).await;
    let peer = setup.backend.accept().await.unwrap();
    let (mut peer, alpn) = peer.tls(&setup.acceptor()).await.unwrap();
    assert_eq!(alpn.as_deref(), Some(&b"xmpp-client"[..]));
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
    client.vanish();
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn backend_without_starttls_learns_nothing() {
    let setup = Setup::new("starttls", "").await;
    let failure = setup.failure();
    let mut peer = setup.backend.accept().await.unwrap();
    peer.send(HEADER).await.unwrap();
    peer.send(
        "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>",
    )
    .await
    .unwrap();
    assert!(failure.await.unwrap().contains("<backend-protocol "));
    let heard = peer.rest().await.unwrap();
    assert_eq!(
        heard.matches('<').count(),
        2,
        "more than one header: {heard}"
    );
}

#[tokio::test]
async fn backend_that_refuses_starttls_learns_nothing() {
    let setup = Setup::new("starttls", "").await;
    let failure = setup.failure();
    let mut peer = setup.backend.accept().await.unwrap();
    peer.open().await.unwrap();
    peer.expect("<starttls").await.unwrap();
    peer.send("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>")
        .await
        .unwrap();
    assert!(failure.await.unwrap().contains("<backend-protocol "));
}

#[tokio::test]
async fn nothing_can_be_slipped_in_between_proceed_and_tls() {
    let setup = Setup::new("starttls", "").await;
    let failure = setup.failure();
    let mut peer = setup.backend.accept().await.unwrap();
    peer.open().await.unwrap();
    peer.expect("<starttls").await.unwrap();
    peer.send("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message/>")
        .await
        .unwrap();
    assert!(failure.await.unwrap().contains("<backend-protocol "));
}

#[tokio::test]
async fn backend_that_refuses_the_stream_before_tls_is_quoted() {
    let setup = Setup::new("starttls", "").await;
    let mut client = Client::connect(setup.proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = setup.backend.accept().await.unwrap();
    peer.send(HEADER).await.unwrap();
    peer.send(
        "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\
         </stream:stream>",
    )
    .await
    .unwrap();
    assert!(client.text().await.starts_with("<open "));
    let error = client.text().await;
    assert!(
        error.starts_with("<stream:error") && error.contains("<host-unknown "),
        "{error}"
    );
    assert_eq!(client.text().await, CLOSE);
    assert_eq!(client.event().await, Event::Closed(1000));
}

#[tokio::test]
async fn backend_certificate_must_be_trusted() {
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = Authority::new(elsewhere.path()).unwrap();
    for security in ["direct", "starttls"] {
        let setup = Setup::new(security, "").await;
        let own = &setup.authority;
        for (acceptor, reason) in [
            (
                stranger.acceptor(DOMAIN, false),
                "an authority that nobody here trusts",
            ),
            (own.acceptor("other.test", false), "is for another name"),
            (own.acceptor(DOMAIN, true), "has expired"),
        ] {
            let failure = setup.failure();
            let mut peer = setup.backend.accept().await.unwrap();
            if security == "starttls" {
                peer.proceed().await.unwrap();
            }
            assert!(peer.tls(&acceptor.unwrap()).await.is_err());
            let error = failure.await.unwrap();
            assert!(
                error.contains("<backend-certificate ") && error.contains(reason),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn backend_that_hangs_in_tls_times_out() {
    let setup = Setup::new("direct", "[limits]\nbackend_tls_seconds = 0.2").await;
    let failure = setup.failure();
    let _peer = setup.backend.accept().await.unwrap();
    assert!(failure.await.unwrap().contains("<backend-timeout "));
    setup.proxy.bites("backend_tls_seconds").await;
}

#[tokio::test]
async fn backend_that_hangs_in_starttls_times_out() {
    let setup = Setup::new("starttls", "[limits]\nbackend_open_seconds = 1").await;
    let failure = setup.failure();
    let mut peer = setup.backend.accept().await.unwrap();
    peer.open().await.unwrap();
    assert!(failure.await.unwrap().contains("<backend-timeout "));
}

#[tokio::test]
async fn backend_that_speaks_no_tls_is_told_from_one_that_is_away() {
    let setup = Setup::new("direct", "").await;
    let failure = setup.failure();
    let mut peer = setup.backend.accept().await.unwrap();
    peer.send(HEADER).await.unwrap();
    peer.send(FEATURES).await.unwrap();
    assert!(failure.await.unwrap().contains("<backend-protocol "));
}

/// The proxy with a certificate of its own.
pub(crate) async fn own_tls(limits: &str) -> (TempDir, Proxy, Authority, FakeBackend) {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path()).unwrap();
    let (certificate, key) = authority.issue("localhost", false).unwrap();
    let (cert_file, key_file) = (
        directory.path().join("c.pem"),
        directory.path().join("k.pem"),
    );
    std::fs::write(&cert_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let backend = FakeBackend::bind().await.unwrap();
    let (cert_file, key_file, address) =
        (cert_file.display(), key_file.display(), backend.address());
    let proxy = Proxy::start(&format!(
        "tls_cert = '{cert_file}'\ntls_key = '{key_file}'\n[[domain]]\nname = '{DOMAIN}'\n\
         backend = '{address}'\nbackend_tls = 'none'\n{limits}"
    ))
    .await;
    (directory, proxy, authority, backend)
}

/// A browser's side of TLS that trusts `authority` alone and offers `protocols` by
/// ALPN.
pub(crate) fn connector(authority: &Authority, protocols: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(authority.pem()).unwrap();
    let certificate = rustls::pki_types::pem::PemObject::from_pem_slice(&pem).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|protocol| protocol.as_bytes().to_vec())
        .collect();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn browsers_may_come_over_tls() {
    let (_directory, proxy, authority, backend) = own_tls("").await;
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connector(&authority, &["http/1.1"])
        .connect(name, stream)
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let connecting = Client::connect_over(Box::new(stream), proxy.address, |_| {});
    let (mut client, _) = connecting.await.unwrap();
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
}

#[tokio::test]
async fn pages_over_tls_are_to_be_asked_for_over_tls_from_then_on() {
    let (_directory, proxy, authority, _backend) = own_tls("").await;
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector(&authority, &["http/1.1"])
        .connect(name, stream)
        .await
        .unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(
        answer.contains("\r\nstrict-transport-security: max-age="),
        "{answer}"
    );
}

#[tokio::test]
async fn handshakes_that_never_finish_are_dropped_and_others_are_unaffected() {
    let (_directory, proxy, authority, _backend) = own_tls("[limits]\nhandshake_seconds = 1").await;
    let mut hanging = Vec::new();
    for _ in 0..90 {
        hanging.push(TcpStream::connect(proxy.address).await.unwrap());
    }
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connector(&authority, &["http/1.1"])
        .connect(name, stream)
        .await
        .unwrap();
    let connecting = Client::connect_over(Box::new(stream), proxy.address, |_| {});
    assert!(connecting.await.is_ok());
    for mut stream in hanging {
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
    }
    proxy
        .counts(
            "ws_proxy_limit_hits_total{limit=\"handshake_seconds\"}",
            90.0,
        )
        .await;
}

#[tokio::test]
async fn a_browser_that_hangs_in_tls_is_dropped() {
    let (_directory, proxy, _authority, _backend) =
        own_tls("[limits]\nhandshake_seconds = 0.2").await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
}
