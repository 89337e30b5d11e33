//! What we show to an upstream that asks who we are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use zeroize::Zeroizing;

/// The value of `Authorization` for one upstream. It prints as `Sensitive`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials(HeaderValue);

/// The text has characters that no header can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("holds a character that can't be sent in a header")]
pub struct NotSendable;

impl Credentials {
    /// A token (RFC 6750).
    pub fn bearer(token: &str) -> Result<Credentials, NotSendable> {
        Credentials::of(Zeroizing::new(format!("Bearer {token}")))
    }

    /// User name and password (RFC 7617).
    pub fn basic(user: &str, password: &str) -> Result<Credentials, NotSendable> {
        if user.contains(':') {
            return Err(NotSendable);
        }
        Credentials::of(basic(user, password))
    }

    fn of(text: Zeroizing<String>) -> Result<Credentials, NotSendable> {
        let mut value = HeaderValue::from_str(&text).map_err(|_| NotSendable)?;
        value.set_sensitive(true);
        Ok(Credentials(value))
    }

    pub(crate) fn header(&self) -> &HeaderValue {
        &self.0
    }
}

/// The header's text for a user name and a password.
pub(crate) fn basic(user: &str, password: &str) -> Zeroizing<String> {
    let both = Zeroizing::new(format!("{user}:{password}"));
    Zeroizing::new(format!("Basic {}", STANDARD.encode(both.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_written_as_the_rfcs_say_and_never_printed() {
        let basic = Credentials::basic("Aladdin", "open sesame").unwrap();
        assert_eq!(basic.header().to_str().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let bearer = Credentials::bearer("abc").unwrap();
        assert_eq!(bearer.header().to_str().unwrap(), "Bearer abc");
        assert_eq!(format!("{basic:?}"), "Credentials(Sensitive)");
    }

    #[test]
    fn what_no_header_can_carry_is_refused() {
        assert!(Credentials::bearer("a\nb").is_err());
        assert!(Credentials::basic("a:b", "c").is_err());
    }
}
