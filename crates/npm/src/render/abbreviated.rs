//! The abbreviated form, `application/vnd.npm.install-v1+json`, made from a full or an abbreviated document.

use std::io::{self, Write};

use super::{Copy, in_memory, text};
use crate::address::Links;
use crate::hidden::Hidden;
use crate::packument::{Packument, ReleaseRow};
use crate::scan::{Fault, Scanner, Span};

/// What stays of a release: npm's "package metadata" page, plus what newer registries and clients have added since.
fn stays(key: &str) -> bool {
    matches!(
        key,
        "name"
            | "version"
            | "deprecated"
            | "dependencies"
            | "optionalDependencies"
            | "devDependencies"
            | "bundleDependencies"
            | "bundledDependencies"
            | "peerDependencies"
            | "peerDependenciesMeta"
            | "acceptDependencies"
            | "bin"
            | "directories"
            | "dist"
            | "engines"
            | "cpu"
            | "os"
            | "libc"
            | "funding"
            | HAS_INSTALL_SCRIPT
            | "_hasShrinkwrap"
    )
}

const HAS_INSTALL_SCRIPT: &str = "hasInstallScript";

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
    let offset = row.object.start;
    let mut scanner = Scanner::new(row.object.of(copy.raw));
    let mut says_install_script = false;
    let mut has_install_script = false;
    let mut first = true;
    copy.put(b"{");
    let scanned = scanner.members(|scanner, key| {
        let name = key.decode().unwrap_or_default();
        if name == "scripts" && scanner.peek() == Some(b'{') {
            has_install_script = runs_on_install(scanner)?;
            return Ok(());
        }
        let value = scanner.value()?;
        if stays(&name) {
            says_install_script |= name == HAS_INSTALL_SCRIPT;
            if !std::mem::take(&mut first) {
                copy.put(b",");
            }
            copy_member(copy, row, links, Span { start: offset + key.span.start, end: offset + value.end });
        }
        Ok::<_, Fault>(())
    });
    debug_assert!(scanned.is_ok(), "compile() scanned these bytes before");
    if has_install_script && !says_install_script {
        copy.put(b",\"hasInstallScript\":true");
    }
    copy.put(b"}");
}

fn copy_member(copy: &mut Copy<'_>, row: &ReleaseRow, links: &Links, member: Span) {
    copy.skip_to(member.start);
    match &row.tarball {
        Some(tarball) if member.start < tarball.span.start && tarball.span.end <= member.end => {
            copy.release(row, links, member.end);
        }
        _ => copy.to(member.end),
    }
}

/// Reads `scripts`: npm runs these three when the package is installed.
fn runs_on_install(scanner: &mut Scanner<'_>) -> Result<bool, Fault> {
    let mut found = false;
    scanner.members(|scanner, key| {
        let script = scanner.text_value()?.is_some_and(|text| text.span.len() > 2);
        let at_install = matches!(key.decode().as_deref(), Some("preinstall" | "install" | "postinstall"));
        found |= script && at_install;
        Ok::<_, Fault>(())
    })?;
    Ok(found)
}
