//! What an organisation's people and pipelines took and were refused on one day, counted from the rows.

use std::collections::BTreeMap;
use std::time::Duration;

use sekisho_core::id::OrgId;
use sekisho_core::{Ecosystem, Timestamp};

use super::Ledger;
use super::queries::{Counts, SAME_INSTALL, ecosystem};
use super::question::id_at;
use crate::db::{Engine, sql};
use crate::error::StoreError;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Names that are kept of a day, of each ecosystem and outcome.
const NAMES: i64 = 50;

statements! {
    // One engine finds rows by their time, the other by their id, which begins with it. What belongs to an install of the
    // day before is read too, and not counted.
    DAY = "SELECT ecosystem, outcome, name, installs, total FROM (SELECT ecosystem, outcome, name, COUNT(*) AS installs, \
        CAST(SUM(COUNT(*)) OVER (PARTITION BY ecosystem, outcome) AS BIGINT) AS total, \
        ROW_NUMBER() OVER (PARTITION BY ecosystem, outcome ORDER BY COUNT(*) DESC, name) AS place FROM ( \
        SELECT ecosystem, outcome, name, at, LAG(at) OVER (PARTITION BY token_id, outcome, ecosystem, name, version, file \
        ORDER BY at, id) AS previous FROM entries \
        WHERE owner_id = $1 AND at >= $2 AND at < $3 AND id >= $4 AND id < $5) AS requests \
        WHERE at >= $6 AND (previous IS NULL OR at - previous > $7) GROUP BY ecosystem, outcome, name) AS names \
        WHERE place <= $8";
    FIRST_BY_TIME = "SELECT at FROM entries WHERE owner_id = $1 ORDER BY at LIMIT 1";
    FIRST_BY_ID = "SELECT at FROM entries WHERE owner_id = $1 ORDER BY id LIMIT 1";
}

/// A day of an organisation's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DayCounts {
    /// Of each ecosystem of which there is something.
    pub(crate) totals: BTreeMap<Ecosystem, Counts>,
    /// How often the names that come most were taken or refused, by outcome, ecosystem and name.
    pub(crate) names: BTreeMap<(String, Ecosystem, String), i64>,
}

/// The day of a moment, in days since 1970-01-01 UTC.
pub(crate) fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY_MS)
}

/// When a day begins.
pub(crate) fn day_start(day: i64) -> Timestamp {
    Timestamp(day.saturating_mul(DAY_MS))
}

impl Ledger {
    /// Counts a day. It reads beside who writes: nobody waits for it.
    pub(crate) async fn count_day(&self, org: OrgId, day: i64) -> Result<DayCounts, StoreError> {
        let (start, end) = (day_start(day), day_start(day + 1));
        let from = start.minus(SAME_INSTALL);
        let statement = sql(DAY).bind(org).bind(from).bind(end).bind(id_at(from)).bind(id_at(end));
        let statement = statement.bind(start).bind(millis(SAME_INSTALL)).bind(NAMES);
        let mut counts = DayCounts::default();
        for row in self.db.all(statement).await? {
            let (ecosystem, outcome): (_, String) = (ecosystem(&row, 0)?, row.get(1)?);
            let (installs, total) = (row.get(3)?, row.get(4)?);
            *counts.totals.entry(ecosystem).or_default().of(&outcome) = total;
            counts.names.insert((outcome, ecosystem, row.get(2)?), installs);
        }
        Ok(counts)
    }

    /// When an organisation's oldest row was written.
    pub(crate) async fn first_at(&self, org: OrgId) -> Result<Option<Timestamp>, StoreError> {
        let text = match self.db.engine() {
            Engine::Sqlite => FIRST_BY_TIME,
            Engine::Postgres => FIRST_BY_ID,
        };
        self.db.optional(sql(text).bind(org)).await?.map(|row| row.time(0)).transpose()
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
