//! Servers that DNS names, asked of a name server that a test scripts.

use std::net::SocketAddr;

use couplet_tests::fake_backend::{Authority, DOMAIN, FakeBackend};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::Proxy;
use crate::client::Client;

/// Answers SRV queries for a service with `localhost` at a port. Dropping it ends
/// it.
struct NameServer {
    address: SocketAddr,
    answering: JoinHandle<()>,
}

impl NameServer {
    async fn start(services: Vec<(&'static str, u16)>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let answering = tokio::spawn(async move {
            let mut query = [0; 512];
            loop {
                let (length, from) = socket.recv_from(&mut query).await.unwrap();
                let asked = |service: &str| {
                    let label = service.as_bytes();
                    query[13..].starts_with(label) && usize::from(query[12]) == label.len()
                };
                let port = services
                    .iter()
                    .find(|(service, _)| asked(service))
                    .map(|found| found.1);
                socket
                    .send_to(&answer(&query[..length], port), from)
                    .await
                    .unwrap();
            }
        });
        Self { address, answering }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

/// RFC 1035 4.1, RFC 2782: the question again, and one record if there is a port.
fn answer(query: &[u8], port: Option<u16>) -> Vec<u8> {
    let name_end = 12 + query[12..].iter().position(|&byte| byte == 0).unwrap() + 1;
    let mut answer = query[..2].to_vec();
    let code = if port.is_some() { 0x80 } else { 0x83 };
    answer.extend([0x85, code, 0, 1, 0, u8::from(port.is_some()), 0, 0, 0, 0]);
    answer.extend(&query[12..name_end + 4]);
    if let Some(port) = port {
        let target = b"\x09localhost\0";
        answer.extend([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60]);
        answer.extend((6 + target.len() as u16).to_be_bytes());
        answer.extend([0, 1, 0, 1]);
        answer.extend(port.to_be_bytes());
        answer.extend(target);
    }
    answer
}

async fn proxy(dns: &NameServer, keys: &str) -> Proxy {
    let dns = dns.address;
    Proxy::start(&format!(
        "dns_server = '{dns}'\n[[domain]]\nname = '{DOMAIN}'\n{keys}"
    ))
    .await
}

#[tokio::test]
async fn direct_tls_is_tried_before_starttls() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path()).unwrap();
    let (direct, starttls) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let dns = NameServer::start(vec![
        ("_xmpp-client", starttls.address().port()),
        ("_xmpps-client", direct.address().port()),
    ])
    .await;
    let keys = format!(
        "backend_ca = '{}'\nallow_private_addresses = true",
        authority.pem().display()
    );
    let proxy = proxy(&dns, &keys).await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let peer = direct.accept().await.unwrap();
    let (mut peer, _) = peer
        .tls(&authority.acceptor(DOMAIN, false).unwrap())
        .await
        .unwrap();
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
    assert!(!starttls.was_called().unwrap());
}

#[tokio::test]
async fn the_next_server_is_tried_when_one_is_down() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path()).unwrap();
    let starttls = FakeBackend::bind().await.unwrap();
    let down = FakeBackend::bind().await.unwrap().address().port();
    let dns = NameServer::start(vec![
        ("_xmpp-client", starttls.address().port()),
        ("_xmpps-client", down),
    ])
    .await;
    let keys = format!(
        "backend_ca = '{}'\nallow_private_addresses = true",
        authority.pem().display()
    );
    let proxy = proxy(&dns, &keys).await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    let mut peer = starttls.accept().await.unwrap();
    peer.proceed().await.unwrap();
    let (mut peer, _) = peer
        .tls(&authority.acceptor(DOMAIN, false).unwrap())
        .await
        .unwrap();
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
}

#[tokio::test]
async fn a_lookup_may_not_lead_to_this_machine() {
    let backend = FakeBackend::bind().await.unwrap();
    let dns = NameServer::start(vec![("_xmpp-client", backend.address().port())]).await;
    let proxy = proxy(&dns, "").await;
    let error = Client::failure(proxy.address, "remote-connection-failed", 1011).await;
    assert!(error.contains("<backend-unreachable "), "{error}");
    assert!(!backend.was_called().unwrap());
}

#[tokio::test]
async fn a_name_server_that_hangs_times_out() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let dns = silent.local_addr().unwrap();
    let proxy = Proxy::start(&format!(
        "dns_server = '{dns}'\n[[domain]]\nname = '{DOMAIN}'\n[limits]\nbackend_connect_seconds = 0.2"
    ))
    .await;
    let error = Client::failure(proxy.address, "remote-connection-failed", 1011).await;
    assert!(error.contains("<backend-timeout "), "{error}");
}
