//! Files through the gate: real installs in every mode, kept files after `kill -9`, a full disk, and S3-compatible storage.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_upstream::testing::{FakeUpstream, Reply};
use sha2::{Digest, Sha512};
use tokio::runtime::Runtime;

use crate::support::gate::{Gate, Launch};
use crate::support::home::Home;
use crate::support::http;
use crate::support::person::{PIP, make_venv};
use crate::support::storage::Storage;
use crate::support::wait_for;

/// Installs by npm and by pip into a fresh home, and looks at what is there.
fn install(gate: &Gate) {
    let home = Home::new();
    home.write("package.json", r#"{"name":"project","version":"1.0.0","private":true}"#);
    home.write(".npmrc", &format!("registry={}/npm/\n", gate.base()));
    home.run("npm", &["install", "express@4"]).succeeded();
    let installed = home.npm_installed();
    assert!(installed.iter().any(|(name, _)| name == "express") && installed.len() > 30, "{installed:?}");
    make_venv(&home);
    let index = format!("{}/pypi/simple/", gate.base());
    let pip = format!("{PIP} install --no-cache-dir --disable-pip-version-check -i {index} flask");
    home.sh(&pip, "").succeeded();
    let installed = home.python_installed();
    assert!(installed.iter().any(|(name, _)| name == "flask"), "{installed:?}");
}

/// A number of the gate's metrics.
fn metric(gate: &Gate, name: &str) -> u64 {
    let text = http::get(gate.admin(), "/metrics").body;
    let line = text.lines().find(|line| {
        line.starts_with(&format!("sekisho_{name} ")) || line.starts_with(&format!("sekisho_{name}_total "))
    });
    let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
    line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn npm_and_pip_install_through_a_gate_that_streams() {
    let gate = Launch::real().set("artifacts.mode=stream").start();
    install(&gate);
    assert!(!gate.data().join("artifacts").exists(), "nothing is kept");
}

#[test]
fn npm_and_pip_install_from_what_is_kept_before_and_after_kill_9() {
    let mut gate = Launch::real().set("artifacts.mode=cache").start();
    install(&gate);
    let kept = wait_for("everything to be kept", Duration::from_secs(30), || {
        let kept = metric(&gate, "artifacts_kept");
        (kept == metric(&gate, "artifacts_downloaded") && kept > 30).then_some(kept)
    });
    gate.kill();
    gate.start_again();
    install(&gate);
    assert_eq!(metric(&gate, "artifacts_downloaded"), 0, "all of it was here");
    assert_eq!(metric(&gate, "artifacts_hit"), kept);
    println!("{kept} files kept, all of them found after kill -9");
}

#[test]
#[ignore = "needs Garage: make test-storage"]
fn npm_and_pip_install_from_s3_and_no_secret_is_logged() {
    let storage = Storage::start();
    let launch = || storage.settings().iter().fold(Launch::real().set("log=debug"), |launch, pair| launch.set(pair));
    let gate = launch().start();
    install(&gate);
    let kept = wait_for("everything to be sent", Duration::from_secs(60), || {
        let kept = metric(&gate, "artifacts_kept");
        (kept == metric(&gate, "artifacts_downloaded") && kept > 30).then_some(kept)
    });
    let other_node = launch().start();
    install(&other_node);
    assert_eq!(metric(&other_node, "artifacts_downloaded"), 0, "another node finds all of it");
    for gate in [&gate, &other_node] {
        assert!(!gate.log().contains(storage.secret()), "the key is in the log");
    }
    println!("{kept} files sent to the bucket, all of them found by another node");
}

/// A registry on loopback with one package, `big`, whose tarball has these bytes.
fn registry(content: &[u8]) -> (Runtime, FakeUpstream) {
    let runtime = Runtime::new().expect("a runtime");
    let fake = runtime.block_on(FakeUpstream::start());
    let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(content)));
    let tarball = fake.at("big/-/big-1.0.0.tgz").to_string();
    let release =
        serde_json::json!({"name": "big", "version": "1.0.0", "dist": {"tarball": tarball, "integrity": integrity}});
    let document = serde_json::json!({"name": "big", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": release}});
    fake.on("/big", Reply::json(document.to_string()));
    (runtime, fake)
}

fn curl(gate: &Gate, limit: &str) -> (bool, usize) {
    let home = Home::new();
    let url = format!("{}/npm/big/-/big-1.0.0.tgz", gate.base());
    let ran = home.run("curl", &["-sS", "--max-time", limit, "-o", "big.tgz", &url]);
    let length = std::fs::metadata(home.project().join("big.tgz")).map_or(0, |data| data.len() as usize);
    (ran.ok(), length)
}

#[test]
fn what_was_arriving_at_kill_9_is_never_served() {
    let content: Vec<u8> = (0..2_000_000_u32).map(|n| (n >> 7) as u8).collect();
    let (_runtime, fake) = registry(&content);
    let whole = Reply::ok("application/octet-stream", content.clone());
    fake.in_turn("/big/-/big-1.0.0.tgz", vec![whole.clone().hang(), whole]);
    let mut gate = Launch::new().set(&format!("upstream.npm.url={}", fake.url())).set("artifacts.mode=cache").start();
    let (finished, length) = curl(&gate, "2");
    assert!(!finished && length > 0 && length < content.len(), "the first bytes came: {length}");
    let files = |folder: &str| std::fs::read_dir(gate.data().join("artifacts").join(folder)).map_or(0, Iterator::count);
    assert_eq!((files("tmp"), files("files")), (1, 0));
    gate.kill();
    gate.start_again();
    assert_eq!(curl(&gate, "20"), (true, content.len()));
    let folder = gate.data().join("artifacts/tmp");
    wait_for("the half file to be gone", Duration::from_secs(10), || {
        std::fs::read_dir(&folder).is_ok_and(|mut files| files.next().is_none()).then_some(())
    });
    assert_eq!(fake.count("/big/-/big-1.0.0.tgz"), 2);
}

#[test]
fn a_file_that_finds_no_room_on_disk_is_passed_on_whole() {
    let content: Vec<u8> = (0..6_000_000_u32).map(|n| (n >> 9) as u8).collect();
    let (_runtime, fake) = registry(&content);
    fake.on("/big/-/big-1.0.0.tgz", Reply::ok("application/octet-stream", content.clone()));
    // No file may grow beyond 2 MiB: writing fails in the middle of the tarball.
    let limited = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
    let launch = Launch::new().under(&["bash", "-c", limited]);
    let gate = launch.set(&format!("upstream.npm.url={}", fake.url())).set("artifacts.mode=cache").start();
    for _ in 0..2 {
        assert_eq!(curl(&gate, "20"), (true, content.len()));
    }
    assert_eq!(metric(&gate, "artifacts_kept"), 0);
    assert_eq!(metric(&gate, "artifacts_not_kept"), 2);
    assert_eq!(gate.log().matches("files can't be kept").count(), 1, "said once");
}
