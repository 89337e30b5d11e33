//! ID tokens, honest and hostile, checked against an issuer over HTTP.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{US, World};
use sekisho_oidc::Refused;
use sekisho_oidc::testing::{TestKey, b64, gitlab, jwks};
use sekisho_upstream::testing::Reply;
use serde_json::{Value, json};

#[tokio::test]
async fn tokens_in_the_shapes_of_github_and_gitlab_are_taken_with_every_kind_of_key() {
    for key in [TestKey::rsa("r"), TestKey::p256("p"), TestKey::ed25519("e")] {
        let world = World::with(key).await;
        let claims = world.verify_claims(&world.claims()).await.unwrap();
        assert_eq!(claims.text("repository"), Some("acme/app"));
        assert_eq!(claims.audience(), US);
        let now = sekisho_core::Clock::now(&*world.clock);
        let claims = world.verify_claims(&gitlab(&world.issuer, US, now)).await.unwrap();
        assert_eq!(claims.scalar("runner_id").as_deref(), Some("1"));
        assert_eq!(claims.subject(), "project_path:acme/team/app:ref_type:branch:ref:main");
    }
}

#[tokio::test]
async fn an_rsa_key_that_names_no_algorithm_takes_pss_too() {
    let world = World::new().await;
    let token = world.key.token_with(&json!({"alg": "PS256", "kid": "key-1"}), &world.claims());
    assert_eq!(world.verify(&token).await.unwrap_err(), Refused::UnknownKey, "the key says RS256");

    let world = World::new().await;
    let mut jwk = world.key.jwk();
    jwk.as_object_mut().unwrap().remove("alg");
    world.fake.on("/jwks", Reply::json(json!({"keys": [jwk]}).to_string()));
    let token = world.key.token_with(&json!({"alg": "PS256", "kid": "key-1"}), &world.claims());
    world.verify(&token).await.unwrap();
}

#[tokio::test]
async fn alg_none_is_refused_in_every_spelling_and_asks_nobody() {
    let world = World::new().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = b64(json!({"alg": alg, "kid": "key-1", "typ": "JWT"}).to_string().as_bytes());
        let payload = b64(world.claims().to_string().as_bytes());
        assert_eq!(world.verify(&format!("{header}.{payload}.")).await.unwrap_err(), Refused::Algorithm, "{alg}");
    }
    assert_eq!(world.fake.requests().len(), 0);
}

#[tokio::test]
async fn an_hmac_with_the_public_key_as_its_secret_is_refused() {
    let world = World::new().await;
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, world.key.jwk().to_string().as_bytes());
    let header = b64(json!({"alg": "HS256", "kid": "key-1", "typ": "JWT"}).to_string().as_bytes());
    let signed = format!("{header}.{}", b64(world.claims().to_string().as_bytes()));
    let tag = aws_lc_rs::hmac::sign(&secret, signed.as_bytes());
    let token = format!("{signed}.{}", b64(tag.as_ref()));
    assert_eq!(world.verify(&token).await.unwrap_err(), Refused::Algorithm);
    // Nor does calling it RS256 help.
    let header = b64(json!({"alg": "RS256", "kid": "key-1"}).to_string().as_bytes());
    let token = format!("{header}.{}.{}", signed.split_once('.').unwrap().1, b64(tag.as_ref()));
    assert_eq!(world.verify(&token).await.unwrap_err(), Refused::Signature);
}

