//! What tells that a source changed, without reading its records.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::files::{self, Stamp};
use crate::report::Problem;

/// A folder's tree, or a file, by paths and [`Stamp`]s.
///
/// A folder comes in no order, so its files' hashes are added up: that tells one tree from another without holding it.
pub(crate) fn of_path(path: &Path) -> Result<String, Problem> {
    if !path.is_dir() {
        return Ok(format!("{:032x}", of_file("", Stamp::of(path).map_err(Problem::whole)?)));
    }
    let (mut files, mut sum): (u64, u128) = (0, 0);
    files::walk(path, |file| {
        let stamp = Stamp::of(&path.join(file)).map_err(|problem| files::at(file, problem))?;
        files += 1;
        sum = sum.wrapping_add(of_file(&file.to_string_lossy(), stamp));
        Ok(())
    })??;
    Ok(format!("{files}-{sum:032x}"))
}

fn of_file(name: &str, stamp: Stamp) -> u128 {
    let mut hash = Sha256::new();
    hash.update(stamp.length.to_le_bytes());
    hash.update(stamp.written.to_le_bytes());
    stamp.kept_by_the_system.iter().for_each(|number| hash.update(number.to_le_bytes()));
    hash.update(name);
    hash.finalize().iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

/// What a text hashes to, short enough for a file's name.
pub(crate) fn of_text(text: &str) -> String {
    hex(&Sha256::digest(text)).chars().take(32).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
