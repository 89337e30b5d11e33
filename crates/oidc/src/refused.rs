//! Why an ID token is refused: a code for the log. Callers get one text for all of them.

use sekisho_core::outgoing::NoAnswer;

/// Why an ID token does not count. Neither the code nor the text holds a word of the token's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Longer than 16 KiB.
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64url without padding, or no JSON object in them, or a key twice, or nested too deep.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// The header asks for something that is not done here: `crit`, a key of its own, another `typ`.
    #[error("the token's header is refused: {0}")]
    Header(&'static str),
    /// `alg` is none of those that count.
    #[error("the token's algorithm is refused")]
    Algorithm,
    /// `iss` is not a trusted issuer.
    #[error("the token's issuer is not trusted here")]
    Issuer,
    /// The issuer has no key of this `kid` that fits `alg`.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Signature,
    /// A claim that has to be there is not, or is of another type.
    #[error("the claim {0} is missing or of another type")]
    Claim(&'static str),
    /// `aud` is not ours, or not ours alone.
    #[error("the token is for somebody else, or not for us alone")]
    Audience,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` lies ahead.
    #[error("the token is not valid yet")]
    NotYet,
    /// `exp` is not after `iat`, or more than a day after it.
    #[error("the token's lifetime makes no sense")]
    Lifetime,
    /// `nonce` is not the one that was sent.
    #[error("the nonce is another one")]
    Nonce,
    /// The issuer's keys are not known and can't be had now. No fault of the caller's: the answer is `503`.
    #[error("the issuer's keys can't be had: {0}")]
    Unavailable(NoAnswer),
}

impl Refused {
    /// A stable word for the log and for counting.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Malformed(_) => "malformed",
            Self::Header(_) => "header",
            Self::Algorithm => "algorithm",
            Self::Issuer => "issuer",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Claim(_) => "claim",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::Lifetime => "lifetime",
            Self::Nonce => "nonce",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// True if the same token may well be taken a moment later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
