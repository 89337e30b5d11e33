//! `/me/tokens`: tokens of organisations that carry the person's own address. Anybody may end what is his own; rotating it
//! is up to the organisation.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::Timestamp;
use sekisho_core::id::{AuditId, OrgId, OrgTokenId};
use sekisho_store::{Authority, CarriedToken, NewAudit, Rotated};
use serde_json::Value;

use super::super::confirm::Confirm;
use super::super::once;
use super::super::page::{Halt, Tab, Why, answer, see_other};
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
pub(super) async fn carried(app: &App, me: &SignedIn) -> Result<Vec<CarriedToken>, Halt> {
    app.store.org_tokens().carrying(me.session.email.as_str()).await.map_err(|e| me.visitor.failed(&e))
}

/// The one that a form or an address names.
async fn named(app: &App, me: &SignedIn, id: &str) -> Result<CarriedToken, Halt> {
    let missing = || me.visitor.halt(Why::NotFound);
    let id = OrgTokenId::parse(id).ok_or_else(missing)?;
    carried(app, me).await?.into_iter().find(|token| token.row.id == id).ok_or_else(missing)
}

fn bearer<'a>(me: &'a SignedIn, token: &CarriedToken, rotates: bool) -> Bearer<'a> {
    Bearer { me, org: token.row.org, token: token.row.id, rotates }
}

/// Asks before one is revoked.
pub(in crate::console) async fn ask_revoke(State(app): State<Arc<App>>, me: SignedIn) -> Answered {
    let (token, say) = (named(&app, &me, &me.visitor.asked("id")).await?, me.visitor.say);
    let page = Confirm {
        frame: me.frame(Tab::Me),
        title: say.b("me-token-revoke-title", ("key", token.row.hint.as_str()), ("org", token.org_name.as_str())),
        texts: vec![say.t("me-revoke-then")],
        action: "/me/tokens/revoke".to_owned(),
        fields: vec![("id", token.row.id.to_string())],
        button: say.t("me-token-revoke-do"),
        ends: true,
        back: "/me".to_owned(),
    };
    answer(StatusCode::OK, &me.visitor, &page)
}

/// Revokes one.
pub(in crate::console) async fn revoke(State(app): State<Arc<App>>, me: SignedIn, body: Body) -> Answered {
    let token = named(&app, &me, Form::read(body).await?.field("id")).await?;
    issuing::revoke(&app, &bearer(&me, &token, false), &token.row).await.map_err(|e| me.visitor.failed(&e))?;
    Ok(see_other(&me.visitor, "/me?done=key-revoked"))
}

/// Asks before one is rotated.
pub(in crate::console) async fn ask_rotate(State(app): State<Arc<App>>, me: SignedIn) -> Answered {
    let (token, say) = (named(&app, &me, &me.visitor.asked("id")).await?, me.visitor.say);
    let page = Confirm {
        frame: me.frame(Tab::Me),
        title: say.b("me-token-rotate-title", ("key", token.row.hint.as_str()), ("org", token.org_name.as_str())),
        texts: vec![say.t("me-rotate-then")],
        action: "/me/tokens/rotate".to_owned(),
        fields: vec![("id", token.row.id.to_string()), ("form", once::fresh(&app))],
        button: say.t("me-token-rotate-do"),
        ends: false,
        back: "/me".to_owned(),
    };
    answer(StatusCode::OK, &me.visitor, &page)
}

/// Puts a new one in its place, and shows it.
pub(in crate::console) async fn rotate(State(app): State<Arc<App>>, me: SignedIn, body: Body) -> Answered {
    let fields = Form::read(body).await?;
    let once = once::mark(&app, &me.visitor, fields.field("form"))?;
    let id = fields.field("id");
    // Sent again, the old one is not among those that count any more.
    let found = carried(&app, &me).await?.into_iter().find(|token| token.row.id.to_string() == id);
    let Some(token) = found else { return Err(me.visitor.halt(Why::SentBefore)) };
    if !token.self_rotate {
        return Err(me.visitor.halt(Why::NoRight));
    }
    let rotation = Rotation::prepare(&app, &bearer(&me, &token, true), &token.row, 0).await;
    let rotation = rotation.map_err(|e| me.visitor.failed(&e))?;
    match rotation.carry_out(&app, Some(&once)).await.map_err(|e| me.visitor.failed(&e))? {
        Rotated::Done { .. } => {
            let say = me.visitor.say;
            let page = Shown {
                frame: me.frame(Tab::Me),
                title: say.t("me-token-rotated"),
                secret: rotation.minted.plain.expose(),
                texts: vec![say.t("me-key-use")],
                back: "/me".to_owned(),
            };
            answer(StatusCode::OK, &me.visitor, &page)
        }
        Rotated::Repeated | Rotated::Before => Err(me.visitor.halt(Why::SentBefore)),
        Rotated::Absent => Err(me.visitor.halt(Why::NotFound)),
    }
}
