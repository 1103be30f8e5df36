//! One measurement each.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Sub;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use couplet_tests::accounting::{cpu_time, resident};
use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::client::{RoundTrip, Session, Target, header, stanza};
use crate::place::Place;

/// How many sessions share the memory that is measured.
const IDLE_SESSIONS: usize = 1000;
/// How long sessions are busy.
const BUSY: Duration = Duration::from_secs(3);
/// How many round trips one session does for its latency.
const ROUND_TRIPS: usize = 4000;
/// How many connections are opened for the cost of one, and how many at once.
const CONNECTIONS: usize = 1000;
const CONNECTING: usize = 8;

/// Bytes a session.
pub(crate) struct Memory {
    pub(crate) idle: f64,
    /// Once each has sent and got 100 KB.
    pub(crate) after: f64,
}

pub(crate) async fn memory(place: &Place, tls: bool) -> Result<Memory> {
    let proxy = place.proxy(tls, tls).await?;
    let target = place.target(proxy.address(), tls)?;
    let process = proxy.process()?;
    // What the process needs once, it has.
    drop(Session::open(&target).await?);
    let before = resident(process)?;
    let mut sessions = Vec::new();
    for _ in 0..IDLE_SESSIONS {
        sessions.push(Session::open(&target).await?);
    }
    let each = |bytes: u64| bytes.saturating_sub(before) as f64 / IDLE_SESSIONS as f64;
    let idle = each(resident(process)?);
    let large = stanza(100_000);
    for session in &mut sessions {
        session.echo(&large).await?;
    }
    let patience = Instant::now() + Duration::from_secs(5);
    let mut after = f64::MAX;
    while Instant::now() < patience {
        after = after.min(each(resident(process)?));
        sleep(Duration::from_millis(100)).await;
    }
    Ok(Memory { idle, after })
}

/// What a round trip takes.
pub(crate) struct Cost {
    /// Microseconds of CPU time.
    pub(crate) cpu: f64,
    /// How many there were a second.
    rate: f64,
}

impl Cost {
    pub(crate) fn median(all: &[Self]) -> Self {
        let of = |field: fn(&Self) -> f64| median(all.iter().map(field));
        Self {
            cpu: of(|cost| cost.cpu),
            rate: of(|cost| cost.rate),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} us, {:.0}/s", self.cpu, self.rate)
    }
}

/// Lets all `sessions` do nothing but round trips through `process`.
pub(crate) async fn cost(sessions: Vec<impl RoundTrip>, process: u32) -> Result<Cost> {
    let (begin, before) = (Instant::now(), cpu_time(process)?);
    let end = begin + BUSY;
    let busy = sessions.into_iter().map(|mut session| async move {
        let mut count = 0_u64;
        while Instant::now() < end {
            session.round_trip().await?;
            count += 1;
        }
        // It stays until all are done: what leaving costs isn't asked.
        anyhow::Ok((count, session))
    });
    let done = try_join_all(busy).await?;
    let (elapsed, used) = (begin.elapsed(), cpu_time(process)? - before);
    let count: u64 = done.iter().map(|(count, _)| count).sum();
    Ok(Cost {
        cpu: used.as_secs_f64() * 1e6 / count as f64,
        rate: count as f64 / elapsed.as_secs_f64(),
    })
}

/// Microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Latency {
    median: f64,
    p99: f64,
}

impl Latency {
    /// Of these times.
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e6;
        Self {
            median: at(50),
            p99: at(99),
        }
    }

    pub(crate) fn median(&self) -> f64 {
        self.median
    }

    pub(crate) fn p99(&self) -> f64 {
        self.p99
    }
}

impl Sub for Latency {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            median: self.median - other.median,
            p99: self.p99 - other.p99,
        }
    }
}

/// How long the round trips of one session take.
pub(crate) async fn latency(target: &Target) -> Result<Latency> {
    let mut session = Session::open(target).await?;
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        let begin = Instant::now();
        session.round_trip().await?;
        times.push(begin.elapsed());
    }
    Ok(Latency::of(times))
}

/// The same straight to the server.
pub(crate) async fn straight(backend: SocketAddr) -> Result<Latency> {
    let mut stream = TcpStream::connect(backend).await?;
    stream.set_nodelay(true)?;
    stream.write_all(header().as_bytes()).await?;
    let mut bytes = vec![0; 4096];
    let mut opening = String::new();
    while !opening.contains("<success") {
        let read = stream.read(&mut bytes).await?;
        ensure!(read > 0, "the server hung up");
        opening += std::str::from_utf8(&bytes[..read])?;
    }
    let stanza = stanza(300);
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        let begin = Instant::now();
        stream.write_all(stanza.as_bytes()).await?;
        stream.read_exact(&mut bytes[..stanza.len()]).await?;
        times.push(begin.elapsed());
    }
    Ok(Latency::of(times))
}

/// How many of them can be begun.
pub(crate) struct Handshakes {
    /// In a second of CPU time.
    pub(crate) a_core: f64,
}

impl Handshakes {
    pub(crate) fn median(all: &[Self]) -> Self {
        Self {
            a_core: median(all.iter().map(|one| one.a_core)),
        }
    }
}

impl fmt::Display for Handshakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} a second of CPU time", self.a_core)
    }
}

/// Connections that end with their TLS handshakes.
pub(crate) async fn handshakes(target: &Target, process: u32) -> Result<Handshakes> {
    begun(process, || target.connect()).await
}

/// Sessions that end when they are open.
pub(crate) async fn openings(target: &Target, process: u32) -> Result<Handshakes> {
    begun(process, || Session::open(target)).await
}

async fn begun<T>(process: u32, open: impl AsyncFn() -> Result<T>) -> Result<Handshakes> {
    let before = cpu_time(process)?;
    let each = (0..CONNECTING).map(|_| async {
        for _ in 0..CONNECTIONS / CONNECTING {
            drop(open().await?);
        }
        anyhow::Ok(())
    });
    try_join_all(each).await?;
    let used = cpu_time(process)? - before;
    Ok(Handshakes {
        a_core: CONNECTIONS as f64 / used.as_secs_f64(),
    })
}

/// The one in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
