//! The keys that sessions are signed with. They lie in the database, so that every node signs and checks with the same;
//! the first is made when it is first needed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sekisho_core::secret::ServerSecret;
use sekisho_core::{Clock, Random, Timestamp};
use sekisho_oidc::{PublicKey, SessionClaims, SessionError, SessionKeys, SigningKey};
use sekisho_store::{SigningKeyRow, Store, StoreError};

use super::seal;

/// A new key signs this long after it was published, so that every node has read it by then.
const PUBLISHED_BEFORE: Duration = Duration::from_secs(10);
/// What was read so long ago is read again before anything is signed with it. Less than [`PUBLISHED_BEFORE`].
const READ_AGAIN: Duration = Duration::from_secs(5);
/// A token that does not check out has the keys read again, at most so often.
const COOL_DOWN: Duration = Duration::from_secs(1);
/// An older key counts until the last token that it signed has ended: a day, and what clocks may be apart.
const LONGEST_SESSION: Duration = Duration::from_secs(24 * 3600 + 60);

/// Why there is no key to sign or check with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key was sealed under another secret.
    #[error(
        "the signing key in the database can't be opened with this server's secret: all nodes need the same `secret`"
    )]
    Sealed,
    /// A key or the public URL can't be used.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// The keys as this node knows them.
pub struct KeyRing {
    store: Arc<Store>,
    secret: ServerSecret,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    issuer: String,
    held: Mutex<Option<Held>>,
    /// Held while the database is asked.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Held {
    keys: Arc<SessionKeys>,
    read_at: Duration,
    /// When another key begins to sign.
    next: Option<Timestamp>,
}

impl KeyRing {
    /// Nothing is read yet. `issuer` is the first public URL, which stands in every token.
    pub fn new(
        store: Arc<Store>,
        secret: ServerSecret,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        issuer: &str,
    ) -> KeyRing {
        let issuer = issuer.to_owned();
        KeyRing { store, secret, clock, random, issuer, held: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }

    /// The keys to sign with.
    pub async fn to_sign(&self) -> Result<Arc<SessionKeys>, KeyError> {
        let now = self.clock.now();
        let serves = |held: &Held| self.age(held) < READ_AGAIN && held.next.is_none_or(|next| now < next);
        if let Some(held) = self.held().filter(serves) {
            return Ok(held.keys);
        }
        let _alone = self.reading.lock().await;
        if let Some(held) = self.held().filter(serves) {
            return Ok(held.keys);
        }
        let mut rows = self.store.signing_keys().all().await?;
        if rows.is_empty() {
            let (first, older_until) = next_key(&rows, &self.secret, &*self.random, now)?;
            // Of two nodes at once one makes it; both read it.
            self.store.signing_keys().add(&first, older_until).await?;
            rows = self.store.signing_keys().all().await?;
        }
        self.keep(&rows, now)?.ok_or(KeyError::Sealed)
    }

    /// What a session's token says, if it is one that counts by its signature and time.
    pub async fn check(&self, token: &str) -> Result<Option<SessionClaims>, KeyError> {
        let now = self.clock.now();
        let recent = |held: &Held| self.age(held) < COOL_DOWN;
        let checked = |held: &Held| held.keys.check(token, now).ok();
        if let Some(held) = self.held() {
            let found = checked(&held);
            if found.is_some() || recent(&held) {
                return Ok(found);
            }
        }
        let _alone = self.reading.lock().await;
        if let Some(held) = self.held().filter(recent) {
            return Ok(checked(&held));
        }
        let rows = self.store.signing_keys().all().await?;
        Ok(self.keep(&rows, now)?.and_then(|keys| keys.check(token, now).ok()))
    }

    /// Puts together what was read: the youngest key whose time has come signs, all others check. None without keys.
    fn keep(&self, rows: &[SigningKeyRow], now: Timestamp) -> Result<Option<Arc<SessionKeys>>, KeyError> {
        let signing = rows.iter().rfind(|row| row.signs_from <= now).or(rows.first());
        let Some(signing) = signing else { return Ok(None) };
        let seed = seal::open(&self.secret, &signing.public_key, &signing.sealed).map_err(|_| KeyError::Sealed)?;
        let others = rows.iter().filter(|row| row.number != signing.number);
        let others = others.map(|row| (PublicKey::new(row.public_key), row.until));
        let keys = Arc::new(SessionKeys::new(&self.issuer, SigningKey::from_seed(&seed)?, others)?);
        let next = rows.iter().map(|row| row.signs_from).filter(|from| *from > now).min();
        let held = Held { keys: keys.clone(), read_at: self.clock.monotonic(), next };
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(Some(keys))
    }

    fn held(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn age(&self, held: &Held) -> Duration {
        self.clock.monotonic().saturating_sub(held.read_at)
    }
}

/// The key that comes after these, and until when these count. The first signs at once, as no node knows another.
pub fn next_key(
    rows: &[SigningKeyRow],
    secret: &ServerSecret,
    random: &dyn Random,
    now: Timestamp,
) -> Result<(SigningKeyRow, Timestamp), KeyError> {
    let signs_from = if rows.is_empty() { now } else { now.plus(PUBLISHED_BEFORE) };
    let key = SigningKey::generate(random)?;
    let public_key = *key.public().bytes();
    let sealed = seal::seal(secret, random, &public_key, key.seed()).map_err(|_| KeyError::Sealed)?;
    let number = rows.last().map_or(0, |row| row.number) + 1;
    let row = SigningKeyRow { number, public_key, sealed, signs_from, until: None };
    Ok((row, signs_from.plus(LONGEST_SESSION)))
}
