//! Seals what must not be read in the database: AES-256-GCM under a key that comes from the server's secret.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sekisho_core::Random;
use sekisho_core::secret::ServerSecret;
use zeroize::Zeroizing;

/// What follows the ciphertext.
const TAG: usize = 16;

/// Sealed under another secret, for something else, or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it can't be opened with this server's secret")]
pub(super) struct NotOpened;

/// Seals 32 bytes; `of` has to be given again to open them. The nonce is random and stands in front: a secret seals a
/// handful of keys in its life.
pub(super) fn seal(
    secret: &ServerSecret,
    random: &dyn Random,
    of: &[u8],
    bytes: &[u8; 32],
) -> Result<Vec<u8>, NotOpened> {
    let mut nonce = [0; NONCE_LEN];
    random.fill(&mut nonce);
    // Room for all of it: a buffer that grew would leave a copy behind.
    let mut buffer = Zeroizing::new(Vec::with_capacity(bytes.len() + TAG));
    buffer.extend_from_slice(bytes);
    let nonce_used = Nonce::assume_unique_for_key(nonce);
    key(secret)?.seal_in_place_append_tag(nonce_used, Aad::from(of), &mut *buffer).map_err(|_| NotOpened)?;
    Ok([&nonce[..], &buffer].concat())
}

/// Opens what was sealed.
pub(super) fn open(secret: &ServerSecret, of: &[u8], sealed: &[u8]) -> Result<Zeroizing<[u8; 32]>, NotOpened> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(NotOpened)?;
    let mut buffer = Zeroizing::new(rest.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key(secret)?.open_in_place(nonce, Aad::from(of), &mut buffer).map_err(|_| NotOpened)?;
    let bytes: &[u8; 32] = (&*opened).try_into().map_err(|_| NotOpened)?;
    Ok(Zeroizing::new(*bytes))
}

fn key(secret: &ServerSecret) -> Result<LessSafeKey, NotOpened> {
    let bytes = Zeroizing::new(secret.mac("signing keys", &[]));
    UnboundKey::new(&AES_256_GCM, bytes.as_slice()).map(LessSafeKey::new).map_err(|_| NotOpened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemRandom;

    #[test]
    fn what_was_sealed_opens_with_the_same_secret_and_name_only() {
        let (secret, other) = (ServerSecret::new([1; 32]), ServerSecret::new([2; 32]));
        let sealed = seal(&secret, &SystemRandom, b"a", &[3; 32]).unwrap();
        assert!(!sealed.windows(4).any(|part| part == [3; 4]), "the bytes themselves stand nowhere");
        assert_ne!(sealed, seal(&secret, &SystemRandom, b"a", &[3; 32]).unwrap());
        assert_eq!(*open(&secret, b"a", &sealed).unwrap(), [3; 32]);
        assert_eq!(open(&other, b"a", &sealed).unwrap_err(), NotOpened);
        assert_eq!(open(&secret, b"b", &sealed).unwrap_err(), NotOpened);
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert_eq!(open(&secret, b"a", &damaged).unwrap_err(), NotOpened, "byte {place}");
            assert_eq!(open(&secret, b"a", &sealed[..place]).unwrap_err(), NotOpened, "cut at {place}");
        }
    }
}
