//! Who is asking: turns the credential of a request into a [`Caller`].
//!
//! Junk costs no look-up (shape and checksum first). A known token is one SHA-256 and one look-up in memory; the
//! database is read on a miss, and again once what is known is ten seconds old. A revocation takes effect at once: it
//! removes the entry, and a read that began before it is not kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use moka::sync::Cache;
use sekisho_core::token::{PlainToken, TokenHash};
use sekisho_core::{Clock, Timestamp};
use sekisho_store::{Revocation, Store, StoreError, TokenRow};

use crate::http::{Code, Problem};
use crate::last_use::LastUses;

/// Who is asking.
#[derive(Clone, Debug)]
pub enum Caller {
    /// No credential was sent.
    Anonymous,
    /// A person with a verified address.
    Personal(Arc<Known>),
}

/// A valid token and what is known of it.
#[derive(Debug)]
pub struct Known {
    /// The row, as it was read.
    pub row: TokenRow,
    hash: TokenHash,
    read_at: Duration,
    last_used: AtomicI64,
}

impl Known {
    /// What is kept of the token itself.
    pub fn hash(&self) -> &TokenHash {
        &self.hash
    }

    /// The last package request, as far as this node knows.
    pub fn last_used(&self) -> Option<Timestamp> {
        let here = self.last_used.load(Ordering::Relaxed);
        let here = (here != i64::MIN).then_some(Timestamp(here));
        here.max(self.row.last_used_at)
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
    hash: TokenHash,
    held: Option<Arc<Known>>,
}

impl Unsure {
    /// It was never seen here, or was forgotten: it may be made up.
    pub fn is_new(&self) -> bool {
        self.held.is_none()
    }
}

/// What is known is read again once it is this old.
const READ_AGAIN: Duration = Duration::from_secs(10);
/// With the database down, what is known counts this long.
const WITHOUT_DATABASE: Duration = Duration::from_secs(60);
/// Tokens kept in memory; the least used make room.
const CAPACITY: u64 = 100_000;

/// The tokens in memory.
pub struct Callers {
    store: Arc<Store>,
    known: Cache<TokenHash, Arc<Known>>,
    /// Counts revocations: a read that began before one is not kept.
    epoch: AtomicU64,
    uses: LastUses,
    clock: Arc<dyn Clock>,
}

impl Callers {
    /// Nobody is known yet.
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>) -> Callers {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_live(WITHOUT_DATABASE).build();
        Callers { store, known, epoch: AtomicU64::new(0), uses: LastUses::default(), clock }
    }

