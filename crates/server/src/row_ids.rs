//! Random bytes for the ids of rows. They are no secrets, and a call of the operating system for each row's ten bytes is the
//! dearest part of making an id: they are taken by the kilobyte.

use std::sync::{Arc, Mutex, PoisonError};

use sekisho_core::Random;

/// Bytes taken at once: those of a hundred ids.
const POOL: usize = 1000;

/// Bytes of another generator, taken ahead. Nothing that must not be guessed is made of them.
pub(crate) struct RowIds {
    source: Arc<dyn Random>,
    pool: Mutex<Pool>,
}

struct Pool {
    bytes: [u8; POOL],
    left: usize,
}

impl RowIds {
    /// Nothing is taken yet.
    pub(crate) fn new(source: Arc<dyn Random>) -> RowIds {
        RowIds { source, pool: Mutex::new(Pool { bytes: [0; POOL], left: 0 }) }
    }
}

impl Random for RowIds {
    fn fill(&self, out: &mut [u8]) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.left < out.len() {
            self.source.fill(&mut pool.bytes);
            pool.left = POOL;
        }
        let Some(rest) = pool.left.checked_sub(out.len()) else { return self.source.fill(out) };
        let end = pool.left;
        if let Some(taken) = pool.bytes.get(rest..end) {
            out.copy_from_slice(taken);
        }
        pool.left = rest;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Counts its calls, and never gives the same four bytes twice.
    struct Counting {
        calls: Arc<AtomicU32>,
        next: AtomicU32,
    }

    impl Random for Counting {
        fn fill(&self, out: &mut [u8]) {
            self.calls.fetch_add(1, Ordering::Relaxed);
            for four in out.chunks_mut(4) {
                let next = self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes();
                four.copy_from_slice(&next[..four.len()]);
            }
        }
    }

    #[test]
    fn no_byte_is_given_twice_and_a_hundred_ids_cost_one_call() {
        let calls = Arc::new(AtomicU32::new(0));
        let ids = RowIds::new(Arc::new(Counting { calls: calls.clone(), next: AtomicU32::new(1) }));
        let mut seen = HashSet::new();
        for _ in 0..500 {
            let mut id = [0; 10];
            ids.fill(&mut id);
            assert!(seen.insert(id), "{id:?} came twice");
        }
        assert_eq!(calls.load(Ordering::Relaxed), 5);
        let mut long = [0; POOL + 1];
        ids.fill(&mut long);
        assert!(!long.iter().all(|byte| *byte == 0), "more than the pool holds comes from the source");
    }
}
