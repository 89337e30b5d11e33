//! E-mail addresses in the one form in which they are stored and written to.

use std::fmt;

/// An address: lower-case ASCII local part, domain in IDNA's ASCII form, 254 characters at most (RFC 5321).
///
/// Mail goes to this form and never to the spelling of a request, so that two spellings can't reach two people.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EmailAddress(Box<str>);

/// The text is not an address that mail is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address: wanted something like you@example.com")]
pub struct NotAnAddress;

impl EmailAddress {
    /// Reads an address. Quoted local parts, comments and address literals are refused.
    pub fn parse(text: &str) -> Result<EmailAddress, NotAnAddress> {
        if text.len() > 1000 {
            return Err(NotAnAddress);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnAddress)?;
        let atom = |part: &str| !part.is_empty() && part.bytes().all(atom_byte);
        if local.len() > 64 || !local.split('.').all(atom) {
            return Err(NotAnAddress);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| NotAnAddress)?;
        if !domain.contains('.') || domain.ends_with('.') || domain.split('.').next_back().is_some_and(all_digits) {
            return Err(NotAnAddress);
        }
        let address = format!("{}@{domain}", local.to_ascii_lowercase());
        if address.len() > 254 {
            return Err(NotAnAddress);
        }
        Ok(EmailAddress(address.into()))
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain in ASCII.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 5322's `atext`.
fn atom_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

fn all_digits(label: &str) -> bool {
    label.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_form() {
        for (text, stored) in [
            ("You@Example.COM", "you@example.com"),
            ("a.b+c@b\u{fc}cher.example", "a.b+c@xn--bcher-kva.example"),
            ("x@\u{ff21}.example", "x@a.example"),
        ] {
            assert_eq!(EmailAddress::parse(text).map(|a| a.to_string()).as_deref(), Ok(stored));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "you",
            "@example.com",
            "you@",
            "you@localhost",
            "you@127.0.0.1",
            "you@[127.0.0.1]",
            "a b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "\"a\"@example.com",
            "a@example.com\r\nBcc: b@example.com",
            "a@b@example.com",
            "é@example.com",
            "a@example.com.",
            "a@-b.example",
            "a@exa_mple.com",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(NotAnAddress), "{bad:?}");
        }
        assert!(EmailAddress::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
        assert!(EmailAddress::parse(&format!("a@{}.com", "b.".repeat(130))).is_err());
    }
}
