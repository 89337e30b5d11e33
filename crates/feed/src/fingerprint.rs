//! What tells that a source changed, without reading its records.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::files::{self, Stamp};
use crate::report::Problem;

/// A folder's tree, or a file, by paths, lengths and times of writing.
pub(crate) fn of_path(path: &Path) -> Result<String, Problem> {
    let mut hash = Sha256::new();
    let mut add = |name: &str, stamp: Stamp| {
        hash.update(name.len().to_le_bytes());
        hash.update(name);
        hash.update(stamp.length.to_le_bytes());
        hash.update(stamp.written.to_le_bytes());
    };
    if path.is_dir() {
        files::list(path)?.iter().for_each(|file| add(&file.path.to_string_lossy(), file.stamp));
    } else {
        add("", Stamp::of(path).map_err(Problem::whole)?);
    }
    Ok(hex(&hash.finalize()))
}

/// What a text hashes to, short enough for a file's name.
pub(crate) fn of_text(text: &str) -> String {
    hex(&Sha256::digest(text)).chars().take(32).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
