//! What `--check` finds, and what it says to do.

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::{Authority, DOMAIN, FakeBackend};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use ws_proxy::Config;
use ws_proxy::check::{Report, check};
use ws_proxy::config::ProbeUrl;

use crate::Proxy;

#[tokio::test]
async fn check_says_whether_it_would_work() {
    let backend = FakeBackend::bind().await.unwrap();
    let toml = format!(
        "[[domain]]\nname = 'example.test'\nbackend = '{}'\nbackend_tls = 'none'\n\
         [limits]\nbackend_open_seconds = 1",
        backend.address()
    );
    let config = Config::from_toml(&toml, "t.toml").unwrap();
    let checking = tokio::spawn({
        let config = config.clone();
        async move { check(&config, None).await.unwrap() }
    });
    backend.accept().await.unwrap().open().await.unwrap();
    let report = checking.await.unwrap();
    assert!(report.passed, "{}", report.text);

    let report = check(&config, None).await.unwrap();
    assert!(
        !report.passed && report.text.contains("took too long"),
        "{}",
        report.text
    );
}

#[tokio::test]
async fn check_says_what_to_do_about_a_server_that_is_not_there() {
    let toml =
        format!("[[domain]]\nname = '{DOMAIN}'\nbackend = '127.0.0.1:1'\nbackend_tls = 'none'");
    let config = Config::from_toml(&toml, "t.toml").unwrap();
    let report = check(&config, None).await.unwrap();
    assert!(!report.passed);
    assert!(
        report.text.contains("Check that the server runs"),
        "{}",
        report.text
    );
}

#[tokio::test]
async fn check_says_what_to_do_about_a_certificate_that_is_not_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path()).unwrap();
    let backend = FakeBackend::bind().await.unwrap();
    let toml = format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = '{}'\nbackend_tls = 'direct'",
        backend.address()
    );
    let checking = checking(&toml, None);
    let peer = backend.accept().await.unwrap();
    assert!(
        peer.tls(&authority.acceptor(DOMAIN, false).unwrap())
            .await
            .is_err()
    );
    let report = checking.await.unwrap();
    assert!(!report.passed);
    assert!(
        report.text.contains("name its authority in backend_ca"),
        "{}",
        report.text
    );
}

fn checking(toml: &str, url: Option<String>) -> tokio::task::JoinHandle<Report> {
    let config = Config::from_toml(toml, "t.toml").unwrap();
    tokio::spawn(async move {
        let url: Option<ProbeUrl> = url.map(|url| url.parse().unwrap());
        check(&config, url.as_ref()).await.unwrap()
    })
}

/// A server in front that forwards a request's lines as `edit` leaves them, and
/// then carries bytes both ways.
async fn front(proxy: &Proxy, edit: fn(&str) -> Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let behind = proxy.address;
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            request.push(client.read_u8().await.unwrap().into());
        }
        let forwarded: String = request.split_inclusive("\r\n").filter_map(edit).collect();
        let mut server = TcpStream::connect(behind).await.unwrap();
        server.write_all(forwarded.as_bytes()).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    format!("http://{address}")
}

/// What is said about a proxy behind such a server.
async fn behind(edit: fn(&str) -> Option<String>) -> Report {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let url = front(&proxy, edit).await;
    let toml = format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = '{}'\nbackend_tls = 'none'",
        backend.address()
    );
    let checking = checking(&toml, Some(url));
    let serving = tokio::spawn(async move {
        let mut peers = Vec::new();
        loop {
            let mut peer = backend.accept().await.unwrap();
            peer.open().await.unwrap();
            peers.push(peer);
        }
    });
    let report = timeout(PATIENCE, checking).await.unwrap().unwrap();
    serving.abort();
    report
}

#[tokio::test]
async fn check_says_that_a_server_in_front_should_be_trusted() {
    let toml = |trusted: &str| {
        format!(
            "public_url = 'https://localhost:1'\n{trusted}[[domain]]\nname = '{DOMAIN}'\n\
             backend = '127.0.0.1:1'\nbackend_tls = 'none'"
        )
    };
    let text = checking(&toml(""), None).await.unwrap().text;
    assert!(text.contains("name it in trusted_proxies"), "{text}");
    let trusting = toml("trusted_proxies = ['127.0.0.1']\n");
    let text = checking(&trusting, None).await.unwrap().text;
    assert!(!text.contains("trusted_proxies"), "{text}");
}

#[tokio::test]
async fn check_opens_a_session_through_what_stands_in_front() {
    let report = behind(|line| Some(line.to_owned())).await;
    assert!(report.passed, "{}", report.text);
    assert!(
        report.text.contains("A session can be opened there"),
        "{}",
        report.text
    );
}

#[tokio::test]
async fn check_finds_a_server_in_front_that_eats_upgrades() {
    let report = behind(|line| {
        let lower = line.to_lowercase();
        let eaten = lower.starts_with("upgrade:") || lower.starts_with("connection:");
        (!eaten).then(|| line.to_owned())
    })
    .await;
    assert!(!report.passed);
    assert!(report.text.contains("eats the upgrade"), "{}", report.text);
    assert!(
        report.text.contains("proxy_set_header Upgrade"),
        "{}",
        report.text
    );
}

#[tokio::test]
async fn check_finds_a_server_in_front_that_eats_the_subprotocol() {
    let report = behind(|line| {
        let eaten = line.to_lowercase().starts_with("sec-websocket-protocol:");
        (!eaten).then(|| line.to_owned())
    })
    .await;
    assert!(!report.passed);
    assert!(
        report.text.contains("eats Sec-WebSocket-Protocol"),
        "{}",
        report.text
    );
}

#[tokio::test]
async fn check_finds_a_server_in_front_that_changes_host() {
    let report = behind(|line| {
        let is_host = line.to_lowercase().starts_with("host:");
        Some(if is_host { "Host: inside\r\n" } else { line }.to_owned())
    })
    .await;
    assert!(!report.passed);
    assert!(report.text.contains("Set public_url"), "{}", report.text);
}

#[tokio::test]
async fn check_fails_for_a_url_where_nothing_answers_but_not_for_the_configurations_own() {
    let backend = FakeBackend::bind().await.unwrap();
    let domain = format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = '{}'\nbackend_tls = 'none'",
        backend.address()
    );
    let nowhere = "http://127.0.0.1:1";
    for (toml, url, passed) in [
        (domain.clone(), Some(nowhere.to_owned()), false),
        (format!("public_url = '{nowhere}'\n{domain}"), None, true),
    ] {
        let checking = checking(&toml, url);
        backend.accept().await.unwrap().open().await.unwrap();
        let report = checking.await.unwrap();
        assert_eq!(report.passed, passed, "{}", report.text);
        assert!(
            report.text.contains("nothing answers at 127.0.0.1:1"),
            "{}",
            report.text
        );
    }
}
