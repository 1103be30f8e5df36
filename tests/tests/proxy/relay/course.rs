//! Files over HTTP/2, while the proxy ends, and in its log.

use std::time::Duration;

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::FakeBackend;
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::Request;

use super::{Browser, answer, at, heard, relay};
use crate::log::Log;

#[tokio::test]
async fn files_go_over_http2_and_break_off_there_too() {
    let (host, proxy) = relay("").await;
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let (mut requests, connection) = http2::Builder::new(TokioExecutor::new())
        .handshake::<_, String>(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = |method: &str, body: &str| {
        Request::builder()
            .method(method)
            .uri(format!("http://chat.test{}", at(&host, "/x")))
            .header("origin", "http://chat.test")
            .body(body.to_owned())
            .unwrap()
    };
    let put = requests.send_request(request("PUT", "hello"));
    let serve = async {
        let (mut peer, head) = heard(&host).await;
        assert!(head.contains("content-length: 5\r\n"), "{head}");
        assert!(
            head.contains(&format!("host: {}\r\n", host.address())),
            "{head}"
        );
        peer.expect("hello").await.unwrap();
        peer.send(&answer("201 Created", "", "")).await.unwrap();
    };
    let (response, ()) = tokio::join!(timeout(PATIENCE, put), serve);
    assert_eq!(response.unwrap().unwrap().status(), 201);

    for (more, whole) in [("lo", true), ("", false)] {
        let get = requests.send_request(request("GET", ""));
        let serve = async {
            let (mut peer, _) = heard(&host).await;
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel")
                .await
                .unwrap();
            peer.send(more).await.unwrap();
        };
        let (response, ()) = tokio::join!(timeout(PATIENCE, get), serve);
        let body = response.unwrap().unwrap().into_body().collect();
        let body = timeout(PATIENCE, body).await.unwrap();
        assert_eq!(body.is_ok(), whole);
    }
}

#[tokio::test]
async fn files_may_be_finished_while_the_proxy_drains() {
    let (host, mut proxy) = relay("drain_seconds = 30\nclose_seconds = 0.1").await;
    let mut up = Browser::put(&proxy, &at(&host, "/x"), 5).await;
    let (mut above, _) = heard(&host).await;
    let mut down = Browser::get(&proxy, &at(&host, "/x")).await;
    let (mut below, _) = heard(&host).await;
    below
        .send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
        .await
        .unwrap();
    down.head().await;
    proxy.drain();
    // Longer than whoever has nothing under way gets.
    tokio::time::sleep(Duration::from_millis(600)).await;
    up.send(b"hello").await;
    above.expect("hello").await.unwrap();
    above.send(&answer("201 Created", "", "")).await.unwrap();
    assert_eq!(up.answer().await.0, 201);
    below.send("hello").await.unwrap();
    assert_eq!(down.rest().await, "hello");
    timeout(PATIENCE, &mut proxy.running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn files_that_take_longer_than_draining_are_cut() {
    let (host, mut proxy) = relay("drain_seconds = 0.1\nclose_seconds = 0.1").await;
    let mut browser = Browser::put(&proxy, &at(&host, "/x"), 10).await;
    browser.send(b"hello").await;
    let (mut peer, _) = heard(&host).await;
    peer.expect("hello").await.unwrap();
    proxy.drain();
    timeout(PATIENCE, &mut proxy.running)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn who_knows_the_log_does_not_know_the_files() {
    let log = Log::start();
    let (host, proxy) = relay("").await;
    let headers = "slot-authorization: Bearer sesame\r\ncontent-length: 5\r\n";
    let path = at(&host, "/secret-path/x?secret-key");
    let mut browser = Browser::ask(&proxy, "PUT", &path, headers).await;
    browser.send(b"whisp").await;
    let (mut peer, _) = heard(&host).await;
    peer.expect("whisp").await.unwrap();
    peer.send(&answer("201 Created", "", "")).await.unwrap();
    browser.answer().await;
    let browser = Browser::get(&proxy, &path).await;
    drop(heard(&host).await);
    assert_eq!(browser.answer().await.0, 502);
    proxy
        .counts("ws_proxy_relays_total{outcome=\"host-lost\"} ", 1.0)
        .await;
    let text = log.text();
    let ours: Vec<_> = text
        .lines()
        .filter(|line| line.contains("ws_proxy"))
        .collect();
    let line = |words: &str| ours.iter().find(|line| line.contains(words)).unwrap();
    for word in [
        "\"outcome\":\"carried\"",
        "\"bytes\":5",
        "\"status\":201",
        "\"method\":\"PUT\"",
    ] {
        assert!(line("file relayed").contains(word), "{word}: {text}");
    }
    let failed = line("file not relayed");
    assert!(
        failed.contains("\"INFO\"") && failed.contains("host-lost"),
        "{failed}"
    );
    assert!(failed.contains(&host.address().to_string()), "{failed}");
    for secret in ["secret", "sesame", "whisp"] {
        assert!(
            ours.iter().all(|line| !line.contains(secret)),
            "{secret}: {text}"
        );
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_unless_that_is_allowed() {
    let everywhere = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    let host = FakeBackend::bind_at(everywhere).await.unwrap();
    let port = host.address().port();
    // This machine, by what a lookup says of it.
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let name = name.trim().to_lowercase();
    let url = format!("https://{name}:{port}");
    let path = format!("/relay/{name}:{port}/x");
    let log = Log::start();
    let proxy = super::relay_of(&[&url], super::DOMAIN).await;
    let asked = Browser::get(&proxy, &path).await;
    assert_eq!(asked.answer().await.0, 502);
    let text = log.text();
    assert!(text.contains("isn't a public address"), "{text}");
    let toml = format!(
        "{}[relay]\nhosts = ['{url}']\nallow_private_addresses = true",
        super::DOMAIN
    );
    let proxy = crate::Proxy::start(&toml).await;
    let _browser = Browser::get(&proxy, &path).await;
    host.accept().await.unwrap();
    assert!(!host.was_called().unwrap());
}