#[tokio::test]
async fn a_changed_token_and_one_of_another_key_are_refused() {
    let world = World::new().await;
    let token = world.key.token(&world.claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let other = b64(world.claims_with("repository", json!("evil/app")).to_string().as_bytes());
    assert_eq!(world.verify(&format!("{header}.{other}.{signature}")).await.unwrap_err(), Refused::Signature);
    let forged = TestKey::rsa("key-1").token(&world.claims());
    assert_eq!(world.verify(&forged).await.unwrap_err(), Refused::Signature);
    assert_eq!(world.verify(&format!("{signed}.")).await.unwrap_err(), Refused::Signature);
}

#[tokio::test]
async fn the_audience_is_ours_exactly_and_ours_alone() {
    let world = World::new().await;
    for wrong in [
        json!("https://guard.example/"),
        json!("https://other.example"),
        json!("https://GUARD.example"),
        json!([US, "https://other.example"]),
        json!([]),
        json!([US, 1]),
    ] {
        let refused = world.verify_claims(&world.claims_with("aud", wrong.clone())).await.unwrap_err();
        assert_eq!(refused, Refused::Audience, "{wrong}");
    }
    for wrong in [json!(null), json!(1), json!({"a": US})] {
        let refused = world.verify_claims(&world.claims_with("aud", wrong.clone())).await.unwrap_err();
        assert_eq!(refused, Refused::Claim("aud"), "{wrong}");
    }
    world.verify_claims(&world.claims_with("aud", json!([US]))).await.unwrap();
}

#[tokio::test]
async fn times_count_with_a_minute_of_leeway() {
    let world = World::new().await;
    let at = 1_795_424_400;
    let verify = async |iat: Value, nbf: Value, exp: Value| {
        let mut claims = world.claims();
        for (name, value) in [("iat", iat), ("nbf", nbf), ("exp", exp)] {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value,
            }
        }
        world.verify_claims(&claims).await.map(|_| ())
    };
    assert_eq!(verify(json!(at), json!(at), json!(at + 300)).await, Ok(()));
    assert_eq!(verify(json!(at), json!(null), json!(at + 300)).await, Ok(()), "nbf may be absent");
    assert_eq!(verify(json!(at - 300), json!(at), json!(at - 59)).await, Ok(()));
    assert_eq!(verify(json!(at - 300), json!(at), json!(at - 60)).await, Err(Refused::Expired));
    assert_eq!(verify(json!(at + 60), json!(at + 60), json!(at + 300)).await, Ok(()));
    assert_eq!(verify(json!(at + 61), json!(at), json!(at + 300)).await, Err(Refused::NotYet));
    assert_eq!(verify(json!(at), json!(at + 61), json!(at + 300)).await, Err(Refused::NotYet));
    assert_eq!(verify(json!(at + 10), json!(at), json!(at + 10)).await, Err(Refused::Lifetime));
    assert_eq!(verify(json!(at), json!(at), json!(at + 86_401)).await, Err(Refused::Lifetime));
    assert_eq!(verify(json!(at), json!(at), json!(253_402_300_800_i64)).await, Err(Refused::Claim("exp")));
    assert_eq!(verify(json!(at), json!(at), json!(u64::MAX)).await, Err(Refused::Claim("exp")));
    assert_eq!(verify(json!(at), json!(at), json!(1e300)).await, Err(Refused::Claim("exp")));
    assert_eq!(verify(json!(at), json!(at), json!(-1)).await, Err(Refused::Claim("exp")));
    assert_eq!(verify(json!(at), json!(at), json!((at + 300).to_string())).await, Err(Refused::Claim("exp")));
    assert_eq!(verify(json!(at), json!(at), json!(null)).await, Err(Refused::Claim("exp")));
    assert_eq!(verify(json!(null), json!(at), json!(at + 300)).await, Err(Refused::Claim("iat")));
    assert_eq!(verify(json!(at), json!("soon"), json!(at + 300)).await, Err(Refused::Claim("nbf")));
}

#[tokio::test]
async fn a_huge_token_is_refused_before_it_is_read() {
    let world = World::new().await;
    let token = world.key.token(&world.claims_with("padding", json!("x".repeat(13_000))));
    assert!(token.len() > 16 * 1024);
    assert_eq!(world.verify(&token).await.unwrap_err(), Refused::TooLong);
    assert_eq!(world.verify(&"a.".repeat(50_000_000)).await.unwrap_err(), Refused::TooLong);
}

#[tokio::test]
async fn a_claim_that_stands_there_twice_is_refused() {
    let world = World::new().await;
    let payload = world.claims().to_string();
    let doubled = payload.replacen('{', r#"{"repository_owner_id":"66","#, 1);
    let header = json!({"alg": "RS256", "kid": "key-1"}).to_string();
    let refused = world.verify(&world.key.sign(&header, &doubled)).await.unwrap_err();
    assert_eq!(refused, Refused::Malformed("payload"));
    let twice = r#"{"alg":"none","alg":"RS256","kid":"key-1"}"#;
    assert_eq!(world.verify(&world.key.sign(twice, &payload)).await.unwrap_err(), Refused::Malformed("header"));
}

#[tokio::test]
async fn deep_nesting_and_other_shapes_are_refused() {
    let world = World::new().await;
    let header = json!({"alg": "RS256", "kid": "key-1"}).to_string();
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(3000), "]".repeat(3000));
    for payload in [deep.as_str(), "[]", "1", "", "{}x", "{\"iss\":"] {
        let refused = world.verify(&world.key.sign(&header, payload)).await.unwrap_err();
        assert_eq!(refused, Refused::Malformed("payload"), "{payload:.20}");
    }
    assert_eq!(world.verify(&world.key.sign(&header, "{}")).await.unwrap_err(), Refused::Claim("iss"));
    let token = world.key.token(&world.claims());
    for bad in ["", ".", "..", "...", "a.b", "a.b.c.d", "é.é.é", &token.replacen('.', "..", 1), &format!("{token}=")]
    {
        assert!(matches!(world.verify(bad).await.unwrap_err(), Refused::Malformed(_)), "{bad:.20}");
    }
}

