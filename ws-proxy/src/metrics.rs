//! What the proxy counts. Plain atomics: a stanza costs two additions and no
//! allocation. Every label has a fixed set of values.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::faults;
use crate::limits;
use crate::relay::OUTCOMES;
use crate::upgrade::Refusal;

/// How sessions end when nothing went wrong; other endings are called as their
/// faults.
const GOOD_ENDINGS: [&str; 2] = ["closed-by-client", "closed-by-server"];

/// Everything that is counted from the start of the process on.
#[derive(Debug)]
pub(crate) struct Metrics {
    connections: AtomicU64,
    sessions: AtomicUsize,
    opened: AtomicU64,
    ended: Labelled,
    refused: Labelled,
    limits: Labelled,
    backend_failures: Labelled,
    /// From clients to servers.
    pub(crate) to_backend: Flow,
    /// From servers to clients.
    pub(crate) to_client: Flow,
    relays: AtomicUsize,
    relays_ended: Labelled,
    /// Bytes of files, by direction.
    relay_bytes: [AtomicU64; 2],
    /// From accepted connection to WebSocket, TLS included.
    pub(crate) handshake: Histogram,
    /// From `<open/>` to the server's stream header.
    pub(crate) backend_open: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let backend = |name: &&str| name.starts_with("backend-");
        Self {
            connections: AtomicU64::default(),
            sessions: AtomicUsize::default(),
            opened: AtomicU64::default(),
            ended: Labelled::new(GOOD_ENDINGS.into_iter().chain(faults::NAMES)),
            refused: Labelled::new(Refusal::ALL.into_iter().map(Refusal::name)),
            limits: Labelled::new(limits::KEYS.into_iter().chain(limits::DOMAIN_KEYS)),
            backend_failures: Labelled::new(faults::NAMES.into_iter().filter(backend)),
            to_backend: Flow::default(),
            to_client: Flow::default(),
            relays: AtomicUsize::default(),
            relays_ended: Labelled::new(OUTCOMES),
            relay_bytes: Default::default(),
            handshake: Histogram::default(),
            backend_open: Histogram::default(),
        }
    }
}

