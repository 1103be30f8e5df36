//! Files of upload hosts, relayed: which, for whom, and what of them comes through.

mod course;
mod faults;
mod limits;
mod memory;

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::{Authority, FakeBackend, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Proxy;

/// What the proxy needs besides.
const DOMAIN: &str = "[[domain]]\nname = 'example.test'\nbackend = 'localhost'\n\
                      backend_tls = 'none'\n";

/// An upload host without TLS, and the proxy that relays its files. `toml` is limits.
async fn relay(limits: &str) -> (FakeBackend, Proxy) {
    let host = FakeBackend::bind().await.unwrap();
    let url = format!("http://{}", host.address());
    let proxy = relay_of(&[&url], &format!("{DOMAIN}[limits]\n{limits}")).await;
    (host, proxy)
}

/// The proxy that relays `hosts`. `toml` begins in no table.
async fn relay_of(hosts: &[&str], toml: &str) -> Proxy {
    Proxy::start(&format!("{toml}\n[relay]\nhosts = {hosts:?}")).await
}

/// The path of ours that `path` of `host` has.
fn at(host: &FakeBackend, path: &str) -> String {
    format!("/relay/{}{path}", host.address())
}

/// A browser's connection over HTTP/1.1.
struct Browser(TcpStream);

impl Browser {
    /// Sends the head of a request. `headers` are lines with their ends.
    async fn ask(proxy: &Proxy, method: &str, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        let host = match headers.contains("host: ") {
            true => "",
            false => "host: chat.test\r\n",
        };
        let head = format!("{method} {path} HTTP/1.1\r\n{host}connection: close\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(stream)
    }

    async fn get(proxy: &Proxy, path: &str) -> Self {
        Self::ask(proxy, "GET", path, "").await
    }

    /// Sends the head of a request with a file of so many bytes.
    async fn put(proxy: &Proxy, path: &str, length: u64) -> Self {
        Self::ask(proxy, "PUT", path, &format!("content-length: {length}\r\n")).await
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads the head of the answer, which it returns in lower case.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, self.0.read_u8()).await.unwrap();
            let said = String::from_utf8_lossy(&head).into_owned();
            head.push(byte.unwrap_or_else(|error| panic!("{error} after {said:?}")));
        }
        String::from_utf8(head).unwrap().to_lowercase()
    }

    /// Reads what is left, as long as there is something.
    async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        // A connection that was cut may end with an error.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut rest))
            .await
            .unwrap();
        String::from_utf8(rest).unwrap()
    }

    /// Status, head and body of the answer.
    async fn answer(mut self) -> (u16, String, String) {
        let head = self.head().await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head, self.rest().await)
    }
}

/// The head of the request that came to the upload host.
async fn heard(host: &FakeBackend) -> (Peer, String) {
    let mut peer = host.accept().await.unwrap();
    let head = peer.expect("\r\n\r\n").await.unwrap();
    (peer, head)
}

/// What the host answers: a status line without its version, header lines, a body.
fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn nothing_is_relayed_unless_somebody_says_so() {
    let host = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::start(DOMAIN).await;
    for method in ["GET", "HEAD", "PUT", "POST"] {
        let asked = Browser::ask(&proxy, method, &at(&host, "/x"), "content-length: 0\r\n").await;
        assert_eq!(asked.answer().await.0, 404, "{method}");
    }
    let (_, config) = proxy_config(&proxy).await;
    assert!(!config.contains("relay"), "{config}");
    assert!(!host.was_called().unwrap());
}

