//! What a client wrote into `Authorization`: `Bearer <credential>`, or `Basic` with the credential as password and any
//! user name. Its shape and checksum are looked at here, which costs no look-up.

use http::HeaderValue;
use sekisho_core::id::BotId;
use sekisho_core::token::{PlainToken, TokenHash, TokenKind};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A credential of the right shape.
pub(super) enum Presented {
    /// A token, personal or an organisation's.
    Token(TokenKind, TokenHash),
    /// A bot's key, and the bot that it is said to be of.
    BotKey(TokenHash, BotId),
    /// A token of three parts with dots in between, as a pipeline's session has.
    Session(Zeroizing<String>, TokenHash),
}

impl Presented {
    /// Reads the header; none for anything that can't be a credential of ours.
    pub(super) fn read(value: &HeaderValue) -> Option<Presented> {
        let text = value.to_str().ok()?;
        let (scheme, rest) = text.split_once(' ')?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Presented::parse(rest);
        }
        if !scheme.eq_ignore_ascii_case("basic") || rest.len() > LONGEST_BASIC {
            return None;
        }
        let decoded = base64(rest)?;
        let (_, password) = decoded.split_once(':')?;
        Presented::parse(password)
    }

    /// What memory and database know it by.
    pub(super) fn hash(&self) -> &TokenHash {
        match self {
            Presented::Token(_, hash) | Presented::BotKey(hash, _) | Presented::Session(_, hash) => hash,
        }
    }

    fn parse(text: &str) -> Option<Presented> {
        if is_jwt(text) {
            let hash = TokenHash(Sha256::digest(text).into());
            return Some(Presented::Session(Zeroizing::new(text.to_owned()), hash));
        }
        if let Some((key, bot)) = text.split_once(':') {
            let key = PlainToken::parse(key).ok().filter(|key| key.kind() == TokenKind::BotKey)?;
            return Some(Presented::BotKey(key.hash(), BotId::parse(bot)?));
        }
        let token = PlainToken::parse(text).ok()?;
        // A bot's key is nothing without its bot.
        (token.kind() != TokenKind::BotKey).then(|| Presented::Token(token.kind(), token.hash()))
    }
}

/// Longest text after `Basic` that is decoded: a pipeline's token is a password of up to 1,500 characters.
const LONGEST_BASIC: usize = 4096;
/// Every token of a pipeline is shorter.
const LONGEST_JWT: usize = 1500;

/// Three parts of base64url. None of our other tokens has a dot.
fn is_jwt(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    text.len() < LONGEST_JWT && text.split('.').count() == 3 && text.split('.').all(part)
}

fn base64(text: &str) -> Option<Zeroizing<String>> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seven;

    impl sekisho_core::Random for Seven {
        fn fill(&self, out: &mut [u8]) {
            out.fill(7);
        }
    }

    fn read(value: &str) -> bool {
        Presented::read(&HeaderValue::from_str(value).expect("a header")).is_some()
    }

    fn basic(user: &str, password: &str) -> String {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
    }

    #[test]
    fn a_token_is_taken_as_bearer_and_as_password() {
        for kind in [TokenKind::Personal, TokenKind::Organisation] {
            let token = PlainToken::mint(kind, &Seven);
            let token = token.expose();
            assert!(read(&format!("Bearer {token}")));
            assert!(read(&format!("bearer  {token}")));
            assert!(read(&basic("token", token)));
            assert!(read(&basic("", token).replace("Basic", "BASIC")));
            assert!(!read(&format!("Basic {token}")));
            assert!(!read(&format!("Token {token}")));
        }
        assert!(!read("Bearer"));
        assert!(!read("Basic !!!!"));
    }

    #[test]
    fn a_pipeline_s_token_is_told_by_its_three_parts() {
        let long = "a".repeat(1400);
        for good in ["a.b.c", "eyJ0.eyJp-_.c2ln", &format!("a.{long}.b")] {
            assert!(read(&format!("Bearer {good}")), "{good}");
            assert!(read(&basic("__token__", good)), "{good}");
        }
        let too_long = format!("a.{}.b", "a".repeat(1500));
        for bad in ["a.b", "a..c", ".b.c", "a.b.", "a.b.c.d", "a.b.c=", "a.b c.d", "a.b.c:BT", &too_long] {
            assert!(!read(&format!("Bearer {bad}")), "{bad}");
        }
    }

    #[test]
    fn a_bot_s_key_is_taken_with_its_bot_only() {
        let bot = BotId(uuid::Uuid::from_u128(1)).to_string();
        let key = PlainToken::mint(TokenKind::BotKey, &Seven);
        let key = key.expose();
        assert!(read(&format!("Bearer {key}:{bot}")));
        assert!(read(&basic("", &format!("{key}:{bot}"))));
        for bad in [key.to_owned(), format!("{key}:"), format!("{key}:{bot}:"), format!("{key}:OR{}", &bot[2..])] {
            assert!(!read(&format!("Bearer {bad}")), "{bad}");
        }
        let token = PlainToken::mint(TokenKind::Organisation, &Seven);
        assert!(!read(&format!("Bearer {}:{bot}", token.expose())), "a token is no bot's key");
    }
}
