//! A source that is an address: its zip is kept in the feed's folder, with its `ETag` beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::fetch::{Body, Fetch, FetchOutcome};
use crate::fingerprint;
use crate::report::Problem;
use crate::snapshot;

/// Largest zip.
const MAX_DOWNLOAD: u64 = 1 << 30;

/// What is known about the kept zip.
#[derive(Serialize, Deserialize)]
struct Kept {
    etag: Option<String>,
    sha256: String,
}

/// Where an address's zip is kept.
pub(crate) struct Place {
    pub(crate) zip: PathBuf,
    about: PathBuf,
}

impl Place {
    pub(crate) fn new(folder: &Path, url: &Url) -> Place {
        let name = fingerprint::of_text(url.as_str());
        Place { zip: folder.join(format!("{name}.zip")), about: folder.join(format!("{name}.json")) }
    }

    fn kept(&self) -> Option<Kept> {
        let text = fs::read_to_string(&self.about).ok()?;
        serde_json::from_str(&text).ok().filter(|_| self.zip.is_file())
    }

    /// Makes the next request unconditional: what is kept turned out to be unreadable.
    pub(crate) fn forget(&self) {
        // If the file can't be removed, the next request is conditional: the source then stays in error.
        let _ = fs::remove_file(&self.about);
    }
}

/// Brings the kept zip up to date. The result tells its content: an address whose bytes stay the same did not change,
/// whether or not it has an `ETag`.
pub(crate) async fn refresh(fetch: &impl Fetch, url: &Url, place: &Place) -> Result<String, Problem> {
    let kept = place.kept();
    let etag = kept.as_ref().and_then(|kept| kept.etag.as_deref());
    match (fetch.fetch(url, etag).await.map_err(Problem::whole)?, kept) {
        (FetchOutcome::NotModified, Some(kept)) => Ok(kept.sha256),
        (FetchOutcome::NotModified, None) => Err(Problem::whole("answered 304 to a request without a condition")),
        (FetchOutcome::Fetched { etag, body }, _) => {
            let folder = place.zip.parent().unwrap_or(Path::new("."));
            let (file, sha256) = write(folder, body).await?;
            // First the zip: if the process ends in between, the next request asks by the older ETag and gets this again.
            snapshot::replace(file, &place.zip).map_err(Problem::whole)?;
            let about = serde_json::to_vec(&Kept { etag, sha256: sha256.clone() }).map_err(Problem::whole)?;
            store(&place.about, &about).map_err(Problem::whole)?;
            Ok(sha256)
        }
    }
}

async fn write(folder: &Path, mut body: Body) -> Result<(NamedTempFile, String), Problem> {
    let temporary = NamedTempFile::new_in(folder).map_err(Problem::whole)?;
    let mut file = tokio::fs::File::from_std(temporary.reopen().map_err(Problem::whole)?);
    let mut hash = Sha256::new();
    let mut length: u64 = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(Problem::whole)?;
        length = length.saturating_add(chunk.len() as u64);
        if length > MAX_DOWNLOAD {
            return Err(Problem::whole(format!("larger than {MAX_DOWNLOAD} bytes")));
        }
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(Problem::whole)?;
    }
    file.flush().await.map_err(Problem::whole)?;
    Ok((temporary, fingerprint::hex(&hash.finalize())))
}

fn store(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(file.path(), bytes)?;
    snapshot::replace(file, path)
}
