//! RFC 7395 3.2 to 3.9: messages, frames, and what may be in them.

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, HEADER, SUCCESS};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{CLOSE, Client, Event, open_to};
use crate::{Proxy, session, signed_in};

#[tokio::test]
async fn binary_message_closes_with_1003() {
    let (_proxy, mut client, mut peer) = session("").await;
    client
        .message(Message::binary(
            b"<presence xmlns='jabber:client'/>".to_vec(),
        ))
        .await;
    assert_eq!(client.event().await, Event::Closed(1003));
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn text_that_is_not_utf8_closes_with_1007() {
    let (_proxy, mut client, _peer) = session("").await;
    client.send_fragments(&[b"<a>", b"\xff</a>"]).await;
    assert_eq!(client.event().await, Event::Closed(1007));
}

#[tokio::test]
async fn unmasked_frame_closes_with_1002() {
    let (_proxy, mut client, _peer) = session("").await;
    client
        .send_unmasked("<presence xmlns='jabber:client'/>")
        .await;
    assert_eq!(client.event().await, Event::Closed(1002));
}

#[tokio::test]
async fn fragments_are_put_together() {
    let (_proxy, mut client, mut peer) = session("").await;
    let stanza = "<message xmlns='jabber:client'><body>\u{fc}ber</body></message>";
    // In the middle of a tag, and of a character.
    let (head, tail) = stanza.as_bytes().split_at(stanza.find("ber").unwrap() - 1);
    let (head, middle) = head.split_at(4);
    client.send_fragments(&[head, middle, b"", tail]).await;
    assert_eq!(peer.expect("</message>").await.unwrap(), stanza);
}

#[tokio::test]
async fn all_attributes_of_open_cross_in_both_directions() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let mut client = Client::connect(proxy.address).await;
    client
        .send(
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='me@example.test' \
             to='Example.Test' id='&quot;1&amp;' version='1.0' xml:lang='de'/>",
        )
        .await;
    let mut peer = backend.accept().await.unwrap();
    let header = peer.open().await.unwrap();
    for attribute in [
        "from=\"me@example.test\"",
        "to=\"Example.Test\"",
        "id=\"&quot;1&amp;\"",
        "version=\"1.0\"",
        "xml:lang=\"de\"",
    ] {
        assert!(header.contains(attribute), "{attribute} is not in {header}");
    }
    // The text that Strophe and Converse look for.
    assert_eq!(
        client.text().await,
        "<open xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\" from=\"example.test\" id=\"stream-1\" \
         version=\"1.0\" xml:lang=\"tlh\" />"
    );
}

#[tokio::test]
async fn every_message_declares_its_namespaces_and_its_language() {
    let (_proxy, mut client, mut peer) = session("").await;
    let message = "<message to='a@b'><body a='jabber:client/>'>x</body><own:y/></message>";
    peer.send(message).await.unwrap();
    let received = client.text().await;
    let (tag, rest) = received.split_once(" to='a@b'").unwrap();
    for declaration in [
        "xmlns=\"jabber:client\"",
        "xmlns:own=\"urn:own\"",
        "xml:lang=\"tlh\"",
    ] {
        assert!(tag.contains(declaration), "{received}");
    }
    assert_eq!(
        rest,
        "><body a='jabber:client/>'>x</body><own:y/></message>"
    );

    peer.send("<message xmlns='jabber:client' xml:lang='fr'/>")
        .await
        .unwrap();
    assert_eq!(
        client.text().await,
        "<message xmlns='jabber:client' xml:lang='fr'/>"
    );
}

#[tokio::test]
async fn features_keep_their_prefix_and_lose_starttls_and_compression() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.open().await.unwrap();
    client.text().await;
    let features = client.text().await;
    assert!(
        features.starts_with("<stream:features")
            && features.contains("xmlns:stream=\"http://etherx.jabber.org/streams\"")
            && features.contains("<mechanism>PLAIN</mechanism>")
            && !features.contains("starttls")
            && !features.contains("compression"),
        "{features}"
    );
}

const OFFER: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
     <mechanism>EXTERNAL</mechanism><mechanism>SCRAM-SHA-256-PLUS</mechanism>\
     <mechanism>SCRAM-SHA-256</mechanism></mechanisms>\
     <sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'/>\
     <limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>9000000</max-bytes></limits>\
     </stream:features>";

