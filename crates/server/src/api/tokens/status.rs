//! `GET /api/v1/tokens/status`: what is known about the presented token.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::{Response, StatusCode};
use sekisho_store::UsageOf;
use serde_json::{Map, Value, json};

use crate::api::store_problem;
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::Problem;
use crate::limits::WINDOW_SECONDS;

/// Answers with the token, its account, its usage as the ledger counts it, and its limit.
pub async fn status(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
) -> Result<Response<Body>, Problem> {
    let known = exchange.personal()?;
    let usage = app
        .store
        .ledger()
        .usage(UsageOf::Account(known.row.account), app.clock.now())
        .await
        .map_err(|e| store_problem(&e))?;
    let by_ecosystem: Map<String, Value> = usage
        .by_ecosystem
        .iter()
        .map(|(ecosystem, counts)| {
            (ecosystem.to_string(), json!({"installs": counts.installs, "blocked": counts.blocked}))
        })
        .collect();
    let (total, recent) = (usage.total, usage.last_30_days);
    let body = json!({
        "token": {
            "kind": "email_verified",
            "prefix": known.row.hint,
            "created_at": known.row.created_at.to_string(),
            "last_used_at": known.last_used().map(|at| at.to_string()),
        },
        "email": known.row.email.as_ref().map(|e| e.as_str()),
        "language": known.row.language.as_str(),
        "usage": {
            "installs": total.installs,
            "blocked": total.blocked,
            "by_ecosystem": by_ecosystem,
            "last_30_days": {"installs": recent.installs, "blocked": recent.blocked},
        },
        "rate_limit": {
            "limit": exchange.quotas.limit,
            "window_seconds": WINDOW_SECONDS,
            "remaining": exchange.quotas.remaining,
        },
    });
    Ok(super::super::json(StatusCode::OK, &body))
}
