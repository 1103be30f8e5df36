//! The proxy as administrators run it: a process, which can be killed.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use couplet_servers::Server;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::until;

/// A running proxy. Dropping it kills it.
pub struct Proxy {
    child: Child,
    port: u16,
    arguments: Vec<String>,
}

/// The variable that names the binary to test; `cargo xtask test` sets it.
const BINARY: &str = "COUPLET_WS_PROXY";

fn binary() -> Result<PathBuf> {
    let path = std::env::var_os(BINARY)
        .map(PathBuf::from)
        .with_context(|| format!("{BINARY} is not set: run `cargo xtask test`"))?;
    ensure!(
        path.is_file(),
        "{BINARY} names {}, which is no file",
        path.display()
    );
    Ok(path)
}

impl Proxy {
    /// In front of `server`, over STARTTLS, trusting its authority.
    ///
    /// # Errors
    /// When the proxy doesn't come up.
    pub async fn in_front_of(server: &Server) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], server.c2s_port()));
        Self::in_front_of_at(server, address).await
    }

    /// The same, where the server is reached at `address`.
    ///
    /// # Errors
    /// When the proxy doesn't come up.
    pub async fn in_front_of_at(server: &Server, address: SocketAddr) -> Result<Self> {
        let backend = address.to_string();
        let ca = server.ca_pem();
        Self::start(&[
            "--domain",
            server.domain(),
            "--backend",
            &backend,
            "--backend-tls",
            "starttls",
            "--backend-ca",
            path(&ca)?,
        ])
        .await
    }

    /// With these arguments, on a free port of loopback.
    ///
    /// # Errors
    /// When the proxy doesn't come up.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let arguments: Vec<_> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        let child = spawn(port, &arguments).await?;
        Ok(Self {
            child,
            port,
            arguments,
        })
    }

    /// Kills it as the power would.
    ///
    /// # Errors
    /// When it can't be killed.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("killing the proxy")
    }

    /// Starts it again on the same port.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill().await?;
        self.child = spawn(self.port, &self.arguments).await?;
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The web client's address, as seen from a page of host `host`.
    pub fn page(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.port)
    }

    /// The WebSocket's address.
    pub fn websocket(&self) -> String {
        format!("ws://127.0.0.1:{}/xmpp-websocket", self.port)
    }
}

async fn spawn(port: u16, arguments: &[String]) -> Result<Child> {
    let mut child = Command::new(binary()?)
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .context("starting the proxy")?;
    if let Some(log) = child.stdout.take() {
        // Its log is part of what a failed test shows.
        tokio::spawn(async move {
            let mut lines = BufReader::new(log).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                eprintln!("proxy: {line}");
            }
        });
    }
    until("the proxy listens", || async {
        Ok(TcpStream::connect(("127.0.0.1", port)).await.ok())
    })
    .await?;
    Ok(child)
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path that isn't UTF-8")
}