/// What a client gets of [`OFFER`] before it has signed in by SASL2, and after.
async fn offered(keys: &str) -> [String; 2] {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, keys).await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.send(HEADER).await.unwrap();
    peer.send(OFFER).await.unwrap();
    client.text().await;
    let before = client.text().await;
    peer.send("<success xmlns='urn:xmpp:sasl:2'/>")
        .await
        .unwrap();
    peer.send(OFFER).await.unwrap();
    assert!(client.text().await.starts_with("<success"));
    [before, client.text().await]
}

#[tokio::test]
async fn xep0478_limits_are_clamped_to_the_lower_of_ours_and_theirs() {
    let [before, after] = offered("[limits]\nmax_stanza_bytes_before_auth = 12345").await;
    assert!(before.contains("<max-bytes>12345</max-bytes>"), "{before}");
    assert!(after.contains("<max-bytes>262144</max-bytes>"), "{after}");
}

#[tokio::test]
async fn channel_binding_passes_unless_it_is_stripped() {
    for features in offered("").await {
        assert!(
            features.contains("-PLUS") && features.contains("sasl-cb"),
            "{features}"
        );
    }
    for features in offered("channel_binding = 'strip'").await {
        assert!(
            !features.contains("-PLUS") && !features.contains("sasl-cb"),
            "{features}"
        );
        assert!(
            features.contains("<mechanism>SCRAM-SHA-256</mechanism>"),
            "{features}"
        );
    }
}

#[tokio::test]
async fn rfc7395_3_9_external_passes_unless_it_is_stripped() {
    for features in offered("").await {
        assert!(features.contains("EXTERNAL"), "{features}");
    }
    for features in offered("strip_external = true").await {
        assert!(!features.contains("EXTERNAL"), "{features}");
        assert!(features.contains("SCRAM-SHA-256-PLUS"), "{features}");
    }
}

#[tokio::test]
async fn what_a_client_sends_reaches_the_server_byte_for_byte() {
    let (_proxy, mut client, mut peer) = session("").await;
    let stanza =
        "<iq xmlns=\"jabber:client\"   id='1'><q xmlns='a:b'>&#x41;<![CDATA[<]]></q></iq >";
    client.send(stanza).await;
    client.send(&format!("<?xml version='1.0'?>{stanza}")).await;
    assert_eq!(peer.expect("</iq >").await.unwrap(), stanza);
    assert_eq!(peer.expect("</iq >").await.unwrap(), stanza);
}

#[tokio::test]
async fn a_server_may_write_in_pieces_of_any_size() {
    let (_proxy, mut client, mut peer) = session("").await;
    for byte in "<message id='1'/>\n<message id='2'/>".split_inclusive(|_| true) {
        peer.send(byte).await.unwrap();
    }
    assert!(client.text().await.contains("id='1'"));
    assert!(client.text().await.contains("id='2'"));
}

#[tokio::test]
async fn a_message_that_is_not_one_element_is_an_error() {
    for (message, condition) in [
        ("<a/><b/>", "bad-format"),
        ("<a/>text", "bad-format"),
        ("text", "bad-format"),
        (" <a/>", "bad-format"),
        ("<a>", "not-well-formed"),
        ("<a></b>", "not-well-formed"),
        ("</stream:stream>", "not-well-formed"),
        ("<a b='1' b='2'/>", "not-well-formed"),
        ("<p:a/>", "not-well-formed"),
        ("<a>\u{1}</a>", "not-well-formed"),
        ("<a><!-- --></a>", "restricted-xml"),
        ("<a><?php?></a>", "restricted-xml"),
        ("<!DOCTYPE a><a/>", "restricted-xml"),
        ("<a>&nbsp;</a>", "restricted-xml"),
    ] {
        let (_proxy, mut client, mut peer) = session("").await;
        client.send(message).await;
        let error = client.text().await;
        assert!(error.starts_with("<stream:error"), "{message}: {error}");
        let conditions = [
            "not-well-formed",
            "restricted-xml",
            "bad-format",
            "bad-namespace-prefix",
        ];
        let found = conditions
            .into_iter()
            .find(|known| error.contains(&format!("<{known} ")));
        assert_eq!(found, Some(condition), "{message}");
        assert_eq!(client.text().await, CLOSE);
        assert_eq!(client.event().await, Event::Closed(1008));
        assert_eq!(peer.rest().await.unwrap(), "", "{message}");
    }
}

#[tokio::test]
async fn before_open_there_is_only_the_framing_namespace() {
    let proxy = Proxy::plain(&FakeBackend::bind().await.unwrap(), "").await;
    for message in [
        "<presence xmlns='jabber:client'/>",
        "<open xmlns='jabber:client' to='example.test'/>",
        "<open to='example.test'/>",
        "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='example.test'>",
    ] {
        let mut client = Client::connect(proxy.address).await;
        client.send(message).await;
        client.opening_error("invalid-namespace", 1008).await;
    }
}

