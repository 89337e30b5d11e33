//! What only shows when somebody looks: folders that can't be used, and upstreams whose packages nobody may take.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use sekisho_core::Ecosystem;
use sekisho_feed::Source;

use super::BootError;
use crate::assemble::place;
use crate::audience::Audience;
use crate::config::{ArtifactMode, Settings};

/// The folder for kept files can be written to. A bucket is not asked: at start it may be away for a moment.
pub(super) fn store(settings: &Settings) -> Result<(), BootError> {
    if settings.artifacts.mode != ArtifactMode::Cache {
        return Ok(());
    }
    // With a bucket this is where files arrive, in the data folder.
    let (folder, _) = place(settings).map_err(|(key, why)| BootError::at(key, why))?;
    writable(&folder).map_err(|why| BootError::at("artifacts.store", format!("{}: {why}", folder.display())))
}

/// Local sources of advisories are there and can be read. The server itself starts without them, and waits.
pub(super) fn feed(settings: &Settings) -> Result<(), BootError> {
    for text in &settings.feed.sources {
        let Ok(Source::Path(path)) = Source::parse(text) else { continue };
        let look = || {
            if fs::metadata(&path)?.is_dir() { fs::read_dir(&path).map(drop) } else { fs::File::open(&path).map(drop) }
        };
        look().map_err(|why: io::Error| BootError::at("feed.sources", format!("{}: {why}", path.display())))?;
    }
    Ok(())
}

/// A folder can be written to; where it is not there yet, the nearest one above it that is, so that it can be made.
fn writable(folder: &Path) -> io::Result<()> {
    let there = folder.ancestors().find(|path| path.exists()).filter(|path| !path.as_os_str().is_empty());
    let there = there.unwrap_or(Path::new("."));
    if !fs::metadata(there)?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{} is no folder", there.display())));
    }
    let probe = there.join(format!(".sekisho-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&probe)?;
    fs::remove_file(&probe)
}

/// Upstreams that nobody may take from, because no audience is named: each with the next step.
pub(super) fn for_nobody(settings: &Settings) -> Vec<String> {
    let common = Ecosystem::ALL.into_iter().filter(|ecosystem| {
        let front = settings.upstream.front(*ecosystem);
        front.enabled && front.audience() == Audience::Only(Vec::new())
    });
    let common = common.map(|ecosystem| {
        format!(
            "nobody may take {} packages: the registry is asked with credentials, so that upstream.{ecosystem}.audience has to say who may; for example upstream.{ecosystem}.audience = [\"domain:example.com\"]",
            ecosystem.label()
        )
    });
    let private = settings.upstream.private.iter().filter(|(_, private)| private.audience.is_empty()).map(|(name, private)| {
        format!(
            "nobody may take {}: upstream.private.{name}.audience has to say who may; for example audience = [\"domain:example.com\"]",
            private.packages.join(", ")
        )
    });
    common.chain(private).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layers, load};

    fn of(toml: &str) -> (Settings, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sekisho.toml");
        fs::write(&path, toml.replace("<folder>", &folder.path().display().to_string())).unwrap();
        (load(&Layers { file: Some(path), ..Layers::default() }).unwrap().0, folder)
    }

    #[test]
    fn a_folder_for_kept_files_that_is_none_is_named_with_its_setting() {
        let (settings, _folder) = of("artifacts.mode = \"cache\"\nartifacts.store = \"<folder>/sekisho.toml/x\"");
        let error = store(&settings).unwrap_err().to_string();
        assert!(error.starts_with("artifacts.store: ") && error.ends_with("sekisho.toml is no folder"), "{error}");
        let (settings, folder) = of("artifacts.mode = \"cache\"\nartifacts.store = \"<folder>/not/yet\"");
        store(&settings).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "looking leaves nothing behind");
        let (settings, _folder) = of("artifacts.mode = \"stream\"\nartifacts.store = \"<folder>/sekisho.toml/x\"");
        store(&settings).unwrap();
    }

    #[test]
    fn a_source_that_is_not_there_is_named_with_its_setting() {
        let (settings, folder) = of("feed.sources = [\"https://feed.example/all.zip\", \"<folder>/advisories\"]");
        let error = feed(&settings).unwrap_err().to_string();
        assert!(error.starts_with("feed.sources: ") && error.contains("/advisories: No such file"), "{error}");
        fs::create_dir(folder.path().join("advisories")).unwrap();
        feed(&settings).unwrap();
    }

    #[test]
    fn an_upstream_that_is_for_nobody_is_told_with_the_next_step() {
        let shown = "upstream.npm.url = \"https://registry.example/\"\nupstream.npm.token = \"s3cret\"\n";
        let (settings, _folder) = of(shown);
        let told = for_nobody(&settings);
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("upstream.npm.audience = [\"domain:example.com\"]"), "{told:?}");
        assert!(!told[0].contains("s3cret"));
        let (settings, _folder) = of(&format!("{shown}upstream.npm.audience = [\"personal\"]"));
        assert_eq!(for_nobody(&settings), Vec::<String>::new());
        let private = "[upstream.private.acme]\necosystem = \"npm\"\nurl = \"https://npm.acme.example/\"\npackages = [\"@acme/*\"]";
        let told = for_nobody(&of(private).0);
        assert!(told[0].contains("@acme/*") && told[0].contains("upstream.private.acme.audience"), "{told:?}");
        assert_eq!(for_nobody(&of("").0), Vec::<String>::new());
    }
}