async fn proxy_config(proxy: &Proxy) -> (u16, String) {
    crate::ask(proxy.address, "/config.json").await
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down() {
    let (host, proxy) = relay("").await;
    let path = "/a%20b/%C3%A9.jpg?key=a%2Fb&c";
    let mut browser = Browser::put(&proxy, &at(&host, path), 5).await;
    browser.send(b"hel").await;
    let (mut peer, head) = heard(&host).await;
    assert!(
        head.starts_with(&format!("PUT {path} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.contains(&format!("host: {}\r\n", host.address())),
        "{head}"
    );
    assert!(head.contains("content-length: 5\r\n"), "{head}");
    // It is on its way before all of it is there.
    assert_eq!(peer.expect_bytes(3).await.unwrap(), b"hel");
    browser.send(b"lo").await;
    peer.expect("lo").await.unwrap();
    peer.send(&answer("201 Created", "", "")).await.unwrap();
    assert_eq!(browser.answer().await.0, 201);

    let mut browser = Browser::get(&proxy, &at(&host, path)).await;
    let (mut peer, head) = heard(&host).await;
    assert!(
        head.starts_with(&format!("GET {path} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(!head.contains("content-length"), "{head}");
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel")
        .await
        .unwrap();
    let head = browser.head().await;
    assert!(head.contains("content-length: 5\r\n"), "{head}");
    let mut begin = [0; 3];
    timeout(PATIENCE, browser.0.read_exact(&mut begin))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&begin, b"hel");
    peer.send("lo").await.unwrap();
    assert_eq!(browser.rest().await, "lo");
    let counted = |sample: &str| format!("ws_proxy_{sample} ");
    proxy
        .counts(&counted("relays_total{outcome=\"carried\"}"), 2.0)
        .await;
    proxy
        .counts(&counted("relay_bytes_total{direction=\"up\"}"), 5.0)
        .await;
    proxy
        .counts(&counted("relay_bytes_total{direction=\"down\"}"), 5.0)
        .await;
    proxy.counts(&counted("relays"), 0.0).await;
}

#[tokio::test]
async fn an_empty_file_and_the_head_of_one_have_no_body() {
    let (host, proxy) = relay("").await;
    let browser = Browser::put(&proxy, &at(&host, "/x"), 0).await;
    let (mut peer, head) = heard(&host).await;
    assert!(head.contains("content-length: 0\r\n"), "{head}");
    peer.send("HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    assert_eq!(browser.answer().await.0, 204);

    let browser = Browser::ask(&proxy, "HEAD", &at(&host, "/x"), "").await;
    let (mut peer, _) = heard(&host).await;
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 77\r\n\r\n")
        .await
        .unwrap();
    let (status, head, body) = browser.answer().await;
    assert!(
        status == 200 && head.contains("content-length: 77\r\n"),
        "{head}"
    );
    assert_eq!(body, "");
}

#[tokio::test]
async fn only_what_a_file_needs_is_passed_on() {
    let (host, proxy) = relay("").await;
    let mine = "cookie: ours=1\r\nauthorization: Basic b3Vycw==\r\nreferer: http://chat.test/\r\n\
                x-forwarded-for: 9.9.9.9\r\nte: trailers\r\nx-other: 1\r\n";
    let slot = "slot-authorization: Bearer theirs\r\nslot-cookie: theirs=1\r\n\
                slot-expires: never\r\ncontent-type: image/png\r\nrange: bytes=0-\r\n\
                content-length: 0\r\n";
    let browser = Browser::ask(&proxy, "PUT", &at(&host, "/x"), &[mine, slot].concat()).await;
    let (mut peer, head) = heard(&host).await;
    let mut names: Vec<&str> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    let expected = [
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expires",
        "host",
        "user-agent",
    ];
    assert_eq!(names, expected);
    for line in [
        "authorization: Bearer theirs",
        "cookie: theirs=1",
        "expires: never",
    ] {
        assert!(head.contains(&format!("{line}\r\n")), "{head}");
    }
    let theirs = "set-cookie: a=b\r\nwww-authenticate: Basic\r\naccess-control-allow-origin: *\r\n\
                  content-type: image/png\r\ncontent-security-policy: script-src *\r\n\
                  service-worker-allowed: /\r\nrefresh: 0;url=//evil.example\r\netag: \"1\"\r\n\
                  link: </x>;rel=preload\r\nlast-modified: then\r\ncache-control: max-age=9\r\n\
                  strict-transport-security: max-age=0\r\naccept-ranges: bytes\r\n";
    peer.send(&answer("200 OK", theirs, "x")).await.unwrap();
    let (_, head, _) = browser.answer().await;
    for gone in [
        "set-cookie",
        "www-authenticate",
        "access-control",
        "script-src",
        "service-worker",
        "refresh",
        "link:",
        "strict-transport",
    ] {
        assert!(!head.contains(gone), "{gone}: {head}");
    }
    for kept in [
        "etag: \"1\"",
        "last-modified: then",
        "cache-control: max-age=9",
        "accept-ranges: bytes",
    ] {
        assert!(head.contains(kept), "{kept}: {head}");
    }
}

#[tokio::test]
async fn a_part_of_a_file_can_be_asked_for_and_whether_it_has_changed() {
    let (host, proxy) = relay("").await;
    let headers = "range: bytes=1-2\r\nif-range: \"1\"\r\nslot-cookie: a\r\ncontent-type: x/y\r\n";
    let browser = Browser::ask(&proxy, "GET", &at(&host, "/x"), headers).await;
    let (mut peer, head) = heard(&host).await;
    assert!(
        head.contains("range: bytes=1-2\r\nif-range: \"1\"\r\n"),
        "{head}"
    );
    assert!(
        !head.contains("cookie") && !head.contains("content-type"),
        "{head}"
    );
    let part = answer(
        "206 Partial Content",
        "content-range: bytes 1-2/9\r\n",
        "bc",
    );
    peer.send(&part).await.unwrap();
    let (status, head, body) = browser.answer().await;
    assert!(
        status == 206 && head.contains("content-range: bytes 1-2/9\r\n"),
        "{head}"
    );
    assert_eq!(body, "bc");

    let headers = "if-none-match: \"1\"\r\n";
    let browser = Browser::ask(&proxy, "GET", &at(&host, "/x"), headers).await;
    let (mut peer, head) = heard(&host).await;
    assert!(head.contains("if-none-match: \"1\"\r\n"), "{head}");
    peer.send("HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n")
        .await
        .unwrap();
    let (status, head, _) = browser.answer().await;
    assert!(status == 304 && head.contains("etag: \"1\"\r\n"), "{head}");
}

#[tokio::test]
async fn a_hostile_file_is_only_downloaded_and_can_do_nothing() {
    let (host, proxy) = relay("").await;
    for (kind, served, shown) in [
        ("text/html", "application/octet-stream", false),
        ("image/svg+xml", "application/octet-stream", false),
        ("text/javascript", "application/octet-stream", false),
        ("application/pdf", "application/pdf", false),
        ("image/png", "image/png", true),
        ("video/mp4; codecs=x", "video/mp4", true),
    ] {
        let browser = Browser::get(&proxy, &at(&host, "/x")).await;
        let (mut peer, _) = heard(&host).await;
        let headers = format!("content-type: {kind}\r\ncontent-disposition: inline\r\n");
        peer.send(&answer("200 OK", &headers, "<script>"))
            .await
            .unwrap();
        let (_, head, _) = browser.answer().await;
        for line in [
            &format!("content-type: {served}\r\n"),
            "x-content-type-options: nosniff\r\n",
            "content-security-policy: sandbox; default-src 'none'; ",
            "cross-origin-resource-policy: same-origin\r\n",
        ] {
            assert!(head.contains(line), "{line}: {head}");
        }
        assert_eq!(
            head.contains("content-disposition: attachment\r\n"),
            !shown,
            "{head}"
        );
        assert!(!head.contains("inline"), "{head}");
    }
    // Our own words are no better protected against being taken for something else.
    let (_, head, _) = Browser::get(&proxy, "/relay/evil.example/x")
        .await
        .answer()
        .await;
    assert!(
        head.contains("nosniff") && head.contains("sandbox"),
        "{head}"
    );
}

#[tokio::test]
async fn no_other_host_is_ever_asked() {
    let (host, stranger) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let (address, other) = (host.address(), stranger.address());
    let port = other.port();
    let proxy = relay_of(&[&format!("http://{address}/files")], DOMAIN).await;
    for path in [
        format!("/relay/{other}/files/x"),
        format!("/relay/{address}@{other}/files/x"),
        format!("/relay/localhost:{port}/files/x"),
        format!("/relay/{address}/x"),
        format!("/relay/{address}/filesystem/x"),
        format!("/relay/{address}/"),
        format!("/relay/{address}"),
        format!("/relay//{address}/files/x"),
        format!("/relay/http://{other}/files/x"),
        format!("http://{other}/relay/{other}/files/x"),
    ] {
        let (status, _, _) = Browser::get(&proxy, &path).await.answer().await;
        assert_eq!(status, 404, "{path}");
    }
    for path in [
        "/files/../admin",
        "/files/%2e%2e/admin",
        "/files/..%2fadmin",
        "/files/%252e%252e/admin",
        "/files/..;/admin",
        "/files/x%5cy",
        "/files/./x",
        "/files/%0d%0ax",
    ] {
        let (status, _, _) = Browser::get(&proxy, &at(&host, path)).await.answer().await;
        assert_eq!(status, 400, "{path}");
    }
    // Whatever else the request says of hosts, it is the one that is configured.
    let headers = format!(
        "host: {other}\r\nx-forwarded-host: {other}\r\nforwarded: host={other}\r\n\
         x-original-url: /admin\r\n"
    );
    let path = format!("http://{other}{}", at(&host, "/files/x"));
    let browser = Browser::ask(&proxy, "GET", &path, &headers).await;
    let (mut peer, head) = heard(&host).await;
    assert!(head.starts_with("GET /files/x HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {address}\r\n")) && !head.contains(&port.to_string()));
    peer.send(&answer("200 OK", "", "")).await.unwrap();
    assert_eq!(browser.answer().await.0, 200);
    assert!(!host.was_called().unwrap() && !stranger.was_called().unwrap());
}

#[tokio::test]
async fn redirections_are_not_followed() {
    let (host, proxy) = relay("").await;
    let stranger = FakeBackend::bind().await.unwrap();
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let browser = Browser::get(&proxy, &at(&host, "/x")).await;
        let (mut peer, _) = heard(&host).await;
        let location = format!("location: http://{}/x\r\n", stranger.address());
        peer.send(&answer(status, &location, "")).await.unwrap();
        let (status, head, text) = browser.answer().await;
        assert_eq!(status, 502, "{head}");
        assert!(
            !head.contains("location") && text.contains("elsewhere"),
            "{head}{text}"
        );
    }
    assert!(!stranger.was_called().unwrap());
}

#[tokio::test]
async fn files_are_put_and_got_and_nothing_else() {
    let (host, proxy) = relay("").await;
    for method in ["POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE"] {
        let asked = Browser::ask(&proxy, method, &at(&host, "/x"), "content-length: 0\r\n").await;
        let (status, head, _) = asked.answer().await;
        assert_eq!(status, 405, "{method}");
        assert!(head.contains("allow: get, head, put\r\n"), "{head}");
    }
    assert!(!host.was_called().unwrap());
}

#[tokio::test]
async fn only_our_own_pages_may_put_and_get() {
    let (host, proxy) = relay("").await;
    let foreign = "origin: https://evil.example\r\n";
    let asked = Browser::ask(&proxy, "PUT", &at(&host, "/x"), foreign).await;
    assert_eq!(asked.answer().await.0, 403);
    for headers in [
        foreign,
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
        "origin: null\r\nsec-fetch-site: cross-site\r\n",
    ] {
        let asked = Browser::ask(&proxy, "GET", &at(&host, "/x"), headers).await;
        assert_eq!(asked.answer().await.0, 403, "{headers}");
    }
    for (method, headers) in [
        ("PUT", "origin: http://chat.test\r\ncontent-length: 0\r\n"),
        ("PUT", "content-length: 0\r\n"),
        (
            "GET",
            "origin: http://chat.test\r\nsec-fetch-site: same-origin\r\n",
        ),
        ("GET", "sec-fetch-site: same-origin\r\n"),
        ("GET", "sec-fetch-site: none\r\n"),
    ] {
        let asked = Browser::ask(&proxy, method, &at(&host, "/x"), headers).await;
        let (mut peer, _) = heard(&host).await;
        peer.send(&answer("200 OK", "", "")).await.unwrap();
        assert_eq!(asked.answer().await.0, 200, "{method} {headers}");
    }

    let url = format!("http://{}", host.address());
    let toml =
        format!("allow_missing_origin = false\nallow_origin = ['https://a.example']\n{DOMAIN}");
    let proxy = relay_of(&[&url], &toml).await;
    let asked = Browser::put(&proxy, &at(&host, "/x"), 0).await;
    assert_eq!(asked.answer().await.0, 403);
    let headers = "origin: https://a.example\r\ncontent-length: 0\r\n";
    let asked = Browser::ask(&proxy, "PUT", &at(&host, "/x"), headers).await;
    let (mut peer, _) = heard(&host).await;
    peer.send(&answer("200 OK", "", "")).await.unwrap();
    assert_eq!(asked.answer().await.0, 200);
}

#[tokio::test]
async fn the_client_learns_which_hosts_are_relayed_below_a_path_too() {
    let host = FakeBackend::bind().await.unwrap();
    let address = host.address();
    let hosts = [
        &format!("http://{address}/files"),
        "https://Upload.example.test:443",
    ];
    let toml = format!("public_url = 'https://example.org/chat'\n{DOMAIN}");
    let proxy = relay_of(&hosts, &toml).await;
    let (_, config) = proxy_config(&proxy).await;
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    let expected = serde_json::json!([
        { "url": format!("http://{address}/files"), "path": format!("/chat/relay/{address}/files") },
        { "url": "https://upload.example.test", "path": "/chat/relay/upload.example.test" },
    ]);
    assert_eq!(config["relay"], expected);
    for prefix in ["/chat", ""] {
        let path = format!("{prefix}{}", at(&host, "/files/x"));
        let headers = "origin: https://example.org\r\ncontent-length: 0\r\n";
        let browser = Browser::ask(&proxy, "PUT", &path, headers).await;
        let (mut peer, head) = heard(&host).await;
        assert!(head.starts_with("PUT /files/x "), "{head}");
        peer.send(&answer("201 Created", "", "")).await.unwrap();
        assert_eq!(browser.answer().await.0, 201);
    }
}

#[tokio::test]
async fn hosts_prove_who_they_are_to_the_authorities_of_the_backends() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path()).unwrap();
    let host = FakeBackend::bind().await.unwrap();
    let (ca, port) = (authority.pem().display(), host.address().port());
    let toml =
        format!("[[domain]]\nname = 'example.test'\nbackend = 'localhost'\nbackend_ca = '{ca}'");
    let url = format!("https://localhost:{port}");
    let proxy = relay_of(&[&url], &toml).await;
    let path = format!("/relay/localhost:{port}/x");
    let browser = Browser::get(&proxy, &path).await;
    let acceptor = authority.acceptor("localhost", false).unwrap();
    let (mut peer, alpn) = host.accept().await.unwrap().tls(&acceptor).await.unwrap();
    assert_eq!(alpn.as_deref(), Some(&b"http/1.1"[..]));
    let head = peer.expect("\r\n\r\n").await.unwrap();
    assert!(
        head.contains(&format!("host: localhost:{port}\r\n")),
        "{head}"
    );
    peer.send(&answer("200 OK", "", "hello")).await.unwrap();
    assert_eq!(browser.answer().await.2, "hello");

    for (name, expired, reason) in [
        ("other.test", false, "for another name"),
        ("localhost", true, "expired"),
    ] {
        let browser = Browser::get(&proxy, &path).await;
        let acceptor = authority.acceptor(name, expired).unwrap();
        assert!(host.accept().await.unwrap().tls(&acceptor).await.is_err());
        let (status, _, text) = browser.answer().await;
        assert!(status == 502 && text.contains(reason), "{status} {text}");
    }
}
