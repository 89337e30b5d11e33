//! Bodies that are sent again and again also lie in files, and leave plain connections out of these: with many answers
//! under way, the kernel's copies of a body of a middle length are in no cache of the core that makes them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::nameless::Nameless;

/// Shorter bodies cost as much either way.
const SHORTEST: usize = 12 * 1024;
/// Longer ones are few, and would take the places of many.
const LONGEST: usize = 384 * 1024;
/// A body gets a file when it is sent for the so-many-th time without one.
const OFTEN: u32 = 16;
/// Room for all files, in pieces. A file takes a piece at least, so there are 512 at most.
const PIECES: u32 = 512;
const PIECE: usize = 128 * 1024;
/// Room that is kept for files which are closed a moment after they left, and for their successors: a quarter.
const SPARE: u32 = 4;
/// The file of a body that is not sent for so long goes.
const IDLE: Duration = Duration::from_secs(300);

/// A body that may be sent again and again, and how often it was without a file.
#[derive(Debug)]
pub struct Repeated {
    bytes: Bytes,
    sent: AtomicU32,
}

impl Repeated {
    /// `None` for a body whose length is not worth a file.
    pub fn new(bytes: &Bytes) -> Option<Arc<Repeated>> {
        let worth = (SHORTEST..=LONGEST).contains(&bytes.len());
        worth.then(|| Arc::new(Repeated { bytes: bytes.clone(), sent: AtomicU32::new(0) }))
    }
}

/// A body that lies in a file too.
#[derive(Debug)]
pub(super) struct BodyFile {
    /// Held, so that no other body comes to lie at its address.
    pub(super) bytes: Bytes,
    pub(super) file: Nameless,
    /// Given back when the file is closed.
    pub(super) _room: OwnedSemaphorePermit,
}

impl BodyFile {
    fn new(bytes: &Bytes, folder: Option<&Path>, room: OwnedSemaphorePermit) -> std::io::Result<BodyFile> {
        Ok(BodyFile { bytes: bytes.clone(), file: Nameless::new(folder, bytes)?, _room: room })
    }

    /// Where these bytes begin in the file, if they are a part of the body itself and not of a copy.
    pub(super) fn find(&self, part: &[u8]) -> Option<usize> {
        let begin = part.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())?;
        (begin.checked_add(part.len())? <= self.bytes.len()).then_some(begin)
    }

    /// Its length.
    pub(super) fn length(&self) -> usize {
        self.bytes.len()
    }
}

/// The files of the bodies that are sent most, by the body's address.
pub struct BodyFiles {
    folder: Option<PathBuf>,
    files: Cache<usize, Arc<BodyFile>>,
    room: Arc<Semaphore>,
}

impl Default for BodyFiles {
    fn default() -> BodyFiles {
        BodyFiles::of_pieces(PIECES)
    }
}

impl BodyFiles {
    /// Files without names in this folder, or in memory where it takes none.
    pub fn within(folder: PathBuf) -> BodyFiles {
        BodyFiles { folder: Some(folder), ..BodyFiles::default() }
    }

    fn of_pieces(pieces: u32) -> BodyFiles {
        let weigh = |_: &usize, file: &Arc<BodyFile>| pieces_of(file.length());
        let kept = u64::from(pieces - pieces / SPARE);
        let files = Cache::builder().max_capacity(kept).weigher(weigh).time_to_idle(IDLE).build();
        BodyFiles { folder: None, files, room: Arc::new(Semaphore::new(pieces as usize)) }
    }

    /// The file of a body that is about to be sent. That there is none is no fault: the body is sent as any other.
    pub(super) fn of(&self, body: &Repeated) -> Option<Arc<BodyFile>> {
        let key = body.bytes.as_ptr().addr();
        if let Some(file) = self.files.get(&key) {
            return Some(file);
        }
        let sent = body.sent.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if !sent.is_multiple_of(OFTEN) {
            return None;
        }
        // None is free while files that left are still being sent.
        let room = self.room.clone().try_acquire_many_owned(pieces_of(body.bytes.len())).ok()?;
        match BodyFile::new(&body.bytes, self.folder.as_deref(), room) {
            Ok(file) => {
                let file = Arc::new(file);
                self.files.insert(key, file.clone());
                Some(file)
            }
            Err(error) => {
                tracing::debug!("a body got no file: {error}");
                None
            }
        }
    }

    /// Closes the files that nobody needed for a while.
    pub fn forget_idle(&self) {
        self.files.run_pending_tasks();
    }

    /// Bytes in files.
    pub fn bytes(&self) -> u64 {
        self.forget_idle();
        self.files.iter().map(|(_, file)| file.length() as u64).sum()
    }
}

fn pieces_of(length: usize) -> u32 {
    u32::try_from(length.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

/// Room for a file of a test.
#[cfg(all(test, target_os = "linux"))]
pub(super) fn room() -> OwnedSemaphorePermit {
    Arc::new(Semaphore::new(1)).try_acquire_owned().expect("room")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn repeated(length: usize) -> Arc<Repeated> {
        Repeated::new(&vec![b'x'; length].into()).expect("a length that is worth it")
    }

    /// Sends a body as often as it takes to have a file.
    fn often(files: &BodyFiles, body: &Repeated) -> Option<Arc<BodyFile>> {
        (0..OFTEN).map(|_| files.of(body)).last().flatten()
    }

    #[test]
    fn only_a_body_of_a_middle_length_that_is_sent_often_has_a_file() {
        for (length, worth) in [(SHORTEST - 1, false), (SHORTEST, true), (LONGEST, true), (LONGEST + 1, false)] {
            assert_eq!(Repeated::new(&vec![0; length].into()).is_some(), worth, "{length}");
        }
        let (files, body) = (BodyFiles::default(), repeated(SHORTEST));
        assert!((1..OFTEN).all(|_| files.of(&body).is_none()));
        assert_eq!(files.bytes(), 0);
        let file = files.of(&body).expect("a file");
        let again = files.of(&body).expect("the same file");
        assert!(Arc::ptr_eq(&file, &again));
        assert_eq!(files.bytes(), SHORTEST as u64);
    }

    #[test]
    fn files_are_bounded_however_many_bodies_are_sent_often_and_their_room_comes_back() {
        let files = BodyFiles::of_pieces(8);
        let held: Vec<_> = (0..20).filter_map(|n| often(&files, &repeated(SHORTEST + n))).collect();
        assert_eq!(held.len(), 8, "as many as there are pieces, also of those that left the cache");
        files.forget_idle();
        drop(held);
        assert!(files.files.entry_count() <= 6, "some room is spare");
        // What left the cache is closed a moment later.
        assert!((0..1000).any(|_| often(&files, &repeated(SHORTEST)).is_some()), "there is room again");
    }

    #[test]
    fn a_part_is_found_by_where_it_lies_and_not_by_what_it_says() {
        let body = Bytes::from_static(&[7; SHORTEST]);
        let file = BodyFile { bytes: body.clone(), file: Nameless::new(None, &body).expect("a file"), _room: room() };
        assert_eq!(file.find(&body), Some(0));
        assert_eq!(file.find(&body[10..20]), Some(10));
        assert_eq!(file.find(&body[SHORTEST - 1..]), Some(SHORTEST - 1));
        let copy = body.to_vec();
        assert_eq!(file.find(&copy), None);
        let file = Nameless::new(None, &body[10..20]).expect("a file");
        let within = BodyFile { bytes: body.slice(10..20), file, _room: room() };
        for part in [&body[9..11], &body[19..21], &body[..], &body[..5]] {
            assert_eq!(within.find(part), None);
        }
    }
}
