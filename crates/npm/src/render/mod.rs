//! What clients get: the upstream's bytes, with the tarballs' addresses rewritten and hidden releases left out.

mod abbreviated;

use std::io::{self, Write};

use crate::address::Links;
use crate::hidden::Hidden;
use crate::packument::{Packument, ReleaseRow, Tag};
use crate::scan::Span;

/// Copies a document from left to right, with changes. Nothing of it is held: the largest documents go through a
/// compressor piece by piece.
struct Copy<'a> {
    raw: &'a [u8],
    at: u32,
    out: &'a mut dyn Write,
    /// The first failure of the writer; nothing is written after it.
    done: io::Result<()>,
}

impl<'a> Copy<'a> {
    fn new(raw: &'a [u8], at: u32, out: &'a mut dyn Write) -> Copy<'a> {
        Copy { raw, at, out, done: Ok(()) }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.done.is_ok() {
            self.done = self.out.write_all(bytes);
        }
    }

    /// Copies everything up to a position.
    fn to(&mut self, end: u32) {
        let span = Span { start: self.at, end };
        self.put(span.of(self.raw));
        self.at = end;
    }

    /// Leaves out everything up to a position.
    fn skip_to(&mut self, start: u32) {
        self.at = start;
    }

    /// Copies a release's bytes up to `end`, with its tarball's address replaced.
    fn release(&mut self, row: &ReleaseRow, links: &Links, end: u32) {
        if let Some(tarball) = &row.tarball {
            self.to(tarball.span.start);
            links.pieces(&tarball.file).into_iter().for_each(|piece| self.put(piece));
            self.skip_to(tarball.span.end);
        }
        self.to(end);
    }

    /// Copies an object, but only the given members of it.
    fn object(&mut self, object: Span, members: impl Iterator<Item = (Span, impl FnOnce(&mut Self))>) {
        self.to(object.start + 1);
        for (place, (span, copy)) in members.enumerate() {
            if place > 0 {
                self.put(b",");
            }
            self.skip_to(span.start);
            copy(self);
        }
        self.skip_to(object.end - 1);
    }
}

/// A rendering into memory, which can't fail.
fn in_memory(capacity: usize, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    let written = write(&mut out);
    debug_assert!(written.is_ok(), "memory takes everything");
    out
}

/// The parts of a document that may change.
#[derive(Clone, Copy)]
enum Part {
    DistTags,
    Versions,
    Time,
}

impl Packument {
    /// The full document: the upstream's bytes, but `dist.tarball` is `<registry>/<name>/-/<file>`, hidden releases are
    /// absent from `versions` and `time`, and dist-tags are the resulting ones where one moved.
    ///
    /// `registry` is the public base of the npm registry, without a trailing slash.
    pub fn render_full(&self, hidden: &Hidden, registry: &str) -> Vec<u8> {
        let growth = self.growth(&Links::new(registry, &self.name));
        in_memory(self.raw.len() + growth, |out| self.write_full(hidden, registry, out))
    }

    /// Writes what [`Packument::render_full`] gives, piece by piece.
    pub fn write_full(&self, hidden: &Hidden, registry: &str, out: &mut dyn Write) -> io::Result<()> {
        let links = Links::new(registry, &self.name);
        let mut copy = Copy::new(&self.raw, 0, out);
        let places = &self.places;
        let parts = [(places.dist_tags, Part::DistTags), (places.versions, Part::Versions), (places.time, Part::Time)];
        let mut parts: Vec<(Span, Part)> = parts.into_iter().filter_map(|(span, part)| Some((span?, part))).collect();
        parts.sort_unstable_by_key(|(span, _)| span.start);
        for (span, part) in parts {
            match part {
                Part::DistTags => self.copy_tags(&mut copy, span, hidden),
                Part::Versions => self.copy_versions(&mut copy, span, hidden, &links),
                Part::Time => self.copy_time(&mut copy, span, hidden),
            }
        }
        copy.to(self.raw.len() as u32); // compile() refuses longer documents
        copy.done
    }

    /// One release's object with its tarball's address rewritten; `None` for one with a contradiction. Whether it is
    /// hidden is for the caller to have asked: see [`Packument::resolve`].
    pub fn render_version(&self, row: &ReleaseRow, registry: &str) -> Option<Vec<u8>> {
        if row.contradiction.is_some() {
            return None;
        }
        let links = Links::new(registry, &self.name);
        let capacity = row.object.len() + links.len(row.file().unwrap_or_default());
        Some(in_memory(capacity, |out| {
            let mut copy = Copy::new(&self.raw, row.object.start, out);
            copy.release(row, &links, row.object.end);
            copy.done
        }))
    }

    /// The dist-tags: the upstream's bytes, or the resulting ones where one moved.
    pub fn render_dist_tags(&self, hidden: &Hidden) -> Vec<u8> {
        in_memory(0, |out| self.write_dist_tags(hidden, out))
    }

    fn write_dist_tags(&self, hidden: &Hidden, out: &mut dyn Write) -> io::Result<()> {
        let Some(span) = self.places.dist_tags else { return out.write_all(b"{}") };
        let mut copy = Copy::new(&self.raw, span.start, out);
        self.copy_tags(&mut copy, span, hidden);
        copy.to(span.end);
        copy.done
    }

    fn copy_tags(&self, copy: &mut Copy<'_>, span: Span, hidden: &Hidden) {
        if self.tags_odd || !hidden.moved_tags().is_empty() {
            copy.to(span.start);
            copy.put(&tags(hidden.tags()));
            copy.skip_to(span.end);
        }
    }

    fn copy_versions(&self, copy: &mut Copy<'_>, span: Span, hidden: &Hidden, links: &Links) {
        if hidden.is_empty() {
            self.rows.iter().for_each(|row| copy.release(row, links, row.entry.end));
            return;
        }
        let kept = self.rows.iter().filter(|row| hidden.refusal(row).is_none());
        copy.object(span, kept.map(|row| (row.entry, |copy: &mut Copy<'_>| copy.release(row, links, row.entry.end))));
    }

    fn copy_time(&self, copy: &mut Copy<'_>, span: Span, hidden: &Hidden) {
        if hidden.is_empty() {
            return;
        }
        let is_hidden = |row: u32| self.rows.get(row as usize).is_some_and(|row| hidden.refusal(row).is_some());
        let kept = self.times.iter().filter(|entry| !entry.row.is_some_and(is_hidden));
        copy.object(span, kept.map(|entry| (entry.span, |copy: &mut Copy<'_>| copy.to(entry.span.end))));
    }

    /// By how much longer links make the document, at most.
    fn growth(&self, links: &Links) -> usize {
        let tarballs = self.rows.iter().filter_map(|row| row.tarball.as_ref());
        tarballs.map(|t| links.len(&t.file).saturating_sub(t.span.len())).sum()
    }
}

fn tags(tags: &[Tag]) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (place, tag) in tags.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&text(&tag.name));
        out.push(b':');
        out.extend_from_slice(&text(&tag.version));
    }
    out.push(b'}');
    out
}

fn text(text: &str) -> Vec<u8> {
    serde_json::Value::from(text).to_string().into_bytes()
}
