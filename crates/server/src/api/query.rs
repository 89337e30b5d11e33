//! Reads the query of a list: each parameter at most once, typed, and everything that is wrong named in one answer.

use std::collections::BTreeMap;

use http::Uri;

use crate::http::{Code, Problem};

/// Rows of a page, unless the caller wants another number.
const ROWS: u32 = 100;
/// Most rows of a page.
pub(crate) const MOST_ROWS: u32 = 1000;

/// The parameters of a query, taken one by one; what is wrong with them is collected.
pub(crate) struct Query {
    values: BTreeMap<String, String>,
    /// The parameter, where one that is known is wrong, and what is wrong with it.
    wrong: Vec<(&'static str, String)>,
}

impl Query {
    /// Reads a query in which these parameters may stand. An empty value is one that was left out.
    pub(crate) fn read(uri: &Uri, names: &'static [&'static str]) -> Query {
        Query::of(uri.query().unwrap_or_default(), names)
    }

    /// The same of a query without its address.
    pub(crate) fn of(query: &str, names: &'static [&'static str]) -> Query {
        let (mut values, mut wrong) = (BTreeMap::new(), Vec::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match names.iter().find(|known| **known == name) {
                // What is not known is a stranger's word: it is not said again.
                None => {
                    let known = names.join(", ");
                    wrong.push(("", format!("there is a parameter that is not known here; known: {known}")));
                }
                Some(known) if values.contains_key(*known) => {
                    wrong.push((*known, format!("{known} stands there twice")));
                }
                Some(known) => drop(values.insert((*known).to_owned(), value.into_owned())),
            }
        }
        values.retain(|_, value| !value.is_empty());
        wrong.dedup();
        Query { values, wrong }
    }

    /// A parameter that may be left out, and that `parse` understands.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(self.values.get(name)?);
        if value.is_none() {
            self.wrong.push((name, format!("{name}: expected {wanted}")));
        }
        value
    }

    /// What belongs to pages: an export has everything.
    pub(crate) fn no_pages(&mut self) {
        if self.values.contains_key("limit") || self.values.contains_key("cursor") {
            self.wrong.push(("limit", "limit and cursor belong to pages of JSON; an export has everything".to_owned()));
        }
    }

    /// How many rows a page has.
    pub(crate) fn limit(&mut self) -> u32 {
        let wanted = format!("a whole number from 1 to {MOST_ROWS}");
        let limit = self.optional("limit", &wanted, |text| {
            let plain = text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|rows| plain && (1..=MOST_ROWS).contains(rows))
        });
        limit.unwrap_or(ROWS)
    }

    /// The parameters that were wrong so far.
    pub(crate) fn wrong(&self) -> Vec<&'static str> {
        self.wrong.iter().map(|(name, _)| *name).collect()
    }

    /// A problem that names everything that was wrong.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        match self.wrong.is_empty() {
            true => Ok(()),
            false => {
                let wrong: Vec<String> = self.wrong.into_iter().map(|(_, text)| text).collect();
                Err(Problem::new(Code::InvalidRequest, format!("Invalid request: {}.", wrong.join("; "))))
            }
        }
    }
}
