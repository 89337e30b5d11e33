//! What happens to an account's keys, each in one transaction together with the message that tells of it.

use sekisho_core::Language;
use sekisho_core::Timestamp;
use sekisho_core::code::CodeMac;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AccountId, MessageId, TokenId};

use crate::accounts::{self, Account, Locked};
use crate::codes;
use crate::db::{Db, Tx};
use crate::error::StoreError;
use crate::outbox::{self, MessageKind, NewMessage};
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
        let Some(locked) = lock_owner(&mut tx, token).await? else { return Ok(false) };
        let dropped = tokens::delete(&mut tx, token).await?;
        accounts::delete_without_tokens(&mut tx, locked.account.id).await?;
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
        let mut tx = self.db.begin().await?;
        let Some(Locked { account, .. }) = lock_owner(&mut tx, presented).await? else { return Ok(None) };
        let Some(revoked) = tokens::revoke(&mut tx, presented, now).await? else { return Ok(None) };
        tokens::insert(&mut tx, account.id, new, now).await?;
        tell(&mut tx, MessageKind::Regenerated, &account, account.language, notice, now).await?;
        tx.commit().await?;
        Ok(Some(Changed { account, revoked: vec![revoked] }))
    }

    /// Revokes a token; with an account's last one the address is forgotten and can register anew. None if the token
    /// doesn't count any more.
    pub async fn revoke(&self, token: TokenId, notice: &Notice, now: Timestamp) -> Result<Option<Changed>, StoreError> {
        self.end(token, MessageKind::Revoked, notice, now).await
    }

    /// The same for a token that was found where it doesn't belong: the mail says so.
    pub async fn revoke_leaked(
        &self,
        token: TokenId,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Option<Changed>, StoreError> {
        self.end(token, MessageKind::Leaked, notice, now).await
    }

    async fn end(
        &self,
        token: TokenId,
        kind: MessageKind,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Option<Changed>, StoreError> {
        let mut tx = self.db.begin().await?;
        let Some(Locked { account, .. }) = lock_owner(&mut tx, token).await? else { return Ok(None) };
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

/// Locks the account of a token.
async fn lock_owner(tx: &mut Tx, token: TokenId) -> Result<Option<Locked>, StoreError> {
    match tokens::account_of(tx, token).await? {
        Some(account) => accounts::lock(tx, account).await,
        None => Ok(None),
    }
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
