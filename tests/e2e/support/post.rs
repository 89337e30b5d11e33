//! A real mail server (aiosmtpd) that writes what it gets into a folder.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::home::clean;
use super::letter::Letter;
use super::{tools, wait_for};

/// The mail server.
pub(crate) struct Post {
    folder: TempDir,
    process: Child,
    pub(crate) port: u16,
}

impl Post {
    /// Takes mail from everybody, in the clear.
    pub(crate) fn open() -> Post {
        Post::start(&[])
    }

    /// Takes mail only by STARTTLS and with this user and password.
    pub(crate) fn guarded(certificate: &Path, key: &Path, user: &str, password: &str) -> Post {
        Post::start(&[&certificate.display().to_string(), &key.display().to_string(), user, password])
    }

    fn start(args: &[&str]) -> Post {
        let folder = TempDir::with_prefix("sekisho-post-").expect("a temporary folder");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/support/mail_server.py");
        let mut command = clean(tools().join("python"), folder.path());
        command.arg(script).arg(folder.path()).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the mail server runs");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let port = line.trim().parse().expect("the mail server's port");
        Post { folder, process, port }
    }

    /// The settings by which a gate sends here in the clear.
    pub(crate) fn settings(&self) -> [String; 5] {
        [
            "mail.transport=smtp".to_owned(),
            "mail.smtp.host=127.0.0.1".to_owned(),
            format!("mail.smtp.port={}", self.port),
            "mail.smtp.tls=none".to_owned(),
            "mail.from=Sekisho <sekisho@gate.example>".to_owned(),
        ]
    }

    /// The mails to an address, oldest first.
    pub(crate) fn mails(&self, to: &str) -> Vec<Letter> {
        let mut files: Vec<_> =
            fs::read_dir(self.folder.path()).expect("a folder").flatten().map(|e| e.path()).collect();
        files.sort();
        let texts = files.iter().filter(|f| f.extension().is_some_and(|e| e == "txt"));
        let texts = texts.map(|file| fs::read_to_string(file).expect("a mail"));
        let mark = format!("To: {to}\n");
        texts.filter_map(|text| text.strip_prefix(&mark).map(|rest| Letter(rest.to_owned()))).collect()
    }

    /// The mail number `n` to an address, counted from one; waits for it.
    pub(crate) fn mail(&self, to: &str, n: usize) -> Letter {
        wait_for(&format!("mail {n} to {to}"), Duration::from_secs(20), || self.mails(to).get(n - 1).cloned())
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
