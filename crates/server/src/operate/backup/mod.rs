//! `sekisho admin backup` and `restore`: a folder with copies of SQLite's files and a manifest.
//!
//! A copy of a file is its state of one moment, made by SQLite while others write. The ledger is copied first and the main
//! file after it. So every answer that was recorded before the backup began is in it, every account, token and
//! organisation that a row of the ledger names was in the main file when that was copied (unless it was removed by then, as
//! it can be at any time), and a revocation that came while the ledger was copied holds. The index over the ledger is left
//! out: it is made again.

pub mod ended;
pub mod manifest;
pub mod restore;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sekisho_store::{SQLITE_FILES, copy_sqlite, sqlite_versions};

use super::{OperateError, Operator};
use crate::config::Settings;
use manifest::{Copied, FORMAT, MANIFEST, Manifest, SECRET, copy_hashed, hash_of};

impl Operator {
    /// Makes a backup of the data folder at `into`, which must not be there. It has every secret that the folder has.
    pub async fn backup(&self, settings: &Settings, into: &Path) -> Result<Manifest, OperateError> {
        if settings.database.url.is_some() {
            return OperateError::refused(for_postgres(&settings.data_dir));
        }
        if into.exists() {
            return OperateError::refused(format!("{} is there already: name a folder that is not", into.display()));
        }
        let partial = with_suffix(into, ".partial");
        // Whatever has this name already is not ours to remove.
        DirBuilder::new().mode(0o700).create(&partial).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OperateError::Refused(format!(
                "{} is there already, as a backup that was interrupted leaves it: remove it, or name another folder",
                partial.display()
            )),
            _ => at(&partial, error),
        })?;
        let made = self.copy_all(settings, &partial).await;
        let moved = made.and_then(|manifest| {
            let put = fs::rename(&partial, into).and_then(|()| sync_parent(into));
            put.map(|()| manifest).map_err(|error| at(into, error))
        });
        if moved.is_err() {
            // What is left of it is no backup; if it can't be removed, its name says so.
            let _ = fs::remove_dir_all(&partial);
        }
        moved
    }

    async fn copy_all(&self, settings: &Settings, into: &Path) -> Result<Manifest, OperateError> {
        let (data, made_at) = (&settings.data_dir, self.now().to_string());
        let mut files = Vec::new();
        for name in SQLITE_FILES {
            let path = into.join(name);
            make_private(&path).map_err(|error| at(&path, error))?;
            copy_sqlite(&data.join(name), &path).await?;
            let (bytes, sha256) = hash_of(&path).map_err(|error| at(&path, error))?;
            files.push(Copied { name: name.to_owned(), bytes, sha256 });
        }
        let secret = data.join(SECRET);
        if settings.secret.is_none() && secret.exists() {
            let (bytes, sha256) = copy_hashed(&secret, &into.join(SECRET)).map_err(|error| at(&secret, error))?;
            files.push(Copied { name: SECRET.to_owned(), bytes, sha256 });
        }
        let schema = sqlite_versions(into).await?.into_iter().map(|v| (v.part.to_owned(), v.found)).collect();
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let manifest = Manifest { format: FORMAT, program, made_at, schema, files };
        let path = into.join(MANIFEST);
        manifest.write(&path).and_then(|()| File::open(into)?.sync_all()).map_err(|error| at(&path, error))?;
        Ok(manifest)
    }
}

/// What to do instead, where PostgreSQL has the data.
fn for_postgres(data: &Path) -> String {
    format!(
        "the data is in PostgreSQL, whose own tool makes a consistent copy while the server runs:\n\n  \
         pg_dump --format=custom --no-owner --file=sekisho.dump \"$SEKISHO_DATABASE_URL\"\n\n\
         SEKISHO_DATABASE_URL stands for what database.url is set to. Keep {} beside it, if it is there.",
        data.join(SECRET).display()
    )
}

fn at(path: &Path, error: io::Error) -> OperateError {
    OperateError::Refused(format!("{}: {error}", path.display()))
}

fn make_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}
