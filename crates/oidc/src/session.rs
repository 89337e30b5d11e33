//! The tokens that a pipeline gets from us: signed with Ed25519, named by their own type, and short enough to be a password
//! inside an index URL.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_core::id::{BotId, CiSessionId, OrgId};
use sekisho_core::{Random, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::attribution::Attribution;
use crate::jws::Jws;

/// Every token is shorter than this.
const MAX_SESSION: usize = 1500;
/// The header's `typ` (RFC 8725, 3.11): nothing else that we or somebody else signs is a session, and a session nothing else.
const TYP: &str = "sekisho-ci+jwt";
/// `aud`: sessions are for package routes.
const AUDIENCE: &str = "sekisho-packages";
/// Longest name of ours in `iss`.
const MAX_ISSUER: usize = 200;
/// Longest life.
const MAX_LIFE: Duration = Duration::from_secs(24 * 3600);
/// How far the clocks of two nodes may be apart.
const LEEWAY: Duration = Duration::from_secs(60);

/// Half of a pair that signs. It is wiped when dropped, prints as its id, and can't be serialised.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// A key that sessions are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    bytes: [u8; 32],
    id: String,
}

/// What a session's token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionClaims {
    /// The session: a row that can be ended.
    pub id: CiSessionId,
    /// Whose installs these are.
    pub org: OrgId,
    /// The bot that trusts the pipeline.
    pub bot: BotId,
    /// What the pipeline was.
    pub attribution: Attribution,
    /// When it was exchanged.
    pub issued_at: Timestamp,
    /// Its end.
    pub expires_at: Timestamp,
}

/// Why a session can't be signed: a fault of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// 32 bytes that are no key.
    #[error("these bytes are no Ed25519 key")]
    Key,
    /// The public URL is too long to stand in every token.
    #[error("the public URL is longer than {MAX_ISSUER} bytes, or has characters that JSON escapes")]
    Issuer,
    /// It ends before it begins, or lives longer than a day.
    #[error("a session lives at least a second and at most a day")]
    Lifetime,
    /// It would not be shorter than 1,500 characters.
    #[error("the token would be too long")]
    TooLong,
}

/// The text is not a session of ours that counts now. Which check failed is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a session that counts: {0}")]
pub struct NotASession(pub &'static str);

/// The keys of one moment. They are replaced whole when one is added or removed.
pub struct SessionKeys {
    issuer: String,
    newest: SigningKey,
    accepted: Vec<Accepted>,
}

struct Accepted {
    id: String,
    key: ParsedPublicKey,
    until: Option<Timestamp>,
}

/// The payload. Its names are short because it travels in URLs.
#[derive(Serialize, Deserialize)]
struct Payload {
    iss: String,
    aud: String,
    sid: String,
    org: String,
    bot: String,
    iat: i64,
    exp: i64,
    #[serde(flatten)]
    attribution: Attribution,
}

impl SigningKey {
    /// A new key.
    pub fn generate(random: &dyn Random) -> Result<SigningKey, SessionError> {
        let mut seed = Zeroizing::new([0; 32]);
        random.fill(seed.as_mut());
        SigningKey::from_seed(&seed)
    }

    /// A stored key, from what [`SigningKey::seed`] gave.
    pub fn from_seed(seed: &[u8; 32]) -> Result<SigningKey, SessionError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| SessionError::Key)?;
        let bytes = pair.public_key().as_ref().try_into().map_err(|_| SessionError::Key)?;
        Ok(SigningKey { seed: Zeroizing::new(*seed), pair, public: PublicKey::new(bytes) })
    }

    /// What is stored, where nobody else can read it.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The half that others may see.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.id)
    }
}