#[tokio::test]
async fn a_domain_that_is_not_configured_gets_host_unknown() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    for domain in [
        "other.test",
        "localhost",
        "127.0.0.1",
        "example.test.other.test",
        "",
    ] {
        let mut client = Client::connect(proxy.address).await;
        client.open(domain).await;
        let error = client.opening_error("host-unknown", 1008).await;
        assert!(error.contains(domain), "{error}");
    }
    let mut client = Client::connect(proxy.address).await;
    client
        .send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0'/>")
        .await;
    client.opening_error("host-unknown", 1008).await;
    assert!(!backend.was_called().unwrap());
}

#[tokio::test]
async fn a_second_open_begins_the_stream_anew() {
    let (_proxy, mut client, mut peer) = signed_in("").await;
    client.open(DOMAIN).await;
    assert!(
        peer.expect("<stream:stream")
            .await
            .unwrap()
            .contains("<?xml")
    );
    peer.send(&HEADER.replace("stream-1", "stream-2"))
        .await
        .unwrap();
    peer.send(
        "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>",
    )
    .await
    .unwrap();
    assert!(client.text().await.contains("id=\"stream-2\""));
    assert!(client.text().await.contains("<bind "));
}

#[tokio::test]
async fn a_second_open_may_overtake_what_is_under_way() {
    let (_proxy, mut client, mut peer) = session("").await;
    client
        .send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
        .await;
    client.open(DOMAIN).await;
    peer.expect("<stream:stream").await.unwrap();
    let answer = format!("{SUCCESS} {HEADER}<stream:features/>");
    for byte in answer.split_inclusive(|_| true) {
        peer.send(byte).await.unwrap();
    }
    assert!(client.text().await.starts_with("<success"));
    assert!(client.text().await.starts_with("<open "));
    assert!(client.text().await.starts_with("<stream:features"));
}

#[tokio::test]
async fn a_stream_may_begin_anew_under_any_prefix() {
    for header in [
        "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client' id='anew'>",
        "<stream xmlns='http://etherx.jabber.org/streams' id='anew'>",
        "<stream:stream\txmlns:stream='http://etherx.jabber.org/streams' id='anew'>",
    ] {
        let (_proxy, mut client, mut peer) = signed_in("").await;
        // One that is under way belongs to the old stream.
        peer.send("<streamer xmlns='urn:own'/>").await.unwrap();
        client.open(DOMAIN).await;
        peer.expect("<stream:stream").await.unwrap();
        peer.send("<s:streamer xmlns:s='urn:own'/>").await.unwrap();
        for byte in header.split_inclusive(|_| true) {
            peer.send(byte).await.unwrap();
        }
        for _ in 0..2 {
            assert!(client.text().await.contains("streamer"));
        }
        let open = client.text().await;
        assert!(
            open.starts_with("<open ") && open.contains("id=\"anew\""),
            "{header}: {open}"
        );
    }
}

#[tokio::test]
async fn a_second_open_stays_with_its_domain() {
    let (_proxy, mut client, mut peer) = session("").await;
    client.send(&open_to("other.test")).await;
    client.stream_error("host-unknown", 1008).await;
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn a_server_may_not_begin_anew_unasked() {
    let (_proxy, mut client, mut peer) = session("").await;
    peer.send(HEADER).await.unwrap();
    client.stream_error("remote-connection-failed", 1011).await;
}

#[tokio::test]
async fn whitespace_keepalives_never_cross() {
    let (_proxy, mut client, mut peer) = session("").await;
    client.send(" \n").await;
    client.send("").await;
    client.send("<a xmlns='b'/>").await;
    // The header's own `>` aside, nothing came in front.
    assert_eq!(peer.expect("/>").await.unwrap(), "<a xmlns='b'/>");
    peer.send(" \n\t<presence/> ").await.unwrap();
    assert!(client.text().await.starts_with("<presence"));
}

#[tokio::test]
async fn pings_are_answered() {
    let (_proxy, mut client, _peer) = session("").await;
    client.message(Message::Ping(b"abc".to_vec().into())).await;
    assert_eq!(client.pong().await, b"abc");
}

#[tokio::test]
async fn a_message_may_follow_open_at_once() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    client
        .send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>")
        .await;
    client.message(Message::Ping(b"1".to_vec().into())).await;
    let mut peer = backend.accept().await.unwrap();
    peer.open().await.unwrap();
    peer.expect("mechanism='PLAIN'/>").await.unwrap();
    assert_eq!(client.pong().await, b"1");
}
