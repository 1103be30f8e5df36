//! What the log says, and what it never says.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, SUCCESS};
use couplet_tests::until;
use serde_json::Value;
use tracing::level_filters::LevelFilter;

use crate::client::{CLOSE, Client, Event, open_to};
use crate::{Proxy, another_session, session};

thread_local! {
    /// What this thread's test has logged, if it wants to know.
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Sends the log to whichever test is about it. There is one subscriber for all
/// threads: `tracing` remembers for each line of code whether anybody listens, and
/// with a subscriber a thread it may ask a thread that has none.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing_subscriber::fmt()
            .json()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(|| ThisThread)
            .init();
    });
}

struct ThisThread;

impl io::Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.iter_mut().for_each(|lines| lines.extend(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of everything that runs in this thread, down to TRACE.
pub(crate) struct Log;

impl Log {
    pub(crate) fn start() -> Self {
        LINES.set(Some(Vec::new()));
        Self
    }

    pub(crate) fn text(&self) -> String {
        LINES.with_borrow(|lines| String::from_utf8(lines.clone().unwrap()).unwrap())
    }

    /// Its lines from INFO up.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["level"] != "DEBUG" && line["level"] != "TRACE")
            .collect()
    }

    /// The same, once there are `count` of them.
    async fn at_least(&self, count: usize) -> Vec<Value> {
        until("the log's lines", || async {
            Ok(Some(self.lines()).filter(|lines| lines.len() >= count))
        })
        .await
        .unwrap()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

#[tokio::test]
async fn no_body_and_no_credential_is_ever_logged_and_no_address_at_info() {
    let log = Log::start();
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let (mut client, mut peer) = another_session(&proxy, &backend).await;
    client
        .send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>c2VjcmV0</auth>")
        .await;
    peer.expect("</auth>").await.unwrap();
    peer.send(SUCCESS).await.unwrap();
    client.text().await;
    let stanza =
        "<message xmlns='jabber:client' to='romeo@example.test/x'><body>whisper</body></message>";
    client.send(stanza).await;
    peer.expect("</message>").await.unwrap();
    peer.send(stanza).await.unwrap();
    client.text().await;
    client
        .send("<message to='romeo@example.test/x'><body>whisper</message>")
        .await;
    client.stream_error("not-well-formed", 1008).await;

    let mut client = Client::connect(proxy.address).await;
    client.send(&open_to("romeo@example.test")).await;
    client.opening_error("host-unknown", 1008).await;

    let lines = log.at_least(3).await;
    let text = log.text();
    assert!(
        !text.contains("whisper") && !text.contains("c2VjcmV0"),
        "{text}"
    );
    assert!(
        lines.iter().all(|line| !line.to_string().contains("romeo")),
        "{text}"
    );
}

#[tokio::test]
async fn a_fault_is_one_line_with_its_name_and_its_session() {
    let log = Log::start();
    let (_proxy, mut client, mut peer) = session("").await;
    client.send("<a>").await;
    client.stream_error("not-well-formed", 1008).await;
    peer.rest().await.unwrap();
    let lines = log.at_least(2).await;
    let faults: Vec<_> = lines
        .iter()
        .filter(|line| !line["fields"]["fault"].is_null())
        .collect();
    assert_eq!(faults.len(), 1, "{lines:?}");
    assert_eq!(faults[0]["fields"]["fault"], "bad-frame");
    assert_eq!(
        faults[0]["span"]["id"].as_str().map(str::len),
        Some(8),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .all(|line| line["span"]["id"] == faults[0]["span"]["id"]),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_session_that_ends_in_good_order_has_no_fault() {
    let log = Log::start();
    let (_proxy, mut client, mut peer) = session("").await;
    client.send(CLOSE).await;
    peer.expect("</stream:stream>").await.unwrap();
    peer.send("</stream:stream>").await.unwrap();
    client.text().await;
    assert_eq!(client.event().await, Event::Closed(1000));
    let lines = log.at_least(2).await;
    assert!(
        lines.iter().all(|line| line["fields"]["fault"].is_null()),
        "{lines:?}"
    );
    assert_eq!(lines[0]["fields"]["domain"], DOMAIN);
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[tokio::test]
async fn the_site_around_a_chat_is_logged_if_it_is_one_of_the_domains() {
    let log = Log::start();
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "sites = ['https://a.example']").await;
    let ours = format!("http://{}", proxy.address);
    let mut held = Vec::new();
    for site in ["https://a.example", "https://b.example"] {
        let mut client = Client::connect_within(proxy.address, &ours, site).await;
        client.open(DOMAIN).await;
        let mut peer = backend.accept().await.unwrap();
        peer.open().await.unwrap();
        client.text().await;
        held.push((client, peer));
    }
    let lines = log.at_least(2).await;
    assert_eq!(lines[0]["fields"]["site"], "https://a.example");
    assert!(lines[1]["fields"]["site"].is_null(), "{lines:?}");
}
