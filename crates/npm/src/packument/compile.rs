//! Reading an upstream's packument: one pass, then the indexes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use sekisho_core::PackageName;

use super::files::Files;
use super::release::{PROTO, ReleaseReader};
use super::{Contradiction, Packument, Places, ReleaseRow, Tag, TimeEntry, find};
use crate::scan::{Fault, MAX_DEPTH, Scanner, Span, Text};

/// Why an upstream's document is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackumentError {
    /// Positions are kept in 32 bits.
    #[error("the document is larger than 4 GiB")]
    TooLarge,
    /// It has more keys in a place than any real one: each costs memory.
    #[error("the document has more than {MAX_MEMBERS} keys in one place")]
    TooMany,
    /// It is not UTF-8.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// It is not JSON, or only its beginning.
    #[error("the document is not JSON from byte {0} on")]
    NotJson(usize),
    /// It nests too deep.
    #[error("the document nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// It is JSON, but not an object.
    #[error("the document is not an object")]
    NotAnObject,
    /// A key of the document stands twice.
    #[error("the key {0:?} stands twice in the document")]
    RepeatedKey(String),
    /// A key of the document can't be decoded, or is `__proto__`.
    #[error("a key of the document is not usable")]
    UnusableKey,
    /// It is about another package, or does not say about which.
    #[error("the document is not about {0}")]
    OtherName(PackageName),
    /// It has no `versions`, and does not say that the package was unpublished.
    #[error("the document has no versions")]
    NoVersions,
    /// Its `versions` is not an object.
    #[error("the document's versions are not an object")]
    Versions,
}

/// Most keys accepted in the document, in `versions`, in `dist-tags` and in `time`: a row takes some forty times the bytes
/// of the shortest member. The largest real packages have some tens of thousands of versions.
const MAX_MEMBERS: usize = 200_000;

impl From<Fault> for PackumentError {
    fn from(fault: Fault) -> PackumentError {
        match fault {
            Fault::Syntax(at) => PackumentError::NotJson(at),
            Fault::Deep => PackumentError::TooDeep,
        }
    }
}

/// What the one pass found.
struct Reading<'a> {
    name: &'a PackageName,
    keys: HashSet<Cow<'a, str>>,
    named: bool,
    unpublished: bool,
    places: Places,
    rows: Vec<ReleaseRow>,
    tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// How many members `dist-tags` has, readable or not.
    tag_members: usize,
    times: Vec<(Text<'a>, Option<Text<'a>>, Span)>,
}

impl Packument {
    /// Reads an upstream's packument, full or abbreviated, that was asked for by `name`.
    ///
    /// What is odd in one version is that version's [`Contradiction`]; what is odd in the document refuses all of it.
    /// A package that was unpublished has no `versions`, but `time.unpublished`: it becomes one without releases.
    pub fn compile(name: &PackageName, raw: Bytes) -> Result<Packument, PackumentError> {
        if u32::try_from(raw.len()).is_err() {
            return Err(PackumentError::TooLarge);
        }
        if std::str::from_utf8(&raw).is_err() {
            return Err(PackumentError::NotUtf8);
        }
        let reading = Reading::read(name, &raw)?;
        let Reading { places, mut rows, tags, tag_members, times, .. } = reading;
        let by_version = order(&mut rows, Contradiction::RepeatedVersion, |row| Some(&row.version));
        // Only for its marks.
        order(&mut rows, Contradiction::SharedFile, ReleaseRow::file);
        let by_file = Files::of(&rows);
        let times = times
            .into_iter()
            .map(|(key, value, span)| TimeEntry { span, row: published(&mut rows, &by_version, &key, value.as_ref()) });
        let times = times.collect();
        let tags = last_of_each(tags);
        let tags_odd = tags.len() < tag_members;
        Ok(Packument { name: name.clone(), rows, tags, tags_odd, places, times, by_version, by_file, raw })
    }
}

