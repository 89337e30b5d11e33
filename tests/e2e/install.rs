//! The way of a new user: register, read the mail, set up by its own text, install; and the ledger has every file.

use sekisho_core::Ecosystem;

use crate::support::gate::Launch;
use crate::support::home::Home;
use crate::support::ledger;
use crate::support::person::{PIP, Person, make_venv, npm_home, python_shell};
use crate::support::post::Post;

fn launch(post: &Post) -> Launch {
    post.settings().iter().fold(Launch::real(), |launch, pair| launch.set(pair))
}

#[test]
fn npm_set_up_by_the_mail_installs_express_and_every_file_is_in_the_ledger() {
    let post = Post::open();
    let gate = launch(&post).start();
    let letter = Person::new("npm").gets_a_key(&gate, &post);
    let home = npm_home(&letter);

    home.run("npm", &["install", "express"]).succeeded();
    let installed = home.npm_installed();
    let recorded = ledger::releases(&ledger::rows(&gate.data()), Ecosystem::Npm, "answered");
    assert_eq!(recorded, installed);
    assert!(installed.len() > 30, "express is a tree: {installed:?}");
    let status = gate.get_as("/api/v1/tokens/status", &letter.key()).json();
    assert_eq!(status["usage"]["by_ecosystem"]["npm"]["installs"], installed.len(), "{status}");

    home.forget();
    home.run("npm", &["ci"]).succeeded();
    assert_eq!(home.npm_installed(), installed, "a lock file gives the same tree");
    let rows = ledger::rows(&gate.data());
    assert_eq!(rows.len(), 2 * installed.len(), "an install from a lock file is recorded too");
    assert!(rows.iter().all(|row| row.client_name == "npm" && row.address == "127.0.0.1"), "{:?}", rows[0]);
    println!("npm: express is {} packages; {} rows after install and ci", installed.len(), rows.len());
}

#[test]
fn uv_set_up_by_the_mails_files_installs_flask() {
    let post = Post::open();
    let gate = launch(&post).start();
    let letter = Person::new("uv.files").gets_a_key(&gate, &post);

    let by_user = Home::new();
    by_user.write("~/.config/uv/uv.toml", &letter.block("uv (uv.toml)", "~/.config/uv/uv.toml"));
    make_venv(&by_user);
    by_user.run("uv", &["pip", "install", "flask"]).succeeded();
    let installed = by_user.python_installed();
    assert_eq!(ledger::releases(&ledger::rows(&gate.data()), Ecosystem::Pypi, "answered"), installed);

    let by_project = Home::new();
    let project = "[project]\nname = \"project\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n";
    let block = letter.block("uv (pyproject.toml)", "pyproject.toml");
    by_project.write("pyproject.toml", &format!("{project}dependencies = [\"flask\"]\n\n{block}"));
    python_shell(&by_project, &letter, "uv (pyproject.toml)", &letter.key(), "uv sync").succeeded();
    let rows = ledger::rows(&gate.data());
    // More than is installed: a lock file is for every Python, and uv looks into files of other releases for it.
    let recorded = ledger::releases(&rows, Ecosystem::Pypi, "answered");
    for release in by_project.python_installed() {
        assert!(recorded.contains(&release), "{release:?} is not in the ledger");
    }
    assert!(rows.iter().all(|row| row.client_name == "uv"), "{:?}", rows[0]);
}

#[test]
fn pip_and_uv_set_up_by_the_mail_install_flask_and_every_file_is_in_the_ledger() {
    let post = Post::open();
    let gate = launch(&post).start();
    for (name, heading, command) in [
        ("pip.conf", "pip (pip.conf)", format!("{PIP} install flask")),
        ("pip.env", "pip (PIP_INDEX_URL)", format!("{PIP} install flask")),
        ("uv.env", "uv (UV_DEFAULT_INDEX)", "uv pip install flask".to_owned()),
    ] {
        let letter = Person::new(name).gets_a_key(&gate, &post);
        let home = Home::new();
        make_venv(&home);
        python_shell(&home, &letter, heading, &letter.key(), &command).succeeded();
        let installed = home.python_installed();
        assert!(installed.iter().any(|(package, _)| package == "flask"), "{installed:?}");
        let status = gate.get_as("/api/v1/tokens/status", &letter.key()).json();
        assert_eq!(status["usage"]["by_ecosystem"]["pypi"]["installs"], installed.len(), "{name}: {status}");
        let recorded = ledger::releases(&ledger::rows(&gate.data()), Ecosystem::Pypi, "answered");
        assert_eq!(recorded, installed, "{name}");
        println!("{heading}: flask is {} packages, all in the ledger", installed.len());
    }
}
