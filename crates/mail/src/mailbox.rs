//! A folder of `.eml` files in place of a mail server, and how to read it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use mail_parser::MessageParser;
use sekisho_core::Timestamp;

use crate::message::Message;
use crate::transport::{Cause, SendError};

/// Files larger than this are not ours.
const MAX_FILE: u64 = 1 << 20;

/// A folder that messages are written to.
#[derive(Clone, Debug)]
pub struct Mailbox {
    folder: PathBuf,
}

/// One message of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The file's name without `.eml`; sorts by time.
    pub id: String,
    /// Its `Date`.
    pub at: Timestamp,
    /// Whom it is for.
    pub to: String,
    /// Its subject, decoded.
    pub subject: String,
}

/// The folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// No such message.
    #[error("no such message: list them to see their ids")]
    NotFound,
    /// The folder is empty or was never written to.
    #[error("no messages yet")]
    Empty,
    /// The file is no message.
    #[error("the file is not a message")]
    NotAMessage,
    /// The system said no.
    #[error("the mailbox could not be read: {0}")]
    Io(#[from] io::Error),
}

impl Mailbox {
    /// Takes the folder; it is made when the first message comes.
    pub fn new(folder: PathBuf) -> Mailbox {
        Mailbox { folder }
    }

    /// Writes one file: whole or not at all, synced, for its owner only.
    pub(crate) async fn deliver(&self, message: &Message) -> Result<(), SendError> {
        let (folder, message) = (self.folder.clone(), message.clone());
        let written = tokio::task::spawn_blocking(move || write(&folder, &message)).await;
        let written = written.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        written.map_err(|e| SendError::Unavailable(Cause::Folder(e.kind())))
    }
}

/// The folder's messages, oldest first. A folder that is not there has none; what can't be read is left out.
pub fn list(folder: &Path) -> Result<Vec<Summary>, MailboxError> {
    let ids = ids(folder)?;
    Ok(ids.into_iter().filter_map(|id| read(folder, &id).ok().and_then(|raw| summary(id, &raw))).collect())
}

/// One message as people read it: four headers, an empty line, the decoded text. `id` is one that [`list`] gave, or `last`.
pub fn show(folder: &Path, id: &str) -> Result<String, MailboxError> {
    let mut ids = ids(folder)?;
    // Only a name that the folder itself has is ever opened, so no id leads out of it.
    let id = match id {
        "last" => ids.pop().ok_or(MailboxError::Empty)?,
        id => ids.into_iter().find(|known| known == id).ok_or(MailboxError::NotFound)?,
    };
    let raw = read(folder, &id)?;
    let message = MessageParser::default().parse(&raw).ok_or(MailboxError::NotAMessage)?;
    let body = message.body_text(0).ok_or(MailboxError::NotAMessage)?;
    let date = message.date().map(|d| d.to_rfc822()).unwrap_or_default();
    let (from, to) = (people(message.from()), people(message.to()));
    let subject = message.subject().unwrap_or_default();
    Ok(printable(&format!("From: {from}\nTo: {to}\nSubject: {subject}\nDate: {date}\n\n{body}")))
}

fn summary(id: String, raw: &[u8]) -> Option<Summary> {
    let message = MessageParser::default().parse(raw)?;
    let at = Timestamp(message.date()?.to_timestamp().saturating_mul(1000));
    let subject = printable(message.subject().unwrap_or_default());
    Some(Summary { id, at, to: printable(&people(message.to())), subject })
}

fn people(address: Option<&mail_parser::Address<'_>>) -> String {
    let each = address.into_iter().flat_map(|a| a.iter()).map(|a| match (a.name(), a.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => name.or(address).unwrap_or_default().to_owned(),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// A file in the folder may be anybody's: nothing of it may steer a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn ids(folder: &Path) -> Result<Vec<String>, MailboxError> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries?,
    };
    let mut ids = vec![];
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".eml")).filter(|id| !id.starts_with('.'));
        if let Some(id) = id.filter(|_| entry.file_type().is_ok_and(|t| t.is_file())) {
            ids.push(id.to_owned());
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

fn read(folder: &Path, id: &str) -> Result<Vec<u8>, MailboxError> {
    let mut raw = vec![];
    File::open(folder.join(format!("{id}.eml")))?.take(MAX_FILE + 1).read_to_end(&mut raw)?;
    if raw.len() as u64 > MAX_FILE { Err(MailboxError::NotAMessage) } else { Ok(raw) }
}

fn write(folder: &Path, message: &Message) -> io::Result<()> {
    make_private(folder)?;
    let temporary = folder.join(format!(".{}.tmp", message.id));
    let name = format!("{:013}-{}.eml", message.at.0.max(0), message.id.get(..8).unwrap_or_default());
    let written = write_synced(&temporary, message.raw()).and_then(|()| fs::rename(&temporary, folder.join(name)));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    File::open(folder)?.sync_all()
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}
