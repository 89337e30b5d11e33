//! Lengths of time as people write them: `90d`, `12h`, `30m`, `45s`.

/// Longest: a hundred years.
const LONGEST: i64 = 100 * 365 * 86_400;

/// Reads a length of time, in seconds.
pub fn parse_seconds(text: &str) -> Result<i64, &'static str> {
    const WANTED: &str = "wanted a number with d, h, m or s behind it, such as 90d; at most 36500d";
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 'd')) => (&text[..at], 86_400),
        Some((at, 'h')) => (&text[..at], 3_600),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 's')) => (&text[..at], 1),
        _ => return Err(WANTED),
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(WANTED);
    }
    let seconds = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit)).ok_or(WANTED)?;
    if (1..=LONGEST).contains(&seconds) { Ok(seconds) } else { Err(WANTED) }
}

/// Reads whole days.
pub fn parse_days(text: &str) -> Result<i64, &'static str> {
    let seconds = parse_seconds(text)?;
    if text.ends_with('d') { Ok(seconds / 86_400) } else { Err("wanted whole days, such as 400d") }
}

/// Writes a length of time, in the longest unit that it is a whole number of.
pub fn show(seconds: i64) -> String {
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let unit = units.into_iter().find(|(length, _)| seconds % length == 0);
    let (length, letter) = unit.unwrap_or((1, 's'));
    format!("{}{letter}", seconds / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_shown() {
        for (text, seconds) in [("90d", 7_776_000), ("12h", 43_200), ("30m", 1_800), ("45s", 45), ("36500d", LONGEST)] {
            assert_eq!(parse_seconds(text), Ok(seconds));
            assert_eq!(show(seconds), text);
        }
        for bad in ["", "d", "90", "-1d", "0d", "1.5d", "36501d", "9999999999999999999d", "10 d", "１d", "1é"] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_days("400d"), Ok(400));
        assert!(parse_days("24h").is_err());
    }
}