impl<'a> Reading<'a> {
    fn read(name: &'a PackageName, raw: &'a [u8]) -> Result<Reading<'a>, PackumentError> {
        let mut reading = Reading {
            name,
            keys: HashSet::new(),
            named: false,
            unpublished: false,
            places: Places::default(),
            rows: Vec::new(),
            tags: Vec::new(),
            tag_members: 0,
            times: Vec::new(),
        };
        let mut scanner = Scanner::new(raw);
        if scanner.peek() != Some(b'{') {
            scanner.value()?;
            scanner.finish()?;
            return Err(PackumentError::NotAnObject);
        }
        scanner.members(|scanner, key| reading.member(scanner, &key))?;
        scanner.finish()?;
        if !reading.named {
            return Err(PackumentError::OtherName(name.clone()));
        }
        if reading.places.versions.is_none() && !reading.unpublished {
            return Err(PackumentError::NoVersions);
        }
        Ok(reading)
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, key: &Text<'a>) -> Result<(), PackumentError> {
        let key = key.decode().filter(|key| key != PROTO).ok_or(PackumentError::UnusableKey)?;
        let object = scanner.peek() == Some(b'{');
        match &*key {
            "name" => {
                let says = scanner.text_value()?.and_then(|text| text.decode());
                self.named = says.is_some_and(|says| says == self.name.as_str());
            }
            "versions" if object => self.places.versions = Some(self.versions(scanner)?),
            "versions" => return Err(PackumentError::Versions),
            "dist-tags" if object => self.places.dist_tags = Some(self.dist_tags(scanner)?),
            "time" if object => self.places.time = Some(self.time(scanner)?),
            "modified" => self.places.modified = scanner.text_value()?.map(|t| t.span).or(self.places.modified),
            _ => drop(scanner.value()?),
        }
        room_for_more(self.keys.len())?;
        let shown = key.chars().take(40).collect();
        if self.keys.insert(key) { Ok(()) } else { Err(PackumentError::RepeatedKey(shown)) }
    }

    fn versions(&mut self, scanner: &mut Scanner<'a>) -> Result<Span, PackumentError> {
        let mut reader = ReleaseReader::new(self.name);
        scanner.members(|scanner, key| {
            room_for_more(self.rows.len())?;
            let index = self.rows.len() as u32; // at most MAX_MEMBERS
            self.rows.push(reader.read(index, &key, scanner)?);
            Ok(())
        })
    }

    fn dist_tags(&mut self, scanner: &mut Scanner<'a>) -> Result<Span, PackumentError> {
        scanner.members(|scanner, key| {
            room_for_more(self.tag_members)?;
            self.tag_members += 1;
            let version = scanner.text_value()?.and_then(|text| text.decode());
            self.tags.extend(key.decode().zip(version));
            Ok(())
        })
    }

    fn time(&mut self, scanner: &mut Scanner<'a>) -> Result<Span, PackumentError> {
        scanner.members(|scanner, key| {
            room_for_more(self.times.len())?;
            let (value, span) = match scanner.peek() {
                Some(b'"') => scanner.text().map(|text| (Some(text), text.span))?,
                _ => (None, scanner.value()?),
            };
            match key.decode().as_deref() {
                Some("unpublished") => self.unpublished = true,
                Some("modified") => self.places.modified = self.places.modified.or(value.map(|text| text.span)),
                _ => {}
            }
            self.times.push((key, value, Span { start: key.span.start, end: span.end }));
            Ok(())
        })
    }
}

fn room_for_more(members: usize) -> Result<(), PackumentError> {
    if members < MAX_MEMBERS { Ok(()) } else { Err(PackumentError::TooMany) }
}

/// Sorts the rows that have a text by it, and marks those that share one.
fn order(rows: &mut [ReleaseRow], shared: Contradiction, by: impl Fn(&ReleaseRow) -> Option<&str>) -> Box<[u32]> {
    let mut sorted: Vec<(&str, u32)> = rows.iter().filter_map(|row| Some((by(row)?, row.index))).collect();
    sorted.sort_unstable();
    let pairs = sorted.windows(2).filter_map(|pair| match pair {
        [(a, i), (b, j)] if a == b => Some([*i, *j]),
        _ => None,
    });
    let twins: Vec<u32> = pairs.flatten().collect();
    let order = sorted.into_iter().map(|(_, index)| index).collect();
    for twin in twins {
        if let Some(row) = rows.get_mut(twin as usize) {
            row.contradiction.get_or_insert(shared);
        }
    }
    order
}

/// Notes a release's time in its row.
fn published(rows: &mut [ReleaseRow], by_version: &[u32], key: &Text<'_>, value: Option<&Text<'_>>) -> Option<u32> {
    let index = find(rows, by_version, &key.decode()?, |row| Some(&row.version))?.index;
    rows.get_mut(index as usize)?.published = value.and_then(Text::decode).map(Into::into);
    Some(index)
}

/// Of tags of the same name the last one, as `JSON.parse` reads them.
fn last_of_each(tags: Vec<(Cow<'_, str>, Cow<'_, str>)>) -> Vec<Tag> {
    let last: HashMap<&str, usize> = tags.iter().enumerate().map(|(at, (name, _))| (&**name, at)).collect();
    let kept = tags.iter().enumerate().filter(|(at, (name, _))| last.get(&**name) == Some(at));
    kept.map(|(_, (name, version))| Tag { name: (&**name).into(), version: (&**version).into() }).collect()
}
