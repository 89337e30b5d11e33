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
use tokio::sync::Semaphore;

use super::memory::{Memory, Room};
use super::{ClientNet, Code, Problem};

/// Largest bodies of one kind, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct BodyCaps {
    /// As it travels.
    pub packed: usize,
    /// Once decompressed.
    pub unpacked: usize,
}

/// KiB of bodies that are on their way. A client's share of it is the largest body.
const ARRIVING_KIB: u32 = 32 * 1024;
/// KiB of what was made of bodies. A client's share of it is the largest body, unpacked.
const HELD_KIB: u32 = 64 * 1024;
/// How a body on its way gets more room: by what has arrived, never by what is announced.
const STEP_KIB: u32 = 16;
/// What is made of a body may be ten times its size.
const GROWTH: usize = 10;
/// Bodies that are read at once.
const READERS: usize = 2;
/// How long a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(20);

/// The places for such bodies.
pub struct PostedBodies {
    arriving: Arc<Memory>,
    held: Arc<Memory>,
    readers: Arc<Semaphore>,
}

impl Default for PostedBodies {
    fn default() -> PostedBodies {
        PostedBodies {
            arriving: Memory::new(ARRIVING_KIB),
            held: Memory::new(HELD_KIB),
            readers: Arc::new(Semaphore::new(READERS)),
        }
    }
}

/// The memory that something made of a body takes. Drop it when that is gone, which is after the answer was written.
#[must_use = "what was made of the body is counted only while this lives"]
pub struct Place {
    _room: Room,
}

impl PostedBodies {
    /// Takes a client's JSON body, and gives what `read` makes of it with its place. `read` runs on a thread for blocking
    /// work; its error's text goes to the caller.
    pub async fn take<T: Send + 'static>(
        &self,
        client: ClientNet,
        headers: &HeaderMap,
        body: Body,
        caps: BodyCaps,
        read: impl FnOnce(&[u8]) -> Result<T, String> + Send + 'static,
    ) -> Result<(T, Place), Problem> {
        let gzip = is_gzip(headers)?;
        let most = if gzip { caps.packed } else { caps.packed.min(caps.unpacked) };
        let mut arriving = self.arriving.room(client);
        let bytes = match tokio::time::timeout(BODY_TIME, collect(body, most, &mut arriving)).await {
            Ok(bytes) => bytes?,
            Err(_) => return Err(Problem::new(Code::InvalidRequest, "The body did not arrive in time.")),
        };
        // Nobody holds this while a stranger sends: it is taken for as much as can be made of the body, then made to fit.
        let mut room = self.held.room(client);
        let unpacked = if gzip { caps.unpacked } else { bytes.len() };
        room.grow(kib(unpacked.saturating_mul(GROWTH).min(caps.unpacked))).await?;
        let internal = |why: String| Problem::new(Code::Internal, "The body could not be read.").log(why);
        let turn = Arc::clone(&self.readers).acquire_owned().await.map_err(|e| internal(e.to_string()))?;
        // Turn and room go along: who hangs up does not end the reading.
        let reading = tokio::task::spawn_blocking(move || {
            let _held = (turn, arriving);
            let bytes = if gzip { gunzip(&bytes, caps.unpacked)?.into() } else { bytes };
            let made = read(&bytes);
            let made =
                made.map_err(|why| Problem::new(Code::InvalidRequest, format!("The body can't be read: {why}.")))?;
            room.shrink(kib(bytes.len().saturating_mul(GROWTH)));
            Ok((made, Place { _room: room }))
        });
        reading.await.unwrap_or_else(|e| Err(internal(e.to_string())))
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
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

async fn collect(mut body: Body, most: usize, room: &mut Room) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Code::InvalidRequest, "The body ended early."))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > most {
            return Err(too_large(most));
        }
        room.grow(kib(bytes.len() + data.len()).next_multiple_of(STEP_KIB)).await?;
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
