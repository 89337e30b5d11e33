//! The registries behind the gate, asked from the package managers of this machine: no address is written here.

use std::process::Command;
use std::sync::LazyLock;

use super::home::Home;

/// What this machine's npm is set to.
pub(crate) static NPM: LazyLock<String> =
    LazyLock::new(|| said(Command::new("npm").args(["config", "get", "registry"]).current_dir("/"), "npm"));

/// The index that pip names in its own help.
pub(crate) static PYPI: LazyLock<String> = LazyLock::new(|| {
    let help = said(Command::new(super::tools().join("pip")).args(["install", "--help"]), "pip");
    let url = help.split(|c: char| c.is_whitespace() || c == ')').find(|word| word.starts_with("https://"));
    url.expect("pip's help names its default index").to_owned()
});

fn said(command: &mut Command, who: &str) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{who} can't be run ({e}): run `make tools`"));
    assert!(output.status.success(), "{who} failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Fails with a clear message if the registries can't be reached: a test that needs them must not pass without.
pub(crate) fn must_be_reachable() {
    static REACHED: LazyLock<Result<(), String>> = LazyLock::new(|| {
        for address in
            [format!("{}/left-pad", NPM.trim_end_matches('/')), format!("{}/six/", PYPI.trim_end_matches('/'))]
        {
            let home = Home::new();
            let ran = home.run("curl", &["-fsSL", "-o", "/dev/null", "--retry", "2", "--max-time", "60", &address]);
            if !ran.ok() {
                return Err(format!("{address}: {}", ran.text));
            }
        }
        Ok(())
    });
    if let Err(why) = &*REACHED {
        panic!("this test installs from the real registry, which can't be reached: {why}");
    }
}
