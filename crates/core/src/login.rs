//! The ids by which a login from a terminal is found: one leads a browser to its page, one lets the package manager ask
//! whether it is done. Who knows one can't guess the other.

use std::fmt;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Random;

/// An unguessable id, 122 random bits written as a UUID (RFC 9562, version 4): package managers blot UUIDs out of their own
/// log files. It prints as dots.
#[derive(Clone, Copy)]
pub struct LoginSecret(Uuid);

/// SHA-256 of an id: what is stored and looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LoginHash(pub [u8; 32]);

impl LoginSecret {
    /// Makes a new id.
    pub fn mint(random: &dyn Random) -> LoginSecret {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        LoginSecret(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Reads an id in the one spelling in which it was given out.
    pub fn parse(text: &str) -> Option<LoginSecret> {
        let id = Uuid::try_parse(text).ok()?;
        (id.hyphenated().to_string() == text).then_some(LoginSecret(id))
    }

    /// What is stored.
    pub fn hash(&self) -> LoginHash {
        LoginHash(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The plain text, for the one answer that gives it out.
    pub fn expose(&self) -> String {
        self.0.hyphenated().to_string()
    }
}

impl fmt::Debug for LoginSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginSecret(…)")
    }
}

impl fmt::Debug for LoginHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Random for Sevens {
        fn fill(&self, out: &mut [u8]) {
            out.fill(0x77);
        }
    }

    #[test]
    fn an_id_is_read_in_its_one_spelling_and_never_printed() {
        let id = LoginSecret::mint(&Sevens);
        let text = id.expose();
        assert_eq!(text, "77777777-7777-4777-b777-777777777777");
        assert_eq!(LoginSecret::parse(&text).expect("its own text").hash(), id.hash());
        for other in [text.to_uppercase(), text.replace('-', ""), format!("{{{text}}}"), String::new(), "é".to_owned()]
        {
            assert!(LoginSecret::parse(&other).is_none(), "{other:?}");
        }
        assert_eq!(format!("{id:?} {:?}", id.hash()), "LoginSecret(…) LoginHash(…)");
    }
}
