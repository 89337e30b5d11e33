//! Asking package managers for their built-in default.
//!
//! Their settings were read already, and may name this very server. So each is asked as on a fresh machine: in an
//! empty folder, without its settings files, and without the variables that were considered.

use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sekisho_core::Ecosystem;
use tokio::io::AsyncReadExt;

use super::Machine;
use crate::source::parse_base;

/// Longest wait for a package manager: a first start on a slow machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// Largest output that is read.
const MAX_OUTPUT: u64 = 1 << 20;

/// A command to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Program, found by `PATH`, and its arguments.
    pub command: Vec<&'static str>,
    /// Variables to set.
    pub set: Vec<(&'static str, &'static str)>,
    /// Variables to leave out, in any case.
    pub without: Vec<&'static str>,
}

/// Runs package managers.
pub trait Runner: Send + Sync + 'static {
    /// Standard output, if the program is there and succeeds in time.
    fn run<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Option<String>>;
}

/// The addresses that an ecosystem's clients have built in, the first that answers.
pub(super) async fn defaults(machine: &Machine, ecosystem: Ecosystem) -> Vec<(String, String)> {
    for (name, question) in questions(ecosystem) {
        let Some(output) = machine.runner.run(&question).await else { continue };
        let address = match ecosystem {
            Ecosystem::Npm => plain_address(&output),
            Ecosystem::Pypi => default_in_help(&output),
        };
        if let Some(address) = address {
            return vec![(address, format!("the default of {name}"))];
        }
    }
    Vec::new()
}

fn questions(ecosystem: Ecosystem) -> Vec<(&'static str, Question)> {
    let npm = ["npm_config_registry", "npm_config_userconfig", "npm_config_globalconfig"];
    let pip = ["PIP_INDEX_URL", "PIP_CONFIG_FILE"];
    let uv = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE"];
    // Wide, so that no address is broken over lines.
    let wide = ("COLUMNS", "400");
    let quiet = ("PIP_CONFIG_FILE", "/dev/null");
    let ask = |name: &'static str, command: &[&'static str], set: &[_], without: &[_]| {
        (name, Question { command: command.to_vec(), set: set.to_vec(), without: without.to_vec() })
    };
    match ecosystem {
        // Two names: npm refuses to load one file twice. Relative, so in the empty folder, where they are not.
        Ecosystem::Npm => {
            let bare = [("npm_config_userconfig", "none-user"), ("npm_config_globalconfig", "none-global")];
            vec![
                ask("npm", &["npm", "config", "get", "registry"], &bare, &npm),
                ask("pnpm", &["pnpm", "config", "get", "registry"], &bare, &npm),
            ]
        }
        Ecosystem::Pypi => vec![
            ask("pip", &["pip", "install", "--help"], &[wide, quiet], &pip),
            ask("pip", &["pip3", "install", "--help"], &[wide, quiet], &pip),
            ask("pip", &["python3", "-m", "pip", "install", "--help"], &[wide, quiet], &pip),
            ask("uv", &["uv", "pip", "install", "--help"], &[wide, ("UV_NO_CONFIG", "1")], &uv),
        ],
    }
}

/// `npm config get registry` prints one line; a warning may stand before it.
fn plain_address(output: &str) -> Option<String> {
    output.lines().rev().map(str::trim).find(|line| parse_base(line).is_ok()).map(str::to_owned)
}

/// The default that a help text names for the index: the first address after `default` in the paragraph of
/// `--index-url` (pip: `(default https://…)`, wrapped over lines) or `--default-index` (uv: `[default: …]`,
/// `(by default: <https://…>)`).
fn default_in_help(output: &str) -> Option<String> {
    let names_index =
        |line: &str| line.split([' ', ',', '=', '<']).any(|word| matches!(word, "--index-url" | "--default-index"));
    let is_option = |line: &str| line.trim_start().starts_with('-');
    let mut lines = output.lines();
    while let Some(line) = lines.find(|line| is_option(line) && names_index(line)) {
        let more = lines.clone().take_while(|line| !is_option(line));
        let paragraph: Vec<&str> = std::iter::once(line).chain(more).flat_map(str::split_whitespace).collect();
        let mut words =
            paragraph.iter().skip_while(|word| !word.to_ascii_lowercase().contains("default:") && **word != "(default");
        let address = words.find_map(|word| {
            let word = word.trim_matches(|c: char| "()[]<>,;.\"'".contains(c));
            word.starts_with("http").then(|| parse_base(word).ok()).flatten().map(|_| word.to_owned())
        });
        if address.is_some() {
            return address;
        }
    }
    None
}

/// Runs programs of this machine.
pub struct SystemRunner;

impl Runner for SystemRunner {
    fn run<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move { tokio::time::timeout(PATIENCE, run(question)).await.ok().flatten() })
    }
}

async fn run(question: &Question) -> Option<String> {
    let folder = tempfile::tempdir().ok()?;
    let (program, arguments) = question.command.split_first()?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if question.without.iter().any(|without| without.eq_ignore_ascii_case(text)) {
            command.env_remove(text);
        }
    }
    command.envs(question.set.iter().copied());
    let mut child = command.spawn().ok()?;
    let mut output = Vec::new();
    child.stdout.take()?.take(MAX_OUTPUT).read_to_end(&mut output).await.ok()?;
    let status = child.wait().await.ok()?;
    status.success().then(|| String::from_utf8_lossy(&output).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pips_help_names_its_index_though_it_is_wrapped() {
        let help = "Package Index Options:\n  -i, --index-url <url>       Base URL of the Python Package Index (default\n\
                    \x20                             https://index.example/simple). This should point to a\n\
                    \x20                             repository.\n  --extra-index-url <url>     Extra URLs (default https://no.example).\n";
        assert_eq!(default_in_help(help).as_deref(), Some("https://index.example/simple"));
    }

    #[test]
    fn uvs_help_names_its_index() {
        let help = "Index options:\n      --index <INDEX>\n          The URLs to use [env: UV_INDEX=]\n\n      --default-index <DEFAULT_INDEX>\n\
                    \x20         The URL of the default package index (by default: <https://index.example/simple>).\n\n          \
                    The index given is PEP 503 [env: UV_DEFAULT_INDEX=]\n";
        assert_eq!(default_in_help(help).as_deref(), Some("https://index.example/simple"));
    }

    #[test]
    fn help_without_a_default_names_nothing() {
        for help in
            ["", "usage: see https://docs.example", "  -i, --index-url <url>  Base URL, see https://docs.example"]
        {
            assert_eq!(default_in_help(help), None, "{help}");
        }
        assert_eq!(plain_address("npm warn x\nundefined\n"), None);
        assert_eq!(
            plain_address("npm warn x\nhttps://registry.example/\n").as_deref(),
            Some("https://registry.example/")
        );
    }
}
