//! `npm login` at a terminal: Enter opens the browser, the code comes by mail, and npm installs with the key it got.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::time::Duration;

use sekisho_core::Ecosystem;

use crate::support::gate::{Gate, Launch};
use crate::support::home::{Home, clean};
use crate::support::http::{Answer, Connection};
use crate::support::letter::Letter;
use crate::support::person::Person;
use crate::support::post::Post;
use crate::support::{ledger, wait_for};

/// Stands where npm looks for the desktop's browser, and only writes down which address it was opened with.
const BROWSER: &str =
    "#!/bin/sh\nprintf '%s' \"$1\" > \"$HOME/opened.part\" && mv \"$HOME/opened.part\" \"$HOME/opened\"\n";

/// npm at a terminal of its own, with Enter typed into it.
struct Terminal {
    npm: Child,
}

impl Terminal {
    fn log_in(home: &Home, registry: &str) -> Terminal {
        home.write("~/bin/xdg-open", BROWSER);
        let browser = home.path().join("bin/xdg-open");
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o700)).expect("a script");
        let line = format!("npm login --registry={registry}");
        let mut command = clean("script", home.path());
        let path =
            command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap_or_default();
        let path = format!("{}:{}", home.path().join("bin").display(), path.to_string_lossy());
        command.args(["-qec", &line, "/dev/null"]).env("PATH", path).env("TERM", "dumb");
        command.current_dir(home.project()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Terminal { npm: command.spawn().expect("script (util-linux) gives npm a terminal") }
    }

    /// Types Enter until the browser was opened; npm may not have asked yet.
    fn opened(&mut self, home: &Home) -> String {
        let opened = home.path().join("opened");
        wait_for("npm to open the browser", Duration::from_secs(60), || {
            let _ = self.npm.stdin.as_mut().expect("a pipe").write_all(b"\n");
            std::thread::sleep(Duration::from_millis(300));
            fs::read_to_string(&opened).ok()
        })
    }

    fn ends(self) -> (bool, String) {
        let output = self.npm.wait_with_output().expect("npm ends");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn sends(gate: &Gate, page: &str, step: &str, form: &str) -> Answer {
    let mut connection = Connection::open(gate.address()).expect("the gate listens");
    let base = gate.base();
    let headers = [("Origin", base.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    connection.send("POST", &format!("{page}/{step}"), &headers, form).expect("an answer")
}

/// The code stands alone in its line.
fn code(letter: &Letter) -> String {
    let mut lines = letter.0.lines().filter_map(|line| line.strip_prefix("    "));
    lines.find(|line| line.len() == 10).expect("a mail with a code").to_owned()
}

#[test]
fn npm_login_ends_with_a_key_that_installs_and_logout_ends_it() {
    let post = Post::open();
    let gate = post.settings().iter().fold(Launch::real(), |launch, pair| launch.set(pair)).start();
    let person = Person::new("login");
    let home = Home::new();
    let registry = format!("{}/npm/", gate.base());

    let mut terminal = Terminal::log_in(&home, &registry);
    let url = terminal.opened(&home);
    let page = url.strip_prefix(&gate.base()).expect("the gate's own address");
    let shown = gate.get(page);
    assert!(shown.body.contains("npm 1") && shown.body.contains("127.0.0.1"), "who started it: {}", shown.body);
    let form = format!("email={}", person.email.replace('@', "%40"));
    assert_eq!(sends(&gate, page, "address", &form).status, 303);
    let code = code(&post.mail(&person.email, 1));
    assert_eq!(sends(&gate, page, "code", &format!("code={code}")).status, 303);
    let (ok, text) = terminal.ends();
    assert!(ok && text.contains("Logged in on"), "{text}");

    let npmrc = fs::read_to_string(home.path().join(".npmrc")).expect("npm wrote it");
    let key = npmrc.trim().split_once(":_authToken=").expect("a key").1.to_owned();
    assert_eq!(gate.get_as("/api/v1/tokens/status", &key).json()["email"], person.email.as_str());
    let told = post.mail(&person.email, 2);
    assert!(told.0.contains(&key[..12]) && !told.0.contains(&key), "{}", told.0);

    home.write("package.json", r#"{"name":"project","version":"1.0.0","private":true}"#);
    home.run("npm", &["install", "left-pad@1.3.0", &format!("--registry={registry}")]).succeeded();
    let rows = ledger::rows(&gate.data());
    assert!(
        ledger::releases(&rows, Ecosystem::Npm, "answered").contains(&("left-pad".to_owned(), "1.3.0".to_owned())),
        "{rows:?}"
    );
    home.run("npm", &["whoami", &format!("--registry={registry}")]).succeeded().shows(&person.email);

    home.run("npm", &["logout", &format!("--registry={registry}")]).succeeded();
    assert_eq!(gate.get_as("/api/v1/tokens/status", &key).status, 401);
    let poll = text.lines().find(|line| line.contains("/-/v1/login/"));
    assert_eq!(poll, None, "npm does not print what it polls");
    assert!(!gate.log().contains(&page[7..]) && !gate.log().contains(&key), "{}", gate.log());
}

#[test]
fn a_login_that_was_ended_stops_npm_and_says_why() {
    let gate = Launch::new().set("upstream.npm.enabled=false").set("upstream.pypi.enabled=false").start();
    let home = Home::new();
    let mut terminal = Terminal::log_in(&home, &format!("{}/npm/", gate.base()));
    let url = terminal.opened(&home);
    assert_eq!(sends(&gate, url.strip_prefix(&gate.base()).expect("ours"), "end", "").status, 303);
    let (ok, text) = terminal.ends();
    assert!(!ok && text.contains("This login is over"), "{text}");
    assert!(!text.contains("Username"), "{text}");
}
