//! Reading a file while it arrives.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::watch;

use super::flight::{Began, Progress, Stop};
use super::pieces;
use super::{Inner, Wanted};
use crate::error::{FetchError, Unavailable};

/// A reader of one download. It waits for bytes, never for other readers.
struct Tail {
    inner: Arc<Inner>,
    wanted: Wanted,
    began: Began,
    progress: watch::Receiver<Progress>,
    at: u64,
    /// Our disk failed: the rest comes straight from the upstream.
    instead: Option<BoxStream<'static, Result<Bytes, FetchError>>>,
    over: bool,
}

/// The bytes of a download, from its first one on.
pub(super) fn follow(
    inner: Arc<Inner>,
    wanted: Wanted,
    began: Began,
    progress: watch::Receiver<Progress>,
) -> impl Stream<Item = Result<Bytes, FetchError>> + Send {
    let tail = Tail { inner, wanted, began, progress, at: 0, instead: None, over: false };
    stream::unfold(tail, |mut tail| async move {
        if tail.over {
            return None;
        }
        let next = tail.next().await.transpose()?;
        tail.over = next.is_err();
        Some((next, tail))
    })
}

impl Tail {
    async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            if let Some(instead) = &mut self.instead {
                return instead.next().await.transpose();
            }
            let (available, end) = {
                let progress = self.progress.borrow_and_update();
                (progress.available, progress.end.clone())
            };
            if self.at < available {
                match pieces::read(self.began.file.clone(), self.at, available, self.inner.buffers.clone()).await {
                    Ok(piece) => {
                        self.at += piece.len() as u64;
                        return Ok(Some(piece));
                    }
                    Err(error) => {
                        self.inner.not_kept(&error);
                        self.ask_ourselves().await?;
                        continue;
                    }
                }
            }
            match end {
                Some(Ok(())) => return Ok(None),
                Some(Err(Stop::Upstream(error))) => return Err(error),
                Some(Err(Stop::Disk | Stop::Deserted)) => self.ask_ourselves().await?,
                // Closed without an end: the download panicked.
                None => {
                    let changed = self.progress.changed().await;
                    changed.map_err(|_| FetchError::Unavailable(Unavailable::Internal))?;
                }
            }
        }
    }

    /// From the first byte again, because the whole has to be checked; what was sent already is skipped.
    async fn ask_ourselves(&mut self) -> Result<(), FetchError> {
        let passed = self.inner.pass(&self.wanted, self.at).await?;
        if passed.length.is_some() && self.began.length.is_some() && passed.length != self.began.length {
            return Err(FetchError::Unavailable(Unavailable::Truncated));
        }
        self.instead = Some(passed.body);
        Ok(())
    }
}
