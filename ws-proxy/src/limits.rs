//! How much one client, one server and all of them together may make the proxy
//! do. Every bound has a default here, a key in `[limits]` and a test that it
//! bites.

use std::time::Duration;

use couplet_shared::limits::XmlLimits;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The table `[limits]`. Durations are seconds in the file, fractions allowed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// TCP connections at the same time, of any kind. More wait in the kernel's
    /// queue until one ends.
    pub max_connections: usize,
    /// TCP connections of one address at the same time; one more is closed. Where
    /// servers in front are trusted, it bounds sessions by what they say. Each
    /// session of an HTTP/2 connection counts like a connection.
    pub max_connections_per_address: usize,
    /// New TCP connections of one address a second, and as many at once.
    pub max_connection_rate_per_address: u32,
    /// XMPP sessions at the same time. One more is told to try later.
    pub max_sessions: usize,
    /// Bytes of one message from a client that has signed in.
    pub max_stanza_bytes: usize,
    /// The same until it has signed in.
    pub max_stanza_bytes_before_auth: usize,
    /// Bytes of one stanza from a server. A big roster is one stanza.
    pub max_backend_stanza_bytes: usize,
    /// Elements inside each other in one stanza.
    pub max_stanza_depth: usize,
    /// Elements in one stanza from a client.
    pub max_stanza_elements: usize,

    /// Bytes a second that are read of one client, after as many at once. More wait.
    pub max_bytes_per_second: u32,

    /// Files of upload hosts under way at the same time. One more is told to try later.
    pub max_relays: usize,
    /// The same of one address.
    pub max_relays_per_address: usize,
    /// Bytes of one file, up or down.
    pub max_relay_bytes: u64,
    /// Bytes a second of one file, after as many at once. More wait.
    pub max_relay_bytes_per_second: u32,
    /// Bytes a second of one file that both sides have to be good for, on average over
    /// [`stall`](Self::stall).
    pub min_relay_bytes_per_second: u32,

    /// From accepted connection to HTTP request, TLS handshake included.
    #[serde(rename = "handshake_seconds", with = "seconds")]
    pub handshake: Duration,
    /// From WebSocket to `<open/>`.
    #[serde(rename = "open_seconds", with = "seconds")]
    pub open: Duration,
    /// From `<open/>` to signed in; a person may be filling in a registration form.
    #[serde(rename = "auth_seconds", with = "seconds")]
    pub auth: Duration,
    /// Asking DNS for a server, and connecting to one address of it.
    #[serde(rename = "backend_connect_seconds", with = "seconds")]
    pub backend_connect: Duration,
    /// TLS handshake with a server.
    #[serde(rename = "backend_tls_seconds", with = "seconds")]
    pub backend_tls: Duration,
    /// From our stream header to the server's, and each step of STARTTLS.
    #[serde(rename = "backend_open_seconds", with = "seconds")]
    pub backend_open: Duration,
    /// Longest silence before a client is pinged. Proxies in front of us cut at 60 s.
    #[serde(rename = "ping_seconds", with = "seconds")]
    pub ping: Duration,
    /// How long a pinged client may stay silent before it counts as lost.
    #[serde(rename = "pong_seconds", with = "seconds")]
    pub pong: Duration,
    /// How long either side may take no byte of what we send before it counts as lost.
    #[serde(rename = "stall_seconds", with = "seconds")]
    pub stall: Duration,
    /// From the last byte of a request to an upload host to the head of its answer.
    #[serde(rename = "relay_answer_seconds", with = "seconds")]
    pub relay_answer: Duration,
    /// How long a server that failed is tried only after its others.
    #[serde(rename = "backend_retry_seconds", with = "seconds")]
    pub backend_retry: Duration,
    /// Over how long sessions leave when the proxy is told to end; 0 is at once.
    #[serde(rename = "drain_seconds", with = "seconds_or_none")]
    pub drain: Duration,
    /// For either side to take part in closing a stream or a WebSocket.
    #[serde(rename = "close_seconds", with = "seconds")]
    pub close: Duration,
}

