//! A plain connection whose next body may lie in a file: what of it comes to be written leaves out of the file instead.
//! Nothing rests on it. Bytes that are not found in the file, and what the file can't be sent for, are written as always.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use super::body_files::{BodyFile, BodyFiles, Repeated};

/// The file of the body that a connection sends next. That it is another body's, or none, is no fault.
pub struct Next {
    files: Arc<BodyFiles>,
    file: Mutex<Option<Arc<BodyFile>>>,
}

impl fmt::Debug for Next {
    /// A request's description is no place for bodies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

impl Next {
    pub(super) fn new(files: Arc<BodyFiles>) -> Arc<Next> {
        Arc::new(Next { files, file: Mutex::default() })
    }

    /// Nothing is known of the answer that is sent next.
    pub(super) fn is_unknown(&self) {
        *self.lock() = None;
    }

    /// This body is sent next.
    pub fn is(&self, body: &Repeated) {
        *self.lock() = self.files.of(body);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<BodyFile>>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that sends bodies out of their files.
pub(super) struct FromFile {
    stream: TcpStream,
    next: Arc<Next>,
}

impl FromFile {
    pub(super) fn new(stream: TcpStream, next: Arc<Next>) -> FromFile {
        FromFile { stream, next }
    }

    /// Sends a part of the body, or what goes before it. `None` where the file is of no use.
    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<Option<usize>> {
        let Some(file) = self.next.lock().clone() else { return Poll::Ready(None) };
        let Some((first, more)) = bytes.split_first() else { return Poll::Ready(None) };
        let begin = file.find(first);
        if begin.is_none() && !more.iter().any(|part| file.find(part).is_some()) {
            return Poll::Ready(None);
        }
        let send = || match begin {
            Some(begin) => file.file.send(&self.stream, begin as u64, first.len()),
            None => file.file.lead(&self.stream, first),
        };
        let sent = ready!(self.poll_once_writable(cx, send));
        let ended = match (&sent, begin) {
            (Ok(count), Some(begin)) => *count == 0 || begin + count == file.length(),
            (Ok(_), None) => false,
            (Err(_), _) => true,
        };
        if ended {
            *self.next.lock() = None;
        }
        // What is wrong with the connection itself, a write says too.
        Poll::Ready(sent.ok().filter(|count| *count > 0))
    }

    fn poll_once_writable(
        &self,
        cx: &mut Context<'_>,
        send: impl Fn() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            match self.stream.try_io(Interest::WRITABLE, &send) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }
}

impl AsyncRead for FromFile {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for FromFile {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match ready!(self.poll_send(cx, bytes)) {
            Some(count) => Poll::Ready(Ok(count)),
            None => Pin::new(&mut self.stream).poll_write_vectored(cx, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use bytes::{Buf, Bytes};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::serve::body_files::room;
    use crate::serve::linger::Linger;
    use crate::serve::nameless::Nameless;

    const HEAD: &[u8] = b"head";

    /// A connection that sends this body next, of which the file says `in_file`, and its other end.
    async fn connected(body: &Bytes, in_file: &[u8]) -> (FromFile, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let far = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
        let (near, _) = listener.accept().await.expect("accepted");
        near.set_nodelay(true).expect("a socket");
        let next = Next::new(Arc::default());
        let file = Nameless::new(None, in_file).expect("a file");
        *next.lock() = Some(Arc::new(BodyFile { bytes: body.clone(), file, _room: room() }));
        (FromFile::new(near, next), far)
    }

    /// A body of which each part is another, and of the same length what its file says in these tests.
    fn body_and_other(length: usize) -> (Bytes, Vec<u8>) {
        let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
        let other = bytes.iter().map(|byte| byte ^ 0xff).collect();
        (bytes.into(), other)
    }

    /// Writes a head and a body as an answer is written, to the end.
    async fn send(stream: &mut (impl AsyncWrite + Unpin), body: &Bytes) -> io::Result<()> {
        let mut all = Buf::chain(HEAD, body.clone());
        stream.write_all_buf(&mut all).await?;
        stream.flush().await
    }

    #[tokio::test]
    async fn the_body_leaves_out_of_its_file_whole_however_slowly_it_is_read() {
        for length in [1, 16 * 1024, 100_001, 1024 * 1024, 9_000_000] {
            let (body, other) = body_and_other(length);
            let (mut near, mut far) = connected(&body, &other).await;
            let next = near.next.clone();
            let sending = tokio::spawn(async move { send(&mut near, &body).await.map(|()| near) });
            let (mut read, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
            while read.len() < HEAD.len() + length {
                let count = far.read(&mut piece).await.expect("bytes");
                read.extend_from_slice(&piece[..count]);
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            assert!(read == [HEAD, &other].concat(), "{length}: it is what the file says");
            assert!(next.lock().is_none(), "{length}: nothing is held after the last byte");
            sending.await.expect("sent").expect("sent");
        }
    }

    #[tokio::test]
    async fn what_is_not_the_body_itself_is_written_as_always() {
        let (body, other) = body_and_other(50_000);
        let (mut near, mut far) = connected(&body, &other).await;
        let copy = Bytes::from(body.to_vec());
        send(&mut near, &copy).await.expect("sent");
        drop(near);
        let mut read = Vec::new();
        far.read_to_end(&mut read).await.expect("bytes");
        assert!(read == [HEAD, &body].concat());
    }

    #[tokio::test]
    async fn what_the_file_does_not_give_is_written_as_always() {
        let (body, other) = body_and_other(50_000);
        for given in [0, 20_000] {
            let (mut near, mut far) = connected(&body, &other[..given]).await;
            send(&mut near, &body).await.expect("sent");
            drop(near);
            let mut read = Vec::new();
            far.read_to_end(&mut read).await.expect("bytes");
            assert!(read == [HEAD, &other[..given], &body[given..]].concat(), "{given}");
        }
    }

    #[tokio::test]
    async fn head_and_body_share_a_packet() {
        let (body, other) = body_and_other(1000);
        let (mut near, mut far) = connected(&body, &other).await;
        send(&mut near, &body).await.expect("sent");
        let mut first = vec![0; 2000];
        assert_eq!(far.read(&mut first).await.expect("bytes"), HEAD.len() + 1000);
    }

    #[tokio::test]
    async fn a_client_that_is_gone_ends_the_sending() {
        let (body, other) = body_and_other(9_000_000);
        let (mut near, mut far) = connected(&body, &other).await;
        let sending = tokio::spawn(async move { send(&mut near, &body).await });
        far.read_exact(&mut [0; 1000]).await.expect("bytes");
        drop(far);
        assert!(sending.await.expect("ended").is_err());
    }

    #[tokio::test]
    async fn a_client_that_stops_reading_is_left() {
        let (body, other) = body_and_other(20_000_000);
        let (near, far) = connected(&body, &other).await;
        tokio::time::pause();
        let stalled = send(&mut Linger::new(near), &body).await.expect_err("nobody reads");
        assert_eq!(stalled.kind(), io::ErrorKind::TimedOut);
        drop(far);
    }
}
