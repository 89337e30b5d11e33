//! What can go wrong between us and an upstream: one message for the log, one for callers.

use std::borrow::Cow;

/// Why an upstream's answer could not be had. The `Display` text is for the log and holds no secret:
/// a foreign address appears in it as scheme, host and port at most.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The upstream knows no such thing (its 404 or 410).
    #[error("the upstream answered that there is no such thing")]
    NotFound,
    /// The upstream refused us with this status (401, 403, 429 …). Never passed on as our own answer.
    #[error("the upstream refused us with status {0}")]
    Refused(u16),
    /// The upstream could not be reached or could not answer now.
    #[error("the upstream is unavailable: {0}")]
    Unavailable(Unavailable),
    /// The answer is larger than the cap, before or after decompression.
    #[error("the upstream's answer is larger than {limit} bytes")]
    TooLarge {
        /// The cap that was passed, in bytes.
        limit: u64,
    },
    /// The answer makes no sense, or leads where the upstream may not send us.
    #[error("the upstream's answer is not valid: {0}")]
    Invalid(String),
    /// The request came back to ourselves.
    #[error("the upstream leads back to this server (a loop)")]
    Loop,
    /// There is no upstream. The text names the setting.
    #[error("{0}")]
    Off(String),
}

/// Why an upstream is unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No connection: name not found, refused, no route.
    #[error("no connection")]
    Connect,
    /// TLS failed: usually a certificate that this machine's store does not know.
    #[error("TLS failed: is its certificate in this machine's store (SSL_CERT_FILE counts)?")]
    Tls,
    /// It took longer than our patience.
    #[error("no answer in time")]
    Timeout,
    /// The connection ended before the answer did.
    #[error("the answer ended early")]
    Truncated,
    /// It answered with this status.
    #[error("status {0}")]
    Status(u16),
    /// More redirects than we follow.
    #[error("too many redirects")]
    Redirects,
    /// It is not yet known where the upstream is.
    #[error("still looking for the upstream")]
    Discovering,
    /// Too much of our own is under way.
    #[error("too many requests of ours are under way")]
    Busy,
    /// A fault of ours while fetching.
    #[error("a fault of our own while fetching")]
    Internal,
}

impl FetchError {
    /// The text for callers: nothing of the upstream's own words, no address.
    pub fn public(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::NotFound => "the upstream registry has no such package",
            Self::Refused(_) => "the upstream registry does not answer us at the moment",
            Self::Unavailable(Unavailable::Discovering) => "the upstream registry is being looked for; try again soon",
            Self::Unavailable(_) => "the upstream registry can't be reached at the moment",
            Self::TooLarge { .. } => "the upstream registry's answer is too large",
            Self::Invalid(_) => "the upstream registry's answer is not valid",
            Self::Loop => "the upstream leads back to this server",
            Self::Off(message) => return Cow::Borrowed(message),
        })
    }

    /// True if the same request may well succeed a moment later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Refused(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_never_reads_the_upstreams_words() {
        let error = FetchError::Invalid("redirect to http://10.0.0.1:80".into());
        assert!(error.to_string().contains("10.0.0.1"));
        assert!(!error.public().contains("10.0.0.1"));
    }

    #[test]
    fn a_front_that_is_off_names_its_setting() {
        let error = FetchError::Off("no npm upstream: set upstream.npm.url".into());
        assert_eq!(error.public(), "no npm upstream: set upstream.npm.url");
    }
}
