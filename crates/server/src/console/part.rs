//! A part of a list on a page that has other lists too: some rows, and the addresses of the others.

use super::visitor::Visitor;

/// What is shown of a list.
pub(super) struct Part<T> {
    pub(super) rows: Vec<T>,
    /// The address of the first rows, where these are not.
    pub(super) first: Option<String>,
    /// The address of the next ones.
    pub(super) next: Option<String>,
}

/// Where a list stands: the page, and the name of the list in its address, which its heading has as its id.
pub(super) struct Place<'a> {
    pub(super) visitor: &'a Visitor,
    pub(super) page: &'a str,
    pub(super) name: &'static str,
    /// Rows at once.
    pub(super) rows: usize,
}

impl Place<'_> {
    /// The row after which the part begins, as the address names it.
    pub(super) fn after(&self) -> String {
        self.visitor.asked(self.name)
    }

    /// The part that begins with `rows`. One more than is shown tells that there are others.
    pub(super) fn part<T>(&self, mut rows: Vec<T>, id: impl Fn(&T) -> String) -> Part<T> {
        let Place { page, name, .. } = self;
        let more = rows.len() > self.rows;
        rows.truncate(self.rows);
        let next = rows.last().filter(|_| more).map(|last| format!("{page}?{name}={}#{name}", id(last)));
        Part { rows, first: (!self.after().is_empty()).then(|| format!("{page}#{name}")), next }
    }

    /// The part of a short list that is here as a whole. If the row after which it begins ended meanwhile, it begins anew.
    pub(super) fn of_all<T>(&self, mut all: Vec<T>, id: impl Fn(&T) -> String) -> Part<T> {
        let after = self.after();
        let rest = match all.iter().position(|row| id(row) == after) {
            Some(place) => all.split_off(place + 1),
            None => all,
        };
        self.part(rest, id)
    }
}
