//! A compiled document with what is known of its age and identity.

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::{PackageName, Timestamp};
use sha2::{Digest, Sha256};

use super::{Document, RawDocument};
use crate::client::Validators;

/// What an entry costs beside its document: keys, validators, the cache's own nodes.
const OVERHEAD: usize = 1024;

/// A compiled document.
#[derive(Debug)]
pub struct Entry<D> {
    /// The document. Shared between entries of the same revision.
    pub document: Arc<D>,
    /// The content's number: the same content of the same name from the same address has the same one, across restarts
    /// too, as long as it travels in the same form.
    pub revision: u64,
    /// Length of the upstream's body, decompressed.
    pub body_length: u64,
    /// When the upstream last said that this is what it has.
    pub fetched_at: Timestamp,
    /// True if the upstream should have been asked again, and could not be (in time).
    pub stale: bool,
    pub(super) fresh_for: Duration,
    pub(super) validators: Validators,
}

/// Whether something of this age needs no asking.
pub(super) fn is_fresh(fetched_at: Timestamp, fresh_for: Duration, now: Timestamp) -> bool {
    // What comes from the future (the clock was set back) counts as old, or it would never end.
    fetched_at <= now && now.since(fetched_at) < fresh_for
}

impl<D: Document> Entry<D> {
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        !self.stale && is_fresh(self.fetched_at, self.fresh_for, now)
    }

    pub(super) fn is_servable(&self, now: Timestamp, max_stale: Duration) -> bool {
        now.since(self.fetched_at) <= max_stale
    }

    pub(super) fn weight(&self) -> usize {
        self.document.weight().saturating_add(OVERHEAD)
    }

    /// The same, marked stale.
    pub(super) fn as_stale(&self) -> Arc<Entry<D>> {
        Arc::new(Entry {
            stale: true,
            validators: self.validators.clone(),
            document: Arc::clone(&self.document),
            ..*self
        })
    }

    /// The same document, found to be still right at `now`.
    pub(super) fn renewed(&self, now: Timestamp, fresh_for: Duration, validators: Validators) -> Arc<Entry<D>> {
        let document = Arc::clone(&self.document);
        Arc::new(Entry { stale: false, fetched_at: now, fresh_for, validators, document, ..*self })
    }
}

/// The revision of a document: of its name, of its body as it travelled, and of the address and type by which the body is
/// read. The name counts because a registry may redirect two names to one page, and what is decided on the one holds not
/// for the other. Hashing what travelled takes a fraction of the time where that is compressed; a registry that compresses
/// the same content differently one day gives it another number, which costs one compilation.
pub(super) fn revision(name: &PackageName, raw: &RawDocument, packed: bool, digest: &[u8; 32]) -> u64 {
    let mut hash = Sha256::new();
    let form: &[u8] = if packed { b"gzip" } else { b"" };
    for part in [name.as_str().as_bytes(), raw.url.as_str().as_bytes(), raw.content_type.as_bytes(), form, digest] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
