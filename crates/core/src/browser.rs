//! What a browser keeps in a cookie to be known again: an unguessable text of which only the hash is stored.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Random;
use crate::base::{BASE62, random_text};

/// Characters of a secret: 256 bits.
const CHARS: usize = 43;

/// The secret in the clear; it prints as dots and is wiped when dropped.
pub struct BrowserSecret(Zeroizing<String>);

/// SHA-256 of a secret: what is stored and looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BrowserHash(pub [u8; 32]);

impl BrowserSecret {
    /// Makes a new secret.
    pub fn mint(random: &dyn Random) -> BrowserSecret {
        BrowserSecret(Zeroizing::new(random_text(BASE62, CHARS, random)))
    }

    /// Reads a cookie's value; none if it can't be one of ours.
    pub fn parse(text: &str) -> Option<BrowserSecret> {
        let ours = text.len() == CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric());
        ours.then(|| BrowserSecret(Zeroizing::new(text.to_owned())))
    }

    /// What is stored.
    pub fn hash(&self) -> BrowserHash {
        BrowserHash(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The plain text, for the one cookie that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BrowserSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserSecret(…)")
    }
}

impl fmt::Debug for BrowserHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_back_and_prints_as_dots() {
        let text = "a".repeat(CHARS);
        let secret = BrowserSecret::parse(&text).expect("a secret");
        assert_eq!(secret.expose(), text);
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "BrowserSecret(…) BrowserHash(…)");
        for bad in ["", "a", &"a".repeat(CHARS + 1), &format!("{}-", "a".repeat(CHARS - 1))] {
            assert!(BrowserSecret::parse(bad).is_none(), "{bad:?} was taken");
        }
    }
}
