//! A refused release: a range falls back, a pin and a lock file fail, and the reason is shown wherever
//! `clients.md`'s measurements say that the client can show it.

use std::fs;
use std::time::Duration;

use sekisho_core::Ecosystem;

use crate::support::feed::gate_with_feed;
use crate::support::gate::{Gate, Launch};
use crate::support::home::{Home, Ran};
use crate::support::person::{PIP, make_venv};
use crate::support::{ledger, wait_for};

/// A home that takes packages without a token.
fn anonymous_home(gate: &Gate) -> Home {
    let home = Home::new();
    home.write("~/.npmrc", &format!("registry={}/npm/\n", gate.base()));
    home.write("package.json", r#"{"name":"project","version":"1.0.0","private":true}"#);
    home
}

fn python(gate: &Gate, home: &Home, command: &str) -> Ran {
    let index = format!("{}/pypi/simple/", gate.base());
    home.sh(&format!("export PIP_INDEX_URL={index} UV_DEFAULT_INDEX={index}\n{command}"), "")
}

fn has(installed: &[(String, String)], name: &str, version: &str) -> bool {
    installed.contains(&(name.to_owned(), version.to_owned()))
}

#[test]
fn a_malicious_npm_release_is_passed_over_by_a_range_and_refused_by_a_pin() {
    let gate = gate_with_feed();
    let home = anonymous_home(&gate);
    let notice = format!(
        "npm left-pad 1.3.0 was passed over. Blocked by Sekisho: malware (MAL-2026-0001). {}/why/npm/left-pad/1.3.0",
        gate.base()
    );

    let ran = home.run("npm", &["install", "left-pad@^1.2.0"]).succeeded();
    ran.shows(&notice);
    assert!(has(&home.npm_installed(), "left-pad", "1.2.0"), "{:?}", home.npm_installed());

    let ran = home.run("npm", &["install", "left-pad@1.3.0"]);
    ran.failed_showing("No matching version found for left-pad@1.3.0");
    ran.shows(&notice);

    let tarball = format!("{}/npm/left-pad/-/left-pad-1.3.0.tgz", gate.base());
    let text = format!(
        "npm left-pad 1.3.0 is blocked: malware (MAL-2026-0001). Why, and what to do: {}/why/npm/left-pad/1.3.0",
        gate.base()
    );
    home.run("npm", &["install", &tarball]).failed_showing(&text);
    assert_eq!(gate.get("/npm/left-pad/-/left-pad-1.3.0.tgz").reason, "Blocked by Sekisho: malware (MAL-2026-0001)");
    let why = gate.get("/why/npm/left-pad/1.3.0");
    assert_eq!(why.status, 200);
    assert!(why.body.contains("MAL-2026-0001"), "{}", why.body);
}

#[test]
fn a_malicious_python_release_is_passed_over_by_a_range_and_refused_by_a_pin() {
    let gate = gate_with_feed();
    let reason = "Blocked by Sekisho: malware (MAL-2026-0002)";
    for install in [format!("{PIP} install"), "uv pip install".to_owned()] {
        let home = anonymous_home(&gate);
        make_venv(&home);
        python(&gate, &home, &format!("{install} 'six>=1.16,<1.18'")).succeeded();
        assert!(has(&home.python_installed(), "six", "1.16.0"), "{:?}", home.python_installed());

        let ran = python(&gate, &home, &format!("{install} six==1.17.0"));
        ran.failed_showing(&format!("403 {}{reason}", if install.contains("uv") { "" } else { "Client Error: " }));
        assert!(has(&home.python_installed(), "six", "1.16.0"), "the refused one did not replace it");
    }
}

#[test]
fn a_lock_file_that_pins_a_release_which_was_blocked_since_is_refused() {
    let gate = Launch::real().start();
    let home = anonymous_home(&gate);
    home.run("npm", &["install", "is-number@7.0.0"]).succeeded();
    let index = format!("{}/pypi/simple/", gate.base());
    home.write(
        "pyproject.toml",
        &format!(
            "[project]\nname = \"project\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n\
             dependencies = [\"itsdangerous==2.2.0\"]\n\n\
             [[tool.uv.index]]\nname = \"sekisho\"\nurl = \"{index}\"\ndefault = true\n"
        ),
    );
    home.run("uv", &["lock"]).succeeded();
    home.run("uv", &["sync", "--frozen"]).succeeded();

    let entry = |package: &str| format!("[[block]]\npackage = \"{package}\"\nreason = \"not in this house\"\n");
    let policy = entry("pkg:npm/is-number@7.0.0") + &entry("pkg:pypi/itsdangerous@2.2.0");
    fs::write(gate.data().join("policy.toml"), policy).expect("a policy");
    let blocked = || (gate.get("/npm/is-number/-/is-number-7.0.0.tgz").status == 403).then_some(());
    wait_for("the policy, which is read while the gate runs", Duration::from_secs(20), blocked);

    home.forget();
    let text = "npm is-number 7.0.0 is blocked: the operator's policy. Why, and what to do: ";
    home.run("npm", &["ci"]).failed_showing(text);
    home.run("uv", &["sync", "--frozen"]).failed_showing("403 Blocked by Sekisho: the operator's policy");
}

#[test]
fn the_canaries_show_the_refusal() {
    let gate = Launch::real().start();
    let home = anonymous_home(&gate);
    make_venv(&home);
    let words = "it is the canary, which is always refused";
    home.run("npm", &["install", "@sekisho/canary"]).failed_showing(&format!(
        "npm @sekisho/canary is blocked: {words}. Why, and what to do: {}/why/npm/@sekisho/canary",
        gate.base()
    ));
    python(&gate, &home, &format!("{PIP} install sekisho-canary"))
        .failed_showing(&format!("403 Client Error: Blocked by Sekisho: {words}"));
    python(&gate, &home, "uv pip install sekisho-canary").failed_showing(&format!("403 Blocked by Sekisho: {words}"));
}

#[test]
fn without_a_token_packages_can_be_taken_and_nobody_is_written_down() {
    let gate = Launch::real().start();
    let home = anonymous_home(&gate);
    make_venv(&home);
    home.run("npm", &["install", "left-pad@1.3.0"]).succeeded();
    python(&gate, &home, &format!("{PIP} install six==1.17.0")).succeeded();
    python(&gate, &home, "uv pip install itsdangerous==2.2.0").succeeded();
    assert!(ledger::rows(&gate.data()).is_empty(), "rows are about people");
    for (ecosystem, name) in [(Ecosystem::Npm, "left-pad"), (Ecosystem::Pypi, "six"), (Ecosystem::Pypi, "itsdangerous")]
    {
        let counts = ledger::anonymous(&gate.data(), ecosystem, name);
        assert!(counts.iter().any(|count| count.outcome == "answered"), "{name}: {counts:?}");
    }
}

#[test]
fn where_anonymous_is_forbidden_npm_shows_what_to_do() {
    let gate = Launch::real().set("anonymous=false").start();
    let home = anonymous_home(&gate);
    make_venv(&home);
    let told = gate.get("/npm/left-pad");
    assert_eq!((told.status, told.header("www-authenticate")), (401, None));
    let text = told.json()["error"].as_str().expect("a text").to_owned();
    println!("npm shows without a token: {text}");
    assert!(text.contains("token"), "{text}");
    let ran = home.run("npm", &["install", "left-pad"]);
    ran.failed_showing("E401");
    ran.shows(&text);
    assert!(gate.get("/pypi/simple/six/").header("www-authenticate").is_some_and(|v| v.starts_with("Basic")));
    python(&gate, &home, "uv pip install six").failed_showing("401");
    python(&gate, &home, &format!("{PIP} install --no-input six"))
        .failed_showing("No matching distribution found for six");
}
