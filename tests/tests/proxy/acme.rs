//! Certificates that come by themselves, from Debian's `pebble`: an authority for tests.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use couplet_servers::find_program;
use couplet_tests::fake_backend::{Authority, DOMAIN};
use couplet_tests::until;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use ws_proxy::Config;
use ws_proxy::check::check;

use crate::Proxy;
use crate::log::Log;

/// The host that the proxy is.
const HOST: &str = "chat.example.test";
/// A certificate's time, in seconds.
const LONG: u64 = 86_400;

/// An authority that looks for [`HOST`] on this machine. Dropping it ends it.
struct Pebble {
    /// The port where it looks, and the proxy is to be.
    port: u16,
    api: u16,
    management: u16,
    directory: TempDir,
    /// Whose its own certificate is.
    authority: Authority,
    names: NameServer,
    process: Option<Child>,
}

impl Pebble {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new(directory.path()).unwrap();
        Self {
            port: free_port(),
            api: free_port(),
            management: free_port(),
            directory,
            authority,
            names: NameServer::start().await,
            process: None,
        }
    }

    /// Starts it; its certificates are good for so many seconds.
    async fn run(&mut self, seconds: u64) {
        let path = |name: &str| self.directory.path().join(name);
        let (certificate, key) = self.authority.issue("localhost", false).unwrap();
        std::fs::write(path("own.pem"), certificate.pem()).unwrap();
        std::fs::write(path("own-key.pem"), key.serialize_pem()).unwrap();
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.api),
            "managementListenAddress": format!("127.0.0.1:{}", self.management),
            "certificate": path("own.pem"),
            "privateKey": path("own-key.pem"),
            "httpPort": free_port(),
            "tlsPort": self.port,
            "certificateValidityPeriod": seconds,
        } });
        std::fs::write(path("pebble.json"), config.to_string()).unwrap();
        let program = find_program("pebble").expect("cargo xtask test installs pebble");
        let process = Command::new(program)
            .arg("-config")
            .arg(path("pebble.json"))
            .args(["-dnsserver", &self.names.address.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.process = Some(process);
        until("the authority", || async {
            Ok(TcpStream::connect(("127.0.0.1", self.management))
                .await
                .ok())
        })
        .await
        .unwrap();
    }

    /// Starts a proxy that has its certificate from here.
    async fn proxy(&self) -> Proxy {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        Proxy::start_at(address, &self.toml(HOST)).await
    }

    /// The configuration of a proxy that is `host`, but for where it listens.
    fn toml(&self, host: &str) -> String {
        let path = |name: &str| self.directory.path().join(name).display().to_string();
        let (cert, key, ca) = (path("cert.pem"), path("key.pem"), path("authority.pem"));
        let api = self.api;
        format!(
            "tls_cert = '{cert}'\ntls_key = '{key}'\n[[domain]]\nname = '{DOMAIN}'\n\
             [acme]\nnames = ['{host}']\naccept_terms = true\nca = '{ca}'\n\
             directory = 'https://localhost:{api}/dir'\n"
        )
    }

    /// Who signs its certificates, which is somebody else at every start.
    async fn root(&self) -> CertificateDer<'static> {
        let own = CertificateDer::from_pem_file(self.authority.pem()).unwrap();
        let mut stream = connect(self.management, "localhost", &own, &[])
            .await
            .unwrap();
        let request = "GET /roots/0 HTTP/1.0\r\nhost: localhost\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        CertificateDer::from_pem_slice(answer.as_bytes()).unwrap()
    }

    /// The certificate that the proxy shows to browsers who trust `root`, once it does.
    async fn shown(&self, root: &CertificateDer<'static>) -> CertificateDer<'static> {
        until("a certificate", || async {
            let Ok(stream) = connect(self.port, HOST, root, &["http/1.1"]).await else {
                return Ok(None);
            };
            let chain = stream.get_ref().1.peer_certificates().unwrap();
            Ok(Some(chain[0].clone().into_owned()))
        })
        .await
        .unwrap()
    }
}

/// Says that every host is this machine, or that there is none. Dropping it ends it.
struct NameServer {
    address: SocketAddr,
    answering: JoinHandle<()>,
}

