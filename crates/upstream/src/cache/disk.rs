//! Raw documents on disk, so that after a restart there is something to serve while the upstream is down.
//!
//! One file per document: a line of JSON, then the body as gzip: as it came, or compressed by us. A SHA-256 of what
//! travelled finds damage. The file's
//! modification time is the moment of the last good answer, so that a revalidation costs no rewriting.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use sekisho_core::{PackageName, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::RawDocument;
use super::entry::revision;
use super::folder::Folder;
use crate::client::Validators;
use crate::metrics::Counters;
use crate::source::Upstream;

/// Longest header line that is read.
const MAX_HEADER: u64 = 32 * 1024;
/// A body of so many bytes is compressed in about a millisecond.
const QUICKLY_COMPRESSED: usize = 256 * 1024;
/// The form of the files. Another number is a miss.
const FORM: u32 = 2;

/// A document with what is stored beside it.
pub(super) struct Stored {
    body: Body,
    content_type: String,
    url: Url,
    length: u64,
    standing: Standing,
}

/// A body as it travelled.
enum Body {
    Packed(Bytes),
    Plain(Bytes),
}

impl Stored {
    /// What came compressed is stored as it came: it is there, and smaller than what a fast compression makes.
    pub(super) fn new(raw: RawDocument, packed: Option<Bytes>, standing: Standing) -> Stored {
        let RawDocument { body, content_type, url } = raw;
        let length = body.len() as u64;
        let body = packed.map_or(Body::Plain(body), Body::Packed);
        Stored { body, content_type, url, length, standing }
    }

    /// Storing it takes longer than some milliseconds.
    pub(super) fn has_to_be_compressed(&self) -> bool {
        matches!(&self.body, Body::Plain(body) if body.len() > QUICKLY_COMPRESSED)
    }

    /// Bytes of memory held.
    pub(super) fn held(&self) -> usize {
        let (Body::Packed(bytes) | Body::Plain(bytes)) = &self.body;
        bytes.len()
    }
}

/// What is known of a stored document without reading it.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) validators: Validators,
    pub(super) fetched_at: Timestamp,
    pub(super) fresh_for: Duration,
    pub(super) revision: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    form: u32,
    name: String,
    upstream: String,
    url: String,
    content_type: String,
    etag: Option<String>,
    last_modified: Option<String>,
    fresh_for_ms: u64,
    /// The body travelled as it lies here.
    packed: bool,
    length: u64,
    revision: u64,
}

impl Header {
    fn standing(&self, fetched_at: Timestamp) -> Standing {
        Standing {
            validators: Validators { etag: self.etag.clone(), last_modified: self.last_modified.clone() },
            fetched_at,
            fresh_for: Duration::from_millis(self.fresh_for_ms),
            revision: self.revision,
        }
    }
}

/// The stored documents of one ecosystem.
pub(super) struct Disk {
    files: Folder,
    max_body: u64,
    counters: Arc<Counters>,
}

impl Disk {
    pub(super) fn new(folder: PathBuf, limit: u64, max_body: u64, counters: Arc<Counters>) -> Disk {
        Disk { files: Folder::new(folder, limit), max_body, counters }
    }

    /// Reads a document, if it is there, whole, and of this upstream. A damaged file is removed.
    pub(super) fn read(&self, name: &PackageName, upstream: &Upstream) -> Option<(RawDocument, Standing)> {
        let file = self.files.open(name.as_str())?;
        match self.parse(file, name, upstream) {
            Ok(stored) => {
                self.counters.disk_reads.add(1);
                self.files.used(name.as_str());
                stored
            }
            Err(error) => {
                self.damaged(name, &error);
                None
            }
        }
    }

    fn damaged(&self, name: &PackageName, error: &io::Error) {
        tracing::warn!(package = ?name, %error, "a stored document is damaged and is removed");
        self.counters.disk_damaged.add(1);
        self.remove(name);
    }

    /// What the first line of a stored document says, without reading the document.
    pub(super) fn standing(&self, name: &PackageName, upstream: &Upstream) -> Option<Standing> {
        let mut reader = BufReader::new(self.files.open(name.as_str())?);
        let read = self.header(&mut reader, name).map_err(|error| self.damaged(name, &error));
        let (header, fetched_at) = read.ok()?;
        (header.upstream == upstream.base().as_str()).then(|| header.standing(fetched_at))
    }

