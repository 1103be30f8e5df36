//! The servers that administrators put in front, as `packaging/front` configures them:
//! a session goes through each, and the proxy learns who the client is.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;

use couplet_servers::ProcessTree;
use couplet_tests::fake_backend::{Authority, DOMAIN, FakeBackend};
use couplet_tests::{PATIENCE, front};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::Proxy;
use crate::client::{CLOSE, Client, Event};
use crate::tls::connector;

/// The name that the configurations have.
const SITE: &str = "chat.example.org";

/// Who connects: not who the server in front is.
const CLIENT: &str = "127.0.0.2:0";

/// A directory with the site's certificate in it, and a port for the server.
struct Place {
    directory: tempfile::TempDir,
    authority: Authority,
    address: SocketAddr,
    backend: FakeBackend,
    /// What keeps files.
    host: FakeBackend,
    proxy: Proxy,
}

/// More than nginx takes, or keeps in memory, if it isn't told to.
const FILE: usize = 2_000_000;

/// Less than nginx collects before it passes on what it takes, if it isn't told to.
const PART: usize = 1000;

impl Place {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new(directory.path()).unwrap();
        let (certificate, key) = authority.issue(SITE, false).unwrap();
        let (certificate, key) = (certificate.pem(), key.serialize_pem());
        for (name, content) in [
            ("fullchain.pem", certificate.clone()),
            ("both.pem", certificate + &key),
            ("privkey.pem", key),
        ] {
            std::fs::write(directory.path().join(name), content).unwrap();
        }
        let backend = FakeBackend::bind().await.unwrap();
        let host = FakeBackend::bind().await.unwrap();
        // Without public_url only the Host that arrives says whose page it is.
        let proxy = Proxy::start(&format!(
            "trusted_proxies = ['127.0.0.1']\n[[domain]]\n\
             name = '{DOMAIN}'\nbackend = '{}'\nbackend_tls = 'none'\nproxy_protocol = 'v1'\n\
             [relay]\nhosts = ['http://{}']",
            backend.address(),
            host.address()
        ))
        .await;
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            directory,
            authority,
            address: free.local_addr().unwrap(),
            backend,
            host,
            proxy,
        }
    }

    /// The files of the site's certificate and key.
    fn certificate(&self) -> [String; 2] {
        ["fullchain.pem", "privkey.pem"].map(|name| self.path(name))
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// A configuration of ours with this place's addresses in it, below `head`, as a
    /// file.
    fn configuration(&self, name: &str, head: &str, changes: &[(&str, &str)]) -> String {
        let proxy = self.proxy.address.to_string();
        let usual = [("127.0.0.1:5280", proxy.as_str())];
        let text = front::configuration(name, &[&usual, changes].concat()).unwrap();
        std::fs::write(self.path(name), format!("{head}\n{text}\n")).unwrap();
        self.path(name)
    }

    /// Puts a file through the server in front: its beginning arrives before its end leaves.
    async fn put_through(&self) {
        let length = format!("content-length: {FILE}\r\n");
        let mut stream = self.ask("PUT", &length).await;
        let half = vec![b'x'; FILE / 2];
        let arriving = async {
            let mut peer = self.host.accept().await.unwrap();
            peer.expect("\r\n\r\n").await.unwrap();
            peer.expect_bytes(FILE / 4).await.unwrap();
            peer
        };
        let (sent, mut peer) = tokio::join!(stream.write_all(&half), arriving);
        sent.unwrap();
        let rest = peer.expect_bytes(FILE - FILE / 4);
        let (sent, rest) = tokio::join!(stream.write_all(&half), rest);
        sent.unwrap();
        rest.unwrap();
        let created = "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
        peer.send(created).await.unwrap();
        let mut answer = [0; 12];
        let reading = timeout(PATIENCE, stream.read_exact(&mut answer));
        reading.await.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 201");
    }

    /// The same the other way.
    async fn take_through(&self) {
        let mut stream = self.ask("GET", "").await;
        let mut peer = self.host.accept().await.unwrap();
        peer.expect("\r\n\r\n").await.unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 2 * PART);
        let part = "x".repeat(PART);
        peer.send(&(head + &part)).await.unwrap();
        let mut came = Vec::new();
        while !came.ends_with(part.as_bytes()) {
            let reading = timeout(PATIENCE, stream.read_buf(&mut came));
            assert!(reading.await.unwrap().unwrap() > 0);
        }
        peer.send(&part).await.unwrap();
        let mut rest = vec![0; PART];
        let reading = timeout(PATIENCE, stream.read_exact(&mut rest));
        reading.await.unwrap().unwrap();
        assert_eq!(rest, part.as_bytes());
    }

    /// A request for a file, with more in its head.
    async fn ask(&self, method: &str, more: &str) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from(SITE).unwrap();
        let tls = connector(&self.authority, &["http/1.1"]);
        let mut stream = tls.connect(name, stream).await.unwrap();
        let head = format!(
            "{method} /relay/{}/x HTTP/1.1\r\nhost: {SITE}\r\norigin: https://{SITE}\r\n\
             connection: close\r\n{more}\r\n",
            self.host.address()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Runs `program`, opens a session through it, and puts a file.
    async fn try_through(&self, program: &str, arguments: &[&str]) -> ProcessTree {
        let running = front::run(program, arguments, self.directory.path(), self.address);
        let running = running.await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(CLIENT.parse().unwrap()).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        let client = stream.local_addr().unwrap().ip();
        let name = ServerName::try_from(SITE).unwrap();
        let tls = connector(&self.authority, &["http/1.1"]);
        let stream = tls.connect(name, stream).await.unwrap();
        let connecting = Client::connect_over(Box::new(stream), self.address, |request| {
            *request.uri_mut() = format!("wss://{SITE}/xmpp-websocket").parse().unwrap();
            let headers = request.headers_mut();
            headers.insert("host", HeaderValue::from_static(SITE));
            headers.insert(
                "origin",
                HeaderValue::from_static("https://chat.example.org"),
            );
        });
        let (mut session, response) = connecting.await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "xmpp");
        session.open(DOMAIN).await;
        let mut peer = self.backend.accept().await.unwrap();
        let header = peer.open().await.unwrap();
        assert!(
            header.starts_with(&format!("PROXY TCP4 {client} ")),
            "{header}"
        );
        assert!(session.text().await.starts_with("<open "));
        assert!(session.text().await.starts_with("<stream:features"));
        let stanza = format!("<a xmlns='b'>{}</a>", "x".repeat(10_000));
        session.send(&stanza).await;
        peer.expect(&stanza).await.unwrap();
        peer.send(&stanza).await.unwrap();
        assert!(session.text().await.contains("xxx</a>"));
        session.send(CLOSE).await;
        peer.expect("</stream:stream>").await.unwrap();
        peer.send("</stream:stream>").await.unwrap();
        assert_eq!(session.text().await, CLOSE);
        assert_eq!(session.event().await, Event::Closed(1000));
        self.put_through().await;
        running
    }
}

