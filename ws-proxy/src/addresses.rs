//! How much one address may do: connections at once, and new ones a second.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::limits::Limits;

/// What is known of every address that is connected, or was a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Addresses(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<IpAddr, Entry>,
    /// How many there were after the last look for those that can go.
    kept: usize,
}

#[derive(Debug)]
struct Entry {
    open: usize,
    /// How many more may come at once.
    allowance: f64,
    since: Instant,
}

impl Addresses {
    /// Counts a connection of `ip` as long as the value lives.
    ///
    /// # Errors
    /// The key of the limit that forbids it.
    pub(crate) fn admit(
        self: &Arc<Self>,
        ip: IpAddr,
        limits: &Limits,
    ) -> Result<Connected, &'static str> {
        let ip = party(ip);
        let rate = f64::from(limits.max_connection_rate_per_address);
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.sweep();
        let now = Instant::now();
        let entry = table.entries.entry(ip).or_insert(Entry {
            open: 0,
            allowance: rate,
            since: now,
        });
        let passed = now.duration_since(entry.since).as_secs_f64();
        entry.allowance = (entry.allowance + passed * rate).min(rate);
        entry.since = now;
        if entry.allowance < 1.0 {
            return Err("max_connection_rate_per_address");
        }
        if entry.open >= limits.max_connections_per_address {
            return Err("max_connections_per_address");
        }
        entry.allowance -= 1.0;
        entry.open += 1;
        drop(table);
        Ok(Connected {
            addresses: self.clone(),
            ip,
        })
    }
}

impl Table {
    /// Forgets who isn't connected and has been quiet, now and then: the table has
    /// never more than twice as many as there have to be.
    fn sweep(&mut self) {
        if self.entries.len() < 2 * self.kept + 64 {
            return;
        }
        self.entries
            .retain(|_, entry| entry.open > 0 || entry.since.elapsed().as_secs() == 0);
        self.kept = self.entries.len();
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(crate) struct Connected {
    addresses: Arc<Addresses>,
    ip: IpAddr,
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut table = self
            .addresses
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = table.entries.get_mut(&self.ip) {
            entry.open -= 1;
        }
    }
}

/// Whoever has one IPv6 address has all of its /64 (RFC 4291 2.5.4).
pub(crate) fn party(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    fn limits(open: usize, rate: u32) -> Limits {
        Limits {
            max_connections_per_address: open,
            max_connection_rate_per_address: rate,
            ..Limits::default()
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_has_so_many_connections_and_others_are_unaffected() {
        let addresses = Arc::new(Addresses::default());
        let limits = limits(2, 100);
        let admit = |text| addresses.admit(ip(text), &limits);
        let held = [admit("2001:db8::1").unwrap(), admit("2001:db8::2").unwrap()];
        let refused = admit("2001:db8::3").err();
        assert_eq!(refused, Some("max_connections_per_address"));
        assert!(admit("2001:db8:0:1::1").is_ok() && admit("9.9.9.9").is_ok());
        drop(held);
        assert!(admit("2001:db8::3").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_has_so_many_new_connections_a_second() {
        let addresses = Arc::new(Addresses::default());
        let limits = limits(100, 10);
        let admitted = || {
            (0..50)
                .filter(|_| addresses.admit(ip("9.9.9.9"), &limits).is_ok())
                .count()
        };
        assert_eq!(admitted(), 10);
        advance(Duration::from_millis(500)).await;
        assert_eq!(admitted(), 5);
        advance(Duration::from_secs(60)).await;
        assert_eq!(admitted(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_left_is_forgotten() {
        let addresses = Arc::new(Addresses::default());
        for number in 0..100_000_u32 {
            let _ = addresses.admit(IpAddr::V4(number.into()), &Limits::default());
            if number % 10 == 0 {
                advance(Duration::from_secs(1)).await;
            }
        }
        assert!(addresses.0.lock().unwrap().entries.len() < 200);
    }
}
