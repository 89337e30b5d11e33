//! What ended between a backup and its restore: found in the database that the backup replaces, and ended in it too. Or else
//! a restore would bring back what was revoked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sekisho_core::id::{AuditId, OrgId};
use sekisho_core::{Clock, Random};
use sekisho_store::{CarriedOver, NewAudit, SQLITE_MAIN, carry_over, copy_to_ask};
use serde_json::json;

use super::OperateError;
use super::manifest::Manifest;
use crate::folder_lock::RestoreLock;
use crate::operate::ACTOR;

/// How the folders begin in which old files are kept.
pub const ASIDE: &str = "before-restore-";
/// A copy of the old one, while it is asked.
const COPY: &str = "old.db";

/// What became of what had ended after a backup was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ended {
    /// What ends in the backup too; none if there was no database to ask.
    pub carried: Option<CarriedOver>,
    /// It counts again because that was said.
    pub revived: bool,
}

/// The main database that is replaced, if there is one. A restore that was interrupted may have moved it aside already, and
/// what is in its place then knows nothing.
pub fn old_database(data: &Path, lock: &RestoreLock) -> io::Result<Option<PathBuf>> {
    let moved = lock.interrupted(data)?.filter(|name| name.starts_with(ASIDE) && !name.contains('/'));
    let moved = moved.map(|name| data.join(name).join(SQLITE_MAIN));
    Ok(moved.into_iter().chain([data.join(SQLITE_MAIN)]).find(|path| path.exists()))
}

/// The name of the folder in which the old database is, or will be once it was moved to `aside`.
pub fn kept_in(data: &Path, old: Option<&Path>, aside: &Path) -> String {
    let of_before = old.and_then(Path::parent).filter(|parent| *parent != data);
    let name = of_before.unwrap_or(aside).file_name();
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Ends in the copies in `staging` what the old database says has ended.
pub async fn carry(
    manifest: &Manifest,
    staging: &Path,
    old: Option<&Path>,
    (clock, random): (&dyn Clock, &dyn Random),
) -> Result<Ended, OperateError> {
    let copy = staging.join(COPY);
    if let Some(old) = old {
        copy_to_ask(old, &copy).await.map_err(|error| {
            OperateError::Refused(format!(
                "{}: {}: the database that would be replaced can't be read, and nothing else says what ended after the \
                 backup. Every key, token, bot and member that was revoked or removed since would count again, and who was \
                 erased would be back. If it has to be, say --revive-ended, and end all of it again before the server is \
                 started",
                old.display(),
                error.told()
            ))
        })?;
    }
    let now = clock.now();
    let mut note = |org: OrgId| NewAudit {
        id: AuditId::mint(now, random),
        at: now,
        actor: ACTOR.to_owned(),
        action: "org.restored",
        subject: org.to_string(),
        detail: json!({"backup_of": manifest.made_at}).to_string(),
        under: None,
    };
    let carried = carry_over(staging, old.map(|_| copy.as_path()), now, &mut note).await?;
    for left in [COPY, "old.db-wal", "old.db-shm"] {
        match fs::remove_file(staging.join(left)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(super::at(&copy, error)),
            _ => {}
        }
    }
    Ok(Ended { carried: old.map(|_| carried), revived: false })
}
