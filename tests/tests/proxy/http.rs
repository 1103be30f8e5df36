//! What the proxy serves besides the WebSocket.

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::{DOMAIN, FakeBackend};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::Proxy;
use crate::client::Client;

/// An answer's head, in lower case, and its body.
async fn request(proxy: &Proxy, method: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    let host = if headers.contains("host:") {
        ""
    } else {
        "host: chat.test:5280\r\n"
    };
    let request = format!("{method} {path} HTTP/1.1\r\n{host}connection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..end + 2].to_vec())
        .unwrap()
        .to_lowercase();
    (head, answer[end + 4..].to_vec())
}

async fn get(proxy: &Proxy, path: &str) -> (String, String) {
    let (head, body) = request(proxy, "GET", path, "").await;
    (head, String::from_utf8(body).unwrap())
}

async fn proxy(toml: &str) -> Proxy {
    Proxy::start(&format!(
        "{toml}\n[[domain]]\nname = 'example.test'\nbackend = 'localhost'\nbackend_tls = 'none'\n\
         [[domain]]\nname = 'b\u{fc}cher.test'\nbackend = 'localhost'\nbackend_tls = 'none'"
    ))
    .await
}

#[tokio::test]
async fn a_person_at_the_websockets_address_gets_a_sentence() {
    let proxy = proxy("").await;
    let (head, sentence) = get(&proxy, "/xmpp-websocket").await;
    assert!(head.starts_with("http/1.1 426 "), "{head}");
    assert!(head.contains("\r\nupgrade: websocket\r\n"), "{head}");
    assert!(sentence.contains("RFC 7395"), "{sentence}");
}

#[tokio::test]
async fn another_method_at_the_websockets_address_gets_405() {
    let proxy = proxy("").await;
    for method in ["POST", "PUT", "OPTIONS"] {
        let (head, _) = request(&proxy, method, "/xmpp-websocket", "content-length: 0\r\n").await;
        assert!(
            head.starts_with("http/1.1 405 ") && head.contains("\r\nallow: get\r\n"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn a_handshake_without_key_gets_400() {
    let proxy = proxy("").await;
    let headers = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-protocol: xmpp\r\n";
    let (head, _) = request(&proxy, "GET", "/xmpp-websocket", headers).await;
    assert!(head.starts_with("http/1.1 400 "), "{head}");
}

#[tokio::test]
async fn host_meta_says_where_the_websocket_is() {
    let proxy = proxy("").await;
    let (head, xrd) = get(&proxy, "/.well-known/host-meta").await;
    assert!(
        head.contains("\r\naccess-control-allow-origin: *\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\ncontent-type: application/xrd+xml\r\n"),
        "{head}"
    );
    assert!(xrd.contains(
        "<Link rel=\"urn:xmpp:alt-connections:websocket\" href=\"ws://chat.test:5280/xmpp-websocket\"/>"
    ));
    let (head, json) = get(&proxy, "/.well-known/host-meta.json").await;
    assert!(
        head.contains("\r\naccess-control-allow-origin: *\r\n"),
        "{head}"
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["links"][0]["rel"],
        "urn:xmpp:alt-connections:websocket"
    );
    assert_eq!(
        json["links"][0]["href"],
        "ws://chat.test:5280/xmpp-websocket"
    );
}

#[tokio::test]
async fn host_meta_has_the_public_address_where_there_is_one() {
    let proxy = proxy("public_url = 'https://chat.example.org'").await;
    let (_, json) = get(&proxy, "/.well-known/host-meta.json").await;
    assert!(
        json.contains("wss://chat.example.org/xmpp-websocket"),
        "{json}"
    );
}

/// What the manual tells administrators to copy to the web server of their XMPP domain.
#[tokio::test]
async fn host_meta_for_the_domains_own_website_is_what_the_proxy_says_itself() {
    let packaged = |name: &str| {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/well-known");
        std::fs::read_to_string(format!("{directory}/{name}")).unwrap()
    };
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let proxy = proxy("public_url = 'https://chat.example.org'").await;
    let (_, xrd) = get(&proxy, "/.well-known/host-meta").await;
    assert_eq!(xrd, packaged("host-meta"));
    let (_, links) = get(&proxy, "/.well-known/host-meta.json").await;
    assert_eq!(json(&links), json(&packaged("host-meta.json")));
}

#[tokio::test]
async fn a_host_that_is_no_host_is_not_repeated() {
    let proxy = proxy("").await;
    for host in ["a\"b", "a;b", "a,b", "a'b"] {
        let headers = format!("host: {host}\r\n");
        let (head, body) = request(&proxy, "GET", "/.well-known/host-meta", &headers).await;
        assert!(head.starts_with("http/1.1 400 "), "{head}");
        assert!(!String::from_utf8(body).unwrap().contains(host));
        let (head, _) = request(&proxy, "GET", "/", &headers).await;
        assert!(!head.contains(host), "{head}");
    }
}

#[tokio::test]
async fn the_client_learns_the_domains() {
    let toml = "[web]\nroom_search = ''\n\
                [[web.demo]]\njid = 'alice@example.test'\npassword = 'alice'";
    let (head, json) = get(&proxy(toml).await, "/config.json").await;
    assert!(
        head.contains("\r\ncontent-type: application/json\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\ncache-control: no-cache\r\n"), "{head}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["websocket"], "/xmpp-websocket");
    assert_eq!(
        json["domains"],
        serde_json::json!(["example.test", "b\u{fc}cher.test"])
    );
    assert_eq!(json["room_search"], "");
    assert_eq!(json["demo"][0]["jid"], "alice@example.test");
}

#[tokio::test]
async fn every_page_is_protected() {
    let proxy = proxy("").await;
    let (head, page) = get(&proxy, "/").await;
    assert!(
        head.starts_with("http/1.1 200 ") && page.contains("<html"),
        "{head}"
    );
    for header in [
        "content-type: text/html; charset=utf-8",
        "cache-control: no-cache",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "permissions-policy: ",
        "connect-src 'self' ws://chat.test:5280 wss://chat.test:5280 https: http://localhost:* ",
        "img-src 'self' blob: data: https: http://localhost:* http://127.0.0.1:*;",
        "media-src 'self' blob: https: ",
        "script-src 'self' 'wasm-unsafe-eval';",
        "frame-ancestors 'none'",
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    for absent in [
        "strict-transport-security",
        "access-control-allow-origin",
        "unsafe-inline",
    ] {
        assert!(!head.contains(absent), "{head}");
    }
    let (head, _) = get(&proxy, "/config.json").await;
    assert!(!head.contains("access-control-allow-origin"), "{head}");
}

#[tokio::test]
async fn a_page_that_is_secure_takes_files_from_secure_servers_only() {
    let proxy = proxy("public_url = 'https://chat.example.org'").await;
    let (head, _) = get(&proxy, "/").await;
    for directive in [
        "img-src 'self' blob: data: https:;",
        "media-src 'self' blob: https:;",
        "wss://chat.example.org https:;",
    ] {
        assert!(head.contains(directive), "{directive} is not in {head}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_may_load_the_widget_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["index.html", "widget.js", "app.js"] {
        std::fs::write(directory.path().join(name), "").unwrap();
    }
    let proxy = proxy(&format!("static_dir = '{}'", directory.path().display())).await;
    for (path, is_shared) in [("/widget.js", true), ("/app.js", false), ("/", false)] {
        let (head, _) = get(&proxy, path).await;
        for header in [
            "access-control-allow-origin: *",
            "cross-origin-resource-policy: cross-origin",
        ] {
            assert_eq!(head.contains(header), is_shared, "{path}: {head}");
        }
    }
}

#[tokio::test]
async fn only_sites_of_the_domain_may_frame_its_chat_and_nothing_else_of_the_proxy() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["index.html", "embed.html", "widget.d.ts", "widget.html"] {
        std::fs::write(directory.path().join(name), "").unwrap();
    }
    let domain = |name: &str, sites: &str| {
        format!("[[domain]]\nname = '{name}'\nbackend = 'localhost'\nsites = {sites}\n")
    };
    let proxy = Proxy::start(&format!(
        "static_dir = '{}'\n{}{}{}",
        directory.path().display(),
        domain(
            "a.test",
            "['https://www.a.test', 'https://*.shop.test:8443']"
        ),
        domain("b\u{fc}cher.test", "['http://localhost:8000']"),
        domain("c.test", "[]"),
    ))
    .await;
    for (path, ancestors) in [
        (
            "/embed.html",
            "'self' https://www.a.test https://*.shop.test:8443",
        ),
        (
            "/embed.html?domain=A.test",
            "'self' https://www.a.test https://*.shop.test:8443",
        ),
        (
            "/embed.html?v=1&domain=xn--bcher-kva.test",
            "'self' http://localhost:8000",
        ),
        ("/embed.html?domain=c.test", "'self'"),
        ("/embed.html?domain=elsewhere.test", "'none'"),
        ("/embed.html?domain=%20*", "'none'"),
        ("/embed.html?domain=", "'none'"),
        ("/", "'none'"),
        ("/index.html?domain=a.test", "'none'"),
        ("/widget.html", "'none'"),
        ("/widget.d.ts", "'none'"),
        ("/config.json?domain=a.test", "'none'"),
    ] {
        let (head, _) = get(&proxy, path).await;
        let policy = format!("frame-ancestors {ancestors}\r\n");
        assert!(head.contains(&policy), "{path}: {head}");
    }
    // The page for owners of sites has the chat in it, and nothing but what is served here.
    let (head, _) = get(&proxy, "/widget.html").await;
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                  connect-src 'self'; frame-src 'self'; ";
    assert!(head.contains(policy), "{head}");
    let (head, _) = get(&proxy, "/widget.d.ts").await;
    assert!(
        head.contains("\r\ncontent-type: text/plain; charset=utf-8\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn files_are_served_in_the_form_that_the_browser_takes() {
    let directory = tempfile::tempdir().unwrap();
    let file =
        |name: &str, content: &str| std::fs::write(directory.path().join(name), content).unwrap();
    file("index.html", "page");
    file("app-0123456789abcdef.js", "plain");
    file("app-0123456789abcdef.js.br", "brotli");
    file("app-0123456789abcdef.js.gz", "gzip");
    file("app.wasm", "\0asm");
    let proxy = proxy(&format!("static_dir = '{}'", directory.path().display())).await;
    let script = "/app-0123456789abcdef.js";
    for (accept, encoding, content) in [
        ("br, gzip", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("identity", "", "plain"),
    ] {
        let headers = format!("accept-encoding: {accept}\r\n");
        let (head, body) = request(&proxy, "GET", script, &headers).await;
        assert_eq!(body, content.as_bytes());
        let sent = format!("content-encoding: {encoding}\r\n");
        assert_eq!(head.contains(&sent), !encoding.is_empty(), "{head}");
        assert!(head.contains("\r\nvary: accept-encoding\r\n"), "{head}");
        assert!(head.contains("\r\ncache-control: public, max-age=31536000, immutable\r\n"));
        assert!(head.contains("\r\ncontent-type: text/javascript; charset=utf-8\r\n"));
    }
    let (head, _) = get(&proxy, "/app.wasm").await;
    assert!(
        head.contains("\r\ncontent-type: application/wasm\r\n"),
        "{head}"
    );

    let (head, body) = request(&proxy, "HEAD", "/", "").await;
    assert!(
        head.contains("\r\ncontent-length: 4\r\n") && body.is_empty(),
        "{head}"
    );
    let (_, tag) = head.split_once("etag: ").unwrap();
    let known = format!("if-none-match: {}\r\n", tag.lines().next().unwrap());
    let (head, body) = request(&proxy, "GET", "/", &known).await;
    assert!(
        head.starts_with("http/1.1 304 ") && body.is_empty(),
        "{head}"
    );
    // What a browser has stays as it is, to the last letter, unless its policy is another.
    assert!(!head.contains("content-security-policy"), "{head}");
    let elsewhere = format!("host: elsewhere.test\r\n{known}");
    let (head, _) = request(&proxy, "GET", "/", &elsewhere).await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert!(head.contains("wss://elsewhere.test"), "{head}");
}

#[tokio::test]
async fn no_path_leads_out_of_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(directory.path().join("secret"), "secret").unwrap();
    std::fs::write(root.join("index.html"), "page").unwrap();
    for toml in [format!("static_dir = '{}'", root.display()), String::new()] {
        let proxy = proxy(&toml).await;
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/..%2fsecret",
            "//secret",
            "/./x",
            "/.git",
        ] {
            let (head, body) = get(&proxy, path).await;
            assert!(
                head.starts_with("http/1.1 404 ") && !body.contains("secret"),
                "{path}: {head}"
            );
        }
        let (head, _) = request(&proxy, "POST", "/", "content-length: 0\r\n").await;
        assert!(head.starts_with("http/1.1 405 "), "{head}");
    }
}

#[tokio::test]
async fn the_proxy_may_be_below_a_path() {
    let backend = FakeBackend::bind().await.unwrap();
    let address = backend.address();
    let proxy = Proxy::start(&format!(
        "public_url = 'https://example.org/a/chat/'\n[[domain]]\nname = '{DOMAIN}'\n\
         backend = '{address}'\nbackend_tls = 'none'"
    ))
    .await;
    // With the prefix, and with a server in front that takes it off.
    for prefix in ["/a/chat", ""] {
        let (head, page) = get(&proxy, &format!("{prefix}/")).await;
        assert!(
            head.starts_with("http/1.1 200 ") && page.contains("<html"),
            "{head}"
        );
        let (_, config) = get(&proxy, &format!("{prefix}/config.json")).await;
        assert!(
            config.contains("\"websocket\":\"/a/chat/xmpp-websocket\""),
            "{config}"
        );
        let host_meta = format!("{prefix}/.well-known/host-meta.json");
        let (_, host_meta) = get(&proxy, &host_meta).await;
        assert!(
            host_meta.contains("wss://example.org/a/chat/xmpp-websocket"),
            "{host_meta}"
        );
        let (mut client, _) = Client::try_connect(proxy.address, |request| {
            let uri = format!("ws://{}{prefix}/xmpp-websocket", proxy.address);
            *request.uri_mut() = uri.parse().unwrap();
            let origin = HeaderValue::from_static("https://example.org");
            request.headers_mut().insert("origin", origin);
        })
        .await
        .unwrap();
        client.open(DOMAIN).await;
        backend.accept().await.unwrap().open().await.unwrap();
        assert!(client.text().await.starts_with("<open "));
    }
    let (head, _) = get(&proxy, "/a/chat").await;
    assert!(
        head.starts_with("http/1.1 308 ") && head.contains("\r\nlocation: /a/chat/\r\n"),
        "{head}"
    );
}
