//! Bytes on the wire, for what only shows there: reason phrases, cut-off requests, limits on heads.

use std::net::SocketAddr;
use std::time::Duration;

use sekisho_server::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::TestApp;

/// The application on a real socket. Clients name [`crate::ask`]'s host, whatever the port is.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl TestApp {
    /// Serves the application on a free port of loopback.
    pub async fn serve(&self) -> Served {
        self.serve_over(None).await
    }

    /// The same, by HTTPS.
    pub async fn serve_over(&self, tls: Option<TlsAcceptor>) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let (app, limits) = (self.app.clone(), self.app.settings.limits.clone());
        let server = tokio::spawn(async move { serve::serve(app, listener, tls, &limits, &[], stopped).await });
        Served { address, stop, server }
    }
}

impl Served {
    /// Connects.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the other side ends, at most ten seconds.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let stream = self.connect().await;
        let (mut reading, mut writing) = stream.into_split();
        let bytes = bytes.as_ref().to_vec();
        // Writing goes on beside reading: a server may answer before it has read everything.
        let sending = tokio::spawn(async move {
            let _ = writing.write_all(&bytes).await;
            writing
        });
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), reading.read_to_end(&mut answer)).await;
        let _ = read.expect("the other side ends");
        sending.abort();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// `GET` on a connection of its own.
    pub async fn get(&self, path: &str) -> String {
        self.raw(format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", crate::ask::HOST)).await
    }

    /// Stops as at SIGTERM, and waits for what runs.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.server.await.unwrap();
    }
}
