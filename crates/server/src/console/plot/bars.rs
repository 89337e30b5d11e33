//! Stacked bars by day.

use std::fmt::Write;

use askama::Template;

use super::Caption;
use super::scale::ticks;
use crate::console::text::Say;

/// Places of the drawing's width for one day: a bar of eight, a gap of two.
const DAY: usize = 10;
/// Places of its height.
const HEIGHT: f64 = 100.0;
/// A bar that is not zero has this height at least, so that one refusal is seen beside a thousand.
const LEAST: f64 = 1.0;

/// What belongs together: drawn alike, and named in the legend.
pub(in crate::console) struct Series {
    /// The name.
    pub(in crate::console) name: String,
    /// A number for each day.
    pub(in crate::console) values: Vec<i64>,
}

/// Bars by day. The first series lies at the bottom, the next on it.
pub(in crate::console) struct Bars {
    /// What it is called.
    pub(in crate::console) caption: Caption,
    /// Each day in full, as the table has it.
    pub(in crate::console) days: Vec<String>,
    /// The first, the middle and the last day in short.
    pub(in crate::console) ends: [String; 3],
    /// Up to three.
    pub(in crate::console) series: Vec<Series>,
    /// What opens the table, and the head of its first column.
    pub(in crate::console) words: (String, String),
    /// Writes numbers as its reader does.
    pub(in crate::console) say: Say,
}

#[derive(Template)]
#[template(path = "console/plot/bars.html")]
struct Drawing<'a> {
    plot: &'a Bars,
    /// Of the scale, from the top down.
    ticks: Vec<String>,
    width: usize,
    grid: String,
    /// The outline of each series.
    paths: Vec<String>,
    /// The days with something, the latest first.
    rows: Vec<(&'a str, Vec<String>)>,
}

impl Bars {
    /// The figure, as HTML.
    pub(in crate::console) fn draw(&self) -> Result<String, askama::Error> {
        let at = |series: &Series, day: usize| series.values.get(day).copied().unwrap_or(0).max(0);
        let sum = |day: usize| self.series.iter().fold(0_i64, |sum, series| sum.saturating_add(at(series, day)));
        let days = 0..self.days.len();
        let ticks = ticks(days.clone().map(sum).max().unwrap_or(0));
        let top = ticks.last().copied().unwrap_or(1);
        let mut heights = vec![0.0; self.days.len()];
        let paths = self.series.iter().map(|series| {
            let mut path = String::new();
            for (day, height) in heights.iter_mut().enumerate() {
                let own = at(series, day) as f64 * HEIGHT / top as f64;
                // What is lifted so that it is seen must not leave the drawing.
                let own = if own > 0.0 { own.max(LEAST).min(HEIGHT - *height) } else { continue };
                *height += own;
                let (x, y) = (day * DAY + 1, (HEIGHT - *height).max(0.0));
                // Writing to a String can't fail.
                let _ = write!(path, "M{x} {y:.1}h8v{own:.1}h-8z");
            }
            path
        });
        let paths = paths.collect();
        let width = self.days.len().max(1) * DAY;
        let line = |tick: &i64| format!("M0 {:.1}H{width}", HEIGHT - *tick as f64 * HEIGHT / top as f64);
        let row = |day: usize| {
            let numbers = self.series.iter().map(|series| self.say.number(at(series, day))).collect();
            self.days.get(day).map(|name| (name.as_str(), numbers))
        };
        Drawing {
            plot: self,
            width,
            grid: ticks.iter().map(line).collect(),
            ticks: ticks.iter().rev().map(|tick| self.say.number(*tick)).collect(),
            paths,
            rows: days.rev().filter(|day| sum(*day) > 0).filter_map(row).collect(),
        }
        .render()
    }
}

#[cfg(test)]
mod tests {
    use sekisho_core::Language;

    use super::*;

    fn plot(series: &[(&str, &[i64])]) -> Bars {
        let days = series.first().map_or(0, |(_, values)| values.len());
        let series = series.iter().map(|(name, values)| Series { name: (*name).into(), values: values.to_vec() });
        Bars {
            caption: Caption { id: "installs", title: "Installs".into(), says: "12 installs in 4 days.".into() },
            days: (1..=days).map(|day| format!("{day} Nov 2026")).collect(),
            ends: ["1 Nov".into(), "3 Nov".into(), "4 Nov".into()],
            series: series.collect(),
            words: ("Numbers".into(), "Day".into()),
            say: Say(Language::En),
        }
    }

    #[test]
    fn bars_stand_on_each_other_and_have_a_table() {
        let plot = plot(&[("npm", &[3, 0, 1000, 0]), ("PyPI", &[1, 0, 500, 2])]);
        insta::assert_snapshot!(plot.draw().unwrap());
    }

    #[test]
    fn nothing_at_all_is_drawn_too() {
        insta::assert_snapshot!(plot(&[("npm", &[0, 0])]).draw().unwrap());
        assert!(plot(&[]).draw().unwrap().contains("viewBox=\"0 0 10 100\""));
    }

    #[test]
    fn no_number_and_no_name_breaks_the_drawing() {
        let text = plot(&[("<npm>\"'&", &[i64::MAX, i64::MIN, -1]), ("b", &[i64::MAX, 1]), ("c", &[1, 1, 1])]).draw();
        let text = text.unwrap();
        assert!(!text.contains("<npm") && !text.contains("NaN") && !text.contains("inf"), "{text}");
        let numbers = text.split("<path").skip(1).flat_map(|path| path.split(['M', ' ', 'h', 'v', 'H', 'z', '"']));
        for number in numbers.filter_map(|number| number.parse::<f64>().ok()) {
            assert!((-8.0..=100.0).contains(&number), "{number}: {text}");
        }
    }
}
