//! The table of keys against the settings, every layer, and every message. What people read is compared whole.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::keys::{KEYS, Key, PRIVATE};
use super::*;

fn flags(pairs: &[(&str, &str)]) -> Layers {
    let flags = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Layers { flags, ..Layers::default() }
}

fn environment(pairs: &[(&str, &str)]) -> Layers {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Layers { environment, ..Layers::default() }
}

/// A file in a folder of the test's own.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sekisho.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn of_file(text: &str) -> Result<Settings, String> {
    let (folder, path) = file(text);
    let loaded = load(&Layers { file: Some(path), ..Layers::default() });
    let folder = folder.path().display().to_string();
    loaded.map(|(settings, _)| settings).map_err(|e| e.to_string().replace(&folder, "<folder>"))
}

fn refused(layers: &Layers) -> String {
    load(layers).expect_err("a wrong setting").to_string()
}

/// The dotted paths of all fields of the settings, read from how they print.
fn fields(settings: &Settings) -> BTreeSet<String> {
    let mut sections: Vec<(usize, String)> = Vec::new();
    let mut fields = BTreeSet::new();
    for line in format!("{settings:#?}").lines() {
        let indent = line.len() - line.trim_start().len();
        while sections.last().is_some_and(|(at, _)| *at >= indent) {
            sections.pop();
        }
        let Some((name, value)) = line.trim().split_once(": ") else { continue };
        if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            continue;
        }
        match value.ends_with('{') {
            true => sections.push((indent, name.to_owned())),
            false => {
                let path = sections.iter().map(|(_, name)| name.as_str()).chain([name]).collect::<Vec<_>>();
                fields.insert(path.join("."));
            }
        }
    }
    fields
}

#[test]
fn every_setting_is_in_the_table_and_the_table_has_nothing_else() {
    let (settings, _) = load(&Layers::default()).unwrap();
    let documented: BTreeSet<String> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    let mut found = fields(&settings);
    assert!(found.remove("upstream.private"), "documented by keys::PRIVATE");
    assert_eq!(found, documented);
    assert_eq!(documented.len(), KEYS.len(), "a key is listed twice");
    let variables: BTreeSet<String> = KEYS.iter().map(Key::variable).collect();
    assert_eq!(variables.len(), KEYS.len(), "two keys have one variable");
}

#[test]
fn every_key_says_what_it_does() {
    for key in KEYS.iter().chain(PRIVATE) {
        let sentence = key.doc.ends_with('.') && key.doc.len() >= 10 && !key.doc.contains('\n');
        assert!(sentence, "{}: {:?}", key.path, key.doc);
    }
}

/// A value that is not the default.
fn another(path: &str, secret: &Path) -> String {
    let path_of_secret = secret.display().to_string();
    match path {
        "listen" | "admin_listen" => "127.0.0.1:9999",
        "public_urls" => "https://packages.example.com",
        "trusted_proxies" => "10.0.0.0/8",
        "anonymous" | "upstream.npm.enabled" | "upstream.pypi.enabled" | "console.enabled" => "false",
        "console.oidc.internal" => "true",
        "console.oidc.issuer" => "https://id.example",
        "console.oidc.roles" => "guard_viewer@OR01K6NBQK6XFVQ8ZZR024H36H2N=engineers",
        "registration" => "off",
        "upstream.npm.url" | "upstream.pypi.url" => "https://registry.example/",
        "upstream.npm.audience" | "upstream.pypi.audience" => "domain:example.com",
        "artifacts.mode" => "stream",
        "artifacts.s3.endpoint" => "https://storage.example/",
        "leaks.github_keys_url" => "https://keys.example/",
        "bots.issuers" | "bots.internal_issuers" => "https://id.example",
        "mail.transport" => "smtp",
        "mail.from" => "Gate <gate@example.com>",
        "mail.smtp.tls" => "tls",
        "log" => "warn,sekisho_server=debug",
        path if path.ends_with("_file") => &path_of_secret,
        path if path.ends_with("_host") => "host.example.com",
        path if KEYS.iter().any(|k| k.path == path && k.default.parse::<u64>().is_ok()) || path.ends_with("port") => {
            "33"
        }
        _ => "something",
    }
    .to_owned()
}