impl Metrics {
    /// Counts a session as long as the value lives; `None` if there are `most`.
    pub(crate) fn open_session(self: &Arc<Self>, most: usize) -> Option<OpenSession> {
        self.sessions
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
                (open < most).then_some(open + 1)
            })
            .ok()?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        Some(OpenSession(self.clone()))
    }

    /// A session ended as `ending` says, the name of a fault or of a good ending.
    pub(crate) fn session_ended(&self, ending: &str) {
        self.ended.count(ending);
    }

    /// A TCP connection was accepted.
    pub(crate) fn connection_accepted(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// A request for a WebSocket was refused.
    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refused.count(refusal.name());
    }

    /// A limit bit. `key` is its key in the table `[limits]` or in a domain's.
    pub(crate) fn limit_hit(&self, key: &str) {
        self.limits.count(key);
    }

    /// A server could not be reached.
    pub(crate) fn backend_failed(&self, fault: &str) {
        self.backend_failures.count(fault);
    }

    /// Counts a file as under way as long as the value lives; `None` if there are `most`.
    pub(crate) fn open_relay(self: &Arc<Self>, most: usize) -> Option<OpenRelay> {
        self.relays
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
                (open < most).then_some(open + 1)
            })
            .ok()?;
        Some(OpenRelay(self.clone()))
    }

    /// A request for a file ended so, one of [`OUTCOMES`].
    pub(crate) fn relay_ended(&self, outcome: &str) {
        self.relays_ended.count(outcome);
    }

    /// So many bytes of a file have been carried.
    pub(crate) fn relayed(&self, direction: RelayDirection, bytes: usize) {
        let [up, down] = &self.relay_bytes;
        let counter = match direction {
            RelayDirection::Up => up,
            RelayDirection::Down => down,
        };
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The text that Prometheus reads, with what is known of each domain's servers.
    pub(crate) fn text(&self, domains: &[(String, bool)], draining: bool) -> String {
        let mut text = Text::default();
        let version = env!("CARGO_PKG_VERSION");
        text.family("build_info", "gauge", "Always 1; the version is the label.");
        text.sample("build_info", &format!("{{version=\"{version}\"}}"), 1);
        text.family("draining", "gauge", "1 while the proxy is being shut down.");
        text.sample("draining", "", draining);
        text.family("sessions", "gauge", "XMPP sessions at this moment.");
        text.sample("sessions", "", self.sessions.load(Ordering::Relaxed));
        text.counter(
            "connections_total",
            "TCP connections accepted.",
            &self.connections,
        );
        text.counter(
            "sessions_opened_total",
            "XMPP sessions begun.",
            &self.opened,
        );
        let help = "XMPP sessions ended, by fault or good ending.";
        text.labelled("sessions_ended_total", help, "reason", &self.ended);
        let help = "Requests for a WebSocket that were refused.";
        text.labelled("refused_total", help, "reason", &self.refused);
        let help = "How often each limit bit, by its key in the configuration.";
        text.labelled("limit_hits_total", help, "limit", &self.limits);
        let help = "Attempts to open a stream at a server that failed, by fault.";
        text.labelled(
            "backend_failures_total",
            help,
            "reason",
            &self.backend_failures,
        );
        text.family("backend_up", "gauge", "Whether a domain's servers answer.");
        for (domain, up) in domains {
            text.sample("backend_up", &format!("{{domain=\"{domain}\"}}"), *up);
        }
        let flows = [
            ("to_backend", &self.to_backend),
            ("to_client", &self.to_client),
        ];
        text.family("stanzas_total", "counter", "Messages carried, each way.");
        for (name, flow) in flows {
            let label = format!("{{direction=\"{name}\"}}");
            text.sample(
                "stanzas_total",
                &label,
                flow.stanzas.load(Ordering::Relaxed),
            );
        }
        text.family("bytes_total", "counter", "XML bytes carried, each way.");
        for (name, flow) in flows {
            let label = format!("{{direction=\"{name}\"}}");
            text.sample("bytes_total", &label, flow.bytes.load(Ordering::Relaxed));
        }
        text.family("relays", "gauge", "Files under way at this moment.");
        text.sample("relays", "", self.relays.load(Ordering::Relaxed));
        let help = "Requests for files of upload hosts, by how they ended.";
        text.labelled("relays_total", help, "outcome", &self.relays_ended);
        text.family("relay_bytes_total", "counter", "Bytes of files, each way.");
        for (name, bytes) in ["up", "down"].iter().zip(&self.relay_bytes) {
            let label = format!("{{direction=\"{name}\"}}");
            text.sample("relay_bytes_total", &label, bytes.load(Ordering::Relaxed));
        }
        let help = "From connection to WebSocket, TLS included.";
        text.histogram("handshake_seconds", help, &self.handshake);
        let help = "From <open/> to the server's stream header.";
        text.histogram("backend_open_seconds", help, &self.backend_open);
        text.0
    }
}

/// An XMPP session as long as it lives.
#[derive(Debug)]
pub(crate) struct OpenSession(Arc<Metrics>);

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A file as long as it is under way.
#[derive(Debug)]
pub(crate) struct OpenRelay(Arc<Metrics>);

