//! Time and chance, passed in so that tests can move the one and seed the other.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment and `later`; saturates.
    pub fn plus(self, later: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(millis(later)))
    }

    /// This moment less `earlier`; saturates.
    pub fn minus(self, earlier: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(millis(earlier)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0) as u64)
    }
}

impl Timestamp {
    /// Reads the `Date` of an HTTP answer: `Tue, 24 Nov 2026 02:00:00 GMT`.
    pub fn of_http_date(text: &str) -> Option<Timestamp> {
        let moment = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Timestamp(moment.as_millisecond()))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC with whole seconds: `2026-11-23T09:00:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = jiff::Timestamp::from_second(self.0.div_euclid(1000)).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{seconds}")
    }
}

/// A text is not an RFC 3339 moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a moment like 2026-11-23T09:00:00Z")]
pub struct TimestampError;

/// Reads RFC 3339 with any offset.
impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Timestamp, TimestampError> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        Ok(Timestamp(moment.as_millisecond()))
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present moment. Not monotonic: an operator may set the machine's clock.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment, for limits and waiting: a clock of the machine overrides it with a monotonic one.
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now().0.max(0) as u64)
    }
}

/// Where chance comes from: the operating system's generator, or a seeded one in tests.
pub trait Random: Send + Sync + 'static {
    /// Fills `out` with bytes that nobody can guess.
    fn fill(&self, out: &mut [u8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_rfc_3339() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_795_424_400_123, "2026-11-23T09:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp(ms).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp(ms - ms.rem_euclid(1000))));
        }
    }

    #[test]
    fn the_date_of_an_http_answer_is_read() {
        let read = Timestamp::of_http_date("Mon, 23 Nov 2026 09:00:00 GMT");
        assert_eq!(read, Some(Timestamp(1_795_424_400_000)));
        assert_eq!(Timestamp::of_http_date("yesterday"), None);
    }
}
