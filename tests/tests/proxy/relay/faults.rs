//! What goes wrong with files on their way.

use std::time::Duration;

use couplet_tests::fake_backend::{DOMAIN, FakeBackend};
use tokio::time::sleep;
use ws_proxy::Config;
use ws_proxy::check::check;

use super::{Browser, answer, at, heard, relay, relay_of};
use crate::Proxy;
use crate::process::free_address;

async fn outcome(proxy: &Proxy, outcome: &str) {
    let sample = format!("ws_proxy_relays_total{{outcome=\"{outcome}\"}} ");
    proxy.counts(&sample, 1.0).await;
    proxy.counts("ws_proxy_relays ", 0.0).await;
}

#[tokio::test]
async fn a_host_that_is_not_there_is_a_bad_gateway() {
    let nobody = free_address();
    let proxy = relay_of(&[&format!("http://{nobody}")], super::DOMAIN).await;
    let asked = Browser::get(&proxy, &format!("/relay/{nobody}/x")).await;
    let (status, _, text) = asked.answer().await;
    assert!(
        status == 502 && text.contains("can't be reached"),
        "{status} {text}"
    );
    assert!(!text.contains("127.0.0.1"), "{text}");
    outcome(&proxy, "host-unreachable").await;
}

#[tokio::test]
async fn a_host_that_speaks_no_http_is_a_bad_gateway() {
    let (host, proxy) = relay("").await;
    for (said, text) in [
        ("SSH-2.0-OpenSSH\r\n\r\n", "can't be understood"),
        (
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n",
            "understood",
        ),
        (
            "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            "",
        ),
        ("", "can't be reached"),
    ] {
        let browser = Browser::get(&proxy, &at(&host, "/x")).await;
        let (mut peer, _) = heard(&host).await;
        peer.send(said).await.unwrap();
        drop(peer);
        let (status, _, answered) = browser.answer().await;
        assert!(
            status == 502 && answered.contains(text),
            "{said}: {status} {answered}"
        );
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_times_out() {
    let (host, proxy) = relay("relay_answer_seconds = 0.2").await;
    let browser = Browser::get(&proxy, &at(&host, "/x")).await;
    let (mut peer, _) = heard(&host).await;
    assert_eq!(browser.answer().await.0, 504);
    assert_eq!(peer.rest().await.unwrap(), "");
    outcome(&proxy, "host-timeout").await;
    let mut browser = Browser::put(&proxy, &at(&host, "/x"), 1).await;
    browser.send(b"x").await;
    let (_peer, _) = heard(&host).await;
    assert_eq!(browser.answer().await.0, 504);
    let limit = "ws_proxy_limit_hits_total{limit=\"relay_answer_seconds\"} ";
    proxy.counts(limit, 2.0).await;
}

#[tokio::test]
async fn a_host_that_hangs_in_tls_times_out() {
    let host = FakeBackend::bind().await.unwrap();
    let port = host.address().port();
    let toml = format!("{}[limits]\nbackend_tls_seconds = 0.2", super::DOMAIN);
    let proxy = relay_of(&[&format!("https://localhost:{port}")], &toml).await;
    let browser = Browser::get(&proxy, &format!("/relay/localhost:{port}/x")).await;
    let _peer = host.accept().await.unwrap();
    assert_eq!(browser.answer().await.0, 504);
}

#[tokio::test]
async fn a_file_that_breaks_off_is_never_taken_for_a_whole_one() {
    let (host, proxy) = relay("").await;
    for (head, part) in [
        ("content-length: 10", "hello"),
        ("transfer-encoding: chunked", "5\r\nhello\r\n"),
    ] {
        let mut browser = Browser::get(&proxy, &at(&host, "/x")).await;
        let (mut peer, _) = heard(&host).await;
        peer.send(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{part}"))
            .await
            .unwrap();
        drop(peer);
        let promised = browser.head().await;
        assert!(promised.contains(head), "{promised}");
        // Less than was promised, or no last chunk.
        let rest = browser.rest().await;
        assert!(!rest.contains("\r\n0\r\n") && rest.len() < 11, "{rest:?}");
    }
    let sample = "ws_proxy_relays_total{outcome=\"host-lost\"} ";
    proxy.counts(sample, 2.0).await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_file_along() {
    let (host, proxy) = relay("").await;
    let mut browser = Browser::put(&proxy, &at(&host, "/x"), 10).await;
    browser.send(b"hello").await;
    let (mut peer, _) = heard(&host).await;
    peer.expect("hello").await.unwrap();
    drop(browser);
    assert_eq!(peer.rest().await.unwrap(), "");
    outcome(&proxy, "client-lost").await;

    let browser = Browser::get(&proxy, &at(&host, "/x")).await;
    let (mut peer, _) = heard(&host).await;
    // Before there is an answer, and in the middle of one.
    drop(browser);
    assert_eq!(peer.rest().await.unwrap(), "");
    let mut browser = Browser::get(&proxy, &at(&host, "/x")).await;
    let (mut peer, _) = heard(&host).await;
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        .await
        .unwrap();
    browser.head().await;
    drop(browser);
    assert_eq!(peer.rest().await.unwrap(), "");
    proxy
        .counts("ws_proxy_relays_total{outcome=\"client-lost\"} ", 3.0)
        .await;
    proxy.counts("ws_proxy_relays ", 0.0).await;
}

#[tokio::test]
async fn what_the_host_declines_is_its_own_word() {
    let (host, proxy) = relay("").await;
    // It needn't hear all of it before.
    let mut browser = Browser::put(&proxy, &at(&host, "/x"), 1_000_000).await;
    browser.send(b"hello").await;
    let (mut peer, _) = heard(&host).await;
    peer.send(&answer("403 Forbidden", "", "no")).await.unwrap();
    let (status, _, text) = browser.answer().await;
    assert_eq!((status, text.as_str()), (403, "no"));
    outcome(&proxy, "declined-by-host").await;
}

#[tokio::test]
async fn check_says_whether_upload_hosts_can_be_reached() {
    let backend = FakeBackend::bind().await.unwrap();
    let (address, host, nobody) = (
        backend.address(),
        FakeBackend::bind().await.unwrap(),
        free_address(),
    );
    let toml = format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = '{address}'\nbackend_tls = 'none'\n\
         [relay]\nhosts = ['http://{}', 'http://{nobody}']",
        host.address()
    );
    let config = Config::from_toml(&toml, "t.toml").unwrap();
    let checking = tokio::spawn(async move { check(&config, None).await.unwrap() });
    backend.accept().await.unwrap().open().await.unwrap();
    let report = checking.await.unwrap();
    let text = report.text;
    assert!(
        !report.passed && text.contains("are relayed.\n  It can be reached."),
        "{text}"
    );
    assert!(
        text.contains("Check that the upload service runs there"),
        "{text}"
    );
}

#[tokio::test]
async fn a_slow_client_does_not_keep_a_file() {
    let limits = "stall_seconds = 0.3\nmin_relay_bytes_per_second = 100000";
    let (host, proxy) = relay(limits).await;
    let mut browser = Browser::put(&proxy, &at(&host, "/x"), 1_000_000).await;
    let (mut peer, _) = heard(&host).await;
    let trickling = async {
        loop {
            browser.send(b"x").await;
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = trickling => {}
        rest = peer.rest() => assert!(rest.unwrap().len() < 100),
    }
    assert_eq!(browser.answer().await.0, 408);
    outcome(&proxy, "client-slow").await;

    // One that takes nothing of what it asked for.
    let (host, proxy) = relay(limits).await;
    let browser = Browser::get(&proxy, &at(&host, "/x")).await;
    let (mut peer, _) = heard(&host).await;
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        .await
        .unwrap();
    let text = "x".repeat(100_000);
    while peer.flood(&text, Duration::from_secs(2)).await.is_ok() {}
    outcome(&proxy, "client-slow").await;
    drop(browser);
}

#[tokio::test]
async fn a_slow_host_does_not_keep_a_client() {
    let limits = "stall_seconds = 0.3\nmin_relay_bytes_per_second = 100000";
    let (host, proxy) = relay(limits).await;
    let mut browser = Browser::put(&proxy, &at(&host, "/x"), 50_000_000).await;
    let (_peer, _) = heard(&host).await;
    let file = vec![b'x'; 50_000_000];
    // It takes no more at some time.
    let _ = tokio::io::AsyncWriteExt::write_all(&mut browser.0, &file).await;
    outcome(&proxy, "host-slow").await;

    let (host, proxy) = relay(limits).await;
    let mut browser = Browser::get(&proxy, &at(&host, "/x")).await;
    let (mut peer, _) = heard(&host).await;
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        .await
        .unwrap();
    browser.head().await;
    assert_eq!(browser.rest().await, "hello");
    outcome(&proxy, "host-slow").await;
}
