//! The request of older clients (npm 6 to 10, pnpm 10, Yarn 1): the whole tree of dependencies.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{AuditError, Query};

/// Most ways to one release that are told. Clients print a few of them.
const MAX_PATHS: usize = 50;
/// Most bytes of ways, all together: few bytes of a request can name a great many long ways.
const MAX_PATH_BYTES: usize = 4 << 20;

/// A tree of dependencies.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Tree {
    version: Option<String>,
    dev: bool,
    optional: bool,
    dependencies: Option<BTreeMap<String, Tree>>,
}

/// One release's places in the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// Ways from the root, `a>b>c`.
    pub(super) paths: Vec<String>,
    /// It is for development only, wherever it is.
    pub(super) dev: bool,
    /// It is optional, wherever it is.
    pub(super) optional: bool,
}

impl Tree {
    /// Reads the body. How deep it may be nested is limited by the JSON reader.
    pub fn parse(body: &[u8]) -> Result<Tree, AuditError> {
        // The reader would take a list for an object with its fields in order.
        match body.trim_ascii_start().starts_with(b"{") {
            true => Ok(serde_json::from_slice(body)?),
            false => Err(AuditError::Shape { line: 1, column: 1 }),
        }
    }

    /// The names and versions in it.
    pub fn query(&self) -> Result<Query, AuditError> {
        let mut query = Query::default();
        let mut failed = None;
        self.walk(&mut Vec::new(), &mut |way, node| {
            let (Some(name), Some(version)) = (way.last(), &node.version) else { return };
            if failed.is_none() {
                failed = query.add(name, version).err();
            }
        });
        failed.map_or(Ok(query), Err)
    }

    /// How many dependencies there are.
    pub(super) fn count(&self) -> usize {
        let mut count = 0;
        self.walk(&mut Vec::new(), &mut |_, _| count += 1);
        count
    }

    /// Where these releases are, by name and version.
    pub(super) fn places(&self, wanted: impl Fn(&str, &str) -> bool) -> BTreeMap<String, BTreeMap<String, Places>> {
        let mut places: BTreeMap<String, BTreeMap<String, Places>> = BTreeMap::new();
        let mut left = MAX_PATH_BYTES;
        self.walk(&mut Vec::new(), &mut |way, node| {
            let (Some(name), Some(version)) = (way.last(), &node.version) else { return };
            if !wanted(name, version) {
                return;
            }
            let fresh = || Places { paths: Vec::new(), dev: true, optional: true };
            let named = places.entry((*name).to_owned()).or_default();
            let found = named.entry(version.clone()).or_insert_with(fresh);
            found.dev &= node.dev;
            found.optional &= node.optional;
            let length = way.iter().map(|name| name.len() + 1).sum();
            if let Some(rest) = left.checked_sub(length).filter(|_| found.paths.len() < MAX_PATHS) {
                left = rest;
                found.paths.push(way.join(">"));
            }
        });
        places
    }

    fn walk<'a>(&'a self, way: &mut Vec<&'a str>, visit: &mut impl FnMut(&[&'a str], &'a Tree)) {
        for (name, node) in self.dependencies.iter().flatten() {
            way.push(name);
            visit(way, node);
            node.walk(way, visit);
            way.pop();
        }
    }
}
