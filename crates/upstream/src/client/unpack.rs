//! Decompressing a body piece by piece, while it arrives.

use flate2::{Decompress, FlushDecompress, Status};

use super::body::Charge;
use crate::error::{FetchError, Unavailable};

/// Members that one body may have: `gzip` writes one, programs that compress in parallel one for some ten kilobytes.
const MAX_MEMBERS: u32 = 10_000;
/// The first room for what comes out; doubled when it is full.
const ROOM: usize = 64 * 1024;

/// Takes gzip, gives the document: at most `limit` bytes of it.
pub(super) struct Unpacker {
    /// The member that is being read; `None` between two.
    member: Option<Decompress>,
    members: u32,
    limit: u64,
    pub(super) out: Vec<u8>,
    pub(super) charge: Charge,
}

impl Unpacker {
    pub(super) fn new(limit: u64, charge: Charge) -> Unpacker {
        Unpacker { member: None, members: 0, limit, out: Vec::new(), charge }
    }

    /// Decompresses what came.
    pub(super) fn feed(&mut self, mut piece: &[u8]) -> Result<(), FetchError> {
        // A member may have more to give than there was room for, though all of the piece is taken.
        while !piece.is_empty() || (self.member.is_some() && self.out.len() == self.out.capacity()) {
            self.make_room()?;
            let mut member = self.member.take().map_or_else(|| self.next_member(), Ok)?;
            let (taken, given) = (member.total_in(), self.out.len());
            let status = member.decompress_vec(piece, &mut self.out, FlushDecompress::None).map_err(|_| broken())?;
            let taken = usize::try_from(member.total_in() - taken).map_err(|_| broken())?;
            let given = self.out.len() - given;
            if status != Status::StreamEnd {
                self.member = Some(member);
                if taken == 0 && given == 0 && !piece.is_empty() {
                    return Err(broken());
                }
            }
            piece = piece.get(taken..).unwrap_or_default();
            self.charge.grow(given)?;
            if self.out.len() as u64 > self.limit {
                return Err(FetchError::TooLarge { limit: self.limit });
            }
            if taken == 0 && given == 0 {
                break;
            }
        }
        Ok(())
    }

    /// All that there is was fed.
    pub(super) fn finish(self) -> Result<Unpacker, FetchError> {
        match self.member {
            None if self.members > 0 => Ok(self),
            _ => Err(FetchError::Unavailable(Unavailable::Truncated)),
        }
    }

    fn next_member(&mut self) -> Result<Decompress, FetchError> {
        self.members += 1;
        if self.members > MAX_MEMBERS { Err(broken()) } else { Ok(Decompress::new_gzip(15)) }
    }

    /// Room for more, by what really came out so far: never more than one byte beyond the limit.
    fn make_room(&mut self) -> Result<(), FetchError> {
        if self.out.len() < self.out.capacity() {
            return Ok(());
        }
        let left = self.limit.saturating_add(1).saturating_sub(self.out.len() as u64);
        let more = self.out.len().max(ROOM).min(usize::try_from(left).unwrap_or(usize::MAX));
        self.out.try_reserve_exact(more).map_err(|_| FetchError::Unavailable(Unavailable::Busy))
    }
}

fn broken() -> FetchError {
    FetchError::Invalid("broken gzip".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::body::Budget;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack_in(raw: &[u8], piece: usize, limit: u64, charge: Charge) -> Result<Unpacker, FetchError> {
        let mut unpacker = Unpacker::new(limit, charge);
        raw.chunks(piece).try_for_each(|piece| unpacker.feed(piece))?;
        unpacker.finish()
    }

    fn unpack(raw: &[u8], limit: u64) -> Result<Vec<u8>, FetchError> {
        let all = |piece| unpack_in(raw, piece, limit, Budget::new(1 << 30).charge()).map(|done| done.out);
        let whole = all(raw.len().max(1));
        assert_eq!(all(1), whole, "byte by byte");
        assert_eq!(all(1000), whole, "in pieces");
        whole
    }

    #[test]
    fn a_document_comes_out_as_it_went_in_however_it_is_cut() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|n| n.to_string().into_bytes()).collect();
        let mut raw = gzip(&text);
        assert_eq!(unpack(&raw, 1 << 24).unwrap(), text);
        raw.extend(gzip(b""));
        raw.extend(gzip(b"and a second member"));
        assert!(unpack(&raw, 1 << 24).unwrap().ends_with(b"and a second member"));
        assert_eq!(unpack(&gzip(b""), 10).unwrap(), b"");
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert!(bomb.len() < 20_000);
        assert_eq!(unpack(&bomb, 1 << 16), Err(FetchError::TooLarge { limit: 1 << 16 }));
        assert_eq!(unpack(&bomb, (1 << 20) - 1), Err(FetchError::TooLarge { limit: (1 << 20) - 1 }));
        assert_eq!(unpack(&bomb, 1 << 20).unwrap().len(), 1 << 20);
        let members = gzip(b"").repeat(MAX_MEMBERS as usize + 1);
        assert_eq!(unpack_in(&members, 4096, 10, Budget::new(10).charge()).err(), Some(broken()));
    }

    #[test]
    fn half_a_gzip_and_junk_are_told_apart() {
        let whole = gzip(&[7; 5000]);
        for length in [0, 5, whole.len() / 2, whole.len() - 1] {
            let half = unpack(&whole[..length], 1 << 20);
            assert_eq!(half, Err(FetchError::Unavailable(Unavailable::Truncated)), "{length}");
        }
        assert_eq!(unpack(b"<html>no gzip at all</html>", 1 << 20), Err(broken()));
        let mut junk = whole.clone();
        junk.extend(b"junk");
        assert_eq!(unpack(&junk, 1 << 20), Err(broken()));
        let mut damaged = whole.clone();
        let checksum = damaged.len() - 6;
        damaged[checksum] ^= 1;
        assert_eq!(unpack(&damaged, 1 << 20), Err(broken()));
    }

    #[test]
    fn all_bodies_together_have_a_budget_that_is_given_back() {
        let budget = Budget::new(1 << 20);
        let bomb = gzip(&vec![0; 700 << 10]);
        let first = unpack_in(&bomb, 4096, 1 << 20, budget.charge());
        assert!(first.is_ok());
        let busy = unpack_in(&bomb, 4096, 1 << 20, budget.charge());
        assert_eq!(busy.err(), Some(FetchError::Unavailable(Unavailable::Busy)));
        drop(first);
        assert!(unpack_in(&bomb, 4096, 1 << 20, budget.charge()).is_ok());
    }
}
