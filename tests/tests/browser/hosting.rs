//! Where administrators put the page: below a path of their site, and behind HTTP/2.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use couplet_servers::{Kind, Server};
use couplet_tests::browser::{Browser, Page};
use couplet_tests::fake_backend::Authority;
use couplet_tests::proxy::Proxy;
use couplet_tests::{front, run, until};
use rcgen::PublicKeyData as _;
use sha2::{Digest as _, Sha256};

use crate::persistence::is_sent;
use crate::{ALICE, BOB, befriend, options, reads, say, sign_in};

const SITE: &str = "chat.example.org";

async fn enters(browser: &Browser, url: &str, jid: &str) -> Result<Page> {
    let page = browser.open(url).await?;
    sign_in(&page, jid, jid.split('@').next().unwrap_or_default()).await?;
    page.find("list", "Conversations").await?;
    Ok(page)
}

#[test]
fn the_page_may_be_below_a_path_of_another_site() {
    run(async {
        let server = Server::start(options(Kind::Prosody))?;
        let directory = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let url = format!("http://localhost:{}/team/chat/", address.port());
        let file = directory.path().join("proxy.toml");
        std::fs::write(&file, format!("public_url = '{url}'\n"))?;
        let file = file.to_str().context("a path")?;
        let mut proxy = Proxy::in_front_of_with(&server, &["--config", file]).await?;
        let nginx = nginx(directory.path(), address, proxy.address());
        let config = directory.path().join("nginx.conf");
        std::fs::write(&config, nginx)?;
        let config = config.to_str().context("a path")?;
        let _nginx = front::run("nginx", &["-c", config], directory.path(), address).await?;

        let browser = Browser::start().await?;
        let alice = enters(&browser, &url, ALICE).await?;
        let bob = enters(&browser, &url, BOB).await?;
        befriend(&alice, &bob).await?;
        say(&alice, "from below").await?;
        reads(&bob, "from below").await?;
        // What the page keeps is for its own path, and the site's other pages are as they were.
        let scope = alice
            .evaluate("navigator.serviceWorker.ready.then(ready => ready.scope)")
            .await?;
        ensure!(scope == url.as_str(), "{scope}");
        proxy.kill().await?;
        alice.reload().await?;
        reads(&alice, "from below").await?;
        alice
            .go(&format!("http://localhost:{}/", address.port()))
            .await?;
        alice.reads("another page of the site").await?;
        proxy.restart().await?;
        alice.go(&url).await?;
        alice.find_with("link", "bob").await?.click().await?;
        say(&alice, "and again").await?;
        reads(&bob, "and again").await?;
        Ok(())
    });
}

/// An nginx whose site has the proxy below a path.
fn nginx(directory: &std::path::Path, address: SocketAddr, proxy: SocketAddr) -> String {
    let directory = directory.display();
    format!(
        "daemon off; pid {directory}/nginx.pid; error_log stderr;\n\
         events {{}}\n\
         http {{\n\
         access_log off; client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;\n\
         fastcgi_temp_path {directory}/1; uwsgi_temp_path {directory}/2; scgi_temp_path {directory}/3;\n\
         server {{\n\
         listen {address};\n\
         location / {{ default_type text/html; return 200 '<p>another page of the site</p>'; }}\n\
         location /team/chat/ {{\n\
         proxy_pass http://{proxy}/; proxy_http_version 1.1; proxy_set_header Host $http_host;\n\
         proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;\n\
         }}}}}}\n"
    )
}

#[test]
fn page_and_session_share_a_connection_over_http2() {
    run(async {
        let server = Server::start(options(Kind::Prosody))?;
        let directory = tempfile::tempdir()?;
        let authority = Authority::new(directory.path())?;
        let (certificate, key) = authority.issue(SITE, false)?;
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(path("site.pem"), certificate.pem())?;
        std::fs::write(path("site.key"), key.serialize_pem())?;
        let tls = [
            "--tls-cert",
            &path("site.pem"),
            "--tls-key",
            &path("site.key"),
        ];
        let proxy = Proxy::in_front_of_with(&server, &tls).await?;
        let known = BASE64_STANDARD.encode(Sha256::digest(key.subject_public_key_info()));
        let browser = Browser::that_knows(&known).await?;
        let port = proxy.address().port();
        let alice = enters(&browser, &format!("https://{SITE}:{port}/"), ALICE).await?;
        let protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol";
        let protocol = alice.evaluate(protocol).await?;
        ensure!(protocol == "h2", "{protocol}");
        let bob = enters(&browser, &format!("https://{SITE}:{port}/"), BOB).await?;
        befriend(&alice, &bob).await?;
        say(&alice, "all in one").await?;
        is_sent(&alice).await?;
        // Each of them is somebody else to the browser.
        until("a connection each", || async {
            Ok((connections(port)? == 2).then_some(()))
        })
        .await?;
        // It is kept there, as anywhere that the browser trusts.
        alice.reload().await?;
        reads(&alice, "all in one").await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

/// How many connections are established that the proxy has accepted.
fn connections(port: u16) -> Result<usize> {
    const ESTABLISHED: &str = "01";
    let port = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let accepted = table.lines().filter(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let local = columns.next().unwrap_or_default();
        local.ends_with(&port) && columns.nth(1) == Some(ESTABLISHED)
    });
    Ok(accepted.count())
}
