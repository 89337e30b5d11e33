//! Where a page of a list ended, in a form that a caller can only give back: signed with the server's secret, for one list
//! of one organisation with the same filters.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_core::secret::ServerSecret;

/// Bytes of the signature that are kept.
const SIGNATURE: usize = 16;
/// Longest cursor that is looked at.
const LONGEST: usize = 1024;

/// The list that a cursor is for.
pub(crate) struct Cursors<'a> {
    secret: &'a ServerSecret,
    list: &'a [&'a [u8]],
}

impl<'a> Cursors<'a> {
    /// Cursors of one list: its name, its organisation, its filters.
    pub(crate) fn of(secret: &'a ServerSecret, list: &'a [&'a [u8]]) -> Cursors<'a> {
        Cursors { secret, list }
    }

    /// The cursor of a place in the list.
    pub(crate) fn seal(&self, place: &[u8]) -> String {
        let mut bytes = self.sign(place).to_vec();
        bytes.extend_from_slice(place);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a cursor names; none if it is not one of this list's.
    pub(crate) fn open(&self, cursor: &str) -> Option<Vec<u8>> {
        if cursor.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (signature, place) = bytes.split_at_checked(SIGNATURE)?;
        // A guess costs a request each, and 128 bits are not found by timing that passes a network and a base64 decoder.
        (self.sign(place) == signature).then(|| place.to_vec())
    }

    fn sign(&self, place: &[u8]) -> [u8; SIGNATURE] {
        let mut parts = self.list.to_vec();
        parts.push(place);
        let mac = self.secret.mac("cursor", &parts);
        std::array::from_fn(|at| mac[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_for_its_own_list_only() {
        let secret = ServerSecret::new([7; 32]);
        let list: [&[u8]; 2] = [b"tokens", b"org 1"];
        let cursor = Cursors::of(&secret, &list).seal(b"place");
        assert_eq!(Cursors::of(&secret, &list).open(&cursor), Some(b"place".to_vec()));
        let other: [&[u8]; 2] = [b"tokens", b"org 2"];
        assert_eq!(Cursors::of(&secret, &other).open(&cursor), None);
        for at in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(Cursors::of(&secret, &list).open(&String::from_utf8(bytes).unwrap()), None, "character {at}");
        }
        for bad in ["", "AA", "!!", &"A".repeat(2000)] {
            assert_eq!(Cursors::of(&secret, &list).open(bad), None);
        }
    }
}
