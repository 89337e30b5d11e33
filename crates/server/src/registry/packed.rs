//! A document ready to be sent: as it is, compressed, or compressed and decompressed while it is sent.

use std::io::{self, BufWriter, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::{Buf, Bytes};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue};
use http_body::{Frame, SizeHint};

use crate::http::negotiate;
use crate::serve::Repeated;

/// A document ready to be sent.
#[derive(Debug)]
pub struct Rendered {
    bytes: Bytes,
    form: Kept,
    /// Its body for the connection, which may send it out of a file; `None` where that is not worth it.
    pub repeated: Option<Arc<Repeated>>,
    /// Its entity tag.
    pub etag: HeaderValue,
    /// The tag of the same document compressed with the other [`Effort`]: who has that has this too.
    twin: Option<HeaderValue>,
    /// Its length as it is sent.
    pub length: HeaderValue,
}

/// How the bytes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// As they are.
    Plain,
    /// As gzip, from a document of so many bytes.
    Packed(u64),
    /// Decompressed, which gives so many bytes.
    Unpacked(u64),
}

/// How much work goes into compressing a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// zlib-rs packs repetitive packuments far better from level 7 on (next: 1,168 KB at 6 in 61 ms, 687 KB at 7 in 77 ms,
    /// 649 KB at 8 in 163 ms), and this is done once per revision.
    Best,
    /// For the first who ask, while the best is made behind them.
    Quick,
}

impl Effort {
    /// Not this one.
    pub fn other(self) -> Effort {
        if self == Effort::Best { Effort::Quick } else { Effort::Best }
    }

    fn level(self) -> Compression {
        Compression::new(if self == Effort::Best { 7 } else { 2 })
    }
}

/// Answers smaller than this are not worth compressing.
const WORTH_COMPRESSING: usize = 512;
/// Bytes that are gathered before the compressor gets them, and that are decompressed at once.
const PIECE: usize = 32 * 1024;

impl Rendered {
    /// Takes a body, compressing it as well as can be if asked to.
    pub fn make(body: Vec<u8>, etag: HeaderValue, gzip: bool) -> io::Result<Rendered> {
        if gzip { Rendered::compress(body, etag, Effort::Best) } else { Ok(Rendered::plain(body, etag)) }
    }

