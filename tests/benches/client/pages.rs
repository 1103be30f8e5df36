//! The files of both clients, on a web server of this process that compresses as any would.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{DOMAIN, ME, ROOM};

/// Serves until the process ends.
pub(crate) struct Pages {
    address: String,
}

/// What there is.
struct Site {
    /// Ours.
    couplet: PathBuf,
    /// Theirs.
    converse: PathBuf,
    /// The pages that are made here: by path, with what they say.
    made: HashMap<String, String>,
    /// What has been compressed already.
    compressed: Mutex<HashMap<String, Vec<u8>>>,
}

impl Pages {
    /// Both clients in front of the server at `websocket`.
    pub(crate) async fn start(
        couplet: PathBuf,
        converse: PathBuf,
        websocket: &str,
    ) -> Result<Self> {
        let config = json!({ "version": "bench", "websocket": websocket, "domains": [DOMAIN] });
        let made = [
            ("/couplet/config.json".to_owned(), config.to_string()),
            (
                "/couplet/site.html".to_owned(),
                site(&format!(
                    "<script type=\"module\" src=\"widget.js\"></script>\
                     <couplet-chat room=\"{ROOM}\"></couplet-chat>"
                )),
            ),
            (
                "/converse/form.html".to_owned(),
                converse_page(&settings(websocket, "fullscreen")),
            ),
            (
                "/converse/signed-in.html".to_owned(),
                converse_page(&signed_in(settings(websocket, "fullscreen"))),
            ),
            (
                "/converse/site.html".to_owned(),
                site(&converse_start(&settings(websocket, "overlayed"))),
            ),
        ];
        let site = Arc::new(Site {
            couplet,
            converse,
            made: made.into(),
            compressed: Mutex::default(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://localhost:{}", listener.local_addr()?.port());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let site = site.clone();
                tokio::spawn(async move { serve(stream, &site).await });
            }
        });
        Ok(Self { address })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        [&self.address, path].concat()
    }
}

/// Somebody's page, with `chat` before all that it says.
fn site(chat: &str) -> String {
    let says = "<h2>Umbrellas</h2><p>They keep the rain where it is, and open by themselves.</p>";
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Umbrellas</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head>\
         <body>{chat}{}</body></html>",
        says.repeat(100)
    )
}

/// Their quick start, full screen.
fn converse_page(settings: &Value) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Converse</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head>\
         <body class=\"converse-fullscreen\"><div id=\"conversejs-bg\"></div>{}</body></html>",
        converse_start(settings)
    )
}

/// What a page needs to have their client.
fn converse_start(settings: &Value) -> String {
    format!(
        "<link rel=\"stylesheet\" href=\"converse.min.css\">\
         <script type=\"module\">import \"./converse.min.js\";\
         converse.initialize({settings})</script>"
    )
}

fn settings(websocket: &str, mode: &str) -> Value {
    json!({
        "view_mode": mode,
        "assets_path": "/converse/",
        "websocket_url": websocket,
        "i18n": "en",
        "discover_connection_methods": false,
        "allow_non_roster_messaging": true,
        "loglevel": "error",
    })
}

/// Signed in and in the room by itself.
fn signed_in(mut settings: Value) -> Value {
    settings["authentication"] = "login".into();
    settings["auto_login"] = true.into();
    settings["jid"] = ME.into();
    settings["password"] = "alice".into();
    settings["auto_join_rooms"] = json!([{ "jid": ROOM, "nick": "alice" }]);
    settings
}

async fn serve(stream: TcpStream, site: &Site) -> Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while stream.read_line(&mut header).await? > 2 {
            header.clear();
        }
        let path = line.split(' ').nth(1).context("a path")?;
        let path = path.split('?').next().unwrap_or_default();
        let answer = match site.file(path) {
            Some(content) => {
                let kind = media_type(path);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Encoding: br\r\n\
                     Cache-Control: no-store\r\nContent-Length: {}\r\n\r\n",
                    content.len()
                );
                [head.into_bytes(), content].concat()
            }
            None => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        };
        stream.write_all(&answer).await?;
    }
}

impl Site {
    /// What is at the path, compressed.
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        let mut compressed = self.compressed.lock().ok()?;
        if let Some(known) = compressed.get(path) {
            return Some(known.clone());
        }
        let content = self.content(path)?;
        let small = brotli(&content).ok()?;
        compressed.insert(path.to_owned(), small.clone());
        Some(small)
    }

    fn content(&self, path: &str) -> Option<Vec<u8>> {
        if let Some(made) = self.made.get(path) {
            return Some(made.clone().into_bytes());
        }
        let read = |directory: &Path, name: &str| {
            let name = if name.is_empty() { "index.html" } else { name };
            std::fs::read(directory.join(name)).ok()
        };
        match path.strip_prefix("/couplet/") {
            Some(name) => read(&self.couplet, name),
            None => read(&self.converse, path.strip_prefix("/converse/")?),
        }
    }
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 11, 24);
    writer.write_all(content)?;
    drop(writer);
    Ok(compressed)
}

fn media_type(path: &str) -> &'static str {
    let suffix = path.rsplit('.').next().unwrap_or_default();
    match suffix {
        "js" => "text/javascript",
        "css" => "text/css",
        "wasm" => "application/wasm",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "text/html; charset=utf-8",
    }
}
