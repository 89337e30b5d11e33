//! What happens to an account's keys, each in one transaction together with the message that tells of it.

use sekisho_core::Language;
use sekisho_core::Timestamp;
use sekisho_core::code::CodeMac;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AccountId, MessageId, SessionId, TokenId};

use crate::accounts::{self, Account, Locked, Owner};
use crate::codes;
use crate::db::{Db, Tx};
use crate::error::StoreError;
use crate::outbox::{self, MessageKind, NewMessage};
use crate::repeats::{self, NewRepeat};
use crate::sessions;
use crate::tokens::{self, NewToken, Revocation};

/// The message that tells a person what was done. Address and language are the account's.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The message's id.
    pub id: MessageId,
    /// The public address under which the request came.
    pub base_url: String,
    /// What the mail's template needs besides, as JSON; never a secret.
    pub payload: String,
}

/// An account to be made, if its address has none.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// Its address.
    pub email: EmailAddress,
    /// The language of its mails.
    pub language: Language,
    /// The registration that makes it.
    pub message: MessageId,
}

/// What came of minting a first key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Minted {
    /// The token is stored and can be sent. The account is new, or was made by an earlier try at the same message,
    /// whose outcome is unknown: then what may have arrived keeps working too.
    Token(AccountId),
    /// The address had an account: nothing was stored, the person needs a code.
    AlreadyKnown(Account),
}

/// What [`Keys::regenerate`], [`Keys::revoke`] and [`Keys::reset`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The account as it was before.
    pub account: Account,
    /// The tokens that no longer count; the node forgets them at once.
    pub revoked: Vec<Revocation>,
}

/// Most keys of one account that somebody can bring it to on his page.
pub const MOST_KEYS: i64 = 50;

/// A key that somebody makes who is signed in.
pub struct OneMore<'a> {
    /// His session.
    pub session: SessionId,
    /// His address.
    pub email: &'a EmailAddress,
    /// The id of his account, where he has none and may have one.
    pub account: Option<AccountId>,
    /// The language of a new account's mails.
    pub language: Language,
    /// The key's row.
    pub token: &'a NewToken,
    /// The mail that tells of it.
    pub notice: &'a Notice,
    /// So that the same form makes one key only.
    pub once: &'a NewRepeat,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// The key is stored and its mail is on its way.
    Token,
    /// The form was sent before.
    Repeated,
    /// The address has no account and may not have one.
    Closed,
    /// The account has [`MOST_KEYS`] keys.
    Enough,
}

/// The code is wrong, used or expired, or the address has no account: callers can't tell which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the code is wrong, used or expired")]
pub struct InvalidCode;

/// Minting, replacing and revoking keys.
pub struct Keys<'a> {
    pub(crate) db: &'a Db,
}

