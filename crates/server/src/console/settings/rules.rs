//! `POST /console/{org_id}/settings/rules` and `…/settings/rules/remove`: the organisation's own list.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use sekisho_core::PackageUrl;
use sekisho_core::id::RuleId;
use sekisho_core::policy::{Effect, Entry};
use sekisho_store::Rule;

use super::super::page::{Why, see_other};
use super::super::seat::Seat;
use super::super::visitor::Answered;
use super::{RuleTyped, Typed};
use crate::app::App;
use crate::authority::ManageGuard;
use crate::http::form::Form;
use crate::rules::{self, Put};

/// Longest life of an entry, in days: ten years.
const LONGEST_DAYS: u64 = 3_650;

/// Adds an entry; one that says the same for another reason or until another moment goes.
pub(in crate::console) async fn add(State(app): State<Arc<App>>, seat: Seat<ManageGuard>, body: Body) -> Answered {
    let fields = Form::read(body).await?;
    let typed = RuleTyped {
        effect: fields.field("effect").to_owned(),
        package: fields.field("package").to_owned(),
        reason: fields.field("reason").to_owned(),
        days: fields.field("days").to_owned(),
    };
    let visitor = &seat.signed_in.visitor;
    let Some(effect) = Effect::parse(&typed.effect) else { return Err(visitor.halt(Why::BadForm)) };
    let now = app.clock.now();
    let mut wrong = Vec::new();
    let days = if typed.days.is_empty() { Some(None) } else { typed.days.parse().ok().map(Some) };
    let days = days.filter(|days: &Option<u64>| days.is_none_or(|days| (1..=LONGEST_DAYS).contains(&days)));
    if days.is_none() {
        wrong.push("settings-wrong-days");
    }
    let target = PackageUrl::parse(&typed.package).ok();
    if target.is_none() {
        wrong.push("settings-wrong-package");
    }
    let expires = days.flatten().map(|days| now.plus(Duration::from_secs(days * 86_400)));
    let entry = target.map(|target| Entry::of_organisation(effect, target, &typed.reason, expires));
    if matches!(entry, Some(Err(_))) {
        wrong.push("settings-wrong-reason");
    }
    let Some(Ok(entry)) = entry.filter(|_| wrong.is_empty()) else {
        return super::page(&app, &seat, Typed::of(seat.org()), typed, Vec::new(), wrong).await;
    };
    let (id, made_by) = (RuleId::mint(now, &*app.random), seat.may.actor());
    let new = Rule { id, entry, made_by, created_at: now };
    let mut changes = app.store.organisations().begin().await.map_err(|e| visitor.failed(&e))?;
    let noting = |action, subject, detail| seat.may.audit(&app, now, action, subject, detail);
    match rules::put(&mut changes, seat.org().id, &new, noting).await.map_err(|e| visitor.failed(&e))? {
        Put::Added | Put::Replaced(_) => {
            changes.commit().await.map_err(|e| visitor.failed(&e))?;
            put_in_force(&app).await;
        }
        Put::Unchanged(_) => {}
        Put::Full => {
            let wrong = vec!["settings-full"];
            return super::page(&app, &seat, Typed::of(seat.org()), typed, Vec::new(), wrong).await;
        }
        Put::NoOrganisation => return Err(visitor.halt(Why::NotFound)),
    }
    Ok(see_other(visitor, &seat.at("/settings?done=rule-added#list")))
}

/// Takes an entry off.
pub(in crate::console) async fn remove(State(app): State<Arc<App>>, seat: Seat<ManageGuard>, body: Body) -> Answered {
    let fields = Form::read(body).await?;
    let visitor = &seat.signed_in.visitor;
    let Some(id) = RuleId::parse(fields.field("rule")) else { return Err(visitor.halt(Why::NotFound)) };
    let mut changes = app.store.organisations().begin().await.map_err(|e| visitor.failed(&e))?;
    let now = app.clock.now();
    let noting = |action, subject, detail| seat.may.audit(&app, now, action, subject, detail);
    let removed = rules::remove(&mut changes, seat.org().id, id, noting).await.map_err(|e| visitor.failed(&e))?;
    if removed {
        changes.commit().await.map_err(|e| visitor.failed(&e))?;
        put_in_force(&app).await;
    }
    Ok(see_other(visitor, &seat.at("/settings?done=rule-removed#list")))
}

/// The change counts on this node from the next request on. It is stored: where it can't be read now, it soon is.
async fn put_in_force(app: &App) {
    if let Err(error) = app.follow_entries().await {
        tracing::warn!("an organisation's changed entries are looked for again: {error}");
    }
}
