//! The two ways in which a client's connection may take its time: it may read slowly, but not stop reading, and it may
//! read the last answer before the connection is gone.
//!
//! A socket that is closed while unread bytes wait in it is reset, and a reset throws away what the client has not read
//! yet: a `413`, a `405` to a large publish, a `431`. So the sending side is closed first, and what still comes is read
//! and thrown away for a while.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Longest wait for the client to close its side.
const LONGEST: Duration = Duration::from_secs(2);
/// Most bytes that are read and thrown away.
const MOST: usize = 16 * 1024 * 1024;
/// Longest time in which a client takes no byte of an answer: it would hold its place, and the answer's memory.
const STALL: Duration = Duration::from_secs(60);

/// A stream that lingers when it is shut down, and ends when its client stops reading.
pub(super) struct Linger<S> {
    stream: S,
    closing: Option<Closing>,
    stall: Stall,
}

/// Since when the client takes nothing. The timer is made once and set anew at each stop.
#[derive(Default)]
struct Stall {
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl Stall {
    /// Passes a write's outcome on; an error once the client has taken nothing for too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(STALL)));
        if !self.waiting {
            self.waiting = true;
            timer.as_mut().reset(Instant::now() + STALL);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client stopped reading")))
    }
}

struct Closing {
    deadline: Pin<Box<Sleep>>,
    left: usize,
}

impl<S> Linger<S> {
    pub(super) fn new(stream: S) -> Linger<S> {
        Linger { stream, closing: None, stall: Stall::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Linger<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Linger<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.stall.watch(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.stall.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let closing = match &mut this.closing {
            Some(closing) => closing,
            None => {
                ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                this.closing.insert(Closing { deadline: Box::pin(sleep(LONGEST)), left: MOST })
            }
        };
        let mut room = [0; 16 * 1024];
        loop {
            if closing.deadline.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut thrown_away = ReadBuf::new(&mut room);
            // Whatever ends it: there is nothing left to wait for.
            let read = ready!(Pin::new(&mut this.stream).poll_read(cx, &mut thrown_away));
            let count = thrown_away.filled().len();
            closing.left = closing.left.saturating_sub(count);
            if read.is_err() || count == 0 || closing.left == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.stall.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_reading_is_left_and_a_slow_one_is_not() {
        let (near, mut far) = duplex(4);
        let slow = tokio::spawn(async move {
            let mut byte = [0; 4];
            for _ in 0..4 {
                sleep(STALL - Duration::from_secs(1)).await;
                far.read_exact(&mut byte).await.expect("bytes");
            }
            // It stays open, and reads no more.
            sleep(STALL * 10).await;
        });
        let mut stream = Linger::new(near);
        stream.write_all(&[1; 16]).await.expect("a slow client gets all of it");
        let stalled = stream.write_all(&[1; 16]).await.expect_err("nobody reads");
        assert_eq!(stalled.kind(), io::ErrorKind::TimedOut);
        slow.abort();
    }
}
