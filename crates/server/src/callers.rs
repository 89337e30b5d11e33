//! Who is asking: turns the credential of a request into a [`Caller`].
//!
//! Junk costs no look-up (shape and checksum first). A known credential is one SHA-256 and one look-up in memory; the
//! database is read on a miss, and again once what is known is ten seconds old. A revocation takes effect at once: it
//! removes the entry, and a read that began before it is not kept. Whether a token has reached its end is told by the
//! clock, at every request.

mod credential;
mod ended;
mod known;
mod revocations;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, header};
use moka::sync::Cache;
use sekisho_core::id::{OrgId, OrgTokenId};
use sekisho_core::token::{TokenHash, TokenKind};
use sekisho_core::{Clock, Timestamp};
use sekisho_store::{SessionRow, Store, StoreError, TokenStatus};

use self::credential::Presented;
use self::ended::EndedUses;
use self::known::Session;
pub use self::known::{Known, KnownBot, KnownOrg, KnownSession};
use self::revocations::Followed;
use crate::http::{Code, Problem};
use crate::last_use::LastUses;
use crate::pipelines::{KeyError, KeyRing};

/// Who is asking.
#[derive(Clone, Debug)]
pub enum Caller {
    /// No credential was sent.
    Anonymous,
    /// A person with a verified address.
    Personal(Arc<Known>),
    /// A person or a machine that an organisation gave a token to.
    Organisation(Arc<KnownOrg>),
    /// A pipeline, in a session that it was given for its provider's ID token.
    Ci(Arc<KnownSession>),
    /// An organisation's program. It manages; it takes no packages.
    Bot(Arc<KnownBot>),
}

impl Caller {
    /// The organisation that the caller belongs to.
    pub fn org(&self) -> Option<OrgId> {
        match self {
            Caller::Anonymous | Caller::Personal(_) => None,
            Caller::Organisation(known) => Some(known.row.org),
            Caller::Ci(known) => Some(known.row.org),
            Caller::Bot(known) => Some(known.row.bot.org),
        }
    }

    /// The last use that this node saw.
    fn last_used_here(&self) -> Option<Timestamp> {
        match self {
            // Of a session it is not asked.
            Caller::Anonymous | Caller::Ci(_) => None,
            Caller::Personal(known) => known.last_used_here(),
            Caller::Organisation(known) => known.last_used_here(),
            Caller::Bot(known) => known.last_used_here(),
        }
    }
}

/// What memory says about a credential.
pub enum Recognised {
    /// Who it is.
    Caller(Caller),
    /// Only the database can tell.
    Unsure(Unsure),
}

/// A credential of the right shape that is not known, or was read too long ago.
pub struct Unsure {
    presented: Presented,
    held: Option<Held>,
}

impl Unsure {
    /// It was never seen here, or was forgotten: it may be made up.
    pub fn is_new(&self) -> bool {
        self.held.is_none()
    }
}

/// What memory holds of a credential.
#[derive(Clone)]
struct Held {
    caller: Caller,
    read_at: Duration,
}

/// What is known is read again once it is this old.
const READ_AGAIN: Duration = Duration::from_secs(10);
/// With the database down, what is known counts this long.
const WITHOUT_DATABASE: Duration = Duration::from_secs(60);
/// Credentials kept in memory; the least used make room.
const CAPACITY: u64 = 100_000;

/// The credentials in memory.
pub struct Callers {
    store: Arc<Store>,
    known: Cache<TokenHash, Held>,
    /// Counts revocations: a read that began before one is not kept.
    epoch: AtomicU64,
    followed: Followed,
    uses: LastUses,
    keys: Arc<KeyRing>,
    ended: EndedUses,
    clock: Arc<dyn Clock>,
}

impl Callers {
    /// Nobody is known yet. `keys` check the tokens of pipelines.
    pub fn new(store: Arc<Store>, keys: Arc<KeyRing>, clock: Arc<dyn Clock>) -> Callers {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_live(WITHOUT_DATABASE).build();
        let (followed, uses) = (Followed::default(), LastUses::default());
        Callers { store, known, epoch: AtomicU64::new(0), followed, uses, keys, ended: EndedUses::default(), clock }
    }

