//! A file is never in memory as a whole.

use std::time::Duration;

use couplet_tests::fake_backend::{FakeBackend, Peer};
use couplet_tests::proxy::Proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::at;

const FILE: usize = 500_000_000;
const PIECE: usize = 1_000_000;
const MOST_GROWTH: u64 = 8_000_000;

/// As long nothing has moved when nothing moves any more.
const PAUSE: Duration = Duration::from_millis(500);

/// A process, and what it has before there is a file.
async fn running(host: &FakeBackend) -> (Proxy, u64) {
    let url = format!("http://{}", host.address());
    let limits = format!("max_relay_bytes_per_second={}", u32::MAX);
    let domain = [
        "--domain",
        "example.test",
        "--backend",
        "localhost",
        "--backend-tls",
        "none",
    ];
    let relay = ["--relay", &url, "--limit", &limits];
    let proxy = Proxy::start(&[&domain[..], &relay].concat()).await.unwrap();
    // What the first one of all takes is not the file's.
    let (mut peer, browser) = request(&proxy, host, "GET", 0).await;
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    finish(browser).await;
    let memory = proxy.memory().unwrap();
    (proxy, memory)
}

async fn request(
    proxy: &Proxy,
    host: &FakeBackend,
    method: &str,
    length: usize,
) -> (Peer, TcpStream) {
    let mut browser = TcpStream::connect(proxy.address()).await.unwrap();
    let path = at(host, "/x");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: chat.test\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n"
    );
    browser.write_all(head.as_bytes()).await.unwrap();
    let mut peer = match host.accept().await {
        Ok(peer) => peer,
        Err(error) => {
            let mut answer = vec![0; 1_000];
            let read = timeout(PAUSE, browser.read(&mut answer)).await;
            let answer = String::from_utf8_lossy(&answer);
            panic!("the host: {error:#}; the browser: {read:?} {answer}");
        }
    };
    peer.expect("\r\n\r\n").await.unwrap();
    (peer, browser)
}

/// How much comes until the end.
async fn finish(mut browser: TcpStream) -> usize {
    let mut piece = vec![0; PIECE];
    let mut all = 0;
    loop {
        match browser.read(&mut piece).await.unwrap() {
            0 => return all,
            read => all += read,
        }
    }
}

#[tokio::test]
async fn a_file_of_500_mb_goes_up_and_the_memory_does_not() {
    let host = FakeBackend::bind().await.unwrap();
    let (proxy, before) = running(&host).await;
    let (mut peer, mut browser) = request(&proxy, &host, "PUT", FILE).await;
    let piece = vec![b'x'; PIECE];
    // Its end waits while the host doesn't read, wherever that is: not in the proxy.
    let mut left = FILE;
    while let Ok(written) = timeout(PAUSE, browser.write(&piece)).await {
        left -= written.unwrap();
    }
    let mut most = proxy.memory().unwrap();
    let sending = tokio::spawn(async move {
        while left > 0 {
            let next = left.min(PIECE);
            browser.write_all(&piece[..next]).await.unwrap();
            left -= next;
        }
        browser
    });
    for number in 0..FILE / PIECE {
        peer.expect_bytes(PIECE).await.unwrap();
        if number % 10 == 0 {
            most = most.max(proxy.memory().unwrap());
        }
    }
    let browser = sending.await.unwrap();
    peer.send("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    finish(browser).await;
    assert!(most < before + MOST_GROWTH, "from {before} to {most}");
}

#[tokio::test]
async fn a_file_of_500_mb_comes_down_and_the_memory_does_not_go_up() {
    let host = FakeBackend::bind().await.unwrap();
    let (proxy, before) = running(&host).await;
    let (mut peer, browser) = request(&proxy, &host, "GET", 0).await;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {FILE}\r\n\r\n");
    peer.send(&head).await.unwrap();
    // Its end waits while nobody reads, wherever that is: not in the proxy.
    let piece = "x".repeat(PIECE);
    let waiting = peer.flood(&piece, PAUSE).await.unwrap();
    let mut most = proxy.memory().unwrap();
    let reading = tokio::spawn(finish(browser));
    let mut left = FILE - waiting;
    while left > 0 {
        let next = left.min(PIECE);
        peer.send(&piece[..next]).await.unwrap();
        left -= next;
        if left % (10 * PIECE) < PIECE {
            most = most.max(proxy.memory().unwrap());
        }
    }
    assert!(reading.await.unwrap() > FILE);
    assert!(most < before + MOST_GROWTH, "from {before} to {most}");
}
