//! The algorithms that count, and what each needs of a key. Everything else is refused by not being here: `none`, HMAC,
//! and the weaker or rarer ones.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, VerificationAlgorithm,
};

/// A signature algorithm of RFC 7518 or RFC 8037, by its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA, PKCS #1 1.5, SHA-256: what GitHub and GitLab use.
    Rs256,
    /// RSA, PKCS #1 1.5, SHA-384.
    Rs384,
    /// RSA, PKCS #1 1.5, SHA-512.
    Rs512,
    /// RSA, PSS, SHA-256.
    Ps256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// ECDSA on P-384, SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

/// A public key's own numbers, by its type. A key of one type can't be taken for one of another.
#[derive(Clone)]
pub(crate) enum Material {
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// An uncompressed point.
    P256(Vec<u8>),
    /// An uncompressed point.
    P384(Vec<u8>),
    /// 32 bytes.
    Ed25519(Vec<u8>),
}

impl Algorithm {
    /// Every algorithm that counts.
    pub const ALL: [Algorithm; 7] =
        [Self::Rs256, Self::Rs384, Self::Rs512, Self::Ps256, Self::Es256, Self::Es384, Self::EdDsa];

    /// The name in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads a header's `alg`, exactly as the RFCs write it.
    pub fn parse(text: &str) -> Option<Algorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text)
    }

    /// The key for this algorithm, if its type fits and its numbers make a key.
    pub(crate) fn key(self, material: &Material) -> Option<ParsedPublicKey> {
        let rsa = |parameters: &'static RsaParameters| match material {
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).ok(),
            _ => None,
        };
        let parsed =
            |algorithm: &'static dyn VerificationAlgorithm, bytes: &[u8]| ParsedPublicKey::new(algorithm, bytes).ok();
        match (self, material) {
            (Self::Rs256, _) => rsa(&RSA_PKCS1_2048_8192_SHA256),
            (Self::Rs384, _) => rsa(&RSA_PKCS1_2048_8192_SHA384),
            (Self::Rs512, _) => rsa(&RSA_PKCS1_2048_8192_SHA512),
            (Self::Ps256, _) => rsa(&RSA_PSS_2048_8192_SHA256),
            (Self::Es256, Material::P256(point)) => parsed(&ECDSA_P256_SHA256_FIXED, point),
            (Self::Es384, Material::P384(point)) => parsed(&ECDSA_P384_SHA384_FIXED, point),
            (Self::EdDsa, Material::Ed25519(bytes)) => parsed(&ED25519, bytes),
            _ => None,
        }
    }
}
