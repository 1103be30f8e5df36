//! A server that sends its clients to another address: one for TCP, which a browser
//! can't reach and the proxy may only take from its configuration.

use couplet_tests::fake_backend::{Authority, DOMAIN, FEATURES, FakeBackend, HEADER};

use crate::client::{CLOSE, Client, Event};
use crate::{Proxy, signed_in};

fn elsewhere(address: impl std::fmt::Display) -> String {
    format!(
        "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{address}\
         </see-other-host></stream:error></stream:stream>"
    )
}

/// Two servers that the configuration names.
async fn pair(security: &str) -> (FakeBackend, FakeBackend, Proxy) {
    let (one, other) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let (first, second) = (one.address(), other.address());
    let proxy = Proxy::start(&format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = ['{first}', '{second}']\n{security}"
    ))
    .await;
    (one, other, proxy)
}

#[tokio::test]
async fn see_other_host_is_followed_if_the_configuration_names_it() {
    let (one, other, proxy) = pair("backend_tls = 'none'").await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = one.accept().await.unwrap();
    peer.send(&HEADER.replace("stream-1", "stream-0"))
        .await
        .unwrap();
    peer.send(&elsewhere(other.address())).await.unwrap();
    let mut peer = other.accept().await.unwrap();
    peer.open().await.unwrap();
    let open = client.text().await;
    assert!(open.contains("id=\"stream-1\""), "{open}");
    assert!(client.text().await.starts_with("<stream:features"));
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
}

#[tokio::test]
async fn see_other_host_is_followed_before_tls_and_protected_there() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path()).unwrap();
    let ca = authority.pem().display();
    let (one, other, proxy) = pair(&format!("backend_ca = '{ca}'")).await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = one.accept().await.unwrap();
    peer.send(HEADER).await.unwrap();
    peer.send(&elsewhere(other.address())).await.unwrap();
    let mut peer = other.accept().await.unwrap();
    peer.proceed().await.unwrap();
    let acceptor = authority.acceptor(DOMAIN, false).unwrap();
    let (mut peer, _) = peer.tls(&acceptor).await.unwrap();
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
}

#[tokio::test]
async fn a_host_that_the_configuration_does_not_name_is_never_called() {
    let (one, _other, proxy) = pair("backend_tls = 'none'").await;
    let stranger = FakeBackend::bind().await.unwrap();
    for address in [
        stranger.address().to_string(),
        "unix:/run/other".to_owned(),
        "evil.example".to_owned(),
        "[::1".to_owned(),
        String::new(),
    ] {
        let failure = tokio::spawn(Client::failure(
            proxy.address,
            "remote-connection-failed",
            1011,
        ));
        let mut peer = one.accept().await.unwrap();
        peer.send(HEADER).await.unwrap();
        peer.send(&elsewhere(&address)).await.unwrap();
        let error = failure.await.unwrap();
        assert!(error.contains("<backend-redirected "), "{error}");
        assert!(address.is_empty() || !error.contains(&address), "{error}");
        assert_eq!(peer.rest().await.unwrap().matches('<').count(), 2);
    }
    assert!(!stranger.was_called().unwrap());
}

#[tokio::test]
async fn servers_that_send_everybody_to_each_other_are_left_soon() {
    let (one, other, proxy) = pair("backend_tls = 'none'").await;
    let failure = tokio::spawn(Client::failure(
        proxy.address,
        "remote-connection-failed",
        1011,
    ));
    for (here, there) in [(&one, &other), (&other, &one)].repeat(2) {
        let mut peer = here.accept().await.unwrap();
        peer.send(HEADER).await.unwrap();
        peer.send(&elsewhere(there.address())).await.unwrap();
    }
    assert!(failure.await.unwrap().contains("<backend-redirected "));
}

#[tokio::test]
async fn see_other_host_in_a_session_brings_the_client_back_to_the_proxy() {
    let (_proxy, mut client, mut peer) = signed_in("").await;
    peer.send(&elsewhere("inside.example:5222")).await.unwrap();
    let error = client.text().await;
    assert!(
        error.starts_with("<stream:error") && error.contains("<reset "),
        "{error}"
    );
    assert!(!error.contains("inside"), "{error}");
    assert_eq!(client.text().await, CLOSE);
    client.send(CLOSE).await;
    assert_eq!(client.event().await, Event::Closed(1000));
}

#[tokio::test]
async fn xep0198_location_is_removed() {
    let (_proxy, mut client, mut peer) = signed_in("").await;
    peer.send(
        "<enabled xmlns='urn:xmpp:sm:3' id='location=1' location='inside.example' resume='true'/>\
         <message><location xmlns='urn:x' location='here'/></message>",
    )
    .await
    .unwrap();
    let enabled = client.text().await;
    assert!(
        enabled.contains("id='location=1' resume='true'"),
        "{enabled}"
    );
    assert!(client.text().await.contains("location='here'"));
}

#[tokio::test]
async fn a_server_of_before_rfc_3920_says_nothing_after_its_header() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.send(&HEADER.replace(" version='1.0' xml:lang", " xml:lang"))
        .await
        .unwrap();
    assert!(client.text().await.starts_with("<open "));
    peer.send(FEATURES).await.unwrap();
    assert!(client.text().await.starts_with("<stream:features"));
}
