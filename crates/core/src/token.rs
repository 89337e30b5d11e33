//! Tokens: their shape, checksum, hash and hint. The plain text lives in [`PlainToken`] and nowhere else.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Random;
use crate::base::{BASE62, base62_u32, random_text};

/// Random characters of a token: 30 base62 digits are 178 bits.
const RANDOM_CHARS: usize = 30;
/// Checksum characters at the end.
const CHECKSUM_CHARS: usize = 6;

/// What a token is for; its prefix says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// `tg_anon_`: a person whose e-mail address was verified.
    Personal,
    /// `tg_org_`: a person or machine that an organisation gave it to.
    Organisation,
    /// `sekisho_apikey_`: a bot of an organisation; sent as `<key>:<bot id>`.
    BotKey,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [TokenKind; 3] = [TokenKind::Personal, TokenKind::Organisation, TokenKind::BotKey];

    /// What a token of this kind starts with.
    pub fn prefix(self) -> &'static str {
        match self {
            TokenKind::Personal => "tg_anon_",
            TokenKind::Organisation => "tg_org_",
            TokenKind::BotKey => "sekisho_apikey_",
        }
    }
}

/// A token in the clear. It can't be serialised, prints as its hint, and is wiped when dropped.
pub struct PlainToken {
    kind: TokenKind,
    text: Zeroizing<String>,
}

/// SHA-256 of a token: what is stored and looked up. 178 random bits need no slow hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// The text has not the shape of a token, or its checksum is wrong: no look-up can find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token: its prefix, its length or its checksum is wrong")]
pub struct NotAToken;

impl PlainToken {
    /// Makes a new token.
    pub fn mint(kind: TokenKind, random: &dyn Random) -> PlainToken {
        let length = kind.prefix().len() + RANDOM_CHARS + CHECKSUM_CHARS;
        let mut text = Zeroizing::new(String::with_capacity(length));
        text.push_str(kind.prefix());
        text.push_str(&Zeroizing::new(random_text(BASE62, RANDOM_CHARS, random)));
        let sum = checksum(&text);
        text.extend(sum.iter().map(|b| char::from(*b)));
        PlainToken { kind, text }
    }

    /// Reads what a client presented. Costs no look-up and no hash.
    pub fn parse(text: &str) -> Result<PlainToken, NotAToken> {
        let kind = TokenKind::ALL.into_iter().find(|k| text.starts_with(k.prefix())).ok_or(NotAToken)?;
        let body = &text.as_bytes()[kind.prefix().len()..];
        if body.len() != RANDOM_CHARS + CHECKSUM_CHARS || !body.iter().all(u8::is_ascii_alphanumeric) {
            return Err(NotAToken);
        }
        let (signed, sum) = text.split_at(text.len() - CHECKSUM_CHARS);
        if checksum(signed) != sum.as_bytes() {
            return Err(NotAToken);
        }
        Ok(PlainToken { kind, text: Zeroizing::new(text.to_owned()) })
    }

    /// What the token is for.
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// What is stored.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.text.as_bytes()).into())
    }

    /// What people may see: the prefix and four characters, `tg_anon_Ab3d…`.
    pub fn hint(&self) -> String {
        format!("{}…", &self.text[..self.kind.prefix().len() + 4])
    }

    /// The plain text, for the one mail or answer that hands it over.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hint())
    }
}

impl fmt::Display for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hint())
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// zlib's CRC-32 over the ASCII before it, in base62.
fn checksum(signed: &str) -> [u8; CHECKSUM_CHARS] {
    base62_u32(crc32fast::hash(signed.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Random for Fixed {
        fn fill(&self, out: &mut [u8]) {
            for (i, byte) in out.iter_mut().enumerate() {
                *byte = (i as u8).wrapping_mul(7);
            }
        }
    }

    #[test]
    fn a_minted_token_is_read_back() {
        let token = PlainToken::mint(TokenKind::Personal, &Fixed);
        assert_eq!(token.expose().len(), 44);
        let again = PlainToken::parse(token.expose()).expect("own token");
        assert_eq!(again.hash(), token.hash());
    }

    #[test]
    fn one_changed_character_costs_no_look_up() {
        let token = PlainToken::mint(TokenKind::Personal, &Fixed);
        for at in 0..token.expose().len() {
            let mut bytes = token.expose().as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let text = String::from_utf8(bytes).expect("ascii");
            assert_eq!(PlainToken::parse(&text).err(), Some(NotAToken), "character {at}");
        }
    }

    #[test]
    fn the_checksum_is_zlibs_crc_in_base62() {
        // python3 -c 'import zlib; print(zlib.crc32(b"tg_anon_" + b"0" * 30))' prints 342978068
        let text = format!("tg_anon_{}", "0".repeat(30));
        assert_eq!(checksum(&text), base62_u32(342_978_068));
    }

    #[test]
    fn printing_shows_the_hint_only() {
        let token = PlainToken::mint(TokenKind::Personal, &Fixed);
        assert_eq!(format!("{token} {token:?}"), format!("{0} {0}", token.hint()));
        assert_eq!(token.hint().chars().count(), "tg_anon_".len() + 5);
        assert_eq!(format!("{:?}", token.hash()), "TokenHash(…)");
    }

    #[test]
    fn other_texts_are_not_tokens() {
        for bad in ["", "tg_anon_", "tg_org_0000000000000000000000000000000000AA", "é", "tg_anon_é", &"a".repeat(44)]
        {
            assert!(PlainToken::parse(bad).is_err(), "{bad:?} was taken");
        }
    }
}
