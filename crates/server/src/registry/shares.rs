//! Bytes on their way through us take one of few places at the upstream, for as long as a client reads. So one client network
//! gets a part of them only: whoever reads slowly on purpose waits for himself.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use sekisho_upstream::{FetchError, Unavailable};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::ClientNet;

/// Networks that are remembered at once; one that was forgotten starts anew.
const NETWORKS: u64 = 10_000;
/// One that asks for nothing is forgotten.
const IDLE: Duration = Duration::from_secs(600);

/// The parts in use.
pub struct Shares {
    each: usize,
    patience: Duration,
    of: Cache<ClientNet, Arc<Semaphore>>,
}

impl Shares {
    /// A quarter of `places` for each network, and one at least; who finds none free waits for `patience`.
    pub fn new(places: usize, patience: Duration) -> Shares {
        let of = Cache::builder().max_capacity(NETWORKS).time_to_idle(IDLE).build();
        Shares { each: (places / 4).max(1), patience, of }
    }

    /// One of the client's places, until it is dropped.
    pub async fn take(&self, client: ClientNet) -> Result<OwnedSemaphorePermit, FetchError> {
        let own = self.of.get_with(client, || Arc::new(Semaphore::new(self.each)));
        match tokio::time::timeout(self.patience, own.acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(FetchError::Unavailable(Unavailable::Busy)),
        }
    }
}