#[tokio::test]
async fn nginx() {
    let place = Place::new().await;
    let at = format!("listen {} ssl", place.address);
    let [chain, key] = place.certificate();
    let changes = [
        ("listen 443 ssl", at.as_str()),
        ("/etc/ssl/chat.example.org/fullchain.pem", &chain),
        ("/etc/ssl/chat.example.org/privkey.pem", &key),
    ];
    let site = place.configuration("nginx.conf", "", &changes);
    let directory = place.directory.path().display();
    // What root starts runs as somebody else, who can't read the certificate.
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let user = if is_root { "user root;" } else { "" };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {directory}/{kind}; "))
        .collect();
    let main = place.path("main.conf");
    let text = format!(
        "{user}\ndaemon off;\npid {directory}/pid;\nerror_log stderr;\nevents {{}}\n\
         http {{ access_log off; {temporary}\ninclude {site};\n}}\n"
    );
    std::fs::write(&main, text).unwrap();
    let _running = place.try_through("nginx", &["-c", &main]).await;
    place.take_through().await;
}

#[tokio::test]
async fn caddy() {
    let place = Place::new().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let head = format!(
        "{{\n\tadmin off\n\tauto_https disable_redirects\n\thttps_port {}\n\thttp_port {}\n}}\n",
        place.address.port(),
        free.local_addr().unwrap().port()
    );
    let [chain, key] = place.certificate();
    let site = format!("chat.example.org {{\n\ttls {chain} {key}");
    let changes = [("chat.example.org {", site.as_str())];
    let file = place.configuration("Caddyfile", &head, &changes);
    let arguments = ["run", "--config", &file, "--adapter", "caddyfile"];
    place.try_through("caddy", &arguments).await;
}

#[tokio::test]
async fn haproxy() {
    let place = Place::new().await;
    let at = format!("bind {} ssl", place.address);
    let both = place.path("both.pem");
    let changes = [
        ("bind :443 ssl", at.as_str()),
        ("/etc/haproxy/chat.example.org.pem", &both),
    ];
    let file = place.configuration("haproxy.cfg", "", &changes);
    place.try_through("haproxy", &["-db", "-f", &file]).await;
}

#[tokio::test]
async fn apache() {
    let place = Place::new().await;
    let directory = place.directory.path().display();
    let modules: String = [
        "mpm_event",
        "authz_core",
        "socache_shmcb",
        "ssl",
        "proxy",
        "proxy_http",
    ]
    .iter()
    .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
    .collect();
    let head = format!(
        "{modules}ServerRoot {directory}\nDefaultRuntimeDir {directory}\nPidFile {directory}/pid\n\
         ErrorLog {directory}/error.log\nUser www-data\nGroup www-data\nListen {}\n",
        place.address
    );
    let at = format!("<VirtualHost {}>", place.address);
    let [chain, key] = place.certificate();
    let changes = [
        ("<VirtualHost *:443>", at.as_str()),
        ("/etc/ssl/chat.example.org/fullchain.pem", &chain),
        ("/etc/ssl/chat.example.org/privkey.pem", &key),
    ];
    let file = place.configuration("apache.conf", &head, &changes);
    place
        .try_through("apache2", &["-DFOREGROUND", "-f", &file])
        .await;
}
