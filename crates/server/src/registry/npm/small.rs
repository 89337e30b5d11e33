//! `GET /npm/-/ping`, `GET /npm/-/whoami` and what is said at `/npm/-/npm/v1/tokens`.

use axum::body::Body;
use http::{HeaderValue, Response, header};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::callers::Caller;
use crate::exchange::token_required;
use crate::http::{Code, Problem, negotiate};
use crate::registry::Asked;
use crate::registry::metadata::{self, Rendered};

/// The registry is there.
pub(super) fn ping() -> Response<Body> {
    answer("{}".to_owned())
}

/// Whose the presented credential is: npm prints the name and nothing else.
pub(super) fn whoami(asked: &Asked<'_>) -> Result<Response<Body>, Problem> {
    let told = match &asked.exchange.caller {
        Caller::Anonymous => return Err(token_required()),
        Caller::Personal(known) => json!({"username": known.row.email.as_ref().map_or("", |e| e.as_str())}),
        Caller::Organisation(known) => {
            json!({"username": known.row.identifier.as_str(), "organisation": known.row.org.to_string()})
        }
        Caller::Ci(known) => {
            let session = &known.row;
            // A name that says what it is: the repository where it is known, else the bot.
            let name = session.attribution.repository.clone().unwrap_or_else(|| session.bot.to_string());
            json!({"username": name, "bot": session.bot.to_string(), "organisation": session.org.to_string()})
        }
        Caller::Bot(known) => {
            let bot = &known.row.bot;
            json!({"username": bot.name, "bot": bot.id.to_string(), "organisation": bot.org.to_string()})
        }
    };
    Ok(answer(told.to_string()))
}

/// npm can neither list, make nor end keys here.
pub(super) fn tokens() -> Problem {
    let detail = "Keys are not managed through npm's token commands here. GET /api/v1/tokens/status shows your key, POST /api/v1/tokens/regenerate changes it, DELETE /api/v1/tokens ends it.";
    Problem::new(Code::UnsupportedMethod, detail)
}

/// A JSON answer that is whole in itself: with an entity tag made of its bytes, so that who has it is answered `304`.
pub(super) fn tagged(asked: &Asked<'_>, body: Vec<u8>) -> Result<Response<Body>, Problem> {
    let failed = |why: String| Problem::new(Code::Internal, "The answer could not be made.").log(why);
    let digest = Sha256::digest(&body);
    let tag = digest.iter().take(16).fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
    let etag = HeaderValue::try_from(format!("\"{tag}\"")).map_err(|e| failed(e.to_string()))?;
    let gzip = negotiate::takes_gzip(&asked.parts.headers);
    let rendered = Rendered::make(body, etag, gzip).map_err(|e| failed(e.to_string()))?;
    Ok(metadata::answer(asked, &rendered, "application/json", None))
}

/// A JSON answer that nobody keeps.
pub(super) fn answer(body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
