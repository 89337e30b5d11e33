//! The report in the form of GitHub's secret scanning partner programme: a JSON array, signed over its raw bytes, and
//! answered with a verdict for each token.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, Response, StatusCode};
use sekisho_store::LeakEnd;
use serde::Deserialize;
use serde_json::json;

use super::{end, read};
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::{BodyCaps, Code, Object, Problem};

const KEY_ID: HeaderName = HeaderName::from_static("github-public-key-identifier");
const SIGNATURE: HeaderName = HeaderName::from_static("github-public-key-signature");
/// Reports come with many finds at once: some thousands of them fit.
const CAPS: BodyCaps = BodyCaps { packed: 1024 * 1024, unpacked: 1024 * 1024 };

/// One find. Where it was found is not even read.
#[derive(Deserialize)]
struct Found {
    token: String,
    #[serde(rename = "type", default)]
    kind: String,
}

/// The request is in this form.
pub(super) fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(KEY_ID) || headers.contains_key(SIGNATURE)
}

/// Checks the signature, then ends what is real.
pub(super) async fn report(
    app: &App,
    exchange: &Exchange,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let (id, signature) = signed(headers).ok_or_else(|| refused("The signature's headers can't be read."))?;
    let keys = app.leak_keys.as_ref().ok_or_else(|| {
        refused("Signed reports are not taken here. The operator turns them on by the setting leaks.github_keys_url.")
    })?;
    let taken = app.posted.take(exchange.client, headers, body, CAPS, |bytes| Ok(bytes.to_vec())).await?;
    let (bytes, _place) = taken;
    keys.check(&app.client, &*app.clock, id, &bytes, &signature).await?;
    let finds: Vec<Object<Found>> = serde_json::from_slice(&bytes).map_err(|_| {
        Problem::new(Code::InvalidRequest, "The body has to be a JSON array of objects with a \"token\".")
    })?;
    let mut verdicts = Vec::with_capacity(finds.len());
    for Object(find) in &finds {
        let real = match read(&find.token) {
            Some(token) => end::end(app, exchange, &token, "github").await? != LeakEnd::Unknown,
            None => false,
        };
        let label = if real { "true_positive" } else { "false_positive" };
        verdicts.push(json!({"token_raw": find.token, "token_type": find.kind, "label": label}));
    }
    Ok(crate::api::json(StatusCode::OK, &serde_json::Value::Array(verdicts)))
}

/// The key's id and the signature, if each is there once.
fn signed(headers: &HeaderMap) -> Option<(&str, Vec<u8>)> {
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok()
    };
    let signature = one(SIGNATURE).filter(|text| text.len() <= 512)?;
    Some((one(KEY_ID).filter(|id| id.len() <= 256)?, STANDARD.decode(signature).ok()?))
}

/// The report is not what it says it is.
pub(super) fn refused(detail: &'static str) -> Problem {
    Problem::new(Code::InvalidSignature, detail)
}
