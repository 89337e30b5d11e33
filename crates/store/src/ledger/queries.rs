//! What is read from the ledger.

use std::time::Duration;

use sekisho_core::id::{AccountId, EntryId, OrgId, OrgTokenId, TokenId};
use sekisho_core::{Ecosystem, PackageName, Timestamp};

use super::Ledger;
use super::entry::read_advisories;
use super::question::id_at;
use super::who::Who;
use crate::db::{Db, Row, sql};
use crate::error::StoreError;

/// Requests of one token for one file that follow each other within this time are one install.
pub(super) const SAME_INSTALL: Duration = Duration::from_secs(10 * 60);
/// What `last_30_days` covers.
const RECENT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many requests [`Ledger::recent`] counts at most, newest first: a page has not the time for all of a busy account.
pub const MOST_COUNTED: i64 = 2_000;

/// Counts the newest rows of an account, which each engine finds by the index that it has.
macro_rules! recent_of_account {
    ($newest:literal) => {
        concat!(
            "SELECT ecosystem, outcome, COUNT(*), COUNT(CASE WHEN previous IS NULL OR at - previous > $2 THEN 1 END) \
            FROM (SELECT ecosystem, outcome, at, LAG(at) OVER (PARTITION BY token_id, outcome, ecosystem, name, version, file \
            ORDER BY at, id) AS previous FROM (SELECT id, at, token_id, outcome, ecosystem, name, version, file FROM entries \
            WHERE owner_id = $1 AND ",
            $newest,
            " LIMIT $4) AS newest) AS requests GROUP BY ecosystem, outcome"
        )
    };
}

statements! {
    PING = "SELECT 1 FROM entries LIMIT 1";
    USAGE_OF_ACCOUNT = "SELECT ecosystem, outcome, COUNT(*), COUNT(CASE WHEN at > $3 THEN 1 END) FROM ( \
        SELECT ecosystem, outcome, at, LAG(at) OVER (PARTITION BY token_id, outcome, ecosystem, name, version, file \
        ORDER BY at, id) AS previous FROM entries WHERE owner_id = $1) AS requests \
        WHERE previous IS NULL OR at - previous > $2 GROUP BY ecosystem, outcome";
    USAGE_OF_TOKEN = "SELECT ecosystem, outcome, COUNT(*), COUNT(CASE WHEN at > $3 THEN 1 END) FROM ( \
        SELECT ecosystem, outcome, at, LAG(at) OVER (PARTITION BY token_id, outcome, ecosystem, name, version, file \
        ORDER BY at, id) AS previous FROM entries WHERE owner_id = $1 AND token_id = $4) AS requests \
        WHERE previous IS NULL OR at - previous > $2 GROUP BY ecosystem, outcome";
    RECENT_OF_ACCOUNT_SQLITE = recent_of_account!("at > $3 ORDER BY at DESC, id DESC");
    RECENT_OF_ACCOUNT_POSTGRES = recent_of_account!("id >= $3 ORDER BY id DESC");
    ALL = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries ORDER BY id DESC LIMIT $1";
    OF_ACCOUNT = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries WHERE owner_id = $2 ORDER BY at DESC, id DESC LIMIT $1";
    OF_TOKEN = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries WHERE owner_id = $2 AND token_id = $3 \
        ORDER BY at DESC, id DESC LIMIT $1";
    OF_PACKAGE = "SELECT id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, subject, ci, \
        client_name, client_version, address FROM entries WHERE ecosystem = $2 AND name = $3 \
        ORDER BY at DESC, id DESC LIMIT $1";
    ANONYMOUS = "SELECT day, version, file, outcome, requests FROM anonymous WHERE ecosystem = $1 AND name = $2 \
        ORDER BY day DESC, version, file, outcome";
}

/// Whose usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageOf {
    /// An account's, by all its tokens, dead ones too.
    Account(AccountId),
    /// One token's of an account.
    Token(AccountId, TokenId),
    /// One token's of an organisation.
    OrgToken(OrgId, OrgTokenId),
}

