//! A list by number, longest bar first. It is a table, so there is none behind it: the bar stands beside the number that it
//! is as long as.

use askama::Template;

use super::{Caption, shown};
use crate::console::text::Say;

/// A line.
pub(in crate::console) struct Rank {
    /// What it is about; a stranger's word.
    pub(in crate::console) name: String,
    /// What sort of thing it is.
    pub(in crate::console) sort: &'static str,
    /// Where more about it stands; an address of ours, if there is one.
    pub(in crate::console) href: Option<String>,
    /// How many.
    pub(in crate::console) number: i64,
}

/// The list.
pub(in crate::console) struct Ranks {
    /// What it is called.
    pub(in crate::console) caption: Caption,
    /// The heads of its columns.
    pub(in crate::console) heads: [String; 2],
    /// In the order in which they are shown.
    pub(in crate::console) ranks: Vec<Rank>,
    /// Writes numbers as its reader does.
    pub(in crate::console) say: Say,
}

#[derive(Template)]
#[template(path = "console/plot/ranks.html")]
struct Drawing<'a> {
    plot: &'a Ranks,
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    rank: &'a Rank,
    name: String,
    number: String,
    /// Of a hundred.
    length: i64,
}

impl Ranks {
    /// The table, as HTML.
    pub(in crate::console) fn draw(&self) -> Result<String, askama::Error> {
        let most = self.ranks.iter().map(|rank| rank.number).max().unwrap_or(0).max(1);
        let rows = self.ranks.iter().map(|rank| self.row(rank, most)).collect();
        Drawing { plot: self, rows }.render()
    }

    fn row<'a>(&self, rank: &'a Rank, most: i64) -> Row<'a> {
        let length = (rank.number.max(0) as f64 * 100.0 / most as f64).round().max(1.0) as i64;
        Row { rank, name: shown(&rank.name), number: self.say.number(rank.number), length }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_core::Language;

    use super::*;

    #[test]
    fn a_list_has_bars_and_hostile_names_are_harmless() {
        let rank =
            |name: &str, number| Rank { name: name.into(), sort: "npm", href: Some("/why/npm/x".into()), number };
        let hostile = format!("\"><script>alert(1)</script>\u{202e}{}", "x".repeat(100));
        let plot = Ranks {
            caption: Caption { id: "most", title: "Most taken".into(), says: "In the last 30 days.".into() },
            heads: ["Package".into(), "Installs".into()],
            ranks: vec![rank("left-pad", 2000), rank(&hostile, 667), Rank { href: None, ..rank("last", 1) }],
            say: Say(Language::En),
        };
        insta::assert_snapshot!(plot.draw().unwrap());
    }
}
