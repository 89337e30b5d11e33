//! The blocklist: what the feeds say, as an immutable snapshot that is read in place.
//!
//! One byte buffer holds everything, so that a snapshot on disk is ready as soon as it is read and checked. A look-up
//! is a binary search: it takes no lock, and allocates nothing when a name is unknown.

mod build;
mod format;
mod hit;
mod rules;

use std::fmt;
use std::sync::Arc;

pub use build::BlocklistBuilder;
pub use format::SnapshotError;
pub use rules::{Record, Records, Rules};

use crate::PackageName;
use format::{Header, Reader};

/// An immutable blocklist. A clone shares the buffer.
#[derive(Clone)]
pub struct Blocklist {
    bytes: Arc<Vec<u8>>,
    header: Header,
}

impl Blocklist {
    /// Takes a snapshot's bytes as [`Blocklist::as_bytes`] gave them. Everything is checked once, here: a damaged,
    /// cut or foreign buffer is an error, and nothing that is read later can fail.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Blocklist, SnapshotError> {
        let header = Header::read(&bytes)?;
        let list = Blocklist { bytes: Arc::new(bytes), header };
        list.check()?;
        Ok(list)
    }

    /// The snapshot's bytes, to be stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is said about a name; `None` if nothing is.
    pub fn rules(&self, name: &PackageName) -> Option<Rules<'_>> {
        let wanted = (format::ecosystem_code(name.ecosystem()), name.as_str().as_bytes());
        let (mut low, mut high) = (0, self.header.names);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut entry = self.entry(middle)?;
            let found = (entry.byte()?, entry.text()?);
            match found.cmp(&wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Rules::read(name.ecosystem(), entry),
            }
        }
        None
    }

    /// The first name that a record with this id is about. Walks everything.
    pub fn find(&self, id: &str) -> Option<PackageName> {
        (0..self.header.names).find_map(|number| {
            let mut entry = self.entry(number)?;
            let (ecosystem, name) = (format::ecosystem(entry.byte()?)?, entry.str()?);
            Rules::read(ecosystem, entry)?.has(id).then(|| PackageName::parse(ecosystem, name).ok())?
        })
    }

    /// How many records there are: one for each pair of a record and a package that it names.
    pub fn records(&self) -> u64 {
        self.header.records
    }

    /// How many names have records.
    pub fn names(&self) -> u64 {
        self.header.names
    }

    /// Identifies the content: equal content has equal digests, whatever order it was added in.
    pub fn digest(&self) -> u64 {
        self.header.digest
    }

    /// A reader at the name with this number, in the order of the table.
    fn entry(&self, number: u64) -> Option<Reader<'_>> {
        Reader::new(&self.bytes, format::index_place(number)?).and_then(|mut index| {
            let place = index.number()?;
            Reader::new(&self.bytes, usize::try_from(place).ok()?)
        })
    }

    /// Walks the whole snapshot: names in strict order, every record readable, nothing beyond the end.
    fn check(&self) -> Result<(), SnapshotError> {
        let mut before: Option<(u8, &[u8])> = None;
        let mut records = 0;
        for number in 0..self.header.names {
            let mut entry = self.entry(number).ok_or(SnapshotError::Damaged)?;
            let name = entry.byte().zip(entry.text()).ok_or(SnapshotError::Damaged)?;
            let ecosystem = format::ecosystem(name.0).ok_or(SnapshotError::Damaged)?;
            if before.is_some_and(|b| b >= name) {
                return Err(SnapshotError::Damaged);
            }
            before = Some(name);
            let rules = Rules::read(ecosystem, entry).ok_or(SnapshotError::Damaged)?;
            records += rules.check().ok_or(SnapshotError::Damaged)?;
        }
        if records == self.header.records { Ok(()) } else { Err(SnapshotError::Damaged) }
    }
}

impl Default for Blocklist {
    /// The empty blocklist.
    fn default() -> Blocklist {
        BlocklistBuilder::default().build()
    }
}

impl fmt::Debug for Blocklist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocklist").field("names", &self.names()).field("records", &self.records()).finish()
    }
}
