//! Session tokens: short, ours alone, and over when their key or their time is.

#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use sekisho_core::id::{BotId, CiSessionId, OrgId};
use sekisho_core::{Random, Timestamp};
use sekisho_oidc::testing::b64;
use sekisho_oidc::{Attribution, NotASession, SessionClaims, SessionError, SessionKeys, SigningKey};

const NOW: Timestamp = Timestamp(1_795_424_400_000);
const US: &str = "https://guard.example";

struct Seeded(u8);

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) {
        out.fill(self.0);
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::generate(&Seeded(seed)).unwrap()
}

fn keys(seed: u8) -> SessionKeys {
    SessionKeys::new(US, key(seed), []).unwrap()
}

fn session() -> SessionClaims {
    let text = |text: &str| Some(text.to_owned());
    SessionClaims {
        id: CiSessionId::mint(NOW, &Seeded(1)),
        org: OrgId::mint(NOW, &Seeded(2)),
        bot: BotId::mint(NOW, &Seeded(3)),
        attribution: Attribution {
            repository: text("acme/app"),
            workflow: text("acme/shared/.github/workflows/install.yml@refs/heads/main"),
            run: text("22259804324"),
            commit: text("c040cae0f0dc81641728557b80f09cfa23b83fe5"),
            git_ref: text("refs/heads/main"),
            event: text("push"),
        },
        issued_at: NOW,
        expires_at: NOW.plus(Duration::from_secs(1800)),
    }
}

/// A token of exactly these texts, signed by the key of this seed.
fn signed(seed: u8, header: &str, payload: &str) -> String {
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(key(seed).seed()).unwrap();
    let message = format!("{}.{}", b64(header.as_bytes()), b64(payload.as_bytes()));
    format!("{message}.{}", b64(pair.sign(message.as_bytes()).as_ref()))
}

#[test]
fn a_session_is_read_back_until_it_ends() {
    let token = keys(1).issue(&session()).unwrap();
    assert_eq!(keys(1).check(&token, NOW), Ok(session()));
    let last = NOW.plus(Duration::from_secs(1799));
    assert_eq!(keys(1).check(&token, last), Ok(session()));
    assert_eq!(keys(1).check(&token, session().expires_at), Err(NotASession("expired")));
    let before = NOW.minus(Duration::from_secs(61));
    assert_eq!(keys(1).check(&token, before), Err(NotASession("its times")));
}

#[test]
fn a_token_is_shorter_than_1500_characters_whatever_a_job_calls_itself() {
    let issuer = format!("https://{}.example", "g".repeat(184));
    assert_eq!(issuer.len(), 200);
    let widest = SessionKeys::new(&issuer, key(1), []).unwrap();
    for hostile in ["\"", "\\", "\n", "\u{7f}", "é", "🦀", "\u{202e}", "<", "a"] {
        let long = || Some(hostile.repeat(5000));
        let attribution = Attribution {
            repository: long(),
            workflow: long(),
            run: long(),
            commit: long(),
            git_ref: long(),
            event: long(),
        };
        let token = widest.issue(&SessionClaims { attribution, ..session() }).unwrap();
        assert!(token.len() < 1500, "{hostile:?}: {}", token.len());
        let read = widest.check(&token, NOW).unwrap();
        assert!(read.attribution.repository.unwrap().len() <= 140);
    }
    let usual = keys(1).issue(&session()).unwrap();
    println!("a usual token: {} characters", usual.len());
}

#[test]
fn after_a_rotation_older_keys_count_until_their_moment() {
    let token = keys(1).issue(&session()).unwrap();
    let until = NOW.plus(Duration::from_secs(600));
    let rotated = SessionKeys::new(US, key(2), [(key(1).public().clone(), Some(until))]).unwrap();
    assert_eq!(rotated.check(&token, NOW), Ok(session()));
    assert_eq!(rotated.check(&token, until), Err(NotASession("a key that has ended")));
    assert_eq!(rotated.check(&rotated.issue(&session()).unwrap(), until), Ok(session()));
    assert_eq!(keys(2).check(&token, NOW), Err(NotASession("an unknown key")));
    // A node that does not sign with the new key yet knows it already.
    let not_yet = SessionKeys::new(US, key(1), [(key(2).public().clone(), None)]).unwrap();
    assert_eq!(not_yet.check(&rotated.issue(&session()).unwrap(), NOW), Ok(session()));
}

