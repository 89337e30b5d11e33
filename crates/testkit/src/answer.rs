//! An answer as a test reads it.

use std::fmt::Write as _;
use std::io::Read;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use hyper::ext::ReasonPhrase;
use serde_json::Value;

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The reason phrase, where it is not the status's own.
    pub phrase: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it was sent.
    pub body: Bytes,
}

impl Answer {
    /// Reads the whole of a response.
    pub async fn read(response: Response<Body>) -> Answer {
        let (parts, body) = response.into_parts();
        let phrase = parts.extensions.get::<ReasonPhrase>();
        Answer {
            status: parts.status.as_u16(),
            phrase: phrase.map(|p| String::from_utf8_lossy(p.as_bytes()).into_owned()),
            headers: parts.headers,
            body: body.collect().await.map(|body| body.to_bytes()).unwrap_or_default(),
        }
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Every value of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The body, decompressed, as text.
    pub fn text(&self) -> String {
        if self.header("content-encoding") != Some("gzip") {
            return String::from_utf8(self.body.to_vec()).unwrap();
        }
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*self.body).read_to_string(&mut text).unwrap();
        text
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: status {}: {text:?}", self.status))
    }

    /// A problem's code.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Everything, for a snapshot: status and phrase, headers by name, the body (JSON over several lines).
    pub fn show(&self) -> String {
        let mut text = format!("{} {}\n", self.status, self.phrase.as_deref().unwrap_or("-"));
        let mut headers: Vec<_> =
            self.headers.iter().map(|(n, v)| format!("{n}: {}", String::from_utf8_lossy(v.as_bytes()))).collect();
        headers.sort();
        for header in headers {
            let _ = writeln!(text, "{header}");
        }
        let body = self.text();
        match serde_json::from_str::<Value>(&body) {
            Ok(value) => {
                let _ = write!(text, "\n{value:#}");
            }
            Err(_) if body.is_empty() => {}
            Err(_) => {
                let _ = write!(text, "\n{body}");
            }
        }
        text
    }
}
