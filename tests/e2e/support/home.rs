//! A user on a fresh machine: an empty home and project, no setting inherited, so that nothing passes the gate by.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// How clients find the certificates that this machine trusts, and the way out of it.
const CERTIFICATES: [&str; 9] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
];

/// A command with a clean environment: the path, the certificates, and nothing else.
pub(crate) fn clean(program: impl AsRef<Path>, home: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    let inherited = std::env::var("PATH").unwrap_or_default();
    command.env_clear().env("PATH", format!("{}:{inherited}", super::tools().display())).env("HOME", home);
    command.env("LANG", "C.UTF-8");
    for name in CERTIFICATES {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// The home.
pub(crate) struct Home {
    folder: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard output and error, one after the other.
    pub(crate) text: String,
}

impl Ran {
    pub(crate) fn ok(&self) -> bool {
        self.code == Some(0)
    }

    /// The command succeeded.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Ran {
        assert!(self.ok(), "exit {:?}: {}", self.code, self.text);
        self
    }

    /// The command failed, and its user sees this.
    #[track_caller]
    pub(crate) fn failed_showing(&self, needle: &str) {
        assert!(!self.ok(), "it did not fail: {}", self.text);
        self.shows(needle);
    }

    /// The user sees this. Line breaks and marks by which a client wraps its text do not count.
    #[track_caller]
    pub(crate) fn shows(&self, needle: &str) {
        let plain = |text: &str| text.replace(['│', '|'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain(&self.text).contains(&plain(needle)), "{needle:?} is not shown: {}", self.text);
    }
}

impl Home {
    pub(crate) fn new() -> Home {
        let home = Home { folder: TempDir::with_prefix("sekisho-home-").expect("a temporary folder") };
        fs::create_dir(home.project()).expect("a folder");
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the user works.
    pub(crate) fn project(&self) -> PathBuf {
        self.path().join("project")
    }

    /// Writes a file under the home, `~/.npmrc`, or in the project.
    pub(crate) fn write(&self, place: &str, text: &str) {
        let path = match place.strip_prefix("~/") {
            Some(rest) => self.path().join(rest),
            None => self.project().join(place),
        };
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Runs a program in the project.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Ran {
        let mut command = clean(program, self.path());
        command.args(args);
        self.finish(command, "")
    }

    /// Runs a script as the user's shell would, with this typed into it.
    pub(crate) fn sh(&self, script: &str, typed: &str) -> Ran {
        // A client that hangs fails its own test, not the whole run.
        let mut command = clean("timeout", self.path());
        command.args(["600", "sh", "-c", script]);
        self.finish(command, typed)
    }

    fn finish(&self, mut command: Command, typed: &str) -> Ran {
        command.current_dir(self.project()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?} can't be run ({e}): run `make tools`"));
        if let Some(mut stdin) = child.stdin.take() {
            // A command that reads nothing may be gone already.
            let _ = stdin.write_all(typed.as_bytes());
        }
        let output = child.wait_with_output().expect("a command ends");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let text = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
        Ran { code: output.status.code(), out, text }
    }

    /// Forgets what the clients have stored, so that the next install asks again.
    pub(crate) fn forget(&self) {
        for folder in [".npm", ".cache", "project/node_modules", "project/.venv"] {
            let _ = fs::remove_dir_all(self.path().join(folder));
        }
    }

    /// Names and versions of what npm installed in the project, from its own record.
    pub(crate) fn npm_installed(&self) -> Vec<(String, String)> {
        let text =
            fs::read_to_string(self.project().join("node_modules/.package-lock.json")).expect("npm's own record");
        let record: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let packages = record["packages"].as_object().expect("packages");
        let mut installed: Vec<_> = packages
            .iter()
            .map(|(path, package)| {
                let name = path.rsplit("node_modules/").next().unwrap_or_default();
                (name.to_owned(), package["version"].as_str().unwrap_or_default().to_owned())
            })
            .collect();
        installed.sort();
        installed.dedup();
        installed
    }

    /// Names and versions of what is installed in the project's virtual environment.
    pub(crate) fn python_installed(&self) -> Vec<(String, String)> {
        let lib = fs::read_dir(self.project().join(".venv/lib")).expect("a virtual environment");
        let python =
            lib.flatten().find(|e| e.file_name().to_string_lossy().starts_with("python")).expect("its library");
        let mut installed: Vec<_> = fs::read_dir(python.path().join("site-packages"))
            .expect("installed packages")
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                let (name, version) = name.strip_suffix(".dist-info")?.split_once('-')?;
                Some((name.to_lowercase().replace(['_', '.'], "-"), version.to_owned()))
            })
            .collect();
        installed.sort();
        installed
    }
}
