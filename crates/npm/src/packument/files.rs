//! Releases by the name of their tarball.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::ReleaseRow;

/// Rows in the order of a hash of their file's name. A request for a tarball finds its row in one piece of memory; comparing
/// names would read one row after the other, each somewhere else, and cost twenty times as much with thousands of releases.
#[derive(Clone, Debug)]
pub(super) struct Files(Box<[(u32, u32)]>);

impl Files {
    /// The rows that have a file.
    pub(super) fn of(rows: &[ReleaseRow]) -> Files {
        let mut order: Vec<_> = rows.iter().filter_map(|row| Some((hash(row.file()?), row.index))).collect();
        order.sort_unstable();
        Files(order.into())
    }

    /// The row of a file. Two names may have the same hash, so the name itself decides.
    pub(super) fn find<'a>(&self, rows: &'a [ReleaseRow], file: &str) -> Option<&'a ReleaseRow> {
        let wanted = hash(file);
        let first = self.0.partition_point(|(hash, _)| *hash < wanted);
        let same = self.0.get(first..)?.iter().take_while(|(hash, _)| *hash == wanted);
        same.filter_map(|(_, index)| rows.get(*index as usize)).find(|row| row.file() == Some(file))
    }

    /// Bytes of memory.
    pub(super) fn weight(&self) -> usize {
        size_of_val(&*self.0)
    }
}

fn hash(file: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    // Half of it is enough.
    (hasher.finish() >> 32) as u32
}
