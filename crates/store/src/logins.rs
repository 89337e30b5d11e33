//! Logins that are started in a terminal and confirmed in a browser, each step in one statement or one transaction, so
//! that the steps may come to different nodes.

use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::code::CodeMac;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AccountId, CodeId, LoginId};
use sekisho_core::login::LoginHash;

use crate::accounts::{self, Owner};
use crate::db::{Db, Row, sql};
use crate::error::StoreError;
use crate::keys::Notice;
use crate::outbox::{self, MessageKind, NewMessage};
use crate::tokens::{self, NewToken};

/// From the start in the terminal to the key: a link that was sent to somebody else is worth little if it dies soon.
pub const LOGIN_LIFETIME: Duration = Duration::from_secs(5 * 60);

statements! {
    INSERT = "INSERT INTO logins (id, page_hash, poll_hash, network, client_name, client_version, state, created_at, \
              expires_at) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8)";
    BY_PAGE = "SELECT id, network, client_name, client_version, state, email, created_at, expires_at FROM logins \
               WHERE page_hash = $1";
    BY_POLL = "SELECT id, network, client_name, client_version, state, email, created_at, expires_at FROM logins \
               WHERE poll_hash = $1";
    ASK = "UPDATE logins SET state = 'asked', email = $2, language = $3 \
           WHERE id = $1 AND state IN ('open', 'asked') AND expires_at > $4";
    // An update that changes nothing locks the row on both engines.
    LOCK_ASKED = "UPDATE logins SET state = state WHERE id = $1 AND state = 'asked' AND email = $2 AND expires_at > $3";
    INSERT_CODE = "INSERT INTO login_codes (id, login_id, mac) VALUES ($1, $2, $3)";
    // The address stands here again: it may be another one since the code was worked out.
    CONFIRM = "UPDATE logins SET state = 'confirmed' WHERE id = $1 AND state = 'asked' AND email = $2 \
               AND expires_at > $4 AND EXISTS (SELECT 1 FROM login_codes WHERE login_id = logins.id AND mac = $3)";
    END = "UPDATE logins SET state = 'ended' WHERE id = $1 AND state IN ('open', 'asked', 'confirmed')";
    HAND_OUT = "UPDATE logins SET state = 'done' WHERE poll_hash = $1 AND network = $2 AND state = 'confirmed' \
                AND expires_at > $3 RETURNING id, email, language";
}

/// How far a login is. Whether its time is up is another question: [`Login::is_over`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginState {
    /// Nobody gave an address yet.
    Open,
    /// An address was given, a code may be on its way.
    Asked,
    /// The code was typed: the package manager may have its key.
    Confirmed,
    /// The key was handed out.
    Done,
    /// Somebody said that it was not theirs.
    Ended,
}

const STATES: [(LoginState, &str); 5] = [
    (LoginState::Open, "open"),
    (LoginState::Asked, "asked"),
    (LoginState::Confirmed, "confirmed"),
    (LoginState::Done, "done"),
    (LoginState::Ended, "ended"),
];

/// A login to be stored.
#[derive(Clone, Debug)]
pub struct NewLogin {
    /// Its id.
    pub id: LoginId,
    /// What the browser's page is found by.
    pub page: LoginHash,
    /// What the package manager's question is found by.
    pub poll: LoginHash,
    /// The network that started it.
    pub network: String,
    /// The program that started it, by its own word.
    pub client_name: String,
    /// Its version.
    pub client_version: String,
}

/// A login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// The network that started it: the only one that gets its key.
    pub network: String,
    /// The program that started it, by its own word.
    pub client_name: String,
    /// Its version.
    pub client_version: String,
    /// How far it is.
    pub state: LoginState,
    /// The address that was given last.
    pub email: Option<EmailAddress>,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl Login {
    /// Its time is up.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// A code to be stored, before its mail leaves.
#[derive(Clone, Debug)]
pub struct NewLoginCode {
    /// Its id.
    pub id: CodeId,
    /// The login that it confirms.
    pub login: LoginId,
    /// The address that it is sent to.
    pub email: EmailAddress,
    /// What is kept of it.
    pub mac: CodeMac,
}

/// What handing out a key needs.
pub struct HandOut<'a> {
    /// The login, by the package manager's id of it.
    pub poll: LoginHash,
    /// The network that asks.
    pub network: &'a str,
    /// An address without an account gets one.
    pub may_register: bool,
    /// The id of that account.
    pub account: AccountId,
    /// The key's row.
    pub token: &'a NewToken,
    /// The mail that tells of it.
    pub notice: &'a Notice,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOut {
    /// The key is stored and its mail is on its way: it may be shown, once.
    Token,
    /// Nothing to hand out: not confirmed, over, handed out before, or asked for from another network.
    Nothing,
    /// The address has no account and may not register; the login was ended.
    Closed,
}

