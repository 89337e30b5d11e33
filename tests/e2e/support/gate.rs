//! A running gate: the built program on free ports with a data folder of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::home::clean;
use super::{http, upstreams, wait_for};

/// The program: `E2E_PROGRAM`, or built by this, so that no test runs against an old one.
pub(crate) static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    if let Some(program) = std::env::var_os("E2E_PROGRAM") {
        return program.into();
    }
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "-p", "sekisho"]).current_dir(super::root());
    assert!(build.status().expect("cargo runs").success(), "the program does not build");
    let test = std::env::current_exe().expect("the test's own path");
    let program = test.ancestors().nth(2).expect("<target>/debug/deps/<test>").join("sekisho");
    assert!(program.exists(), "{} is not there", program.display());
    program
});

/// How a gate is started.
pub(crate) struct Launch {
    folder: TempDir,
    listen: Vec<String>,
    sets: Vec<String>,
    variables: Vec<(String, String)>,
    wrapper: Vec<String>,
    arguments: Vec<String>,
}

impl Launch {
    /// With an empty data folder, on free ports, without upstreams.
    pub(crate) fn new() -> Launch {
        let folder = TempDir::with_prefix("sekisho-gate-").expect("a temporary folder");
        let listen = ["listen=127.0.0.1:0", "admin_listen=127.0.0.1:0"].map(str::to_owned).to_vec();
        Launch { folder, listen, sets: Vec::new(), variables: Vec::new(), wrapper: Vec::new(), arguments: Vec::new() }
    }

    /// In front of the real registries.
    pub(crate) fn real() -> Launch {
        upstreams::must_be_reachable();
        let (npm, pypi) = (&*upstreams::NPM, &*upstreams::PYPI);
        Launch::new().set(&format!("upstream.npm.url={npm}")).set(&format!("upstream.pypi.url={pypi}"))
    }

    /// With nothing set at all.
    pub(crate) fn on_default_ports(mut self) -> Launch {
        self.listen.clear();
        self
    }

    /// On this port.
    pub(crate) fn on_port(mut self, port: u16) -> Launch {
        self.listen = vec![format!("listen=127.0.0.1:{port}"), "admin_listen=127.0.0.1:0".to_owned()];
        self
    }

    /// With these arguments and no settings on the command line.
    pub(crate) fn with_arguments(mut self, arguments: &[&str]) -> Launch {
        self.arguments = arguments.iter().map(|a| (*a).to_owned()).collect();
        self.on_default_ports()
    }

    /// Sets a configuration key: `key=value`.
    pub(crate) fn set(mut self, pair: &str) -> Launch {
        self.sets.push(pair.to_owned());
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Launch {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs the program under another one, such as a tracer.
    pub(crate) fn under(mut self, wrapper: &[&str]) -> Launch {
        self.wrapper = wrapper.iter().map(|w| (*w).to_owned()).collect();
        self
    }

    /// The working directory; the data folder is `sekisho-data` in it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn start(self) -> Gate {
        let spawned = Instant::now();
        let process = self.spawn();
        let mut gate = Gate { launch: self, process, address: None, admin: None, welcome: String::new(), spawned };
        gate.read_welcome();
        gate
    }

    fn spawn(&self) -> Child {
        let mut words = self.wrapper.clone();
        words.push(PROGRAM.display().to_string());
        let mut command = clean(&words[0], self.folder());
        command.args(&words[1..]).arg("serve").args(&self.arguments).current_dir(self.folder());
        for pair in self.listen.iter().chain(&self.sets) {
            command.args(["--set", pair]);
        }
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        let log = File::options().create(true).append(true).open(self.folder().join("log")).expect("a log");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        command.spawn().unwrap_or_else(|e| panic!("{} can't be run: {e}", words[0]))
    }
}

/// A gate that runs. When it is dropped, its process and its folder go.
pub(crate) struct Gate {
    launch: Launch,
    process: Child,
    address: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    /// What it printed at its start.
    pub(crate) welcome: String,
    /// When its process was started.
    pub(crate) spawned: Instant,
}

impl Gate {
    fn read_welcome(&mut self) {
        let stdout = self.process.stdout.take().expect("a pipe");
        let mut printed = BufReader::new(stdout);
        self.welcome.clear();
        loop {
            let start = self.welcome.len();
            let read = printed.read_line(&mut self.welcome).expect("text");
            // It is written at once, and ends with an empty line: what is not here with that is no part of it.
            let ends = &self.welcome[start..] == "\n" && self.welcome.contains("  curl ");
            if read == 0 || (ends && printed.buffer().is_empty()) {
                break;
            }
        }
        // The pipe stays open, so that the program can print on.
        std::thread::spawn(move || printed.lines().for_each(drop));
        let after = |mark: &str| {
            let rest = self.welcome.split_once(mark)?.1;
            let end = rest.find(|c: char| c != ':' && c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].trim_end_matches('.').parse().ok()
        };
        self.address = after("listens on ");
        self.admin = self.welcome.lines().find(|l| l.contains("health")).and_then(|_| after("health         http://"));
        assert!(self.address.is_some(), "the gate did not start: {}{}", self.welcome, self.log());
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address.expect("a gate that started has an address")
    }

    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin.expect("a gate that started has a health address")
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder().join("sekisho-data")
    }

    /// The working directory of the program.
    pub(crate) fn folder(&self) -> &Path {
        self.launch.folder()
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }

    /// `GET`, without a token.
    pub(crate) fn get(&self, path: &str) -> http::Answer {
        http::get(self.address(), path)
    }

    /// `GET`, with a token.
    pub(crate) fn get_as(&self, path: &str, token: &str) -> http::Answer {
        http::get_as(self.address(), path, token)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// `SIGTERM`.
    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "the process is gone");
    }

    /// Waits for the process to end.
    pub(crate) fn ended(&mut self, within: Duration) -> ExitStatus {
        let process = &mut self.process;
        wait_for("the gate's end", within, || process.try_wait().expect("a child can be asked"))
    }

    /// `SIGKILL`: nothing is finished, nothing is written.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("the process can be killed");
        self.process.wait().expect("a killed process ends");
    }

    /// Starts it again with the same settings and data, on the same port.
    pub(crate) fn start_again(&mut self) {
        let address = self.address();
        self.launch.listen = vec![format!("listen={address}"), "admin_listen=127.0.0.1:0".to_owned()];
        self.spawned = Instant::now();
        self.process = self.launch.spawn();
        self.read_welcome();
    }

    /// Runs a command of the program beside the running server.
    pub(crate) fn command(&self, args: &[&str]) -> std::process::Output {
        clean(&*PROGRAM, self.folder()).args(args).current_dir(self.folder()).output().expect("the program runs")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("the gate's log, newest line first:\n{}", tail.join("\n"));
        }
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
