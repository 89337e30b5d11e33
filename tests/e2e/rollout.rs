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
}

#[test]
fn a_machines_name_is_the_inventorys_and_never_its_own() {
    let house = House::open();
    let home = Home::new();
    // Plays ssh: a machine is a home folder of its own.
    home.write(
        "~/reach",
        "#!/bin/sh\nset -eu\nplace=${1#*@}; shift\n[ -d \"$HOME/machines/$place\" ] || exit 255\n\
         cd \"$HOME/machines/$place\"\nexec env -i PATH=\"$PATH\" HOME=\"$PWD\" HOSTNAME=boss sh -c \"$*\"\n",
    );
    let machine = root().join("docs/rollout/machine-token").canonicalize().expect("a script");
    for name in ["laptop-17", "build-3"] {
        let folder = home.path().join("machines").join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::copy(&machine, folder.join("machine-token")).expect("a copy");
    }
    let inventory = "# ours\nC02XK1-laptop dev@laptop-17 # Kei's\n\nbuild-three ci@build-3\n";
    home.write("~/inventory", inventory);
    let run = |script: &str| {
        let own = format!("chmod +x ~/reach; export GATE_INVENTORY=$HOME/inventory GATE_REACH=$HOME/reach\n{script}");
        home.sh(&format!("set -eu\n{}{own}", house.environment()), "")
    };
    let names = || {
        let list = said(&house.gate, &["admin", "token", "list", "acme", "--json"]);
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        let name = |token: &serde_json::Value| token["user_identifier"].as_str().expect("a name").to_owned();
        let mut names: Vec<_> = list.as_array().expect("a list").iter().map(name).collect();
        names.sort();
        names
    };
    run("fleet-token").succeeded();
    assert_eq!(names(), ["C02XK1-laptop", "build-three"]);
    for name in ["laptop-17", "build-3"] {
        assert!(text(&home, &format!("machines/{name}/.npmrc")).contains("_authToken=tg_org_"), "{name}");
    }
    run("fleet-token").succeeded();
    assert_eq!(names().len(), 2, "nothing was due");
    // A machine can ask for a new token of its own, and for nothing else: what it says is not read.
    home.write("~/machines/laptop-17/machine-token", "#!/bin/sh\necho build-three; cat >/dev/null\n");
    run("fleet-token C02XK1-laptop").succeeded();
    assert_eq!(names(), ["C02XK1-laptop", "C02XK1-laptop", "build-three"]);
    fs::copy(&machine, home.path().join("machines/laptop-17/machine-token")).expect("a copy");
    run("fleet-token undo C02XK1-laptop").succeeded();
    assert!(!home.path().join("machines/laptop-17/.npmrc").exists());
    assert!(home.path().join("machines/build-3/.npmrc").exists());

    run("fleet-token nobody").failed_showing("nobody is not in");
    home.write("~/inventory", &format!("gone dev@nowhere\n{inventory}"));
    run("fleet-token").failed_showing("gone: could not be reached");
    assert!(home.path().join("machines/laptop-17/.npmrc").exists(), "the others were done");
    let count = names().len();
    for (line, why) in [
        ("C02XK1-laptop dev@other", "line 6: this name or this machine is there twice"),
        ("another-name dev@laptop-17", "line 6: this name or this machine is there twice"),
        ("abc dev@other", "line 6: a name has 4 to 255 characters"),
        ("x$(id)x dev@other", "line 6: a name has"),
        ("other-name -oProxyCommand=id", "line 6: where the machine is"),
        ("other-name dev@x;id", "line 6: where the machine is"),
        ("other-name", "line 6: a name and where the machine is"),
    ] {
        home.write("~/inventory", &format!("{inventory}\n{line}\n"));
        run("fleet-token").failed_showing(why);
    }
    assert_eq!(names().len(), count, "no token was issued for a list with a mistake");
}

#[test]
fn no_token_goes_where_a_link_leads_or_where_others_can_write() {
    let house = House::open();
    let run = |home: &Home, script: &str| home.sh(&format!("set -eu\n{}{script}", house.environment()), "");
    let write = "issue-token C02XK1-laptop | machine-token write";
    let token_in = |folder: &Path| {
        let holds = |file: &String| fs::read_to_string(file).is_ok_and(|text| text.contains("tg_org_"));
        files(folder).into_iter().filter(holds).collect::<Vec<_>>()
    };
    let link = |home: &Home, to: &Path, name: &str| {
        let name = home.path().join(name);
        fs::create_dir_all(name.parent().expect("a folder")).expect("folders");
        std::os::unix::fs::symlink(to, name).expect("a link");
    };
    // A file, its copy and the note beside it, what remembers the end; there or dangling.
    for (name, shows) in [
        (".npmrc", ".npmrc is a symbolic link"),
        (".npmrc.before-sekisho", ".npmrc.before-sekisho is a symbolic link"),
        (".npmrc.before-sekisho.none", ".npmrc.before-sekisho.none is a symbolic link"),
        (".config/uv/uv.toml", "uv.toml is a symbolic link"),
        (".config/sekisho/machine-token", "machine-token is a symbolic link"),
    ] {
        for there in [true, false] {
            let (home, elsewhere) = (Home::new(), tempfile::tempdir().expect("a folder"));
            let target = elsewhere.path().join("target");
            if there {
                fs::write(&target, "save-exact=true\n").expect("a file");
            }
            if name == ".npmrc.before-sekisho" {
                home.write("~/.npmrc", "fund=false\n");
            }
            link(&home, &target, name);
            run(&home, write).failed_showing(shows);
            assert_eq!(fs::read_to_string(&target).ok().as_deref(), there.then_some("save-exact=true\n"), "{name}");
            assert!(token_in(home.path()).iter().any(|file| file.ends_with("pip.conf")), "the rest is written");
            run(&home, "machine-token undo || true").succeeded();
            assert_eq!(fs::read_to_string(&target).ok().as_deref(), there.then_some("save-exact=true\n"), "{name}");
            assert_eq!(token_in(home.path()), Vec::<String>::new());
        }
    }
    // A folder on the way.
    for name in [".config", ".config/pip", ".config/sekisho"] {
        let (home, elsewhere) = (Home::new(), tempfile::tempdir().expect("a folder"));
        link(&home, elsewhere.path(), name);
        run(&home, write).failed_showing("is a symbolic link");
        assert_eq!(files(elsewhere.path()), Vec::<String>::new(), "{name}");
    }
    // A folder in which somebody else could plant one.
    let home = Home::new();
    home.write("~/.config/pip/other", "");
    fs::set_permissions(home.path().join(".config/pip"), fs::Permissions::from_mode(0o777)).expect("a mode");
    run(&home, write).failed_showing("Others can write into");
    assert!(!home.path().join(".config/pip/pip.conf").exists() && text(&home, ".npmrc").contains("tg_org_"));
    run(&home, &format!("export XDG_CONFIG_HOME=/tmp/elsewhere; {write}")).failed_showing("has to lie below");
    run(&home, &format!("export XDG_CONFIG_HOME=$HOME/x/../../up; {write}")).failed_showing("leads upwards");
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
