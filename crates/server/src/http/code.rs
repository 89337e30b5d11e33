//! The stable codes of problems: status, title, and what each means for the reader.

mod ja;

use http::StatusCode;
use sekisho_core::Language;

/// What went wrong, as scripts may rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "`meaning` says for each what it is and what to do")]
pub enum Code {
    PackageBlocked,
    NotFound,
    InvalidRequest,
    InvalidCode,
    InvalidSignature,
    InvalidIdToken,
    TokenRequired,
    InvalidToken,
    WrongCredentialKind,
    InsufficientRole,
    GuardNotEnabled,
    RegistrationClosed,
    UnsupportedMethod,
    NotAcceptable,
    AlreadyRotated,
    TokenNotActive,
    BodyTooLarge,
    UnsupportedMediaType,
    UnknownHost,
    IdempotencyKeyReused,
    RateLimited,
    FrontOff,
    NothingLoaded,
    UpstreamUnavailable,
    IssuerUnavailable,
    DatabaseUnavailable,
    KeysUnavailable,
    Busy,
    LoopDetected,
    Internal,
}

impl Code {
    /// Every code, in the order of its status.
    pub const ALL: [Code; 30] = [
        Code::InvalidRequest,
        Code::InvalidCode,
        Code::InvalidSignature,
        Code::InvalidIdToken,
        Code::TokenRequired,
        Code::InvalidToken,
        Code::PackageBlocked,
        Code::WrongCredentialKind,
        Code::InsufficientRole,
        Code::GuardNotEnabled,
        Code::RegistrationClosed,
        Code::NotFound,
        Code::UnsupportedMethod,
        Code::NotAcceptable,
        Code::AlreadyRotated,
        Code::TokenNotActive,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::UnknownHost,
        Code::IdempotencyKeyReused,
        Code::RateLimited,
        Code::Internal,
        Code::FrontOff,
        Code::NothingLoaded,
        Code::UpstreamUnavailable,
        Code::IssuerUnavailable,
        Code::DatabaseUnavailable,
        Code::KeysUnavailable,
        Code::Busy,
        Code::LoopDetected,
    ];

