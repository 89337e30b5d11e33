//! Who uses the data folder: a server has it for itself, commands share it with the server and each other, and a restore
//! has it alone.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file that a server locks.
pub(crate) const SERVER: &str = "lock";
/// The file that commands lock.
const COMMANDS: &str = "lock.commands";
/// What a restore leaves while old files are moved out and new ones in: whoever would start now would start empty.
const UNFINISHED: &str = "restore.unfinished";

/// A command's place in the data folder, given back when dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub struct CommandLock(#[expect(dead_code, reason = "held, not read")] File);

/// The folder alone, for a restore.
#[derive(Debug)]
pub struct RestoreLock(#[expect(dead_code, reason = "held, not read")] [File; 2]);

/// Why the folder can't be had.
#[derive(Debug, thiserror::Error)]
pub enum Occupied {
    /// Somebody has what excludes this.
    #[error("{0}")]
    Taken(&'static str),
    /// The lock can't be made.
    #[error("the lock file: {0}")]
    Io(#[from] io::Error),
}

/// No restore was interrupted here.
pub fn is_whole(dir: &Path) -> Result<(), Occupied> {
    match dir.join(UNFINISHED).exists() {
        true => Err(Occupied::Taken("a restore was interrupted there; run `sekisho admin restore` again")),
        false => Ok(()),
    }
}

impl CommandLock {
    /// Beside the server and other commands.
    pub fn take(dir: &Path) -> Result<CommandLock, Occupied> {
        let file = open(dir, COMMANDS)?;
        taken(file.try_lock_shared(), "`sekisho admin restore` is at work there; wait until it ends")?;
        is_whole(dir)?;
        Ok(CommandLock(file))
    }
}

impl RestoreLock {
    /// Without a server and without commands.
    pub fn take(dir: &Path) -> Result<RestoreLock, Occupied> {
        let (server, commands) = (open(dir, SERVER)?, open(dir, COMMANDS)?);
        taken(server.try_lock(), "a server uses it; stop the server first")?;
        taken(commands.try_lock(), "a command is at work there; wait until it ends")?;
        Ok(RestoreLock([server, commands]))
    }

    /// From now on nobody starts here, until the restore [is finished](RestoreLock::finish). `aside` is the folder, in this
    /// one, in which the database that was replaced is or will be.
    pub fn begin(&self, dir: &Path, aside: &str) -> io::Result<()> {
        let mut file = File::create(dir.join(UNFINISHED))?;
        file.write_all(aside.as_bytes())?;
        file.sync_all()?;
        File::open(dir)?.sync_all()
    }

    /// What an interrupted restore said at its beginning.
    pub fn interrupted(&self, dir: &Path) -> io::Result<Option<String>> {
        match fs::read_to_string(dir.join(UNFINISHED)) {
            Ok(aside) => Ok(Some(aside)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The folder is whole again.
    pub fn finish(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()?;
        fs::remove_file(dir.join(UNFINISHED))?;
        File::open(dir)?.sync_all()
    }
}

fn open(dir: &Path, name: &str) -> io::Result<File> {
    File::options().append(true).create(true).mode(0o600).open(dir.join(name))
}

fn taken(locked: Result<(), TryLockError>, why: &'static str) -> Result<(), Occupied> {
    match locked {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Occupied::Taken(why)),
        Err(TryLockError::Error(error)) => Err(Occupied::Io(error)),
    }
}
