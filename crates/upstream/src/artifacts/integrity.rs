//! What a document says about a file's bytes, and the check that they are so.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// A hash function that counts here, weakest first. MD5 and its like say nothing about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-1: old npm releases have nothing else. It finds damage; who makes both files can make it lie.
    Sha1,
    /// SHA-256: what Python's index gives.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512: npm's `integrity`.
    Sha512,
}

impl Algorithm {
    fn parse(name: &str) -> Option<Algorithm> {
        Some(match name {
            "sha1" => Algorithm::Sha1,
            "sha256" => Algorithm::Sha256,
            "sha384" => Algorithm::Sha384,
            "sha512" => Algorithm::Sha512,
            _ => return None,
        })
    }

    /// Its name as npm and `hashlib` write it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        }
    }

    fn length(self) -> usize {
        match self {
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha384 => 48,
            Algorithm::Sha512 => 64,
        }
    }
}

/// The hash that a file must have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    value: Box<[u8]>,
}

impl Digest {
    /// Reads npm's `dist.integrity`: the strongest of its hashes. `None` if that one can't be read or stands there with
    /// two values: clients may read such a text differently.
    pub fn from_sri(text: &str) -> Option<Digest> {
        let hashes = text.split_ascii_whitespace().filter_map(|item| {
            let (name, rest) = item.split_once('-')?;
            let value = rest.split_once('?').map_or(rest, |(value, _options)| value);
            Some((Algorithm::parse(name)?, STANDARD.decode(value).ok()))
        });
        Digest::strongest(hashes)
    }

    /// Reads pairs of a hash's name and its hexadecimal value, as Python's index and npm's `shasum` give them.
    pub fn from_hex<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Digest> {
        let read = |(name, value)| Some((Algorithm::parse(name)?, unhex(value)));
        Digest::strongest(pairs.into_iter().filter_map(read))
    }

    fn strongest(hashes: impl Iterator<Item = (Algorithm, Option<Vec<u8>>)>) -> Option<Digest> {
        let mut best: Option<(Algorithm, Option<Vec<u8>>)> = None;
        for (algorithm, value) in hashes {
            best = match best.take() {
                Some((known, old)) if known == algorithm => {
                    Some((known, old.filter(|old| Some(old) == value.as_ref())))
                }
                Some((known, old)) if known > algorithm => Some((known, old)),
                _ => Some((algorithm, value)),
            };
        }
        let (algorithm, value) = best?;
        let value = value.filter(|value| value.len() == algorithm.length())?;
        Some(Digest { algorithm, value: value.into() })
    }

    /// The hash function.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hash's bytes.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// A strong entity tag (RFC 9110, 8.8.3) of the bytes that have this hash: 256 bits of it at most.
    pub fn etag(&self) -> String {
        let shown = self.value.get(..32).unwrap_or(&self.value);
        format!("\"{}-{}\"", self.algorithm.name(), hex(shown))
    }

    /// Starts a check.
    pub(crate) fn verifier(&self) -> Verifier {
        let state = match self.algorithm {
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha384 => State::Sha384(Sha384::new()),
            Algorithm::Sha512 => State::Sha512(Box::new(Sha512::new())),
        };
        Verifier { wanted: self.clone(), state }
    }
}

/// A check under way.
pub(crate) struct Verifier {
    wanted: Digest,
    state: State,
}

enum State {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Box<Sha512>),
}

impl Verifier {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Sha384(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// True if the bytes are the ones that were wanted.
    pub(crate) fn holds(self) -> bool {
        let value = match self.state {
            State::Sha1(state) => state.finalize().to_vec(),
            State::Sha256(state) => state.finalize().to_vec(),
            State::Sha384(state) => state.finalize().to_vec(),
            State::Sha512(state) => state.finalize().to_vec(),
        };
        *value == *self.wanted.value
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|b| b.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) || text.len() > 128 {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC_1: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";
    const ABC_256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const ABC_512: &str =
        "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
    const ABC_384: &str = "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn";

    fn holds(digest: &Digest, bytes: &[u8]) -> bool {
        let mut verifier = digest.verifier();
        bytes.chunks(2).for_each(|chunk| verifier.update(chunk));
        verifier.holds()
    }

    #[test]
    fn every_hash_function_knows_its_bytes() {
        let sri = [ABC_512, ABC_384].map(|text| Digest::from_sri(text).unwrap());
        let hex = [("sha1", ABC_1), ("sha256", ABC_256)].map(|pair| Digest::from_hex([pair]).unwrap());
        for digest in sri.iter().chain(&hex) {
            assert!(holds(digest, b"abc"), "{digest:?}");
            assert!(!holds(digest, b"abd"), "{digest:?}");
            assert!(!holds(digest, b""), "{digest:?}");
        }
    }

    #[test]
    fn the_strongest_hash_counts_and_a_weak_one_does_not_stand_in_for_a_broken_strong_one() {
        let both = Digest::from_sri(&format!("sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0= {ABC_512}?options")).unwrap();
        assert_eq!(both.algorithm(), Algorithm::Sha512);
        for bad in [
            "",
            "sha512",
            "sha512-AAAA",
            "sha512-!!!!",
            "md5-kAFQmDzST7DWlj99KOF/cg==",
            "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0= sha512-AAAA",
        ] {
            assert_eq!(Digest::from_sri(bad), None, "{bad}");
        }
        let other = ABC_512.replace("3a81", "3a82");
        assert_eq!(Digest::from_sri(&format!("{ABC_512} {other}")), None, "two values for one function");
        assert!(Digest::from_sri(&format!("{ABC_512} {ABC_512}")).is_some());
    }

    #[test]
    fn hexadecimal_is_read_in_both_cases_and_nothing_else_is() {
        assert!(Digest::from_hex([("md5", "00"), ("sha256", &ABC_256.to_uppercase())]).is_some());
        let signed = format!("+a{}", &ABC_256[2..]);
        for bad in ["00", "", "zz", "ä", &signed] {
            assert_eq!(Digest::from_hex([("sha256", bad)]), None, "{bad}");
        }
        assert_eq!(Digest::from_hex([("md5", "900150983cd24fb0d6963f7d28e17f72")]), None);
    }

    #[test]
    fn the_entity_tag_is_short_and_strong() {
        assert_eq!(Digest::from_hex([("sha1", ABC_1)]).unwrap().etag(), format!("\"sha1-{ABC_1}\""));
        assert_eq!(Digest::from_sri(ABC_512).unwrap().etag().len(), 64 + 9);
    }
}
