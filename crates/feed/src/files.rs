//! Records in files: a folder of them, or one file.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::osv::{self, Compiled};
use crate::report::Problem;
use crate::workers::{self, MAX_ENTRIES, MAX_ENTRY, Stopped};

/// Largest single `.json` file, which may hold many records.
const MAX_FILE: u64 = 256 << 20;
/// Folders in folders, at most.
const MAX_DEPTH: usize = 32;

/// A file below a folder, with what tells that it changed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    /// Its path below the folder.
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
}

/// What tells that a file changed: its length, and when it was written in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) length: u64,
    pub(crate) written: u128,
}

impl Stamp {
    /// A file's stamp; of its target, if it is a link.
    pub(crate) fn of(path: &Path) -> std::io::Result<Stamp> {
        let about = fs::metadata(path)?;
        let written = about.modified()?.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        Ok(Stamp { length: about.len(), written })
    }
}

/// Every `*.json` below a folder, in the order of the paths. Links to files count, links to folders don't (they could
/// lead in circles), and neither does what git keeps for itself.
pub(crate) fn list(root: &Path) -> Result<Vec<Found>, Problem> {
    let mut found = Vec::new();
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let at = |problem: std::io::Error| Problem::at(&folder.to_string_lossy(), problem);
        for entry in fs::read_dir(root.join(&folder)).map_err(at)? {
            let entry = entry.map_err(at)?;
            let path = folder.join(entry.file_name());
            if entry.file_type().map_err(at)?.is_dir() {
                if depth == MAX_DEPTH {
                    return Err(Problem::at(&path.to_string_lossy(), "folders are nested too deep"));
                }
                if entry.file_name() != ".git" {
                    folders.push((path, depth + 1));
                }
            } else if path.extension().is_some_and(|extension| extension == "json") {
                let stamp = Stamp::of(&root.join(&path)).map_err(|e| Problem::at(&path.to_string_lossy(), e))?;
                found.push(Found { path, stamp });
            }
        }
        if found.len() as u64 > MAX_ENTRIES {
            return Err(Problem::whole(format!("the folder has more than {MAX_ENTRIES} records")));
        }
    }
    found.sort();
    Ok(found)
}

/// Compiles a folder with one record in each `*.json`.
pub(crate) fn compile_folder(root: &Path, prefixes: &[String]) -> Result<Compiled, Problem> {
    let found = list(root)?;
    workers::compile(
        prefixes,
        |queue| {
            let mut files = found.into_iter();
            let pushed: Result<(), Stopped> =
                files.try_for_each(|file| queue.push(file.path.to_string_lossy().into_owned(), root.join(&file.path)));
            Ok(pushed)
        },
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