    /// Compresses a body, if that is worth it.
    pub fn compress(body: Vec<u8>, etag: HeaderValue, effort: Effort) -> io::Result<Rendered> {
        if body.len() < WORTH_COMPRESSING {
            return Ok(Rendered::plain(body, etag));
        }
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 6), effort.level());
        encoder.write_all(&body)?;
        Ok(Rendered::packed(encoder.finish()?.into(), body.len() as u64, etag))
    }

    fn plain(body: Vec<u8>, etag: HeaderValue) -> Rendered {
        Rendered::held_as(body.into(), Kept::Plain, etag)
    }

    /// A document of `plain` bytes that is compressed already.
    pub fn packed(bytes: Bytes, plain: u64, etag: HeaderValue) -> Rendered {
        Rendered::held_as(bytes, Kept::Packed(plain), etag)
    }

    fn held_as(bytes: Bytes, form: Kept, etag: HeaderValue) -> Rendered {
        let (length, repeated) = (HeaderValue::from(bytes.len()), Repeated::new(&bytes));
        Rendered { bytes, form, repeated, etag, twin: None, length }
    }

    /// The same with the tag of its twin.
    pub fn with_twin(self, twin: HeaderValue) -> Rendered {
        Rendered { twin: Some(twin), ..self }
    }

    /// The same document, compressed once more: as well as can be.
    pub fn best(&self, etag: HeaderValue) -> io::Result<Rendered> {
        let best = straight(|out| io::copy(&mut GzDecoder::new(&*self.bytes), out).map(drop), etag, Effort::Best)?;
        if best.packed_from() == self.packed_from() { Ok(best) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// The tag by which a client says that it has this document.
    pub fn known_by(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        [Some(&self.etag), self.twin.as_ref()].into_iter().flatten().find(|tag| negotiate::matches_etag(headers, tag))
    }

    /// The same for a client that takes no gzip.
    pub fn unpacked(&self, etag: HeaderValue) -> Rendered {
        let (form, length, repeated) = match self.form {
            Kept::Packed(plain) => (Kept::Unpacked(plain), HeaderValue::from(plain), None),
            form => (form, self.length.clone(), self.repeated.clone()),
        };
        Rendered { bytes: self.bytes.clone(), form, repeated, etag, twin: None, length }
    }

    /// It is sent as gzip.
    pub fn is_gzip(&self) -> bool {
        matches!(self.form, Kept::Packed(_))
    }

    /// The length of the document that was compressed; `None` if it was not.
    pub fn packed_from(&self) -> Option<u64> {
        match self.form {
            Kept::Packed(plain) => Some(plain),
            _ => None,
        }
    }

    /// The bytes as they are held.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many bytes are held.
    pub fn held(&self) -> usize {
        self.bytes.len()
    }

    /// The body of an answer.
    pub fn body(&self) -> Body {
        match self.form {
            Kept::Unpacked(left) => Body::new(Unpacking { from: GzDecoder::new(self.bytes.clone().reader()), left }),
            _ => Body::from(self.bytes.clone()),
        }
    }
}

/// Compresses what is written as it is written, so that the document itself is never in memory.
pub fn straight(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    etag: HeaderValue,
    effort: Effort,
) -> io::Result<Rendered> {
    let mut counted = Counted { out: GzEncoder::new(Vec::new(), effort.level()), count: 0 };
    let mut gathered = BufWriter::with_capacity(PIECE, &mut counted);
    write(&mut gathered)?;
    gathered.flush()?;
    drop(gathered);
    let mut packed = counted.out.finish()?;
    packed.shrink_to_fit();
    Ok(Rendered::packed(packed.into(), counted.count, etag))
}

struct Counted<W> {
    out: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A body that is decompressed while it is sent: each client holds a piece of it.
struct Unpacking {
    from: GzDecoder<bytes::buf::Reader<Bytes>>,
    left: u64,
}

impl http_body::Body for Unpacking {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let wanted = self.left.min(PIECE as u64);
        let mut piece = Vec::with_capacity(PIECE);
        let read = Read::by_ref(&mut self.from).take(wanted).read_to_end(&mut piece);
        let read = read.and_then(|count| match count as u64 == wanted {
            true => Ok(Frame::data(piece.into())),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        });
        self.left = if read.is_ok() { self.left - wanted } else { 0 };
        Poll::Ready(Some(read))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_document_that_is_held_compressed_is_sent_as_it_was() {
        let text: Vec<u8> = (0..300_000u32).flat_map(|n| n.to_string().into_bytes()).collect();
        let etag = HeaderValue::from_static("\"e\"");
        let whole = text.clone();
        let packed = straight(move |out| out.write_all(&whole), etag.clone(), Effort::Quick).expect("compressed");
        assert!(packed.is_gzip() && packed.held() < text.len() / 2);
        assert_eq!(packed.packed_from(), Some(text.len() as u64));
        let best = packed.best(HeaderValue::from_static("\"b\"")).expect("compressed again");
        assert!(best.held() < packed.held());
        assert_eq!(best.unpacked(etag.clone()).body().collect().await.expect("a body").to_bytes(), text);
        let plain = packed.unpacked(etag);
        assert!(!plain.is_gzip());
        assert_eq!(plain.length, text.len().to_string());
        assert_eq!(plain.body().collect().await.expect("a body").to_bytes(), text);
    }

    #[tokio::test]
    async fn a_body_that_does_not_hold_what_it_promises_breaks_off() {
        let etag = HeaderValue::from_static("\"e\"");
        let packed = straight(|out| out.write_all(b"short"), etag.clone(), Effort::Best).expect("compressed");
        let lying = Rendered::packed(packed.bytes().clone(), 1000, etag.clone());
        assert!(lying.best(etag.clone()).is_err());
        let lying = lying.unpacked(etag);
        assert!(lying.body().collect().await.is_err());
    }
}
