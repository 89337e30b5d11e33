//! What a backup holds: names, sizes and hashes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The form of the folder that this program writes and reads.
pub const FORMAT: u32 = 1;
/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";
/// The server's secret, which is copied too.
pub const SECRET: &str = "secret";
/// Largest manifest that is read.
const LARGEST: u64 = 64 << 10;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The folder's form.
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// When it was begun.
    pub made_at: String,
    /// The versions of the schema's parts.
    pub schema: BTreeMap<String, i64>,
    /// The files.
    pub files: Vec<Copied>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copied {
    /// Its name in the backup and in the data folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// Writes it, and syncs it.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        file.sync_all()
    }

    /// Reads it.
    pub fn read(path: &Path) -> io::Result<Manifest> {
        let mut text = String::new();
        File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
        Ok(serde_json::from_str(&text)?)
    }
}

/// A file's size and hash. The file is synced too.
pub fn hash_of(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let found = hash(&mut file, &mut io::sink())?;
    file.sync_all()?;
    Ok(found)
}

/// Copies a file to one that is not there, for this user only, and syncs it; its size and hash.
pub fn copy_hashed(from: &Path, into: &Path) -> io::Result<(u64, String)> {
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(into)?;
    let found = hash(&mut File::open(from)?, &mut to)?;
    to.sync_all()?;
    Ok(found)
}

fn hash(from: &mut File, to: &mut impl Write) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            let digits = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok((bytes, digits));
        }
        hasher.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        bytes += read as u64;
    }
}
