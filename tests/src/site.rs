//! A website of somebody else: pages of another origin than the proxy's, and the tokens by which
//! it vouches for its users.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running web server with a few pages. Dropping it ends it.
pub struct Site {
    address: SocketAddr,
    pages: Pages,
    running: JoinHandle<()>,
}

/// By path: what is sent besides the status, and the page.
type Pages = Arc<Mutex<BTreeMap<String, (String, String)>>>;

impl Drop for Site {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Site {
    /// A site without pages.
    ///
    /// # Errors
    /// When there is no port for it.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let pages = Pages::default();
        let served = pages.clone();
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = served.clone();
                // A browser that goes away in between misses nothing.
                tokio::spawn(async move { answer(stream, &served).await });
            }
        });
        Ok(Self {
            address,
            pages,
            running,
        })
    }

    /// Puts a page at `path`, sent with these lines of headers.
    pub fn put(&self, path: &str, headers: &[&str], page: &str) {
        let headers = headers.iter().map(|line| format!("{line}\r\n")).collect();
        self.pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_owned(), (headers, page.to_owned()));
    }

    /// What its pages are of when `host`, a name of this machine, is where they are looked for.
    pub fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.address.port())
    }
}

/// A token from the issuer in `examples`, for `jid` and so many seconds.
///
/// # Errors
/// When Python isn't there, or the issuer doesn't want to.
pub fn token(secret: &str, jid: &str, seconds: &str) -> Result<String> {
    let issuer = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/token-issuer/issue.py");
    let output = Command::new("python3")
        .arg(issuer)
        .args([jid, "--seconds", seconds])
        .env("COUPLET_TOKENS_SECRET", secret)
        .output()
        .context("Install python3")?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{said}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

async fn answer(mut stream: TcpStream, pages: &Pages) -> Result<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    let first = lines.next_line().await?.unwrap_or_default();
    while lines
        .next_line()
        .await?
        .is_some_and(|line| !line.is_empty())
    {}
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let page = pages
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&path)
        .cloned();
    let (status, (headers, page)) = match page {
        Some(page) => ("200 OK", page),
        None => ("404 Not Found", <(String, String)>::default()),
    };
    let kind = match path.rsplit_once('.') {
        Some((_, "js")) => "text/javascript",
        Some((_, "css")) => "text/css",
        _ => "text/html",
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n{headers}\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(page.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}
