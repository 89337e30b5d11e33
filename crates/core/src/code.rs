//! One-time codes that people copy from a mail: ten characters of Crockford's base32, 50 bits.

use std::fmt;

use zeroize::Zeroizing;

use crate::Random;
use crate::base::{CROCKFORD, random_text};
use crate::email::EmailAddress;
use crate::id::{LoginId, SignInId};
use crate::secret::ServerSecret;

/// Characters of a code.
pub const CODE_CHARS: usize = 10;

/// A one-time code in the clear; it prints as dots and is wiped when dropped.
pub struct PlainCode(Zeroizing<String>);

/// What is stored of a code: an HMAC over address and code, because 50 bits could be searched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeMac(pub [u8; 32]);

impl PlainCode {
    /// Makes a new code.
    pub fn mint(random: &dyn Random) -> PlainCode {
        PlainCode(Zeroizing::new(random_text(CROCKFORD, CODE_CHARS, random)))
    }

    /// Reads what a person typed: case, spaces and hyphens don't matter, `O` is `0`, `I` and `L` are `1`.
    pub fn parse(text: &str) -> Option<PlainCode> {
        if text.len() > 4 * CODE_CHARS {
            return None;
        }
        let mut code = Zeroizing::new(String::with_capacity(CODE_CHARS));
        for c in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            if !c.is_ascii() || !CROCKFORD.contains(&(c as u8)) || code.len() == CODE_CHARS {
                return None;
            }
            code.push(c);
        }
        (code.len() == CODE_CHARS).then_some(PlainCode(code))
    }

    /// What is stored.
    pub fn mac(&self, email: &EmailAddress, secret: &ServerSecret) -> CodeMac {
        CodeMac(secret.mac("reset code", &[email.as_str().as_bytes(), self.0.as_bytes()]))
    }

    /// What is stored of a code that confirms a login: bound to that login, and of no use for a reset.
    pub fn mac_for_login(&self, login: LoginId, email: &EmailAddress, secret: &ServerSecret) -> CodeMac {
        let parts = [login.0.as_bytes().as_slice(), email.as_str().as_bytes(), self.0.as_bytes()];
        CodeMac(secret.mac("login code", &parts))
    }

    /// What is stored of a code that signs somebody in to the console: bound to that sign-in.
    pub fn mac_for_sign_in(&self, sign_in: SignInId, email: &EmailAddress, secret: &ServerSecret) -> CodeMac {
        let parts = [sign_in.0.as_bytes().as_slice(), email.as_str().as_bytes(), self.0.as_bytes()];
        CodeMac(secret.mac("sign-in code", &parts))
    }

    /// What is stored of a code that the operator gives to an organisation's first owner.
    pub fn mac_for_owner(&self, secret: &ServerSecret) -> CodeMac {
        CodeMac(secret.mac("owner code", &[self.0.as_bytes()]))
    }

    /// The plain text, for the one mail that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_bound_to_its_purpose_its_login_and_its_address() {
        let code = PlainCode::parse("ABCDE12345").expect("a code");
        let secret = ServerSecret::new([7; 32]);
        let email = |text| EmailAddress::parse(text).expect("an address");
        let login = |n| LoginId(uuid::Uuid::from_u128(n));
        let all = [
            code.mac(&email("a@example.com"), &secret),
            code.mac_for_login(login(1), &email("a@example.com"), &secret),
            code.mac_for_login(login(2), &email("a@example.com"), &secret),
            code.mac_for_login(login(1), &email("b@example.com"), &secret),
            code.mac_for_sign_in(SignInId(uuid::Uuid::from_u128(1)), &email("a@example.com"), &secret),
            code.mac_for_sign_in(SignInId(uuid::Uuid::from_u128(2)), &email("a@example.com"), &secret),
            code.mac_for_owner(&secret),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|other| other != one), "{i}");
        }
    }

    #[test]
    fn what_people_type_is_understood() {
        let typed = PlainCode::parse("o1il-2abcd e").expect("a code");
        assert_eq!(typed.expose(), "01112ABCDE");
        for bad in ["", "ABCDE", "ABCDEFGHJKM", "ABCDEFGHU1", "ABCDÉFGHJ1"] {
            assert!(PlainCode::parse(bad).is_none(), "{bad:?} was taken");
        }
    }
}
