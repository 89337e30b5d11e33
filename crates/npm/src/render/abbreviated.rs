//! The abbreviated form, `application/vnd.npm.install-v1+json`, made from a full or an abbreviated document.

use std::io::{self, Write};

use super::{Copy, in_memory, text};
use crate::address::Links;
use crate::hidden::Hidden;
use crate::packument::{Packument, ReleaseRow};
use crate::scan::Span;

impl Packument {
    /// The abbreviated document: `name`, `modified` if it is known, `dist-tags`, and of each release that is not hidden
    /// what an installation needs. `registry` is as in [`Packument::render_full`].
    pub fn render_abbreviated(&self, hidden: &Hidden, registry: &str) -> Vec<u8> {
        in_memory(self.raw.len() / 2, |out| self.write_abbreviated(hidden, registry, out))
    }

    /// Writes what [`Packument::render_abbreviated`] gives, piece by piece.
    pub fn write_abbreviated(&self, hidden: &Hidden, registry: &str, out: &mut dyn Write) -> io::Result<()> {
        let links = Links::new(registry, &self.name);
        let mut copy = Copy::new(&self.raw, 0, out);
        copy.put(b"{\"name\":");
        copy.put(&text(self.name.as_str()));
        if let Some(modified) = self.places.modified {
            copy.put(b",\"modified\":");
            copy.put(modified.of(&self.raw));
        }
        copy.put(b",\"dist-tags\":");
        copy.put(&self.render_dist_tags(hidden));
        copy.put(b",\"versions\":{");
        let kept = self.rows.iter().filter(|row| hidden.refusal(row).is_none());
        for (place, row) in kept.enumerate() {
            if place > 0 {
                copy.put(b",");
            }
            copy.skip_to(row.entry.start);
            copy.to(row.object.start);
            abbreviate(&mut copy, row, &links);
        }
        copy.put(b"}}");
        copy.done
    }
}

/// Copies what stays of a release.
fn abbreviate(copy: &mut Copy<'_>, row: &ReleaseRow, links: &Links) {
    copy.put(b"{");
    for (place, run) in row.abbreviated.runs.iter().enumerate() {
        if place > 0 {
            copy.put(b",");
        }
        copy_run(copy, row, links, *run);
    }
    if row.abbreviated.add_install_script {
        copy.put(b",\"hasInstallScript\":true");
    }
    copy.put(b"}");
}

fn copy_run(copy: &mut Copy<'_>, row: &ReleaseRow, links: &Links, run: Span) {
    copy.skip_to(run.start);
    match &row.tarball {
        Some(tarball) if run.start < tarball.span.start && tarball.span.end <= run.end => {
            copy.release(row, links, run.end);
        }
        _ => copy.to(run.end),
    }
}
