//! The mailed commands in real shells, with addresses that mean something to a shell.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{BASE, key, known, sections, welcome};
use sekisho_core::Language;

const HOSTILE: &str = "o'brien$(id)`id`${HOME}!!!x#&*|{a,b}?~/%s";

/// A `curl` that prints what it was given, one argument per line, then its standard input.
fn fake_curl(folder: &Path) {
    let curl = folder.join("curl");
    fs::write(&curl, "#!/bin/sh\nprintf '%s\\n' \"$@\"\ncat\n").expect("written");
    fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).expect("set");
}

fn run(shell: &[&str], line: &str, folder: &Path) -> Option<String> {
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg("-c").arg(line).env("PATH", path).env("SEKISHO_TOKEN", key().expose());
    let output = command.stdin(Stdio::null()).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn the_reset_command_sends_exactly_the_address_and_the_code() {
    let folder = tempfile::tempdir().expect("a folder");
    fake_curl(folder.path());
    // An address as hostile as core's grammar allows: without the characters that it refuses.
    let local: String = HOSTILE.chars().filter(|c| !"(),".contains(*c)).collect();
    let email = format!("{local}@example.com").to_lowercase();
    let letter = known(Language::En, BASE, &email);
    let sections = sections(letter.body());
    let line = &sections.iter().find(|s| s.heading == "A new key").expect("the section").block("shell")[0];
    let mut shells = 0;
    for shell in [&["sh"][..], &["bash"], &["bash", "-H"], &["bash", "--posix"], &["dash"], &["zsh"]] {
        let Some(said) = run(shell, line, folder.path()) else { continue };
        shells += 1;
        let arguments: Vec<&str> = said.lines().collect();
        assert_eq!(arguments.last(), Some(&"http://127.0.0.1:8417/api/v1/tokens/reset"), "{shell:?}");
        let body = arguments[arguments.len() - 2];
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{shell:?}: {e}: {body}"));
        assert_eq!(body, serde_json::json!({"email": email, "code": "ABCDE12345"}), "{shell:?}");
    }
    assert!(shells >= 4, "sh and bash are everywhere that these tests run");
}

#[test]
fn the_key_reaches_curl_by_standard_input_and_not_as_an_argument() {
    let folder = tempfile::tempdir().expect("a folder");
    fake_curl(folder.path());
    let letter = welcome(Language::En, BASE, "you@example.com");
    let sections = sections(letter.body());
    for (heading, last) in [("Status", "/status"), ("Rotate", "/regenerate"), ("Revoke", "/tokens")] {
        let line = &sections.iter().find(|s| s.heading == heading).expect("the section").block("shell")[0];
        let said = run(&["sh"], line, folder.path()).expect("sh");
        let (arguments, input) = said.rsplit_once(last).expect("the address");
        assert!(!arguments.contains(key().expose()), "{heading}");
        assert_eq!(input, format!("\nAuthorization: Bearer {}\n", key().expose()), "{heading}");
    }
}

#[test]
fn the_key_is_read_from_what_is_typed() {
    let letter = welcome(Language::En, BASE, "you@example.com");
    let sections = sections(letter.body());
    let line = &sections.iter().find(|s| s.heading == "SEKISHO_TOKEN").expect("the section").block("shell")[0];
    let script = format!("{line}\nprintf '%s' \"$SEKISHO_TOKEN\"");
    let piped = format!("printf '%s\\n' ' {} ' | sh -c '{}'", key().expose(), script.replace('\'', "'\\''"));
    assert_eq!(run(&["sh"], &piped, Path::new("/")).expect("sh"), key().expose());
}
