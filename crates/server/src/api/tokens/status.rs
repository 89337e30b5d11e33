//! `GET /api/v1/tokens/status`: what is known about the presented token, a person's or an organisation's.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::{Response, StatusCode};
use sekisho_store::{Usage, UsageOf};
use serde_json::{Map, Value, json};

use crate::api::store_problem;
use crate::app::App;
use crate::callers::{Caller, Known, KnownOrg};
use crate::exchange::Exchange;
use crate::http::Problem;

/// Answers with the token, whose it is, its usage as the ledger counts it, and its limit.
pub async fn status(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
) -> Result<Response<Body>, Problem> {
    let mut told = match &exchange.caller {
        Caller::Organisation(known) => organisation(&app, known).await?,
        _ => personal(&app, exchange.personal()?).await?,
    };
    let quotas = &exchange.quotas;
    told["rate_limit"] =
        json!({"limit": quotas.limit, "window_seconds": quotas.window_seconds, "remaining": quotas.remaining});
    Ok(super::super::json(StatusCode::OK, &told))
}

async fn personal(app: &App, known: &Known) -> Result<Value, Problem> {
    Ok(json!({
        "token": {
            "kind": "email_verified",
            "prefix": known.row.hint,
            "created_at": known.row.created_at.to_string(),
            "last_used_at": known.last_used().map(|at| at.to_string()),
        },
        "email": known.row.email.as_ref().map(|e| e.as_str()),
        "language": known.row.language.as_str(),
        "usage": usage(app, UsageOf::Account(known.row.account)).await?,
    }))
}

async fn organisation(app: &App, known: &KnownOrg) -> Result<Value, Problem> {
    let organisation = app.store.organisations().find(known.row.org).await.map_err(|e| store_problem(&e))?;
    Ok(json!({
        "token": {
            "kind": "organisation_user",
            "id": known.row.id.to_string(),
            "prefix": known.row.hint,
            "created_at": known.row.created_at.to_string(),
            "expires_at": known.row.expires_at.map(|at| at.to_string()),
            "last_used_at": known.last_used().map(|at| at.to_string()),
        },
        "user_identifier": known.row.identifier.as_str(),
        "organisation": {"id": known.row.org.to_string(), "name": organisation.map(|o| o.name)},
        "usage": usage(app, UsageOf::OrgToken(known.row.org, known.row.id)).await?,
    }))
}

async fn usage(app: &App, of: UsageOf) -> Result<Value, Problem> {
    let Usage { total, by_ecosystem, last_30_days: recent } =
        app.store.ledger().usage(of, app.clock.now()).await.map_err(|e| store_problem(&e))?;
    let by_ecosystem: Map<String, Value> = by_ecosystem
        .iter()
        .map(|(ecosystem, counts)| {
            (ecosystem.to_string(), json!({"installs": counts.installs, "blocked": counts.blocked}))
        })
        .collect();
    Ok(json!({
        "installs": total.installs,
        "blocked": total.blocked,
        "by_ecosystem": by_ecosystem,
        "last_30_days": {"installs": recent.installs, "blocked": recent.blocked},
    }))
}
