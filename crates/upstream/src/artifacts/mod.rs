//! Artifacts: files of releases, passed on as they arrive, or kept and checked.
//!
//! What is kept has the hash that the upstream's document gives, is bounded in size, and is downloaded once however many
//! ask. A file without a usable hash is passed on and never kept: nothing would tell a whole one from a broken one.
//! Whether a caller may have a file is not known here: the server decides first, every time.

mod bucket;
mod flight;
mod folder;
mod index;
mod integrity;
mod key;
mod passing;
mod pieces;
mod s3;
mod tail;

use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use sekisho_core::Clock;
use url::Url;

pub use integrity::{Algorithm, Digest};
pub use object_store::ObjectStore;
pub use s3::S3;

use crate::client::{Client, Streamed};
use crate::error::{FetchError, Unavailable};
use crate::metrics::Counters;
use crate::source::Upstream;
use bucket::Bucket;
use flight::{Flights, Stop};
use folder::{Folder, Temporary};
use key::Key;
use passing::{STALL, pass};
use pieces::Buffers;

/// How often a bucket is looked through.
const SURVEY: Duration = Duration::from_secs(3600);

/// Where files are kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the folder itself.
    Folder,
    /// In S3-compatible storage, below a prefix; what arrives lies in the folder until it was sent.
    Bucket {
        /// The bucket.
        store: Arc<dyn ObjectStore>,
        /// The part of it that is ours; may be empty.
        prefix: String,
    },
}

/// What the artifacts stand on.
pub struct ArtifactConfig {
    /// For files and for what arrives. Not shared with another process.
    pub folder: PathBuf,
    /// Where files are kept.
    pub place: Place,
    /// Most bytes that are kept, with what arrives.
    pub max_kept: u64,
    /// Largest file, in bytes.
    pub max_file: u64,
    /// How long a download goes on after everybody who asked has gone: who was cut off comes back, who left does not.
    pub linger: Duration,
}

/// What is asked for: a file of a release that may be had.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where it comes from.
    pub upstream: Arc<Upstream>,
    /// Its address, as the upstream's document gives it.
    pub url: Url,
    /// The hash that the document gives, if it is one that counts.
    pub digest: Option<Digest>,
}

/// Bytes on their way to a client. An error means that the rest must not be taken for the file's end.
pub type Bytestream = BoxStream<'static, Result<Bytes, FetchError>>;

/// A file, or a part of one, on its way.
pub struct Passed {
    /// The length of what comes, where it is known.
    pub length: Option<u64>,
    /// The bytes.
    pub body: Bytestream,
}

/// Artifacts, passed on and kept. Clones share everything.
#[derive(Clone)]
pub struct Artifacts(Arc<Inner>);

struct Inner {
    client: Client,
    config: ArtifactConfig,
    folder: Arc<Folder>,
    bucket: Option<Arc<Bucket>>,
    flights: Flights,
    buffers: Arc<Buffers>,
    complained: AtomicBool,
    counters: Arc<Counters>,
}

/// A kept file that was found.
pub struct Kept {
    inner: Arc<Inner>,
    key: Key,
    digest: Digest,
    length: u64,
    /// `None`: in the bucket.
    file: Option<Arc<File>>,
}

impl Artifacts {
    /// Artifacts by this client.
    pub fn new(client: Client, config: ArtifactConfig, clock: Arc<dyn Clock>, counters: Arc<Counters>) -> Artifacts {
        let folder = Folder::new(config.folder.clone(), config.max_kept, clock.clone(), counters.clone());
        let bucket = match &config.place {
            Place::Folder => None,
            Place::Bucket { store, prefix } => {
                Some(Arc::new(Bucket::new(store.clone(), prefix, config.max_kept, clock, counters.clone())))
            }
        };
        Artifacts(Arc::new(Inner {
            client,
            config,
            folder: Arc::new(folder),
            bucket,
            flights: Flights::default(),
            buffers: Arc::default(),
            complained: AtomicBool::new(false),
            counters,
        }))
    }

    /// Looks at what is kept, so that no request has to; a bucket again every hour, because others write there too.
    pub async fn survey(self) {
        loop {
            self.survey_once().await;
            match &self.0.bucket {
                Some(_) => tokio::time::sleep(SURVEY).await,
                None => return,
            }
        }
    }

    /// Looks once at what is kept, and makes room.
    pub async fn survey_once(&self) {
        match &self.0.bucket {
            Some(bucket) => bucket.survey().await,
            None => {
                let folder = self.0.folder.clone();
                // It only fails if it panicked; the next request looks again.
                let _ = tokio::task::spawn_blocking(move || folder.size()).await;
            }
        }
    }

    /// Bytes that are kept. Blocks on the first look at a folder.
    pub fn size(&self) -> u64 {
        self.0.bucket.as_ref().map_or_else(|| self.0.folder.size(), |bucket| bucket.size())
    }

    /// The kept file, if there is one.
    pub async fn kept(&self, wanted: &Wanted) -> Option<Kept> {
        let inner = &self.0;
        let digest = wanted.digest.clone()?;
        let key = Key::new(&wanted.upstream, &wanted.url, &digest);
        let (length, file) = match &inner.bucket {
            Some(bucket) => (bucket.length(&key).await?, None),
            None => inner.open(key).await.map(|(file, length)| (length, Some(file)))?,
        };
        inner.counters.artifacts_hit.add(1);
        Some(Kept { inner: Arc::clone(inner), key, digest, length, file })
    }

