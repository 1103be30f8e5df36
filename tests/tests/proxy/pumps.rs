//! The two directions of a session, and the sessions of a proxy, don't get into
//! each other's way.

use std::time::Duration;

use couplet_tests::fake_backend::FakeBackend;

use crate::client::{CLOSE, Event};
use crate::{Proxy, another_session, signed_in};

/// More than the kernel and the proxy hold for one direction would be this many
/// bytes and then some.
const BUFFERS: usize = 24 * 1024 * 1024;

fn stanza(id: usize) -> String {
    format!(
        "<message id='{id}'><body>{}</body></message>",
        "x".repeat(50_000)
    )
}

#[tokio::test]
async fn slow_browser_does_not_stall_the_other_direction() {
    let (_proxy, mut client, mut peer) = signed_in("").await;
    let taken = peer
        .flood(&stanza(1), Duration::from_millis(300))
        .await
        .unwrap();
    assert!(
        taken < BUFFERS,
        "the proxy took {taken} bytes that nobody reads"
    );
    for id in 0..10 {
        client.send(&format!("<a xmlns='b' id='{id}'/>")).await;
        peer.expect(&format!("id='{id}'/>")).await.unwrap();
    }
}

#[tokio::test]
async fn slow_backend_does_not_stall_the_other_direction() {
    let (_proxy, mut client, mut peer) = signed_in("").await;
    let stanza = stanza(1).replacen("<message", "<message xmlns='jabber:client'", 1);
    client.flood(&stanza, Duration::from_millis(300)).await;
    for id in 0..10 {
        peer.send(&format!("<b id='{id}'/>")).await.unwrap();
        assert!(client.text().await.contains(&format!("id='{id}'")));
    }
}

#[tokio::test]
async fn everything_arrives_in_order_however_slowly_it_is_read() {
    let (_proxy, mut client, mut peer) = signed_in("").await;
    let sending = tokio::spawn(async move {
        for id in 0..300 {
            peer.send(&stanza(id)).await.unwrap();
        }
        peer
    });
    for id in 0..300 {
        let message = client.text().await;
        assert!(message.contains(&format!("id='{id}'")) && message.ends_with("</message>"));
    }
    sending.await.unwrap();
}

#[tokio::test]
async fn nothing_leaks_into_another_session() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(another_session(&proxy, &backend).await);
    }
    for (id, (client, peer)) in sessions.iter_mut().enumerate() {
        client.send(&format!("<a xmlns='b' id='{id}'/>")).await;
        peer.send(&format!("<message id='{id}'/>")).await.unwrap();
    }
    // One client misbehaves, one server does, one client is cut off in mid-frame.
    let (mut client, mut peer) = sessions.remove(0);
    client.send("<half><a stanza").await;
    client.stream_error_after("<message").await;
    assert_eq!(peer.rest().await.unwrap(), "<a xmlns='b' id='0'/>");
    let (mut client, mut peer) = sessions.remove(0);
    peer.send("<half><a").await.unwrap();
    drop(peer);
    assert!(client.text().await.contains("id='1'"));
    assert_eq!(client.event().await, Event::Closed(1001));
    let (mut client, mut peer) = sessions.remove(0);
    client
        .send_raw(&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0x10, 0])
        .await;
    client.vanish();
    assert_eq!(peer.rest().await.unwrap(), "<a xmlns='b' id='2'/>");

    let (mut client, mut peer) = sessions.remove(0);
    assert!(client.text().await.contains("id='3'"));
    peer.send("<message id='last'/>").await.unwrap();
    assert!(client.text().await.contains("id='last'"));
    client.send(CLOSE).await;
    assert_eq!(
        peer.expect("</stream:stream>").await.unwrap(),
        "<a xmlns='b' id='3'/></stream:stream>"
    );
}