impl Drop for OpenRelay {
    fn drop(&mut self) {
        self.0.relays.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Which way a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelayDirection {
    /// To an upload host.
    Up,
    /// From one.
    Down,
}

/// One direction's traffic, on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Flow {
    stanzas: AtomicU64,
    bytes: AtomicU64,
}

impl Flow {
    /// Counts `stanzas` that have `bytes` together.
    pub(crate) fn add(&self, stanzas: u64, bytes: usize) {
        self.stanzas.fetch_add(stanzas, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// A counter for each value of a label.
#[derive(Debug)]
struct Labelled(Vec<(&'static str, AtomicU64)>);

impl Labelled {
    fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self(
            names
                .into_iter()
                .map(|name| (name, AtomicU64::new(0)))
                .collect(),
        )
    }

    fn count(&self, name: &str) {
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == name) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The upper bounds of a histogram's buckets, in milliseconds.
const BUCKETS: [u64; 10] = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 5000];

/// How long something takes.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// One more than there are bounds: the last has what is over all of them.
    buckets: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
}

impl Histogram {
    pub(crate) fn observe(&self, duration: Duration) {
        let bucket = BUCKETS
            .iter()
            .position(|&bound| duration <= Duration::from_millis(bound))
            .unwrap_or(BUCKETS.len());
        if let Some(counter) = self.buckets.get(bucket) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Prometheus's text format, every name behind `ws_proxy_`.
#[derive(Default)]
struct Text(String);

impl Text {
    // Writes into a string have no way to fail.

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP ws_proxy_{name} {help}");
        let _ = writeln!(self.0, "# TYPE ws_proxy_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Number) {
        let _ = write!(self.0, "ws_proxy_{name}{labels} ");
        value.write(&mut self.0);
        self.0.push('\n');
    }

    fn counter(&mut self, name: &str, help: &str, counter: &AtomicU64) {
        self.family(name, "counter", help);
        self.sample(name, "", counter.load(Ordering::Relaxed));
    }

    fn labelled(&mut self, name: &str, help: &str, label: &str, counters: &Labelled) {
        self.family(name, "counter", help);
        for (value, counter) in &counters.0 {
            let labels = format!("{{{label}=\"{value}\"}}");
            self.sample(name, &labels, counter.load(Ordering::Relaxed));
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let bounds = BUCKETS
            .iter()
            .map(|&bound| Duration::from_millis(bound).as_secs_f64().to_string())
            .chain(["+Inf".to_owned()]);
        let mut total = 0;
        for (bound, bucket) in bounds.zip(&histogram.buckets) {
            total += bucket.load(Ordering::Relaxed);
            let labels = format!("{{le=\"{bound}\"}}");
            self.sample(&format!("{name}_bucket"), &labels, total);
        }
        let seconds = Duration::from_micros(histogram.micros.load(Ordering::Relaxed));
        self.sample(&format!("{name}_sum"), "", seconds.as_secs_f64());
        self.sample(&format!("{name}_count"), "", total);
    }
}

/// What a sample's value can be.
trait Number {
    fn write(self, out: &mut String);
}

macro_rules! numbers {
    ($($name:ty),*) => {$(
        impl Number for $name {
            fn write(self, out: &mut String) {
                let _ = fmt::Write::write_fmt(out, format_args!("{self}"));
            }
        }
    )*};
}

numbers!(f64, u64, usize, i32);

impl Number for bool {
    fn write(self, out: &mut String) {
        out.push(if self { '1' } else { '0' });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_has_every_metric() {
        let guide = include_str!("../../docs/proxy.md");
        let text = Metrics::default().text(&[], false);
        let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        for name in names.filter_map(|line| line.split(' ').next()) {
            let (plain, labelled) = (format!("`{name}`"), format!("`{name}{{"));
            assert!(
                guide.contains(&plain) || guide.contains(&labelled),
                "{name}"
            );
        }
    }

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Arc::new(Metrics::default());
        let session = metrics.open_session(1);
        assert!(session.is_some() && metrics.open_session(1).is_none());
        metrics.session_ended("client-lost");
        metrics.to_backend.add(1, 300);
        metrics.handshake.observe(Duration::from_millis(7));
        metrics.handshake.observe(Duration::from_secs(9));
        let text = metrics.text(&[("example.org".to_owned(), true)], false);
        for line in [
            "# TYPE ws_proxy_sessions gauge",
            "ws_proxy_sessions 1",
            "ws_proxy_sessions_opened_total 1",
            "ws_proxy_sessions_ended_total{reason=\"client-lost\"} 1",
            "ws_proxy_sessions_ended_total{reason=\"closed-by-client\"} 0",
            "ws_proxy_bytes_total{direction=\"to_backend\"} 300",
            "ws_proxy_backend_up{domain=\"example.org\"} 1",
            "ws_proxy_handshake_seconds_bucket{le=\"0.005\"} 0",
            "ws_proxy_handshake_seconds_bucket{le=\"0.01\"} 1",
            "ws_proxy_handshake_seconds_bucket{le=\"+Inf\"} 2",
            "ws_proxy_handshake_seconds_sum 9.007",
            "ws_proxy_handshake_seconds_count 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        drop(session);
        assert!(metrics.open_session(1).is_some());
    }
}
