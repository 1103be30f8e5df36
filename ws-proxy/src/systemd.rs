//! What systemd and its like want to know and have to give: readiness, a watchdog,
//! sockets. Each of them does nothing where nobody asked for it.

use std::env;
use std::io;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use listenfd::ListenFd;
use rustix::time::{ClockId, clock_gettime};

/// Sockets that were opened before us (sd_listen_fds(3)): the first one for
/// browsers, the second for whoever runs the proxy.
#[derive(Debug, Default)]
pub struct Inherited {
    /// For browsers.
    pub public: Option<TcpListener>,
    /// For health, readiness and metrics.
    pub admin: Option<TcpListener>,
}

impl Inherited {
    /// Takes them from the environment.
    ///
    /// # Errors
    /// They aren't listening TCP sockets.
    pub fn from_env() -> io::Result<Self> {
        let mut given = ListenFd::from_env();
        let mut take = |index| {
            if index >= given.len() {
                return Ok(None);
            }
            let socket = given.take_tcp_listener(index)?;
            if let Some(socket) = &socket {
                socket.set_nonblocking(true)?;
            }
            Ok::<_, io::Error>(socket)
        };
        Ok(Self {
            public: take(0)?,
            admin: take(1)?,
        })
    }
}

/// Whom to tell how the process is (sd_notify(3)).
#[derive(Debug)]
pub struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
}

impl Notifier {
    /// The one that the environment names, if any.
    pub fn from_env() -> Self {
        let socket = env::var_os("NOTIFY_SOCKET").and_then(|name| {
            let address = match name.as_bytes().strip_prefix(b"@") {
                Some(name) => SocketAddr::from_abstract_name(name),
                None => SocketAddr::from_pathname(&name),
            };
            Some((UnixDatagram::unbound().ok()?, address.ok()?))
        });
        Self { socket }
    }

    /// The start is over.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The configuration is being read again; [`Notifier::ready`] ends it.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// The end has begun.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Still there; to be said every [`watchdog`].
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, state: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(state.as_bytes(), address)
        {
            tracing::debug!("systemd can't be told {state:?}: {error}");
        }
    }
}

/// How often systemd wants to hear that the process is alive: twice in its time.
pub fn watchdog() -> Option<Duration> {
    let ours = env::var("WATCHDOG_PID")
        .ok()
        .is_none_or(|pid| pid == std::process::id().to_string());
    let micros: u64 = env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    (ours && micros > 1).then(|| Duration::from_micros(micros / 2))
}
