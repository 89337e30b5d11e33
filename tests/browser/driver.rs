//! WebDriver, as far as the tests need it: Debian's ChromeDriver, and a session with a browser of its own.
//! Why it is spoken here and not by a crate: see docs/decisions.

use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::home::clean;
use crate::support::http::Connection;

/// ChromeDriver. When it is dropped, it ends.
pub(crate) struct Driver {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

/// How a browser is started.
pub(crate) struct Choice<'a> {
    /// `Accept-Language` without weights.
    pub(crate) languages: &'a str,
    /// Pages may run scripts.
    pub(crate) scripts: bool,
    /// SHA-256 of the one public key that is trusted although no authority vouches for it.
    pub(crate) trusted_key: Option<&'a str>,
}

impl Driver {
    pub(crate) fn start() -> Driver {
        let folder = TempDir::with_prefix("sekisho-browser-").expect("a temporary folder");
        let mut command = clean("chromedriver", folder.path());
        command.arg("--port=0").env("TMPDIR", folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap_or_else(|e| panic!("chromedriver ({e}): run `make tools`"));
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.split_once("successfully on port ").map(|(_, rest)| rest.to_owned()));
        let port = port.expect("chromedriver says its port").trim_end_matches('.').parse().expect("a port");
        std::thread::spawn(move || lines.for_each(drop));
        Driver { process, address: (Ipv4Addr::LOCALHOST, port).into(), folder }
    }

    /// A browser with an empty profile.
    pub(crate) fn browser(&self, choice: &Choice) -> Session {
        let profile = TempDir::with_prefix_in("profile-", self.folder.path()).expect("a temporary folder");
        let mut args = vec![
            "--headless=new".to_owned(),
            // Everything runs as root in CI, and there Chromium has no sandbox. It loads nothing but our own pages.
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        args.extend(choice.trusted_key.map(|key| format!("--ignore-certificate-errors-spki-list={key}")));
        let scripts = if choice.scripts { 1 } else { 2 };
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "binary": "/usr/bin/chromium",
                "args": args,
                "prefs": {
                    "intl.accept_languages": choice.languages,
                    "profile.managed_default_content_settings.javascript": scripts,
                },
            },
        }}});
        let connection = Connection::open(self.address).expect("chromedriver listens");
        let mut session = Session { connection: RefCell::new(connection), path: String::new(), _profile: profile };
        let opened = session.call("POST", "/session", &wanted).unwrap_or_else(|e| panic!("no browser: {e}"));
        session.path = format!("/session/{}", opened["sessionId"].as_str().expect("a session's id"));
        session
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A browser. When it is dropped, it closes.
pub(crate) struct Session {
    connection: RefCell<Connection>,
    path: String,
    _profile: TempDir,
}

impl Session {
    /// A command of the session (W3C WebDriver section 6), which has to work.
    #[track_caller]
    pub(crate) fn post(&self, command: &str, body: &Value) -> Value {
        self.try_post(command, body).unwrap_or_else(|e| panic!("{command}: {e}"))
    }

    /// The same; the error is WebDriver's own.
    pub(crate) fn try_post(&self, command: &str, body: &Value) -> Result<Value, String> {
        self.call("POST", &format!("{}/{command}", self.path), body)
    }

    /// The value of a question.
    #[track_caller]
    pub(crate) fn get(&self, question: &str) -> Value {
        let answer = self.call("GET", &format!("{}/{question}", self.path), &Value::Null);
        answer.unwrap_or_else(|e| panic!("{question}: {e}"))
    }

    /// A command of the Chrome DevTools Protocol.
    #[track_caller]
    pub(crate) fn devtools(&self, command: &str, params: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": params}))
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let json = [("Content-Type", "application/json; charset=utf-8")];
        let answer = self.connection.borrow_mut().send(method, path, &json, &body).map_err(|e| e.to_string())?;
        let value = answer.json()["value"].take();
        match answer.status {
            200 => Ok(value),
            _ => {
                let word = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
                Err(format!("{}: {}", word("error"), word("message")))
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The browser may be gone already; its driver ends after it.
        let _ = self.call("DELETE", &self.path, &Value::Null);
    }
}
