//! With no upstream configured, the gate finds those of this machine's package managers, and keeps what it found.

use std::time::Duration;

use crate::support::gate::{Gate, Launch};
use crate::support::home::Home;
use crate::support::person::{PIP, make_venv};
use crate::support::{upstreams, wait_for};

fn installs(gate: &Gate) {
    for path in ["/npm/left-pad", "/pypi/simple/six/"] {
        let ready = || (gate.get(path).status == 200).then_some(());
        wait_for("the upstreams to be found", Duration::from_secs(60), ready);
    }
    let home = Home::new();
    home.write("package.json", r#"{"name":"project","version":"1.0.0","private":true}"#);
    make_venv(&home);
    home.run("npm", &["install", "left-pad", &format!("--registry={}/npm/", gate.base())]).succeeded();
    home.sh(&format!("{PIP} install --index-url {}/pypi/simple/ six", gate.base()), "").succeeded();
}

#[test]
fn without_configured_upstreams_it_finds_them_and_keeps_them_when_the_clients_point_at_it() {
    upstreams::must_be_reachable();
    let mut gate = Launch::new().start();
    installs(&gate);
    println!("discovery: ready {} ms after the start, installs included", gate.spawned.elapsed().as_millis());

    // Now the machine's own clients are pointed at the gate, as a user does: it must not become its own upstream.
    gate.terminate();
    gate.ended(Duration::from_secs(10));
    std::fs::write(gate.folder().join(".npmrc"), format!("registry={}/npm/\n", gate.base())).expect("a file");
    let pip = gate.folder().join(".config/pip");
    std::fs::create_dir_all(&pip).expect("a folder");
    let index = format!("[global]\nindex-url = {}/pypi/simple/\n", gate.base());
    std::fs::write(pip.join("pip.conf"), index).expect("a file");
    std::fs::remove_dir_all(gate.data().join("cache")).ok();
    gate.start_again();
    installs(&gate);
}
