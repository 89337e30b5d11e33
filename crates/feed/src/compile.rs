//! All sources into one blocklist.

use std::path::Path;

use sekisho_core::blocklist::{Blocklist, BlocklistBuilder};

use crate::download;
use crate::osv::Compiled;
use crate::report::{FeedError, Problem, Report, SourceReport};
use crate::source::Source;
use crate::{files, zips};

/// Compiles the records of one document, as a source's `.json` file is read: one record, an array, or one after another.
/// An error names what can't be read; nothing is taken then.
pub fn compile_records(json: &[u8], prefixes: &[String]) -> Result<Blocklist, String> {
    let mut compiled = Compiled::default();
    crate::osv::add_many(json, prefixes, &mut compiled)?;
    Ok(compiled.builder.build())
}

/// Compiles every source. One that fails fails the whole.
pub(crate) fn all(sources: &[Source], folder: &Path, prefixes: &[String]) -> Result<(Blocklist, Report), FeedError> {
    let mut builder = BlocklistBuilder::default();
    let mut report = Report::default();
    for source in sources {
        let compiled = one(source, folder, prefixes).map_err(|problem| problem.of(source))?;
        builder.append(compiled.builder);
        report.absorb(compiled.report);
        report.sources.push(SourceReport { source: source.to_string(), read: compiled.read });
    }
    let blocklist = builder.build();
    report.records = blocklist.records();
    report.names = blocklist.names();
    report.notes.sort();
    Ok((blocklist, report))
}

fn one(source: &Source, folder: &Path, prefixes: &[String]) -> Result<Compiled, Problem> {
    match source {
        Source::Address(url) => {
            let place = download::Place::new(folder, url);
            zips::compile(&place.zip, prefixes).inspect_err(|_| place.forget())
        }
        Source::Path(path) if path.is_dir() => files::compile_folder(path, prefixes),
        Source::Path(path) if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip")) => {
            zips::compile(path, prefixes)
        }
        Source::Path(path) => files::compile_file(path, prefixes),
    }
}
