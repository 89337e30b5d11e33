//! Installs and refusals by day: numbers that are counted from the ledger beside requests, so that whoever looks at a year
//! of them reads no row of it.
//!
//! Today is counted again and again, a day that is over once more an hour after its end, and then it stays. A day is
//! counted whole and replaced in one transaction, so that it doesn't matter how often that is done, or by which node. The
//! nodes take turns by organisation: a turn is the moment up to which nobody else counts, and who has lost it writes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use sekisho_core::id::OrgId;
use sekisho_core::{Ecosystem, Timestamp};

use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;
use crate::ledger::{Counts, DayCounts, Ledger, Retention, day, day_start, ecosystem};

/// A row is written down within moments of its time. What comes later than this after a day's end is in no number.
const LATE: Duration = Duration::from_secs(60 * 60);
/// How long others leave an organisation to a node that counts. Renewed with each day.
const LEASE: Duration = Duration::from_secs(5 * 60);
/// For so many days up to today it is kept which packages were taken most.
pub const NAMES_KEPT: i64 = 31;
/// Organisations whose old days are removed in one transaction.
const SWEPT_AT_ONCE: usize = 100;

statements! {
    DUE = "SELECT o.id, c.open_day, c.due_at FROM organisations o LEFT JOIN install_counts c ON c.org_id = o.id \
           WHERE o.removed_at IS NULL AND (c.due_at IS NULL OR c.due_at <= $1)";
    FIRST_TURN = "INSERT INTO install_counts (org_id, open_day, due_at) VALUES ($1, $2, $3) ON CONFLICT (org_id) DO NOTHING";
    TURN = "UPDATE install_counts SET due_at = $3 WHERE org_id = $1 AND due_at = $2";
    RENEW = "UPDATE install_counts SET due_at = $3, open_day = $4 WHERE org_id = $1 AND due_at = $2";
    END = "UPDATE install_counts SET due_at = $3, counted_at = $4 WHERE org_id = $1 AND due_at = $2";
    COUNTED = "SELECT open_day, counted_at FROM install_counts WHERE org_id = $1";
    TOTALS = "SELECT ecosystem, installs, refusals FROM install_days WHERE org_id = $1 AND day = $2";
    PUT_TOTAL = "INSERT INTO install_days (org_id, day, ecosystem, installs, refusals) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (org_id, day, ecosystem) DO UPDATE SET installs = excluded.installs, refusals = excluded.refusals";
    DROP_TOTAL = "DELETE FROM install_days WHERE org_id = $1 AND day = $2 AND ecosystem = $3";
    NAMES = "SELECT outcome, ecosystem, name, installs FROM install_names \
             WHERE org_id = $1 AND day = $2 AND outcome IN ('answered', 'refused')";
    PUT_NAME = "INSERT INTO install_names (org_id, day, outcome, ecosystem, name, installs) VALUES ($1, $2, $3, $4, $5, $6) \
                ON CONFLICT (org_id, outcome, day, ecosystem, name) DO UPDATE SET installs = excluded.installs";
    DROP_NAME = "DELETE FROM install_names WHERE org_id = $1 AND day = $2 AND outcome = $3 AND ecosystem = $4 AND name = $5";
    DAYS = "SELECT day, ecosystem, installs, refusals FROM install_days WHERE org_id = $1 AND day >= $2 AND day <= $3 \
            ORDER BY day, ecosystem";
    MOST = "SELECT ecosystem, name, CAST(SUM(installs) AS BIGINT) AS number FROM install_names \
            WHERE org_id = $1 AND outcome = $2 AND day >= $3 AND day <= $4 \
            GROUP BY ecosystem, name ORDER BY number DESC, name, ecosystem LIMIT $5";
    ALL = "SELECT id FROM organisations";
    FORGET_DAYS = "DELETE FROM install_days WHERE org_id = $1 AND day < $2";
    FORGET_NAMES = "DELETE FROM install_names WHERE org_id = $1 AND outcome IN ('answered', 'refused') AND day < $2";
}

/// An organisation whose days are due to be counted.
#[derive(Clone, Debug)]
pub struct Due {
    org: OrgId,
    /// The first day that is counted, and since when it is due; none if nothing was ever counted.
    since: Option<(i64, Timestamp)>,
}

