//! `Idempotency-Key`: the same call again within a day gets the same answer, and has no second effect.
//!
//! The answer may show a token, so it is kept sealed, under a key made of the server's secret and of the caller's own
//! `Idempotency-Key`, which is not kept: neither the database nor the secret alone opens it, and with both somebody still has to
//! repeat the caller's words (docs/decisions/0023).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use http::{HeaderMap, StatusCode};
use sekisho_store::{NewRepeat, Repeat};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::store_problem;
use crate::app::App;
use crate::http::{Code, Problem};

const HEADER: &str = "idempotency-key";
/// Shortest key that is taken. Who knows a key and calls as the same bot is shown the token again, so that a number that counts
/// up would be worth guessing.
const SHORTEST: usize = 16;
/// Longest key that is taken.
const LONGEST: usize = 255;

/// An answer that was kept.
pub(crate) struct Kept {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its body, perhaps with a token.
    pub(crate) body: Value,
}

/// A call that may be repeated.
pub(crate) struct Call {
    scope: [u8; 32],
    request: [u8; 32],
    key: Zeroizing<[u8; 32]>,
}

impl Call {
    /// The call of `caller` with the request's key; none where there is no key. `asked` is everything that must not differ.
    pub(crate) fn of(app: &App, headers: &HeaderMap, caller: &str, asked: &[&str]) -> Result<Option<Call>, Problem> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let legal =
            |text: &&str| (SHORTEST..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        let (Some(text), None) = (value.to_str().ok().filter(legal), values.next()) else {
            let detail = format!(
                "Idempotency-Key: expected one, of {SHORTEST} to {LONGEST} printable characters without spaces; make it at random."
            );
            return Err(Problem::new(Code::InvalidRequest, detail));
        };
        let parts = [caller.as_bytes(), text.as_bytes()];
        let asked: Vec<&[u8]> = asked.iter().map(|part| part.as_bytes()).collect();
        Ok(Some(Call {
            scope: app.secret.mac("idempotency scope", &parts),
            request: app.secret.mac("idempotency request", &asked),
            key: Zeroizing::new(app.secret.mac("idempotency seal", &parts)),
        }))
    }

    /// The answer that this call had before; a problem if its key was used for another.
    pub(crate) async fn answered(&self, app: &App) -> Result<Option<Kept>, Problem> {
        let found = app.store.repeats().find(&self.scope, app.clock.now()).await.map_err(|e| store_problem(&e))?;
        let Some(Repeat { request, sealed }) = found else { return Ok(None) };
        if request != self.request {
            let detail = "This Idempotency-Key was used for another request within the last 24 hours. Use a new one.";
            return Err(Problem::new(Code::IdempotencyKeyReused, detail));
        }
        self.open(sealed).map(Some).ok_or_else(|| {
            Problem::new(Code::Internal, "The answer to the first call can't be read.")
                .log("a kept answer did not open")
        })
    }

    /// What is kept of an answer.
    pub(crate) fn keep(&self, app: &App, status: StatusCode, answer: &Value) -> NewRepeat {
        let mut nonce = [0; NONCE_LEN];
        app.random.fill(&mut nonce);
        let mut sealed = Zeroizing::new(json!({"status": status.as_u16(), "body": answer}).to_string().into_bytes());
        let tag = self
            .cipher()
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(self.scope), &mut sealed)
            .expect("a short text is sealed");
        NewRepeat {
            scope: self.scope,
            request: self.request,
            sealed: [&nonce, sealed.as_slice(), tag.as_ref()].concat(),
        }
    }

    fn open(&self, sealed: Vec<u8>) -> Option<Kept> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.cipher().open_in_place(nonce, Aad::from(self.scope), &mut text).ok()?;
        let mut kept: Value = serde_json::from_slice(text).ok()?;
        let status = kept["status"].as_u64().and_then(|status| u16::try_from(status).ok())?;
        Some(Kept { status: StatusCode::from_u16(status).ok()?, body: kept["body"].take() })
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, self.key.as_slice()).expect("32 bytes are a key"))
    }
}