/// The keys of those that can bite, each of which is counted when it does.
pub(crate) const KEYS: [&str; 26] = [
    "max_connections",
    "max_connections_per_address",
    "max_connection_rate_per_address",
    "max_sessions",
    "max_stanza_bytes",
    "max_stanza_bytes_before_auth",
    "max_backend_stanza_bytes",
    "max_stanza_depth",
    "max_stanza_elements",
    "max_bytes_per_second",
    "max_relays",
    "max_relays_per_address",
    "max_relay_bytes",
    "max_relay_bytes_per_second",
    "min_relay_bytes_per_second",
    "handshake_seconds",
    "open_seconds",
    "auth_seconds",
    "backend_connect_seconds",
    "backend_tls_seconds",
    "backend_open_seconds",
    "pong_seconds",
    "stall_seconds",
    "relay_answer_seconds",
    "drain_seconds",
    "close_seconds",
];

/// The same of a domain's table.
pub(crate) const DOMAIN_KEYS: [&str; 2] = ["max_sessions_per_address", "max_sessions_per_origin"];

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 20_000,
            max_connections_per_address: 1_000,
            max_connection_rate_per_address: 100,
            max_sessions: 10_000,
            max_stanza_bytes: XmlLimits::default().max_bytes,
            max_stanza_bytes_before_auth: XmlLimits::pre_auth().max_bytes,
            max_backend_stanza_bytes: 4 * 1024 * 1024,
            max_stanza_depth: XmlLimits::default().max_depth,
            max_stanza_elements: XmlLimits::default().max_elements,
            max_bytes_per_second: 1024 * 1024,
            max_relays: 256,
            max_relays_per_address: 32,
            max_relay_bytes: 512 * 1024 * 1024,
            max_relay_bytes_per_second: 16 * 1024 * 1024,
            min_relay_bytes_per_second: 1024,
            handshake: Duration::from_secs(10),
            open: Duration::from_secs(10),
            auth: Duration::from_secs(300),
            backend_connect: Duration::from_secs(5),
            backend_tls: Duration::from_secs(10),
            backend_open: Duration::from_secs(10),
            ping: Duration::from_secs(30),
            pong: Duration::from_secs(20),
            stall: Duration::from_secs(60),
            relay_answer: Duration::from_secs(60),
            backend_retry: Duration::from_secs(10),
            drain: Duration::from_secs(5),
            close: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// What a client's message may be.
    pub(crate) fn client_xml(&self, authenticated: bool) -> XmlLimits {
        let signed_in = XmlLimits {
            max_bytes: self.max_stanza_bytes,
            max_depth: self.max_stanza_depth,
            max_elements: self.max_stanza_elements,
            ..XmlLimits::default()
        };
        if authenticated {
            return signed_in;
        }
        let stranger = XmlLimits::pre_auth();
        XmlLimits {
            max_bytes: self.max_stanza_bytes_before_auth.min(signed_in.max_bytes),
            max_depth: stranger.max_depth.min(signed_in.max_depth),
            max_elements: stranger.max_elements.min(signed_in.max_elements),
            ..stranger
        }
    }

    /// What a server's stanza may be. Its size bounds its elements: a roster or an
    /// archive page has many, and they cost the scanner nothing.
    pub(crate) fn backend_xml(&self) -> XmlLimits {
        XmlLimits {
            max_bytes: self.max_backend_stanza_bytes,
            max_depth: self.max_stanza_depth,
            max_elements: usize::MAX,
            ..XmlLimits::default()
        }
    }

    /// What contradicts itself or a RFC: the key, what is wrong, a remedy.
    pub(crate) fn problems(
        &self,
    ) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> + use<> {
        // RFC 6120 13.12 and RFC 6455 5.5.
        let smallest = "RFC 6120 13.12 lets nobody refuse stanzas under 10000 bytes";
        let pings =
            "connections through other proxies would be cut: they close after a silence of 60 s";
        [
            (
                self.max_connections == 0,
                "max_connections",
                "nobody could connect",
                "Allow some",
            ),
            (
                self.max_connections_per_address == 0,
                "max_connections_per_address",
                "nobody could connect",
                "Allow some",
            ),
            (
                self.max_connection_rate_per_address == 0,
                "max_connection_rate_per_address",
                "nobody could connect",
                "Allow some",
            ),
            (
                (self.max_bytes_per_second as usize) < self.max_stanza_bytes / 10,
                "max_bytes_per_second",
                "a client that sends the largest stanza would be taken for lost",
                "Allow a tenth of max_stanza_bytes or more",
            ),
            (
                self.max_sessions == 0,
                "max_sessions",
                "nobody could sign in",
                "Allow some",
            ),
            (
                self.max_stanza_bytes < 10_000,
                "max_stanza_bytes",
                smallest,
                "Allow 10000 or more",
            ),
            (
                self.max_stanza_bytes_before_auth < 1_000,
                "max_stanza_bytes_before_auth",
                "nobody could sign in with so little",
                "Allow 1000 or more",
            ),
            (
                self.max_backend_stanza_bytes < 10_000,
                "max_backend_stanza_bytes",
                smallest,
                "Allow 10000 or more",
            ),
            (
                self.max_stanza_depth < 8,
                "max_stanza_depth",
                "stanzas are deeper",
                "Allow 8 or more",
            ),
            (
                self.max_stanza_elements < 64,
                "max_stanza_elements",
                "stanzas have more",
                "Allow 64 or more",
            ),
            (
                self.max_relays == 0 || self.max_relays_per_address == 0,
                match self.max_relays {
                    0 => "max_relays",
                    _ => "max_relays_per_address",
                },
                "no file could be relayed",
                "Allow some; what turns the relay off is an empty list of hosts in [relay]",
            ),
            (
                self.max_relay_bytes == 0,
                "max_relay_bytes",
                "no file could be relayed",
                "Allow some; what turns the relay off is an empty list of hosts in [relay]",
            ),
            (
                self.max_relay_bytes_per_second < self.min_relay_bytes_per_second.max(1024),
                "max_relay_bytes_per_second",
                "every file would be too slow",
                "Allow 1024, and min_relay_bytes_per_second, or more",
            ),
            (
                self.ping > Duration::from_secs(45),
                "ping_seconds",
                pings,
                "Stay at 45 or below",
            ),
            (
                self.pong > self.ping,
                "pong_seconds",
                "the answer to a ping would be awaited past the next ping",
                "Stay at ping_seconds or below",
            ),
        ]
        .into_iter()
        .filter_map(|(wrong, key, what, remedy)| wrong.then_some((key, what, remedy)))
    }
}

