//! `/sign-in/first`: who can read what the server prints becomes the owner of a new organisation.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::code::{CodeMac, PlainCode};
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AuditId, CodeId, OrgId};
use sekisho_core::org::Role;
use sekisho_core::secret::ServerSecret;
use sekisho_core::{Random, Timestamp};
use sekisho_store::{FirstOwner, NewAudit, OWNER_CODE_LIFETIME, Organisation, StoreError};
use serde_json::{Value, json};

use super::super::page::{Frame, Why, answer};
use super::super::visitor::{Answered, Visitor};
use super::{AppState, Beginning, end_earlier, private};
use crate::app::App;
use crate::http::form::Form;
use crate::operate::names;

/// A code for a first owner, and until when it counts.
pub struct OwnerCode {
    id: CodeId,
    mac: CodeMac,
    /// What the operator reads.
    pub code: PlainCode,
    /// Its end.
    pub until: Timestamp,
}

impl OwnerCode {
    /// Makes one.
    pub fn mint(now: Timestamp, random: &dyn Random, secret: &ServerSecret) -> OwnerCode {
        let code = PlainCode::mint(random);
        let (id, mac) = (CodeId::mint(now, random), code.mac_for_owner(secret));
        OwnerCode { id, mac, code, until: now.plus(OWNER_CODE_LIFETIME) }
    }

    /// Stores it; before that it counts for nothing.
    pub async fn store(&self, store: &sekisho_store::Store, now: Timestamp) -> Result<(), StoreError> {
        store.owner_codes().add(self.id, &self.mac, now).await
    }
}

/// At start: a code, if nobody owns an organisation here yet.
pub(crate) async fn announce(app: &App) -> Result<Option<OwnerCode>, StoreError> {
    if app.store.owner_codes().somebody_owns().await? {
        return Ok(None);
    }
    let code = OwnerCode::mint(app.clock.now(), &*app.random, &app.secret);
    code.store(&app.store, app.clock.now()).await?;
    Ok(Some(code))
}

#[derive(Template)]
#[template(path = "console/first_owner.html")]
struct Page<'a> {
    frame: Frame<'a>,
    email: &'a str,
    org: &'a str,
    wrong: Option<Wrong>,
}

/// What is wrong with the form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Code,
    Email,
    Org,
    Taken,
}

/// The form.
pub(in crate::console) async fn show(visitor: Visitor) -> Answered {
    private(&visitor)?;
    form(&visitor, "", "", None)
}

fn form(visitor: &Visitor, email: &str, org: &str, wrong: Option<Wrong>) -> Answered {
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    answer(status, visitor, &Page { frame: visitor.frame(), email, org, wrong })
}

/// Uses the code up.
pub(in crate::console) async fn enter(State(app): AppState, visitor: Visitor, body: Body) -> Answered {
    private(&visitor)?;
    let fields = Form::read(body).await?;
    let (typed, name) = (fields.field("email"), fields.field("organisation"));
    if app.limiter.admit_sign_in(visitor.exchange.client).is_err() {
        return Err(visitor.halt(Why::TooMany));
    }
    let Ok(email) = EmailAddress::parse(typed) else { return form(&visitor, typed, name, Some(Wrong::Email)) };
    if names::check(name).is_err() {
        return form(&visitor, typed, name, Some(Wrong::Org));
    }
    let Some(code) = PlainCode::parse(fields.field("code")) else {
        return form(&visitor, typed, name, Some(Wrong::Code));
    };
    let now = app.clock.now();
    let org = Organisation { language: visitor.say.0, ..Organisation::new(OrgId::mint(now, &*app.random), name, now) };
    let beginning = Beginning::of(&app, &visitor, &email, "");
    let audit = |action, subject: String, detail: Value| NewAudit {
        id: AuditId::mint(now, &*app.random),
        at: now,
        actor: email.to_string(),
        action,
        subject,
        detail: detail.to_string(),
        under: None,
    };
    let made =
        audit("org.created", org.id.to_string(), json!({"name": name, "guard": true, "by": "first owner's code"}));
    let added = audit("member.added", email.to_string(), json!({"role": Role::Owner.as_str()}));
    let mac = code.mac_for_owner(&app.secret);
    let used = app.store.owner_codes().use_up(&mac, &org, &beginning.session, &made, &added).await;
    match used.map_err(|e| visitor.failed(&e))? {
        FirstOwner::Made => {
            end_earlier(&app, &visitor).await?;
            Ok(beginning.signed_in(&visitor, "/console"))
        }
        FirstOwner::WrongCode => form(&visitor, typed, name, Some(Wrong::Code)),
        FirstOwner::NameTaken => form(&visitor, typed, name, Some(Wrong::Taken)),
    }
}
