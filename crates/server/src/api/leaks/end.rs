//! Ends a found token, of whichever kind, and makes what is said of it.

use sekisho_core::id::{AuditId, MessageId};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::{Holder, LeakEnd, Leaked, Manager, MessageKind, NewAudit, NewMessage};
use serde_json::json;

use crate::api::{store_problem, tokens};
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::Problem;
use crate::mail::Addresses;

/// Who did it, as the audit log writes it.
const ACTOR: &str = "leak report";

/// Ends it. From the next request on it answers `401`. `by` is how it was reported: a word of ours.
pub(super) async fn end(
    app: &App,
    exchange: &Exchange,
    token: &PlainToken,
    by: &'static str,
) -> Result<LeakEnd, Problem> {
    let (hash, now) = (token.hash(), app.clock.now());
    let leaks = app.store.leaks(app.settings.limits.mails_per_hour);
    let tell = |leaked: &Leaked, managers: &[Manager]| told(app, exchange, by, leaked, managers);
    let ended = match token.kind() {
        TokenKind::Personal => return end_personal(app, exchange, token).await,
        TokenKind::Organisation => leaks.end_token(&hash, now, tell).await,
        TokenKind::BotKey => leaks.end_bot_key(&hash, now, tell).await,
    };
    let ended = ended.map_err(|e| store_problem(&e))?;
    if ended == LeakEnd::Ended {
        app.callers.forget([hash]);
        app.mail_waits.notify_one();
    }
    Ok(ended)
}

async fn end_personal(app: &App, exchange: &Exchange, token: &PlainToken) -> Result<LeakEnd, Problem> {
    let now = app.clock.now();
    let Some(row) = app.store.tokens().find_by_hash(&token.hash()).await.map_err(|e| store_problem(&e))? else {
        return Ok(LeakEnd::Unknown);
    };
    let notice = tokens::notice(app, exchange, &row.hint, now);
    let changed = app.store.keys().revoke_leaked(row.id, &notice, now).await.map_err(|e| store_problem(&e))?;
    let Some(changed) = changed else { return Ok(LeakEnd::Before) };
    app.callers.forget(changed.revoked.iter().map(|revoked| revoked.hash));
    app.mail_waits.notify_one();
    Ok(LeakEnd::Ended)
}

/// The audit's row, and a mail to each of those who manage the organisation.
fn told(
    app: &App,
    exchange: &Exchange,
    by: &'static str,
    leaked: &Leaked,
    managers: &[Manager],
) -> (NewAudit, Vec<NewMessage>) {
    let now = app.clock.now();
    let (action, subject, detail) = match &leaked.holder {
        Holder::Token(id, identifier) => {
            let detail = json!({"reason": "leaked", "by": by, "user_identifier": identifier});
            ("token.revoked", id.to_string(), detail)
        }
        Holder::Bot(id, name) => {
            let detail = json!({"reason": "leaked", "by": by, "bot": name, "prefix": leaked.hint});
            ("bot_key.revoked", id.to_string(), detail)
        }
    };
    let audit = NewAudit {
        id: AuditId::mint(now, &*app.random),
        at: now,
        actor: ACTOR.to_owned(),
        action,
        subject,
        detail: detail.to_string(),
        under: None,
    };
    let told = app.origins.told_by_mail(&exchange.origin);
    let message = |manager: &Manager| NewMessage {
        id: MessageId::mint(now, &*app.random),
        kind: MessageKind::OrgLeaked,
        email: manager.email.clone(),
        language: manager.language,
        base_url: told.api.clone(),
        payload: Addresses::of(told).leaked(leaked),
    };
    (audit, managers.iter().map(message).collect())
}
