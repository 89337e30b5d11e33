//! The right to do something in an organisation, as a value: [`May`] is made by the check in this file and by nothing
//! else, and what needs the right takes one.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use sekisho_core::Timestamp;
use sekisho_core::id::{AuditId, OrgId};
use sekisho_core::org::{Right, Role};
use sekisho_store::{Authority, AuthorityHolder, Membership, NewAudit, NoLonger, Session};
use serde_json::Value;

use crate::api::store_problem;
use crate::app::App;
use crate::callers::{self, Caller};
use crate::exchange::{Exchange, wrong_kind};
use crate::http::{Code, Problem};

/// A right by its type.
pub trait Needs: Send + Sync + 'static {
    /// The right.
    const RIGHT: Right;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl Needs for $name {
            const RIGHT: Right = Right::$name;
        })*
    };
}

needs! {
    /// To issue a token, and to ask whether one counts.
    IssueTokens;
    /// To list, revoke and rotate tokens, and to read the audit log.
    ManageTokens;
    /// To read who took what.
    ReadInstalls;
    /// To change Guard's settings and the organisation's own list, and to look after bots.
    ManageGuard;
    /// To give and take roles, and to change the organisation itself.
    ManageMembers;
}

/// A bot, or a member who is signed in to the console, that may do this in an organisation.
#[derive(Debug)]
pub struct May<N> {
    org: OrgId,
    actor: String,
    role: Role,
    holder: AuthorityHolder,
    right: PhantomData<N>,
}

impl<N: Needs> May<N> {
    /// The check: a bot, of this organisation, for which Guard is enabled, with a role that has the right. `org` is what
    /// stands in the path.
    fn check(caller: &Caller, org: &str) -> Result<May<N>, Problem> {
        let bot = match caller {
            Caller::Anonymous => return Err(key_required()),
            Caller::Personal(_) | Caller::Organisation(_) | Caller::Ci(_) => {
                return Err(wrong_kind("Organisations are managed with a bot's key, sent as <key>:<bot id>."));
            }
            Caller::Bot(bot) => bot,
        };
        if OrgId::parse(org) != Some(bot.row.bot.org) {
            // What is not the caller's is not there: another organisation, and one that nobody has.
            return Err(Problem::new(Code::NotFound, "There is nothing at this address."));
        }
        if !bot.row.guard {
            return Err(no_guard());
        }
        if !bot.row.bot.role.has(N::RIGHT) {
            return Err(insufficient(bot.row.bot.role, N::RIGHT));
        }
        let (role, holder) = (bot.row.bot.role, AuthorityHolder::Bot(bot.row.key));
        Ok(May { org: bot.row.bot.org, actor: bot.row.bot.id.to_string(), role, holder, right: PhantomData })
    }

    /// The check for a person: a member of the organisation with a role that has the right.
    pub(crate) fn of_member(session: &Session, member: &Membership) -> Option<May<N>> {
        let (role, holder) = (member.role, AuthorityHolder::Member(session.id));
        let may = May { org: member.org.id, actor: session.email.to_string(), role, holder, right: PhantomData };
        role.has(N::RIGHT).then_some(may)
    }

    /// The organisation in which it holds.
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// Who has the right, as the audit log writes it.
    pub fn actor(&self) -> String {
        self.actor.clone()
    }

    /// The role that has the right.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Asks again where nothing is written: a body may have been long under way.
    pub async fn still(&self, app: &App) -> Result<(), Problem> {
        app.store.audit().look(self.org(), self.holder, N::RIGHT).await.map_err(|e| store_problem(&e))
    }

    /// A row of the audit log: what is done with the right, and to what. Whatever is written with it is refused if the right
    /// has ended since the request began.
    pub fn audit(&self, app: &App, now: Timestamp, action: &'static str, subject: String, detail: Value) -> NewAudit {
        self.audit_under(N::RIGHT, app, now, action, subject, detail)
    }

    /// The same where a bot gets a role, or a way to come with it. In the transaction it is asked whether the role may still
    /// be given, which for some roles takes more than the right.
    pub(crate) fn audit_giving(
        &self,
        given: Role,
        app: &App,
        now: Timestamp,
        action: &'static str,
        (subject, detail): (String, Value),
    ) -> NewAudit {
        self.audit_under(right_to_give(given, N::RIGHT), app, now, action, subject, detail)
    }

    fn audit_under(
        &self,
        right: Right,
        app: &App,
        now: Timestamp,
        action: &'static str,
        subject: String,
        detail: Value,
    ) -> NewAudit {
        let under = Some(Authority::Role { holder: self.holder, right });
        let (id, detail) = (AuditId::mint(now, &*app.random), detail.to_string());
        NewAudit { id, at: now, actor: self.actor(), action, subject, detail, under }
    }
}

/// What somebody with `right` has to have who gives this role: as [`Role::may_give`] says, only an owner makes owners.
fn right_to_give(given: Role, right: Right) -> Right {
    if given == Role::Owner { Right::ManageMembers } else { right }
}

impl<N: Needs> FromRequestParts<Arc<App>> for May<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<May<N>, Problem> {
        let path = parts.uri.path();
        let org = path.strip_prefix("/o/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let exchange = parts.extensions.get::<Exchange>();
        let caller = exchange.map_or(&Caller::Anonymous, |exchange| &exchange.caller);
        let may = May::check(caller, org)?;
        app.callers.used(caller);
        Ok(may)
    }
}

/// What the caller is told whose authority ended between the request's beginning and the change.
pub(crate) fn no_longer(what: NoLonger) -> Problem {
    match what {
        NoLonger::Credential => callers::invalid(),
        NoLonger::Guard => no_guard(),
        NoLonger::SelfRotation => {
            let detail = "The organisation does not let people rotate the tokens that carry their own address.";
            Problem::new(Code::InsufficientRole, detail)
        }
        NoLonger::Right(role, right) => insufficient(role, right),
    }
}

fn no_guard() -> Problem {
    Problem::new(Code::GuardNotEnabled, "Guard is not enabled for this organisation.")
}

fn key_required() -> Problem {
    let detail =
        "Send a bot's key as \"Authorization: Bearer <key>:<bot id>\". The operator makes keys: sekisho admin bot.";
    Problem::new(Code::TokenRequired, detail)
}

fn insufficient(role: Role, right: Right) -> Problem {
    let having: Vec<&str> = Role::ALL.into_iter().filter(|role| role.has(right)).map(Role::as_str).collect();
    let detail = format!("The role {role} does not allow this. It takes one of: {}.", having.join(", "));
    Problem::new(Code::InsufficientRole, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_the_right_to_give_a_role_is_who_may_give_it() {
        for giver in Role::ALL {
            for given in Role::ALL {
                let has = giver.has(Right::ManageGuard) && giver.has(right_to_give(given, Right::ManageGuard));
                assert_eq!(has, giver.may_give(given), "{giver} gives {given}");
            }
        }
    }
}
