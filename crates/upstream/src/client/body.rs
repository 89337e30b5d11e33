//! Reading a body with a cap before and a cap after decompression.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::header;

use super::ClientConfig;
use super::send::failure;
use crate::error::{FetchError, Unavailable};

/// Reads the body whole. Decompression runs on a thread for blocking work.
pub(super) async fn read(response: reqwest::Response, config: &ClientConfig) -> Result<Bytes, FetchError> {
    let gzip = is_gzip(&response)?;
    let limit = if gzip { config.max_transfer } else { config.max_transfer.min(config.max_body) };
    let raw = collect(response, limit).await?;
    if !gzip {
        return Ok(raw);
    }
    let max_body = config.max_body;
    let unpacked = tokio::task::spawn_blocking(move || gunzip(&raw, max_body)).await;
    unpacked.unwrap_or(Err(FetchError::Unavailable(Unavailable::Internal)))
}

fn is_gzip(response: &reqwest::Response) -> Result<bool, FetchError> {
    let mut encodings = response.headers().get_all(header::CONTENT_ENCODING).iter();
    let Some(first) = encodings.next() else { return Ok(false) };
    match (first.as_bytes().to_ascii_lowercase().as_slice(), encodings.next()) {
        (b"gzip" | b"x-gzip", None) => Ok(true),
        (b"identity" | b"", None) => Ok(false),
        _ => Err(FetchError::Invalid("a content encoding that was not asked for".into())),
    }
}

/// Grows with what really arrives; the announced length is only used to refuse early.
async fn collect(mut response: reqwest::Response, limit: u64) -> Result<Bytes, FetchError> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(FetchError::TooLarge { limit });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| failure(&e))? {
        if (body.len() as u64).saturating_add(chunk.len() as u64) > limit {
            return Err(FetchError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Decompresses at most `limit` bytes.
pub(crate) fn gunzip(raw: &[u8], limit: u64) -> Result<Bytes, FetchError> {
    let mut out = Vec::new();
    let mut reader = MultiGzDecoder::new(raw).take(limit.saturating_add(1));
    match reader.read_to_end(&mut out) {
        Ok(_) if out.len() as u64 > limit => Err(FetchError::TooLarge { limit }),
        Ok(_) => Ok(out.into()),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(FetchError::Unavailable(Unavailable::Truncated)),
        Err(_) => Err(FetchError::Invalid("broken gzip".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert!(bomb.len() < 10_000);
        assert_eq!(gunzip(&bomb, 1 << 16), Err(FetchError::TooLarge { limit: 1 << 16 }));
        assert_eq!(gunzip(&bomb, 1 << 20).unwrap().len(), 1 << 20);
    }

    #[test]
    fn half_a_gzip_and_junk_are_told_apart() {
        let whole = gzip(&[7; 5000]);
        assert_eq!(gunzip(&whole[..whole.len() / 2], 1 << 20), Err(FetchError::Unavailable(Unavailable::Truncated)));
        assert!(matches!(gunzip(b"<html>no gzip at all</html>", 1 << 20), Err(FetchError::Invalid(_))));
    }
}
