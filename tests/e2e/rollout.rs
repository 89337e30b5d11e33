//! The recipes of docs/rollout, as they stand there: a token for a machine, written, renewed and taken away again; and the
//! page behind a sign-in.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::support::gate::{Gate, Launch};
use crate::support::home::{Home, clean};
use crate::support::http::Connection;
use crate::support::person::{PIP, make_venv};
use crate::support::root;

/// A gate with an organisation and a bot that issues, and what the recipes want in their environment.
struct House {
    gate: Gate,
    org: String,
}

impl House {
    fn open() -> House {
        let gate = Launch::real().set("anonymous=false").start();
        let org = said(&gate, &["admin", "org", "create", "acme"]);
        said(&gate, &["admin", "bot", "create", "acme", "fleet", "--role", "guard_token_issuer"]);
        let key = said(&gate, &["admin", "bot", "key", "add", "acme", "fleet"]);
        fs::write(gate.folder().join("fleet.key"), key + "\n").expect("a file");
        House { gate, org }
    }

    /// The first lines of a script: what the recipes read, and where they lie.
    fn environment(&self) -> String {
        let (url, org, key) = (self.gate.base(), &self.org, self.gate.folder().join("fleet.key"));
        let recipes = root().join("docs/rollout").canonicalize().expect("the recipes");
        format!(
            "export GATE_URL={url} GATE_ORG={org} GATE_BOT_KEY={}; PATH={}:$PATH\n",
            key.display(),
            recipes.display()
        )
    }

    fn tokens(&self) -> usize {
        let list = said(&self.gate, &["admin", "token", "list", "acme", "--json"]);
        let list: serde_json::Value = serde_json::from_str(&list).unwrap_or_else(|e| panic!("{e}: {list}"));
        list.as_array().or(list["items"].as_array()).expect("a list").len()
    }
}

/// What a command of the program printed.
fn said(gate: &Gate, args: &[&str]) -> String {
    let output = gate.command(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn text(home: &Home, file: &str) -> String {
    fs::read_to_string(home.path().join(file)).unwrap_or_default()
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path().display().to_string());
        }
    }
    found.sort();
    found
}

