//! A map for tables of a few hundred entries.

use std::borrow::Borrow;

use jid::BareJid;
use serde::{Deserialize, Serialize};

/// A map in two vectors, keys in order, each with the value at the same place.
///
/// The standard library's B-tree is the better map beyond some thousand entries,
/// but brings some 7 KB of code for every pair of types; here what depends on the
/// value is only to put it into a vector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SortedMap<K, V> {
    keys: Vec<K>,
    values: Vec<V>,
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl<V> SortedMap<BareJid, V> {
    /// The value of whoever has this address, which is as addresses are written.
    pub(crate) fn of(&self, address: &str) -> Option<&V> {
        let place = self.keys.binary_search_by(|key| key.as_str().cmp(address));
        self.values.get(place.ok()?)
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.values.get(find(&self.keys, key).ok()?)
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.values.get_mut(find(&self.keys, key).ok()?)
    }

    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        find(&self.keys, key).is_ok()
    }

    /// Puts `value` in, and returns the one that was there.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match find(&self.keys, &key) {
            Ok(index) => Some(std::mem::replace(&mut self.values[index], value)),
            Err(index) => {
                self.keys.insert(index, key);
                self.values.insert(index, value);
                None
            }
        }
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let index = find(&self.keys, key).ok()?;
        self.keys.remove(index);
        Some(self.values.remove(index))
    }

    /// The value of `key`, which is `default()` if there was none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, default: impl FnOnce() -> V) -> &mut V {
        let index = find(&self.keys, &key).unwrap_or_else(|index| {
            self.keys.insert(index, key);
            self.values.insert(index, default());
            index
        });
        &mut self.values[index]
    }

    /// Takes the first entry out.
    pub(crate) fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.keys.is_empty()).then(|| (self.keys.remove(0), self.values.remove(0)))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.keys.iter().zip(&self.values)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.keys.iter().zip(&mut self.values)
    }

    pub(crate) fn keys(&self) -> std::slice::Iter<'_, K> {
        self.keys.iter()
    }

    pub(crate) fn values(&self) -> std::slice::Iter<'_, V> {
        self.values.iter()
    }

    pub(crate) fn values_mut(&mut self) -> std::slice::IterMut<'_, V> {
        self.values.iter_mut()
    }

    pub(crate) fn into_keys(self) -> std::vec::IntoIter<K> {
        self.keys.into_iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Keeps the entries of which `keep` says so.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let mut index = 0;
        while let (Some(key), Some(value)) = (self.keys.get(index), self.values.get_mut(index)) {
            if keep(key, value) {
                index += 1;
            } else {
                self.keys.remove(index);
                self.values.remove(index);
            }
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

/// Where `key` is, or where it belongs.
fn find<K: Borrow<Q>, Q: Ord + ?Sized>(keys: &[K], key: &Q) -> Result<usize, usize> {
    keys.binary_search_by(|known| known.borrow().cmp(key))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u8, u16),
        GetOrInsert(u8, u16),
        Remove(u8),
        PopFirst,
        RetainBelow(u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..20_u8, any::<u16>()).prop_map(|(key, value)| Step::Insert(key, value)),
            2 => (0..20_u8, any::<u16>()).prop_map(|(key, value)| Step::GetOrInsert(key, value)),
            2 => (0..20_u8).prop_map(Step::Remove),
            1 => Just(Step::PopFirst),
            1 => any::<u16>().prop_map(Step::RetainBelow),
        ]
    }

    proptest! {
        #[test]
        fn is_a_map(steps in prop::collection::vec(step(), 0..60)) {
            let (mut map, mut model) = (SortedMap::default(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        prop_assert_eq!(map.insert(key, value), model.insert(key, value));
                    }
                    Step::GetOrInsert(key, value) => {
                        let expected = model.entry(key).or_insert(value);
                        prop_assert_eq!(map.get_or_insert_with(key, || value), expected);
                    }
                    Step::Remove(key) => prop_assert_eq!(map.remove(&key), model.remove(&key)),
                    Step::PopFirst => prop_assert_eq!(map.pop_first(), model.pop_first()),
                    Step::RetainBelow(limit) => {
                        map.retain(|_, value| *value < limit);
                        model.retain(|_, value| *value < limit);
                    }
                }
                prop_assert!(map.iter().eq(model.iter()));
                for key in 0..20 {
                    prop_assert_eq!(map.get(&key), model.get(&key));
                }
            }
        }
    }
}