#[test]
fn a_stored_key_has_the_same_name_and_signs_the_same() {
    let again = SigningKey::from_seed(key(1).seed()).unwrap();
    assert_eq!(again.public(), key(1).public());
    assert_eq!(again.public().id().len(), 16);
    assert_eq!(format!("{again:?}"), format!("SigningKey({})", again.public().id()));
    assert_ne!(key(2).public().id(), again.public().id());
}

#[test]
fn a_changed_forged_or_foreign_token_is_refused() {
    let token = keys(1).issue(&session()).unwrap();
    let kid = key(1).public().id().to_owned();
    let header = format!(r#"{{"typ":"sekisho-ci+jwt","alg":"EdDSA","kid":"{kid}"}}"#);
    let own = session();
    let payload = |extra: &str| {
        format!(
            r#"{{{extra}"iss":"{US}","aud":"sekisho-packages","sid":"{}","org":"{}","bot":"{}","iat":1795424400,"exp":1795426200}}"#,
            own.id, own.org, own.bot
        )
    };
    let check = |token: &str| keys(1).check(token, NOW).err();
    assert_eq!(check(&signed(1, &header, &payload(""))), None, "the shape that the rest of this test changes");
    let refused = |header: &str, payload: &str| check(&signed(1, header, payload)).unwrap().0;

    assert_eq!(check(&signed(2, &header, &payload(""))).unwrap().0, "the signature");
    assert_eq!(refused(&header.replace("sekisho-ci+jwt", "JWT"), &payload("")), "another type of token");
    assert_eq!(refused(r#"{"alg":"EdDSA","kid":"x"}"#, &payload("")), "another type of token");
    assert_eq!(refused(&header.replace("EdDSA", "none"), &payload("")), "malformed");
    assert_eq!(refused(&header.replace("EdDSA", "HS256"), &payload("")), "malformed");
    assert_eq!(refused(&header.replace("EdDSA", "RS256"), &payload("")), "another type of token");
    assert_eq!(refused(&header.replace(&kid, "another"), &payload("")), "an unknown key");
    assert_eq!(refused(&header, &payload(r#""org":"OR00000000000000000000000000","#)), "malformed", "twice");
    let other = payload("").replace(US, "https://staging.example");
    assert_eq!(refused(&header, &other), "another issuer or audience");
    assert_eq!(refused(&header, &payload("").replace("sekisho-packages", US)), "another issuer or audience");
    assert_eq!(refused(&header, &payload("").replace("\"sid\":\"CS", "\"sid\":\"BT")), "its ids");
    assert_eq!(refused(&header, &payload("").replace("1795426200", "9999999999")), "its times");
    assert_eq!(refused(&header, &payload("").replace("1795426200", "\"x\"")), "its claims");
    assert_eq!(refused(&header, "{}"), "its claims");

    let (start, signature) = token.rsplit_once('.').unwrap();
    for bad in
        ["", "a", "a.b.c", "tg_org_0000", start, &format!("{start}."), &format!("{start}.{signature}.{signature}")]
    {
        assert!(check(bad).is_some(), "{bad}");
    }
    assert_eq!(check(&"a".repeat(1500)).unwrap().0, "too long");
    for at in 0..token.len() {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(check(std::str::from_utf8(&bytes).unwrap()).is_some(), "character {at}");
    }
}

#[test]
fn what_would_not_be_a_session_is_not_signed() {
    let life = |seconds: u64| SessionClaims { expires_at: NOW.plus(Duration::from_secs(seconds)), ..session() };
    assert_eq!(keys(1).issue(&life(0)).err(), Some(SessionError::Lifetime));
    assert_eq!(keys(1).issue(&life(86_401)).err(), Some(SessionError::Lifetime));
    assert!(keys(1).issue(&life(86_400)).is_ok());
    assert_eq!(SessionKeys::new(&"g".repeat(201), key(1), []).err(), Some(SessionError::Issuer));
    assert_eq!(SessionKeys::new("https://g.example\"", key(1), []).err(), Some(SessionError::Issuer));
}

/// `cargo test --release -p sekisho-oidc --test sessions -- --ignored --nocapture`
#[test]
#[ignore = "a measurement: run it with --release"]
fn how_long_a_check_takes() {
    let keys = keys(1);
    let token = keys.issue(&session()).unwrap();
    let rounds = 20_000;
    let began = Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(keys.check(std::hint::black_box(&token), NOW)).unwrap();
    }
    println!(
        "{:.1} us for each of {rounds} checks of {} characters",
        began.elapsed().as_secs_f64() * 1e6 / f64::from(rounds),
        token.len()
    );
}