#[test]
fn a_machine_gets_a_token_renews_it_and_gives_everything_back() {
    let house = House::open();
    let home = Home::new();
    let npmrc = "registry=https://old.example/\nsave-exact=true\n";
    let pip_conf = "[global]\ntimeout = 60\nindex-url = https://old.example/simple\n";
    home.write("~/.npmrc", npmrc);
    home.write("~/.config/pip/pip.conf", pip_conf);
    home.write("package.json", r#"{"name":"project","version":"1.0.0","private":true}"#);
    make_venv(&home);
    let before = files(home.path());
    let run = |script: &str| home.sh(&format!("set -eu\n{}{script}", house.environment()), "");
    let enrol = "machine-token due\nissue-token C02XK1-laptop 30 | machine-token write\n";

    run(enrol).succeeded();
    assert!(!run("machine-token due").ok(), "a fresh token is not due");
    for file in [".npmrc", ".yarnrc.yml", ".bunfig.toml", ".config/pip/pip.conf", ".config/uv/uv.toml"] {
        let mode = fs::metadata(home.path().join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        assert!(text(&home, file).contains("tg_org_"), "{file}");
    }
    assert_eq!(text(&home, ".npmrc.before-sekisho"), npmrc);
    let installs = || {
        home.forget();
        make_venv(&home);
        run("npm install --no-audit --no-fund left-pad").succeeded();
        run(&format!("{PIP} install six")).succeeded();
        run("uv pip install --python .venv/bin/python --reinstall six").succeeded();
    };
    installs();
    assert!(
        text(&home, "project/package.json").replace(": ", ":").contains("\"left-pad\":\"1."),
        "settings of the user's own still count"
    );

    // Renewed: a second token, written over the first, which goes on for those who have it.
    let first = text(&home, ".npmrc");
    let old = &first[first.find("tg_org_").expect("a token")..][..43];
    run("issue-token C02XK1-laptop 30 | machine-token write").succeeded();
    assert!(!text(&home, ".npmrc").contains(old));
    assert_eq!(text(&home, ".npmrc").matches("_authToken").count(), 1);
    assert_eq!((house.tokens(), house.gate.get_as("/npm/left-pad", old).status), (2, 200));
    installs();

    // What the user changes meanwhile stays.
    home.write("~/.npmrc", &(text(&home, ".npmrc") + "fund=false\n"));
    run("machine-token undo").succeeded();
    run("machine-token undo").succeeded();
    assert_eq!(text(&home, ".npmrc"), format!("{npmrc}fund=false\n"));
    assert_eq!(text(&home, ".config/pip/pip.conf"), pip_conf);
    home.forget();
    let left: Vec<String> = files(home.path())
        .into_iter()
        .filter(|file| fs::read_to_string(file).is_ok_and(|t| t.contains("tg_org_")))
        .collect();
    assert!(left.is_empty(), "a token was left in {left:?}; before: {before:?}");
    assert!(run("machine-token due").ok());
}

#[test]
fn a_recipe_says_what_it_could_not_do() {
    let house = House::open();
    let home = Home::new();
    let run = |script: &str| home.sh(&format!("set -eu\n{}{script}", house.environment()), "");
    run("issue-token 'a b c d'").failed_showing("a user identifier has 4 to 255 characters");
    run("GATE_ORG=OR00000000000000000000000000 issue-token C02XK1").failed_showing("no token was issued (404)");
    run("echo tg_anon_x | machine-token write").failed_showing("two lines are expected");
    run("printf 'tg_org_x\\n60\\n' | machine-token write").failed_showing("this is no token");
    // Dotfiles in a repository: the token does not go there, and the rest is written.
    home.write("~/dotfiles/npmrc", "save-exact=true\n");
    std::os::unix::fs::symlink(home.path().join("dotfiles/npmrc"), home.path().join(".npmrc")).expect("a link");
    run("issue-token C02XK1 | machine-token write").failed_showing("is a symbolic link");
    assert_eq!(text(&home, "dotfiles/npmrc"), "save-exact=true\n");
    assert!(text(&home, ".config/pip/pip.conf").contains("tg_org_"));
}

/// The page, which ends with the test.
struct Page {
    process: Child,
    address: std::net::SocketAddr,
}

impl Page {
    fn open(house: &House, home: &Home) -> Page {
        home.write("~/secret", "between proxy and page\n");
        let script = format!(
            "{}SELF_SERVICE_PORT=0 SELF_SERVICE_SECRET={}/secret exec self-service.py",
            house.environment(),
            home.path().display()
        );
        let mut command = clean("sh", home.path());
        let mut process =
            command.args(["-c", &script]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a shell");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit(' ').next().and_then(|word| word.parse().ok()).expect("an address");
        Page { process, address }
    }

    fn ask(&self, method: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut connection = Connection::open(self.address).expect("the page listens");
        let answer = connection.send(method, "/token", headers, "").expect("an answer");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        (answer.status, answer.body)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_page_gives_a_token_to_whom_the_proxy_names_and_to_nobody_else() {
    let house = House::open();
    let home = Home::new();
    let page = Page::open(&house, &home);
    let secret = ("X-Proxy-Secret", "between proxy and page");
    let person = ("X-Forwarded-Email", "kei@example.com");
    let own = ("Sec-Fetch-Site", "same-origin");
    for (method, headers) in [
        ("GET", vec![]),
        ("GET", vec![person]),
        ("POST", vec![person, own]),
        ("POST", vec![("X-Proxy-Secret", "guessed"), person, own]),
        ("POST", vec![secret, own]),
        ("POST", vec![secret, person, person, own]),
        ("POST", vec![secret, ("X-Forwarded-Email", "<script>@example.com"), own]),
        ("POST", vec![secret, person, ("Sec-Fetch-Site", "cross-site")]),
        ("POST", vec![secret, person]),
    ] {
        assert_eq!(page.ask(method, &headers).0, 403, "{method} {headers:?}");
    }
    assert_eq!(house.tokens(), 0);
    let (status, text) = page.ask("GET", &[secret, person]);
    assert!(status == 200 && text.contains("kei@example.com") && !text.contains("tg_org_"), "{text}");
    let (status, text) = page.ask("POST", &[secret, person, own]);
    assert_eq!((status, house.tokens()), (200, 1));
    let token = &text[text.find("tg_org_").expect("a token")..][..43];
    assert_eq!(house.gate.get_as("/npm/left-pad", token).status, 200);
}
