//! The files that a first start makes in the data folder: the server's secret and its instance id.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use sekisho_core::Random;
use sekisho_core::base::{BASE62, random_text};
use sekisho_core::secret::ServerSecret;

use super::BootError;
use crate::config::Settings;
use crate::folder_lock::SERVER as LOCK;

/// Makes the data folder, for this user only.
pub(super) fn make_data_dir(dir: &Path) -> Result<(), BootError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|e| BootError::at("data_dir", format!("{}: {e}", dir.display())))
}

/// Takes the data folder for this process, until it ends in whatever way. Commands that only read it, or that use the
/// database beside the server, take no lock.
pub(super) fn take(dir: &Path) -> Result<File, BootError> {
    let path = dir.join(LOCK);
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = opened.map_err(|e| BootError::at(&path.display().to_string(), e))?;
    match file.try_lock() {
        Ok(()) => {
            // For the other's message only: the lock itself is the system's.
            let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut other = String::new();
            let _ = (&mut file).take(20).read_to_string(&mut other);
            let other = if other.bytes().all(|b| b.is_ascii_digit()) { other } else { String::new() };
            let process = if other.is_empty() { String::new() } else { format!(" (process {other})") };
            let why = format!(
                "{} is used by another sekisho serve{process}; stop that one, or choose another folder with --data",
                dir.display()
            );
            Err(BootError::at("data_dir", why))
        }
        Err(TryLockError::Error(error)) => {
            // Some network file systems have no locks. They are no place for SQLite, but that is for its own check.
            tracing::warn!("{}: {error}: nothing keeps a second server from this folder", path.display());
            Ok(file)
        }
    }
}

/// The configured secret, or the one that the first start made.
pub(super) fn secret(settings: &Settings, random: &dyn Random) -> Result<ServerSecret, BootError> {
    let path = settings.data_dir.join("secret");
    let (text, place) = match &settings.secret {
        Some(secret) => (secret.expose().to_owned(), "secret".to_owned()),
        None => (
            once(&path, || hex(random)).map_err(|e| BootError::at(&path.display().to_string(), e))?,
            path.display().to_string(),
        ),
    };
    let bytes = unhex(text.trim()).ok_or_else(|| BootError::at(&place, "must be 64 hexadecimal digits"))?;
    Ok(ServerSecret::new(bytes))
}

/// A name for this installation, by which it recognises its own requests.
pub(super) fn instance(dir: &Path, random: &dyn Random) -> Result<String, BootError> {
    let path = dir.join("instance");
    let text =
        once(&path, || random_text(BASE62, 12, random)).map_err(|e| BootError::at(&path.display().to_string(), e))?;
    match text.trim() {
        text if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric()) => Ok(text.to_owned()),
        _ => Err(BootError::at(
            &path.display().to_string(),
            "is not readable: remove it, and the next start makes a new one",
        )),
    }
}

/// The file's text; where there is no file, it is made with what `make` gives. Two starts at once agree on one.
fn once(path: &Path, make: impl FnOnce() -> String) -> io::Result<String> {
    if !path.exists() {
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(make().as_bytes())?;
        file.sync_all()?;
        // A link fails where the file is there already: then the other start's text holds.
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
    }
    let mut text = String::new();
    fs::File::open(path)?.take(4096).read_to_string(&mut text)?;
    Ok(text)
}

fn hex(random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}
