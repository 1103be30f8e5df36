//! A TCP relay that breaks what passes through it, on request: for a test of what
//! becomes of those at its ends.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

/// Where bytes go: to who accepted the connection, or to who opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What the client sends.
    ToServer,
    /// What the server sends.
    ToClient,
}

/// What happens to a connection. What waits for a number of bytes happens after
/// [`FUSE`] at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// After so many bytes the connection is gone: both ends see it close, or be
    /// reset, which takes along what they haven't read yet.
    Cut {
        direction: Direction,
        after: usize,
        reset: bool,
    },
    /// After so many bytes nothing more comes, and the receiver is told so; the
    /// other direction goes on.
    HalfClose { direction: Direction, after: usize },
    /// After so many bytes all that is sent vanishes, and nobody is told, until
    /// after `time` the connection is cut.
    Swallow {
        direction: Direction,
        after: usize,
        time: Duration,
    },
    /// Nothing passes for so long, in either direction.
    Stall { time: Duration },
    /// For `time`, everything comes later by `by`.
    Delay { by: Duration, time: Duration },
}

/// For how long a fault waits for its bytes.
pub const FUSE: Duration = Duration::from_secs(1);

/// The relay. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    lines: Arc<Mutex<Lines>>,
    accepting: AbortHandle,
}

#[derive(Debug, Default)]
struct Lines {
    next: u64,
    open: BTreeMap<u64, [UnboundedSender<Fault>; 2]>,
    /// For connections to come.
    waiting: VecDeque<Fault>,
}

