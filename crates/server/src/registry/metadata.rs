//! Metadata answers: rendered once per upstream revision, hidden set, form, encoding and address; served as stored bytes.

use std::io::Write;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, Response, StatusCode, header};
use moka::future::Cache;

use super::Asked;
use crate::http::{Code, Problem, negotiate};

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A full packument.
    Packument,
    /// An abbreviated packument.
    Abbreviated,
    /// A simple page as JSON.
    SimpleJson,
    /// A simple page as HTML.
    SimpleHtml,
}

/// What a rendered document depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RenderKey {
    /// The upstream document's revision.
    pub revision: u64,
    /// The hidden set.
    pub hidden: [u8; 16],
    /// The address that its links start with.
    pub origin: u16,
    /// That address's part of the entity tag.
    pub origin_tag: u32,
    /// Its form.
    pub form: Form,
    /// It is compressed.
    pub gzip: bool,
}

/// A document ready to be sent.
#[derive(Debug)]
pub struct Rendered {
    body: Bytes,
    etag: HeaderValue,
    length: HeaderValue,
    gzip: bool,
}

/// Rendered documents in memory, bounded by their size.
pub struct Renders {
    cache: Cache<RenderKey, Arc<Rendered>>,
}

/// zlib-rs packs repetitive packuments far better from level 7 on (next: 1,168 KB at 6 in 61 ms, 687 KB at 7 in 77 ms,
/// 649 KB at 8 in 163 ms), and this is done once per revision.
const LEVEL: u32 = 7;
/// Answers smaller than this are not worth compressing.
const WORTH_COMPRESSING: usize = 512;

impl Renders {
    /// An empty cache of at most `bytes`.
    pub fn new(bytes: u64) -> Renders {
        let weigh = |_: &RenderKey, r: &Arc<Rendered>| u32::try_from(r.body.len() + 256).unwrap_or(u32::MAX);
        Renders { cache: Cache::builder().max_capacity(bytes).weigher(weigh).build() }
    }

    /// The rendered document; `render` runs at most once per key, on a thread that nobody else waits for.
    pub async fn get(
        &self,
        key: RenderKey,
        render: impl FnOnce() -> Vec<u8> + Send + 'static,
    ) -> Result<Arc<Rendered>, Problem> {
        if let Some(rendered) = self.cache.get(&key).await {
            return Ok(rendered);
        }
        let (etag, gzip) = (etag(&key), key.gzip);
        let making = async move {
            tokio::task::spawn_blocking(move || Rendered::make(render(), etag, gzip))
                .await
                .map_err(|e| e.to_string())
                .flatten()
        };
        self.cache
            .try_get_with(key, async move { making.await.map(Arc::new) })
            .await
            .map_err(|why: Arc<String>| Problem::new(Code::Internal, "The answer could not be made.").log(why.as_str()))
    }
}

impl Rendered {
    /// Takes a body, compressing it if asked to.
    pub fn make(body: Vec<u8>, etag: HeaderValue, gzip: bool) -> Result<Rendered, String> {
        let gzip = gzip && body.len() >= WORTH_COMPRESSING;
        let body = if gzip { compress(&body).map_err(|e| e.to_string())? } else { body };
        let length = HeaderValue::from(body.len());
        Ok(Rendered { body: body.into(), etag, length, gzip })
    }
}

fn compress(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 6), Compression::new(LEVEL));
    encoder.write_all(body)?;
    encoder.finish()
}

/// A strong tag per form, encoding, address and hidden set.
fn etag(key: &RenderKey) -> HeaderValue {
    let form = match key.form {
        Form::Packument => 'f',
        Form::Abbreviated => 'a',
        Form::SimpleJson => 'j',
        Form::SimpleHtml => 'h',
    };
    let encoding = if key.gzip { 'z' } else { 'i' };
    let hidden = u128::from_be_bytes(key.hidden);
    let text = format!("\"{:016x}-{form}{encoding}{:x}-{hidden:x}\"", key.revision, key.origin_tag);
    HeaderValue::try_from(text).expect("printable ASCII")
}

/// Answers with a document, or with `304` where the client has it. `age` is how long a stale document has been out of
/// date, in seconds (RFC 9211's negative `ttl` says so to those who look).
pub fn answer(asked: &Asked<'_>, rendered: &Rendered, content_type: &'static str, age: Option<u64>) -> Response<Body> {
    let matched = negotiate::matches_etag(&asked.parts.headers, &rendered.etag);
    let body = if matched || asked.exchange.head { Bytes::new() } else { rendered.body.clone() };
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    // All headers of an answer, so that the map never grows.
    headers.reserve(16);
    headers.insert(header::ETAG, rendered.etag.clone());
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
    if let Some(age) = age
        && let Ok(value) = HeaderValue::try_from(format!("sekisho; hit; ttl=-{age}; detail=stale"))
    {
        headers.insert(header::HeaderName::from_static("cache-status"), value);
    }
    if matched {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_LENGTH, rendered.length.clone());
    if rendered.gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
