//! A fake upstream on loopback that can be slow, broken, lying, redirecting or far too large. For tests only.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How a body is sent.
#[derive(Clone, Debug)]
enum Body {
    /// Whole.
    Whole(Bytes),
    /// In pieces without a length; `hang` never ends, `cut` breaks the connection after the last piece.
    Pieces { pieces: Vec<Bytes>, end: End },
    /// This many zero bytes, made as they are sent.
    Zeros(u64),
    /// Byte by byte, with this wait before each.
    Drip { bytes: Bytes, every: Duration },
}

#[derive(Clone, Copy, Debug)]
enum End {
    Cut,
    Hang,
}

/// What is answered on a path.
#[derive(Clone, Debug)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
    delay: Duration,
    etag: Option<String>,
    drop: bool,
    ranges: bool,
}

impl Reply {
    /// An empty answer with this status.
    pub fn status(status: u16) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body: Body::Whole(Bytes::new()),
            delay: Duration::ZERO,
            etag: None,
            drop: false,
            ranges: false,
        }
    }

    /// `200` with this type and body.
    pub fn ok(content_type: &str, body: impl Into<Bytes>) -> Reply {
        Reply { body: Body::Whole(body.into()), ..Reply::status(200) }.header("content-type", content_type)
    }

    /// `200` with JSON.
    pub fn json(body: impl Into<Bytes>) -> Reply {
        Reply::ok("application/json", body)
    }

    /// A redirect.
    pub fn redirect(location: &str) -> Reply {
        Reply::status(302).header("location", location)
    }

    /// `200` with that many zero bytes, no length announced.
    pub fn zeros(length: u64) -> Reply {
        Reply { body: Body::Zeros(length), ..Reply::ok("application/json", Bytes::new()) }
    }

    /// The connection is closed before any answer.
    pub fn dropped() -> Reply {
        Reply { drop: true, ..Reply::status(200) }
    }

    /// Adds a header, or sets it.
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sends this `ETag`, and `304` to a request that has it.
    pub fn etag(mut self, etag: &str) -> Reply {
        self.etag = Some(etag.to_owned());
        self.header("etag", etag)
    }

    /// Answers a `Range` with that part.
    pub fn ranges(mut self) -> Reply {
        self.ranges = true;
        self.header("accept-ranges", "bytes")
    }

    /// `206` with this `Content-Range`, whatever was asked for.
    pub fn partial(mut self, content_range: &str) -> Reply {
        self.status = StatusCode::PARTIAL_CONTENT;
        self.header("content-range", content_range)
    }

    /// The part that `Range` asks for.
    fn cut(&mut self, request: &HeaderMap) -> Option<()> {
        let Body::Whole(bytes) = &self.body else { return None };
        let (first, last) = request.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
        let length = bytes.len();
        let (start, end) = match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => (first, length.min(last + 1)),
            (Ok(first), Err(_)) => (first, length),
            (Err(_), last) => (length.saturating_sub(last.ok()?), length),
        };
        let reply = std::mem::replace(self, Reply::status(416));
        let Body::Whole(bytes) = reply.body else { return None };
        if start >= end {
            self.headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(format!("bytes */{length}")).ok()?);
            return None;
        }
        let range = HeaderValue::try_from(format!("bytes {start}-{}/{length}", end - 1)).ok()?;
        *self = Reply { status: StatusCode::PARTIAL_CONTENT, body: Body::Whole(bytes.slice(start..end)), ..reply };
        self.headers.insert(header::CONTENT_RANGE, range);
        Some(())
    }

    /// Waits before answering.
    pub fn delay(mut self, delay: Duration) -> Reply {
        self.delay = delay;
        self
    }

    /// Sends half of the body, then breaks the connection.
    pub fn half(mut self) -> Reply {
        self.body = Body::Pieces { pieces: vec![self.first_half()], end: End::Cut };
        self
    }

    /// Sends half of the body, then nothing, for ever.
    pub fn hang(mut self) -> Reply {
        self.body = Body::Pieces { pieces: vec![self.first_half()], end: End::Hang };
        self
    }

    /// Sends the body byte by byte, with this wait before each: never silent for long, and never done soon.
    pub fn drip(mut self, every: Duration) -> Reply {
        if let Body::Whole(bytes) = self.body {
            self.body = Body::Drip { bytes, every };
        }
        self
    }

    fn first_half(&self) -> Bytes {
        match &self.body {
            Body::Whole(bytes) => bytes.slice(..bytes.len() / 2),
            _ => Bytes::new(),
        }
    }

    fn into_response(mut self, request: &HeaderMap) -> Response<BoxBody<Bytes, Failure>> {
        if self.ranges {
            // Without a range that can be read it stays whole.
            let _ = self.cut(request);
        }
        let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let unchanged = self.etag.is_some() && known == self.etag.as_deref();
        let (status, body) = match (unchanged, self.body) {
            (true, _) => (StatusCode::NOT_MODIFIED, Empty::new().map_err(never).boxed()),
            (false, Body::Whole(bytes)) => (self.status, Full::new(bytes).map_err(never).boxed()),
            (false, Body::Zeros(length)) => (self.status, pieces(zeros(length), None)),
            (false, Body::Drip { bytes, every }) => (self.status, pieces(drops(bytes, every), None)),
            (false, Body::Pieces { pieces: some, end }) => (self.status, pieces(stream::iter(some), Some(end))),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = self.headers;
        response
    }
}

