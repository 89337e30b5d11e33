//! Discovery on machines made up for the test.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use sekisho_core::Ecosystem::{self, Npm, Pypi};
use sekisho_upstream::discovery::{Discovered, Discovery, Machine, Question, Runner};
use url::Url;

/// Answers commands by their first words, and notes what was asked.
#[derive(Default)]
struct Clients {
    answers: BTreeMap<&'static str, &'static str>,
    asked: Mutex<Vec<Question>>,
}

impl Runner for Clients {
    fn run<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Option<String>> {
        self.asked.lock().unwrap().push(question.clone());
        let answer = self.answers.get(question.command[0]).map(|text| (*text).to_owned());
        Box::pin(async move { answer })
    }
}

struct World {
    root: tempfile::TempDir,
    env: BTreeMap<String, String>,
    clients: Arc<Clients>,
    own: Vec<Url>,
}

impl World {
    fn new(answers: &[(&'static str, &'static str)]) -> World {
        let clients = Clients { answers: answers.iter().copied().collect(), ..Clients::default() };
        World {
            root: tempfile::tempdir().unwrap(),
            env: BTreeMap::new(),
            clients: Arc::new(clients),
            own: vec![Url::parse("http://127.0.0.1:8417/").unwrap(), Url::parse("https://gate.example/").unwrap()],
        }
    }