/// A duration as a number of seconds, fractions allowed.
mod seconds {
    use super::*;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        seconds_or_none::deserialize(deserializer).and_then(|duration| {
            if duration.is_zero() {
                Err(serde::de::Error::custom(
                    "this must be a number of seconds above 0 and up to a day",
                ))
            } else {
                Ok(duration)
            }
        })
    }

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if duration.subsec_nanos() == 0 {
            serializer.serialize_u64(duration.as_secs())
        } else {
            serializer.serialize_f64(duration.as_secs_f64())
        }
    }
}

/// The same where none at all is allowed too.
mod seconds_or_none {
    use super::*;

    pub(super) use super::seconds::serialize;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        f64::deserialize(deserializer)
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|duration| duration.as_secs() <= 24 * 60 * 60)
            .ok_or_else(|| serde::de::Error::custom("this must be a number of seconds up to a day"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(Limits::default().problems().count(), 0);
    }

    #[test]
    fn every_key_can_be_counted() {
        let table = toml::Table::try_from(Limits::default()).unwrap();
        // These two say when to do something, not when to give up.
        let mut known = [&KEYS[..], &["backend_retry_seconds", "ping_seconds"]].concat();
        known.sort_unstable();
        assert_eq!(table.keys().collect::<Vec<_>>(), known);
    }

    #[test]
    fn a_stranger_never_gets_more_than_a_signed_in_client() {
        let limits = Limits {
            max_stanza_bytes: 10_000,
            ..Limits::default()
        };
        assert_eq!(limits.client_xml(false).max_bytes, 10_000);
        assert!(limits.client_xml(false).max_depth < limits.client_xml(true).max_depth);
    }
}
