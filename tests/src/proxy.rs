//! The proxy as administrators run it: a process, which can be killed.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use anyhow::{Context as _, Result, ensure};
use couplet_servers::Server;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::{PATIENCE, accounting, until};

/// A running proxy. Dropping it kills it.
pub struct Proxy {
    child: Child,
    port: u16,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    log: UnboundedReceiver<String>,
}

/// The variable that names the binary to test; `cargo xtask test` sets it.
const BINARY: &str = "COUPLET_WS_PROXY";

/// The binary.
///
/// # Errors
/// The variable isn't set, or names nothing.
pub fn binary() -> Result<PathBuf> {
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
        Self::in_front_of_with(server, &[]).await
    }

    /// The same with more arguments.
    ///
    /// # Errors
    /// When the proxy doesn't come up.
    pub async fn in_front_of_with(server: &Server, more: &[&str]) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], server.c2s_port()));
        Self::before(server, address, more).await
    }

    /// The same, where the server is reached at `address`.
    ///
    /// # Errors
    /// When the proxy doesn't come up.
    pub async fn in_front_of_at(server: &Server, address: SocketAddr) -> Result<Self> {
        Self::before(server, address, &[]).await
    }

    async fn before(server: &Server, address: SocketAddr, more: &[&str]) -> Result<Self> {
        let backend = address.to_string();
        let ca = server.ca_pem();
        let guests = server.anonymous_domain();
        let mut arguments = vec![
            "--domain",
            server.domain(),
            "--backend",
            &backend,
            "--backend-tls",
            "starttls",
            "--backend-ca",
            path(&ca)?,
        ];
        if let Some(guests) = &guests {
            arguments.extend(["--domain", guests]);
        }
        Self::start(&[&arguments, more].concat()).await
    }

    /// With these arguments, on a free port of loopback.
    ///
    /// # Errors
    /// When the proxy doesn't come up.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        Self::start_with(arguments, &[]).await
    }

    /// The same with more in its environment.
    ///
    /// # Errors
    /// When the proxy doesn't come up.
    pub async fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let arguments: Vec<_> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let (child, log) = spawn(port, &arguments, &variables).await?;
        Ok(Self {
            child,
            port,
            arguments,
            variables,
            log,
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
        (self.child, self.log) = spawn(self.port, &self.arguments, &self.variables).await?;
        Ok(())
    }

    /// Sends it a signal, such as `HUP`.
    ///
    /// # Errors
    /// It has ended.
    pub async fn signal(&self, name: &str) -> Result<()> {
        let process = self.child.id().context("the proxy has ended")?;
        let kill = Command::new("kill")
            .args(["-s", name, &process.to_string()])
            .status();
        ensure!(kill.await?.success(), "kill -s {name} failed");
        Ok(())
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// It doesn't.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        Ok(timeout(PATIENCE, self.child.wait()).await??)
    }

    /// Waits for a line of its log that has `text` in it.
    ///
    /// # Errors
    /// None comes.
    pub async fn log(&mut self, text: &str) -> Result<String> {
        let found = async {
            while let Some(line) = self.log.recv().await {
                if line.contains(text) {
                    return Ok(line);
                }
            }
            anyhow::bail!("the log ended without {text:?}")
        };
        timeout(PATIENCE, found).await?
    }

    /// The process, for [`crate::accounting`].
    ///
    /// # Errors
    /// It has ended.
    pub fn process(&self) -> Result<u32> {
        self.child.id().context("the proxy has ended")
    }

    /// How much memory it has, in bytes, as the kernel counts it.
    ///
    /// # Errors
    /// It has ended.
    pub fn memory(&self) -> Result<u64> {
        accounting::resident(self.process()?)
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

async fn spawn(
    port: u16,
    arguments: &[String],
    variables: &[(String, String)],
) -> Result<(Child, UnboundedReceiver<String>)> {
    let mut child = Command::new(binary()?)
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(arguments)
        .envs(variables.iter().cloned())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("starting the proxy")?;
    let (sender, lines) = unbounded_channel();
    if let Some(log) = child.stderr.take() {
        // Its log is part of what a failed test shows.
        tokio::spawn(async move {
            let mut lines = BufReader::new(log).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                eprintln!("proxy: {line}");
                // Nobody may be interested.
                let _ = sender.send(line);
            }
        });
    }
    until("the proxy listens", || async {
        Ok(TcpStream::connect(("127.0.0.1", port)).await.ok())
    })
    .await?;
    Ok((child, lines))
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path that isn't UTF-8")
}
