//! Records are read by two threads: inflating and parsing is what a compilation spends its time on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use crate::osv::{self, Compiled};
use crate::report::Problem;

/// Largest record, inflated.
pub(crate) const MAX_ENTRY: u64 = 4 << 20;
/// Most entries of one source.
pub(crate) const MAX_ENTRIES: u64 = 2_000_000;
/// Most bytes of one source, inflated.
pub(crate) const MAX_TOTAL: u64 = 4 << 30;

const THREADS: usize = 2;
const BATCH: usize = 256;
/// Batches that may wait for a thread.
const WAITING: usize = 4;

/// A record that is still to be read.
pub(crate) struct Job<T> {
    /// Its file or entry, for messages.
    pub(crate) name: String,
    pub(crate) place: T,
}

/// Hands jobs to the threads.
pub(crate) struct Queue<T> {
    sender: SyncSender<Vec<Job<T>>>,
    batch: Vec<Job<T>>,
}

/// A thread found a problem and stopped; more jobs are of no use.
pub(crate) struct Stopped;

impl<T> Queue<T> {
    /// Takes a job.
    pub(crate) fn push(&mut self, name: String, place: T) -> Result<(), Stopped> {
        self.batch.push(Job { name, place });
        if self.batch.len() == BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        self.sender.send(std::mem::take(&mut self.batch)).map_err(|_| Stopped)
    }
}

/// Reads all jobs that `produce` hands out. Each thread makes a reader of its own, which fills the buffer with a
/// record's bytes.
pub(crate) fn compile<T: Send, R: FnMut(&T, &mut Vec<u8>) -> Result<(), String>>(
    prefixes: &[String],
    produce: impl FnOnce(&mut Queue<T>) -> Result<Result<(), Stopped>, Problem>,
    reader: impl Fn() -> R + Sync,
) -> Result<Compiled, Problem> {
    let total = AtomicU64::new(0);
    let (sender, receiver) = sync_channel(WAITING);
    let receiver = Mutex::new(Some(receiver));
    std::thread::scope(|scope| {
        let work = || {
            let result = work(&receiver, &total, prefixes, reader());
            if result.is_err() {
                // Nobody receives any more: whoever still hands out jobs learns it at the next one.
                receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            result
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let mut queue = Queue { sender, batch: Vec::new() };
        let produced = produce(&mut queue).map(|pushed| pushed.and_then(|()| queue.flush()));
        drop(queue);

        let mut all = Compiled::default();
        for thread in threads {
            let part = thread.join().map_err(|_| Problem::whole("a thread that read records died"))??;
            all.builder.append(part.builder);
            all.report.absorb(part.report);
            all.read += part.read;
        }
        produced?.map_err(|Stopped| Problem::whole("reading stopped early"))?;
        Ok(all)
    })
}

fn work<T>(
    receiver: &Mutex<Option<Receiver<Vec<Job<T>>>>>,
    total: &AtomicU64,
    prefixes: &[String],
    mut read: impl FnMut(&T, &mut Vec<u8>) -> Result<(), String>,
) -> Result<Compiled, Problem> {
    let mut compiled = Compiled::default();
    let mut bytes = Vec::new();
    loop {
        let batch = match receiver.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Receiver::recv) {
            Some(Ok(batch)) => batch,
            Some(Err(_)) | None => return Ok(compiled),
        };
        for job in batch {
            bytes.clear();
            read(&job.place, &mut bytes).map_err(|problem| Problem::at(&job.name, problem))?;
            let length = bytes.len() as u64;
            if total.fetch_add(length, Ordering::Relaxed).saturating_add(length) > MAX_TOTAL {
                return Err(Problem::at(&job.name, format!("the records are more than {MAX_TOTAL} bytes in all")));
            }
            osv::add_one(&bytes, prefixes, &mut compiled).map_err(|problem| Problem::at(&job.name, problem))?;
        }
    }
}