    fn file(self, path: &str, text: &str) -> World {
        let path = self.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn var(mut self, name: &str, value: &str) -> World {
        self.env.insert(name.into(), value.into());
        self
    }

    fn data(&self) -> std::path::PathBuf {
        self.root.path().join("data")
    }

    fn discovery(&self) -> Discovery {
        let machine = Machine {
            env: self.env.clone(),
            home: Some(self.root.path().join("home/u")),
            root: self.root.path().to_owned(),
            runner: self.clients.clone(),
        };
        Discovery::new(&self.data(), self.own.clone(), machine)
    }

    async fn find(&self, ecosystem: Ecosystem) -> String {
        show(self.discovery().find(ecosystem, None).await)
    }
}

fn show(found: Discovered) -> String {
    match found {
        Discovered::Found { url, how } => format!("{url} {how}"),
        Discovered::NotFound { message } => format!("none: {message}"),
    }
}

#[tokio::test]
async fn what_is_configured_wins_over_everything() {
    let world = World::new(&[("npm", "https://default.example/")]).var("npm_config_registry", "https://env.example/");
    let found = world.discovery().find(Npm, Some("https://user:pw@registry.example/npm")).await;
    assert_eq!(show(found), "https://registry.example/npm/ configured");
    assert!(!world.data().exists(), "what is configured is not kept");
}

#[tokio::test]
async fn a_configured_address_that_is_wrong_or_our_own_is_said_with_its_setting() {
    let world = World::new(&[("npm", "https://default.example/")]);
    let at = async |text: &str| show(world.discovery().find(Npm, Some(text)).await);
    insta::assert_snapshot!(at("https://gate.example/npm/").await, @"none: upstream.npm.url is this server's own address: it would ask itself. Set it to the registry behind this server.");
    insta::assert_snapshot!(at("http://localhost:8417").await, @"none: upstream.npm.url is this server's own address: it would ask itself. Set it to the registry behind this server.");
    insta::assert_snapshot!(at("registry.example").await, @"none: upstream.npm.url can't be used: not a URL.");
}

#[tokio::test]
async fn npm_settings_count_in_npms_order() {
    let world = World::new(&[("npm", "https://default.example/")])
        .file("opt/node/bin/node", "")
        .file("opt/node/etc/npmrc", "registry=https://global.example/\n")
        .var("PATH", "relative:/opt/node/bin");
    assert_eq!(world.find(Npm).await, "https://global.example/ from /opt/node/etc/npmrc");
    std::fs::remove_dir_all(world.data()).unwrap();
    let world = world.file(
        "home/u/.npmrc",
        "; old\n@corp:registry=https://corp.example/\nregistry = \"https://u:secret@${SUB}.example/npm?x=1\"\n\
         //user.example/:_authToken=secret\n[section]\nregistry=https://no.example/\n",
    );
    let world = world.var("SUB", "user");
    assert_eq!(world.find(Npm).await, "https://user.example/npm/ from ~/.npmrc");
    let kept = std::fs::read_to_string(world.data().join("upstreams.json")).unwrap();
    assert!(!kept.contains("secret"), "{kept}");
    std::fs::remove_dir_all(world.data()).unwrap();
    let world = world.var("NPM_Config_Registry", "https://env.example");
    assert_eq!(world.find(Npm).await, "https://env.example/ from NPM_Config_Registry");
    assert!(world.clients.asked.lock().unwrap().is_empty(), "no client is asked when its settings say it");
}

#[tokio::test]
async fn npms_user_file_may_lie_elsewhere_but_not_in_the_working_directory() {
    let world = World::new(&[])
        .file("etc/my-npmrc", "registry=https://elsewhere.example/")
        .file("home/u/.npmrc", "registry=https://home.example/");
    let named = world.var("NPM_CONFIG_USERCONFIG", "/etc/my-npmrc");
    assert_eq!(named.find(Npm).await, "https://elsewhere.example/ from /etc/my-npmrc");
    std::fs::remove_dir_all(named.data()).unwrap();
    let relative = named.var("NPM_CONFIG_USERCONFIG", "./Cargo.toml");
    assert!(relative.find(Npm).await.starts_with("none: "));
}

#[tokio::test]
async fn pip_settings_count_in_pips_order_and_before_uvs() {
    let world = World::new(&[]).file("etc/uv/uv.toml", "index-url = 'https://uv-system.example/simple'\n");
    let reset = |world: &World| std::fs::remove_dir_all(world.data()).unwrap();
    assert_eq!(world.find(Pypi).await, "https://uv-system.example/simple/ from /etc/uv/uv.toml");
    reset(&world);
    let world = world.file(
        "home/u/.config/uv/uv.toml",
        "[[index]]\nurl = 'https://extra.example'\n[[index]]\nname = 'x'\ndefault = true\nurl = 'https://uv.example/simple'\n",
    );
    assert_eq!(world.find(Pypi).await, "https://uv.example/simple/ from ~/.config/uv/uv.toml");
    reset(&world);
    let world = world.file("etc/pip.conf", "[global]\nindex-url = https://pip-system.example/simple\n");
    assert_eq!(world.find(Pypi).await, "https://pip-system.example/simple/ from /etc/pip.conf");
    reset(&world);
    let world = world.file("home/u/.pip/pip.conf", "[global]\nindex_url: https://legacy.example/simple\n");
    assert_eq!(world.find(Pypi).await, "https://legacy.example/simple/ from ~/.pip/pip.conf");
    reset(&world);
    let world = world.file(
        "home/u/.config/pip/pip.conf",
        "[global]\nextra-index-url=https://no.example\nindex-url=https://u:p@pip.example/simple\n",
    );
    assert_eq!(world.find(Pypi).await, "https://pip.example/simple/ from ~/.config/pip/pip.conf");
    reset(&world);
    let world = world.file("etc/pip.conf", "[install]\nindex-url = https://install.example/simple\n");
    assert_eq!(world.find(Pypi).await, "https://install.example/simple/ from /etc/pip.conf");
    reset(&world);
    let world = world
        .var("UV_INDEX_URL", "https://uv-env.example/simple")
        .var("UV_DEFAULT_INDEX", "corp=https://uv-default.example/simple");
    assert_eq!(world.find(Pypi).await, "https://uv-default.example/simple/ from UV_DEFAULT_INDEX");
    reset(&world);
    let world = world.var("PIP_INDEX_URL", "https://pip-env.example/simple");
    assert_eq!(world.find(Pypi).await, "https://pip-env.example/simple/ from PIP_INDEX_URL");
}

#[tokio::test]
async fn without_settings_the_clients_are_asked_for_their_default() {
    let world = World::new(&[
        ("pnpm", "https://default.example/\n"),
        ("uv", "  --default-index <I>\n   The default index (by default: <https://index.example/simple>)\n"),
    ]);
    assert_eq!(world.find(Npm).await, "https://default.example/ the default of pnpm");
    assert_eq!(world.find(Pypi).await, "https://index.example/simple/ the default of uv");
    let asked: Vec<String> = world.clients.asked.lock().unwrap().iter().map(|q| q.command.join(" ")).collect();
    let expected = [
        "npm config get registry",
        "pnpm config get registry",
        "pip install --help",
        "pip3 install --help",
        "python3 -m pip install --help",
        "uv pip install --help",
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_machine_without_anything_gets_an_error_that_names_the_setting() {
    let world = World::new(&[("npm", "undefined\n")]);
    insta::assert_snapshot!(world.find(Npm).await, @"none: No upstream for npm was found: npm and pnpm are not set to one and not installed. Set upstream.npm.url to the registry's address.");
    insta::assert_snapshot!(world.find(Pypi).await, @"none: No upstream for PyPI was found: pip and uv are not set to one and not installed. Set upstream.pypi.url to the registry's address.");
}

#[tokio::test]
async fn clients_that_were_pointed_at_us_do_not_make_us_our_own_upstream() {
    let world =
        World::new(&[("npm", "https://default.example/")]).file("home/u/.npmrc", "registry=https://first.example/");
    assert_eq!(world.find(Npm).await, "https://first.example/ from ~/.npmrc");
    let world = world.file("home/u/.npmrc", "registry=http://localhost:8417/npm/");
    assert_eq!(world.find(Npm).await, "https://first.example/ from ~/.npmrc", "what was found is kept");
    std::fs::remove_dir_all(world.data()).unwrap();
    assert_eq!(world.find(Npm).await, "https://default.example/ the default of npm", "our own address is passed over");
}

#[tokio::test]
async fn a_kept_address_that_is_ours_or_damaged_is_dropped() {
    let world = World::new(&[("npm", "https://default.example/")]);
    for text in [
        r#"{"npm":{"url":"https://GATE.example/npm/","how":"x"}}"#,
        r#"{"npm":{"#,
        r#"{"npm":{"url":"nonsense","how":"x"}}"#,
        "[]",
    ] {
        let world = World {
            root: tempfile::tempdir().unwrap(),
            env: BTreeMap::new(),
            clients: world.clients.clone(),
            own: world.own.clone(),
        };
        let world = world.file("data/upstreams.json", text);
        assert_eq!(world.find(Npm).await, "https://default.example/ the default of npm", "{text}");
        assert!(std::fs::read_to_string(world.data().join("upstreams.json")).unwrap().contains("default.example"));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn settings_that_are_no_files_do_not_hold_the_start() {
    let world = World::new(&[("npm", "https://default.example/")]).file("home/u/.keep", "");
    let pipe = world.root.path().join("home/u/.npmrc");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let found = tokio::time::timeout(std::time::Duration::from_secs(5), world.find(Npm)).await;
    assert_eq!(found.unwrap(), "https://default.example/ the default of npm");
    assert!(Path::new(&pipe).exists());
}
