//! What a caller may not see of a packument, and where the dist-tags go because of it.

use std::collections::HashMap;

use sekisho_core::Version;
use sekisho_core::policy::{Reason, Refusal};
use sha2::{Digest, Sha256};

use crate::packument::{Packument, ReleaseRow, Tag};

/// The hidden releases of one packument, and the dist-tags that result. Belongs to the packument that made it.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// By the row's index, ascending.
    refused: Vec<(u32, Refusal)>,
    tags: Vec<Tag>,
    moved: Vec<MovedTag>,
    all: bool,
    key: [u8; 16],
}

/// A dist-tag that does not name the upstream's release any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTag {
    /// The tag.
    pub tag: Box<str>,
    /// The refused version that it names upstream.
    pub from: Box<str>,
    /// The version that it names now; `None` if the tag is gone.
    pub to: Option<Box<str>>,
}

/// What a version or tag of a request names.
#[derive(Clone, Copy, Debug)]
pub enum Resolved<'a> {
    /// A release that may be shown.
    Visible(&'a ReleaseRow),
    /// A release that is refused, or a tag that is gone because its release is.
    Refused(&'a ReleaseRow, &'a Refusal),
    /// Nothing.
    Unknown,
}

impl Hidden {
    /// Nothing is hidden: everybody gets the same document.
    pub fn is_empty(&self) -> bool {
        self.refused.is_empty()
    }

    /// There are releases, and every one is hidden.
    pub fn all_hidden(&self) -> bool {
        self.all
    }

    /// A name for the set of hidden releases, contradictory ones included, for cache keys and entity tags. It is the
    /// same in every process; all zero if nothing is hidden.
    pub fn key(&self) -> [u8; 16] {
        self.key
    }

    /// Why a release is hidden.
    pub fn refusal(&self, row: &ReleaseRow) -> Option<&Refusal> {
        let place = self.refused.binary_search_by_key(&row.index, |(index, _)| *index).ok()?;
        self.refused.get(place).map(|(_, refusal)| refusal)
    }

    /// The hidden releases' indexes, ascending, and why each is hidden.
    pub fn refusals(&self) -> impl Iterator<Item = (usize, &Refusal)> {
        self.refused.iter().map(|(index, refusal)| (*index as usize, refusal))
    }

    /// The dist-tags that result.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The dist-tags that had to move or go.
    pub fn moved_tags(&self) -> &[MovedTag] {
        &self.moved
    }
}

impl Packument {
    /// Hides what `refuse` refuses. Releases with a contradiction are hidden without asking.
    pub fn hide(&self, mut refuse: impl FnMut(&ReleaseRow) -> Option<Refusal>) -> Hidden {
        let refused = self.rows.iter().filter_map(|row| {
            let refusal = match row.contradiction {
                Some(_) => Some(Refusal::of(Reason::Contradiction)),
                None => refuse(row),
            };
            Some((row.index, refusal?))
        });
        let refused: Vec<_> = refused.collect();
        let all = !self.rows.is_empty() && refused.len() == self.rows.len();
        let key = key(self, &refused);
        let mut hidden = Hidden { refused, tags: Vec::new(), moved: Vec::new(), all, key };
        move_tags(self, &mut hidden);
        hidden
    }

    /// What a request's version or tag names, after hiding. Versions come first: npm allows no tag that is one.
    pub fn resolve<'a>(&'a self, hidden: &'a Hidden, spec: &str) -> Resolved<'a> {
        let seen = |row: &'a ReleaseRow| match hidden.refusal(row) {
            Some(refusal) => Resolved::Refused(row, refusal),
            None => Resolved::Visible(row),
        };
        if let Some(row) = self.release(spec) {
            return seen(row);
        }
        let tag = hidden.tags.iter().find(|tag| &*tag.name == spec);
        let row = tag.and_then(|tag| self.release(&tag.version)).or_else(|| self.tag(spec));
        row.map_or(Resolved::Unknown, seen)
    }
}

fn key(packument: &Packument, refused: &[(u32, Refusal)]) -> [u8; 16] {
    let mut key = [0; 16];
    if refused.is_empty() {
        return key;
    }
    let mut hash = Sha256::new();
    for row in refused.iter().filter_map(|(index, _)| packument.rows.get(*index as usize)) {
        hash.update((row.version.len() as u64).to_le_bytes());
        hash.update(row.version.as_bytes());
    }
    for (to, from) in key.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    key
}

/// Fills in the dist-tags: those of refused releases move by the contract's rule.
fn move_tags(packument: &Packument, hidden: &mut Hidden) {
    let mut lines = None;
    for tag in &packument.tags {
        let from = packument.release(&tag.version).filter(|row| hidden.refusal(row).is_some());
        let Some(from) = from else {
            hidden.tags.push(tag.clone());
            continue;
        };
        let to = match &*tag.name {
            "latest" => new_latest(packument, hidden, from),
            _ => {
                let lines = lines.get_or_insert_with(|| highest_of_each_line(packument, hidden));
                from.parsed().and_then(|version| lines.get(&line(version)).copied())
            }
        };
        hidden.tags.extend(to.map(|to| Tag { name: tag.name.clone(), version: to.version.clone() }));
        let to = to.map(|to| to.version.clone());
        hidden.moved.push(MovedTag { tag: tag.name.clone(), from: tag.version.clone(), to });
    }
}

fn visible<'a>(packument: &'a Packument, hidden: &Hidden) -> impl Iterator<Item = &'a ReleaseRow> {
    packument.rows.iter().filter(|row| hidden.refusal(row).is_none())
}

/// The highest stable release below the refused one, else the highest stable, else the highest left. A version that
/// can't be read is below all others.
fn new_latest<'a>(packument: &'a Packument, hidden: &Hidden, from: &ReleaseRow) -> Option<&'a ReleaseRow> {
    let stable = || visible(packument, hidden).filter(|row| row.parsed().is_some_and(|v| !v.is_prerelease()));
    let below = stable().filter(|row| row.parsed() < from.parsed());
    let highest = |a: &&ReleaseRow, b: &&ReleaseRow| a.parsed().cmp(&b.parsed());
    below.max_by(highest).or_else(|| stable().max_by(highest)).or_else(|| visible(packument, hidden).max_by(highest))
}

/// What a tag other than `latest` stays on: the major number, stable or not, and the pre-release's channel.
type Line<'a> = (u64, bool, Option<&'a str>);

fn line(version: &Version) -> Line<'_> {
    (version.major(), version.is_prerelease(), version.channel())
}

/// Made once for all tags: a document may have as many tags as it likes.
fn highest_of_each_line<'a>(packument: &'a Packument, hidden: &Hidden) -> HashMap<Line<'a>, &'a ReleaseRow> {
    let mut lines: HashMap<Line<'a>, &ReleaseRow> = HashMap::new();
    for row in visible(packument, hidden) {
        let Some(version) = row.parsed() else { continue };
        let best = lines.entry(line(version)).or_insert(row);
        if best.parsed() < Some(version) {
            *best = row;
        }
    }
    lines
}
