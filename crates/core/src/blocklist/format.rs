//! The snapshot's bytes. All numbers are little-endian.
//!
//! ```text
//! magic 8 | format u32 | crc32 u32 of all that follows | length u64 | digest u64 | names u64 | records u64
//! names × u64: where the name's entry stands, sorted by (ecosystem, name)
//! entry:  ecosystem u8 | text name | varint count | count × record, sorted by id
//! record: text id | since u32, seconds since 1970, 0 if it is not known | varint count | count × hit
//! hit:    tag u8 | its texts
//! text:   varint length | bytes
//! ```

use crate::{Ecosystem, Timestamp};

const MAGIC: &[u8; 8] = b"sekiblk\n";
/// Raised whenever the bytes change their meaning; that is also when `Version::parse`, `Version::key` or
/// `Version::picked_key` change, because keys are stored.
const FORMAT: u32 = 3;
const CHECKED_FROM: usize = 16;
const DIGESTED_FROM: usize = 32;
/// Where the index begins.
pub(super) const HEADER: usize = 48;

/// Why a buffer is not a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It does not begin like one.
    #[error("not a blocklist snapshot")]
    Foreign,
    /// It was written by another version of the program.
    #[error("a blocklist snapshot of format {0}, not {FORMAT}")]
    Format(u32),
    /// It is cut, or its bytes changed.
    #[error("the blocklist snapshot is damaged")]
    Damaged,
}

/// What stands before the index.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) digest: u64,
    pub(super) names: u64,
    pub(super) records: u64,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Result<Header, SnapshotError> {
        if bytes.get(..MAGIC.len()) != Some(MAGIC) {
            return Err(SnapshotError::Foreign);
        }
        let format = u32_at(bytes, 8).ok_or(SnapshotError::Damaged)?;
        if format != FORMAT {
            return Err(SnapshotError::Format(format));
        }
        Header::read_checked(bytes).ok_or(SnapshotError::Damaged)
    }

    fn read_checked(bytes: &[u8]) -> Option<Header> {
        let crc = u32_at(bytes, 12)?;
        let mut fields = Reader::new(bytes, CHECKED_FROM)?;
        let (length, digest, names, records) = (fields.number()?, fields.number()?, fields.number()?, fields.number()?);
        let right_length = u64::try_from(bytes.len()).ok()? == length;
        let right_bytes = crc32fast::hash(bytes.get(CHECKED_FROM..)?) == crc;
        (right_length && right_bytes).then_some(Header { digest, names, records })
    }

    /// Writes the header into the place that [`HEADER`] bytes were left for.
    pub(super) fn write(bytes: &mut [u8], names: usize, records: usize) -> Header {
        let mut head = [0; HEADER];
        let fields = [bytes.len(), 0, names, records];
        for (place, field) in head.chunks_exact_mut(8).skip(2).zip(fields) {
            place.copy_from_slice(&(field as u64).to_le_bytes());
        }
        put(bytes, 0, &head);
        let digest = digest(bytes.get(DIGESTED_FROM..).unwrap_or_default());
        put(bytes, 24, &digest.to_le_bytes());
        let crc = crc32fast::hash(bytes.get(CHECKED_FROM..).unwrap_or_default());
        put(bytes, 0, MAGIC);
        put(bytes, 8, &FORMAT.to_le_bytes());
        put(bytes, 12, &crc.to_le_bytes());
        Header { digest, names: names as u64, records: records as u64 }
    }
}

/// SHA-256, cut: unlike the checksum it is meant to tell contents apart.
fn digest(content: &[u8]) -> u64 {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(content);
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn put(bytes: &mut [u8], place: usize, what: &[u8]) {
    if let Some(target) = bytes.get_mut(place..place + what.len()) {
        target.copy_from_slice(what);
    }
}

fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    let field = bytes.get(place..place.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

/// Where the index keeps the place of a name.
pub(super) fn index_place(number: u64) -> Option<usize> {
    usize::try_from(number).ok()?.checked_mul(8)?.checked_add(HEADER)
}

pub(super) fn ecosystem_code(ecosystem: Ecosystem) -> u8 {
    match ecosystem {
        Ecosystem::Npm => 1,
        Ecosystem::Pypi => 2,
    }
}

pub(super) fn ecosystem(code: u8) -> Option<Ecosystem> {
    Ecosystem::ALL.into_iter().find(|e| ecosystem_code(*e) == code)
}

/// A length or a count: seven bits a byte, low ones first.
pub(super) fn push_count(out: &mut Vec<u8>, mut count: usize) {
    while count >= 0x80 {
        out.push((count & 0x7f) as u8 | 0x80);
        count >>= 7;
    }
    out.push(count as u8);
}

pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    push_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// A moment in whole seconds. A source may write any: one before 1970 or after 2106 is as good as none.
pub(super) fn push_moment(out: &mut Vec<u8>, at: Option<Timestamp>) {
    let seconds = at.and_then(|at| u32::try_from(at.0.div_euclid(1000)).ok()).unwrap_or(0);
    out.extend_from_slice(&seconds.to_le_bytes());
}

/// Reads on from a place; every step is checked against the end.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], place: usize) -> Option<Reader<'a>> {
        bytes.get(place..).map(|rest| Reader { rest })
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// What [`push_moment`] wrote; the inner one is none where the moment is not known.
    pub(super) fn moment(&mut self) -> Option<Option<Timestamp>> {
        let seconds = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        Some((seconds != 0).then(|| Timestamp(i64::from(seconds) * 1000)))
    }

    pub(super) fn count(&mut self) -> Option<usize> {
        let mut count = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            count |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(count);
            }
        }
        None
    }

    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    pub(super) fn str(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.text()?).ok()
    }
}