    /// The code's text.
    pub fn as_str(self) -> &'static str {
        self.facts().0
    }

    /// The HTTP status that goes with it.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.facts().1).expect("the table holds valid statuses")
    }

    /// A few words for people, in their language.
    pub fn title(self, language: Language) -> &'static str {
        match language {
            Language::En => self.phrase(),
            Language::Ja => ja::words(self).0,
        }
    }

    /// The reason phrase: the title in English, because HTTP takes ASCII only there.
    pub fn phrase(self) -> &'static str {
        self.facts().2
    }

    /// What it means and what to do, for the page at `/problems/{code}`.
    pub fn meaning(self, language: Language) -> &'static str {
        match language {
            Language::En => self.facts().3,
            Language::Ja => ja::words(self).1,
        }
    }

    fn facts(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Code::PackageBlocked => (
                "package_blocked",
                403,
                "Blocked by Sekisho",
                "This release, or every release of this package, is refused: an advisory says that it is malicious, or the operator of this checkpoint blocks it. The answer's detail names the record and a page that says more. Choose another version; if you believe that this is a mistake, ask the operator of this checkpoint.",
            ),
            Code::NotFound => (
                "not_found",
                404,
                "Not found",
                "There is nothing at this address, or the registry behind this checkpoint does not have this package, version or file. Check the spelling.",
            ),
            Code::InvalidRequest => (
                "invalid_request",
                400,
                "Invalid request",
                "The request can't be read. The answer's detail says which part is wrong and what was expected.",
            ),
            Code::InvalidCode => (
                "invalid_code",
                400,
                "Invalid code",
                "The one-time code is wrong, used or older than an hour, or it belongs to another address. Register the address again to get a new code by mail.",
            ),
            Code::InvalidSignature => (
                "invalid_signature",
                400,
                "Invalid signature",
                "The report of found tokens is not signed by a key that its sender publishes, or this checkpoint does not take signed reports. Nothing of it was looked at.",
            ),
            Code::InvalidIdToken => (
                "invalid_id_token",
                400,
                "Invalid ID token",
                "The ID token that a pipeline sent is not one that the bot trusts now. Every reason has this one answer: signature, issuer, audience, times, the bot's conditions, a token that was exchanged before, a bot that is not there. The checkpoint's log says which; its operator can try a token with sekisho admin bot try.",
            ),
            Code::TokenRequired => (
                "token_required",
                401,
                "Token required",
                "This address needs a token. Register an e-mail address to get one by mail: POST /api/v1/tokens with {\"email\": \"you@example.com\"}.",
            ),
            Code::InvalidToken => (
                "invalid_token",
                401,
                "Invalid token",
                "The token that was sent is unknown, revoked or incomplete. Check the package manager's settings. If the token was rotated, put the new one in; if it is lost, register the same address again to get a one-time code.",
            ),
            Code::WrongCredentialKind => (
                "wrong_credential_kind",
                403,
                "Wrong kind of credential",
                "The token is valid, but not of the kind that this address takes.",
            ),
            Code::InsufficientRole => (
                "insufficient_role",
                403,
                "Role lacks the right",
                "The credential is valid, but its role in the organisation does not allow this. The answer's detail names the roles that do. An owner of the organisation can have the role changed.",
            ),
            Code::GuardNotEnabled => (
                "guard_not_enabled",
                403,
                "Guard is not enabled",
                "Guard is not enabled for this organisation: its tokens do not count, and there is nothing to manage. The operator of this checkpoint enables it.",
            ),
            Code::RegistrationClosed => (
                "registration_closed",
                403,
                "Registration is closed",
                "The operator of this checkpoint does not let this address register a token. Ask the operator.",
            ),
            Code::UnsupportedMethod => (
                "unsupported_method",
                405,
                "Method not supported",
                "This is a read-only checkpoint in front of a registry. Nothing can be published through it: publish to the registry itself. Addresses of the API take the methods that their documentation names.",
            ),
            Code::NotAcceptable => (
                "not_acceptable",
                406,
                "Not acceptable",
                "This document is not there in any of the forms that the request's Accept header names.",
            ),
            Code::AlreadyRotated => (
                "already_rotated",
                409,
                "Already rotated",
                "Another token came into this one's place before, perhaps a moment ago by a call at the same time. The list of tokens names it as replaced_by.",
            ),
            Code::TokenNotActive => (
                "token_not_active",
                409,
                "Token not active",
                "The token was revoked or has reached its end, so there is nothing to rotate. Issue a new one.",
            ),
            Code::BodyTooLarge => (
                "body_too_large",
                413,
                "Body too large",
                "The request's body is larger than this address takes: 64 KiB for the API, a few MiB for audits.",
            ),
            Code::UnsupportedMediaType => {
                ("unsupported_media_type", 415, "Unsupported media type", "Send the body as application/json.")
            }
            Code::UnknownHost => (
                "unknown_host",
                421,
                "Unknown host",
                "The request came under a host name that this checkpoint does not know. The operator adds it to the setting public_urls.",
            ),
            Code::IdempotencyKeyReused => (
                "idempotency_key_reused",
                422,
                "Idempotency key reused",
                "The same Idempotency-Key came with another request within 24 hours. Repeat the first request exactly, or use a new key.",
            ),
            Code::RateLimited => (
                "rate_limited",
                429,
                "Too many requests",
                "More requests came than the limit allows. Wait as long as Retry-After says. A personal token has a higher limit than no token.",
            ),
            Code::FrontOff => (
                "front_off",
                503,
                "Registry not available",
                "This checkpoint does not know which registry stands behind this address. The operator sets upstream.npm.url or upstream.pypi.url.",
            ),
            Code::NothingLoaded => (
                "nothing_loaded",
                503,
                "Advisories not loaded",
                "Advisories are configured, but none could be loaded yet, and nothing is let through unchecked. The operator looks at the server's log.",
            ),
            Code::UpstreamUnavailable => (
                "upstream_unavailable",
                503,
                "Registry did not answer",
                "The registry behind this checkpoint did not answer, or not with a document that can be used, and nothing is stored that could stand in. Try again later.",
            ),
            Code::IssuerUnavailable => (
                "issuer_unavailable",
                503,
                "Issuer did not answer",
                "The issuer of this ID token could not be asked for its keys, so that the token can't be checked. The same token may be sent again in a moment.",
            ),
            Code::DatabaseUnavailable => (
                "database_unavailable",
                503,
                "Temporarily unavailable",
                "The checkpoint can't reach its database, so it can neither check a token nor record what is taken. Try again later.",
            ),
            Code::KeysUnavailable => (
                "keys_unavailable",
                503,
                "Keys not available",
                "The public keys that a signature is checked with could not be fetched. Nothing was done; the same request works once they can be. Try again as late as Retry-After says.",
            ),
            Code::Busy => (
                "busy",
                503,
                "Too busy",
                "This checkpoint has as many large requests under way as it has memory for. Wait as long as Retry-After says.",
            ),
            Code::LoopDetected => (
                "loop_detected",
                508,
                "Loop detected",
                "The request came back to this checkpoint: it is its own upstream. The operator sets upstream.npm.url or upstream.pypi.url to the registry.",
            ),
            Code::Internal => (
                "internal_error",
                500,
                "Internal error",
                "Something went wrong in this checkpoint. The request id leads the operator to the log.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once() {
        let mut codes: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Code::ALL.len());
        assert!(Code::ALL.is_sorted_by_key(|c| c.status()));
    }

    #[test]
    fn every_title_and_explanation_is_in_both_languages_and_a_reason_phrase_is_ascii() {
        let is_japanese =
            |text: &str| text.chars().any(|c| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'));
        let printable = |text: &str| !text.is_empty() && text.bytes().all(|b| matches!(b, b' '..=b'~'));
        for code in Code::ALL {
            for text in [code.phrase(), code.title(Language::En), code.meaning(Language::En)] {
                assert!(printable(text), "{code:?}: {text}");
            }
            for text in [code.title(Language::Ja), code.meaning(Language::Ja)] {
                assert!(is_japanese(text), "{code:?}: {text}");
            }
        }
    }
}
