//! A running server: started, restarted, killed and cleaned up.

use std::{
    fs,
    fs::File,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use anyhow::{Result, anyhow, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    certificates::{self, CA_FILE},
    ejabberd,
    options::{Kind, ServerOptions},
    ports::{Ports, ReservedPorts},
    process::ProcessTree,
    prosody,
    wait::wait_for,
};

/// How long a server may take until it answers. On an idle machine it takes
/// one second.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to end when asked.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How much of its logs an error shows.
const LOG_LINES: usize = 60;

/// A server of our own on loopback. See the [crate] for what becomes of it.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    ports: ReservedPorts,
    // Dropped before the directory, in which it writes.
    process: Option<ProcessTree>,
    setup: Setup,
    directory: TempDir,
}

/// What it takes to run a server whose files are in place.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) command: Command,
    pub(crate) logs: Vec<PathBuf>,
}

impl Server {
    /// Starts a server and waits until it answers clients.
    ///
    /// # Errors
    /// When the program isn't installed (the error names the command that
    /// installs it), when the options contradict each other, or when the
    /// server doesn't answer in time; then the error ends with its logs.
    pub fn start(options: ServerOptions) -> Result<Self> {
        let ports = options.ports.map_or_else(ReservedPorts::choose, |ports| {
            Ok(ReservedPorts::fixed(ports))
        })?;
        let directory = tempfile::Builder::new().prefix("couplet-").tempdir()?;
        certificates::write(&options, directory.path())?;
        let prepare = match options.kind {
            Kind::Prosody => prosody::prepare,
            Kind::Ejabberd => ejabberd::prepare,
        };
        let setup = prepare(&options, ports.ports, directory.path())?;
        let mut server = Self {
            options,
            ports,
            process: None,
            setup,
            directory,
        };
        server.restart()?;
        Ok(server)
    }

    /// Asks the server to end and waits for it. Clients see their streams
    /// closed. Does nothing when it isn't running.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop(STOP_PATIENCE);
        }
    }

    /// Ends the server at once, as a crash would: no stream is closed. What it
    /// hadn't yet written is lost.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts the server again with the ports and the data it had, after
    /// [`stop`](Self::stop) if it is running.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn restart(&mut self) -> Result<()> {
        self.stop();
        self.launch().map_err(|error| {
            let logs = self.logs();
            let lines: Vec<_> = logs.lines().collect();
            let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
            error.context(format!(
                "{:?} didn't start. The end of its logs:\n{tail}",
                self.options.kind
            ))
        })
    }

    /// The XMPP domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.options.domain
    }

    /// The domain of the rooms: `rooms.` and the domain.
    #[must_use]
    pub fn rooms_domain(&self) -> String {
        self.options.rooms_domain()
    }

    /// The domain that takes SASL ANONYMOUS, if the options asked for it.
    #[must_use]
    pub fn anonymous_domain(&self) -> Option<String> {
        self.options
            .anonymous
            .then(|| self.options.anonymous_domain())
    }

    /// The client port on 127.0.0.1: STARTTLS or plain, as the options say.
    #[must_use]
    pub fn c2s_port(&self) -> u16 {
        self.ports.ports.c2s
    }

    /// The client port on 127.0.0.1 that speaks TLS from the first byte.
    #[must_use]
    pub fn direct_tls_port(&self) -> u16 {
        self.ports.ports.direct_tls
    }

    /// The process, unless the server is down.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.process.as_ref().map(ProcessTree::id)
    }

    /// All ports, to start another server on the same ones.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports.ports
    }

    /// The certificate of the authority that a client should trust, as PEM.
    /// Whether the server's own comes from it is up to the options.
    #[must_use]
    pub fn ca_pem(&self) -> PathBuf {
        self.directory.path().join(CA_FILE)
    }

    /// Runs an administration command of ejabberd, for example
    /// `set_presence`, and returns its answer. The commands are those of
    /// `ejabberdctl help`.
    ///
    /// # Errors
    /// When the server is Prosody, is down, or refuses.
    pub fn ejabberd_api(&self, command: &str, arguments: &Value) -> Result<Value> {
        if self.options.kind != Kind::Ejabberd {
            bail!("this isn't ejabberd");
        }
        ejabberd::api(self.ports.ports, command, arguments)
    }

    /// Everything the server has logged so far, also before restarts.
    #[must_use]
    pub fn logs(&self) -> String {
        let read = |path: &PathBuf| fs::read(path).ok();
        let logs = self.setup.logs.iter().filter_map(read);
        logs.map(|log| String::from_utf8_lossy(&log).into_owned())
            .collect()
    }

    fn launch(&mut self) -> Result<()> {
        self.ports.check_free()?;
        let output = File::options()
            .create(true)
            .append(true)
            .open(self.directory.path().join("output.log"))?;
        self.setup
            .command
            .stderr(output.try_clone()?)
            .stdout(output);
        let mut process = ProcessTree::spawn(&mut self.setup.command, Some(self.directory.path()))?;
        self.wait_until_up(&mut process)?;
        match self.options.kind {
            Kind::Prosody => prosody::check(self.directory.path())?,
            Kind::Ejabberd => ejabberd::register_accounts(&self.options, self.ports.ports)?,
        }
        self.process = Some(process);
        Ok(())
    }

    fn wait_until_up(&self, process: &mut ProcessTree) -> Result<()> {
        let mut outcome = Err(anyhow!(
            "no answer on port {} in {START_PATIENCE:?}",
            self.c2s_port()
        ));
        wait_for(START_PATIENCE, || {
            if let Ok(Some(status)) = process.try_wait() {
                outcome = Err(anyhow!("it ended: {status}"));
                return true;
            }
            if self.offers_features().unwrap_or(false) {
                outcome = Ok(());
            }
            outcome.is_ok()
        });
        outcome
    }

    /// Whether the server answers a stream header with its features.
    fn offers_features(&self) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.c2s_port()))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(
            stream,
            "<stream:stream to='{}' version='1.0' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'>",
            self.domain()
        )?;
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        let features = b"<stream:features";
        while !answer.windows(features.len()).any(|part| part == features) {
            match stream.read(&mut buffer)? {
                0 => return Ok(false),
                n => answer.extend_from_slice(&buffer[..n]),
            }
        }
        write!(stream, "</stream:stream>")?;
        Ok(true)
    }
}
