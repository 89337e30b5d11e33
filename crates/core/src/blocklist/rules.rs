//! What the blocklist says about one name, read in place.

use std::fmt;

use super::format::Reader;
use super::hit::{StoredHit, StoredUntil};
use crate::advisory::Hit;
use crate::policy::{Reason, Refusal, Verdict};
use crate::{Ecosystem, Timestamp, Version};

/// Everything that is said about one name.
#[derive(Clone)]
pub struct Rules<'a> {
    ecosystem: Ecosystem,
    count: usize,
    records: Reader<'a>,
}

/// One record about the name, for pages that explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The record's id.
    pub id: &'a str,
    /// Since when it is there, if its source says so.
    pub since: Option<Timestamp>,
    /// What it hits.
    pub hits: Vec<Hit>,
}

/// The records about a name, in the order of their ids.
pub struct Records<'a> {
    walk: Walk<'a>,
}

impl<'a> Rules<'a> {
    /// Reads on behind the name's text.
    pub(super) fn read(ecosystem: Ecosystem, mut entry: Reader<'a>) -> Option<Rules<'a>> {
        let count = entry.count()?;
        Some(Rules { ecosystem, count, records: entry })
    }

    /// The verdict on one version, as the upstream's document spells it. Names every record that hits it.
    pub fn decide(&self, version: &str) -> Verdict {
        let parsed = Version::parse(self.ecosystem, version).ok();
        // A spelling that can't be ordered may still be one that clients take for exactly a listed version.
        let key = match &parsed {
            Some(parsed) => Some(parsed.key()),
            None => Version::picked_key(self.ecosystem, version),
        };
        let mut ranges = false;
        let verdict = self.refuse_by(|hit| match hit {
            StoredHit::Every => true,
            StoredHit::Exactly { text, key: k } => {
                text.trim() == version.trim() || (k.is_some() && *k == key.as_deref())
            }
            StoredHit::Between { from, until } => {
                ranges = true;
                parsed.as_ref().is_some_and(|version| self.lies_between(version, *from, *until))
            }
        });
        match verdict {
            Verdict::Allow if parsed.is_none() && ranges => Verdict::Refuse(Refusal::of(Reason::UnreadableVersion)),
            verdict => verdict,
        }
    }

    /// The verdict on the name as a whole: refused if a record hits every version there is or will be.
    pub fn decide_every(&self) -> Verdict {
        self.refuse_by(|hit| matches!(hit, StoredHit::Every))
    }

    /// A record with this id is about the name.
    pub(super) fn has(&self, id: &str) -> bool {
        let mut found = false;
        self.walk().each(|record, _, _| found |= record == id);
        found
    }

    /// The records, for pages that explain.
    pub fn records(&self) -> Records<'a> {
        Records { walk: self.walk() }
    }

    /// Refuses if a hit of any record is one, with the ids of all records that have one.
    fn refuse_by(&self, mut is_hit: impl FnMut(&StoredHit<'a>) -> bool) -> Verdict {
        let mut advisories: Vec<String> = Vec::new();
        self.walk().each(|id, _, hits| {
            // Every hit is looked at, also behind one that holds: what `is_hit` learns must not depend on their order.
            let hit = hits.filter(|hit| is_hit(hit)).count() > 0;
            if hit && advisories.last().is_none_or(|last| last != id) {
                advisories.push(id.to_owned());
            }
        });
        match advisories.is_empty() {
            true => Verdict::Allow,
            false => Verdict::Refuse(Refusal { reason: Reason::Malware, advisories }),
        }
    }

    /// A boundary that can't be read hits: the builder lets none in, and this stays right if one gets in.
    fn lies_between(&self, version: &Version, from: Option<&str>, until: StoredUntil<'_>) -> bool {
        let begun = from.is_none_or(|from| Version::parse(self.ecosystem, from).map_or(true, |from| *version >= from));
        let read = |end: &str| Version::parse(self.ecosystem, end);
        begun
            && match until {
                StoredUntil::Forever => true,
                StoredUntil::Before(end) => read(end).map_or(true, |end| *version < end),
                StoredUntil::Through(end) => read(end).map_or(true, |end| *version <= end),
            }
    }

    fn walk(&self) -> Walk<'a> {
        Walk { left: self.count, reader: self.records.clone() }
    }

    /// Reads everything once; `None` if something can't be read. Otherwise how many records there are.
    pub(super) fn check(&self) -> Option<u64> {
        let mut walk = self.walk();
        for _ in 0..self.count {
            walk.reader.str()?;
            walk.reader.moment()?;
            for _ in 0..walk.reader.count()? {
                StoredHit::read(&mut walk.reader)?;
            }
        }
        u64::try_from(self.count).ok()
    }
}

impl fmt::Debug for Rules<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.records()).finish()
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        self.walk.step(|id, since, hits| Record { id, since, hits: hits.map(Hit::from).collect() })
    }
}

/// Goes from record to record. The snapshot was checked as a whole, so that an end here is the real end.
struct Walk<'a> {
    left: usize,
    reader: Reader<'a>,
}

impl<'a> Walk<'a> {
    fn each(mut self, mut visit: impl FnMut(&'a str, Option<Timestamp>, &mut Hits<'a, '_>)) {
        while self.step(&mut visit).is_some() {}
    }

    fn step<T>(&mut self, visit: impl FnOnce(&'a str, Option<Timestamp>, &mut Hits<'a, '_>) -> T) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        let id = self.reader.str()?;
        let since = self.reader.moment()?;
        let left = self.reader.count()?;
        let mut hits = Hits { left, reader: &mut self.reader };
        let result = visit(id, since, &mut hits);
        hits.for_each(drop);
        Some(result)
    }
}

/// One record's hits.
struct Hits<'a, 'r> {
    left: usize,
    reader: &'r mut Reader<'a>,
}

impl<'a> Iterator for Hits<'a, '_> {
    type Item = StoredHit<'a>;

    fn next(&mut self) -> Option<StoredHit<'a>> {
        self.left = self.left.checked_sub(1)?;
        StoredHit::read(self.reader)
    }
}