    /// What a request's credential looks like, without asking the database. A bad one is a problem; it is never treated
    /// as anonymous.
    pub fn recognise(&self, headers: &HeaderMap) -> Result<Recognised, Problem> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(Recognised::Caller(Caller::Anonymous)) };
        if values.next().is_some() {
            return Err(invalid());
        }
        let presented = Presented::read(value).ok_or_else(invalid)?;
        match self.known.get(presented.hash()) {
            Some(held) if self.age(&held) < READ_AGAIN && !self.has_changed(&held) => {
                self.admit(&presented, held.caller).map(Recognised::Caller)
            }
            held => Ok(Recognised::Unsure(Unsure { presented, held })),
        }
    }

    /// The caller behind a credential that memory alone could not tell.
    pub async fn identify(&self, unsure: Unsure) -> Result<Caller, Problem> {
        let Unsure { presented, held } = unsure;
        let caller = match self.read(&presented, held.as_ref()).await {
            Ok(found) => found.ok_or_else(invalid)?,
            // The database is down: what was known a moment ago counts for a while, unless it is known to have changed.
            Err(error) => match held {
                Some(held) if self.age(&held) < WITHOUT_DATABASE && !self.has_changed(&held) => held.caller,
                _ => return Err(unavailable(&error)),
            },
        };
        self.admit(&presented, caller)
    }

    /// Notes that a credential was used; written down a few seconds later.
    pub fn used(&self, caller: &Caller) {
        let now = self.clock.now();
        match caller {
            Caller::Personal(known) if known.use_at(now) => self.uses.note(known.row.id, known.row.account, now),
            Caller::Organisation(known) if known.use_at(now) => self.uses.note_org(known.row.id, now),
            Caller::Bot(known) if known.use_at(now) => self.uses.note_bot(known.row.key, now),
            Caller::Anonymous | Caller::Personal(_) | Caller::Organisation(_) | Caller::Ci(_) | Caller::Bot(_) => {}
        }
    }

    /// Tokens that were used after their end, and of which nobody was told yet.
    pub fn ended_uses(&self) -> Vec<OrgTokenId> {
        self.ended.take()
    }

    /// The telling failed: they are given out again.
    pub fn untold(&self, tokens: &[OrgTokenId]) {
        self.ended.put_back(tokens);
    }

    /// Writes down what was noted.
    pub async fn write_uses(&self) -> Result<(), StoreError> {
        self.uses.write(&self.store).await
    }

    /// Forgets revoked credentials; they are refused from the next request on.
    pub fn forget(&self, revoked: impl IntoIterator<Item = TokenHash>) {
        let mut revoked = revoked.into_iter().peekable();
        if revoked.peek().is_none() {
            return;
        }
        self.epoch.fetch_add(1, Ordering::SeqCst);
        for hash in revoked {
            self.known.invalidate(&hash);
        }
    }

    /// Whether a credential that is on record counts now, and for the one who presents it.
    fn admit(&self, presented: &Presented, caller: Caller) -> Result<Caller, Problem> {
        match (&caller, presented) {
            (Caller::Organisation(known), _) if !known.row.guard => Err(invalid()),
            (Caller::Organisation(known), _) => match known.row.status(self.clock.now()) {
                TokenStatus::Active => Ok(caller),
                TokenStatus::Revoked => Err(invalid()),
                TokenStatus::Expired => {
                    self.ended.note(known.row.id, self.clock.now());
                    Err(expired())
                }
            },
            (Caller::Ci(known), _) if !known.row.guard => Err(invalid()),
            (Caller::Ci(known), _) if known.row.expires_at <= self.clock.now() => Err(session_over()),
            (Caller::Bot(known), Presented::BotKey(_, bot)) if known.row.bot.id != *bot => Err(invalid()),
            _ => Ok(caller),
        }
    }

    /// Reads the row. What a revocation overtook is read once more, and not kept a second time.
    async fn read(&self, presented: &Presented, held: Option<&Held>) -> Result<Option<Caller>, StoreError> {
        for _ in 0..2 {
            let epoch = self.epoch.load(Ordering::SeqCst);
            let read_at = self.clock.monotonic();
            let Some(caller) = self.find(presented, held).await? else {
                self.known.invalidate(presented.hash());
                return Ok(None);
            };
            if self.keep(presented.hash(), Held { caller: caller.clone(), read_at }, epoch) {
                return Ok(Some(caller));
            }
        }
        self.find(presented, held).await
    }

    /// The credential as the database knows it, if it was not revoked.
    async fn find(&self, presented: &Presented, held: Option<&Held>) -> Result<Option<Caller>, StoreError> {
        let used = held.and_then(|held| held.caller.last_used_here());
        let hash = *presented.hash();
        Ok(match presented {
            Presented::Token(TokenKind::Organisation, _) => {
                let row = self.store.org_tokens().find_by_hash(&hash).await?;
                let row = row.filter(|row| row.revoked_at.is_none());
                row.map(|row| Caller::Organisation(Arc::new(Known::new(row, hash, used))))
            }
            Presented::Token(..) => {
                let row = self.store.tokens().find_by_hash(&hash).await?;
                let row = row.filter(|row| row.revoked_at.is_none());
                row.map(|row| Caller::Personal(Arc::new(Known::new(row, hash, used))))
            }
            Presented::BotKey(..) => {
                let row = self.store.bots().find_by_key(&hash).await?;
                row.map(|row| Caller::Bot(Arc::new(Known::new(row, hash, used))))
            }
            Presented::Session(token, _) => self.session(token).await?.map(|row| {
                let session = Session::of(row);
                Caller::Ci(Arc::new(Known::new(session, hash, used)))
            }),
        })
    }

    /// The session of a pipeline's token. Its signature is looked at first: what we did not sign asks for no row.
    async fn session(&self, token: &str) -> Result<Option<SessionRow>, StoreError> {
        match self.keys.check(token).await {
            Ok(Some(claims)) => self.store.ci_sessions().find(claims.id).await,
            Ok(None) => Ok(None),
            Err(KeyError::Store(error)) => Err(error),
            Err(error) => {
                tracing::warn!("pipelines' tokens can't be checked: {error}");
                Ok(None)
            }
        }
    }

    /// Keeps what was read unless a revocation came in between: checked again after the insertion, so that one which
    /// comes between check and insertion is seen too.
    fn keep(&self, hash: &TokenHash, held: Held, epoch: u64) -> bool {
        self.known.insert(*hash, held);
        if self.epoch.load(Ordering::SeqCst) == epoch {
            return true;
        }
        self.known.invalidate(hash);
        false
    }

    /// Its organisation changed since it was read: it says nothing any more.
    fn has_changed(&self, held: &Held) -> bool {
        held.caller.org().is_some_and(|org| self.followed.changed_after(org, held.read_at))
    }

    fn age(&self, held: &Held) -> Duration {
        self.clock.monotonic().saturating_sub(held.read_at)
    }
}

/// The `401` of a credential that does not count.
pub(crate) fn invalid() -> Problem {
    Problem::new(
        Code::InvalidToken,
        "The token is unknown, revoked or incomplete. Check the package manager's settings; if the key is lost, register the same address again, or ask who gave it to you.",
    )
}

/// It is said that it was one, because who holds it can't do anything with it but ask for another.
fn expired() -> Problem {
    Problem::new(
        Code::InvalidToken,
        "The token has reached its end. Ask those who manage tokens in your organisation for a new one.",
    )
}

/// The same for a pipeline's session.
fn session_over() -> Problem {
    let detail = "The pipeline's session has reached its end. Exchange an ID token again, or ask for a longer session with expires_in.";
    Problem::new(Code::InvalidToken, detail)
}

/// The token can't be checked: `503`, never `401`, because it may be valid.
fn unavailable(error: &StoreError) -> Problem {
    Problem::new(Code::DatabaseUnavailable, "The token can't be checked right now. Try again in a moment.")
        .retry_after(2)
        .log(error.to_string())
}