impl PublicKey {
    /// The key of these bytes. Its id is the beginning of its thumbprint (RFC 7638), so that one key has one name on every node.
    pub fn new(bytes: [u8; 32]) -> PublicKey {
        let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(bytes));
        let mut id = URL_SAFE_NO_PAD.encode(Sha256::digest(jwk));
        id.truncate(16);
        PublicKey { bytes, id }
    }

    /// Its name in a token's header.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is stored.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl SessionKeys {
    /// Signs with `newest`, takes what it signed, and what the `older` ones signed until their moment. An older key without a
    /// moment counts until it is left out: so a new key is made known to every node before one signs with it.
    ///
    /// `issuer` is the first public URL: sessions of a copy of the database under another address do not count here.
    pub fn new(
        issuer: &str,
        newest: SigningKey,
        older: impl IntoIterator<Item = (PublicKey, Option<Timestamp>)>,
    ) -> Result<SessionKeys, SessionError> {
        let plain = issuer.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        if issuer.len() > MAX_ISSUER || !plain {
            return Err(SessionError::Issuer);
        }
        let first = std::iter::once((newest.public.clone(), None));
        let parsed = |(key, until): (PublicKey, Option<Timestamp>)| {
            let parsed = ParsedPublicKey::new(&ED25519, key.bytes).map_err(|_| SessionError::Key)?;
            Ok(Accepted { id: key.id, key: parsed, until })
        };
        let accepted = first.chain(older).map(parsed).collect::<Result<_, _>>()?;
        Ok(SessionKeys { issuer: issuer.to_owned(), newest, accepted })
    }

    /// Signs a session. The texts of its attribution are cut and cleaned, so the token always fits.
    pub fn issue(&self, session: &SessionClaims) -> Result<Zeroizing<String>, SessionError> {
        let (issued, expires) = (session.issued_at, session.expires_at);
        let life = expires.since(issued);
        if life < Duration::from_secs(1) || life > MAX_LIFE {
            return Err(SessionError::Lifetime);
        }
        let payload = Payload {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sid: session.id.to_string(),
            org: session.org.to_string(),
            bot: session.bot.to_string(),
            iat: issued.0.div_euclid(1000),
            exp: expires.0.div_euclid(1000),
            attribution: session.attribution.capped(),
        };
        let header = format!(r#"{{"typ":"{TYP}","alg":"EdDSA","kid":"{}"}}"#, self.newest.public.id);
        let payload = serde_json::to_vec(&payload).map_err(|_| SessionError::TooLong)?;
        let mut token = Zeroizing::new(String::with_capacity(MAX_SESSION));
        URL_SAFE_NO_PAD.encode_string(header, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.newest.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        if token.len() < MAX_SESSION { Ok(token) } else { Err(SessionError::TooLong) }
    }

    /// Reads a session's token. It proves that we issued it and that it has not run out; whether it was ended since, or its
    /// bot or organisation was, is for the database to say.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<SessionClaims, NotASession> {
        if token.len() >= MAX_SESSION {
            return Err(NotASession("too long"));
        }
        let jws = Jws::parse(token).map_err(|_| NotASession("malformed"))?;
        if jws.typ.as_deref() != Some(TYP) || jws.algorithm != Algorithm::EdDsa {
            return Err(NotASession("another type of token"));
        }
        let accepted = self.accepted.iter().find(|accepted| accepted.id == jws.kid);
        let accepted = accepted.ok_or(NotASession("an unknown key"))?;
        if accepted.until.is_some_and(|until| until <= now) {
            return Err(NotASession("a key that has ended"));
        }
        accepted.key.verify_sig(jws.signed, &jws.signature).map_err(|_| NotASession("the signature"))?;
        let payload = serde_json::from_value(serde_json::Value::Object(jws.payload));
        self.read(payload.map_err(|_| NotASession("its claims"))?, now)
    }

    fn read(&self, payload: Payload, now: Timestamp) -> Result<SessionClaims, NotASession> {
        if payload.iss != self.issuer || payload.aud != AUDIENCE {
            return Err(NotASession("another issuer or audience"));
        }
        let moment = |seconds: i64| Timestamp(seconds.saturating_mul(1000));
        let (issued_at, expires_at) = (moment(payload.iat), moment(payload.exp));
        if expires_at <= now {
            return Err(NotASession("expired"));
        }
        if issued_at > now.plus(LEEWAY) || expires_at.since(issued_at) > MAX_LIFE {
            return Err(NotASession("its times"));
        }
        let ids = CiSessionId::parse(&payload.sid).zip(OrgId::parse(&payload.org)).zip(BotId::parse(&payload.bot));
        let ((id, org), bot) = ids.ok_or(NotASession("its ids"))?;
        Ok(SessionClaims { id, org, bot, attribution: payload.attribution, issued_at, expires_at })
    }
}
