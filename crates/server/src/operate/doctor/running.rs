//! The running server's own word, from `/readyz`: what only it knows, as the last failure of a source.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Finding;
use crate::config::Settings;

const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer that is read.
const LARGEST: u64 = 1 << 20;

pub(super) async fn server(settings: &Settings) -> Finding {
    const CHECK: &str = "server";
    let Some(address) = settings.admin_listen else {
        return Finding::warn(CHECK, "it can't be asked: admin_listen is off", "set admin_listen");
    };
    let asked = tokio::time::timeout(PATIENCE, ask(address)).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()));
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) => {
            return Finding::warn(CHECK, format!("{address} does not answer: {error}"), "start it: `sekisho serve`");
        }
    };
    if answer["ready"] != Value::Bool(true) {
        return Finding::fail(CHECK, format!("it is not ready: {answer}"), "look at what is not well in this line");
    }
    let failures = answer["feed"]["failures"].as_array().cloned().unwrap_or_default();
    match failures.iter().find(|failure| failure["failing"] == Value::Bool(true)) {
        Some(failure) => Finding::warn(
            CHECK,
            format!("ready, but {} failed at {}: {}", failure["source"], failure["last_failure"], failure["problem"]),
            "look at feed.sources; the last good advisories stay in force",
        ),
        None => Finding::ok(CHECK, "ready"),
    }
}

async fn ask(address: SocketAddr) -> io::Result<Value> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET /readyz HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.take(LARGEST).read_to_string(&mut answer).await?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok(serde_json::from_str(body)?)
}
