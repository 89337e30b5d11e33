//! The operator's listener: `/healthz`, `/readyz`, `/metrics`. Not meant for strangers, so it has an address of its own.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use sekisho_core::Ecosystem;
use sekisho_upstream::SourceState;
use serde_json::{Value, json};

use crate::app::App;
use crate::feed_health::State;
use crate::gate::Knowledge;
use crate::metrics;
use crate::serve::{Answer, BodyFiles, Connection};

/// Answers on the operator's listener.
pub struct Admin(pub Arc<App>);

impl Answer for Admin {
    async fn answer(self: Arc<Self>, request: Request<Incoming>, _: Connection) -> Response<Body> {
        self.handle(request.uri().path()).await
    }

    fn body_files(&self) -> Arc<BodyFiles> {
        self.0.body_files.clone()
    }
}

impl Admin {
    /// Answers a path.
    pub async fn handle(&self, path: &str) -> Response<Body> {
        match path {
            "/healthz" => text(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".to_owned()),
            "/readyz" => self.ready().await,
            "/metrics" => match metrics::render(&self.0).await {
                Ok(body) => text(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", body),
                Err(error) => {
                    tracing::warn!("the metrics could not be written: {error}");
                    text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", "not available\n".to_owned())
                }
            },
            _ => text(
                StatusCode::NOT_FOUND,
                "text/plain; charset=utf-8",
                "try /healthz, /readyz or /metrics\n".to_owned(),
            ),
        }
    }

    /// Ready: the database answers, something decides, and at least one front has its registry.
    async fn ready(&self) -> Response<Body> {
        let app = &self.0;
        let guard = app.gate.current();
        let advisories = match guard.knowledge {
            Knowledge::Loaded => "loaded",
            Knowledge::OwnEntriesOnly => "no source configured: own entries and canaries only",
            Knowledge::NothingLoaded => "configured, but nothing was loaded yet: nothing is let through",
        };
        let front = |ecosystem| match app.sources.routes(ecosystem).common() {
            SourceState::Ready(_) => "on".to_owned(),
            SourceState::Discovering => "looking for its registry".to_owned(),
            SourceState::Off(why) => format!("off: {why}"),
        };
        let database = app.store.ping().await;
        if let Err(error) = &database {
            tracing::warn!("the database does not answer: {error}");
        }
        let on = Ecosystem::ALL.into_iter().any(|e| matches!(app.sources.routes(e).common(), SourceState::Ready(_)));
        let ready = database.is_ok() && guard.knowledge != Knowledge::NothingLoaded && on;
        let body = json!({
            "ready": ready,
            "database": if database.is_ok() { "ok" } else { "not available" },
            "advisories": advisories,
            "advisory_records": guard.blocklist.records(),
            "policy_entries": guard.policy.len(),
            "feed": feed(&app.feed_health.state()),
            "npm": front(Ecosystem::Npm),
            "pypi": front(Ecosystem::Pypi),
        });
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        text(status, "application/json", body.to_string())
    }
}

/// Failing sources leave it ready: what was loaded stays in force.
fn feed(state: &State) -> Value {
    let failures: Vec<Value> = state
        .failures
        .iter()
        .map(|failure| {
            let source = failure.source.as_deref().unwrap_or("the data folder");
            let (at, problem) = (failure.at.to_string(), &failure.problem);
            json!({ "source": source, "failing": failure.failing, "last_failure": at, "problem": problem })
        })
        .collect();
    let last_success = state.last_success.map(|at| at.to_string());
    json!({ "failing": state.failing, "last_success": last_success, "failures": failures })
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