impl Keys<'_> {
    /// Makes the account and its first token. Called before the mail leaves.
    pub async fn mint_for_new_account(
        &self,
        new: &NewAccount,
        token: &NewToken,
        now: Timestamp,
    ) -> Result<Minted, StoreError> {
        let mut tx = self.db.begin().await?;
        let mut account = new.id;
        if !accounts::insert(&mut tx, new.id, &new.email, new.language, new.message, now).await? {
            // Erased between the two statements: the next try of the worker finds it gone.
            let Some(Locked { account: known, made_by }) = accounts::lock_by_email(&mut tx, &new.email).await? else {
                return Err(StoreError::busy());
            };
            if made_by != new.message || known.used_at.is_some() {
                return Ok(Minted::AlreadyKnown(known));
            }
            account = known.id;
        }
        tokens::insert(&mut tx, account, token, now).await?;
        tx.commit().await?;
        Ok(Minted::Token(account))
    }

    /// Takes back a token whose mail was definitely refused, and its account if nothing else was ever sent for it.
    /// `false` if there is no such token.
    pub async fn drop_unsent_token(&self, token: TokenId) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let Some(account) = lock_owner(&mut tx, token, None).await? else { return Ok(false) };
        let dropped = tokens::delete(&mut tx, token).await?;
        accounts::delete_without_tokens(&mut tx, account.id).await?;
        tx.commit().await?;
        Ok(dropped)
    }

    /// Replaces the presented token by a new one. None if it doesn't count any more: of two at once exactly one wins.
    pub async fn regenerate(
        &self,
        presented: TokenId,
        new: &NewToken,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Option<Changed>, StoreError> {
        self.replace(None, presented, new, notice, now).await
    }

    /// The same for a token that its owner names on his page.
    pub async fn regenerate_in(
        &self,
        session: SessionId,
        token: TokenId,
        new: &NewToken,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Option<Changed>, StoreError> {
        self.replace(Some(session), token, new, notice, now).await
    }

    async fn replace(
        &self,
        session: Option<SessionId>,
        presented: TokenId,
        new: &NewToken,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Option<Changed>, StoreError> {
        let mut tx = self.db.begin().await?;
        let Some(account) = lock_owner(&mut tx, presented, session).await? else { return Ok(None) };
        let Some(revoked) = tokens::revoke(&mut tx, presented, now).await? else { return Ok(None) };
        tokens::insert(&mut tx, account.id, new, now).await?;
        tell(&mut tx, MessageKind::Regenerated, &account, account.language, notice, now).await?;
        tx.commit().await?;
        Ok(Some(Changed { account, revoked: vec![revoked] }))
    }

    /// Revokes a token; with an account's last one the address is forgotten and can register anew. None if the token
    /// doesn't count any more.
    pub async fn revoke(&self, token: TokenId, notice: &Notice, now: Timestamp) -> Result<Option<Changed>, StoreError> {
        self.end(None, token, MessageKind::Revoked, notice, now).await
    }

    /// The same for a token that its owner names on his page.
    pub async fn revoke_in(
        &self,
        session: SessionId,
        token: TokenId,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Option<Changed>, StoreError> {
        self.end(Some(session), token, MessageKind::Revoked, notice, now).await
    }

    /// Gives somebody who is signed in one more key, and an account if he has none and may have one.
    pub async fn add(&self, new: &OneMore<'_>, now: Timestamp) -> Result<Added, StoreError> {
        let mut tx = self.db.begin().await?;
        let owner = accounts::find_or_make(&mut tx, new.email, new.account, new.language, new.notice.id, now).await?;
        let Some(Owner { account, language, .. }) = owner else { return Ok(Added::Closed) };
        sessions::hold(&mut tx, new.session, new.email).await?;
        if !repeats::claim(&mut tx, Some(new.once), now).await? {
            return Ok(Added::Repeated);
        }
        if tokens::live(&mut tx, account).await? >= MOST_KEYS {
            return Ok(Added::Enough);
        }
        tokens::insert(&mut tx, account, new.token, now).await?;
        let Notice { id, base_url, payload } = new.notice.clone();
        let (kind, email) = (MessageKind::Added, new.email.clone());
        outbox::insert(&mut tx, &NewMessage { id, kind, email, language, base_url, payload }, now).await?;
        tx.commit().await?;
        Ok(Added::Token)
    }

    /// The same for a token that was found where it doesn't belong: the mail says so.
    pub async fn revoke_leaked(
        &self,
        token: TokenId,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Option<Changed>, StoreError> {
        self.end(None, token, MessageKind::Leaked, notice, now).await
    }

    async fn end(
        &self,
        session: Option<SessionId>,
        token: TokenId,
        kind: MessageKind,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Option<Changed>, StoreError> {
        let mut tx = self.db.begin().await?;
        let Some(account) = lock_owner(&mut tx, token, session).await? else { return Ok(None) };
        let Some(revoked) = tokens::revoke(&mut tx, token, now).await? else { return Ok(None) };
        // The message holds the address itself: it is sent after the account may have forgotten it.
        tell(&mut tx, kind, &account, account.language, notice, now).await?;
        if tokens::live(&mut tx, account.id).await? == 0 {
            accounts::erase_in(&mut tx, account.id).await?;
        }
        tx.commit().await?;
        Ok(Some(Changed { account, revoked: vec![revoked] }))
    }

    /// Trades a one-time code for a new token: every earlier token and every code of the account end, and its language
    /// becomes the code's.
    pub async fn reset(
        &self,
        email: &EmailAddress,
        code: &CodeMac,
        new: &NewToken,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Result<Changed, InvalidCode>, StoreError> {
        let mut tx = self.db.begin().await?;
        let Some(Locked { account, .. }) = accounts::lock_by_email(&mut tx, email).await? else {
            return Ok(Err(InvalidCode));
        };
        let Some(language) = codes::check(&mut tx, account.id, code, now).await? else { return Ok(Err(InvalidCode)) };
        codes::use_all(&mut tx, account.id, now).await?;
        let revoked = tokens::revoke_all(&mut tx, account.id, now).await?;
        tokens::insert(&mut tx, account.id, new, now).await?;
        accounts::set_language(&mut tx, account.id, language).await?;
        tell(&mut tx, MessageKind::Reset, &account, language, notice, now).await?;
        tx.commit().await?;
        Ok(Ok(Changed { account, revoked }))
    }
}

/// Locks the account of a token. Where somebody who is signed in names the token, it has to be his, and his session has to
/// be there still.
async fn lock_owner(tx: &mut Tx, token: TokenId, session: Option<SessionId>) -> Result<Option<Account>, StoreError> {
    let Some(account) = tokens::account_of(tx, token).await? else { return Ok(None) };
    let Some(Locked { account, .. }) = accounts::lock(tx, account).await? else { return Ok(None) };
    if let Some(session) = session {
        let Some(email) = &account.email else { return Ok(None) };
        sessions::hold(tx, session, email).await?;
    }
    Ok(Some(account))
}

/// Writes the message, if the account still has an address to write to.
async fn tell(
    tx: &mut Tx,
    kind: MessageKind,
    account: &Account,
    language: Language,
    notice: &Notice,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(email) = &account.email else { return Ok(()) };
    let message = NewMessage {
        id: notice.id,
        kind,
        email: email.clone(),
        language,
        base_url: notice.base_url.clone(),
        payload: notice.payload.clone(),
    };
    outbox::insert(tx, &message, now).await
}