/// This node's turn to count an organisation's days.
#[derive(Debug)]
pub struct Turn {
    org: OrgId,
    /// Whoever finds another moment in its row has lost the turn.
    until: Timestamp,
    open_day: i64,
    next: i64,
}

/// What one day had of one ecosystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallDay {
    /// Days since 1970-01-01 UTC.
    pub day: i64,
    /// The ecosystem.
    pub ecosystem: Ecosystem,
    /// What was taken and refused. Requests of one token for one file within ten minutes of each other count once, on the
    /// day of the first.
    pub counts: Counts,
}

/// A package of those that come most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Most {
    /// The ecosystem.
    pub ecosystem: Ecosystem,
    /// The package.
    pub name: String,
    /// How often, on days on which it was among those that came most.
    pub number: i64,
}

/// How far an organisation's days are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Days since 1970-01-01 UTC: days before this one stay as they are.
    pub open_day: i64,
    /// When all days up to the present were last counted; none if that never was: then those from `open_day` on are missing.
    pub at: Option<Timestamp>,
}

/// Installs and refusals by day.
pub struct InstallDays<'a> {
    pub(crate) db: &'a Db,
    pub(crate) ledger: &'a Ledger,
}

impl InstallDays<'_> {
    /// The organisations that are due.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        let read = |row: &Row| {
            let since = row.get::<Option<i64>>(1)?.zip(row.maybe_time(2)?);
            Ok(Due { org: OrgId(row.get(0)?), since })
        };
        self.db.all(sql(DUE).bind(now)).await?.iter().map(read).collect()
    }

    /// Takes the turn; none if another node has it.
    pub async fn begin(&self, due: &Due, now: Timestamp) -> Result<Option<Turn>, StoreError> {
        let (org, until) = (due.org, now.plus(LEASE));
        let (open_day, take) = match due.since {
            Some((open_day, since)) => (open_day, sql(TURN).bind(org).bind(since).bind(until)),
            None => {
                let first = self.ledger.first_at(org).await?.map_or(day(now), day);
                (first, sql(FIRST_TURN).bind(org).bind(first).bind(until))
            }
        };
        let ours = self.db.write(take).await? != 0;
        Ok(ours.then_some(Turn { org, until, open_day, next: open_day }))
    }

    /// Counts the next day, oldest first, and says which; none when today was counted, or when the turn was lost.
    pub async fn count_next(&self, turn: &mut Turn, now: Timestamp) -> Result<Option<i64>, StoreError> {
        let (counted, today) = (turn.next, day(now));
        if counted > today {
            return Ok(None);
        }
        let counts = self.ledger.count_day(turn.org, counted).await?;
        let over = now >= day_start(counted + 1).plus(LATE);
        let open_day = if over && turn.open_day == counted { counted + 1 } else { turn.open_day };
        let until = now.plus(LEASE);
        let mut tx = self.db.begin().await?;
        let renew = sql(RENEW).bind(turn.org).bind(turn.until).bind(until).bind(open_day);
        if tx.run(renew).await? == 0 {
            return Ok(None);
        }
        put_totals(&mut tx, turn.org, counted, &counts).await?;
        if counted > today - NAMES_KEPT {
            put_names(&mut tx, turn.org, counted, &counts).await?;
        }
        tx.commit().await?;
        (turn.until, turn.open_day, turn.next) = (until, open_day, counted + 1);
        Ok(Some(counted))
    }

    /// Gives the turn back; the organisation is due again at `due_at`. Without effect if the turn was lost.
    pub async fn end(&self, turn: Turn, due_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.db.write(sql(END).bind(turn.org).bind(turn.until).bind(due_at).bind(now)).await.map(drop)
    }

    /// How far an organisation's days are counted; none before the first time.
    pub async fn counted(&self, org: OrgId) -> Result<Option<Counted>, StoreError> {
        let read = |row: Row| Ok(Counted { open_day: row.get(0)?, at: row.maybe_time(1)? });
        self.db.optional(sql(COUNTED).bind(org)).await?.map(read).transpose()
    }

    /// The numbers of the days from `from` to `to`, oldest first; days and ecosystems without any are left out.
    pub async fn days(&self, org: OrgId, from: i64, to: i64) -> Result<Vec<InstallDay>, StoreError> {
        let read = |row: &Row| {
            let counts = Counts { installs: row.get(2)?, blocked: row.get(3)? };
            Ok(InstallDay { day: row.get(0)?, ecosystem: ecosystem(row, 1)?, counts })
        };
        self.db.all(sql(DAYS).bind(org).bind(from).bind(to)).await?.iter().map(read).collect()
    }

    /// The packages that were taken most, or refused most, on the days from `from` to `to`, of the last [`NAMES_KEPT`]. Each
    /// day keeps the fifty first of an ecosystem: of a package that is among them on some days only, the other days are missing.
    pub async fn most(
        &self,
        org: OrgId,
        refused: bool,
        (from, to): (i64, i64),
        limit: u32,
    ) -> Result<Vec<Most>, StoreError> {
        let outcome = if refused { "refused" } else { "answered" };
        let statement = sql(MOST).bind(org).bind(outcome).bind(from).bind(to).bind(i64::from(limit));
        let read = |row: &Row| Ok(Most { ecosystem: ecosystem(row, 0)?, name: row.get(1)?, number: row.get(2)? });
        self.db.all(statement).await?.iter().map(read).collect()
    }

    /// Removes the days whose rows have had their time, and names that are not asked for any more.
    pub async fn forget(&self, retention: &Retention, now: Timestamp) -> Result<(), StoreError> {
        let orgs = self.db.all(sql(ALL)).await?;
        for some in orgs.chunks(SWEPT_AT_ONCE) {
            let mut tx = self.db.begin().await?;
            for row in some {
                let org = OrgId(row.get(0)?);
                let kept = day(retention.kept_since(org, now));
                tx.run(sql(FORGET_DAYS).bind(org).bind(kept)).await?;
                let names = kept.max(day(now) - NAMES_KEPT + 1);
                tx.run(sql(FORGET_NAMES).bind(org).bind(names)).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Brings a day's totals to what was counted. What is right already is not written again: almost all of it, each minute.
async fn put_totals(tx: &mut Tx, org: OrgId, day: i64, counts: &DayCounts) -> Result<(), StoreError> {
    let mut old = BTreeMap::new();
    for row in tx.all(sql(TOTALS).bind(org).bind(day)).await? {
        old.insert(ecosystem(&row, 0)?, Counts { installs: row.get(1)?, blocked: row.get(2)? });
    }
    for (ecosystem, counts) in counts.totals.iter().filter(|(ecosystem, counts)| old.get(ecosystem) != Some(counts)) {
        let put = sql(PUT_TOTAL).bind(org).bind(day).bind(ecosystem.as_str());
        tx.run(put.bind(counts.installs).bind(counts.blocked)).await?;
    }
    for gone in old.keys().filter(|ecosystem| !counts.totals.contains_key(ecosystem)) {
        tx.run(sql(DROP_TOTAL).bind(org).bind(day).bind(gone.as_str())).await?;
    }
    Ok(())
}

/// The same with its names.
async fn put_names(tx: &mut Tx, org: OrgId, day: i64, counts: &DayCounts) -> Result<(), StoreError> {
    let mut old = BTreeMap::new();
    for row in tx.all(sql(NAMES).bind(org).bind(day)).await? {
        let key: (String, Ecosystem, String) = (row.get(0)?, ecosystem(&row, 1)?, row.get(2)?);
        old.insert(key, row.get::<i64>(3)?);
    }
    for (key, installs) in counts.names.iter().filter(|(key, installs)| old.get(key) != Some(installs)) {
        let (outcome, ecosystem, name) = key;
        let put = sql(PUT_NAME).bind(org).bind(day).bind(outcome.as_str()).bind(ecosystem.as_str());
        tx.run(put.bind(name.as_str()).bind(*installs)).await?;
    }
    for (outcome, ecosystem, name) in old.keys().filter(|key| !counts.names.contains_key(key)) {
        let gone = sql(DROP_NAME).bind(org).bind(day).bind(outcome.as_str()).bind(ecosystem.as_str());
        tx.run(gone.bind(name.as_str())).await?;
    }
    Ok(())
}