fn never(error: Infallible) -> Failure {
    match error {}
}

fn zeros(length: u64) -> impl futures_util::Stream<Item = Bytes> + Send + Sync + 'static {
    const PIECE: u64 = 64 * 1024;
    let piece = Bytes::from(vec![0; PIECE as usize]);
    let pieces = length.div_ceil(PIECE);
    stream::iter(0..pieces).map(move |n| piece.slice(..(length - n * PIECE).min(PIECE) as usize))
}

fn drops(bytes: Bytes, every: Duration) -> impl futures_util::Stream<Item = Bytes> + Send + Sync + 'static {
    stream::iter(0..bytes.len()).then(move |n| {
        let drop = bytes.slice(n..=n);
        async move {
            tokio::time::sleep(every).await;
            drop
        }
    })
}

fn pieces(
    bytes: impl futures_util::Stream<Item = Bytes> + Send + Sync + 'static,
    end: Option<End>,
) -> BoxBody<Bytes, Failure> {
    let frames = bytes.map(|piece| Ok(Frame::data(piece)));
    let tail = stream::once(async move {
        match end {
            None => None,
            Some(End::Hang) => std::future::pending().await,
            Some(End::Cut) => {
                // Gives what was sent time to leave before the connection breaks.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some(Err(Failure::from("cut")))
            }
        }
    });
    BodyExt::boxed(StreamBody::new(frames.chain(tail.filter_map(std::future::ready))))
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as sent.
    pub body: Bytes,
}

#[derive(Default)]
struct Script {
    replies: HashMap<String, Vec<Reply>>,
    seen: Vec<Seen>,
}

impl Script {
    /// The next reply for a path; the last one stays.
    fn next(&mut self, path: &str) -> Reply {
        match self.replies.get_mut(path) {
            Some(replies) if replies.len() > 1 => replies.remove(0),
            Some(replies) => replies.first().cloned().unwrap_or_else(|| Reply::status(404)),
            None => Reply::status(404),
        }
    }
}

/// The fake upstream. Paths without a reply answer `404`.
pub struct FakeUpstream {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    server: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        self.stop();
    }
}

impl FakeUpstream {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start() -> FakeUpstream {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let fake = FakeUpstream { address, script: Arc::default(), server: Mutex::new(None) };
        fake.serve(listener);
        fake
    }

    /// Its base address, ending with `/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The address of a path.
    ///
    /// # Panics
    /// If `path` makes no URL.
    pub fn at(&self, path: &str) -> Url {
        Url::parse(&self.url()).and_then(|url| url.join(path)).expect("a path")
    }

    /// Answers `path` so from now on.
    pub fn on(&self, path: &str, reply: Reply) {
        self.in_turn(path, vec![reply]);
    }

    /// Answers `path` with each in turn; the last one stays.
    pub fn in_turn(&self, path: &str, replies: Vec<Reply>) {
        self.script().replies.insert(path.to_owned(), replies);
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.script().seen.clone()
    }

    /// How often `path` was asked.
    pub fn count(&self, path: &str) -> usize {
        self.script().seen.iter().filter(|seen| seen.path == path).count()
    }

    /// Closes the port and every connection: nobody there.
    pub fn stop(&self) {
        let running = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = running {
            server.abort();
        }
    }

    /// Comes back on the same port.
    ///
    /// # Panics
    /// If somebody else took the port meanwhile.
    pub async fn resume(&self) {
        for _ in 0..50 {
            if let Ok(listener) = TcpListener::bind(self.address).await {
                return self.serve(listener);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the fake upstream's port was taken");
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, listener: TcpListener) {
        let script = Arc::clone(&self.script);
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let script = Arc::clone(&script);
                connections.spawn(async move {
                    let service = service_fn(move |request| answer(Arc::clone(&script), request));
                    let io = TokioIo::new(socket);
                    // A connection that breaks is what many of the tests are about.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
                });
            }
        });
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    }
}

async fn answer(
    script: Arc<Mutex<Script>>,
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, Failure>>, Failure> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let headers = request.headers().clone();
    let method = request.method().to_string();
    let body = request.into_body().collect().await?.to_bytes();
    let reply = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        script.seen.push(Seen { method, path: path.clone(), headers: headers.clone(), body });
        script.next(&path)
    };
    tokio::time::sleep(reply.delay).await;
    if reply.drop {
        return Err("dropped".into());
    }
    Ok(reply.into_response(&headers))
}