/// What has to be set together with a key.
fn companions(path: &str) -> Vec<(&'static str, &'static str)> {
    match path {
        "tls.cert" => vec![("tls.key", "key.pem")],
        "console.oidc.issuer" => vec![("console.oidc.client_id", "sekisho")],
        "console.oidc.client_id" => vec![("console.oidc.issuer", "https://id.example")],
        "console.oidc.roles" => {
            vec![("console.oidc.issuer", "https://id.example"), ("console.oidc.client_id", "sekisho")]
        }
        "tls.key" => vec![("tls.cert", "cert.pem")],
        "upstream.npm.token" | "upstream.npm.token_file" => vec![("upstream.npm.url", "https://registry.example/")],
        "upstream.pypi.token" | "upstream.pypi.token_file" => vec![("upstream.pypi.url", "https://registry.example/")],
        "upstream.npm.user" => vec![("upstream.npm.url", "https://registry.example/"), ("upstream.npm.password", "x")],
        "upstream.pypi.user" => {
            vec![("upstream.pypi.url", "https://registry.example/"), ("upstream.pypi.password", "x")]
        }
        "upstream.npm.password" | "upstream.npm.password_file" => {
            vec![("upstream.npm.url", "https://registry.example/"), ("upstream.npm.user", "me")]
        }
        "upstream.pypi.password" | "upstream.pypi.password_file" => {
            vec![("upstream.pypi.url", "https://registry.example/"), ("upstream.pypi.user", "me")]
        }
        "mail.transport" => vec![("mail.smtp.host", "mail.example.com"), ("mail.from", "gate@example.com")],
        _ => vec![],
    }
}

#[test]
fn every_key_can_be_set_by_flag_variable_and_file() {
    let (folder, secret) = file("a secret\n");
    let default = format!("{:?}", load(&Layers::default()).unwrap().0);
    for key in KEYS {
        let value = another(key.path, &secret);
        let with = companions(key.path);
        let pairs: Vec<(&str, &str)> = with.iter().copied().chain([(key.path, value.as_str())]).collect();

        let (by_flag, origins) = load(&flags(&pairs)).unwrap_or_else(|e| panic!("{}: {e}", key.path));
        assert_ne!(format!("{by_flag:?}"), default, "{} changes nothing", key.path);
        assert_eq!(origins[key.path], "command line");

        let named: Vec<(String, &str)> = pairs.iter().map(|(path, value)| (variable(path), *value)).collect();
        let named: Vec<(&str, &str)> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let (by_variable, origins) = load(&environment(&named)).unwrap_or_else(|e| panic!("{}: {e}", key.path));
        assert_eq!(format!("{by_variable:?}"), format!("{by_flag:?}"), "{}", key.path);
        assert_eq!(origins[key.path], key.variable());

        let lines: Vec<String> =
            pairs.iter().map(|(path, value)| format!("{path} = {}", toml_of(path, value))).collect();
        let path = folder.path().join("all.toml");
        std::fs::write(&path, lines.join("\n")).unwrap();
        let loaded = load(&Layers { file: Some(path), ..Layers::default() });
        let (by_file, _) = loaded.unwrap_or_else(|e| panic!("{}: {e}", key.path));
        assert_eq!(format!("{by_file:?}"), format!("{by_flag:?}"), "{}", key.path);
    }
}

fn variable(path: &str) -> String {
    KEYS.iter().find(|key| key.path == path).map(Key::variable).expect("a key")
}

fn toml_of(path: &str, value: &str) -> String {
    let default = KEYS.iter().find(|key| key.path == path).map_or("", |key| key.default);
    match default {
        list if list.starts_with('[') => format!("[{value:?}]"),
        text if text.starts_with('"') => format!("{value:?}"),
        "" if !path.ends_with("port") => format!("{value:?}"),
        _ => value.to_owned(),
    }
}

