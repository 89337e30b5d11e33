//! One OSV record, by the OSV schema, and what of it blocks.

use std::borrow::Cow;
use std::fmt;

use sekisho_core::advisory::{Advisory, Hit};
use sekisho_core::blocklist::BlocklistBuilder;
use sekisho_core::{Ecosystem, PackageName, Timestamp};
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::range;
use crate::report::{Report, printable};

/// The fields that decide, and when it was written. The schema allows `null` for lists; a duplicate of one of these keys
/// is an error.
#[derive(Deserialize)]
pub(crate) struct Record<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    aliases: Option<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    withdrawn: Option<Cow<'a, str>>,
    /// Read by [`Record::since`] alone: a record blocks whatever stands here.
    #[serde(borrow, default)]
    published: Option<&'a RawValue>,
    #[serde(borrow, default)]
    modified: Option<&'a RawValue>,
    #[serde(borrow, default)]
    affected: Option<Vec<Affected<'a>>>,
}

#[derive(Deserialize)]
struct Affected<'a> {
    #[serde(borrow, default)]
    package: Option<Package<'a>>,
    #[serde(borrow, default)]
    ranges: Option<Vec<Range<'a>>>,
    #[serde(borrow, default)]
    versions: Option<Vec<Text<'a>>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    ecosystem: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// `affected[].ranges[]`.
#[derive(Deserialize)]
pub(crate) struct Range<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) events: Option<Vec<Event<'a>>>,
}

/// `affected[].ranges[].events[]`: one of these by the schema, several in old records.
#[derive(Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(borrow, default)]
    pub(crate) introduced: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) fixed: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) last_affected: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) limit: Option<Cow<'a, str>>,
}

/// Text in a list, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Record<'_> {
    /// When it was published; without that, when it was changed last. What is no moment is passed over.
    fn since(&self) -> Option<Timestamp> {
        let moment = |raw: &RawValue| serde_json::from_str::<Text<'_>>(raw.get()).ok()?.0.parse().ok();
        [self.published, self.modified].into_iter().flatten().find_map(moment)
    }
}

/// What is collected from records.
#[derive(Default)]
pub(crate) struct Compiled {
    pub(crate) builder: BlocklistBuilder,
    pub(crate) report: Report,
    /// How many records were read, blocking or not.
    pub(crate) read: u64,
}

/// Takes a document that is one record.
pub(crate) fn add_one(json: &[u8], prefixes: &[String], into: &mut Compiled) -> Result<(), String> {
    let text = std::str::from_utf8(json).map_err(|_| "not UTF-8")?;
    let record = serde_json::from_str(text).map_err(|error| error.to_string())?;
    add(&record, prefixes, into)
}

/// Takes a document that is one record, an array of them, or one after another (NDJSON).
pub(crate) fn add_many(json: &[u8], prefixes: &[String], into: &mut Compiled) -> Result<(), String> {
    let text = std::str::from_utf8(json).map_err(|_| "not UTF-8")?;
    let mut add = |record: &Record<'_>| add(record, prefixes, into);
    if text.trim_start().starts_with('[') {
        let mut reader = serde_json::Deserializer::from_str(text);
        Each(&mut add).deserialize(&mut reader).and_then(|()| reader.end()).map_err(|error| error.to_string())
    } else {
        serde_json::Deserializer::from_str(text)
            .into_iter::<Record<'_>>()
            .try_for_each(|record| add(&record.map_err(|error| error.to_string())?))
    }
}

fn add(record: &Record<'_>, prefixes: &[String], into: &mut Compiled) -> Result<(), String> {
    into.read += 1;
    check_id(&record.id)?;
    if let Some(moment) = &record.withdrawn {
        moment.parse::<Timestamp>().map_err(|_| format!("withdrawn is {:?}, not a moment", printable(moment)))?;
        into.report.withdrawn += 1;
        return Ok(());
    }
    let blocks = |id: &str| prefixes.iter().any(|prefix| id.starts_with(prefix));
    if !blocks(&record.id) && !record.aliases.iter().flatten().any(|alias| blocks(&alias.0)) {
        into.report.not_blocking += 1;
        return Ok(());
    }
    let affected = record.affected.as_deref().unwrap_or_default();
    if affected.iter().all(|affected| affected.package.is_none()) {
        into.report.note(|| format!("{} names no package", record.id));
    }
    let since = record.since();
    for affected in affected {
        add_affected(&record.id, since, affected, into);
    }
    Ok(())
}

/// Ids travel in headers and reason phrases.
fn check_id(id: &str) -> Result<(), String> {
    const MAX_ID: usize = 128;
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("the id {:?} is not 1 to {MAX_ID} printable ASCII characters", printable(id)));
    }
    Ok(())
}

fn add_affected(id: &str, since: Option<Timestamp>, affected: &Affected<'_>, into: &mut Compiled) {
    let Some(package) = &affected.package else { return };
    let Some(ecosystem) = Ecosystem::from_osv(&package.ecosystem) else {
        into.report.other_ecosystems += 1;
        return;
    };
    match PackageName::parse(ecosystem, &package.name) {
        Ok(name) => into.builder.add(Advisory { id: id.to_owned(), name, since, hits: hits(ecosystem, affected) }),
        Err(problem) => {
            into.report.invalid_names += 1;
            into.report.note(|| format!("{id} is about {ecosystem} {:?}: {problem}", printable(&package.name)));
        }
    }
}

/// `versions` and ranges together. Where neither says anything (commits don't), every version is hit.
fn hits(ecosystem: Ecosystem, affected: &Affected<'_>) -> Vec<Hit> {
    let versions = affected.versions.iter().flatten();
    let mut hits: Vec<Hit> = versions.map(|version| Hit::Exactly(version.0.trim().to_owned())).collect();
    for range in affected.ranges.iter().flatten() {
        range::add_hits(ecosystem, range, &mut hits);
    }
    if hits.is_empty() {
        hits.push(Hit::Every);
    }
    hits
}

/// Reads an array record by record, so that a large one is never in memory as a whole.
struct Each<'f, F>(&'f mut F);

impl<'de, F: FnMut(&Record<'_>) -> Result<(), String>> DeserializeSeed<'de> for Each<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&Record<'_>) -> Result<(), String>> Visitor<'de> for Each<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while let Some(record) = records.next_element::<Record<'_>>()? {
            (self.0)(&record).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}