impl Relay {
    /// Relays to `target` from a free port of loopback.
    ///
    /// # Errors
    /// There is none.
    pub async fn to(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let lines = Arc::<Mutex<Lines>>::default();
        let accepting = tokio::spawn(accept(listener, target, lines.clone())).abort_handle();
        Ok(Self {
            address,
            lines,
            accepting,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets `fault` happen to one of the connections: `pick` says which, of however
    /// many there are. If there is none, it happens to the next.
    pub fn inject(&self, fault: Fault, pick: usize) {
        let mut lines = lock(&self.lines);
        let line = pick % lines.open.len().max(1);
        match lines.open.values().nth(line) {
            Some(ends) => hand(ends, fault),
            None => lines.waiting.push_back(fault),
        }
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        lock(&self.lines).open.len()
    }

    /// Spares the connections to come what has been waiting for them.
    pub fn calm(&self) {
        lock(&self.lines).waiting.clear();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock(lines: &Mutex<Lines>) -> std::sync::MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells those whom it concerns.
fn hand([to_server, to_client]: &[UnboundedSender<Fault>; 2], fault: Fault) {
    let concerned = match fault {
        Fault::Cut { direction, .. }
        | Fault::HalfClose { direction, .. }
        | Fault::Swallow { direction, .. } => match direction {
            Direction::ToServer => vec![to_server],
            Direction::ToClient => vec![to_client],
        },
        Fault::Stall { .. } | Fault::Delay { .. } => vec![to_server, to_client],
    };
    for end in concerned {
        // A connection that has just ended has had its fault.
        let _ = end.send(fault);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, lines: Arc<Mutex<Lines>>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(connection(client, target, lines.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(client: TcpStream, target: SocketAddr, lines: Arc<Mutex<Lines>>) {
    // Nobody at the target: the client finds out by its connection ending.
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (to_server, server_faults) = unbounded_channel();
    let (to_client, client_faults) = unbounded_channel();
    let line = {
        let mut lines = lock(&lines);
        lines.next += 1;
        let (line, ends) = (lines.next, [to_server, to_client]);
        if let Some(fault) = lines.waiting.pop_front() {
            hand(&ends, fault);
        }
        lines.open.insert(line, ends);
        line
    };
    let (mut client_read, mut client_write) = client.into_split();
    let (mut server_read, mut server_write) = server.into_split();
    let ended = tokio::try_join!(
        Pump::new(&mut client_read, &mut server_write, server_faults).run(),
        Pump::new(&mut server_read, &mut client_write, client_faults).run(),
    );
    if let Err(Cut { reset: true }) = ended {
        for half in [&client_read, &server_read] {
            let _ = half.as_ref().set_zero_linger();
        }
    }
    lock(&lines).open.remove(&line);
}

/// The connection is over, for both directions.
struct Cut {
    reset: bool,
}

/// One direction of a connection.
struct Pump<'a> {
    from: &'a mut OwnedReadHalf,
    to: &'a mut OwnedWriteHalf,
    faults: UnboundedReceiver<Fault>,
    /// What waits for its bytes, and until when.
    armed: Option<(Fault, Instant)>,
    /// Everything is late by this much until then.
    late: Option<(Duration, Instant)>,
}

impl<'a> Pump<'a> {
    fn new(
        from: &'a mut OwnedReadHalf,
        to: &'a mut OwnedWriteHalf,
        faults: UnboundedReceiver<Fault>,
    ) -> Self {
        Self {
            from,
            to,
            faults,
            armed: None,
            late: None,
        }
    }

    async fn run(mut self) -> Result<(), Cut> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let fuse = self.armed.map(|(_, fuse)| fuse);
            let read = tokio::select! {
                Some(fault) = self.faults.recv() => {
                    self.take(fault).await;
                    continue;
                }
                read = self.from.read(&mut buffer) => read.map_err(|_| Cut { reset: true })?,
                () = burnt(fuse) => {
                    self.pass(&[], true).await?;
                    continue;
                }
            };
            if read == 0 {
                let _ = self.to.shutdown().await;
                return Ok(());
            }
            self.pass(&buffer[..read], false).await?;
        }
    }

    async fn take(&mut self, fault: Fault) {
        match fault {
            Fault::Stall { time } => sleep(time).await,
            Fault::Delay { by, time } => self.late = Some((by, Instant::now() + time)),
            Fault::Cut { .. } | Fault::HalfClose { .. } | Fault::Swallow { .. } => {
                self.armed = Some((fault, Instant::now() + FUSE));
            }
        }
    }

    /// Passes `bytes` on as far as the armed fault lets them; `now` it happens even
    /// if they are too few.
    async fn pass(&mut self, bytes: &[u8], now: bool) -> Result<(), Cut> {
        if let Some((by, until)) = self.late {
            sleep(by).await;
            self.late = self.late.filter(|_| Instant::now() < until);
        }
        let Some((fault, _)) = &mut self.armed else {
            return self.write(bytes).await;
        };
        if let Fault::Cut { after, .. }
        | Fault::HalfClose { after, .. }
        | Fault::Swallow { after, .. } = fault
            && *after >= bytes.len()
            && !now
        {
            *after -= bytes.len();
            return self.write(bytes).await;
        }
        match *fault {
            Fault::Cut { after, reset, .. } => {
                self.write(&bytes[..after.min(bytes.len())]).await?;
                Err(Cut { reset })
            }
            Fault::HalfClose { after, .. } => {
                self.write(&bytes[..after.min(bytes.len())]).await?;
                let _ = self.to.shutdown().await;
                self.armed = None;
                self.discard().await;
                Ok(())
            }
            Fault::Swallow { after, time, .. } => {
                self.write(&bytes[..after.min(bytes.len())]).await?;
                let _ = tokio::time::timeout(time, self.discard()).await;
                Err(Cut { reset: false })
            }
            Fault::Stall { .. } | Fault::Delay { .. } => self.write(bytes).await,
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        let written = self.to.write_all(bytes).await;
        written.map_err(|_| Cut { reset: true })
    }

    /// Reads until there is no more.
    async fn discard(&mut self) {
        let mut nowhere = [0; 4096];
        while self
            .from
            .read(&mut nowhere)
            .await
            .is_ok_and(|read| read > 0)
        {}
    }
}

async fn burnt(fuse: Option<Instant>) {
    match fuse {
        Some(fuse) => sleep_until(fuse).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Both ends of a connection through a relay.
    async fn pair() -> (Relay, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Relay::to(listener.local_addr().unwrap()).await.unwrap();
        let client = TcpStream::connect(relay.address()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        crate::until("the relay knows it", || async {
            Ok((!lock(&relay.lines).open.is_empty()).then_some(()))
        })
        .await
        .unwrap();
        (relay, client, server)
    }

    /// The relay runs in this thread: lets it take the fault before the bytes come.
    async fn taken() {
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    }

    async fn rest(stream: &mut TcpStream) -> Vec<u8> {
        let mut read = Vec::new();
        let _ = stream.read_to_end(&mut read).await;
        read
    }

    #[tokio::test]
    async fn a_cut_lets_so_many_bytes_through() {
        let (relay, mut client, mut server) = pair().await;
        let (direction, reset) = (Direction::ToServer, false);
        client.write_all(b"before ").await.unwrap();
        server.read_exact(&mut [0; 7]).await.unwrap();
        let after = 5;
        relay.inject(
            Fault::Cut {
                direction,
                after,
                reset,
            },
            7,
        );
        taken().await;
        client.write_all(b"after and more").await.unwrap();
        assert_eq!(rest(&mut server).await, b"after");
        assert_eq!(rest(&mut client).await, b"");
    }

    #[tokio::test]
    async fn a_cut_waits_for_the_next_connection_and_not_for_ever() {
        let (relay, client, server) = pair().await;
        drop((client, server));
        crate::until("the relay has forgotten it", || async {
            Ok(lock(&relay.lines).open.is_empty().then_some(()))
        })
        .await
        .unwrap();
        let direction = Direction::ToClient;
        relay.inject(
            Fault::Cut {
                direction,
                after: 1000,
                reset: true,
            },
            0,
        );
        let mut client = TcpStream::connect(relay.address()).await.unwrap();
        // Nobody listens at the target any more, or the fuse burns: it ends.
        assert_eq!(rest(&mut client).await, b"");
    }

    #[tokio::test]
    async fn whoever_comes_when_all_is_calm_is_spared() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Relay::to(listener.local_addr().unwrap()).await.unwrap();
        let cut = Fault::Cut {
            direction: Direction::ToServer,
            after: 0,
            reset: false,
        };
        relay.inject(cut, 0);
        relay.calm();
        let mut client = TcpStream::connect(relay.address()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(b"all of it").await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(rest(&mut server).await, b"all of it");
    }

    #[tokio::test]
    async fn a_half_close_leaves_the_other_half() {
        let (relay, mut client, mut server) = pair().await;
        let direction = Direction::ToClient;
        relay.inject(
            Fault::HalfClose {
                direction,
                after: 0,
            },
            0,
        );
        assert_eq!(rest(&mut client).await, b"");
        client.write_all(b"still").await.unwrap();
        let mut still = [0; 5];
        server.read_exact(&mut still).await.unwrap();
        assert_eq!(&still, b"still");
    }

    #[tokio::test]
    async fn what_is_swallowed_never_arrives() {
        let (relay, mut client, mut server) = pair().await;
        let (direction, time) = (Direction::ToServer, Duration::from_millis(100));
        relay.inject(
            Fault::Swallow {
                direction,
                after: 0,
                time,
            },
            0,
        );
        taken().await;
        client.write_all(b"lost").await.unwrap();
        assert_eq!(rest(&mut server).await, b"");
    }

    #[tokio::test]
    async fn a_stall_ends() {
        let (relay, mut client, mut server) = pair().await;
        let time = Duration::from_millis(300);
        let start = Instant::now();
        relay.inject(Fault::Stall { time }, 0);
        taken().await;
        client.write_all(b"late").await.unwrap();
        server.read_exact(&mut [0; 4]).await.unwrap();
        assert!(start.elapsed() >= time);
    }
}
