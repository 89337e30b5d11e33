//! The request of older clients (npm 6 to 10, pnpm 10, Yarn 1): the whole tree of dependencies.

use std::collections::BTreeMap;

use serde::de::DeserializeSeed;

use super::query::release;
use super::reading::{Node, TOO_MANY};
use super::{AuditError, MAX_NODES, Query};

/// Most ways to one release that are told. Clients print a few of them.
const MAX_PATHS: usize = 50;
/// Most bytes of ways, all together: few bytes of a request can name a great many long ways.
const MAX_PATH_BYTES: usize = 4 << 20;

/// A tree of dependencies.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub(super) version: Option<Box<str>>,
    pub(super) dev: bool,
    pub(super) optional: bool,
    /// By name. No map: most have none or one, and a map's first node has room for eleven.
    pub(super) dependencies: Box<[(Box<str>, Tree)]>,
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
    /// Reads the body. How deep it may be nested is limited by the JSON reader; its dependencies are counted as they are
    /// read, so that a few bytes for each do not become a great tree.
    pub fn parse(body: &[u8]) -> Result<Tree, AuditError> {
        let mut left = MAX_NODES;
        let mut reader = serde_json::Deserializer::from_slice(body);
        let read = Node(&mut left).deserialize(&mut reader).and_then(|tree| reader.end().map(|()| tree));
        match read {
            Err(error) if error.to_string().starts_with(TOO_MANY) => Err(AuditError::Nodes),
            read => Ok(read?),
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
            let (name, version) = release(name, version);
            if !wanted(name, version) {
                return;
            }
            let fresh = || Places { paths: Vec::new(), dev: true, optional: true };
            let named = places.entry(name.to_owned()).or_default();
            let found = named.entry(version.to_owned()).or_insert_with(fresh);
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
        for (name, node) in &self.dependencies {
            way.push(name);
            visit(way, node);
            node.walk(way, visit);
            way.pop();
        }
    }
}
