//! How large, how many and how fast files may be.

use std::time::Duration;

use tokio::time::Instant;

use super::{Browser, answer, at, heard, relay};

#[tokio::test]
async fn a_file_has_a_length_and_no_more_than_may_be() {
    let (host, proxy) = relay("max_relay_bytes = 10").await;
    let chunked = "transfer-encoding: chunked\r\n";
    let asked = Browser::ask(&proxy, "PUT", &at(&host, "/x"), chunked).await;
    assert_eq!(asked.answer().await.0, 411);
    let asked = Browser::ask(&proxy, "PUT", &at(&host, "/x"), "").await;
    assert_eq!(asked.answer().await.0, 411);
    let asked = Browser::put(&proxy, &at(&host, "/x"), 11).await;
    assert_eq!(asked.answer().await.0, 413);

    let browser = Browser::get(&proxy, &at(&host, "/x")).await;
    let (mut peer, _) = heard(&host).await;
    peer.send(&answer("200 OK", "", "hello, hello"))
        .await
        .unwrap();
    assert_eq!(browser.answer().await.0, 502);

    // One whose length nobody knows ends where it may be no longer.
    let mut browser = Browser::get(&proxy, &at(&host, "/x")).await;
    let (mut peer, _) = heard(&host).await;
    let chunks = "5\r\nhello\r\n6\r\nhello!\r\n0\r\n\r\n";
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    peer.send(&[head, chunks].concat()).await.unwrap();
    browser.head().await;
    let rest = browser.rest().await;
    assert!(
        !rest.contains("hello!") && !rest.contains("0\r\n\r\n"),
        "{rest:?}"
    );
    let limit = "ws_proxy_limit_hits_total{limit=\"max_relay_bytes\"} ";
    proxy.counts(limit, 3.0).await;
    assert!(!host.was_called().unwrap());
}

#[tokio::test]
async fn one_address_has_so_many_files_under_way_and_all_together_so_many() {
    let toml = "max_relays = 3\nmax_relays_per_address = 2";
    let host = couplet_tests::fake_backend::FakeBackend::bind()
        .await
        .unwrap();
    let url = format!("http://{}", host.address());
    let toml = format!(
        "trusted_proxies = ['127.0.0.1']\n{}[limits]\n{toml}",
        super::DOMAIN
    );
    let proxy = super::relay_of(&[&url], &toml).await;
    let path = at(&host, "/x");
    let ask = async |client: &str| {
        Browser::ask(
            &proxy,
            "GET",
            &path,
            &format!("x-forwarded-for: {client}\r\n"),
        )
        .await
    };
    let mut held = Vec::new();
    for client in ["9.9.9.1", "9.9.9.1", "9.9.9.2"] {
        let browser = ask(client).await;
        held.push((browser, heard(&host).await));
    }
    let (status, head, _) = ask("9.9.9.1").await.answer().await;
    assert!(status == 429 && head.contains("retry-after: "), "{head}");
    let (status, head, _) = ask("9.9.9.2").await.answer().await;
    assert!(status == 503 && head.contains("retry-after: "), "{head}");
    for limit in ["max_relays", "max_relays_per_address"] {
        let sample = format!("ws_proxy_limit_hits_total{{limit=\"{limit}\"}} ");
        proxy.counts(&sample, 1.0).await;
    }
    proxy.counts("ws_proxy_relays ", 3.0).await;
    for (browser, (mut peer, _)) in held {
        peer.send(&answer("200 OK", "", "hello")).await.unwrap();
        assert_eq!(browser.answer().await.2, "hello");
    }
    proxy.counts("ws_proxy_relays ", 0.0).await;
    let browser = ask("9.9.9.1").await;
    let (mut peer, _) = heard(&host).await;
    peer.send(&answer("200 OK", "", "hello")).await.unwrap();
    assert_eq!(browser.answer().await.0, 200);
}

#[tokio::test]
async fn a_file_has_so_many_bytes_a_second() {
    let (host, proxy) = relay("max_relay_bytes_per_second = 100000").await;
    let file = "x".repeat(200_000);
    let begin = Instant::now();
    let browser = Browser::get(&proxy, &at(&host, "/x")).await;
    let (mut peer, _) = heard(&host).await;
    let served = answer("200 OK", "", &file);
    let (sent, (_, _, got)) = tokio::join!(peer.send(&served), browser.answer());
    sent.unwrap();
    assert_eq!(got.len(), file.len());
    assert!(
        begin.elapsed() > Duration::from_millis(800),
        "{:?}",
        begin.elapsed()
    );
    let limit = "ws_proxy_limit_hits_total{limit=\"max_relay_bytes_per_second\"} ";
    assert!(proxy.metric(limit).await > 0.0);
}