    fn header(&self, reader: &mut BufReader<File>, name: &PackageName) -> io::Result<(Header, Timestamp)> {
        let modified = reader.get_ref().metadata()?.modified()?;
        let mut line = Vec::new();
        reader.take(MAX_HEADER).read_until(b'\n', &mut line)?;
        let header: Header = serde_json::from_slice(&line)?;
        if header.form != FORM || header.name != name.as_str() || header.length > self.max_body {
            return Err(io::Error::other("not the file of this document"));
        }
        Ok((header, timestamp(modified)))
    }

    /// `Ok(None)`: a whole file, but of another upstream.
    fn parse(
        &self,
        file: File,
        name: &PackageName,
        upstream: &Upstream,
    ) -> io::Result<Option<(RawDocument, Standing)>> {
        let mut reader = BufReader::new(file);
        let (header, fetched_at) = self.header(&mut reader, name)?;
        if header.upstream != upstream.base().as_str() {
            return Ok(None);
        }
        let standing = header.standing(fetched_at);
        let mut packed = Vec::new();
        reader.take(self.max_body).read_to_end(&mut packed)?;
        let mut body = Vec::new();
        MultiGzDecoder::new(packed.as_slice()).take(header.length.saturating_add(1)).read_to_end(&mut body)?;
        let digest = if header.packed { Sha256::digest(&packed) } else { Sha256::digest(&body) };
        let url = Url::parse(&header.url).map_err(io::Error::other)?;
        let raw = RawDocument { body: body.into(), content_type: header.content_type, url };
        let revision = revision(name, &raw, header.packed, &digest.into());
        if raw.body.len() as u64 != header.length || revision != header.revision {
            return Err(io::Error::other("not the content that was stored"));
        }
        Ok(Some((raw, standing)))
    }

    /// Stores a document. A failure (a full disk) is logged once; serving goes on without.
    pub(super) fn write(&self, name: &PackageName, upstream: &Upstream, stored: &Stored) {
        if self.files.write(name.as_str(), |file| fill(file, name, upstream, stored)).is_err() {
            self.counters.disk_skipped.add(1);
        }
    }

    /// Notes that the stored document was still right at `now`.
    pub(super) fn touch(&self, name: &PackageName, now: Timestamp) {
        // Not there or not writable: it only ages a little earlier.
        let _ = self.files.open_for_times(name.as_str()).and_then(|file| file.set_modified(system_time(now)));
        self.files.used(name.as_str());
    }

    /// Removes a document.
    pub(super) fn remove(&self, name: &PackageName) {
        self.files.remove(name.as_str());
    }
}

fn fill(file: &mut File, name: &PackageName, upstream: &Upstream, stored: &Stored) -> io::Result<()> {
    let header = Header {
        form: FORM,
        name: name.as_str().to_owned(),
        upstream: upstream.base().to_string(),
        url: stored.url.to_string(),
        content_type: stored.content_type.clone(),
        etag: stored.standing.validators.etag.clone(),
        last_modified: stored.standing.validators.last_modified.clone(),
        fresh_for_ms: u64::try_from(stored.standing.fresh_for.as_millis()).unwrap_or(u64::MAX),
        packed: matches!(stored.body, Body::Packed(_)),
        length: stored.length,
        revision: stored.standing.revision,
    };
    let mut out = BufWriter::new(&mut *file);
    serde_json::to_writer(&mut out, &header)?;
    out.write_all(b"\n")?;
    match &stored.body {
        Body::Packed(body) => out.write_all(body)?,
        Body::Plain(body) => {
            let mut gzip = GzEncoder::new(&mut out, Compression::fast());
            gzip.write_all(body)?;
            gzip.finish()?;
        }
    }
    out.flush()?;
    drop(out);
    file.set_modified(system_time(stored.standing.fetched_at))
}

fn system_time(moment: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(moment.0).unwrap_or(0))
}

fn timestamp(moment: SystemTime) -> Timestamp {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
