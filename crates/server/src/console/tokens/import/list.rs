//! The list of an import: one identifier a line, perhaps a comma and a number of days.

use std::collections::HashSet;

use sekisho_core::org::UserIdentifier;

use crate::issuing::Lives;

/// Most tokens of one import.
const MOST: usize = 1000;
/// Characters of a bad line that are shown.
const SHOWN: usize = 60;

/// A token that is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) identifier: UserIdentifier,
    /// Its life in seconds; none: for ever.
    pub(super) life: Option<i64>,
}

/// A line that can't be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// Its number, from 1.
    pub(super) number: usize,
    /// Its beginning.
    pub(super) text: String,
    pub(super) reason: Reason,
}

/// Why a line can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Identifier,
    Days,
    /// More than two cells.
    Cells,
    /// The identifier stands further up.
    Twice,
}

/// What is in a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    TooMany,
    Bad(Vec<Bad>),
    Good(Vec<Wanted>),
}

/// Reads it whole. Empty lines count nothing, and neither does a first line `identifier,days`.
pub(super) fn read(text: &str, lives: &Lives) -> Found {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(place, line)| !(line.is_empty() || *place == 0 && is_head(line)));
    let lines: Vec<(usize, &str)> = lines.take(MOST + 1).collect();
    if lines.is_empty() {
        return Found::Nothing;
    }
    if lines.len() > MOST {
        return Found::TooMany;
    }
    let (mut good, mut bad, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (place, line) in lines {
        match one(line, lives).and_then(|wanted| match seen.insert(wanted.identifier.to_string()) {
            true => Ok(wanted),
            false => Err(Reason::Twice),
        }) {
            Ok(wanted) => good.push(wanted),
            Err(reason) => bad.push(Bad { number: place + 1, text: line.chars().take(SHOWN).collect(), reason }),
        }
    }
    if bad.is_empty() { Found::Good(good) } else { Found::Bad(bad) }
}

fn is_head(line: &str) -> bool {
    let (_, days) = line.split_once(',').unwrap_or_default();
    cell(days).eq_ignore_ascii_case("days")
}

fn one(line: &str, lives: &Lives) -> Result<Wanted, Reason> {
    let mut cells = line.split(',').map(cell);
    let identifier = UserIdentifier::parse(cells.next().unwrap_or_default()).map_err(|_| Reason::Identifier)?;
    let life = match cells.next().unwrap_or_default() {
        "" => lives.usual,
        days => lives.days(days).map_err(|_| Reason::Days)?,
    };
    if cells.next().is_some() { Err(Reason::Cells) } else { Ok(Wanted { identifier, life }) }
}

/// A cell, with or without the quotes that spreadsheets write around it.
fn cell(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVES: Lives = Lives { usual: Some(7), most: Some(90 * 86_400) };

    fn good(text: &str) -> Vec<(String, Option<i64>)> {
        match read(text, &LIVES) {
            Found::Good(all) => all.into_iter().map(|w| (w.identifier.to_string(), w.life)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_line_has_an_identifier_and_perhaps_days() {
        let text = "\u{feff}identifier,days\r\n\r\n dev@acme.example \r\n\"t.yamada\",\"30\"\nC02XK,\nE10233 , 90";
        let wanted = [
            ("dev@acme.example", Some(7)),
            ("t.yamada", Some(30 * 86_400)),
            ("C02XK", Some(7)),
            ("E10233", Some(90 * 86_400)),
        ];
        assert_eq!(good(text), wanted.map(|(identifier, life)| (identifier.to_owned(), life)));
        assert_eq!(good("identifier"), [("identifier".to_owned(), Some(7))], "a name like others");
    }

    #[test]
    fn every_bad_line_has_its_number_and_reason() {
        let text = format!("good\nabc\ndev1,0\ndev2,91\ndev3,30,x\n\n<script>\ngood\n{}", "x".repeat(300));
        let Found::Bad(bad) = read(&text, &LIVES) else { panic!("bad lines") };
        let told: Vec<(usize, Reason)> = bad.iter().map(|bad| (bad.number, bad.reason)).collect();
        use Reason::{Cells, Days, Identifier, Twice};
        assert_eq!(
            told,
            [(2, Identifier), (3, Days), (4, Days), (5, Cells), (7, Identifier), (8, Twice), (9, Identifier)]
        );
        assert_eq!((bad[4].text.as_str(), bad[6].text.len()), ("<script>", SHOWN));
    }

    #[test]
    fn a_list_has_one_to_a_thousand_lines() {
        let many = |count: usize| (0..count).map(|n| format!("dev-{n}\n")).collect::<String>();
        assert_eq!(read(" \n\r\n", &LIVES), Found::Nothing);
        assert_eq!(read("identifier,days\n", &LIVES), Found::Nothing);
        assert_eq!(good(&many(MOST)).len(), MOST);
        assert_eq!(read(&many(MOST + 1), &LIVES), Found::TooMany);
    }
}
