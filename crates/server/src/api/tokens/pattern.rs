//! `GET /api/v1/tokens/pattern`: how tokens look, for secret scanners.

use axum::body::Body;
use http::{Response, StatusCode};
use sekisho_core::token::TokenKind;
use serde_json::json;

/// Answers with the regular expressions and the checksum rule.
pub async fn pattern() -> Response<Body> {
    let patterns: Vec<_> = TokenKind::ALL
        .into_iter()
        .map(|kind| json!({"prefix": kind.prefix(), "regex": format!("\\b{}[0-9A-Za-z]{{36}}\\b", kind.prefix())}))
        .collect();
    let body = json!({
        "patterns": patterns,
        "checksum": "The last 6 characters are zlib's CRC-32 over the ASCII before them, in base62 with the digits 0-9A-Za-z, most significant first, padded with 0.",
    });
    super::super::json(StatusCode::OK, &body)
}
