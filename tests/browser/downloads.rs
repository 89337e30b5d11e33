//! Files that a browser keeps: a button or a link whose answer is no page.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::browser::{Browser, key};
use crate::support::wait_for;
use crate::texts::Text;
use crate::world::Hands;

/// Where a browser puts the files that it is sent from now on.
pub(crate) struct Downloads<'a> {
    browser: &'a Browser,
    folder: TempDir,
}

/// A file that was sent.
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Downloads<'_> {
    pub(crate) fn of(browser: &Browser) -> Downloads<'_> {
        let folder = TempDir::with_prefix("sekisho-downloads-").expect("a temporary folder");
        let to = json!({"behavior": "allow", "downloadPath": folder.path().display().to_string()});
        browser.session.devtools("Browser.setDownloadBehavior", &to);
        Downloads { browser, folder }
    }

    /// Presses the button with this text, and takes the file that comes.
    #[track_caller]
    pub(crate) fn press(&self, text: impl Text) -> Kept {
        self.set_off("button", text)
    }

    /// Follows the link with this text, and takes the file that comes.
    #[track_caller]
    pub(crate) fn follow(&self, text: impl Text) -> Kept {
        self.set_off("a[href]", text)
    }

    /// No file came that was not taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.files().is_empty()
    }

    /// The page stays where it is, so there is no next one to wait for. That Tab reaches every button and link is shown where
    /// the page is examined.
    #[track_caller]
    fn set_off(&self, selector: &str, text: impl Text) -> Kept {
        let element = self.browser.find(selector, &self.browser.say(text));
        match self.browser.kind.hands {
            Hands::Mouse => self.browser.session.post(&format!("element/{element}/click"), &json!({})),
            Hands::Keyboard => {
                self.browser.session.post(&format!("element/{element}/value"), &json!({"text": key::ENTER}))
            }
        };
        self.next()
    }

    /// The one file that comes, whole.
    fn next(&self) -> Kept {
        let whole = || match self.files().as_slice() {
            [file] if file.extension().is_some_and(|e| e != "crdownload") => Some(file.clone()),
            _ => None,
        };
        let file = wait_for("a file", Duration::from_secs(20), whole);
        let text = fs::read_to_string(&file).expect("a file that was kept");
        fs::remove_file(&file).expect("a file that can be removed");
        Kept { name: file.file_name().unwrap_or_default().to_string_lossy().into_owned(), text }
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path()).expect("a folder").flatten().map(|file| file.path());
        // Chromium begins with a hidden file.
        files.filter(|file| !file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))).collect()
    }
}
