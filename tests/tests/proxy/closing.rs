//! RFC 7395 3.5 and 3.6: how sessions end, in good order and otherwise.

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::FakeBackend;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::client::{CLOSE, Client, Event};
use crate::{Proxy, session};

#[tokio::test]
async fn close_from_the_client_ends_the_stream_and_is_answered() {
    let (_proxy, mut client, mut peer) = session("").await;
    client.send(CLOSE).await;
    peer.expect("</stream:stream>").await.unwrap();
    // What was under way still arrives.
    peer.send("<message/></stream:stream>").await.unwrap();
    assert!(client.text().await.starts_with("<message"));
    assert_eq!(client.text().await, CLOSE);
    assert_eq!(client.event().await, Event::Closed(1000));
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn close_from_the_client_is_answered_even_if_the_server_is_silent() {
    let (_proxy, mut client, _peer) = session("[limits]\nclose_seconds = 0.2").await;
    client
        .send("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://x'/>")
        .await;
    assert_eq!(client.text().await, CLOSE);
    assert_eq!(client.event().await, Event::Closed(1000));
}

#[tokio::test]
async fn close_before_open_is_answered() {
    let proxy = Proxy::plain(&FakeBackend::bind().await.unwrap(), "").await;
    let mut client = Client::connect(proxy.address).await;
    client.send(CLOSE).await;
    assert_eq!(client.text().await, CLOSE);
    assert_eq!(client.event().await, Event::Closed(1000));
}

#[tokio::test]
async fn the_end_of_the_servers_stream_is_close() {
    let (_proxy, mut client, mut peer) = session("").await;
    peer.send(
        "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\
         </stream:stream>",
    )
    .await
    .unwrap();
    let error = client.text().await;
    assert!(
        error.starts_with("<stream:error")
            && error.contains("xmlns:stream=\"http://etherx.jabber.org/streams\"")
            && error.contains("<conflict"),
        "{error}"
    );
    assert_eq!(client.text().await, CLOSE);
    assert_eq!(peer.rest().await.unwrap(), "</stream:stream>");
    client.send(CLOSE).await;
    assert_eq!(client.event().await, Event::Closed(1000));
}

#[tokio::test]
async fn a_client_that_does_not_answer_close_is_closed() {
    let (_proxy, mut client, mut peer) = session("[limits]\nclose_seconds = 0.2").await;
    peer.send("</stream:stream>").await.unwrap();
    assert_eq!(client.text().await, CLOSE);
    assert_eq!(client.event().await, Event::Closed(1000));
    assert_eq!(peer.rest().await.unwrap(), "</stream:stream>");
}

#[tokio::test]
async fn a_websocket_lost_without_close_leaves_the_stream_open() {
    let (_proxy, client, mut peer) = session("").await;
    client.vanish();
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn a_websocket_closed_without_close_leaves_the_stream_open() {
    let (_proxy, mut client, mut peer) = session("").await;
    client.message(Message::Close(None)).await;
    assert_eq!(peer.rest().await.unwrap(), "");
    assert_eq!(client.event().await, Event::Closed(1000));
}

#[tokio::test]
async fn a_close_code_that_may_not_be_sent_is_answered_with_1002() {
    for code in [0, 999, 1004, 1005, 1006, 1016, 2999] {
        let (_proxy, mut client, mut peer) = session("").await;
        let frame = CloseFrame {
            code: CloseCode::from(code),
            reason: "".into(),
        };
        client.message(Message::Close(Some(frame))).await;
        assert_eq!(client.event().await, Event::Closed(1002), "{code}");
        assert_eq!(peer.rest().await.unwrap(), "");
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_the_server_is_awaited_takes_its_connection_along() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let mut client = Client::connect(proxy.address).await;
    client.open("example.test").await;
    let mut peer = backend.accept().await.unwrap();
    peer.expect("<stream:stream").await.unwrap();
    client.vanish();
    assert!(!peer.rest().await.unwrap().contains("</stream:stream>"));
}

#[tokio::test]
async fn a_server_that_vanishes_closes_with_1001_and_without_close() {
    let (_proxy, mut client, mut peer) = session("").await;
    peer.send("<message/>").await.unwrap();
    drop(peer);
    assert!(client.text().await.starts_with("<message"));
    assert_eq!(client.event().await, Event::Closed(1001));
}

#[tokio::test]
async fn a_shutdown_closes_with_1012_and_leaves_the_streams_open() {
    let (mut proxy, mut client, mut peer) = session("").await;
    proxy.shut_down();
    assert_eq!(client.event().await, Event::Closed(1012));
    assert_eq!(peer.rest().await.unwrap(), "");
    timeout(PATIENCE, &mut proxy.running)
        .await
        .unwrap()
        .unwrap();
    assert!(Client::try_connect(proxy.address, |_| {}).await.is_err());
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_the_unwilling() {
    let toml = "[limits]\nclose_seconds = 0.2";
    let (mut proxy, _client, mut peer) = session(toml).await;
    let stanza = format!("<message><body>{}</body></message>", "x".repeat(9000));
    peer.flood(&stanza, std::time::Duration::from_millis(200))
        .await
        .unwrap();
    proxy.shut_down();
    timeout(PATIENCE, &mut proxy.running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn dropping_the_server_cuts_every_connection() {
    let (proxy, mut client, mut peer) = session("").await;
    drop(proxy);
    assert_eq!(client.event().await, Event::Lost);
    assert_eq!(peer.rest().await.unwrap(), "");
}
