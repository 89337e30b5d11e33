//! `POST /o/{org_id}/guard/org-user-tokens`: gives somebody a token.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode};
use sekisho_core::org::UserIdentifier;

use super::{IDENTIFIER, answer, repeated};
use crate::api::body::Fields;
use crate::api::idempotency::Call;
use crate::api::{gone_meanwhile, json, store_problem};
use crate::app::App;
use crate::authority::{IssueTokens, May};
use crate::http::{Code, Problem};
use crate::issuing::{LONGEST_LIFE, Lives, Minted};

/// Issues a token. The answer is the only time that it is shown; the same identifier may have several.
pub async fn issue(
    State(app): State<Arc<App>>,
    may: May<IssueTokens>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let mut fields = Fields::read(&headers, body).await?;
    fields.only(&["user_identifier", "expires_in"]);
    let identifier = fields.required("user_identifier", IDENTIFIER, |text| UserIdentifier::parse(text).ok());
    let wanted = fields.number("expires_in", 1..=LONGEST_LIFE);
    let lives = Lives::find(&app, may.org()).await.map_err(|e| store_problem(&e))?;
    if let (Some(wanted), Some(most)) = (wanted, lives.most)
        && wanted > most
    {
        fields.wrong(format!("expires_in: the organisation's tokens live {most} seconds at most"));
    }
    let asked = fields.canonical();
    fields.finish()?;
    let Some(identifier) = identifier else { return Err(Problem::new(Code::InvalidRequest, "Invalid request.")) };
    let call = Call::of(&app, &headers, &may.actor(), &["issue", &asked])?;
    if let Some(answer) = repeated(&app, &may, call.as_ref()).await? {
        return Ok(answer);
    }

    let minted = Minted::new(&app, identifier, &may.actor(), wanted.or(lives.usual));
    let (answer, audit) = (answer(&minted), minted.issued(&app, &may));
    let once = call.as_ref().map(|call| call.keep(&app, StatusCode::CREATED, &answer));
    let tokens = app.store.org_tokens();
    let issued = tokens.issue(may.org(), &minted.row, &audit, once.as_ref()).await.map_err(|e| store_problem(&e))?;
    match issued {
        true => Ok(json(StatusCode::CREATED, &answer)),
        // The same call came twice at once: the other one's token is there.
        false => repeated(&app, &may, call.as_ref()).await?.ok_or_else(gone_meanwhile),
    }
}
