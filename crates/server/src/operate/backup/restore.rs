//! Puts a backup in the data folder's place. What was there before is kept aside.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sekisho_core::{Clock, Random};
use sekisho_store::{SQLITE_FILES, check_sqlite, sqlite_versions};

use super::ended::{self, Ended};
use super::manifest::{FORMAT, MANIFEST, Manifest, SECRET, copy_hashed};
use super::{OperateError, at};
use crate::config::Settings;
use crate::folder_lock::RestoreLock;

/// Where the copies wait until they were looked through.
const STAGING: &str = "restore.partial";
/// What belongs to SQLite's files, and goes with them: logs, and the index over the ledger.
const BEGINNINGS: [&str; 3] = ["sekisho.db", "ledger.db", "ledger-index.db"];

/// What was done.
#[derive(Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// What became of what had ended after the backup was made.
    pub ended: Ended,
    /// Where the old files are, if there were any.
    pub aside: Option<PathBuf>,
}

/// Restores the backup in `from`. Nothing is touched until every file of it was found to be whole. What ended after it was
/// made ends in it too, unless it is to be revived.
pub async fn restore(
    settings: &Settings,
    from: &Path,
    revive: bool,
    (clock, random): (&dyn Clock, &dyn Random),
) -> Result<Restored, OperateError> {
    if settings.database.url.is_some() {
        return OperateError::refused(FOR_POSTGRES);
    }
    let data = &settings.data_dir;
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(|error| at(data, error))?;
    let lock = RestoreLock::take(data).map_err(|why| OperateError::Refused(format!("{}: {why}", data.display())))?;
    let manifest = read_manifest(from)?;
    let staging = data.join(STAGING);
    remove_if_there(&staging).map_err(|error| at(&staging, error))?;
    let old = ended::old_database(data, &lock).map_err(|error| at(data, error))?;
    let staged = async {
        stage(&manifest, from, &staging).await?;
        let old = old.as_deref().filter(|_| !revive);
        ended::carry(&manifest, &staging, old, (clock, random)).await
    };
    let ended = match staged.await {
        Ok(ended) if revive => Ended { revived: true, ..ended },
        Ok(ended) => ended,
        Err(error) => {
            let _ = fs::remove_dir_all(&staging);
            return Err(error);
        }
    };
    let now = clock.now().to_string().replace([':', '-'], "");
    let aside = data.join(format!("{}{now}", ended::ASIDE));
    let swap = || {
        lock.begin(data, &ended::kept_in(data, old.as_deref(), &aside))?;
        let moved = move_aside(&manifest, data, &aside)?;
        for file in &manifest.files {
            fs::rename(staging.join(&file.name), data.join(&file.name))?;
        }
        fs::remove_dir(&staging)?;
        lock.finish(data)?;
        Ok(moved)
    };
    let moved = swap().map_err(|error| at(data, error))?;
    Ok(Restored { manifest, ended, aside: moved.then_some(aside) })
}

fn read_manifest(from: &Path) -> Result<Manifest, OperateError> {
    let path = from.join(MANIFEST);
    let manifest = Manifest::read(&path)
        .map_err(|error| OperateError::Refused(format!("{}: {error}: this is no whole backup", path.display())))?;
    if manifest.format != FORMAT {
        return OperateError::refused(format!(
            "the backup has form {}, this program knows form {FORMAT}: restore it with sekisho {}",
            manifest.format, manifest.program
        ));
    }
    let names: Vec<_> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    let known = |name: &&str| SQLITE_FILES.contains(name) || *name == SECRET;
    if !names.iter().all(known) || !SQLITE_FILES.iter().all(|file| names.iter().filter(|n| *n == file).count() == 1) {
        return OperateError::refused(format!("{}: it names other files than a backup has", path.display()));
    }
    Ok(manifest)
}

/// Copies the files beside the data, and looks whether they are what the manifest says and what this program can use.
async fn stage(manifest: &Manifest, from: &Path, staging: &Path) -> Result<(), OperateError> {
    DirBuilder::new().mode(0o700).create(staging).map_err(|error| at(staging, error))?;
    for file in &manifest.files {
        let path = from.join(&file.name);
        let (bytes, sha256) = copy_hashed(&path, &staging.join(&file.name)).map_err(|error| at(&path, error))?;
        if (bytes, &sha256) != (file.bytes, &file.sha256) {
            return OperateError::refused(format!(
                "{}: the file is damaged: it is not what the manifest says; use another backup",
                path.display()
            ));
        }
    }
    for version in sqlite_versions(staging).await? {
        if version.found > version.known {
            return OperateError::refused(format!(
                "the backup has version {} of the schema `{}`, this program knows versions up to {}: restore it with \
                 sekisho {} or a newer one",
                version.found, version.part, version.known, manifest.program
            ));
        }
    }
    for name in SQLITE_FILES {
        if let Some(wrong) = check_sqlite(&staging.join(name)).await? {
            return OperateError::refused(format!("{name} in the backup is damaged: {wrong}; use another backup"));
        }
    }
    Ok(())
}

/// Moves what the backup replaces; whether there was anything.
fn move_aside(manifest: &Manifest, data: &Path, aside: &Path) -> io::Result<bool> {
    let mut moved = false;
    for entry in fs::read_dir(data)? {
        let name = entry?.file_name();
        let Some(text) = name.to_str() else { continue };
        let of_sqlite = BEGINNINGS.iter().any(|beginning| text.starts_with(beginning));
        if of_sqlite || manifest.files.iter().any(|file| file.name == text) {
            if !moved {
                DirBuilder::new().mode(0o700).recursive(true).create(aside)?;
                moved = true;
            }
            fs::rename(data.join(text), aside.join(text))?;
        }
    }
    Ok(moved)
}

fn remove_if_there(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What to do instead, where PostgreSQL has the data.
const FOR_POSTGRES: &str = "the data is in PostgreSQL, whose own tools restore it, beside what is there:\n\n  \
    psql \"$SEKISHO_DATABASE_URL\" --command='CREATE DATABASE sekisho_restored'\n  \
    pg_restore --no-owner --single-transaction --dbname=\"$RESTORED_URL\" sekisho.dump\n\n\
    SEKISHO_DATABASE_URL stands for what database.url is set to, RESTORED_URL for the same with sekisho_restored as the \
    name of the database. Stop the server, set database.url to that, and start it. The old database stays.";
