//! A packument: what npm's registry says about a package, compiled once per upstream revision.

pub(crate) mod abbreviated;
mod compile;
mod files;
mod release;

use bytes::Bytes;
use sekisho_core::PackageName;

pub use compile::PackumentError;
pub use release::{Contradiction, ReleaseRow};

use crate::scan::Span;
use files::Files;

/// A compiled packument: the upstream's bytes and a table of its releases.
#[derive(Clone, Debug)]
pub struct Packument {
    pub(crate) name: PackageName,
    pub(crate) raw: Bytes,
    pub(crate) rows: Vec<ReleaseRow>,
    pub(crate) tags: Vec<Tag>,
    /// A dist-tag stands twice, can't be decoded or names no text: clients may read these differently, so the list is
    /// always written anew without them.
    pub(crate) tags_odd: bool,
    pub(crate) places: Places,
    pub(crate) times: Vec<TimeEntry>,
    by_version: Box<[u32]>,
    by_file: Files,
}

/// A dist-tag: a name for a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The tag: `latest`.
    pub name: Box<str>,
    /// The version that it names; it may be one that the document does not have.
    pub version: Box<str>,
}

/// Where the parts that rendering changes stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places {
    pub(crate) dist_tags: Option<Span>,
    pub(crate) versions: Option<Span>,
    pub(crate) time: Option<Span>,
    /// `modified`, or else `time.modified`: the string with its quotes.
    pub(crate) modified: Option<Span>,
}

/// One member of `time`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeEntry {
    /// The member, key and value.
    pub(crate) span: Span,
    /// The release that it is about, if it is about one.
    pub(crate) row: Option<u32>,
}

impl Packument {
    /// The package's name.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// The releases, in the document's order.
    pub fn releases(&self) -> &[ReleaseRow] {
        &self.rows
    }

    /// The release of exactly this version's text.
    pub fn release(&self, version: &str) -> Option<&ReleaseRow> {
        find(&self.rows, &self.by_version, version, |row| Some(&row.version))
    }

    /// The release that has this tarball, by the file's name (percent-decoded). Where several claim it, each of them
    /// carries [`Contradiction::SharedFile`] and one of them is returned, so that it is refused.
    pub fn by_file(&self, file: &str) -> Option<&ReleaseRow> {
        self.by_file.find(&self.rows, file)
    }

    /// What `dist.integrity` says about a release's tarball: hashes in the form of Subresource Integrity.
    pub fn integrity(&self, row: &ReleaseRow) -> Option<String> {
        serde_json::from_slice(row.integrity?.of(&self.raw)).ok()
    }

    /// What `dist.shasum` says about it: a SHA-1 in hexadecimal. Old releases have nothing else.
    pub fn shasum(&self, row: &ReleaseRow) -> Option<String> {
        serde_json::from_slice(row.shasum?.of(&self.raw)).ok()
    }

    /// The dist-tags as the upstream has them; of a tag that stands twice the last one, as JavaScript reads it.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The release that a dist-tag names upstream, hidden or not.
    pub fn tag(&self, tag: &str) -> Option<&ReleaseRow> {
        let tag = self.tags.iter().find(|t| &*t.name == tag)?;
        self.release(&tag.version)
    }

    /// The release that the upstream's tag `latest` names, hidden or not.
    pub fn latest(&self) -> Option<&ReleaseRow> {
        self.tag("latest")
    }

    /// The upstream's document.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// About how many bytes of memory this takes: for a cache's bound.
    pub fn weight(&self) -> usize {
        let tags = self.tags.iter().map(|t| size_of::<Tag>() + t.name.len() + t.version.len());
        size_of::<Packument>()
            + self.raw.len()
            + self.rows.iter().map(ReleaseRow::weight).sum::<usize>()
            + tags.sum::<usize>()
            + size_of_val(&*self.times)
            + size_of_val(&*self.by_version)
            + self.by_file.weight()
    }
}

/// Looks a text up in an order of rows that is sorted by it.
fn find<'a>(
    rows: &'a [ReleaseRow],
    order: &[u32],
    text: &str,
    by: impl Fn(&ReleaseRow) -> Option<&str>,
) -> Option<&'a ReleaseRow> {
    let row = |index: &u32| rows.get(*index as usize);
    let place = order.binary_search_by(|index| row(index).and_then(&by).cmp(&Some(text))).ok()?;
    row(order.get(place)?)
}
