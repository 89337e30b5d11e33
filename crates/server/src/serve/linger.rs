//! Closing a connection so that the client can still read the last answer.
//!
//! A socket that is closed while unread bytes wait in it is reset, and a reset throws away what the client has not read
//! yet: a `413`, a `405` to a large publish, a `431`. So the sending side is closed first, and what still comes is read
//! and thrown away for a while.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Longest wait for the client to close its side.
const LONGEST: Duration = Duration::from_secs(2);
/// Most bytes that are read and thrown away.
const MOST: usize = 16 * 1024 * 1024;

/// A stream that lingers when it is shut down.
pub(super) struct Linger<S> {
    stream: S,
    closing: Option<Closing>,
}

struct Closing {
    deadline: Pin<Box<Sleep>>,
    left: usize,
}

impl<S> Linger<S> {
    pub(super) fn new(stream: S) -> Linger<S> {
        Linger { stream, closing: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Linger<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Linger<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
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
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
