//! Records in files: a folder of them, or one file.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::osv::{self, Compiled};
use crate::report::Problem;
use crate::workers::{self, MAX_ENTRIES, MAX_ENTRY};

/// Largest single `.json` file, which may hold many records.
const MAX_FILE: u64 = 256 << 20;
/// Folders in folders, at most.
const MAX_DEPTH: usize = 32;

/// What tells that a file changed: its length, when it was written in nanoseconds, and what whoever writes can't choose:
/// which file it is, and when anything about it changed. A copy that keeps its time of writing is seen by these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub(crate) length: u64,
    pub(crate) written: u128,
    pub(crate) kept_by_the_system: [i128; 3],
}

impl Stamp {
    /// A file's stamp; of its target, if it is a link.
    pub fn of(path: &Path) -> std::io::Result<Stamp> {
        let about = fs::metadata(path)?;
        let written = about.modified()?.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        Ok(Stamp { length: about.len(), written, kept_by_the_system: kept_by_the_system(&about) })
    }
}

/// Device, number and time of change.
#[cfg(unix)]
fn kept_by_the_system(about: &fs::Metadata) -> [i128; 3] {
    use std::os::unix::fs::MetadataExt;
    let changed = i128::from(about.ctime()) * 1_000_000_000 + i128::from(about.ctime_nsec());
    [about.dev().into(), about.ino().into(), changed]
}

#[cfg(not(unix))]
fn kept_by_the_system(_: &fs::Metadata) -> [i128; 3] {
    [0; 3]
}

/// Visits every `*.json` below a folder, by its path below it, in no order. Links to files count, links to folders don't
/// (they could lead in circles), and neither does what git keeps for itself. Never holds more than one path for each
/// level: a feed's folder may have hundreds of thousands of files.
pub(crate) fn walk<E>(root: &Path, mut visit: impl FnMut(&Path) -> Result<(), E>) -> Result<Result<(), E>, Problem> {
    let open = |folder: PathBuf| match fs::read_dir(root.join(&folder)) {
        Ok(entries) => Ok((folder, entries)),
        Err(problem) => Err(at(&folder, problem)),
    };
    let mut levels = vec![open(PathBuf::new())?];
    let mut found: u64 = 0;
    while let Some((folder, entries)) = levels.last_mut() {
        let Some(entry) = entries.next() else {
            levels.pop();
            continue;
        };
        let entry = entry.map_err(|problem| at(folder, problem))?;
        let path = folder.join(entry.file_name());
        if entry.file_type().map_err(|problem| at(&path, problem))?.is_dir() {
            if entry.file_name() == ".git" {
                continue;
            }
            if levels.len() > MAX_DEPTH {
                return Err(at(&path, "folders are nested too deep"));
            }
            levels.push(open(path)?);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found += 1;
            if found > MAX_ENTRIES {
                return Err(Problem::whole(format!("the folder has more than {MAX_ENTRIES} records")));
            }
            if let Err(stop) = visit(&path) {
                return Ok(Err(stop));
            }
        }
    }
    Ok(Ok(()))
}

/// A problem at a path below the source.
pub(crate) fn at(path: &Path, problem: impl ToString) -> Problem {
    Problem::at(&path.to_string_lossy(), problem)
}

/// Compiles a folder with one record in each `*.json`.
pub(crate) fn compile_folder(root: &Path, prefixes: &[String]) -> Result<Compiled, Problem> {
    workers::compile(
        prefixes,
        |queue| walk(root, |path| queue.push(path.to_string_lossy().into_owned(), root.join(path))),
        || |path: &PathBuf, bytes: &mut Vec<u8>| read(path, MAX_ENTRY, bytes),
    )
}

/// Compiles one file: a record, an array of records, or records one after another.
pub(crate) fn compile_file(path: &Path, prefixes: &[String]) -> Result<Compiled, Problem> {
    let mut bytes = Vec::new();
    read(path, MAX_FILE, &mut bytes).map_err(Problem::whole)?;
    let mut compiled = Compiled::default();
    let result = osv::add_many(&bytes, prefixes, &mut compiled);
    result.map_err(|problem| Problem::at(&format!("after {} records", compiled.read), problem))?;
    Ok(compiled)
}

fn read(path: &Path, most: u64, bytes: &mut Vec<u8>) -> Result<(), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    file.take(most + 1).read_to_end(bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > most { Err(format!("larger than {most} bytes")) } else { Ok(()) }
}
