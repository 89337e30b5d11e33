//! What a run found, and `docs/clients.md` made of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::{fs, process};

use crate::client::Client;
use crate::support::root;
use crate::versions;

/// What a cell found: the value of a column, or a text that the user read.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// The column, or when the text was read.
    pub(crate) topic: &'static str,
    pub(crate) value: String,
    is_text: bool,
}

impl Finding {
    /// The value of a column.
    pub(crate) fn new(column: &'static str, value: &str) -> Finding {
        Finding { topic: column, value: value.to_owned(), is_text: false }
    }

    /// A text that was read, and when.
    pub(crate) fn text(when: &'static str, text: &str) -> Finding {
        Finding { topic: when, value: text.to_owned(), is_text: true }
    }
}

/// The tables, and their columns.
const TABLES: [(&str, &[&str]); 3] = [
    ("Installs", &["fresh, token", "lock, token", "fresh, anonymous", "lock, anonymous"]),
    ("Refusals", &["range", "tag `latest`", "pin", "blocked since the lock", "revoked key", "warning"]),
    (
        "Commands",
        &["view", "outdated", "search", "audit", "signatures", "malware check", "ping", "whoami", "tags", "publish"],
    ),
];

const HEAD: &str = "\
# Package managers in front of Sekisho

Written by `make test-clients WRITE=1`; do not edit. Every package manager ran against the built program and the real
registries, each cell with a home of its own and empty caches. With a key it was set up by the text of the mail that
brings the key, without one by the gate's address alone.

A cell says what came out of it, and stands here only because all of this held: what lies in `node_modules` or
`site-packages`; that the ledger has exactly these releases under the right key and client name (fresh installs of uv
sync, Poetry and PDM: these and perhaps more, because their lock files are for every platform; without a key: no row, and
counters for each); and for refusals, that nothing was installed, nothing went out, the ledger has the refusal (but
of a pin with npm's clients, which ask for no file that the metadata does not have), and the texts below were read.
";

const INSTALLS: &str = "\
The number of packages installed: with a key express or flask, without one a few small packages. \"Lock\" is another machine with the lock
file of the first. `–`: the client has no lock file, or there is no such command.
";

const REFUSALS: &str = "\
One release is refused by an advisory (left-pad 1.3.0, six 1.17.0). The columns: what a range that has it installs; what the tag `latest`, which
pointed at it, installs; exactly that release; a lock file with it, after an entry in the operator's list blocked it; an install with a key that
was revoked; the same release where the operator's list only warns of it.
";

const COMMANDS: &str = "\
With the same release refused: what looking the package up and asking for newer ones offers, and where its tags point. Search: what the
real registry has; that of a registry of the test, which finds a refused package too, shows the other one only. Signatures: a registry of the test
signs its releases, and a release with a signature of something else is told; npm's own trust root, which it fetches from a host of its own, is replaced by
an empty one, and npm then asks the registry for its keys. Malware check: `uv sync --frozen` of a lock file that leads past the gate, with the check
pointed at the gate.
";

const TEXTS: &str = "\
What the person reads, `<gate>` being the gate's address. Where only a number or \"no version matches\" comes through, the client shows
nothing else of an answer: `<gate>/why/npm/left-pad/1.3.0` then says why.
";

/// Writes `docs/clients.md`.
pub(crate) fn write(clients: &[&'static Client], found: &[(&'static Client, Vec<Finding>)]) {
    let of = |client: &Client| -> Vec<&Finding> {
        found.iter().filter(|(c, _)| c.name == client.name).flat_map(|(_, found)| found).collect()
    };
    let mut text = format!("{HEAD}\n{}, Node.js {}, CPython {}.\n", today(), versions::of("node"), python());
    for ((heading, columns), says) in TABLES.iter().zip([INSTALLS, REFUSALS, COMMANDS]) {
        write!(text, "\n## {heading}\n\n{says}\n| client | version |").expect("a string");
        text.extend(columns.iter().map(|column| format!(" {column} |")));
        text.push_str(&format!("\n|{}\n", "---|".repeat(columns.len() + 2)));
        for client in clients {
            let found = of(client);
            let cell = |column: &&str| {
                let of_column = found.iter().find(|f| !f.is_text && f.topic == *column);
                format!(" {} |", of_column.map_or("–", |f| f.value.as_str()))
            };
            let cells: String = columns.iter().map(cell).collect();
            writeln!(text, "| {} | {} |{cells}", client.name, versions::of(client.folder)).expect("a string");
        }
    }
    write!(text, "\n## What is read\n\n{TEXTS}").expect("a string");
    for client in clients {
        let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for finding in of(client).into_iter().filter(|f| f.is_text) {
            texts.entry(finding.topic).or_default().push(finding.value.replace("{gate}", "<gate>"));
        }
        writeln!(text, "\n### {}\n", client.name).expect("a string");
        for (when, texts) in texts {
            writeln!(text, "- {when}:\n\n  ```text\n  {}\n  ```", texts.join("\n  ")).expect("a string");
        }
    }
    fs::write(root().join("docs/clients.md"), text).expect("docs/clients.md is written");
}

fn said(program: &str, args: &[&str]) -> String {
    let output = process::Command::new(program).args(args).output().expect("a program that is there");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The day of the run, in UTC.
fn today() -> String {
    said("date", &["-u", "+%Y-%m-%d"])
}

fn python() -> String {
    said("python3", &["-c", "import platform; print(platform.python_version())"])
}
