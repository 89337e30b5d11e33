//! One part of a whole.

use askama::Template;

use super::Caption;

/// How much of something is so.
pub(in crate::console) struct Meter {
    /// What it is called, and what it says.
    pub(in crate::console) caption: Caption,
    /// The part.
    pub(in crate::console) part: i64,
    /// Of this whole.
    pub(in crate::console) whole: i64,
    /// The share as it is read: `93 %`.
    pub(in crate::console) share: String,
    /// What opens the table.
    pub(in crate::console) opens: String,
    /// The numbers that it was made of: what, and how many.
    pub(in crate::console) rows: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "console/plot/meter.html")]
struct Drawing<'a> {
    plot: &'a Meter,
    length: String,
}

/// Of a hundred, rounded down: only a whole is shown as one.
pub(in crate::console) fn percent(part: i64, whole: i64) -> i64 {
    let (part, whole) = (i128::from(part.max(0)), i128::from(whole.max(1)));
    i64::try_from(part * 100 / whole).unwrap_or(100).min(100)
}

impl Meter {
    /// The figure, as HTML.
    pub(in crate::console) fn draw(&self) -> Result<String, askama::Error> {
        let length = (self.part.max(0) as f64 * 100.0 / self.whole.max(1) as f64).min(100.0);
        Drawing { plot: self, length: format!("{length:.1}") }.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_shows_its_share_and_what_it_was_made_of() {
        let plot = Meter {
            caption: Caption { id: "cache", title: "Cache hit rate".into(), says: "Since the start.".into() },
            part: 999,
            whole: 1000,
            share: format!("{} %", percent(999, 1000)),
            opens: "Numbers".into(),
            rows: vec![("Hits".into(), "999".into()), ("Misses".into(), "1".into())],
        };
        insta::assert_snapshot!(plot.draw().unwrap());
    }

    #[test]
    fn shares_stay_between_nothing_and_all() {
        for (part, whole, expected) in
            [(0, 0, 0), (1, 0, 100), (999, 1000, 99), (1000, 1000, 100), (-5, 3, 0), (i64::MAX, i64::MAX, 100)]
        {
            assert_eq!(percent(part, whole), expected, "{part} of {whole}");
        }
    }
}