#[test]
fn flags_come_before_variables_and_these_before_the_file() {
    let (_folder, path) = file("log = \"error\"\nanonymous = false\nlimits.hold_seconds = 1\n");
    let mut layers = Layers { file: Some(path), ..Layers::default() };
    let log = |layers: &Layers| load(layers).unwrap().0.log;
    assert_eq!(log(&layers), "error");
    layers.environment.push(("SEKISHO_LOG".to_owned(), "warn".to_owned()));
    assert_eq!(log(&layers), "warn");
    layers.flags.push(("log".to_owned(), "debug".to_owned()));
    assert_eq!(log(&layers), "debug");
    let (settings, _) = load(&layers).unwrap();
    assert!(!settings.anonymous);
    assert_eq!((settings.limits.hold_seconds, settings.limits.hold_waiting), (1, 256), "a section is merged");
}

#[test]
fn lists_are_written_as_toml_or_with_commas() {
    for text in ["a.example, b.example", "[\"a.example\", \"b.example\"]", "a.example,,b.example,"] {
        let (settings, _) = load(&flags(&[("registration_domains", text)])).unwrap();
        assert_eq!(settings.registration_domains, ["a.example", "b.example"], "{text}");
    }
}

#[test]
fn a_message_names_the_file_the_key_and_what_is_wrong() {
    let mut said = String::new();
    for text in [
        "listen = 17",
        "listen = \"here\"",
        "admin_listen = \"nowhere\"",
        "anonymous = \"yes\"",
        "registration = \"everyone\"",
        "registration = \"domains\"",
        "public_urls = \"https://a.example\"",
        "public_urls = [\"ftp://a.example\"]",
        "public_urls = [\"https://a.example/path\"]",
        "public_urls = [17]",
        "public_urls = [\"packages.example.com:8417\"]",
        "public_urls = [\"packages.example.com\"]",
        "trusted_proxies = [\"10.0.0.0/99\"]",
        "trusted_proxies = [\"10.0.0.0/8\", \"10.1.2.3\"]",
        "trusted_proxies = \"10.0.0.0/8\"",
        "log = \"verbose\"",
        "log = \"info,sekisho_server\"",
        "log = \"sekisho_server=loud\"",
        "lisen = \"127.0.0.1:1\"",
        "[limits]\nhold_secconds = 5",
        "[limits]\nhold_seconds = -1",
        "[limits]\nhold_seconds = \"5\"",
        "[limits]\nhold_seconds = 0.5",
        "[limits]\nanonymous_per_minute = 0",
        "[limits]\nconnections = 99999999",
        "[limits]\nheader_kb = 1",
        "limits = 5",
        "[nothing]\nx = 1",
        "[cache]\nmin_seconds = 100",
        "[feed]\nprefixes = [\"\"]",
        "[tls]\ncert = \"cert.pem\"",
        "[mail]\ntransport = \"pigeon\"",
        "[mail]\ntransport = \"smtp\"",
        "[mail.smtp]\nport = 99999",
        "[upstream.npm]\nurl = \"registry.example\"",
        "[upstream.npm]\nurl = \"https://registry.example/?x=1\"",
        "[upstream.npm]\naudience = [\"domain:example.com\", \"example.com\"]",
        "[upstream.pypi]\nurl = 5",
        "npm_host = \"a.example\"\npypi_host = \"a.example\"",
        "npm_host = \"https://npm.example.com/\"",
        "listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"",
        "listen = ",
        "this is no TOML",
        "\u{0}",
    ] {
        writeln!(said, "{}\n  {}", text.escape_debug(), of_file(text).expect_err(text)).unwrap();
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_message_names_the_variable_or_the_command_line() {
    let said = [
        refused(&environment(&[("SEKISHO_LISTEN", "here")])),
        refused(&environment(&[("SEKISHO_ANONYMOUS", "perhaps")])),
        refused(&environment(&[("SEKISHO_LIMITS_HOLD_SECONDS", "many")])),
        refused(&environment(&[("SEKISHO_LISSEN", "127.0.0.1:1")])),
        refused(&environment(&[("SEKISHO_REGISTRATION", "domains")])),
        refused(&flags(&[("limits.connections", "0")])),
        refused(&flags(&[("lisen", "127.0.0.1:1")])),
        refused(&Layers { file: Some("there/is/no.toml".into()), ..Layers::default() }),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_secret_and_its_file_together_are_refused() {
    let (_folder, path) = file("from the file\n");
    let path = path.display().to_string();
    for key in ["secret", "database.url", "mail.smtp.password", "artifacts.s3.access_key", "artifacts.s3.secret_key"] {
        let file_key = format!("{key}_file");
        let message = refused(&flags(&[(key, "in the clear"), (&file_key, &path)]));
        assert_eq!(message, format!("command line: {key}: is set together with its _file form: set one of them"));
        assert!(load(&flags(&[(&file_key, &path)])).is_ok(), "{key}");
    }
}

#[test]
fn a_secret_s_file_has_to_be_there_and_to_hold_something() {
    let (folder, path) = file("\n");
    let missing = folder.path().join("missing").display().to_string();
    for (value, why) in [(missing.as_str(), "No such file"), (&path.display().to_string(), "is empty")] {
        let message = refused(&flags(&[("secret_file", value)]));
        assert!(message.contains("secret_file: ") && message.contains(why), "{message}");
    }
}

#[test]
fn a_secret_s_file_is_read_without_its_line_end() {
    let (_folder, path) = file("hunter2 \r\n");
    let (settings, _) = load(&flags(&[("mail.smtp.password_file", &path.display().to_string())])).unwrap();
    assert_eq!(settings.mail.smtp.password.as_ref().map(|p| p.expose()), Some("hunter2 "));
}

#[test]
fn no_secret_is_in_any_message_or_print() {
    const SECRET: &str = "correct-horse-battery";
    for text in [
        format!("secret = [\"{SECRET}\"]"),
        format!("secret = {{ x = \"{SECRET}\" }}"),
        format!("secret = \"{SECRET}"),
        format!("secret = \"{SECRET}\" x"),
        format!("secret = {SECRET}"),
        format!("secret = \"{SECRET}\"\nsecret = \"{SECRET}\""),
        format!("secret = \"{SECRET}\"\nsecret_file = \"x\""),
        format!("[database]\nurl = [\"postgres://u:{SECRET}@h/d\"]"),
        format!("[mail.smtp]\npassword = [\"{SECRET}\"]"),
        format!("[mail.smtp.password]\nx = \"{SECRET}\""),
        format!("public_urls = [\"https://user:{SECRET}@a.example\"]"),
        format!("[upstream.npm]\nurl = \"https://user:{SECRET}@registry.example\""),
    ] {
        let message = of_file(&text).expect_err(&text);
        assert!(!message.contains(SECRET), "{message}");
    }
    let good = format!("secret = \"{SECRET}\"\ndatabase.url = \"postgres://u:{SECRET}@h/d\"\n");
    let settings = of_file(&format!("{good}mail.smtp.password = \"{SECRET}\"")).unwrap();
    assert!(!format!("{settings:?}").contains(SECRET));
    let message = refused(&environment(&[("SEKISHO_SECRET", SECRET), ("SEKISHO_SECRET_FILE", "x")]));
    assert!(!message.contains(SECRET), "{message}");
}

#[test]
fn numbers_that_no_machine_has_are_refused_and_overflow_nothing() {
    for key in KEYS.iter().filter(|key| key.default.parse::<u64>().is_ok()) {
        for value in ["9223372036854775807", "4294967295"] {
            // Whatever it says to the number, it says it without a panic, and what it takes can be used.
            if let Ok((settings, _)) = load(&flags(&[(key.path, value)])) {
                assert!(settings.cache.memory_mb.checked_mul(1 << 20).is_some(), "{}", key.path);
                assert!(settings.cache.disk_mb.checked_mul(1 << 20).is_some(), "{}", key.path);
                assert!(settings.upstream.max_document_mb.checked_mul(1 << 20).is_some(), "{}", key.path);
                assert!(settings.upstream.max_transfer_mb.checked_mul(1 << 20).is_some(), "{}", key.path);
                assert!(settings.limits.header_kb.checked_mul(1024).is_some(), "{}", key.path);
                assert!(settings.cache.max_stale_hours.checked_mul(3600).is_some(), "{}", key.path);
                assert!(settings.limits.connections <= 1_000_000, "{}", key.path);
                assert!(settings.upstream.connections <= 1_000_000, "{}", key.path);
            }
        }
    }
}

/// The documentation of every key, made from the table.
fn document() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         <!-- Made from crates/server/src/config/keys.rs: UPDATE_DOCS=1 cargo test -p sekisho-server configuration -->\n\n\
         `sekisho.toml` in the working directory, or `--config FILE`. Over it the environment, over that the command\n\
         line (`--set key=value`). Every key has a variable: `limits.hold_seconds` is `SEKISHO_LIMITS_HOLD_SECONDS`; a list\n\
         is written there with commas. An unknown key or variable is an error, and so is a wrong value: the message names\n\
         the file or the variable and the key. `sekisho config check` says what the settings mean.\n\n\
         Secrets are given as `x`, or as `x_file` with the name of a file that holds them, never as both.\n",
    );
    let mut section = "";
    for key in KEYS.iter().chain(PRIVATE) {
        let of_key = key.path.rsplit_once('.').map_or("", |(section, _)| section);
        if of_key != section || text.ends_with("both.\n") {
            section = of_key;
            let title =
                if section.is_empty() { "General".to_owned() } else { format!("`[{}]`", section.replace('<', "&lt;")) };
            write!(text, "\n## {title}\n\n| key | default | what it does |\n|---|---|---|\n").unwrap();
        }
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        writeln!(
            text,
            "| `{}` | {default} | {} |",
            key.path.replace("upstream.private.<name>.", ""),
            key.doc.replace('|', "\\|").replace('<', "&lt;")
        )
        .unwrap();
    }
    text
}

#[test]
fn the_documentation_of_the_configuration_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let wanted = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/configuration.md is out of date: UPDATE_DOCS=1 cargo test -p sekisho-server configuration"
    );
}

