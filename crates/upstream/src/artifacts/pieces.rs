//! Reading files in pieces on threads for blocking work, with a bound on the memory of all readers together.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// A piece as long as there is room for it: long enough that changing threads costs little.
pub(super) const PIECE: usize = 512 * 1024;
/// A piece when many clients read at once.
const SMALL: usize = 32 * 1024;
/// Long pieces at once: 64 MiB for all readers together. A client that reads slowly holds one.
const LONG_PIECES: usize = 128;

/// Buffers that are used again, so that none has to be zeroed for each piece.
#[derive(Default)]
pub(super) struct Buffers(Mutex<Free>);

#[derive(Default)]
struct Free {
    buffers: Vec<Box<[u8]>>,
    handed_out: usize,
}

impl Buffers {
    /// A long buffer; `None` while all are in use.
    fn take(self: &Arc<Self>) -> Option<Buffer> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.handed_out >= LONG_PIECES {
            return None;
        }
        free.handed_out += 1;
        let bytes = free.buffers.pop();
        drop(free);
        let bytes = bytes.unwrap_or_else(|| vec![0; PIECE].into());
        Some(Buffer { bytes, length: 0, home: Arc::clone(self) })
    }
}

/// A buffer that goes back when its last reader drops it.
struct Buffer {
    bytes: Box<[u8]>,
    length: usize,
    home: Arc<Buffers>,
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut free = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.handed_out -= 1;
        free.buffers.push(std::mem::take(&mut self.bytes));
    }
}

/// The next piece of a file: from `at`, at most up to `end`. Fails at the file's end, which nobody asks for.
pub(super) async fn read(file: Arc<File>, at: u64, end: u64, buffers: Arc<Buffers>) -> io::Result<Bytes> {
    let wanted = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
    let reading = tokio::task::spawn_blocking(move || match buffers.take().filter(|_| wanted > SMALL) {
        Some(mut buffer) => {
            let length = wanted.min(PIECE);
            file.read_exact_at(buffer.bytes.get_mut(..length).unwrap_or_default(), at)?;
            buffer.length = length;
            Ok(Bytes::from_owner(buffer))
        }
        None => {
            let mut bytes = vec![0; wanted.min(SMALL)];
            file.read_exact_at(&mut bytes, at)?;
            Ok(bytes.into())
        }
    });
    reading.await.unwrap_or_else(|e| Err(io::Error::other(e)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn pieces_make_up_the_file_and_many_readers_at_once_get_short_ones() {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..PIECE * 2 + 77).map(|n| n as u8).collect();
        file.write_all(&bytes).unwrap();
        let (file, buffers) = (Arc::new(file), Arc::new(Buffers::default()));
        let end = bytes.len() as u64;
        let mut read_back = Vec::new();
        while read_back.len() < bytes.len() {
            let piece = read(file.clone(), read_back.len() as u64, end, buffers.clone()).await.unwrap();
            read_back.extend_from_slice(&piece);
        }
        assert_eq!(read_back, bytes);
        let mut held = Vec::new();
        for _ in 0..LONG_PIECES {
            held.push(read(file.clone(), 5, end, buffers.clone()).await.unwrap());
        }
        assert!(held.iter().all(|piece| piece.len() == PIECE));
        let short = read(file.clone(), 5, end, buffers.clone()).await.unwrap();
        assert_eq!(short, bytes[5..5 + SMALL]);
        held.pop();
        assert_eq!(read(file.clone(), 5, end, buffers.clone()).await.unwrap().len(), PIECE, "given back");
        assert!(read(file, end - 1, end + 1, buffers).await.is_err(), "past the end");
    }
}