    /// What a request's credential looks like, without asking the database. A bad one is a problem; it is never treated
    /// as anonymous.
    pub fn recognise(&self, headers: &HeaderMap) -> Result<Recognised, Problem> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(Recognised::Caller(Caller::Anonymous)) };
        if values.next().is_some() {
            return Err(invalid());
        }
        let hash = credential(value).ok_or_else(invalid)?.hash();
        let held = self.known.get(&hash);
        Ok(match held {
            Some(known) if self.age(&known) < READ_AGAIN => Recognised::Caller(Caller::Personal(known)),
            held => Recognised::Unsure(Unsure { hash, held }),
        })
    }

    /// The caller behind a credential that memory alone could not tell.
    pub async fn identify(&self, unsure: Unsure) -> Result<Caller, Problem> {
        let Unsure { hash, held } = unsure;
        self.find(hash, held).await.map(Caller::Personal)
    }

    /// Notes a package request; written down a few seconds later.
    pub fn used(&self, known: &Known) {
        let now = self.clock.now();
        let before = known.last_used.swap(now.0, Ordering::Relaxed);
        // A second is exact enough, and keeps the lock off the path of most requests.
        if before.div_euclid(1000) != now.0.div_euclid(1000) {
            self.uses.note(known.row.id, known.row.account, now);
        }
    }

    /// Writes down what was noted.
    pub async fn write_uses(&self) -> Result<(), StoreError> {
        self.uses.write(&self.store).await
    }

    /// Forgets revoked tokens; they are refused from the next request on.
    pub fn forget(&self, revoked: &[Revocation]) {
        if revoked.is_empty() {
            return;
        }
        self.epoch.fetch_add(1, Ordering::SeqCst);
        for revocation in revoked {
            self.known.invalidate(&revocation.hash);
        }
    }

    /// Looks for revocations that others made: other nodes, or the command line.
    pub async fn follow_revocations(&self) -> Result<(), StoreError> {
        let since = self.clock.now().minus(Duration::from_secs(60));
        let revoked = self.store.tokens().revoked_since(since).await?;
        if revoked.iter().any(|r| self.known.contains_key(&r.hash)) {
            self.forget(&revoked);
        }
        Ok(())
    }

    async fn find(&self, hash: TokenHash, held: Option<Arc<Known>>) -> Result<Arc<Known>, Problem> {
        match self.read(hash, held.as_ref()).await {
            Ok(found) => found.ok_or_else(invalid),
            // The database is down: what was known a moment ago counts for a while.
            Err(error) => match held {
                Some(known) if self.age(&known) < WITHOUT_DATABASE => Ok(known),
                _ => Err(unavailable(&error)),
            },
        }
    }

    /// Reads the row. What a revocation overtook is read once more, and not kept a second time.
    async fn read(&self, hash: TokenHash, held: Option<&Arc<Known>>) -> Result<Option<Arc<Known>>, StoreError> {
        for _ in 0..2 {
            let epoch = self.epoch.load(Ordering::SeqCst);
            let read_at = self.clock.monotonic();
            let Some(row) = self.store.tokens().find_by_hash(&hash).await?.filter(|r| r.revoked_at.is_none()) else {
                self.known.invalidate(&hash);
                return Ok(None);
            };
            let last_used = held.map_or(i64::MIN, |k| k.last_used.load(Ordering::Relaxed));
            let known = Arc::new(Known { row, hash, read_at, last_used: AtomicI64::new(last_used) });
            if self.keep(&known, epoch) {
                return Ok(Some(known));
            }
        }
        Ok(self
            .store
            .tokens()
            .find_by_hash(&hash)
            .await?
            .filter(|r| r.revoked_at.is_none())
            .map(|row| Arc::new(Known { row, hash, read_at: Duration::ZERO, last_used: AtomicI64::new(i64::MIN) })))
    }

    /// Keeps what was read unless a revocation came in between: checked again after the insertion, so that one which
    /// comes between check and insertion is seen too.
    fn keep(&self, known: &Arc<Known>, epoch: u64) -> bool {
        self.known.insert(known.hash, known.clone());
        if self.epoch.load(Ordering::SeqCst) == epoch {
            return true;
        }
        self.known.invalidate(&known.hash);
        false
    }

    fn age(&self, known: &Known) -> Duration {
        self.clock.monotonic().saturating_sub(known.read_at)
    }
}

/// The token in `Authorization`: `Bearer <token>`, or `Basic` with the token as password and any user name.
fn credential(value: &HeaderValue) -> Option<PlainToken> {
    let text = value.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return PlainToken::parse(rest).ok();
    }
    if !scheme.eq_ignore_ascii_case("basic") || rest.len() > 1024 {
        return None;
    }
    let decoded = base64(rest)?;
    let (_, password) = decoded.split_once(':')?;
    PlainToken::parse(password).ok()
}

fn base64(text: &str) -> Option<zeroize::Zeroizing<String>> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok().map(zeroize::Zeroizing::new)
}

fn invalid() -> Problem {
    Problem::new(
        Code::InvalidToken,
        "The token is unknown, revoked or incomplete. Check the package manager's settings; if the key is lost, register the same address again.",
    )
}

/// The token can't be checked: `503`, never `401`, because it may be valid.
fn unavailable(error: &StoreError) -> Problem {
    Problem::new(Code::DatabaseUnavailable, "The token can't be checked right now. Try again in a moment.")
        .retry_after(2)
        .log(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zero;

    impl sekisho_core::Random for Zero {
        fn fill(&self, out: &mut [u8]) {
            out.fill(7);
        }
    }

    fn read(value: &str) -> bool {
        credential(&HeaderValue::from_str(value).expect("a header")).is_some()
    }

    #[test]
    fn a_token_is_taken_as_bearer_and_as_password() {
        use base64::Engine;
        let token = PlainToken::mint(sekisho_core::token::TokenKind::Personal, &Zero);
        let basic = |user: &str| base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", token.expose()));
        assert!(read(&format!("Bearer {}", token.expose())));
        assert!(read(&format!("bearer  {}", token.expose())));
        assert!(read(&format!("Basic {}", basic("token"))));
        assert!(read(&format!("BASIC {}", basic(""))));
        assert!(!read(&format!("Basic {}", token.expose())));
        assert!(!read(&format!("Token {}", token.expose())));
        assert!(!read("Bearer"));
        assert!(!read("Basic !!!!"));
    }
}
