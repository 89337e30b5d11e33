//! Two number alphabets: base62 for tokens, Crockford's base32 for codes that people type.

use crate::Random;

/// Base62 digits, in the order that the token checksum uses.
pub const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Crockford's base32: no `I`, `L`, `O`, `U`.
pub const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `count` random characters of `alphabet`, each equally likely (bytes that would favour some are drawn again).
pub fn random_text(alphabet: &[u8], count: usize, random: &dyn Random) -> String {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(count);
    let mut bytes = [0_u8; 64];
    while text.len() < count {
        random.fill(&mut bytes);
        let wanted = count - text.len();
        text.extend(
            bytes
                .iter()
                .filter(|b| usize::from(**b) < fair)
                .take(wanted)
                .map(|b| char::from(alphabet[usize::from(*b) % alphabet.len()])),
        );
    }
    bytes.fill(0);
    text
}

/// `value` in base62, most significant digit first, padded with `0` to six characters (62^6 > 2^32).
pub fn base62_u32(value: u32) -> [u8; 6] {
    let mut digits = [b'0'; 6];
    let mut rest = value as usize;
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest % 62];
        rest /= 62;
    }
    digits
}

/// Digits of 128 bits in base32: the first is at most 7.
const U128_DIGITS: usize = 26;

/// `value` in Crockford's base32, most significant digit first, padded with `0`: texts are ordered as numbers are.
pub fn u128_crockford(value: u128) -> String {
    let digit = |at: usize| char::from(CROCKFORD[(value >> (5 * at)) as usize & 31]);
    (0..U128_DIGITS).rev().map(digit).collect()
}

/// Reads what [`u128_crockford`] wrote: capital letters only, because an id has one form.
pub fn crockford_u128(text: &str) -> Option<u128> {
    let digit = |c: u8| CROCKFORD.iter().position(|d| *d == c);
    if text.len() != U128_DIGITS || text.as_bytes().first().is_none_or(|c| digit(*c).is_none_or(|d| d > 7)) {
        return None;
    }
    text.bytes().try_fold(0_u128, |value, c| Some(value << 5 | digit(c)? as u128))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Random for Counting {
        fn fill(&self, out: &mut [u8]) {
            for byte in out {
                *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn every_digit_is_equally_likely() {
        let text = random_text(BASE62, 248, &Counting(0.into()));
        for digit in BASE62 {
            assert_eq!(text.bytes().filter(|b| b == digit).count(), 4, "{}", char::from(*digit));
        }
    }

    #[test]
    fn base62_is_padded_and_most_significant_first() {
        assert_eq!(&base62_u32(0), b"000000");
        assert_eq!(&base62_u32(61), b"00000z");
        assert_eq!(&base62_u32(62), b"000010");
        assert_eq!(&base62_u32(u32::MAX), b"4gfFC3");
    }
}