#[tokio::test]
async fn a_header_that_asks_for_more_is_refused() {
    let world = World::new().await;
    for (name, value) in [
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("jwk", world.key.jwk()),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/x5u")),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
    ] {
        let header = json!({"alg": "RS256", "kid": "key-1", name: value});
        let refused = world.verify(&world.key.token_with(&header, &world.claims())).await.unwrap_err();
        assert_eq!(refused, Refused::Header(name));
    }
    for typ in ["at+jwt", "dpop+jwt", "logout+jwt", "sekisho-ci+jwt", ""] {
        let header = json!({"alg": "RS256", "kid": "key-1", "typ": typ});
        let refused = world.verify(&world.key.token_with(&header, &world.claims())).await.unwrap_err();
        assert_eq!(refused, Refused::Header("typ"), "{typ}");
    }
}

#[tokio::test]
async fn a_key_id_of_control_characters_or_of_great_length_is_refused_and_asks_nobody() {
    let world = World::new().await;
    let long = "k".repeat(257);
    for kid in [json!("key-1\r\nX-Evil: 1"), json!("key-1\0"), json!("\u{1b}[2J"), json!(""), json!(long), json!(1)] {
        let header = json!({"alg": "RS256", "kid": kid});
        let refused = world.verify(&world.key.token_with(&header, &world.claims())).await.unwrap_err();
        assert_eq!(refused, Refused::Header("kid"), "{kid}");
    }
    let header = json!({"alg": "RS256"});
    let refused = world.verify(&world.key.token_with(&header, &world.claims())).await.unwrap_err();
    assert_eq!(refused, Refused::Header("kid"), "a token without one");
    assert_eq!(world.fake.requests().len(), 0);
}

#[tokio::test]
async fn two_keys_of_one_name_are_told_apart_by_their_type() {
    let (rsa, ec) = (TestKey::rsa("same"), TestKey::p256("same"));
    let world = World::new().await;
    world.fake.on("/jwks", Reply::json(jwks(&[&rsa, &ec])));
    world.verify(&rsa.token(&world.claims())).await.unwrap();
    world.verify(&ec.token(&world.claims())).await.unwrap();
    let confused = ec.token_with(&json!({"alg": "RS256", "kid": "same"}), &world.claims());
    assert_eq!(world.verify(&confused).await.unwrap_err(), Refused::Signature);
}

#[tokio::test]
async fn two_keys_of_one_name_and_one_type_both_do_not_count() {
    let (one, two) = (TestKey::p256("same"), TestKey::p256("same"));
    let world = World::new().await;
    world.fake.on("/jwks", Reply::json(jwks(&[&one, &two, &world.key])));
    assert_eq!(world.verify(&one.token(&world.claims())).await.unwrap_err(), Refused::UnknownKey);
    assert_eq!(world.verify(&two.token(&world.claims())).await.unwrap_err(), Refused::UnknownKey);
    world.verify(&world.key.token(&world.claims())).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_nobody_trusts_is_not_asked() {
    let world = World::new().await;
    for issuer in ["https://evil.example", &format!("{}/", world.issuer), &world.issuer.to_uppercase(), ""] {
        let refused = world.verify_claims(&world.claims_with("iss", json!(issuer))).await.unwrap_err();
        assert_eq!(refused, Refused::Issuer, "{issuer}");
    }
    let expected =
        sekisho_oidc::Expectations { issuers: &["https://id.example"], audiences: &[US.to_owned()], nonce: None };
    let refused = world.issuers.verify(&world.key.token(&world.claims()), &expected).await.unwrap_err();
    assert_eq!(refused, Refused::Issuer, "allowed by the operator, but not what the bot trusts");
    assert_eq!(world.fake.requests().len(), 0);
}

#[tokio::test]
async fn a_refusal_holds_no_word_of_the_tokens() {
    let world = World::new().await;
    let marked = "ATTACKER-TEXT";
    for token in [
        world.key.token(&world.claims_with("iss", json!(marked))),
        world.key.token(&world.claims_with("aud", json!(marked))),
        world.key.token(&world.claims_with("exp", json!(marked))),
        world.key.token_with(&json!({"alg": marked, "kid": "a"}), &world.claims()),
        world.key.token_with(&json!({"alg": "RS256", "kid": marked}), &world.claims()),
        world.key.token_with(&json!({"alg": "RS256", "kid": "key-1", "typ": marked}), &world.claims()),
        world.key.sign(marked, marked),
    ] {
        let refused = world.verify(&token).await.unwrap_err();
        assert!(!format!("{refused} {refused:?} {}", refused.code()).contains(marked));
    }
}
