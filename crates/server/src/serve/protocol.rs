//! Which version of HTTP a connection speaks, found out before it is served: a client that says nothing must not hold a
//! place for ever.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long to wait for the rest of what may become the preface. It comes in one packet, so this is rare.
const REST: Duration = Duration::from_millis(20);

/// By the first bytes, without taking them; `None` if they don't come in time.
pub(super) async fn of_plain(stream: &TcpStream, patience: Duration) -> Option<Protocol> {
    let look = async {
        loop {
            let mut seen = [0; PREFACE.len()];
            let count = stream.peek(&mut seen).await.ok().filter(|count| *count > 0)?;
            if seen.get(..count) != PREFACE.get(..count) {
                return Some(Protocol::Http1);
            }
            if count == PREFACE.len() {
                return Some(Protocol::Http2);
            }
            sleep(REST).await;
        }
    };
    timeout(patience, look).await.ok().flatten()
}

/// By what was agreed on in the handshake (RFC 7301).
pub(super) fn of_tls(stream: &TlsStream<TcpStream>) -> Protocol {
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    }
}
