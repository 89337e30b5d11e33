//! A small HTTP/1.1 client that shows the reason phrase and what happens to a connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.body))
    }
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

impl Connection {
    pub(crate) fn open(host: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect_timeout(&host, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::new(stream), host })
    }

    /// Sends a request and reads its answer.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Answer> {
        self.write(method, path, headers, body)?;
        self.read()
    }

    /// Sends a request, and does not wait for the answer.
    pub(crate) fn write(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> io::Result<()> {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", self.host, body.len());
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(body);
        self.stream.get_mut().write_all(text.as_bytes())
    }

    /// Reads an answer.
    pub(crate) fn read(&mut self) -> io::Result<Answer> {
        let mut answer = self.head()?;
        let body = match (answer.header("content-length"), answer.header("transfer-encoding")) {
            (Some(length), _) => self.exactly(length.parse().map_err(|_| io::ErrorKind::InvalidData)?)?,
            (None, Some(_)) => {
                let mut body = Vec::new();
                self.chunks(|chunk| body.extend_from_slice(chunk))?;
                body
            }
            (None, None) => Vec::new(),
        };
        answer.body = String::from_utf8_lossy(&body).into_owned();
        Ok(answer)
    }

    /// Reads an answer that comes in chunks, and hands over one after the other; the status.
    pub(crate) fn read_chunks(&mut self, each: impl FnMut(&[u8])) -> io::Result<u16> {
        let head = self.head()?;
        if head.header("transfer-encoding").is_none() {
            return Err(io::Error::other(format!("{} {} does not come in chunks", head.status, head.reason)));
        }
        self.chunks(each)?;
        Ok(head.status)
    }

    /// Reads an answer up to its body.
    fn head(&mut self) -> io::Result<Answer> {
        let line = self.line()?;
        let mut words = line.splitn(3, ' ').skip(1);
        let status = words.next().and_then(|s| s.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let reason = words.next().unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Answer { status, reason, headers, body: String::new() })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn chunks(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            let length = usize::from_str_radix(&self.line()?, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            each(&self.exactly(length)?);
            self.line()?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

/// One request on a connection of its own.
pub(crate) fn try_send(host: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
    Connection::open(host)?.send(method, path, headers, "")
}

/// One `GET` that has to be answered.
pub(crate) fn get(host: SocketAddr, path: &str) -> Answer {
    try_send(host, "GET", path, &[]).unwrap_or_else(|e| panic!("GET {path}: {e}"))
}

/// One `GET` with a token.
pub(crate) fn get_as(host: SocketAddr, path: &str, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    try_send(host, "GET", path, &[("Authorization", &bearer)]).unwrap_or_else(|e| panic!("GET {path}: {e}"))
}
