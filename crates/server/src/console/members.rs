//! `/console/{org_id}/members`: who has which role in an organisation.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::email::EmailAddress;
use sekisho_core::org::Role;
use sekisho_store::{Member, MemberChange, NewAudit, OrgChanges};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::confirm::Confirm;
use super::page::{Frame, Halt, Tab, Why, answer, see_other};
use super::seat::Seat;
use super::visitor::Answered;
use crate::app::App;
use crate::authority::ManageMembers;
use crate::http::form::Form;
use crate::operate::members::{self, Added};

/// Members on a page.
const PER_PAGE: usize = 50;

type Owner = Seat<ManageMembers>;
type AppState = State<Arc<App>>;

#[derive(Template)]
#[template(path = "console/members.html")]
struct Page<'a> {
    frame: Frame<'a>,
    at: String,
    /// Where people sign in.
    sign_in: String,
    members: Vec<Row>,
    /// The next page begins after this address.
    next: Option<String>,
    /// The first page is another one.
    later: bool,
    typed: &'a str,
    roles: [Role; 4],
    chosen: Role,
    wrong: Option<Wrong>,
}

/// A member as the list shows him.
struct Row {
    member: Member,
    /// The address in links.
    encoded: String,
    /// It is the reader.
    own: bool,
}

/// What is wrong with the form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Email,
    Role,
    Other(Role),
}

#[derive(Template)]
#[template(path = "console/member_role.html")]
struct RolePage<'a> {
    frame: Frame<'a>,
    at: String,
    member: Member,
    roles: [Role; 4],
    chosen: Role,
    wrong: bool,
}

/// The list, and the form that adds somebody.
pub(super) async fn show(State(app): AppState, seat: Owner) -> Answered {
    page(&app, &seat, "", Role::GuardViewer, None).await
}

async fn page(app: &App, seat: &Owner, typed: &str, chosen: Role, wrong: Option<Wrong>) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let after = if wrong.is_some() { String::new() } else { visitor.asked("after") };
    let found = app.store.organisations().members_after(seat.org().id, &after, PER_PAGE as u32 + 1).await;
    let mut members = found.map_err(|e| visitor.failed(&e))?;
    let more = members.len() > PER_PAGE;
    members.truncate(PER_PAGE);
    let me = &seat.signed_in.session.email;
    let row = |member: Member| Row { encoded: encoded(&member.email), own: member.email == *me, member };
    let page = Page {
        frame: seat.frame(Tab::Members),
        at: seat.at("/members"),
        sign_in: format!("{}/sign-in", visitor.exchange.origin.pages),
        next: members.last().filter(|_| more).map(|member| encoded(&member.email)),
        members: members.into_iter().map(row).collect(),
        later: !after.is_empty(),
        typed: typed.get(..254).unwrap_or(typed),
        roles: Role::ALL,
        chosen,
        wrong,
    };
    let status = match wrong {
        None => StatusCode::OK,
        Some(Wrong::Email | Wrong::Role) => StatusCode::BAD_REQUEST,
        Some(Wrong::Other(_)) => StatusCode::CONFLICT,
    };
    answer(status, visitor, &page)
}

/// Adds somebody. No mail is sent: the page says how he signs in.
pub(super) async fn add(State(app): AppState, seat: Owner, body: Body) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let fields = Form::read(body).await?;
    let (typed, role) = (fields.field("email"), Role::parse(fields.field("role")));
    let chosen = role.unwrap_or(Role::GuardViewer);
    let Ok(email) = EmailAddress::parse(typed) else {
        return page(&app, &seat, typed, chosen, Some(Wrong::Email)).await;
    };
    let Some(role) = role else { return page(&app, &seat, typed, chosen, Some(Wrong::Role)).await };
    let mut changes = begin(&app, &seat).await?;
    let added = members::add(&mut changes, seat.org().id, &email, role, audit(&app, &seat, &email)).await;
    match added.map_err(|e| visitor.failed(&e))? {
        Added::OtherRole(other) => {
            drop(changes);
            page(&app, &seat, typed, chosen, Some(Wrong::Other(other))).await
        }
        Added::Done(_) => {
            changes.commit().await.map_err(|e| visitor.failed(&e))?;
            Ok(see_other(visitor, &format!("{}?done=member-added", seat.at("/members"))))
        }
    }
}

/// The form that gives a member another role.
pub(super) async fn ask_role(State(app): AppState, seat: Owner) -> Answered {
    let member = named(&app, &seat, &seat.signed_in.visitor.asked("email")).await?;
    role_page(&seat, member, false)
}

