//! Bodies that package managers post, which are larger than the API's: bounded one by one and all together, packed or
//! not, and read on threads that nobody else waits for.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Code, Problem};

/// Largest bodies of one kind, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct BodyCaps {
    /// As it travels.
    pub packed: usize,
    /// Once decompressed.
    pub unpacked: usize,
}

/// KiB of such bodies that are held at once.
const HELD_KIB: usize = 64 * 1024;
/// Bodies that are read at once: what is made of one may be ten times its size.
const READERS: usize = 2;
/// How long a body waits for its place, as long as any request does that is over a limit.
const WAIT: Duration = Duration::from_secs(5);
/// How long a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(20);

/// The places for such bodies.
pub struct PostedBodies {
    held: Arc<Semaphore>,
    readers: Semaphore,
}

impl Default for PostedBodies {
    fn default() -> PostedBodies {
        PostedBodies { held: Arc::new(Semaphore::new(HELD_KIB)), readers: Semaphore::new(READERS) }
    }
}

impl PostedBodies {
    /// Takes a JSON body, and gives what `read` makes of it. `read` runs on a thread for blocking work; its error's text
    /// goes to the caller.
    pub async fn take<T: Send + 'static>(
        &self,
        headers: &HeaderMap,
        body: Body,
        caps: BodyCaps,
        read: impl FnOnce(&[u8]) -> Result<T, String> + Send + 'static,
    ) -> Result<T, Problem> {
        let gzip = is_gzip(headers)?;
        let most = if gzip { caps.packed } else { caps.packed.min(caps.unpacked) };
        let _place = self.place(headers, most).await?;
        let bytes = match tokio::time::timeout(BODY_TIME, collect(body, most)).await {
            Ok(bytes) => bytes?,
            Err(_) => return Err(Problem::new(Code::InvalidRequest, "The body did not arrive in time.")),
        };
        let internal = |why: String| Problem::new(Code::Internal, "The body could not be read.").log(why);
        let _turn = self.readers.acquire().await.map_err(|e| internal(e.to_string()))?;
        let reading = tokio::task::spawn_blocking(move || {
            let bytes = if gzip { gunzip(&bytes, caps.unpacked)?.into() } else { bytes };
            read(&bytes).map_err(|why| Problem::new(Code::InvalidRequest, format!("The body can't be read: {why}.")))
        });
        reading.await.unwrap_or_else(|e| Err(internal(e.to_string())))
    }

    /// Room for the whole body before its first byte is read, so that no two wait for each other's.
    async fn place(&self, headers: &HeaderMap, most: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        let bytes = announced.map_or(most, |length| length.min(most));
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX);
        match tokio::time::timeout(WAIT, self.held.clone().acquire_many_owned(kib)).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => {
                let detail = "Too many large requests are under way. Try again in a moment.";
                Err(Problem::new(Code::RateLimited, detail).retry_after(5))
            }
        }
    }
}

/// JSON, packed by gzip or as it is.
fn is_gzip(headers: &HeaderMap) -> Result<bool, Problem> {
    let unsupported = |detail| Err(Problem::new(Code::UnsupportedMediaType, detail));
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return unsupported("Send the body with Content-Type: application/json.");
    }
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let encoding = encodings.next().map(|v| v.as_bytes().to_ascii_lowercase());
    match (encoding.as_deref(), encodings.next()) {
        (None | Some(b"" | b"identity"), None) => Ok(false),
        (Some(b"gzip" | b"x-gzip"), None) => Ok(true),
        _ => unsupported("Send the body as it is, or with Content-Encoding: gzip."),
    }
}

async fn collect(mut body: Body, most: usize) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Code::InvalidRequest, "The body ended early."))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > most {
            return Err(too_large(most));
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes.freeze())
}

fn gunzip(packed: &[u8], most: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read = MultiGzDecoder::new(packed).take(most as u64 + 1).read_to_end(&mut bytes);
    match read {
        Ok(_) if bytes.len() > most => Err(too_large(most)),
        Ok(_) => Ok(bytes),
        Err(_) => Err(Problem::new(Code::InvalidRequest, "The body is not valid gzip.")),
    }
}

fn too_large(most: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("The body may have at most {} KiB here.", most / 1024))
}
