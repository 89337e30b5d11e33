//! A person at a machine with one package manager, in front of a gate.

use std::fs;
use std::time::Duration;

use crate::client::{Client, Wanted};
use crate::support::gate::Gate;
use crate::support::home::{Home, Ran};
use crate::support::http::Connection;
use crate::support::letter::Letter;
use crate::support::{root, wait_for};

/// The address of everybody who registers.
pub(crate) const EMAIL: &str = "you@people.example";

/// The person's seat: a home of its own, and a gate.
pub(crate) struct Seat<'a> {
    pub(crate) client: &'static Client,
    pub(crate) gate: &'a Gate,
    pub(crate) home: Home,
    /// The mail with the key and the set-up; `None` for who comes without a token.
    pub(crate) letter: Option<Letter>,
    /// What each shell of this person begins with.
    shell: String,
}

impl<'a> Seat<'a> {
    /// Somebody without a token.
    pub(crate) fn anonymous(client: &'static Client, gate: &'a Gate) -> Seat<'a> {
        Seat::with(client, gate, None)
    }

    /// Somebody who registered and set the client up by the mail's own text.
    pub(crate) fn registered(client: &'static Client, gate: &'a Gate) -> Seat<'a> {
        Seat::with(client, gate, Some(register(gate, EMAIL)))
    }

    fn with(client: &'static Client, gate: &'a Gate, letter: Option<Letter>) -> Seat<'a> {
        let mut seat = Seat { client, gate, home: Home::new(), letter, shell: String::new() };
        (client.set_up)(&mut seat);
        seat
    }

    /// The same person on another machine with what the project's repository has: nothing installed, nothing cached.
    pub(crate) fn elsewhere(&self) -> Seat<'a> {
        let seat = Seat::with(self.client, self.gate, self.letter.clone());
        for file in self.client.committed {
            fs::copy(self.home.project().join(file), seat.home.project().join(file))
                .unwrap_or_else(|e| panic!("{file} was not written: {e}"));
        }
        seat
    }

    /// The key.
    pub(crate) fn key(&self) -> Option<String> {
        self.letter.as_ref().map(Letter::key)
    }

    /// The npm registry behind the gate, without a slash at its end.
    pub(crate) fn npm(&self) -> String {
        format!("{}/npm", self.gate.base())
    }

    /// The Python index behind the gate.
    pub(crate) fn simple(&self) -> String {
        format!("{}/pypi/simple/", self.gate.base())
    }

    /// Adds lines to the beginning of each shell of this person.
    pub(crate) fn every_shell(&mut self, lines: &str) {
        self.shell.push_str(lines);
        self.shell.push('\n');
    }

    /// Writes a project that wants these packages.
    pub(crate) fn wants(&self, wanted: &[Wanted]) {
        (self.client.project)(self, wanted);
    }

    /// Resolves and installs what the project wants.
    pub(crate) fn install(&self) -> Ran {
        self.run(self.client.install)
    }

    /// Runs a command in a shell of this person, in the project. The key is typed, as the mail says.
    pub(crate) fn run(&self, command: &str) -> Ran {
        let tools = fs::canonicalize(root().join(".test/clients")).expect("the clients: run `make test-clients`");
        let path: String = [self.client.folder, "node"]
            .iter()
            .flat_map(|folder| ["bin", "node_modules/.bin"].map(|bin| tools.join(folder).join(bin)))
            .filter(|folder| folder.is_dir())
            .map(|folder| format!("{}:", folder.display()))
            .collect();
        let type_key = self.letter.as_ref().map(|letter| letter.block("SEKISHO_TOKEN", "shell")).unwrap_or_default();
        let script = format!("set -e\nPATH={path}$PATH\n{type_key}{}{command}", self.shell);
        self.home.sh(&script, &format!("{}\n", self.key().unwrap_or_default()))
    }

    /// What the project has now, by name and version.
    pub(crate) fn installed(&self) -> Vec<(String, String)> {
        crate::installed::of(self)
    }
}

/// Registers an address and reads its mail, which the default transport keeps in the data folder.
fn register(gate: &Gate, email: &str) -> Letter {
    let body = serde_json::json!({"email": email}).to_string();
    let mut connection = Connection::open(gate.address()).expect("the gate listens");
    let json = [("Content-Type", "application/json")];
    let answer = connection.send("POST", "/api/v1/tokens", &json, &body).expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.body);
    wait_for("the mail", Duration::from_secs(20), || {
        let shown = gate.command(&["mailbox", "show"]);
        shown.status.success().then(|| Letter(String::from_utf8_lossy(&shown.stdout).into_owned()))
    })
}
