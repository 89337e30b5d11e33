//! Starting: what stops a server before it serves.

use std::path::Path;

use sekisho_server::boot;
use sekisho_server::config::{Layers, Settings, load};

fn settings(data: &Path) -> Settings {
    let data = data.display().to_string();
    let flags = [
        ("data_dir", data.as_str()),
        ("listen", "127.0.0.1:0"),
        ("admin_listen", ""),
        ("upstream.npm.enabled", "false"),
        ("upstream.pypi.url", "https://index.example/simple/"),
    ];
    let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let file = "[upstream.private.acme]\necosystem = \"pypi\"\nurl = \"https://python.acme.example/simple/\"\npackages = [\"acme-*\"]\n";
    let path = Path::new(&data).join("sekisho.toml");
    std::fs::write(&path, file).unwrap();
    load(&Layers { file: Some(path), flags, ..Layers::default() }).unwrap().0
}

#[tokio::test]
async fn a_second_server_on_one_data_folder_is_refused_until_the_first_has_ended() {
    let data = tempfile::tempdir().unwrap();
    let first = boot::start(settings(data.path())).await.unwrap();
    let refused = boot::start(settings(data.path())).await.err().expect("the folder is taken").to_string();
    let process = std::process::id();
    let wanted = format!(
        "data_dir: {} is used by another sekisho serve (process {process}); stop that one, or choose another folder with --data",
        data.path().display()
    );
    assert_eq!(refused, wanted);
    boot::explain(&settings(data.path())).expect("what runs beside the server is not refused");
    first.stop().await;
    boot::start(settings(data.path())).await.unwrap().stop().await;
}

#[tokio::test]
async fn the_welcome_speaks_of_what_is_on() {
    let data = tempfile::tempdir().unwrap();
    let running = boot::start(settings(data.path())).await.unwrap();
    let welcome = running.welcome("sekisho");
    running.stop().await;
    assert!(welcome.contains("  npm registry   off\n"), "{welcome}");
    assert!(!welcome.contains("npm view"), "{welcome}");
    assert!(welcome.contains("pip download"), "{welcome}");
    let private = "  private        acme: PyPI acme-* from https://python.acme.example/simple/, for nobody";
    assert!(welcome.contains(private), "{welcome}");
}
