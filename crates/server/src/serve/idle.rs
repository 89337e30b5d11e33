//! The end of an HTTP/2 connection on which nothing is asked. HTTP/1 has the time for a head; an HTTP/2 client that
//! answers pings would keep its place for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::Response;
use http_body::{Frame, SizeHint};
use tokio::time::sleep;

/// A connection is closed after this time without a request, or at most twice this.
const IDLE: Duration = Duration::from_secs(300);

/// What goes on on a connection.
#[derive(Debug, Default)]
pub(super) struct Activity {
    asked: AtomicU64,
    running: AtomicUsize,
}

impl Activity {
    /// Notes a request, until what is returned is dropped.
    pub(super) fn asked(self: &Arc<Self>) -> Running {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    /// Returns once nothing was asked for a while, and nothing is being answered.
    pub(super) async fn quiet(&self) {
        loop {
            let before = self.asked.load(Ordering::Relaxed);
            sleep(IDLE).await;
            if self.running.load(Ordering::Relaxed) == 0 && self.asked.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Running(Arc<Activity>);

impl Running {
    /// The request runs until its answer's body was taken.
    pub(super) fn until_sent(self, response: Response<Body>) -> Response<Body> {
        response.map(|body| Body::new(Sending { body, _running: self }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Sending {
    body: Body,
    _running: Running,
}

impl http_body::Body for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_quiet_when_nothing_is_asked_and_nothing_is_still_being_sent() {
        let activity = Arc::new(Activity::default());
        let response = activity.asked().until_sent(Response::new(Body::from("slow")));
        assert!(timeout(IDLE * 10, activity.quiet()).await.is_err(), "an answer is being sent");
        drop(response);
        assert!(timeout(IDLE * 3, activity.quiet()).await.is_ok());
        let busy = async {
            loop {
                drop(activity.asked());
                sleep(IDLE / 2).await;
            }
        };
        let watched = timeout(IDLE * 10, async {
            tokio::select! { () = activity.quiet() => {}, () = busy => {} }
        });
        assert!(watched.await.is_err(), "requests come");
    }
}
