//! A changed configuration, and the sessions that don't notice.

use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;

use couplet_tests::fake_backend::{Authority, DOMAIN, FakeBackend};
use couplet_tests::until;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use ws_proxy::systemd::Inherited;
use ws_proxy::{BindError, Config, Server};

use crate::client::Client;
use crate::{Proxy, another_session};

fn toml(backend: &FakeBackend, name: &str, rest: &str) -> String {
    let address = backend.address();
    format!("[[domain]]\nname = '{name}'\nbackend = '{address}'\nbackend_tls = 'none'\n{rest}")
}

impl Proxy {
    /// As it was started, with `rest` in the domain's table.
    pub(crate) fn reload_same(&self, backend: &FakeBackend, rest: &str) {
        self.reload(&toml(backend, DOMAIN, rest)).unwrap();
    }

    fn reload(&self, toml: &str) -> Result<Vec<&'static str>, BindError> {
        let (address, admin) = (self.address, self.admin.unwrap());
        let toml = format!("listen = '{address}'\nadmin_listen = '{admin}'\n{toml}");
        self.handle
            .reload(Config::from_toml(&toml, "t.toml").unwrap())
    }
}

#[tokio::test]
async fn sessions_outlive_a_change_of_domains_and_backends() {
    let (one, other) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let proxy = Proxy::plain(&one, "").await;
    let (mut client, mut peer) = another_session(&proxy, &one).await;
    // The listeners were asked for at port 0, which is another one now.
    let stay = proxy.reload(&toml(&other, DOMAIN, "")).unwrap();
    assert_eq!(stay, ["listen", "admin_listen"]);
    let _at_the_new_backend = another_session(&proxy, &other).await;
    proxy.reload(&toml(&other, "new.test", "")).unwrap();
    let mut stranger = Client::connect(proxy.address).await;
    stranger.open(DOMAIN).await;
    stranger.opening_error("host-unknown", 1008).await;
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
    proxy.counts("ws_proxy_sessions ", 2.0).await;
}

#[tokio::test]
async fn certificates_that_will_come_by_themselves_wait_for_a_restart_and_the_rest_does_not() {
    let (one, other) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let proxy = Proxy::plain(&one, "").await;
    let address = other.address();
    let toml = format!(
        "tls_cert = '/nowhere/cert.pem'\ntls_key = '/nowhere/key.pem'\n\
         [[domain]]\nname = '{DOMAIN}'\nbackend = '{address}'\nbackend_tls = 'none'\n\
         [acme]\nnames = ['chat.example.test']\naccept_terms = true"
    );
    let stay = proxy.reload(&toml).unwrap();
    assert_eq!(stay, ["listen", "admin_listen", "acme", "tls_cert"]);
    let _at_the_new_backend = another_session(&proxy, &other).await;
}

#[tokio::test]
async fn limits_change_for_those_that_connect_later() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let _first = another_session(&proxy, &backend).await;
    proxy
        .reload(&toml(&backend, DOMAIN, "[limits]\nmax_sessions = 1"))
        .unwrap();
    let (status, _) = Client::refusal(proxy.address, |_| {}).await;
    assert_eq!(status, 503);
    proxy
        .reload(&toml(&backend, DOMAIN, "[limits]\nmax_sessions = 2"))
        .unwrap();
    let _second = another_session(&proxy, &backend).await;
}

#[tokio::test]
async fn what_cannot_be_used_changes_nothing() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let broken = format!(
        "static_dir = '/nonexistent'\n{}",
        toml(&backend, "new.test", "")
    );
    assert!(proxy.reload(&broken).is_err());
    let _session = another_session(&proxy, &backend).await;
}

#[tokio::test]
async fn a_changed_certificate_is_noticed_and_no_session_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (directory.path().join("old"), directory.path().join("new"));
    std::fs::create_dir(&old).unwrap();
    std::fs::create_dir(&new).unwrap();
    let (old, new) = (Authority::new(&old).unwrap(), Authority::new(&new).unwrap());
    let (cert_file, key_file) = (
        directory.path().join("c.pem"),
        directory.path().join("k.pem"),
    );
    let write = |authority: &Authority| {
        let (certificate, key) = authority.issue("localhost", false).unwrap();
        std::fs::write(&cert_file, certificate.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
    };
    write(&old);
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::start(&format!(
        "tls_cert = '{}'\ntls_key = '{}'\n{}",
        cert_file.display(),
        key_file.display(),
        toml(&backend, DOMAIN, "")
    ))
    .await;
    let connect = async |authority: &Authority| {
        let stream = TcpStream::connect(proxy.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connected = crate::tls::connector(authority, &["http/1.1"])
            .connect(name, stream)
            .await;
        connected.ok()
    };
    let stream = connect(&old).await.unwrap();
    let connecting = Client::connect_over(Box::new(stream), proxy.address, |_| {});
    let (mut client, _) = connecting.await.unwrap();
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.open().await.unwrap();
    client.text().await;
    client.text().await;

    write(&new);
    until("the new certificate", || async { Ok(connect(&new).await) })
        .await
        .unwrap();
    assert!(connect(&old).await.is_none());
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
}

/// fcntl(2), on Linux.
const O_NONBLOCK: i32 = 0o4000;

#[tokio::test]
async fn a_socket_that_was_passed_and_is_none_is_named() {
    let config = || {
        let toml = format!("[[domain]]\nname = '{DOMAIN}'\nbackend = 'unix:/none'");
        Config::from_toml(&toml, "t.toml").unwrap()
    };
    let no_socket = || {
        let file = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(O_NONBLOCK)
            .open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .unwrap();
        Some(std::net::TcpListener::from(OwnedFd::from(file)))
    };
    let socket = || {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        Some(socket)
    };
    for (public, admin, key) in [
        (no_socket(), socket(), "listen: "),
        (socket(), no_socket(), "admin_listen: "),
    ] {
        let error = Server::bind_with(config(), Inherited { public, admin })
            .await
            .unwrap_err();
        assert!(error.to_string().starts_with(key), "{error}");
    }
}
