//! Reading a body with a cap before and a cap after decompression, and one for all bodies together.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::header;

use super::send::failure;
use crate::error::{FetchError, Unavailable};

/// Bytes of bodies that are held at the moment, all documents together: many large answers at once must not fill
/// the memory.
#[derive(Debug)]
pub(super) struct Budget {
    held: AtomicU64,
    limit: u64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Arc<Budget> {
        Arc::new(Budget { held: AtomicU64::new(0), limit })
    }

    /// A part of the budget, empty at first; given back when it is dropped.
    pub(super) fn charge(self: &Arc<Self>) -> Charge {
        Charge { budget: Arc::clone(self), bytes: 0 }
    }
}

/// What one body holds of the budget.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Charge {
    fn grow(&mut self, bytes: usize) -> Result<(), FetchError> {
        let bytes = bytes as u64;
        self.bytes = self.bytes.saturating_add(bytes);
        let held = self.budget.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if held > self.budget.limit { Err(FetchError::Unavailable(Unavailable::Busy)) } else { Ok(()) }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// How much of a body is taken, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// As it travels.
    pub transfer: u64,
    /// Once decompressed.
    pub body: u64,
}

/// Reads the body whole. Decompression runs on a thread for blocking work.
pub(super) async fn read(
    response: reqwest::Response,
    caps: Caps,
    mut charge: Charge,
) -> Result<(Bytes, Charge), FetchError> {
    let gzip = is_gzip(&response)?;
    let limit = if gzip { caps.transfer } else { caps.transfer.min(caps.body) };
    let raw = collect(response, limit, &mut charge).await?;
    if !gzip {
        return Ok((raw, charge));
    }
    let unpacked = tokio::task::spawn_blocking(move || Ok((gunzip(&raw, caps.body, &mut charge)?, charge))).await;
    unpacked.unwrap_or(Err(FetchError::Unavailable(Unavailable::Internal)))
}

fn is_gzip(response: &reqwest::Response) -> Result<bool, FetchError> {
    let mut encodings = response.headers().get_all(header::CONTENT_ENCODING).iter();
    let Some(first) = encodings.next() else { return Ok(false) };
    match (first.as_bytes().to_ascii_lowercase().as_slice(), encodings.next()) {
        (b"gzip" | b"x-gzip", None) => Ok(true),
        (b"identity" | b"", None) => Ok(false),
        _ => Err(FetchError::Invalid("a content encoding that was not asked for".into())),
    }
}

/// Grows with what really arrives; the announced length is only used to refuse early.
async fn collect(mut response: reqwest::Response, limit: u64, charge: &mut Charge) -> Result<Bytes, FetchError> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(FetchError::TooLarge { limit });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| failure(&e))? {
        if (body.len() as u64).saturating_add(chunk.len() as u64) > limit {
            return Err(FetchError::TooLarge { limit });
        }
        charge.grow(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Decompresses at most `limit` bytes.
fn gunzip(raw: &[u8], limit: u64, charge: &mut Charge) -> Result<Bytes, FetchError> {
    let mut out = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    let mut reader = MultiGzDecoder::new(raw);
    loop {
        let length = match reader.read(&mut piece) {
            Ok(0) => return Ok(out.into()),
            Ok(length) => length,
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(FetchError::Unavailable(Unavailable::Truncated));
            }
            Err(_) => return Err(FetchError::Invalid("broken gzip".into())),
        };
        if (out.len() as u64).saturating_add(length as u64) > limit {
            return Err(FetchError::TooLarge { limit });
        }
        charge.grow(length)?;
        out.extend_from_slice(piece.get(..length).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(raw: &[u8], limit: u64) -> Result<Bytes, FetchError> {
        gunzip(raw, limit, &mut Budget::new(1 << 30).charge())
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert!(bomb.len() < 20_000);
        assert_eq!(unpack(&bomb, 1 << 16), Err(FetchError::TooLarge { limit: 1 << 16 }));
        assert_eq!(unpack(&bomb, 1 << 20).unwrap().len(), 1 << 20);
    }

    #[test]
    fn half_a_gzip_and_junk_are_told_apart() {
        let whole = gzip(&[7; 5000]);
        assert_eq!(unpack(&whole[..whole.len() / 2], 1 << 20), Err(FetchError::Unavailable(Unavailable::Truncated)));
        assert!(matches!(unpack(b"<html>no gzip at all</html>", 1 << 20), Err(FetchError::Invalid(_))));
    }

    #[test]
    fn all_bodies_together_have_a_budget_that_is_given_back() {
        let budget = Budget::new(1 << 20);
        let bomb = gzip(&vec![0; 700 << 10]);
        let mut first = budget.charge();
        assert!(gunzip(&bomb, 1 << 20, &mut first).is_ok());
        let busy = Err(FetchError::Unavailable(Unavailable::Busy));
        assert_eq!(gunzip(&bomb, 1 << 20, &mut budget.charge()), busy);
        drop(first);
        assert!(gunzip(&bomb, 1 << 20, &mut budget.charge()).is_ok());
    }
}