impl NameServer {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let answering = tokio::spawn(async move {
            let mut query = [0; 512];
            loop {
                let (length, from) = socket.recv_from(&mut query).await.unwrap();
                let answer = here(&query[..length]);
                socket.send_to(&answer, from).await.unwrap();
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

/// RFC 1035 4.1: the question again, and 127.0.0.1 if it is for an A record.
fn here(query: &[u8]) -> Vec<u8> {
    let name_end = 12 + query[12..].iter().position(|&byte| byte == 0).unwrap() + 1;
    let is_a = query[name_end..name_end + 2] == [0, 1];
    let mut answer = query[..2].to_vec();
    answer.extend([0x85, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
    answer.extend(&query[12..name_end + 4]);
    if is_a {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
    }
    answer
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A TLS connection of somebody who trusts `root` alone and offers `protocols`.
async fn connect(
    port: u16,
    host: &str,
    root: &CertificateDer<'static>,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().into())
        .collect();
    let host = ServerName::try_from(host.to_owned()).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    TlsConnector::from(Arc::new(config))
        .connect(host, stream)
        .await
}

fn is_private(path: &Path) -> bool {
    path.metadata()
        .unwrap()
        .permissions()
        .mode()
        .trailing_zeros()
        >= 6
}

#[tokio::test]
async fn acme_certificate_comes_by_itself_and_is_renewed_in_time() {
    let mut pebble = Pebble::new().await;
    pebble.run(12).await;
    let _proxy = pebble.proxy().await;
    let root = pebble.root().await;
    let first = pebble.shown(&root).await;
    for name in ["cert.pem", "key.pem", "acme-account.json"] {
        assert!(is_private(&pebble.directory.path().join(name)), "{name}");
    }
    until("another certificate", || async {
        Ok((pebble.shown(&root).await != first).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn acme_certificate_outlives_a_restart_without_the_authority() {
    let mut pebble = Pebble::new().await;
    pebble.run(LONG).await;
    let root = pebble.root().await;
    let proxy = pebble.proxy().await;
    let shown = pebble.shown(&root).await;
    proxy.end().await;
    pebble.process = None;
    let _proxy = pebble.proxy().await;
    assert_eq!(pebble.shown(&root).await, shown);
}

#[tokio::test]
async fn acme_failure_is_told_and_lets_nobody_in() {
    let log = Log::start();
    let pebble = Pebble::new().await;
    let _proxy = pebble.proxy().await;
    until("the failure in the log", || async {
        let told = |line: &serde_json::Value| {
            let message = line["message"]
                .as_str()
                .or(line["fields"]["message"].as_str());
            message.is_some_and(|message| {
                message.starts_with("no certificate from https://localhost:")
                    && message.ends_with("Trying again in 60 s")
            })
        };
        Ok(log.lines().iter().any(told).then_some(()))
    })
    .await
    .unwrap();
    // Neither a browser nor an authority that nobody asked for anything.
    let root = CertificateDer::from_pem_file(pebble.authority.pem()).unwrap();
    for protocol in ["http/1.1", "acme-tls/1"] {
        assert!(
            connect(pebble.port, HOST, &root, &[protocol])
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn acme_authority_that_does_not_find_the_proxy_is_quoted() {
    let log = Log::start();
    let mut pebble = Pebble::new().await;
    let port = pebble.port;
    pebble.port = free_port();
    pebble.run(LONG).await;
    // It looks elsewhere.
    pebble.port = port;
    let _proxy = pebble.proxy().await;
    until("the authority's words in the log", || async {
        let text = log.text();
        let quoted = text.contains("it didn't find this proxy at port 443 of chat.example.test")
            && text.contains("Failed to connect");
        Ok(quoted.then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn acme_is_checked_and_nothing_is_ordered() {
    let mut pebble = Pebble::new().await;
    let backend = "backend = '127.0.0.1:1'\nbackend_tls = 'none'\n[acme]";
    let toml = pebble.toml(HOST).replace("[acme]", backend);
    let found = async |toml: &str| {
        let config = Config::from_toml(toml, "t.toml").unwrap();
        check(&config, None).await.unwrap().text
    };
    let text = found(&toml).await;
    assert!(text.contains("A certificate for chat.example.test comes from https://localhost:"));
    assert!(text.contains("Mind that it looks for this proxy at port 443"));
    assert!(!text.contains("It answers"), "{text}");
    pebble.run(LONG).await;
    let text = found(&toml).await;
    assert!(
        text.contains("It answers, and what it makes can be kept."),
        "{text}"
    );
    let text = found(&toml.replace("/cert.pem", "/own.pem/cert.pem")).await;
    assert!(text.contains("own.pem/cert.pem can't be written"), "{text}");
    for name in ["cert.pem", "key.pem", "key.pem.new", "acme-account.json"] {
        assert!(!pebble.directory.path().join(name).exists(), "{name}");
    }
}

#[tokio::test]
async fn acme_changes_wait_for_the_next_start() {
    let pebble = Pebble::new().await;
    let proxy = pebble.proxy().await;
    let stay = |host: &str| {
        let (address, admin) = (proxy.address, proxy.admin.unwrap());
        let rest = pebble.toml(host);
        let toml = format!("listen = '{address}'\nadmin_listen = '{admin}'\n{rest}");
        let config = Config::from_toml(&toml, "t.toml").unwrap();
        proxy.handle.reload(config).unwrap().contains(&"acme")
    };
    assert!(!stay(HOST));
    assert!(stay("other.example.test"));
}
