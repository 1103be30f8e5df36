//! RFC 7395 3.1 and RFC 6455 4: who gets a WebSocket, and what the others get.

use couplet_tests::fake_backend::{DOMAIN, FakeBackend};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, StatusCode};

use crate::client::Client;
use crate::{Proxy, session};

async fn proxy(toml: &str) -> Proxy {
    Proxy::start(&format!(
        "{toml}\n[[domain]]\nname = '{DOMAIN}'\nbackend = '127.0.0.1:1'\nbackend_tls = 'none'"
    ))
    .await
}

fn header<'a>(name: &'static str, value: &'a str) -> impl FnOnce(&mut Request<()>) + use<'a> {
    move |request| {
        request
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).unwrap());
    }
}

#[tokio::test]
async fn a_client_that_does_not_offer_xmpp_gets_400_and_a_sentence() {
    let proxy = proxy("").await;
    for offer in ["chat", "XMPP", "xmpp2, chat"] {
        let (status, sentence) =
            Client::refusal(proxy.address, header("sec-websocket-protocol", offer)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(sentence.contains("subprotocol \"xmpp\""), "{sentence}");
    }
    let (status, _) = Client::refusal(proxy.address, |request| {
        request.headers_mut().remove("sec-websocket-protocol");
    })
    .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn xmpp_is_chosen_among_several_subprotocols() {
    let proxy = proxy("").await;
    let offer = header("sec-websocket-protocol", "chat, xmpp");
    let (_, response) = Client::try_connect(proxy.address, offer).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "xmpp");
}

#[tokio::test]
async fn a_page_of_this_host_may_connect() {
    let proxy = proxy("").await;
    let origin = format!("http://{}", proxy.address);
    assert!(
        Client::try_connect(proxy.address, header("origin", &origin))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_page_of_another_host_gets_403() {
    let proxy = proxy("").await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let (status, sentence) = Client::refusal(proxy.address, header("origin", origin)).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(sentence.contains("allow_origin"), "{sentence}");
    }
}

#[tokio::test]
async fn a_page_that_the_configuration_names_may_connect() {
    let named = proxy("allow_origin = ['https://a.example', 'https://b.example']").await;
    let origin = || header("origin", "https://b.example");
    assert!(Client::try_connect(named.address, origin()).await.is_ok());
    let every = proxy("allow_origin = ['*']").await;
    assert!(Client::try_connect(every.address, origin()).await.is_ok());
    let public = proxy("public_url = 'https://b.example'").await;
    assert!(Client::try_connect(public.address, origin()).await.is_ok());
}

#[tokio::test]
async fn a_name_that_only_leads_here_is_not_the_proxys_own() {
    // DNS says so of whatever name its owner likes.
    let rebound = |request: &mut Request<()>| {
        for (name, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
    };
    let public = proxy("public_url = 'https://b.example'").await;
    let (status, _) = Client::refusal(public.address, rebound).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let insecure = header("origin", "http://b.example");
    let (status, _) = Client::refusal(public.address, insecure).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn compression_is_not_taken_up() {
    let offer = header("sec-websocket-extensions", "permessage-deflate");
    let proxy = proxy("").await;
    let (_, response) = Client::try_connect(proxy.address, offer).await.unwrap();
    assert!(!response.headers().contains_key("sec-websocket-extensions"));
}

#[tokio::test]
async fn both_legs_may_be_ipv6() {
    let loopback = std::net::SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 0));
    let backend = FakeBackend::bind_at(loopback).await.unwrap();
    let toml = format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = '{}'\nbackend_tls = 'none'",
        backend.address()
    );
    let proxy = Proxy::start_at(loopback, &toml).await;
    assert!(proxy.address.is_ipv6());
    let (mut client, mut peer) = crate::another_session(&proxy, &backend).await;
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
}

#[tokio::test]
async fn a_client_without_origin_is_a_matter_of_configuration() {
    assert!(
        Client::try_connect(proxy("").await.address, |_| {})
            .await
            .is_ok()
    );
    let strict = proxy("allow_missing_origin = false").await;
    assert_eq!(
        Client::refusal(strict.address, |_| {}).await.0,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn another_version_of_websocket_gets_426() {
    let proxy = proxy("").await;
    let (status, _) = Client::refusal(proxy.address, header("sec-websocket-version", "8")).await;
    assert_eq!(status, StatusCode::UPGRADE_REQUIRED);
}

#[tokio::test]
async fn one_session_too_many_gets_503_until_another_ends() {
    let (proxy, client, mut peer) = session("[limits]\nmax_sessions = 1").await;
    let (status, _) = Client::refusal(proxy.address, |_| {}).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    client.vanish();
    peer.rest().await.unwrap();
    couplet_tests::until("the place is free", || async {
        Ok(Client::try_connect(proxy.address, |_| {}).await.ok())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_unknown_path_is_no_websocket() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let (status, _) = Client::refusal(proxy.address, |request| {
        *request.uri_mut() = format!("ws://{}/other", proxy.address).parse().unwrap();
    })
    .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