/// A private upstream, and one line more.
fn private(line: &str) -> Result<Settings, String> {
    of_file(&format!(
        "[upstream.private.acme]\necosystem = \"npm\"\nurl = \"https://npm.acme.example/\"\npackages = [\"@acme/*\"]\n{line}"
    ))
}

#[test]
fn a_private_upstream_is_configured_by_its_name() {
    let settings = private("token = \"s3cret\"\naudience = [\"domain:acme.example\"]").unwrap();
    let acme = &settings.upstream.private["acme"];
    assert!(acme.access().credentials().unwrap().is_some());
    assert_eq!(acme.audience.len(), 1);
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[test]
fn what_is_wrong_with_a_private_upstream_is_named_with_its_key() {
    let two = "[upstream.private.other]\necosystem = \"npm\"\nurl = \"https://x.example/\"\npackages = [\"@Acme/*\"]";
    let shown: Vec<String> = [
        "user = \"me\"",
        "token = \"a\"\nuser = \"me\"\npassword = \"b\"",
        "token = \"a\\nb\"",
        "audience = [\"everyone\"]",
        "audience = \"personal\"",
        "port = 1",
        "token_file = \"/nowhere\"",
        two,
        "[upstream.private.Bad_Name]\necosystem = \"npm\"\nurl = \"https://x.example/\"\npackages = [\"y\"]",
        "[upstream.private.b]\necosystem = \"cargo\"\nurl = \"https://x.example/\"\npackages = [\"y\"]",
        "[upstream.private.b]\necosystem = \"npm\"\nurl = \"x.example\"\npackages = [\"y\"]",
        "[upstream.private.b]\necosystem = \"npm\"\nurl = \"https://x.example/\"\npackages = [\"*\"]",
        "[upstream.private.b]\necosystem = \"npm\"\nurl = \"https://x.example/\"\npackages = []",
        "[upstream.private.b]\necosystem = \"npm\"\npackages = [\"y\"]",
        "[upstream.npm]\ntoken = \"a\"",
    ]
    .iter()
    .map(|line| private(line).expect_err(line))
    .collect();
    insta::assert_snapshot!(shown.join("\n"));
}