/// The logins.
pub struct Logins<'a> {
    pub(crate) db: &'a Db,
}

impl Logins<'_> {
    /// Stores a login. It lives [`LOGIN_LIFETIME`].
    pub async fn start(&self, login: &NewLogin, now: Timestamp) -> Result<(), StoreError> {
        let insert = sql(INSERT).bind(login.id).bind(&login.page.0).bind(&login.poll.0).bind(login.network.as_str());
        let insert = insert.bind(login.client_name.as_str()).bind(login.client_version.as_str());
        self.db.write(insert.bind(now).bind(now.plus(LOGIN_LIFETIME))).await.map(drop)
    }

    /// The login of a page.
    pub async fn find_by_page(&self, page: &LoginHash) -> Result<Option<Login>, StoreError> {
        self.db.optional(sql(BY_PAGE).bind(&page.0)).await?.as_ref().map(read).transpose()
    }

    /// The login that a package manager asks about.
    pub async fn find_by_poll(&self, poll: &LoginHash) -> Result<Option<Login>, StoreError> {
        self.db.optional(sql(BY_POLL).bind(&poll.0)).await?.as_ref().map(read).transpose()
    }

    /// Takes down the message's address and writes the message: the same two rows for every address. An earlier address of
    /// this login no longer counts, nor do its codes. `false` if the login takes no address any more.
    pub async fn ask(&self, login: LoginId, message: &NewMessage, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let ask = sql(ASK).bind(login).bind(&message.email).bind(message.language).bind(now);
        if tx.run(ask).await? == 0 {
            return Ok(false);
        }
        outbox::insert(&mut tx, message, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Stores a code; it ends no earlier one. `false` if the login waits for no code of this address any more.
    pub async fn add_code(&self, code: &NewLoginCode, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        if tx.run(sql(LOCK_ASKED).bind(code.login).bind(&code.email).bind(now)).await? == 0 {
            return Ok(false);
        }
        tx.run(sql(INSERT_CODE).bind(code.id).bind(code.login).bind(&code.mac.0)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The right code for this login and address confirms it, once; `false` for any other.
    pub async fn confirm(
        &self,
        login: LoginId,
        email: &EmailAddress,
        mac: &CodeMac,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.db.write(sql(CONFIRM).bind(login).bind(email).bind(&mac.0).bind(now)).await? == 1)
    }

    /// Ends it; `false` if its key was handed out, or it was ended before.
    pub async fn end(&self, login: LoginId) -> Result<bool, StoreError> {
        Ok(self.db.write(sql(END).bind(login)).await? == 1)
    }

    /// Hands the key of a confirmed login out: stores its hash and the mail that tells of it, and makes the account where
    /// there is none. Of several that ask at once exactly one gets [`HandedOut::Token`].
    pub async fn hand_out(&self, what: &HandOut<'_>, now: Timestamp) -> Result<HandedOut, StoreError> {
        let mut tx = self.db.begin().await?;
        let done = sql(HAND_OUT).bind(&what.poll.0).bind(what.network).bind(now);
        let Some(row) = tx.optional(done).await? else { return Ok(HandedOut::Nothing) };
        let (login, email, language) = (LoginId(row.get(0)?), row.email(1)?, row.language(2)?);
        let new = what.may_register.then_some(what.account);
        let owner = accounts::find_or_make(&mut tx, &email, new, language, what.notice.id, now).await?;
        let Some(Owner { account, language, is_new }) = owner else {
            drop(tx);
            self.end(login).await?;
            return Ok(HandedOut::Closed);
        };
        tokens::insert(&mut tx, account, what.token, now).await?;
        let kind = if is_new { MessageKind::LoginRegistered } else { MessageKind::LoginAdded };
        let Notice { id, base_url, payload } = what.notice.clone();
        outbox::insert(&mut tx, &NewMessage { id, kind, email, language, base_url, payload }, now).await?;
        tx.commit().await?;
        Ok(HandedOut::Token)
    }
}

fn read(row: &Row) -> Result<Login, StoreError> {
    let state: String = row.get(4)?;
    let known = STATES.into_iter().find(|(_, text)| *text == state);
    Ok(Login {
        id: LoginId(row.get(0)?),
        network: row.get(1)?,
        client_name: row.get(2)?,
        client_version: row.get(3)?,
        state: known.ok_or(StoreError::unreadable("state of a login"))?.0,
        email: row.maybe_email(5)?,
        created_at: row.time(6)?,
        expires_at: row.time(7)?,
    })
}