fn role_page(seat: &Owner, member: Member, wrong: bool) -> Answered {
    let (roles, chosen) = (Role::ALL, member.role);
    let page = RolePage { frame: seat.frame(Tab::Members), at: seat.at("/members"), member, roles, chosen, wrong };
    let status = if wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    answer(status, &seat.signed_in.visitor, &page)
}

/// Gives a member another role.
pub(super) async fn give_role(State(app): AppState, seat: Owner, body: Body) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let fields = Form::read(body).await?;
    let member = named(&app, &seat, fields.field("email")).await?;
    let Some(role) = Role::parse(fields.field("role")) else { return role_page(&seat, member, true) };
    let (mut changes, email) = (begin(&app, &seat).await?, member.email);
    let given = members::give(&mut changes, seat.org().id, &email, role, audit(&app, &seat, &email)).await;
    settle(&seat, changes, given.map_err(|e| visitor.failed(&e))?, &email, "role-given").await
}

/// Asks before a member is removed.
pub(super) async fn ask_remove(State(app): AppState, seat: Owner) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let (say, member) = (visitor.say, named(&app, &seat, &visitor.asked("email")).await?);
    let own = member.email == seat.signed_in.session.email;
    let mut texts = vec![if own { say.t("members-remove-own") } else { say.t("members-remove-then") }];
    texts.push(say.t("members-remove-tokens"));
    if !member.granted_by.is_empty() {
        texts.push(say.a("members-remove-granted", "issuer", member.granted_by.as_str()));
    }
    let page = Confirm {
        frame: seat.frame(Tab::Members),
        title: say.b("members-remove-title", ("email", member.email.as_str()), ("org", seat.org().name.as_str())),
        texts,
        action: seat.at("/members/remove"),
        fields: vec![("email", member.email.to_string())],
        button: say.t("members-remove-do"),
        ends: true,
        back: seat.at("/members"),
    };
    answer(StatusCode::OK, visitor, &page)
}

/// Removes a member.
pub(super) async fn remove(State(app): AppState, seat: Owner, body: Body) -> Answered {
    let visitor = &seat.signed_in.visitor;
    let fields = Form::read(body).await?;
    let Ok(email) = EmailAddress::parse(fields.field("email")) else { return Err(visitor.halt(Why::NotFound)) };
    let mut changes = begin(&app, &seat).await?;
    let removed = members::remove(&mut changes, seat.org().id, &email, audit(&app, &seat, &email)).await;
    settle(&seat, changes, removed.map_err(|e| visitor.failed(&e))?, &email, "member-removed").await
}

/// Ends a change. Who changed himself may not see this page any more, and goes to the first one that he may.
async fn settle(
    seat: &Owner,
    changes: OrgChanges,
    change: MemberChange,
    email: &EmailAddress,
    done: &'static str,
) -> Answered {
    let visitor = &seat.signed_in.visitor;
    match change {
        MemberChange::LastOwner => Err(visitor.halt(Why::LastOwner)),
        MemberChange::Absent => Err(visitor.halt(Why::NotFound)),
        MemberChange::Done | MemberChange::Unchanged => {
            changes.commit().await.map_err(|e| visitor.failed(&e))?;
            let own = *email == seat.signed_in.session.email;
            let members = format!("{}?done={done}", seat.at("/members"));
            Ok(see_other(visitor, if own { "/console" } else { &members }))
        }
    }
}

/// Changes that hold the organisation's lock, before anything else is locked.
async fn begin(app: &App, seat: &Owner) -> Result<OrgChanges, Halt> {
    let visitor = &seat.signed_in.visitor;
    let mut changes = app.store.organisations().begin().await.map_err(|e| visitor.failed(&e))?;
    let there = changes.lock(seat.org().id).await.map_err(|e| visitor.failed(&e))?;
    there.map(|_| changes).ok_or_else(|| visitor.halt(Why::NotFound))
}

fn audit<'a>(
    app: &'a App,
    seat: &'a Owner,
    email: &EmailAddress,
) -> impl FnOnce(&'static str, Value) -> NewAudit + use<'a> {
    let subject = email.to_string();
    move |action, detail| seat.may.audit(app, app.clock.now(), action, subject, detail)
}

/// The member that an address names.
async fn named(app: &App, seat: &Owner, text: &str) -> Result<Member, Halt> {
    let visitor = &seat.signed_in.visitor;
    let Ok(email) = EmailAddress::parse(text) else { return Err(visitor.halt(Why::NotFound)) };
    let found = app.store.organisations().member(seat.org().id, &email).await.map_err(|e| visitor.failed(&e))?;
    found.ok_or_else(|| visitor.halt(Why::NotFound))
}

/// An address in a link.
fn encoded(email: &EmailAddress) -> String {
    byte_serialize(email.as_str().as_bytes()).collect()
}
