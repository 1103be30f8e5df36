//! Files on a web server of this machine, put and taken as any program would.

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::PATIENCE;

/// Puts `content` at `url`, with these headers.
///
/// # Errors
/// When the server doesn't take it.
pub async fn put(url: &str, headers: &[(String, String)], content: &[u8]) -> Result<()> {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let (head, _) = ask("PUT", url, &headers, content).await?;
    ensure!(head.starts_with("HTTP/1.1 201"), "{head}");
    Ok(())
}

/// What is at `url`.
///
/// # Errors
/// When nothing is.
pub async fn get(url: &str) -> Result<Vec<u8>> {
    let (head, content) = ask("GET", url, "", &[]).await?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{head}");
    Ok(content)
}

async fn ask(method: &str, url: &str, headers: &str, body: &[u8]) -> Result<(String, Vec<u8>)> {
    let rest = url.strip_prefix("http://").context("not on this machine")?;
    let (authority, path) = rest.split_once('/').context("no path")?;
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
         Content-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    let (_, port) = authority.split_once(':').context("no port")?;
    let mut stream = TcpStream::connect(("127.0.0.1", port.parse()?)).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    let end = answer.windows(4).position(|end| end == b"\r\n\r\n");
    let content = answer.split_off(end.context("no answer")? + 4);
    Ok((String::from_utf8(answer)?, content))
}
