//! The right with which a bot or a person changes something, looked at again in the transaction of the change. What was known
//! of the caller when the request began may be old by then: a body takes seconds to arrive, and keys and roles are taken
//! meanwhile.

use sekisho_core::id::{BotKeyId, OrgId, OrgTokenId, SessionId};
use sekisho_core::org::{Right, Role};

use crate::db::{Db, Tx, sql};
use crate::error::{NoLonger, StoreError};

statements! {
    // Updates are also locks. Whatever takes a bot's role or removes it updates its organisation too, so that this one row
    // and the key's stand for all four: the change comes before their end or is refused, on either engine.
    LOCK_ORG = "UPDATE organisations SET name = name WHERE id = $1 RETURNING guard, self_rotate";
    LOCK_KEY = "UPDATE bot_keys SET hint = hint WHERE id = $1 AND revoked_at IS NULL RETURNING \
                (SELECT b.role FROM bots b WHERE b.id = bot_keys.bot_id AND b.org_id = $2 AND b.removed_at IS NULL)";
    LOOK = "SELECT o.guard, b.role FROM bot_keys k JOIN bots b ON b.id = k.bot_id \
            JOIN organisations o ON o.id = b.org_id \
            WHERE k.id = $1 AND k.revoked_at IS NULL AND b.org_id = $2 AND b.removed_at IS NULL";
    // Members change under their organisation's lock, and sessions are one row each.
    LOCK_SESSION = "UPDATE sessions SET agent = agent WHERE id = $1 RETURNING \
                    (SELECT m.role FROM members m WHERE m.org_id = $2 AND m.email = sessions.email)";
    // Letter by letter: addresses are in lower case, and an identifier in another spelling may be somebody else's.
    LOCK_BEARER = "UPDATE sessions SET agent = agent WHERE id = $1 AND EXISTS \
                   (SELECT 1 FROM org_tokens t WHERE t.org_id = $2 AND t.id = $3 AND t.identifier = sessions.email)";
    LOOK_SESSION = "SELECT o.guard, m.role FROM sessions s JOIN members m ON m.email = s.email AND m.org_id = $2 \
                    JOIN organisations o ON o.id = m.org_id WHERE s.id = $1 AND o.removed_at IS NULL";
}

/// What somebody acts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// A role in the organisation.
    Role {
        /// Who has it.
        holder: AuthorityHolder,
        /// The right that this takes.
        right: Right,
    },
    /// Nothing but being the person whose address a token carries.
    Bearer {
        /// The session in which that person is signed in.
        session: SessionId,
        /// The token.
        token: OrgTokenId,
        /// It is to be rotated, which the organisation has to allow. Anybody may end what is his own.
        rotates: bool,
    },
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityHolder {
    /// A bot, by the key that it sent.
    Bot(BotKeyId),
    /// A member who is signed in to the console.
    Member(SessionId),
}

/// Refuses, unless the key counts, its bot is there with a role that has the right, and Guard is enabled. None of it ends
/// before the transaction does.
pub(crate) async fn hold(tx: &mut Tx, org: OrgId, authority: Authority) -> Result<(), StoreError> {
    let Some(row) = tx.optional(sql(LOCK_ORG).bind(org)).await? else { return Err(NoLonger::Credential.into()) };
    let (guard, self_rotate) = (row.get::<i64>(0)? != 0, row.get::<i64>(1)? != 0);
    match authority {
        Authority::Role { holder, right } => {
            let lock = match holder {
                AuthorityHolder::Bot(key) => sql(LOCK_KEY).bind(key),
                AuthorityHolder::Member(session) => sql(LOCK_SESSION).bind(session),
            };
            let row = tx.optional(lock.bind(org)).await?;
            let role = row.and_then(|row| row.maybe_role(0).transpose()).transpose()?;
            judge(role, guard, holder, right)
        }
        Authority::Bearer { session, token, rotates } => {
            if tx.run(sql(LOCK_BEARER).bind(session).bind(org).bind(token)).await? == 0 {
                return Err(NoLonger::Credential.into());
            }
            match (rotates, guard, self_rotate) {
                (true, false, _) => Err(NoLonger::Guard.into()),
                (true, true, false) => Err(NoLonger::SelfRotation.into()),
                _ => Ok(()),
            }
        }
    }
}

/// The same question where nothing is changed.
pub(crate) async fn look(db: &Db, org: OrgId, holder: AuthorityHolder, right: Right) -> Result<(), StoreError> {
    let look = match holder {
        AuthorityHolder::Bot(key) => sql(LOOK).bind(key),
        AuthorityHolder::Member(session) => sql(LOOK_SESSION).bind(session),
    };
    let row = db.optional(look.bind(org)).await?;
    let Some(row) = row else { return Err(NoLonger::Credential.into()) };
    judge(Some(row.role(1)?), row.get::<i64>(0)? != 0, holder, right)
}

/// People look after an organisation for which Guard is not enabled, and issue nothing in it; bots do nothing there.
fn judge(role: Option<Role>, guard: bool, holder: AuthorityHolder, right: Right) -> Result<(), StoreError> {
    let guard_needed = matches!(holder, AuthorityHolder::Bot(_)) || right == Right::IssueTokens;
    match role {
        None => Err(NoLonger::Credential.into()),
        Some(_) if guard_needed && !guard => Err(NoLonger::Guard.into()),
        Some(role) if !role.has(right) => Err(NoLonger::Right(role, right).into()),
        Some(_) => Ok(()),
    }
}