    /// Downloads a file, or joins who does, and keeps it. Answers once the upstream has answered, not once it is here.
    pub async fn download(&self, wanted: &Wanted) -> Result<Passed, FetchError> {
        let inner = &self.0;
        let Some(digest) = &wanted.digest else { return self.pass(wanted).await };
        let key = Key::new(&wanted.upstream, &wanted.url, digest);
        let mut progress = flight::join(inner, key, wanted, digest.verifier());
        let began = {
            let answered = progress.wait_for(|p| p.began.is_some()).await;
            let began = answered.ok().and_then(|p| p.began.clone());
            began.unwrap_or(Err(Stop::Upstream(FetchError::Unavailable(Unavailable::Internal))))
        };
        match began {
            Ok(began) => {
                let length = began.length;
                let body = tail::follow(Arc::clone(inner), wanted.clone(), began, progress).boxed();
                Ok(Passed { length, body })
            }
            Err(Stop::Upstream(error)) => Err(error),
            Err(Stop::Disk | Stop::Deserted) => self.pass(wanted).await,
        }
    }

    /// Passes a whole file on without keeping it; checked on the way if the document gives a hash.
    pub async fn pass(&self, wanted: &Wanted) -> Result<Passed, FetchError> {
        self.0.pass(wanted, 0).await
    }

    /// Passes a part of a file on; `range` as in `Range`. The upstream may answer with the whole, or with 416.
    pub async fn pass_part(&self, wanted: &Wanted, range: &str) -> Result<Streamed<Bytestream>, FetchError> {
        let inner = &self.0;
        let opened = inner.client.artifact(&wanted.upstream, &wanted.url, Some(range), inner.config.max_file).await?;
        let whole = opened.status == 200;
        let verifier = wanted.digest.as_ref().filter(|_| whole).map(Digest::verifier);
        Ok(opened.map(|body| pass(body, verifier, 0, STALL).boxed()))
    }
}

impl Inner {
    async fn pass(&self, wanted: &Wanted, skip: u64) -> Result<Passed, FetchError> {
        let opened = self.client.artifact(&wanted.upstream, &wanted.url, None, self.config.max_file).await?;
        let length = opened.length();
        let verifier = wanted.digest.as_ref().map(Digest::verifier);
        Ok(Passed { length, body: pass(opened.body, verifier, skip, STALL).boxed() })
    }

    async fn open(&self, key: Key) -> Option<(Arc<File>, u64)> {
        let folder = self.folder.clone();
        let opened = tokio::task::spawn_blocking(move || folder.open(&key)).await.ok()??;
        Some((Arc::new(opened.0), opened.1))
    }

    async fn temporary(&self, length: Option<u64>) -> std::io::Result<Temporary> {
        let folder = self.folder.clone();
        let made = tokio::task::spawn_blocking(move || folder.temporary(length.unwrap_or(0))).await;
        made.unwrap_or_else(|e| Err(std::io::Error::other(e)))
    }

    async fn keep(&self, key: &Key, temporary: Temporary, size: u64) {
        if let Some(bucket) = &self.bucket {
            return bucket.keep(key, temporary.file.clone(), size).await;
        }
        let (folder, key) = (self.folder.clone(), *key);
        let kept = tokio::task::spawn_blocking(move || folder.keep(&key, temporary, size)).await;
        match kept.unwrap_or_else(|e| Err(std::io::Error::other(e))) {
            Ok(()) => self.complained.store(false, Ordering::Relaxed),
            Err(error) => self.not_kept(&error),
        }
    }

    /// A full or broken disk: said once, until something was kept again.
    fn not_kept(&self, error: &std::io::Error) {
        self.counters.artifacts_not_kept.add(1);
        if !self.complained.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "files can't be kept; they are passed on from the upstream");
        }
    }
}

impl Kept {
    /// The file's length.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Its bytes from `range.start` up to `range.end`, which lie within its length. A folder's file was checked before it
    /// got its name. A bucket's is checked again when it is read whole, and removed if it is another one: who else can
    /// write there is not known.
    pub async fn read(self, range: Range<u64>) -> Result<Bytestream, FetchError> {
        if let Some(file) = self.file {
            return Ok(from_file(file, range, self.inner.buffers.clone()));
        }
        let Some(bucket) = self.inner.bucket.clone() else { return Ok(stream::empty().boxed()) };
        let whole = range == (0..self.length);
        let part = (!whole).then_some(range);
        let opened = bucket.open(&self.key, part).await.filter(|object| object.length == self.length);
        let opened = opened.ok_or(FetchError::Unavailable(Unavailable::Truncated))?;
        let verifier = whole.then(|| self.digest.verifier());
        let (counters, key) = (self.inner.counters.clone(), self.key);
        let body = pass(opened.into_stream(), verifier, 0, STALL).inspect_err(move |error| {
            if *error == passing::mismatch() {
                counters.artifacts_mismatched.add(1);
                tracing::warn!(%key, "a file in artifacts.store was changed by somebody else and is removed");
                let bucket = bucket.clone();
                tokio::spawn(async move { bucket.forget(key).await });
            }
        });
        Ok(body.boxed())
    }
}

fn from_file(file: Arc<File>, range: Range<u64>, buffers: Arc<Buffers>) -> Bytestream {
    let pieces = stream::try_unfold(range.start, move |at| {
        let (file, buffers, end) = (file.clone(), buffers.clone(), range.end);
        async move {
            if at >= end {
                return Ok(None);
            }
            let piece = pieces::read(file, at, end, buffers).await.map_err(|error| {
                tracing::warn!(%error, "a kept file could not be read");
                FetchError::Unavailable(Unavailable::Truncated)
            })?;
            let next = at + piece.len() as u64;
            Ok(Some((piece, next)))
        }
    });
    pieces.boxed()
}