/// How much was taken and refused. Requests of one token for one file within ten minutes of each other count once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files taken.
    pub installs: i64,
    /// Files refused.
    pub blocked: i64,
}

/// What `status` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Since the first request.
    pub total: Counts,
    /// Every ecosystem, in [`Ecosystem::ALL`]'s order.
    pub by_ecosystem: Vec<(Ecosystem, Counts)>,
    /// The last 30 days.
    pub last_30_days: Counts,
}

/// What an account took and was refused in the last 30 days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// All of it.
    pub total: Counts,
    /// Every ecosystem, in [`Ecosystem::ALL`]'s order.
    pub by_ecosystem: Vec<(Ecosystem, Counts)>,
    /// It is of the newest [`MOST_COUNTED`] requests: there may have been more.
    pub cut: bool,
}

/// Which entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryFilter {
    /// All.
    All,
    /// An account's.
    Account(AccountId),
    /// One token's of an account.
    Token(AccountId, TokenId),
    /// Those of a package, every version.
    Package(PackageName),
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its id.
    pub id: EntryId,
    /// When the request came.
    pub at: Timestamp,
    /// The ecosystem.
    pub ecosystem: Ecosystem,
    /// The package.
    pub name: String,
    /// The version; empty if the whole name was refused.
    pub version: String,
    /// The file.
    pub file: String,
    /// `answered` or `refused`.
    pub outcome: String,
    /// Why it was refused, as [`sekisho_core::policy::Reason::as_str`]; empty if it was not.
    pub reason: String,
    /// The records that the refusal rests on.
    pub advisories: Vec<String>,
    /// Whose request it was.
    pub who: Who,
    /// The client's name.
    pub client_name: String,
    /// The client's version.
    pub client_version: String,
    /// The client's address.
    pub address: String,
}

/// Requests without a token for one file on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnonymousCount {
    /// Days since 1970-01-01 UTC.
    pub day: i64,
    /// The version.
    pub version: String,
    /// The file.
    pub file: String,
    /// `answered` or `refused`.
    pub outcome: String,
    /// How many.
    pub requests: i64,
}

