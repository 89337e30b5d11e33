//! Reading a body with a cap before and a cap after decompression, and one for all bodies together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use http::header;
use sha2::{Digest, Sha256};

use super::send::failure;
use super::unpack::Unpacker;
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
    /// Another part of the same budget.
    fn beside(&self) -> Charge {
        self.budget.charge()
    }

    fn merge(&mut self, mut other: Charge) {
        self.bytes = self.bytes.saturating_add(std::mem::take(&mut other.bytes));
    }

    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), FetchError> {
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

/// A body as it was read.
#[derive(Debug)]
pub(super) struct Whole {
    /// Decompressed.
    pub(super) plain: Bytes,
    /// As it travelled, if it was compressed.
    pub(super) packed: Option<Bytes>,
    /// SHA-256 of what travelled: made while it arrives, and over a fraction of the bytes where they are compressed.
    pub(super) digest: [u8; 32],
    pub(super) charge: Charge,
}

/// Compressed bytes that are gathered before a thread for blocking work gets them.
const PIECE: usize = 64 * 1024;

/// Reads the body whole. It is hashed and decompressed while it arrives; decompression runs on a thread for blocking work.
pub(super) async fn read(response: reqwest::Response, caps: Caps, charge: Charge) -> Result<Whole, FetchError> {
    match is_gzip(&response)? {
        true => read_packed(response, caps, charge).await,
        false => read_plain(response, caps.transfer.min(caps.body), charge).await,
    }
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

async fn read_plain(response: reqwest::Response, limit: u64, charge: Charge) -> Result<Whole, FetchError> {
    let mut arriving = Arriving::new(response, limit, charge)?;
    while arriving.next().await?.is_some() {}
    let Arriving { body, hash, charge, .. } = arriving;
    Ok(Whole { plain: body.freeze(), packed: None, digest: hash.finalize().into(), charge })
}

async fn read_packed(response: reqwest::Response, caps: Caps, charge: Charge) -> Result<Whole, FetchError> {
    let mut unpacker = Unpacker::new(caps.body, charge.beside());
    let mut arriving = Arriving::new(response, caps.transfer, charge)?;
    let (mut pieces, mut waiting) = (Vec::new(), 0);
    while let Some(piece) = arriving.next().await? {
        waiting += piece.len();
        pieces.push(piece);
        if waiting >= PIECE {
            waiting = 0;
            unpacker = unpack(unpacker, std::mem::take(&mut pieces)).await?;
        }
    }
    let Unpacker { out, charge: beside, .. } = unpack(unpacker, pieces).await?.finish()?;
    let Arriving { body, hash, mut charge, .. } = arriving;
    charge.merge(beside);
    let (plain, packed) = (out.into(), Some(body.freeze()));
    Ok(Whole { plain, packed, digest: hash.finalize().into(), charge })
}

async fn unpack(mut unpacker: Unpacker, pieces: Vec<Bytes>) -> Result<Unpacker, FetchError> {
    let unpacked = tokio::task::spawn_blocking(move || {
        pieces.iter().try_for_each(|piece| unpacker.feed(piece))?;
        Ok(unpacker)
    });
    unpacked.await.unwrap_or(Err(FetchError::Unavailable(Unavailable::Internal)))
}

/// A body on its way. Grows with what really arrives; the announced length is only used to refuse early.
struct Arriving {
    response: reqwest::Response,
    limit: u64,
    body: BytesMut,
    hash: Sha256,
    charge: Charge,
}

impl Arriving {
    fn new(response: reqwest::Response, limit: u64, charge: Charge) -> Result<Arriving, FetchError> {
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(FetchError::TooLarge { limit });
        }
        Ok(Arriving { response, limit, body: BytesMut::new(), hash: Sha256::new(), charge })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let Some(chunk) = self.response.chunk().await.map_err(|e| failure(&e))? else { return Ok(None) };
        if (self.body.len() as u64).saturating_add(chunk.len() as u64) > self.limit {
            return Err(FetchError::TooLarge { limit: self.limit });
        }
        self.charge.grow(chunk.len())?;
        self.hash.update(&chunk);
        self.body.extend_from_slice(&chunk);
        Ok(Some(chunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_parts_of_the_budget_are_given_back_as_one() {
        let budget = Budget::new(100);
        let mut first = budget.charge();
        first.grow(60).unwrap();
        let mut second = first.beside();
        second.grow(40).unwrap();
        assert!(second.beside().grow(1).is_err());
        first.merge(second);
        drop(first);
        assert!(budget.charge().grow(100).is_ok());
    }
}
