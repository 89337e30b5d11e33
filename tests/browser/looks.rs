//! How a page looks, and what is wrong with it: photographs in both widths and schemes, the layout, what the browser complains
//! of, and WCAG by axe-core.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::axe;
use crate::browser::Browser;
use crate::support::root;
use crate::world::Hands;

/// Most that a page may weigh with all it loads, uncompressed.
const MAX_BYTES: u64 = 60 * 1024;

/// Narrower than any phone of today: where WCAG 2.2 wants a page to be readable without scrolling sideways (1.4.10).
const NARROWEST: u16 = 320;

/// Photographs are kept here.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.ancestors().nth(3).expect("<target>/debug/deps/<test>").join("browser");
    // What is there may be of pages that are no more. It is not there before the first run.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
});

impl Browser {
    /// Examines the page as it stands now, which is in the reader's language. The world decides how closely; `name` is the
    /// photographs'.
    #[track_caller]
    pub(crate) fn shows(&self, name: &str) {
        assert_eq!(self.ask("return document.documentElement.lang"), self.kind.language, "{name}");
        self.is_quiet();
        let weight = self.ask(&format!("return weight({})", self.kind.scripts));
        assert_eq!(weight["failed"], json!([]), "parts of {name} did not arrive");
        assert!(weight["bytes"].as_u64().is_some_and(|bytes| bytes <= MAX_BYTES), "{name} is heavy: {weight}");
        self.holds_texts(name);
        self.fits(name);
        if self.kind.scripts {
            self.stood_still(name);
        }
        if self.kind.hands == Hands::Keyboard && self.kind.scripts {
            self.walks_by_tab();
        }
        if self.kind.looks {
            for (width, scheme) in [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")] {
                self.resize(width);
                self.paint(scheme);
                self.fits(name);
                self.photograph(&format!("{name}-{width}-{scheme}-{}", self.kind.language));
                // Two of the four have both widths and both schemes.
                if (width == 1280) == (scheme == "light") {
                    axe::judge(self, &format!("{name} {width} {scheme}"));
                }
            }
            self.resize(NARROWEST);
            self.fits(name);
            self.resize(self.kind.width);
        }
    }

    /// No text on the page is more than text: it is no markup, and does not turn what stands beside it.
    #[track_caller]
    pub(crate) fn holds_texts(&self, name: &str) {
        assert_eq!(self.ask("return markup()"), json!([]), "{name}");
        assert_eq!(self.ask("return unheld()"), json!([]), "{name}: marks of direction reach beyond their text");
    }

    /// The browser has nothing to complain of: no violation of the content security policy, no error of a script.
    #[track_caller]
    pub(crate) fn is_quiet(&self) {
        let log = self.session.post("se/log", &json!({"type": "browser"}));
        // An answer that is no success is a page too; parts of pages are looked at by `weight`.
        // A number field that is given a text has a warning, and is empty.
        let bad = |entry: &&Value| entry["source"] != "network" && entry["source"] != "rendering";
        let bad: Vec<&Value> = log.as_array().into_iter().flatten().filter(bad).collect();
        assert!(bad.is_empty(), "the browser complains at {}: {bad:#?}", self.at());
    }

    /// A window of this width.
    pub(crate) fn resize(&self, width: u16) {
        let height = if width < 600 { 844 } else { 800 };
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.session.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    fn paint(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.session.devtools("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    #[track_caller]
    fn fits(&self, name: &str) {
        assert_eq!(self.ask("return tooWide()"), json!([]), "{name} at {}", self.ask("return innerWidth"));
    }

    /// Nothing moved while the page was loaded.
    #[track_caller]
    fn stood_still(&self, name: &str) {
        let script = "const done = arguments[0]; const watch = new PerformanceObserver(() => {}); \
            watch.observe({type: 'layout-shift', buffered: true}); \
            setTimeout(() => done(watch.takeRecords().filter((s) => !s.hadRecentInput).map((s) => s.value)), 0)";
        let shifts = self.session.post("execute/async", &json!({"script": script, "args": []}));
        assert_eq!(shifts, json!([]), "{name} moves while it is loaded");
    }

    /// The whole page as a picture.
    pub(crate) fn photograph(&self, name: &str) {
        let picture = self.session.devtools("Page.captureScreenshot", &json!({"captureBeyondViewport": true}));
        let picture = STANDARD.decode(picture["data"].as_str().unwrap_or_default()).expect("base64");
        fs::write(FOLDER.join(format!("{name}.png")), picture).expect("a picture");
    }
}

/// Where the photographs are, for people.
pub(crate) fn folder() -> String {
    let folder = fs::canonicalize(&*FOLDER).expect("a folder");
    let root = fs::canonicalize(root()).expect("the repository");
    folder.strip_prefix(root).unwrap_or(&folder).display().to_string()
}
