//! A valid credential and what is known of it.

use std::sync::atomic::{AtomicI64, Ordering};

use sekisho_core::Timestamp;
use sekisho_core::id::{BotId, CiSessionId, OrgId};
use sekisho_core::token::TokenHash;
use sekisho_oidc::Attribution;
use sekisho_store::{KeyHolder, OrgTokenRow, SessionRow, TokenRow};

/// A valid credential: its row as it was read, and its last use.
#[derive(Debug)]
pub struct Known<R = TokenRow> {
    /// The row, as it was read.
    pub row: R,
    hash: TokenHash,
    last_used: AtomicI64,
}

/// An organisation's token.
pub type KnownOrg = Known<OrgTokenRow>;
/// A pipeline's session, as it was read.
#[derive(Debug)]
pub struct Session {
    /// Its id.
    pub id: CiSessionId,
    /// The bot's organisation.
    pub org: OrgId,
    /// The bot that trusts the pipeline.
    pub bot: BotId,
    /// What the pipeline was.
    pub attribution: Attribution,
    /// Its end.
    pub expires_at: Timestamp,
    /// The organisation has Guard enabled.
    pub guard: bool,
}

impl Session {
    /// A session's row. What it says of the pipeline was written by us; were it not readable, it would be left out.
    pub(super) fn of(row: SessionRow) -> Session {
        let SessionRow { id, org, bot, attribution, issued_at: _, expires_at, guard } = row;
        Session { id, org, bot, attribution: serde_json::from_str(&attribution).unwrap_or_default(), expires_at, guard }
    }
}

/// A pipeline in its session.
pub type KnownSession = Known<Session>;
/// A bot that came with its key.
pub type KnownBot = Known<KeyHolder>;

/// What stands for a use that this node has not seen.
const NEVER: i64 = i64::MIN;

impl<R> Known<R> {
    /// What was just read, and what this node knew of the last use.
    pub(super) fn new(row: R, hash: TokenHash, last_used: Option<Timestamp>) -> Known<R> {
        Known { row, hash, last_used: AtomicI64::new(last_used.map_or(NEVER, |at| at.0)) }
    }

    /// What is kept of the credential itself.
    pub fn hash(&self) -> &TokenHash {
        &self.hash
    }

    /// Notes a use; true if it is to be written down. A second is exact enough, and keeps a lock off the path of most
    /// requests.
    pub(super) fn use_at(&self, now: Timestamp) -> bool {
        let before = self.last_used.swap(now.0, Ordering::Relaxed);
        before.div_euclid(1000) != now.0.div_euclid(1000)
    }

    /// The last use that this node saw.
    pub(super) fn last_used_here(&self) -> Option<Timestamp> {
        let here = self.last_used.load(Ordering::Relaxed);
        (here != NEVER).then_some(Timestamp(here))
    }
}

impl Known<TokenRow> {
    /// The last package request, as far as this node knows.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.last_used_here().max(self.row.last_used_at)
    }
}

impl Known<OrgTokenRow> {
    /// The last package request, as far as this node knows.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.last_used_here().max(self.row.last_used_at)
    }
}
