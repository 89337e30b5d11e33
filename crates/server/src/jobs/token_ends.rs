//! Tells those who manage an organisation of tokens that end soon, and of one that was used after its end. Every node looks;
//! what was told is a row, so each is told once.

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::id::{AuditId, MessageId};
use sekisho_store::{EndingToken, Manager, MessageKind, NewAudit, NewMessage, StoreError};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::mail::Addresses;

/// How long before the end, in days, and the next step after it.
const STEPS: [(i64, i64); 2] = [(14, 3), (3, 0)];
/// Tokens of one look, and so of one mail at most.
const BATCH: u32 = 100;
const USES: Duration = Duration::from_secs(5);
const ENDS: Duration = Duration::from_secs(600);
/// Who did it, as the audit log writes it: whoever holds the token.
const ACTOR: &str = "token holder";

/// Runs until it is dropped.
pub async fn run(app: Arc<App>) {
    let every = |period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut uses, mut ends) = (every(USES), every(ENDS));
    loop {
        let done = tokio::select! {
            _ = uses.tick() => tell_uses(&app).await,
            _ = ends.tick() => remind(&app).await,
        };
        if let Err(error) = done {
            tracing::warn!("managers could not be told of tokens that end; tried again: {error}");
        }
    }
}

/// Tells of tokens that end soon.
pub async fn remind(app: &App) -> Result<(), StoreError> {
    for step in STEPS {
        let mail = |tokens: &[EndingToken], manager: &Manager| message(app, tokens, Some(step.0), manager);
        while app.store.token_ends().remind(step, app.clock.now(), BATCH, mail).await? == BATCH as usize {}
    }
    app.mail_waits.notify_one();
    Ok(())
}

/// Tells of tokens that were used after their end since the last time.
pub async fn tell_uses(app: &App) -> Result<(), StoreError> {
    let ended = app.callers.ended_uses();
    for (place, token) in ended.iter().copied().enumerate() {
        let mail = |tokens: &[EndingToken], manager: &Manager| message(app, tokens, None, manager);
        let now = app.clock.now();
        let audit = |token: &EndingToken| NewAudit {
            id: AuditId::mint(now, &*app.random),
            at: now,
            actor: ACTOR.to_owned(),
            action: "token.used_after_end",
            subject: token.id.to_string(),
            detail:
                json!({"user_identifier": token.identifier, "prefix": token.hint, "expires_at": token.ends.to_string()})
                    .to_string(),
            under: None,
        };
        if let Err(error) = app.store.token_ends().used_after_end(token, now, audit, mail).await {
            app.callers.untold(&ended[place..]);
            return Err(error);
        }
        app.mail_waits.notify_one();
    }
    Ok(())
}

fn message(app: &App, tokens: &[EndingToken], within: Option<i64>, manager: &Manager) -> NewMessage {
    let origin = app.origins.primary();
    NewMessage {
        id: MessageId::mint(app.clock.now(), &*app.random),
        kind: MessageKind::OrgTokensEnd,
        email: manager.email.clone(),
        language: manager.language,
        base_url: origin.api.clone(),
        payload: Addresses::of(origin).ends(tokens, within),
    }
}
