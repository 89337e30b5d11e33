//! Under which name a file is kept.

use std::fmt;

use sha2::{Digest as _, Sha256};
use url::Url;

use super::integrity::{Algorithm, Digest, hex};
use crate::source::Upstream;

/// The name of a kept file. Content decides it: the upstream, and the file's strongest hash. The upstream belongs to it,
/// because one upstream's word for a hash must not give out what another one keeps from the public; and the address
/// belongs to it where there is SHA-1 only, of which two files may share a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn new(upstream: &Upstream, url: &Url, digest: &Digest) -> Key {
        let mut hash = Sha256::new();
        for part in [upstream.base().as_str().as_bytes(), digest.algorithm().name().as_bytes(), digest.value()] {
            // Each with its length, so that no two lists of parts read the same.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        if digest.algorithm() == Algorithm::Sha1 {
            hash.update(url.as_str().as_bytes());
        }
        Key(hash.finalize().into())
    }

    /// The key of a file's name, if it is one.
    pub(super) fn parse(name: &str) -> Option<Key> {
        let digits = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if name.len() != 64 || !name.bytes().all(digits) {
            return None;
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(name.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Key(bytes))
    }

    /// Where it lies, below a store's root: `ab/ab…`.
    pub(super) fn path(&self) -> String {
        let name = self.to_string();
        format!("{}/{name}", name.get(..2).unwrap_or_default())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::Ecosystem;

    fn key(base: &str, url: &str, hash: (&str, &str)) -> Key {
        let upstream = Upstream::new(Ecosystem::Npm, base).unwrap();
        Key::new(&upstream, &Url::parse(url).unwrap(), &Digest::from_hex([hash]).unwrap())
    }

    #[test]
    fn content_decides_and_not_the_address_but_another_upstream_s_files_are_others() {
        let (strong, weak) = (("sha256", "ab".repeat(32)), ("sha1", "ab".repeat(20)));
        let (strong, weak) = ((strong.0, &*strong.1), (weak.0, &*weak.1));
        let one = key("https://registry.example", "https://registry.example/a.tgz", strong);
        assert_eq!(one, key("https://registry.example", "https://files.example/b.tgz", strong));
        assert_ne!(one, key("https://index.example", "https://registry.example/a.tgz", strong));
        let weak_one = key("https://registry.example", "https://registry.example/a.tgz", weak);
        assert_ne!(weak_one, key("https://registry.example", "https://registry.example/b.tgz", weak));
        assert_eq!(Key::parse(&one.to_string()), Some(one));
        for bad in ["", "ab", "../../../../etc/passwd", &one.to_string().to_uppercase()] {
            assert_eq!(Key::parse(bad), None, "{bad}");
        }
    }
}
