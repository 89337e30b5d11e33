//! Accepts connections: TLS, limits on connections and heads, and a stop that lets running requests finish.

mod body_files;
mod from_file;
mod idle;
mod linger;
mod nameless;
mod places;
mod protocol;
mod tls;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use body_files::{BodyFiles, Repeated};
pub use from_file::Next;
pub use tls::{TlsError, acceptor};

use crate::config::Limits;
use from_file::FromFile;
use idle::Activity;
use linger::Linger;
use places::Places;
use protocol::Protocol;

/// Something that answers requests: the public application or the admin one.
pub trait Answer: Send + Sync + 'static {
    /// Answers one request.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        over: Connection,
    ) -> impl Future<Output = Response<Body>> + Send;

    /// Where bodies that are sent again and again lie in files.
    fn body_files(&self) -> Arc<BodyFiles>;
}

/// What a request came over.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Whose it is.
    pub peer: IpAddr,
    /// Where it can send bodies out of files: what to tell of the body that an answer has.
    pub next: Option<Arc<Next>>,
}

impl From<IpAddr> for Connection {
    fn from(peer: IpAddr) -> Connection {
        Connection { peer, next: None }
    }
}

/// How long the accept loop rests after an error such as "too many open files".
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(100);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves until `stop` turns true; then nothing new is accepted and what runs may finish within `shutdown_seconds`.
pub async fn serve<A: Answer>(
    app: Arc<A>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: &Limits,
    trusted: &[IpNet],
    mut stop: watch::Receiver<bool>,
) {
    let connections = Arc::new(Semaphore::new(limits.connections));
    let places = Places::new(limits.connections_per_address, trusted);
    let graceful = GracefulShutdown::new();
    let builder = builder(limits);
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &connections) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
                continue;
            }
        };
        let Some(own_place) = places.take(peer) else {
            tracing::debug!("a connection was closed: its address has too many");
            continue;
        };
        let (app, builder, watcher, tls) = (app.clone(), builder.clone(), graceful.watcher(), tls.clone());
        let (mut stopped, patience) = (stop.clone(), Duration::from_secs(limits.header_seconds));
        tokio::spawn(async move {
            let _places = (place, own_place);
            // Who has not asked for anything yet is not waited for.
            let opened = tokio::select! {
                opened = open(stream, tls, patience) => opened,
                _ = stopped.wait_for(|stop| *stop) => None,
            };
            match opened {
                Some(Opened::Plain(stream, Protocol::Http1)) => {
                    let next = Next::new(app.body_files());
                    let stream = FromFile::new(stream, next.clone());
                    converse(app, builder, watcher, stream, Protocol::Http1, peer, Some(next)).await;
                }
                Some(Opened::Plain(stream, protocol)) => {
                    converse(app, builder, watcher, stream, protocol, peer, None).await;
                }
                Some(Opened::Tls(stream, protocol)) => {
                    converse(app, builder, watcher, stream, protocol, peer, None).await;
                }
                None => {}
            }
        });
    }
    drop(listener);
    let patience = Duration::from_secs(limits.shutdown_seconds);
    if tokio::time::timeout(patience, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish within {} s and were cut off", limits.shutdown_seconds);
    }
}

async fn next(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let place = connections.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer.ip(), place))
}

/// A connection that is ready to be served.
enum Opened {
    Plain(TcpStream, Protocol),
    Tls(Box<TlsStream<TcpStream>>, Protocol),
}

/// Finds out what a connection speaks; `None` where nothing comes of it in time.
async fn open(stream: TcpStream, tls: Option<TlsAcceptor>, patience: Duration) -> Option<Opened> {
    let Some(tls) = tls else {
        let protocol = protocol::of_plain(&stream, patience).await?;
        return Some(Opened::Plain(stream, protocol));
    };
    let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await.ok()?.ok()?;
    let protocol = protocol::of_tls(&stream);
    Some(Opened::Tls(Box::new(stream), protocol))
}

async fn converse<A: Answer, S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    app: Arc<A>,
    builder: Builder<TokioExecutor>,
    watcher: hyper_util::server::graceful::Watcher,
    stream: S,
    protocol: Protocol,
    peer: IpAddr,
    next: Option<Arc<Next>>,
) {
    let activity = Arc::new(Activity::default());
    let counted = (protocol == Protocol::Http2).then(|| activity.clone());
    let over = Connection { peer, next };
    let service = service_fn(move |request| {
        let (app, running, over) = (app.clone(), counted.as_ref().map(Activity::asked), over.clone());
        async move {
            if let Some(next) = &over.next {
                next.is_unknown();
            }
            let response = app.answer(request, over).await;
            Ok::<_, std::convert::Infallible>(match running {
                Some(running) => running.until_sent(response),
                None => response,
            })
        }
    });
    let builder = match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    };
    let connection = builder.serve_connection(TokioIo::new(Linger::new(stream)), service).into_owned();
    let served = watcher.watch(connection);
    let ended = match protocol {
        Protocol::Http1 => served.await,
        Protocol::Http2 => tokio::select! {
            ended = served => ended,
            () = activity.quiet() => Ok(()),
        },
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let head = limits.header_kb * 1024;
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.header_seconds))
        .max_buf_size(head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(256)
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX));
    builder
}
