//! What was found before: `upstreams.json` in the data folder.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use sekisho_core::Ecosystem;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use url::Url;

use super::files::read;

#[derive(Clone, Serialize, Deserialize)]
struct Line {
    url: String,
    how: String,
}

type Lines = BTreeMap<String, Line>;

/// The file, changed by one at a time.
pub(super) struct Kept {
    path: PathBuf,
    turn: Mutex<()>,
}

impl Kept {
    pub(super) fn new(path: PathBuf) -> Kept {
        Kept { path, turn: Mutex::new(()) }
    }

    pub(super) async fn get(&self, ecosystem: Ecosystem) -> Option<(String, String)> {
        let _turn = self.turn.lock().await;
        let path = self.path.clone();
        let mut lines = tokio::task::spawn_blocking(move || load(&path)).await.ok()?;
        lines.remove(ecosystem.as_str()).map(|line| (line.url, line.how))
    }

    /// Keeps an address. If that fails it is logged and looked for again next time.
    pub(super) async fn put(&self, ecosystem: Ecosystem, url: &Url, how: &str) {
        let _turn = self.turn.lock().await;
        let path = self.path.clone();
        let line = Line { url: url.to_string(), how: how.to_owned() };
        let saved = tokio::task::spawn_blocking(move || {
            let mut lines = load(&path);
            lines.insert(ecosystem.as_str().to_owned(), line);
            save(&path, &lines)
        });
        match saved.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the upstream that was found can't be kept in the data folder"),
            Err(error) => tracing::error!(%error, "keeping the upstream panicked"),
        }
    }
}

/// A file that is missing or can't be read is an empty one.
fn load(path: &Path) -> Lines {
    let Some(text) = read(path) else { return Lines::new() };
    serde_json::from_str(&text).unwrap_or_else(|error| {
        tracing::warn!(%error, "upstreams.json can't be read; upstreams are looked for again");
        Lines::new()
    })
}

fn save(path: &Path, lines: &Lines) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, lines)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
