//! Keys of our own making, and tokens in the shapes of GitHub's and GitLab's. For tests only.
//!
//! The shapes are those of the two providers' public documentation; hosts, names and numbers are examples.

#![allow(clippy::expect_used, clippy::missing_panics_doc)]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_core::Timestamp;
use serde_json::{Value, json};

/// A key pair with a name.
pub struct TestKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl TestKey {
    /// RSA with 2048 bits.
    pub fn rsa(kid: &str) -> TestKey {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        TestKey { kid: kid.to_owned(), pair: Pair::Rsa(pair) }
    }

    /// P-256.
    pub fn p256(kid: &str) -> TestKey {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        TestKey { kid: kid.to_owned(), pair: Pair::P256(pair) }
    }

    /// Ed25519.
    pub fn ed25519(kid: &str) -> TestKey {
        TestKey { kid: kid.to_owned(), pair: Pair::Ed25519(Ed25519KeyPair::generate().expect("a key")) }
    }

    /// The algorithm that it signs with.
    pub fn alg(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        }
    }

    /// The public half as a key set has it.
    pub fn jwk(&self) -> Value {
        let mut jwk = json!({"kid": self.kid, "use": "sig", "alg": self.alg()});
        let parts = match &self.pair {
            Pair::Rsa(pair) => {
                let (n, e) = rsa_numbers(pair.public_key().as_ref());
                json!({"kty": "RSA", "n": b64(n), "e": b64(e)})
            }
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])})
            }
            Pair::Ed25519(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref())}),
        };
        for (name, value) in parts.as_object().expect("an object") {
            jwk[name] = value.clone();
        }
        jwk
    }

    /// A token of these claims, with a header as the providers write it.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"typ": "JWT", "alg": self.alg(), "kid": self.kid}), claims)
    }

    /// A token with a header of the test's. `PS256` in it is signed so.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        self.sign(&header.to_string(), &claims.to_string())
    }

    /// A token of exactly these texts.
    pub fn sign(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", b64(header.as_bytes()), b64(payload.as_bytes()));
        let message = signed.as_bytes();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding = if header.contains("PS256") { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &SystemRandom::new(), message, &mut signature).expect("a signature");
                signature
            }
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        };
        format!("{signed}.{}", b64(&signature))
    }
}

/// A key set of these keys.
pub fn jwks(keys: &[&TestKey]) -> String {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}).to_string()
}

/// The discovery document of an issuer whose keys lie at `<issuer>/jwks`.
pub fn discovery(issuer: &str) -> String {
    let base = issuer.trim_end_matches('/');
    json!({"issuer": issuer, "jwks_uri": format!("{base}/jwks"), "response_types_supported": ["id_token"]}).to_string()
}

/// A token's claims as GitHub Actions writes them, for a push to `main`.
pub fn github(issuer: &str, audience: &str, now: Timestamp) -> Value {
    let at = now.0 / 1000;
    json!({
        "jti": "example-id", "sub": "repo:acme/app:ref:refs/heads/main", "aud": audience, "iss": issuer,
        "iat": at, "nbf": at - 300, "exp": at + 300,
        "ref": "refs/heads/main", "ref_protected": "true", "ref_type": "branch",
        "sha": "c040cae0f0dc81641728557b80f09cfa23b83fe5",
        "repository": "acme/app", "repository_owner": "acme", "repository_id": "74", "repository_owner_id": "65",
        "repository_visibility": "private", "enterprise": "acme-corp",
        "run_id": "22259804324", "run_number": "10", "run_attempt": "2", "runner_environment": "github-hosted",
        "actor": "monalisa", "actor_id": "12", "workflow": "build", "head_ref": "", "base_ref": "",
        "event_name": "push", "workflow_sha": "c040cae0f0dc81641728557b80f09cfa23b83fe5",
        "workflow_ref": "acme/app/.github/workflows/build.yml@refs/heads/main",
        "job_workflow_ref": "acme/shared/.github/workflows/install.yml@refs/heads/main",
        "job_workflow_sha": "d9ed89cf4dacf01feb527c42a26e0a8920d14c61",
    })
}

/// A token's claims as GitLab CI writes them, for a push to `main`.
pub fn gitlab(issuer: &str, audience: &str, now: Timestamp) -> Value {
    let at = now.0 / 1000;
    json!({
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b", "sub": "project_path:acme/team/app:ref_type:branch:ref:main",
        "aud": audience, "iss": issuer, "iat": at, "nbf": at - 5, "exp": at + 3600,
        "namespace_id": "72", "namespace_path": "acme/team", "project_id": "20", "project_path": "acme/team/app",
        "job_project_id": "20", "job_project_path": "acme/team/app", "job_namespace_id": "72",
        "user_id": "1", "user_login": "sample-user", "user_email": "sample-user@example.com",
        "user_access_level": "developer", "pipeline_id": "574", "pipeline_source": "push", "job_id": "302",
        "ref": "main", "ref_type": "branch", "ref_path": "refs/heads/main", "ref_protected": "true",
        "groups_direct": ["acme", "acme/team"], "environment": "production", "environment_protected": "true",
        "deployment_tier": "production", "runner_id": 1, "runner_environment": "self-hosted",
        "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc", "project_visibility": "private",
        "ci_config_ref_uri": "gitlab.example/acme/team/app//.gitlab-ci.yml@refs/heads/main",
        "ci_config_sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
    })
}

/// Base64url without padding.
pub fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Modulus and exponent of a DER-encoded `RSAPublicKey`: a sequence of two integers.
fn rsa_numbers(der: &[u8]) -> (&[u8], &[u8]) {
    let (sequence, _) = der_value(der);
    let (n, rest) = der_value(sequence);
    let (e, _) = der_value(rest);
    (n.strip_prefix(&[0]).unwrap_or(n), e)
}

/// A DER value's content, and what follows it.
fn der_value(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, start) = match der[1] {
        short @ 0..=0x7f => (usize::from(short), 2),
        long => {
            let bytes = usize::from(long & 0x7f);
            (der[2..2 + bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + bytes)
        }
    };
    der[start..].split_at(length)
}
