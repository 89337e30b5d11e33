//! What is kept, how large it is, and in which order it was used: in memory, made anew at each start from the store.

use std::collections::{BTreeMap, HashMap};

use super::key::Key;

/// The kept files in the order of their last use.
#[derive(Debug, Default)]
pub(super) struct Index {
    files: HashMap<Key, (u64, u64)>,
    by_use: BTreeMap<u64, Key>,
    total: u64,
    uses: u64,
}

impl Index {
    /// Bytes of all files.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Adds a file, as the one that was used last.
    pub(super) fn add(&mut self, key: Key, size: u64) {
        self.remove(&key);
        self.uses += 1;
        self.files.insert(key, (size, self.uses));
        self.by_use.insert(self.uses, key);
        self.total = self.total.saturating_add(size);
    }

    /// Notes a use; false for a file that is not here.
    pub(super) fn used(&mut self, key: &Key) -> bool {
        let Some((_, number)) = self.files.get_mut(key) else { return false };
        self.by_use.remove(number);
        self.uses += 1;
        *number = self.uses;
        self.by_use.insert(self.uses, *key);
        true
    }

    /// Forgets a file.
    pub(super) fn remove(&mut self, key: &Key) {
        if let Some((size, number)) = self.files.remove(key) {
            self.by_use.remove(&number);
            self.total = self.total.saturating_sub(size);
        }
    }

    /// Takes out what was used longest ago until the rest is at most `limit` bytes.
    pub(super) fn shrink(&mut self, limit: u64) -> Vec<Key> {
        let mut gone = Vec::new();
        while self.total > limit {
            let Some((_, key)) = self.by_use.pop_first() else { break };
            self.remove(&key);
            gone.push(key);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Key {
        Key::parse(&format!("{n:02x}").repeat(32)).unwrap()
    }

    #[test]
    fn what_was_used_longest_ago_goes_first_and_no_more_than_needed() {
        let mut index = Index::default();
        (1..=4).for_each(|n| index.add(key(n), 10));
        assert!(index.used(&key(1)));
        assert!(!index.used(&key(9)));
        assert_eq!(index.shrink(25), [key(2), key(3)]);
        assert_eq!(index.total(), 20);
        assert_eq!(index.shrink(25), []);
        index.add(key(4), 3);
        assert_eq!(index.total(), 13, "the same file again counts once");
        assert_eq!(index.shrink(0), [key(1), key(4)]);
        assert_eq!((index.total(), index.shrink(0).len()), (0, 0));
    }
}
