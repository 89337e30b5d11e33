//! The organisation API: `/o/{org_id}/guard/`. Every handler takes a [`May`](crate::authority::May), and with it the right.

pub mod audit;
pub mod installs;
pub mod issue;
pub mod list;
pub mod probe;
pub mod revoke;
pub mod rotate;

use std::time::Duration;

use axum::body::Body;
use http::Response;
use sekisho_core::Timestamp;
use sekisho_core::id::{OrgId, OrgTokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::{NewOrgToken, OrgTokenRow};
use serde_json::{Value, json};

use crate::api::idempotency::{Call, Kept};
use crate::api::store_problem;
use crate::app::App;
use crate::authority::{May, Needs};
use crate::http::{Code, Problem};

/// What an identifier is made of, as a problem says it.
const IDENTIFIER: &str = "4 to 255 characters out of A-Z, a-z, 0-9 and . _ @ + -";
/// Longest life of a token that ends by itself: ten years.
const LONGEST_LIFE: i64 = 10 * 365 * 86_400;

/// A new token and its row, made together; the plain text is in the one answer.
struct Minted {
    plain: PlainToken,
    row: NewOrgToken,
    now: Timestamp,
}

impl Minted {
    fn new(app: &App, identifier: UserIdentifier, made_by: &str, life: Option<i64>) -> Minted {
        let now = app.clock.now();
        let plain = PlainToken::mint(TokenKind::Organisation, &*app.random);
        let id = OrgTokenId::mint(now, &*app.random);
        let expires_at = life.map(|seconds| now.plus(Duration::from_secs(u64::try_from(seconds).unwrap_or_default())));
        let row = NewOrgToken::of(id, &plain, identifier, made_by, expires_at);
        Minted { plain, row, now }
    }

    /// The only answer that shows the token.
    fn answer(&self) -> Value {
        json!({
            "id": self.row.id.to_string(),
            "token": self.plain.expose(),
            "user_identifier": self.row.identifier.as_str(),
            "prefix": self.plain.hint(),
            "created_at": self.now.to_string(),
            "expires_at": self.row.expires_at.map(|at| at.to_string()),
        })
    }

    /// What the audit log keeps of it.
    fn told(&self) -> Value {
        json!({
            "user_identifier": self.row.identifier.as_str(),
            "prefix": self.plain.hint(),
            "expires_at": self.row.expires_at.map(|at| at.to_string()),
        })
    }
}

/// A token as it is shown; never a secret.
fn shown(row: &OrgTokenRow, now: Timestamp) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": row.id.to_string(),
        "user_identifier": row.identifier.as_str(),
        "prefix": row.hint,
        "status": row.status(now).as_str(),
        "created_at": row.created_at.to_string(),
        "expires_at": time(row.expires_at),
        "last_used_at": time(row.last_used_at),
        "revoked_at": time(row.revoked_at),
        "replaces": row.replaces.map(|id| id.to_string()),
        "replaced_by": row.replaced_by.map(|id| id.to_string()),
    })
}

/// The answer that this call had before, if it is a repeated one. It shows the token again, and the audit log says so.
async fn repeated<N: Needs>(app: &App, may: &May<N>, call: Option<&Call>) -> Result<Option<Response<Body>>, Problem> {
    let Some(call) = call else { return Ok(None) };
    let Some(Kept { status, body }) = call.answered(app).await? else { return Ok(None) };
    let detail = json!({"user_identifier": body["user_identifier"], "prefix": body["prefix"]});
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    let audit = may.audit(app, app.clock.now(), "token.shown_again", id, detail);
    app.store.audit().note(may.org(), &audit).await.map_err(|e| store_problem(&e))?;
    Ok(Some(crate::api::json(status, &body)))
}

/// The longest life that the organisation gives its tokens, in seconds.
async fn longest_life(app: &App, org: OrgId) -> Result<Option<i64>, Problem> {
    let found = app.store.organisations().find(org).await.map_err(|e| store_problem(&e))?;
    Ok(found.and_then(|organisation| organisation.max_token_seconds))
}

/// The token that a path names, of this organisation.
async fn named(app: &App, org: OrgId, id: &str) -> Result<OrgTokenRow, Problem> {
    let missing = || Problem::new(Code::NotFound, "The organisation has no token with this id.");
    let id = OrgTokenId::parse(id).ok_or_else(missing)?;
    app.store.org_tokens().find(org, id).await.map_err(|e| store_problem(&e))?.ok_or_else(missing)
}
