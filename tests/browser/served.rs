//! A program of the tests in node, which prints its address and serves.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::root;

/// It serves until this is dropped.
pub(crate) struct Served {
    /// `http://127.0.0.1:<port>`.
    pub(crate) address: String,
    process: Child,
}

impl Served {
    /// Runs a script of the repository with an argument.
    pub(crate) fn by(script: &str, argument: impl AsRef<OsStr>) -> Served {
        let mut serve = Command::new("node");
        serve.arg(root().join(script)).arg(argument);
        // Its input ends with the tests: what lives as long as they do is never dropped.
        serve.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = serve.spawn().expect("node runs");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let address = lines.find(|line| line.starts_with("http://")).expect("an address");
        // It goes on writing, and would end if nobody read.
        std::thread::spawn(move || lines.for_each(drop));
        Served { address, process }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