impl Ledger {
    /// Reads something, as a sign of life.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.db.optional(sql(PING)).await.map(drop)
    }

    /// Counts what was taken and refused.
    pub async fn usage(&self, of: UsageOf, now: Timestamp) -> Result<Usage, StoreError> {
        let ten_minutes = SAME_INSTALL.as_millis() as i64;
        let (since, of_token) = (now.minus(RECENT), sql(USAGE_OF_TOKEN));
        let statement = match of {
            UsageOf::Account(account) => sql(USAGE_OF_ACCOUNT).bind(account).bind(ten_minutes).bind(since),
            UsageOf::Token(account, token) => of_token.bind(account).bind(ten_minutes).bind(since).bind(token),
            UsageOf::OrgToken(org, token) => of_token.bind(org).bind(ten_minutes).bind(since).bind(token),
        };
        let mut usage = Usage { by_ecosystem: every_ecosystem(), ..Usage::default() };
        for row in self.db.all(statement).await? {
            usage.add(&row)?;
        }
        Ok(usage)
    }

    /// Counts what an account took and was refused in the last 30 days.
    pub async fn recent(&self, account: AccountId, now: Timestamp) -> Result<Recent, StoreError> {
        let (since, ten_minutes) = (now.minus(RECENT), SAME_INSTALL.as_millis() as i64);
        // An owner's rows are found by their time, or by their ids, which begin with it: the smallest id of what is later.
        let statement = match &self.db {
            Db::Sqlite { .. } => sql(RECENT_OF_ACCOUNT_SQLITE).bind(account).bind(ten_minutes).bind(since),
            Db::Postgres(_) => {
                sql(RECENT_OF_ACCOUNT_POSTGRES).bind(account).bind(ten_minutes).bind(id_at(Timestamp(since.0 + 1)))
            }
        };
        let rows = self.db.all(statement.bind(MOST_COUNTED)).await?;
        let mut recent = Recent { by_ecosystem: every_ecosystem(), ..Recent::default() };
        let mut requests = 0;
        for row in &rows {
            let (ecosystem, outcome, count) = (ecosystem(row, 0)?, row.get::<String>(1)?, row.get::<i64>(3)?);
            let own = recent.by_ecosystem.iter_mut().filter(|(e, _)| *e == ecosystem).map(|(_, counts)| counts);
            own.chain([&mut recent.total]).for_each(|counts| *counts.of(&outcome) += count);
            requests += row.get::<i64>(2)?;
        }
        recent.cut = requests == MOST_COUNTED;
        Ok(recent)
    }

    /// Entries, newest first.
    pub async fn entries(&self, filter: &EntryFilter, limit: u32) -> Result<Vec<LedgerRow>, StoreError> {
        let limit = i64::from(limit);
        let statement = match filter {
            EntryFilter::All => sql(ALL).bind(limit),
            EntryFilter::Account(account) => sql(OF_ACCOUNT).bind(limit).bind(*account),
            EntryFilter::Token(account, token) => sql(OF_TOKEN).bind(limit).bind(*account).bind(*token),
            EntryFilter::Package(name) => {
                sql(OF_PACKAGE).bind(limit).bind(name.ecosystem().as_str()).bind(name.as_str())
            }
        };
        self.db.all(statement).await?.iter().map(read).collect()
    }

    /// The numbers of a package's requests without a token, newest day first.
    pub async fn anonymous(&self, package: &PackageName) -> Result<Vec<AnonymousCount>, StoreError> {
        let statement = sql(ANONYMOUS).bind(package.ecosystem().as_str()).bind(package.as_str());
        let read = |row: &Row| {
            Ok(AnonymousCount {
                day: row.get(0)?,
                version: row.get(1)?,
                file: row.get(2)?,
                outcome: row.get(3)?,
                requests: row.get(4)?,
            })
        };
        self.db.all(statement).await?.iter().map(read).collect()
    }
}

impl Counts {
    /// The number for a stored outcome.
    pub(super) fn of(&mut self, outcome: &str) -> &mut i64 {
        if outcome == "answered" { &mut self.installs } else { &mut self.blocked }
    }
}

impl Usage {
    /// Adds a row of ecosystem, outcome, count of all time and count of the last 30 days.
    fn add(&mut self, row: &Row) -> Result<(), StoreError> {
        let ecosystem = ecosystem(row, 0)?;
        let (all, recent): (i64, i64) = (row.get(2)?, row.get(3)?);
        let outcome: String = row.get(1)?;
        let own = self.by_ecosystem.iter_mut().filter(|(e, _)| *e == ecosystem).map(|(_, counts)| (counts, all));
        for (counts, number) in own.chain([(&mut self.total, all), (&mut self.last_30_days, recent)]) {
            *counts.of(&outcome) += number;
        }
        Ok(())
    }
}

fn every_ecosystem() -> Vec<(Ecosystem, Counts)> {
    Ecosystem::ALL.map(|ecosystem| (ecosystem, Counts::default())).to_vec()
}

pub(crate) fn ecosystem(row: &Row, column: usize) -> Result<Ecosystem, StoreError> {
    Ecosystem::parse(&row.get::<String>(column)?).ok_or(StoreError::unreadable("ecosystem"))
}

pub(super) fn read(row: &Row) -> Result<LedgerRow, StoreError> {
    Ok(LedgerRow {
        id: EntryId(row.get(0)?),
        at: row.time(1)?,
        ecosystem: ecosystem(row, 2)?,
        name: row.get(3)?,
        version: row.get(4)?,
        file: row.get(5)?,
        outcome: row.get(6)?,
        reason: row.get(7)?,
        advisories: read_advisories(&row.get::<String>(8)?)?,
        who: Who::read(row, 9)?,
        client_name: row.get(13)?,
        client_version: row.get(14)?,
        address: row.get(15)?,
    })
}
