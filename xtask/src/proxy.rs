//! A proxy that runs while we do.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use couplet_servers::{ProcessTree, Server};
use serde_json::json;
use tempfile::TempDir;

use crate::process;

/// How long it may take until the page answers.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// The XMPP server that the proxy leads to.
pub(crate) enum Backend<'a> {
    /// One of our own. The sign-in page offers these of its accounts.
    Ours(&'a Server, &'a [&'a str]),
    /// Somebody else's, found through DNS.
    Theirs(&'a str),
}

/// A running proxy, ended on drop.
pub(crate) struct Proxy {
    // Dropped before the directory, in which it writes.
    process: ProcessTree,
    directory: TempDir,
    port: u16,
}

impl Proxy {
    /// Starts `binary` on loopback and waits until its page answers. Serves
    /// `web` instead of what is inside the binary, if given.
    pub(crate) fn start(
        binary: &Path,
        port: u16,
        backend: &Backend<'_>,
        web: Option<&Path>,
    ) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("couplet-").tempdir()?;
        let mut command = Command::new(binary);
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        match backend {
            Backend::Ours(server, accounts) => {
                let config = directory.path().join("ws-proxy.toml");
                fs::write(&config, configuration(server, accounts))?;
                command.arg("--config").arg(config);
            }
            Backend::Theirs(domain) => {
                command.args(["--domain", domain]);
            }
        }
        if let Some(web) = web {
            command.arg("--static-dir").arg(web);
        }
        let log = File::create(directory.path().join("ws-proxy.log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        let process = ProcessTree::spawn(&mut command, Some(directory.path()))
            .with_context(|| format!("cannot run {}", binary.display()))?;
        let mut proxy = Self {
            process,
            directory,
            port,
        };
        proxy.wait_until_up()?;
        Ok(proxy)
    }

    /// Where the page is.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Fails, with the end of the log, once the proxy has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        if let Some(status) = self.process.try_wait()? {
            bail!("the proxy ended ({status}):\n{}", self.log());
        }
        Ok(())
    }

    fn wait_until_up(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_PATIENCE;
        while !answers(self.port).unwrap_or(false) {
            self.check()?;
            if Instant::now() > deadline {
                bail!(
                    "the page didn't answer in {START_PATIENCE:?}:\n{}",
                    self.log()
                );
            }
            process::pause(Duration::from_millis(20))?;
        }
        Ok(())
    }

    fn log(&self) -> String {
        let path: PathBuf = self.directory.path().join("ws-proxy.log");
        fs::read_to_string(path)
            .unwrap_or_default()
            .trim_end()
            .to_owned()
    }
}

/// Fails when another program has the port.
pub(crate) fn check_port(port: u16, command: &str) -> Result<()> {
    if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        let other = port.checked_add(1).unwrap_or(5280);
        bail!(
            "port {port} can't be used ({error}). Choose another: cargo xtask {command} --port {other}"
        );
    }
    Ok(())
}

/// The configuration that leads to a server of ours.
fn configuration(server: &Server, accounts: &[&str]) -> String {
    let domain = server.domain();
    let demo: Vec<_> = accounts
        .iter()
        .map(|user| format!("{{ jid = \"{user}@{domain}\", password = \"{user}\" }}"))
        .collect();
    format!(
        "[[domain]]\n\
         name = \"{domain}\"\n\
         backend = \"127.0.0.1:{}\"\n\
         backend_tls = \"starttls\"\n\
         backend_ca = {}\n\
         \n\
         [web]\n\
         demo = [{}]\n",
        server.c2s_port(),
        // A JSON string is a TOML string too.
        json!(server.ca_pem()),
        demo.join(", ")
    )
}

/// Whether the page at the root can be loaded.
fn answers(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(&status == b"HTTP/1.1 200")
}
