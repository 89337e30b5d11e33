//! `/me/tokens`: tokens of organisations that carry the person's own address. Anybody may end what is his own; rotating it
//! is up to the organisation.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::Timestamp;
use sekisho_core::id::{AuditId, OrgId, OrgTokenId};
use sekisho_store::{Authority, CarriedToken, NewAudit, OrgTokenRow, Rotated};
use serde_json::Value;

use super::super::confirm::Confirm;
use super::super::page::{Halt, Tab, Why, answer, see_other};
use super::super::part::{Part, Place};
use super::super::setup;
use super::super::shown::Shown;
use super::super::visitor::{Answered, SignedIn};
use crate::app::App;
use crate::http::form::Form;
use crate::issuing::{self, Acting, Rotation};

/// The person whose address a token carries, as who acts on it.
struct Bearer<'a> {
    me: &'a SignedIn,
    org: OrgId,
    token: OrgTokenId,
    rotates: bool,
}

impl Acting for Bearer<'_> {
    fn org(&self) -> OrgId {
        self.org
    }

    fn actor(&self) -> String {
        self.me.session.email.to_string()
    }

    fn audit(&self, app: &App, now: Timestamp, action: &'static str, subject: String, detail: Value) -> NewAudit {
        let under = Authority::Bearer { session: self.me.session.id, token: self.token, rotates: self.rotates };
        NewAudit {
            id: AuditId::mint(now, &*app.random),
            at: now,
            actor: self.actor(),
            action,
            subject,
            detail: detail.to_string(),
            under: Some(under),
        }
    }
}

/// The tokens that carry the person's address, newest first.
pub(super) async fn carried(app: &App, me: &SignedIn, place: Place<'_>) -> Result<Part<CarriedToken>, Halt> {
    let (before, limit) = (OrgTokenId::parse(&place.after()), place.rows as u32 + 1);
    let found = app.store.org_tokens().carrying(me.session.email.as_str(), before, limit).await;
    Ok(place.part(found.map_err(|e| me.visitor.failed(&e))?, |token| token.row.id.to_string()))
}

/// The one that an address names, of those that were not revoked.
async fn asked(app: &App, me: &SignedIn) -> Result<CarriedToken, Halt> {
    let missing = || me.visitor.halt(Why::NotFound);
    let id = OrgTokenId::parse(&me.visitor.asked("id")).ok_or_else(missing)?;
    let found = app.store.org_tokens().carried(me.session.email.as_str(), id).await;
    found.map_err(|e| me.visitor.failed(&e))?.ok_or_else(missing)
}

/// The one that a form names, an ended one too. Identifiers are compared as they are written, and addresses are in lower
/// case.
async fn named(app: &App, me: &SignedIn, form: &Form) -> Result<OrgTokenRow, Halt> {
    let missing = || me.visitor.halt(Why::NotFound);
    let (org, id) = (OrgId::parse(form.field("org")), OrgTokenId::parse(form.field("id")));
    let (org, id) = (org.ok_or_else(missing)?, id.ok_or_else(missing)?);
    let row = app.store.org_tokens().find(org, id).await.map_err(|e| me.visitor.failed(&e))?;
    row.filter(|row| row.identifier.as_str() == me.session.email.as_str()).ok_or_else(missing)
}

fn fields(row: &OrgTokenRow) -> Vec<(&'static str, String)> {
    vec![("org", row.org.to_string()), ("id", row.id.to_string())]
}

fn bearer<'a>(me: &'a SignedIn, row: &OrgTokenRow, rotates: bool) -> Bearer<'a> {
    Bearer { me, org: row.org, token: row.id, rotates }
}

/// Asks before one is revoked.
pub(in crate::console) async fn ask_revoke(State(app): State<Arc<App>>, me: SignedIn) -> Answered {
    let (token, say) = (asked(&app, &me).await?, me.visitor.say);
    let page = Confirm {
        frame: me.frame(Tab::Me),
        title: say.b("me-token-revoke-title", ("key", token.row.hint.as_str()), ("org", token.org_name.as_str())),
        texts: vec![say.t("me-revoke-then")],
        action: "/me/tokens/revoke".to_owned(),
        fields: fields(&token.row),
        button: say.t("me-token-revoke-do"),
        ends: true,
        back: "/me".to_owned(),
    };
    answer(StatusCode::OK, &me.visitor, &page)
}

/// Revokes one. Again is no mistake.
pub(in crate::console) async fn revoke(State(app): State<Arc<App>>, me: SignedIn, body: Body) -> Answered {
    let row = named(&app, &me, &Form::read(body).await?).await?;
    issuing::revoke(&app, &bearer(&me, &row, false), &row).await.map_err(|e| me.visitor.failed(&e))?;
    Ok(see_other(&me.visitor, "/me?done=token-revoked"))
}

/// Asks before one is rotated.
pub(in crate::console) async fn ask_rotate(State(app): State<Arc<App>>, me: SignedIn) -> Answered {
    let (token, say) = (asked(&app, &me).await?, me.visitor.say);
    if !token.self_rotate {
        return Err(me.visitor.halt(Why::NoSelfRotation));
    }
    let page = Confirm {
        frame: me.frame(Tab::Me),
        title: say.b("me-token-rotate-title", ("key", token.row.hint.as_str()), ("org", token.org_name.as_str())),
        texts: vec![say.t("me-rotate-then")],
        action: "/me/tokens/rotate".to_owned(),
        fields: fields(&token.row),
        button: say.t("me-token-rotate-do"),
        ends: false,
        back: "/me".to_owned(),
    };
    answer(StatusCode::OK, &me.visitor, &page)
}

/// Puts a new one in its place, and shows it. Sent again, it finds the old one replaced.
pub(in crate::console) async fn rotate(State(app): State<Arc<App>>, me: SignedIn, body: Body) -> Answered {
    let row = named(&app, &me, &Form::read(body).await?).await?;
    if row.replaced_by.is_some() {
        return Err(me.visitor.halt(Why::SentBefore));
    }
    let rotation = Rotation::prepare(&app, &bearer(&me, &row, true), &row, 0).await;
    let rotation = rotation.map_err(|e| me.visitor.failed(&e))?;
    match rotation.carry_out(&app, None).await.map_err(|e| me.visitor.failed(&e))? {
        Rotated::Done { .. } => {
            let say = me.visitor.say;
            let page = Shown {
                frame: me.frame(Tab::Me),
                title: say.t("me-token-rotated"),
                secret: rotation.minted.plain.expose(),
                texts: vec![say.t("me-key-use")],
                set_up: Some(setup::of(&app, &me.visitor, Some(&rotation.minted.plain))?),
                back: "/me".to_owned(),
            };
            answer(StatusCode::OK, &me.visitor, &page)
        }
        Rotated::Repeated | Rotated::Before => Err(me.visitor.halt(Why::SentBefore)),
        Rotated::Absent => Err(me.visitor.halt(Why::NotFound)),
    }
}
