//! Rendered answers on disk, so that a restarted server answers before it has read and compiled the documents.
//!
//! Only documents in which nothing is hidden are here, and they are answered with only where nothing is known about the
//! name: what is hidden can't be known before the document is read. A file is one program's and one address's: the key
//! names them, and the file repeats its key. A SHA-256 of everything finds damage.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use sekisho_upstream::Folder;
use sha2::{Digest, Sha256};

use super::renders::{Form, RenderKey};
use crate::http::Origin;

/// Bytes before a body: a checksum of all that follows, the document's length, the key's length.
const HEAD: usize = 32 + 8 + 4;
/// Largest file that is read: far beyond any compressed document.
const MOST: u64 = 256 << 20;

/// The folder of rendered answers.
pub struct Bodies {
    files: Folder,
    program: String,
}

/// An answer as it was kept.
pub struct Kept {
    /// The compressed body.
    pub body: Bytes,
    /// The length of the document in it.
    pub plain: u64,
}

impl Bodies {
    /// The folder at `folder`, at most `limit` bytes.
    pub fn new(folder: PathBuf, limit: u64) -> Bodies {
        Bodies { files: Folder::new(folder, limit), program: program() }
    }

    /// Reads an answer. What is damaged is removed.
    pub fn read(&self, key: &RenderKey, origin: &Origin) -> Option<Kept> {
        let name = self.name(key, origin);
        let mut bytes = Vec::new();
        self.files.open(&name)?.take(MOST).read_to_end(&mut bytes).ok()?;
        match parse(Bytes::from(bytes), &name) {
            Some(kept) => {
                self.files.used(&name);
                Some(kept)
            }
            None => {
                tracing::warn!("a stored answer is damaged and is removed");
                self.files.remove(&name);
                None
            }
        }
    }

    /// Keeps an answer. A failure (a full disk) is logged by the folder; serving goes on without.
    pub fn write(&self, key: &RenderKey, origin: &Origin, body: &Bytes, plain: u64) {
        let name = self.name(key, origin);
        let Ok(length) = u32::try_from(name.len()) else { return };
        let (plain, length) = (plain.to_be_bytes(), length.to_be_bytes());
        let sum = sha256(&[&plain, &length, name.as_bytes(), body]);
        let written = self.files.write(&name, |file| {
            for part in [sum.as_slice(), &plain, &length, name.as_bytes(), body] {
                file.write_all(part)?;
            }
            Ok::<_, io::Error>(())
        });
        if written.is_err() {
            tracing::debug!("an answer was not stored");
        }
    }

    fn name(&self, key: &RenderKey, origin: &Origin) -> String {
        let form = match key.form {
            Form::Packument => "full",
            Form::Abbreviated => "abbreviated",
            Form::SimpleJson => "json",
            Form::SimpleHtml => "html",
        };
        let Origin { pages, npm, simple, files, .. } = origin;
        format!("{} {:016x} {form} {pages} {npm} {simple} {files}", self.program, key.revision)
    }
}

fn parse(bytes: Bytes, name: &str) -> Option<Kept> {
    let (sum, rest) = bytes.split_at_checked(32)?;
    let plain = u64::from_be_bytes(bytes.get(32..40)?.try_into().ok()?);
    let length = u32::from_be_bytes(bytes.get(40..HEAD)?.try_into().ok()?) as usize;
    let start = HEAD.checked_add(length)?;
    let whole = bytes.get(HEAD..start)? == name.as_bytes() && sha256(&[rest]) == sum;
    whole.then(|| Kept { body: bytes.slice(start..), plain })
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// This program: its version, and the file that it was started from. Another one may write other documents.
fn program() -> String {
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let built = file.ok().and_then(|data| {
        let modified = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(format!("{}.{}", data.len(), modified.as_millis()))
    });
    format!("{} {}", env!("CARGO_PKG_VERSION"), built.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn world() -> (tempfile::TempDir, Bodies, RenderKey, std::sync::Arc<Origin>) {
        let folder = tempfile::tempdir().expect("a folder");
        let origins = crate::http::Origins::new(&[], None, None, ([127, 0, 0, 1], 8417).into(), false);
        let origin = origins.primary().clone();
        let bodies = Bodies::new(folder.path().join("bodies"), 1 << 20);
        let key = RenderKey::new(7, &origin, Form::Packument, true);
        (folder, bodies, key, origin)
    }

    fn only_file(folder: &std::path::Path) -> PathBuf {
        let inner =
            |path: &std::path::Path| fs::read_dir(path).expect("a folder").flatten().next().expect("one").path();
        inner(&inner(&folder.join("bodies")))
    }

    #[test]
    fn an_answer_is_read_as_it_was_kept_and_only_by_its_own_key_and_program() {
        let (folder, mut bodies, key, origin) = world();
        bodies.write(&key, &origin, &Bytes::from_static(b"packed"), 99);
        let kept = bodies.read(&key, &origin).expect("kept");
        assert_eq!((kept.body.as_ref(), kept.plain), (b"packed".as_slice(), 99));
        assert!(bodies.read(&RenderKey { revision: 8, ..key.clone() }, &origin).is_none());
        assert!(bodies.read(&RenderKey { form: Form::Abbreviated, ..key.clone() }, &origin).is_none());
        bodies.program = "0.0.0 other".to_owned();
        assert!(bodies.read(&key, &origin).is_none());
        assert!(only_file(folder.path()).exists(), "what is another program's is left to it");
    }

    #[test]
    fn a_damaged_answer_is_removed_wherever_the_damage_is() {
        let (folder, bodies, key, origin) = world();
        bodies.write(&key, &origin, &Bytes::from_static(b"packed"), 99);
        let file = only_file(folder.path());
        let whole = fs::read(&file).expect("a file");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&file, damaged).expect("written");
            assert!(bodies.read(&key, &origin).is_none(), "byte {at}");
            assert!(!file.exists(), "byte {at}");
        }
        for length in [0, 31, 40, whole.len() - 1] {
            fs::write(&file, &whole[..length]).expect("written");
            assert!(bodies.read(&key, &origin).is_none(), "length {length}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_an_answer() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, bodies, key, origin) = world();
        bodies.write(&key, &origin, &Bytes::from_static(b"packed"), 99);
        let mode = fs::metadata(only_file(folder.path())).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
