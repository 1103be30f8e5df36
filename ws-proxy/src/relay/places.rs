//! How many files one address may have under way.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::addresses::party;

/// How many files each address has under way, of those that have any.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<BTreeMap<IpAddr, usize>>);

impl Places {
    /// Counts a file of `ip` as long as the value lives; `None` if it has `most`.
    pub(super) fn take(self: &Arc<Self>, ip: IpAddr, most: usize) -> Option<Place> {
        let ip = party(ip);
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = table.get(&ip).copied().unwrap_or_default();
        if open >= most {
            return None;
        }
        table.insert(ip, open + 1);
        Some(Place {
            places: self.clone(),
            ip,
        })
    }
}

/// A file that is counted.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    ip: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        match table.get_mut(&self.ip) {
            Some(open) if *open > 1 => *open -= 1,
            _ => {
                table.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_so_many_and_whoever_has_none_is_forgotten() {
        let places = Arc::new(Places::default());
        let take = |text: &str| places.take(text.parse().unwrap(), 2);
        let held = [take("2001:db8::1").unwrap(), take("2001:db8::2").unwrap()];
        assert!(take("2001:db8::3").is_none());
        assert!(take("9.9.9.9").is_some());
        drop(held);
        assert!(take("2001:db8::3").is_some());
        assert!(places.0.lock().unwrap().is_empty());
    }
}
