//! `POST /bots/exchange`: a pipeline shows the ID token that its provider gave it, and gets an access token for a while.
//! Who is refused learns nothing of why; the log does.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, http::HeaderMap};
use http::{Response, StatusCode};
use sekisho_core::Timestamp;
use sekisho_core::id::{BotId, CiSessionId};
use sekisho_oidc::{Attribution, SessionClaims};
use sekisho_store::{Exchanged, NewSession};
use serde_json::json;

use crate::api::body::Fields;
use crate::api::{json, store_problem};
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::{Code, Problem};
use crate::pipelines::{KeyError, NotIdentified};

/// How long a session lives unless asked otherwise, in seconds.
const DEFAULT_LIFE: i64 = 30 * 60;
/// The longest that may be asked for.
const LONGEST_LIFE: i64 = 24 * 3600;
/// What every refused ID token is answered with.
const REFUSED: &str = "invalid ID token";

/// Exchanges an ID token.
pub async fn exchange(
    State(app): State<Arc<App>>,
    Extension(exchange): Extension<Exchange>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let exchanged = exchanged(&app, &exchange, &headers, body).await;
    // Steps for the service that this API follows show `message`.
    exchanged.map_err(Problem::with_message)
}

async fn exchanged(app: &App, exchange: &Exchange, headers: &HeaderMap, body: Body) -> Result<Response<Body>, Problem> {
    let mut fields = Fields::read(headers, body).await?;
    let bot = fields.required("bot_id", "a bot's id, such as BT01...", |text| Some(text.to_owned()));
    let id_token = fields.required("id_token", "the ID token of the pipeline", |text| Some(text.to_owned()));
    let life = fields.number("expires_in", 1..=LONGEST_LIFE).unwrap_or(DEFAULT_LIFE);
    fields.finish()?;
    let (Some(bot), Some(id_token)) = (bot, id_token) else { return Err(refused("a field is missing")) };
    app.limiter.admit_exchange(exchange.client)?;
    let bot = BotId::parse(&bot).ok_or_else(|| refused("the bot's id is none"))?;
    let pipeline = app.pipelines.identify(&app.store, bot, &id_token).await.map_err(problem)?;

    // Before the row: a session that can't be signed would use up the ID token.
    let keys = app.pipelines.keys.to_sign().await.map_err(|e| key_problem(&e))?;
    // Tokens hold whole seconds.
    let now = app.clock.now();
    let issued_at = Timestamp(now.0 - now.0.rem_euclid(1000));
    let new = NewSession {
        id: CiSessionId::mint(now, &*app.random),
        bot,
        id_token: pipeline.id_token,
        client: exchange.client.to_string(),
        attribution: serde_json::to_string(&pipeline.attribution).map_err(|e| broken(e.to_string()))?,
        issued_at,
        expires_at: issued_at.plus(Duration::from_secs(life.unsigned_abs())),
        id_token_ends: pipeline.id_token_ends,
    };
    let row = match app.store.ci_sessions().exchange(&new).await.map_err(|e| store_problem(&e))? {
        Exchanged::Session(row) => row,
        Exchanged::Refused => return Err(refused(&format!("bot {bot}: exchanged before, or the bot has just ended"))),
    };
    let attribution: Attribution = serde_json::from_str(&row.attribution).map_err(|e| broken(e.to_string()))?;
    tracing::info!(
        session = %row.id, bot = %row.bot, organisation = %row.org,
        repository = attribution.repository.as_deref().unwrap_or_default(), "a pipeline's session"
    );
    let session = SessionClaims {
        id: row.id,
        org: row.org,
        bot: row.bot,
        attribution,
        issued_at: row.issued_at,
        expires_at: row.expires_at,
    };
    let token = keys.issue(&session).map_err(|e| key_problem(&KeyError::Session(e)))?;
    let expires_in = if row.id == new.id { life } else { (row.expires_at.0 - now.0).div_euclid(1000).max(1) };
    Ok(json(StatusCode::OK, &json!({"access_token": token.as_str(), "expires_in": expires_in})))
}

fn refused(why: &str) -> Problem {
    Problem::new(Code::InvalidIdToken, REFUSED).log(format!("an ID token was refused: {why}"))
}

fn problem(why: NotIdentified) -> Problem {
    match why {
        NotIdentified::Refused(why) => refused(&why),
        NotIdentified::Unavailable(why) => {
            let detail = "The issuer of this ID token could not be asked for its keys. Try again in a moment.";
            Problem::new(Code::IssuerUnavailable, detail).retry_after(5).log(why)
        }
        NotIdentified::Store(error) => store_problem(&error),
    }
}

fn key_problem(error: &KeyError) -> Problem {
    match error {
        KeyError::Store(error) => store_problem(error),
        KeyError::Sealed | KeyError::Session(_) => broken(error.to_string()),
    }
}

fn broken(why: String) -> Problem {
    Problem::new(Code::Internal, "The session could not be made.").log(why)
}
