//! From advisories to a snapshot.

use super::Blocklist;
use super::format::{self, Header};
use super::hit::StoredHit;
use crate::advisory::{Advisory, Hit, Until};
use crate::{Ecosystem, Version};

/// Collects advisories, already in the snapshot's form, so that a build needs little more memory than its result.
#[derive(Default)]
pub struct BlocklistBuilder {
    text: Vec<u8>,
    rows: Vec<Row>,
}

/// Places in `text`: ecosystem and name, then id, then the record.
struct Row {
    name: usize,
    id: usize,
    record: usize,
    end: usize,
}

impl BlocklistBuilder {
    /// Takes an advisory. The same one twice counts once; several of one id about one name are kept side by side.
    pub fn add(&mut self, advisory: Advisory) {
        let Advisory { id, name, since, hits } = advisory;
        let start = self.text.len();
        self.text.push(format::ecosystem_code(name.ecosystem()));
        self.text.extend_from_slice(name.as_str().as_bytes());
        let id_place = self.text.len();
        self.text.extend_from_slice(id.as_bytes());
        let record = self.text.len();
        format::push_text(&mut self.text, &id);
        format::push_moment(&mut self.text, since);
        push_hits(&mut self.text, name.ecosystem(), &hits);
        self.rows.push(Row { name: start, id: id_place, record, end: self.text.len() });
    }

    /// Takes everything that another builder collected.
    pub fn append(&mut self, other: BlocklistBuilder) {
        let shift = self.text.len();
        self.text.extend_from_slice(&other.text);
        self.rows.extend(other.rows.into_iter().map(|row| Row {
            name: row.name + shift,
            id: row.id + shift,
            record: row.record + shift,
            end: row.end + shift,
        }));
    }

    /// The snapshot.
    pub fn build(self) -> Blocklist {
        let BlocklistBuilder { text, mut rows } = self;
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        let parts = |row: &Row| (part(row.name, row.id), part(row.id, row.record), part(row.record, row.end));
        rows.sort_unstable_by(|a, b| parts(a).cmp(&parts(b)));
        rows.dedup_by(|a, b| parts(a) == parts(b));

        let by_name = || rows.chunk_by(|a, b| part(a.name, a.id) == part(b.name, b.id));
        let names = by_name().count();
        let mut bytes = vec![0; format::HEADER];
        bytes.reserve(names * 12 + rows.iter().map(|row| row.end - row.record).sum::<usize>());
        bytes.resize(format::HEADER + names * 8, 0);
        for (number, group) in by_name().enumerate() {
            let place = (bytes.len() as u64).to_le_bytes();
            if let Some(slot) = bytes.get_mut(format::HEADER + number * 8..).and_then(|rest| rest.get_mut(..8)) {
                slot.copy_from_slice(&place);
            }
            if let Some((ecosystem, name)) = group.first().and_then(|row| part(row.name, row.id).split_first()) {
                bytes.push(*ecosystem);
                format::push_count(&mut bytes, name.len());
                bytes.extend_from_slice(name);
            }
            format::push_count(&mut bytes, group.len());
            for row in group {
                bytes.extend_from_slice(part(row.record, row.end));
            }
        }
        bytes.shrink_to_fit();
        let header = Header::write(&mut bytes, names, rows.len());
        Blocklist { bytes: std::sync::Arc::new(bytes), header }
    }
}

/// A record that hits every version needs no other hit. A range with a boundary that can't be read hits every version:
/// nobody can say what lies outside it.
fn push_hits(out: &mut Vec<u8>, ecosystem: Ecosystem, hits: &[Hit]) {
    if hits.iter().any(|hit| hits_every_version(ecosystem, hit)) {
        format::push_count(out, 1);
        StoredHit::Every.push(out);
        return;
    }
    format::push_count(out, hits.len());
    for hit in hits {
        match hit {
            Hit::Every => StoredHit::Every.push(out),
            Hit::Exactly(text) => {
                let key = Version::picked_key(ecosystem, text);
                StoredHit::Exactly { text, key: key.as_deref() }.push(out);
            }
            Hit::Between { from, until } => StoredHit::Between { from: from.as_deref(), until: until.into() }.push(out),
        }
    }
}

fn hits_every_version(ecosystem: Ecosystem, hit: &Hit) -> bool {
    let unreadable = |text: &String| Version::parse(ecosystem, text).is_err();
    match hit {
        Hit::Every | Hit::Between { from: None, until: Until::Forever } => true,
        Hit::Exactly(_) => false,
        Hit::Between { from, until } => {
            let end = match until {
                Until::Forever => None,
                Until::Before(text) | Until::Through(text) => Some(text),
            };
            from.as_ref().is_some_and(unreadable) || end.is_some_and(unreadable)
        }
    }
}
