//! The object stores of the database and how they came to be.

use super::STORES;

/// One change of the schema. A database of version `n` has gone through the first `n`.
/// Steps are only ever added: people come with databases of every age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// New object stores with keys of their own.
    Create(&'static [&'static str]),
}

const STEPS: [Step; 1] = [Step::Create(&STORES)];

/// The version that this build reads and writes.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// What a database of version `old` still has to go through; 0 is one that isn't there yet.
pub(super) fn steps_after(old: f64) -> &'static [Step] {
    // The conversion saturates, and a newer database never gets here: it doesn't open.
    STEPS.get(old as usize..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stores_after(old: f64) -> Vec<&'static str> {
        steps_after(old)
            .iter()
            .flat_map(|Step::Create(names)| names.iter().copied())
            .collect()
    }

    #[test]
    fn a_new_database_gets_every_store_once() {
        let mut stores = stores_after(0.0);
        assert_eq!(stores.len(), STORES.len());
        stores.sort_unstable();
        stores.dedup();
        assert_eq!(stores.len(), STORES.len());
        for store in STORES {
            assert!(stores.contains(&store), "{store} is never created");
        }
    }

    #[test]
    fn a_database_of_today_or_tomorrow_is_left_alone() {
        assert_eq!(steps_after(f64::from(VERSION)), []);
        assert_eq!(steps_after(f64::from(VERSION) + 5.0), []);
    }
}
