//! The compiled blocklist on disk, for the next start.
//!
//! ```text
//! sekisho-feed 1 <crc32 of the second line, hexadecimal>
//! {"compiled_at":…,"settings":…,"fingerprints":[…],"report":{…}}
//! the blocklist's bytes
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use sekisho_core::Timestamp;
use sekisho_core::blocklist::Blocklist;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::report::Report;

const MAGIC: &str = "sekisho-feed 1";
/// Longest line before the blocklist.
const MAX_LINE: u64 = 1 << 20;

/// A compiled blocklist and where it comes from.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The blocklist.
    pub blocklist: Blocklist,
    /// When its sources were read.
    pub compiled_at: Timestamp,
    /// What was compiled, and what was left out.
    pub report: Report,
}

/// What stands before the blocklist.
#[derive(Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) compiled_at: i64,
    /// What the settings hash to: sources and prefixes.
    pub(crate) settings: String,
    /// One for each source.
    pub(crate) fingerprints: Vec<String>,
    pub(crate) report: Report,
}

/// Reads a snapshot. One that is missing, damaged or of another format is absent.
pub(crate) fn load(path: &Path) -> Option<(Header, Blocklist)> {
    let mut file = BufReader::new(File::open(path).ok()?);
    let mut line = || {
        let mut line = String::new();
        file.by_ref().take(MAX_LINE).read_line(&mut line).ok()?;
        line.strip_suffix('\n').map(str::to_owned)
    };
    let (first, second) = (line()?, line()?);
    let crc = first.strip_prefix(MAGIC)?.strip_prefix(' ')?;
    if crc != format!("{:08x}", crc32fast::hash(second.as_bytes())) {
        return None;
    }
    let header = serde_json::from_str(&second).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some((header, Blocklist::from_bytes(bytes).ok()?))
}

/// Writes a snapshot: whole and durable, or not at all.
pub(crate) fn store(path: &Path, header: &Header, blocklist: &Blocklist) -> io::Result<()> {
    let line = serde_json::to_string(header)?;
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    writeln!(file, "{MAGIC} {:08x}\n{line}", crc32fast::hash(line.as_bytes()))?;
    file.write_all(blocklist.as_bytes())?;
    replace(file, path)
}

/// Puts a finished file in the place of another, durably.
pub(crate) fn replace(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path)?;
    // A rename is durable when its folder is. Windows has no such call, and its renames need none.
    #[cfg(unix)]
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}
