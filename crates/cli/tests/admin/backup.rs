//! Backups under load, and restoring them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sekisho_core::id::{AccountId, EntryId};
use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_store::{DatabaseConfig, EntryFilter, Store, Who};
use serde_json::Value;

use crate::fixtures::*;
use crate::server::{SERVE, Server};
use crate::support::*;

async fn recorded(dir: &Path) -> (BTreeSet<EntryId>, BTreeSet<AccountId>) {
    let store = Store::open(&DatabaseConfig::Sqlite { dir: dir.to_owned() }).await.unwrap();
    let rows = store.ledger().entries(&EntryFilter::All, 10_000_000).await.unwrap();
    let mut accounts = BTreeSet::new();
    for row in &rows {
        let Who::Account { account, .. } = row.who else { panic!("{row:?}") };
        accounts.insert(account);
    }
    for account in &accounts {
        assert!(store.accounts().find(*account).await.unwrap().is_some(), "a row names an account that is not there");
    }
    store.close().await;
    (rows.into_iter().map(|row| row.id).collect(), accounts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_backup_under_load_has_every_answer_that_was_recorded_before_it_began() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let store = database.open().await;
    let program = Program::with(database.config());
    fs::write(database.dir().unwrap().join("secret"), "the secret").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (durable, written) = (Arc::new(std::sync::Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    // New people all the time: a ledger row whose account is missing in the copy would be seen.
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (store, stop, durable, written) = (store.clone(), stop.clone(), durable.clone(), written.clone());
            tokio::spawn(async move {
                let mut people = 0;
                while !stop.load(Ordering::Relaxed) {
                    people += 1;
                    let (account, token, _) = person(&store, &format!("p{people}@w{writer}.example")).await;
                    for _ in 0..20 {
                        let (id, entry) = entry(Who::Account { account, token });
                        let _proof = store.ledger().record(entry).await.unwrap();
                        durable.lock().unwrap().push(id);
                        written.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    let enough = async {
        while written.load(Ordering::Relaxed) < 3000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), enough).await.expect("the writers write");
    let before: Vec<_> = durable.lock().unwrap().clone();
    let mut backup = program.command(&["admin", "backup", "b", "--json"]);
    let said = tokio::task::spawn_blocking(move || Said::of(backup.output().unwrap())).await.unwrap();
    assert_eq!(said.code, 0, "{}", said.err);
    let after = written.load(Ordering::Relaxed);
    assert!(after > before.len(), "there was load while it was made");
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    store.close().await;

    let folder = program.folder().join("b");
    let manifest: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        manifest,
        serde_json::from_str::<Value>(&fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap()
    );
    let fresh = tempfile::tempdir().unwrap();
    let target = Program::with(&DatabaseConfig::Sqlite { dir: fresh.path().join("data") });
    target.done(&format!("restore {} --yes", folder.display()));
    let (rows, accounts) = recorded(&fresh.path().join("data")).await;
    let missing = before.iter().filter(|id| !rows.contains(id)).count();
    assert_eq!(missing, 0, "of {} recorded before", before.len());
    println!(
        "recorded before: {}, in the backup: {}, at its end: {after}, accounts: {}",
        before.len(),
        rows.len(),
        accounts.len()
    );
    assert_eq!(fs::read_to_string(fresh.path().join("data/secret")).unwrap(), "the secret");
    for name in ["manifest.json", "sekisho.db", "ledger.db", "secret"] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert!(program.fails(1, "backup b").contains("is there already"));
    let strangers = program.folder().join("c.partial");
    fs::create_dir(&strangers).unwrap();
    fs::write(strangers.join("note"), "kept").unwrap();
    assert!(program.fails(1, "backup c").contains("c.partial is there already"));
    assert_eq!(fs::read_to_string(strangers.join("note")).unwrap(), "kept", "what the backup did not make stays");
    assert!(program.fails(1, "backup nowhere/b").contains("nowhere/b"));
    assert!(!program.folder().join("nowhere").exists());
}

#[tokio::test]
async fn a_restore_brings_back_the_day_of_the_backup_and_keeps_the_old_data_aside() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = Program::over(&database).await;
    let data = database.dir().unwrap();
    program.done("org create before");
    program.done("backup b");
    program.done("org create after");
    assert!(data.join("ledger-index.db").exists(), "an index over newer rows");
    assert!(program.fails(2, "restore b").contains("--yes"));
    let said = program.admin("restore b --yes");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!data.join("ledger-index.db").exists(), "an index that knows other rows");
    let names = |program: &Program| {
        program
            .json("org list")
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&program), ["before"]);
    let aside = fs::read_dir(data)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.display().to_string().contains("before-restore-"))
        .unwrap();
    assert!(said.err.contains(&aside.display().to_string()), "{}", said.err);
    let old = Program::with(&DatabaseConfig::Sqlite { dir: aside.clone() });
    assert_eq!(names(&old), ["after", "before"]);
    assert!(aside.join("ledger-index.db").exists());
}

#[tokio::test]
async fn what_is_damaged_newer_or_no_backup_is_refused_and_nothing_is_touched() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = Program::over(&database).await;
    program.done("org create acme");
    program.done("backup good");
    let bad = program.folder().join("bad");
    let break_it = |edit: &dyn Fn(&Path)| {
        let _ = fs::remove_dir_all(&bad);
        fs::create_dir(&bad).unwrap();
        for file in fs::read_dir(program.folder().join("good")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), bad.join(file.file_name())).unwrap();
        }
        edit(&bad);
        program.fails(1, "restore bad --yes")
    };
    let manifest = |dir: &Path, edit: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&fs::read_to_string(dir.join("manifest.json")).unwrap()).unwrap();
        edit(&mut value);
        fs::write(dir.join("manifest.json"), value.to_string()).unwrap();
    };
    let flip = |dir: &Path, name: &str| {
        let mut bytes = fs::read(dir.join(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(dir.join(name), bytes).unwrap();
    };
    assert!(break_it(&|dir| flip(dir, "ledger.db")).contains("ledger.db: the file is damaged"));
    assert!(
        break_it(&|dir| fs::write(dir.join("sekisho.db"), "").unwrap()).contains("sekisho.db: the file is damaged")
    );
    assert!(break_it(&|dir| fs::remove_file(dir.join("ledger.db")).unwrap()).contains("ledger.db: "));
    assert!(break_it(&|dir| fs::remove_file(dir.join("manifest.json")).unwrap()).contains("this is no whole backup"));
    assert!(break_it(&|dir| fs::write(dir.join("manifest.json"), "{").unwrap()).contains("this is no whole backup"));
    assert!(break_it(&|dir| manifest(dir, &|m| m["format"] = 2.into())).contains("has form 2"));
    assert!(break_it(&|dir| manifest(dir, &|m| m["files"][0]["name"] = "../x".into())).contains("names other files"));
    assert!(
        break_it(&|dir| manifest(dir, &|m| drop(m["files"].as_array_mut().unwrap().pop())))
            .contains("names other files")
    );
    // A newer schema, with a manifest that is right about the file.
    let newer = TestDatabase::fresh(TestEngine::Sqlite).await;
    let of_newer = Program::over(&newer).await;
    of_newer.done("backup newer");
    let newer = of_newer.folder().join("newer");
    let bumped = Command::new("python3")
        .args(["-c", "import sqlite3,sys,hashlib,json,os\np=sys.argv[1]\nc=sqlite3.connect(p+'/sekisho.db')\n\
            c.execute(\"INSERT INTO schema_version VALUES ('main', 99)\");c.commit();c.close()\n\
            b=open(p+'/sekisho.db','rb').read()\nm=json.load(open(p+'/manifest.json'))\n\
            for f in m['files']:\n  if f['name']=='sekisho.db': f.update(bytes=len(b),sha256=hashlib.sha256(b).hexdigest())\n\
            json.dump(m,open(p+'/manifest.json','w'))"])
        .arg(&newer)
        .status()
        .unwrap();
    assert!(bumped.success());
    let said = program.fails(1, &format!("restore {} --yes", newer.display()));
    assert!(said.contains("the backup has version 99 of the schema `main`"), "{said}");

    assert_eq!(program.json("org list").as_array().unwrap().len(), 1, "the data is as it was");
    let names: Vec<_> =
        fs::read_dir(database.dir().unwrap()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|n| n.contains("restore")), "nothing is left behind: {names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_servers_folder_is_not_restored_into_and_an_interrupted_restore_stops_a_start() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = Program::over(&database).await;
    program.done("backup b");
    let server = Server::start(&program);
    program.done("org create beside");
    program.done("backup c");
    let said = program.fails(1, "restore b --yes");
    assert!(said.contains("stop the server first"), "{said}");
    drop(server);
    fs::write(database.dir().unwrap().join("restore.unfinished"), "").unwrap();
    let start = Said::of(program.command(&SERVE).output().unwrap());
    assert_eq!(start.code, 1);
    assert!(start.err.contains("run `sekisho admin restore` again"), "{}", start.err);
    assert!(program.fails(1, "org list").contains("run `sekisho admin restore` again"));
    program.done("restore c --yes");
    assert_eq!(program.json("org list")[0]["name"], "beside");
}

#[tokio::test]
async fn postgresqls_own_tools_do_what_the_refusal_says() {
    let database = TestDatabase::fresh(TestEngine::Postgres).await;
    let DatabaseConfig::Postgres { url } = database.config() else { panic!("PostgreSQL") };
    // The tests' address has a parameter that is the driver's own.
    let url = url.split('?').next().unwrap();
    let program = Program::over(&database).await;
    program.done("org create before");
    let (base, name) = url.rsplit_once('/').unwrap();
    let restored = format!("{name}_restored");
    let run = |said: &str, tool: &str| {
        let line = said.lines().find(|line| line.trim().starts_with(tool)).unwrap();
        let line = line.replace("sekisho_restored", &restored);
        let mut command = Command::new("timeout");
        command.args(["120", "sh", "-c", &line]).current_dir(program.folder()).env("SEKISHO_DATABASE_URL", url);
        let done = command.env("RESTORED_URL", format!("{base}/{restored}")).output();
        let done = Said::of(done.unwrap_or_else(|e| panic!("{tool} can't be run: {e}")));
        assert_eq!(done.code, 0, "{line}: {}", done.err);
    };
    run(&program.fails(1, "backup b"), "pg_dump ");
    program.done("org create after");
    let said = program.fails(1, "restore b --yes");
    run(&said, "psql ");
    run(&said, "pg_restore ");
    let back = Program::with(&DatabaseConfig::Postgres { url: format!("{base}/{restored}") });
    let names: Vec<_> = back.json("org list").as_array().unwrap().iter().map(|o| o["name"].clone()).collect();
    run("psql \"$SEKISHO_DATABASE_URL\" --command='DROP DATABASE sekisho_restored'", "psql ");
    assert_eq!(names, ["before"]);
}
