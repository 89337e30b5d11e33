//! A key's life, in the real clients: rotated, reset by the mailed command, revoked.

use std::thread;

use crate::support::gate::{Gate, Launch};
use crate::support::home::{Home, Ran};
use crate::support::letter::Letter;
use crate::support::person::{PIP, Person, make_venv, npm_home, python_shell};
use crate::support::post::Post;

/// What each client did with a key, set up by the mail's own text.
struct Clients {
    npm: Ran,
    pip: Ran,
    uv: Ran,
}

impl Clients {
    /// npm, pip and uv at once, each in a fresh home.
    fn with(letter: &Letter, key: &str) -> Clients {
        // The mail's file has the first key in it: the user replaces it.
        let letter = &Letter(letter.0.replace(&letter.key(), key));
        let in_python = |heading, command: &str| {
            let home = Home::new();
            make_venv(&home);
            python_shell(&home, letter, heading, key, command)
        };
        thread::scope(|scope| {
            let npm = scope.spawn(|| npm_home(letter).run("npm", &["install", "left-pad"]));
            let pip = scope.spawn(|| in_python("pip (PIP_INDEX_URL)", &format!("{PIP} install six")));
            let uv = scope.spawn(|| in_python("uv (UV_DEFAULT_INDEX)", "uv pip install six"));
            let join = |client: thread::ScopedJoinHandle<'_, Ran>| client.join().expect("a client that ends");
            Clients { npm: join(npm), pip: join(pip), uv: join(uv) }
        })
    }

    #[track_caller]
    fn install(self) {
        for ran in [self.npm, self.pip, self.uv] {
            ran.succeeded();
        }
    }

    #[track_caller]
    fn are_refused(self) {
        self.npm.failed_showing("The token is unknown, revoked or incomplete.");
        self.npm.shows("E401");
        self.pip.failed_showing("401 Error, Credentials not correct for");
        self.uv.failed_showing("401");
    }
}

/// The new key that a command of the mail printed.
fn printed_key(ran: &Ran) -> String {
    let printed: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.text));
    printed["api_key"].as_str().unwrap_or_else(|| panic!("no key: {}", ran.text)).to_owned()
}

fn status(gate: &Gate, key: &str) -> u16 {
    gate.get_as("/api/v1/tokens/status", key).status
}

#[test]
fn a_key_is_rotated_reset_and_revoked_by_the_commands_in_the_mails() {
    let post = Post::open();
    let gate = post.settings().iter().fold(Launch::real(), |launch, pair| launch.set(pair)).start();
    let person = Person::new("keys");
    let letter = person.gets_a_key(&gate, &post);
    let first = letter.key();
    Clients::with(&letter, &first).install();

    let shell = Home::new();
    let run = |letter: &Letter, heading: &str, key: &str| {
        shell.sh(
            &format!("{}{}", letter.block("SEKISHO_TOKEN", "shell"), letter.block(heading, "shell")),
            &format!("{key}\n"),
        )
    };
    let shown = run(&letter, "Status", &first).succeeded();
    shown.shows(&person.email);
    let second = printed_key(&run(&letter, "Rotate", &first).succeeded());
    Clients::with(&letter, &first).are_refused();
    Clients::with(&letter, &second).install();
    let told = post.mail(&person.email, 2);
    assert!(told.0.contains("Your Sekisho key was rotated"), "{}", told.0);

    person.registers(&gate);
    let known = post.mail(&person.email, 3);
    assert!(!known.0.contains(&second), "a key stands in one mail only");
    let third = printed_key(&shell.sh(&known.block("A new key", "shell"), "").succeeded());
    assert_eq!([&first, &second, &third].map(|key| status(&gate, key)), [401, 401, 200]);
    Clients::with(&letter, &second).are_refused();
    Clients::with(&letter, &third).install();
    shell.sh(&known.block("A new key", "shell"), "").shows("invalid_code");

    run(&letter, "Revoke", &third).succeeded().shows("204");
    assert_eq!([&first, &second, &third].map(|key| status(&gate, key)), [401, 401, 401]);
    Clients::with(&letter, &third).are_refused();
    println!("keys: rotated, reset by the mailed command, revoked; npm, pip and uv followed each time");
}
