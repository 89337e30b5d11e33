//! `POST /console/{org_id}/settings` and `…/settings/guard`: changes an organisation.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use sekisho_core::Language;
use sekisho_core::org::Right;
use sekisho_store::Organisation;

use super::super::page::{Why, see_other};
use super::super::seat::Seat;
use super::super::visitor::Answered;
use super::{DAY, RuleTyped, Typed};
use crate::app::App;
use crate::authority::ManageGuard;
use crate::http::form::Form;
use crate::operate::{names, orgs};

/// Longest life of a token and longest time that rows are kept, in days: a hundred years.
const LONGEST_DAYS: i64 = 36_500;

/// Takes the form with everything but Guard itself.
pub(in crate::console) async fn change(State(app): State<Arc<App>>, seat: Seat<ManageGuard>, body: Body) -> Answered {
    let fields = Form::read(body).await?;
    let typed = Typed {
        name: fields.field("name").to_owned(),
        default_days: fields.field("default_days").to_owned(),
        max_days: fields.field("max_days").to_owned(),
        retention_days: fields.field("retention_days").to_owned(),
        language: fields.field("language").to_owned(),
        self_rotate: fields.field("self_rotate") == "yes",
    };
    let mut wrong = Vec::new();
    let mut days = |text: &str, what: &'static str| match read_days(text) {
        Ok(days) => days,
        Err(()) => {
            wrong.push(what);
            None
        }
    };
    let (default, most) =
        (days(&typed.default_days, "settings-wrong-default"), days(&typed.max_days, "settings-wrong-max"));
    let retention_days = days(&typed.retention_days, "settings-wrong-retention");
    if let (Some(default), Some(most)) = (default, most)
        && default > most
    {
        wrong.push("settings-wrong-order");
    }
    let renames = seat.may.role().has(Right::ManageMembers);
    if renames && names::check(&typed.name).is_err() {
        wrong.push("first-wrong-name");
    }
    let Some(language) = Language::parse(&typed.language) else {
        return Err(seat.signed_in.visitor.halt(Why::BadForm));
    };
    if !wrong.is_empty() {
        return super::page(&app, &seat, typed, RuleTyped::default(), wrong, Vec::new()).await;
    }
    let name = typed.name.clone();
    let made = store(&app, &seat, |old| Organisation {
        name: if renames { name.clone() } else { old.name.clone() },
        default_token_seconds: default.map(|days| days * DAY),
        max_token_seconds: most.map(|days| days * DAY),
        retention_days,
        self_rotate: typed.self_rotate,
        language,
        ..old.clone()
    });
    match made.await? {
        true => Ok(see_other(&seat.signed_in.visitor, &seat.at("/settings?done=settings"))),
        false => {
            super::page(&app, &seat, typed, RuleTyped::default(), vec!["first-name-taken-plain"], Vec::new()).await
        }
    }
}

/// Turns Guard on or off.
pub(in crate::console) async fn guard(State(app): State<Arc<App>>, seat: Seat<ManageGuard>, body: Body) -> Answered {
    let fields = Form::read(body).await?;
    let guard = match fields.field("guard") {
        "on" => true,
        "off" => false,
        _ => return Err(seat.signed_in.visitor.halt(Why::BadForm)),
    };
    store(&app, &seat, |old| Organisation { guard, ..old.clone() }).await?;
    let done = if guard { "/settings?done=guard-on" } else { "/settings?done=guard-off" };
    Ok(see_other(&seat.signed_in.visitor, &seat.at(done)))
}

/// Changes the organisation, and says so in the audit log; `false` if the name is taken.
async fn store(
    app: &App,
    seat: &Seat<ManageGuard>,
    new: impl Fn(&Organisation) -> Organisation,
) -> Result<bool, super::super::page::Halt> {
    let visitor = &seat.signed_in.visitor;
    let id = seat.org().id;
    let mut changes = app.store.organisations().begin().await.map_err(|e| visitor.failed(&e))?;
    let old = changes.lock(id).await.map_err(|e| visitor.failed(&e))?;
    let Some(old) = old else { return Err(visitor.halt(Why::NotFound)) };
    let new = new(&old);
    if new == old {
        return Ok(true);
    }
    let detail = orgs::difference(&old, &new);
    let audit = seat.may.audit(app, app.clock.now(), "org.changed", id.to_string(), detail);
    if !changes.change(&new, &audit).await.map_err(|e| visitor.failed(&e))? {
        return Ok(false);
    }
    changes.commit().await.map_err(|e| visitor.failed(&e))?;
    Ok(true)
}

/// Whole days; nothing is none.
fn read_days(text: &str) -> Result<Option<i64>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let days: Option<i64> = text.parse().ok();
    days.filter(|days| (1..=LONGEST_DAYS).contains(days)).map(Some).ok_or(())
}
