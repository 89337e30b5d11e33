//! A person who registers an address and sets up package managers by the mail's own text.

use super::gate::Gate;
use super::home::{Home, Ran};
use super::http::Connection;
use super::letter::Letter;
use super::post::Post;

/// A person with an address.
pub(crate) struct Person {
    pub(crate) email: String,
}

impl Person {
    pub(crate) fn new(name: &str) -> Person {
        Person { email: format!("{name}@people.example") }
    }

    /// Registers the address; the answer is always the same.
    pub(crate) fn registers(&self, gate: &Gate) {
        let mut connection = Connection::open(gate.address()).expect("the gate listens");
        let body = serde_json::json!({"email": self.email}).to_string();
        let json = [("Content-Type", "application/json")];
        let answer = connection.send("POST", "/api/v1/tokens", &json, &body).expect("an answer");
        assert_eq!(answer.status, 202, "{}", answer.body);
    }

    /// Registers, and reads the first mail.
    pub(crate) fn gets_a_key(&self, gate: &Gate, post: &Post) -> Letter {
        self.registers(gate);
        post.mail(&self.email, 1)
    }
}

/// A home whose npm is set up by the mail.
pub(crate) fn npm_home(letter: &Letter) -> Home {
    let home = Home::new();
    home.write("~/.npmrc", &letter.block("npm, pnpm", "~/.npmrc"));
    home.write("package.json", r#"{"name":"project","version":"1.0.0","private":true}"#);
    home
}

/// Runs `command` in a shell in which the mail's lines below `heading` ran first, the key typed as the mail says.
pub(crate) fn python_shell(home: &Home, letter: &Letter, heading: &str, key: &str, command: &str) -> Ran {
    let script =
        format!("set -e\n{}{}{command}", letter.block("SEKISHO_TOKEN", "shell"), letter.block(heading, "shell"));
    home.sh(&script, &format!("{key}\n"))
}

/// Makes the project's virtual environment, without pip in it: pip comes from the path.
pub(crate) fn make_venv(home: &Home) {
    home.run("python3", &["-m", "venv", "--without-pip", ".venv"]).succeeded();
}

/// pip, for the project's virtual environment.
pub(crate) const PIP: &str = "pip --python .venv/bin/python";
