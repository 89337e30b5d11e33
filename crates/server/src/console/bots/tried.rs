//! What came of an ID token at a bot's sets of conditions, as its page says it.

use askama::Template;
use sekisho_oidc::{Conditions, Mismatch};

use super::super::text::Say;
use super::words::{self, label};

/// Sets that are said in full.
const SETS: usize = 10;
/// Bytes of their tables. One is shown in any case: its conditions are bounded, and their values are cut.
const ROOM: usize = 38_000;
/// Bytes of the values of one condition, of which one is shown in any case, cut to this.
const VALUES: usize = 200;
/// Bytes of what a condition is called: a claim may have any name.
const LABEL: usize = 60;

/// What is said of the sets.
pub(super) struct Tried {
    /// The tables of those that fit, made already.
    pub(super) tables: Vec<String>,
    /// So many others hold too.
    pub(super) more_hold: i64,
    /// So many others do not.
    pub(super) more_differ: i64,
}

/// A set of conditions, with what came of each.
#[derive(Template)]
#[template(path = "console/tried_set.html")]
pub(super) struct Set {
    say: Say,
    provider: String,
    /// So many do not hold.
    differ: usize,
    lines: Vec<Line>,
}

/// What came of one condition.
struct Line {
    label: String,
    expected: String,
    /// So many more values are expected.
    more: i64,
    came: Came,
}

enum Came {
    Holds,
    /// The token says nothing about it.
    Absent,
    /// What the token says instead.
    Differs(String),
}

impl Tried {
    /// A bot may have many sets, and a set many values: those that hold come first, then those that differ least, because one of
    /// these is meant. The rest is counted.
    pub(super) fn of(mut sets: Vec<Set>) -> askama::Result<Tried> {
        sets.sort_by_key(|set| set.differ);
        let (mut tables, mut bytes) = (Vec::new(), 0);
        for set in sets.iter().take(SETS) {
            let table = set.render()?;
            bytes += table.len();
            if bytes > ROOM && !tables.is_empty() {
                break;
            }
            tables.push(table);
        }
        let rest = sets.split_off(tables.len());
        let count =
            |holds: bool| i64::try_from(rest.iter().filter(|set| set.holds() == holds).count()).unwrap_or(i64::MAX);
        Ok(Tried { more_hold: count(true), more_differ: count(false), tables })
    }
}

impl Set {
    /// Each condition with what came of it; behind them what was asked for beside them, such as the event.
    pub(super) fn of(conditions: &Conditions, mismatches: &[Mismatch], say: Say) -> Set {
        let told = words::told(Some(conditions), say);
        let mut lines: Vec<Line> = Vec::new();
        for line in told.lines.iter().filter(|line| line.name != "allow_events") {
            let (expected, more) = expected(line);
            let mismatch = mismatches.iter().find(|one| one.condition == line.name);
            let came = mismatch.map_or(Came::Holds, Came::instead);
            lines.push(Line { label: cut(&line.label, LABEL), expected, more, came });
        }
        let written = |one: &&Mismatch| !told.lines.iter().any(|line| line.name == one.condition);
        lines.extend(mismatches.iter().filter(written).map(|one| Line {
            label: label(&one.condition, say),
            expected: say.t(match one.condition.as_str() {
                "job_project_id" => "tried-own-project",
                _ => "tried-other-event",
            }),
            more: 0,
            came: Came::instead(one),
        }));
        Set { say, provider: told.provider, differ: mismatches.len(), lines }
    }

    /// An exchange would be done by this one.
    pub(super) fn holds(&self) -> bool {
        self.differ == 0
    }
}

impl Came {
    fn instead(mismatch: &Mismatch) -> Came {
        mismatch.found.clone().map_or(Came::Absent, Came::Differs)
    }
}

/// As many of a condition's values as there is room for, and how many more there are.
fn expected(line: &words::Line) -> (String, i64) {
    let (mut text, mut shown) = (String::new(), 0);
    for value in &line.values {
        if shown > 0 && text.len() + value.len() > VALUES {
            break;
        }
        text.push_str(if shown > 0 { ", " } else { "" });
        text.push_str(&cut(value, VALUES));
        shown += 1;
    }
    (text, line.more.saturating_add(i64::try_from(line.values.len() - shown).unwrap_or(i64::MAX)))
}

fn cut(text: &str, most: usize) -> String {
    match text.get(..text.floor_char_boundary(most)) {
        Some(begin) if begin.len() < text.len() => format!("{begin}…"),
        _ => text.to_owned(),
    }
}
