//! What ended after a backup stays ended when it is put back.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::{BotId, CiSessionId, MessageId, OrgId, TokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::token::{PlainToken, TokenHash, TokenKind};
use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_store::{DatabaseConfig, EntryFilter, Exchanged, NewSession, NewToken, Notice, Store, Who};

use crate::fixtures::*;
use crate::support::*;

fn session(bot: BotId, id_token: u8) -> NewSession {
    NewSession {
        id: CiSessionId::mint(NOW, &CHANCE),
        bot,
        id_token: TokenHash([id_token; 32]),
        client: "192.0.2.1".into(),
        attribution: "{}".into(),
        issued_at: NOW,
        expires_at: NOW.plus(Duration::from_secs(1800)),
        id_token_ends: NOW.plus(Duration::from_secs(600)),
    }
}

async fn exchanged(store: &Store, bot: BotId, id_token: u8) -> bool {
    let later = Timestamp(NOW.0 + 120_000);
    let new = NewSession { issued_at: later, ..session(bot, id_token) };
    matches!(store.ci_sessions().exchange(&new).await.unwrap(), Exchanged::Session(_))
}

async fn live(store: &Store, key: &PlainToken) -> bool {
    match key.kind() {
        TokenKind::Organisation => {
            let row = store.org_tokens().find_by_hash(&key.hash()).await.unwrap();
            row.is_some_and(|row| row.revoked_at.is_none() && row.guard)
        }
        _ => store.tokens().find_by_hash(&key.hash()).await.unwrap().is_some_and(|row| row.revoked_at.is_none()),
    }
}

fn notice() -> Notice {
    let payload = r#"{"prefix":"tg_anon_"}"#.to_owned();
    Notice { id: MessageId::mint(NOW, &CHANCE), base_url: "http://127.0.0.1".into(), payload }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_removed_or_erased_after_the_backup_stays_so_after_the_restore() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = Program::over(&database).await;
    fs::write(database.dir().unwrap().join("secret"), "5e".repeat(32)).unwrap();
    let [acme, beta] = ["acme --owner ann@acme.example", "beta"].map(|org| program.done(&format!("org create {org}")));
    let [acme, beta] = [acme, beta].map(|id| OrgId::parse(&id).unwrap());
    program.done("org create gamma --owner me@gamma.example");
    program.done("member add acme ben@acme.example --role guard_manager");
    program.done("member add acme cho@acme.example --role owner");
    let bots = ["ci", "old"].map(|name| program.done(&format!("bot create acme {name} --role guard_manager")));
    let [ci, old] = bots.map(|id| BotId::parse(&id).unwrap());
    let key_ends = program.done("bot key add acme ci");
    let key_stays = program.done("bot key add acme ci");
    let trust = program.done("bot trust add acme ci --gitlab --project-id 20");
    program.done("bot trust add acme ci --gitlab --project-id 21");
    let rules = ["allow pkg:npm/was-allowed", "block pkg:npm/was-blocked", "allow pkg:npm/stays"];
    let rules = rules.map(|rule| program.done(&format!("org rules add acme {rule} --reason why")));
    let store = database.open().await;
    let (ends, stays, rotates, gone, of_beta) = (
        org_token(&store, acme, "leaver@acme.example").await.1,
        org_token(&store, acme, "mai@acme.example").await.1,
        org_token(&store, acme, "robot.acme").await,
        org_token(&store, acme, "erased@acme.example").await,
        org_token(&store, beta, "mai@beta.example").await.1,
    );
    let identifier = UserIdentifier::parse("erased@acme.example").unwrap();
    let of_gone = Who::Organisation { org: acme, token: gone.0, identifier };
    drop(store.ledger().record(entry(of_gone).1).await.unwrap());
    let (_, first, revoked) = person(&store, "p1@example.com").await;
    let (account, token, forgotten) = person(&store, "p2@example.com").await;
    drop(store.ledger().record(entry(Who::Account { account, token }).1).await.unwrap());
    let (_, _, kept) = person(&store, "p3@example.com").await;
    store.ci_sessions().exchange(&session(ci, 1)).await.unwrap();
    store.close().await;
    program.done("rotate-signing-keys");
    program.done("backup b");

    program.done("token revoke acme --identifier leaver@acme.example --yes");
    let key = program.json("bot key list acme ci")[0]["id"].as_str().unwrap().to_owned();
    program.done(&format!("bot key revoke acme ci {key} --yes"));
    program.done("bot remove acme old --yes");
    program.done("bot role acme ci guard_viewer");
    program.done("member remove acme ben@acme.example --yes");
    program.done("member add acme dai@acme.example --role owner");
    program.done("member role acme cho@acme.example guard_viewer");
    program.done("member remove acme ann@acme.example --yes");
    program.done("org disable-guard beta");
    program.done("org remove gamma --yes");
    program.done(&format!("bot trust remove acme ci {trust} --yes"));
    for rule in &rules[..2] {
        program.done(&format!("org rules remove acme {rule} --yes"));
    }
    program.done("org rules add acme block pkg:npm/since --reason why");
    program.done("erase-person acme:erased@acme.example --yes");
    program.done("erase-person p2@example.com --yes");
    let made_since = BotId::parse(&program.done("bot create acme new --role guard_viewer")).unwrap();
    let store = database.open().await;
    store.keys().revoke(first, &notice(), Timestamp(NOW.0 + 1)).await.unwrap();
    for (bot, id_token) in [(ci, 2), (made_since, 3)] {
        store.ci_sessions().exchange(&session(bot, id_token)).await.unwrap();
    }
    let plain = PlainToken::mint(TokenKind::Organisation, &CHANCE);
    let new = sekisho_store::NewOrgToken::of(
        sekisho_core::id::OrgTokenId::mint(NOW, &CHANCE),
        &plain,
        UserIdentifier::parse("robot.acme").unwrap(),
        "operator",
        None,
    );
    let overlap = Timestamp(NOW.0 + 60_000);
    let audited = audit_row("token.rotated");
    store.org_tokens().rotate(acme, rotates.0, &new, Some(overlap), &audited, None).await.unwrap();
    store.close().await;

    let said = program.admin("restore b --yes");
    assert_eq!(said.code, 0, "{}", said.err);
    for part in [
        "personal keys (2)",
        "organisations' tokens (2)",
        "bot keys (1)",
        ", bots (1)",
        "conditions of bots (1)",
        "members (3)",
        "organisations' own entries (2)",
        "organisations or their Guard (2)",
        // With the last key of an account goes its address.
        "erased people (3)",
    ] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(!said.err.contains("WARNING"), "{}", said.err);
    let staging = database.dir().unwrap().join("restore.partial");
    assert!(!staging.exists());

    let store = database.open().await;
    for (token, lives) in [(&ends, false), (&stays, true), (&rotates.1, true), (&gone.1, false), (&of_beta, false)] {
        assert_eq!(live(&store, token).await, lives, "{}", token.hint());
    }
    for (token, lives) in [(&revoked, false), (&forgotten, false), (&kept, true)] {
        assert_eq!(live(&store, token).await, lives, "{}", token.hint());
    }
    let row = store.org_tokens().find(acme, rotates.0).await.unwrap().unwrap();
    assert_eq!((row.expires_at, row.replaced_by.is_some()), (Some(overlap), true), "it ends when its overlap does");
    for (credential, lives) in [(&key_ends, false), (&key_stays, true)] {
        let key = PlainToken::parse(credential.split(':').next().unwrap()).unwrap();
        assert_eq!(store.bots().find_by_key(&key.hash()).await.unwrap().is_some(), lives);
    }
    assert!(store.trusts().of_bot(acme, old).await.unwrap().is_empty());
    assert_eq!(store.trusts().of_bot(acme, ci).await.unwrap().len(), 1, "the condition that was removed stays removed");
    assert!(store.ci_sessions().running(acme, ci, NOW, 10).await.unwrap().is_empty(), "no session goes on");
    for id_token in 1..=3 {
        assert!(!exchanged(&store, ci, id_token).await, "the ID token {id_token} was used before");
    }
    assert!(exchanged(&store, ci, 4).await, "a new one counts");
    assert!(store.signing_keys().all().await.unwrap().is_empty(), "the next session is signed with a new key");
    let rows = store.ledger().entries(&EntryFilter::All, 10).await.unwrap();
    assert!(rows.iter().all(|row| row.address.is_empty()), "{rows:?}");
    let named = rows
        .iter()
        .any(|r| matches!(&r.who, Who::Organisation { identifier, .. } if identifier.as_str().starts_with("erased-")));
    assert!(rows.len() == 2 && named, "{rows:?}");
    store.close().await;

    let names = |what: &str, key: &str| -> Vec<String> {
        let rows = program.json(what);
        rows.as_array().unwrap().iter().map(|row| format!("{} {}", row[key].as_str().unwrap(), row["role"])).collect()
    };
    let members = ["cho@acme.example \"guard_viewer\"", "dai@acme.example \"owner\""];
    assert_eq!(names("member list acme", "email"), members, "the owners of the backup have gone: the last one stays");
    assert_eq!(names("bot list acme", "name"), ["ci \"guard_viewer\""]);
    let left = program.json("org rules list acme");
    let left: Vec<_> = left.as_array().unwrap().iter().map(|rule| rule["package"].as_str().unwrap()).collect();
    assert_eq!(left, ["pkg:npm/stays", "pkg:npm/since"], "entries are what they were last");
    assert!(program.fails(1, "org show gamma").contains("no organisation"));
    let done = actions(&database, &acme.to_string()).await;
    assert_eq!(done.last().map(String::as_str), Some("org.restored"));
    assert!(done.contains(&"member.removed".to_owned()), "the audit log goes on from where it was: {done:?}");
    for erased in ["p2@example.com", "acme:erased@acme.example"] {
        assert_eq!(program.admin(&format!("export-person {erased}")).err, "Nothing is held about this person.\n");
    }
}

fn audit_row(action: &'static str) -> sekisho_store::NewAudit {
    let id = sekisho_core::id::AuditId::mint(NOW, &CHANCE);
    sekisho_store::NewAudit {
        id,
        at: NOW,
        actor: "operator".into(),
        action,
        subject: "it".into(),
        detail: "{}".into(),
        under: None,
    }
}

#[tokio::test]
async fn a_key_that_was_deleted_since_counts_no_more_but_a_stranger_database_says_nothing_of_it() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = Program::over(&database).await;
    program.done("org create acme");
    let keys = with_store(&database, async |store| {
        let (account, _, kept) = person(store, "me@example.com").await;
        let replaced = PlainToken::mint(TokenKind::Personal, &CHANCE);
        let new = NewToken::of(TokenId::mint(NOW, &CHANCE), &replaced);
        let tokens = store.tokens().of_account(account).await.unwrap();
        store.keys().regenerate(tokens[0].id, &new, &notice(), NOW).await.unwrap();
        (kept, replaced)
    })
    .await;
    program.done("backup b");
    with_store(&database, async |store| {
        let row = store.tokens().find_by_hash(&keys.1.hash()).await.unwrap().unwrap();
        store.keys().revoke(row.id, &notice(), NOW).await.unwrap();
        let month_later = NOW.plus(Duration::from_secs(31 * 86_400));
        store.maintenance().sweep(month_later, 100).await.unwrap();
        assert!(store.tokens().find_by_hash(&keys.1.hash()).await.unwrap().is_none(), "swept");
    })
    .await;
    program.done("restore b --yes");
    assert!(!with_store(&database, async |store| live(store, &keys.1).await).await);

    // A server that was set up anew after the disk was lost: it never knew the key.
    let anew = TestDatabase::fresh(TestEngine::Sqlite).await;
    let other = Program::over(&anew).await;
    let said = other.admin(&format!("restore {} --yes", program.folder().join("b").display()));
    assert!(
        said.code == 0 && said.err.contains("WARNING: the database that was replaced is no later state"),
        "{}",
        said.err
    );
    assert!(with_store(&anew, async |store| live(store, &keys.1).await).await);
}

#[tokio::test]
async fn where_the_old_database_cannot_be_read_a_restore_needs_a_word_more() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = Program::over(&database).await;
    let acme = OrgId::parse(&program.done("org create acme")).unwrap();
    let token = with_store(&database, async |store| org_token(store, acme, "leaver@acme.example").await.1).await;
    program.done("backup b");
    program.done("token revoke acme --identifier leaver@acme.example --yes");
    let file = database.dir().unwrap().join("sekisho.db");
    let whole = fs::read(&file).unwrap();
    for damaged in [Vec::new(), whole[..whole.len() / 2].to_vec(), b"not a database".to_vec()] {
        fs::write(&file, &damaged).unwrap();
        let said = program.fails(1, "restore b --yes");
        assert!(said.contains("can't be read") && said.contains("--revive-ended"), "{said}");
        assert_eq!(fs::read(&file).unwrap(), damaged, "nothing was touched");
        assert!(!database.dir().unwrap().join("restore.partial").exists());
    }
    let said = program.admin("restore b --yes --revive-ended");
    assert!(said.code == 0 && said.err.contains("WARNING: everything that was revoked"), "{}", said.err);
    assert!(with_store(&database, async |store| live(store, &token).await).await, "as it was said");

    // It is there to undo a mistake, too.
    program.done("token revoke acme --identifier leaver@acme.example --yes");
    program.done("restore b --yes --revive-ended");
    assert!(with_store(&database, async |store| live(store, &token).await).await);
    program.done("token revoke acme --identifier leaver@acme.example --yes");
    program.done("restore b --yes");
    assert!(!with_store(&database, async |store| live(store, &token).await).await);
}

#[tokio::test]
async fn a_restore_that_was_interrupted_still_knows_what_had_ended() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = Program::over(&database).await;
    let data = database.dir().unwrap();
    let acme = OrgId::parse(&program.done("org create acme")).unwrap();
    let token = with_store(&database, async |store| org_token(store, acme, "leaver@acme.example").await.1).await;
    program.done("backup b");
    program.done("token revoke acme --identifier leaver@acme.example --yes");
    // As it stands when the power went after the old files were moved and the backup's main file was put in place.
    let aside = data.join("before-restore-20261124T000000Z");
    fs::create_dir(&aside).unwrap();
    for file in fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()) {
        if file.file_name().unwrap().to_string_lossy().contains(".db") {
            fs::rename(&file, aside.join(file.file_name().unwrap())).unwrap();
        }
    }
    fs::copy(program.folder().join("b/sekisho.db"), data.join("sekisho.db")).unwrap();
    fs::write(data.join("restore.unfinished"), "before-restore-20261124T000000Z").unwrap();
    program.done("restore b --yes");
    assert!(!with_store(&database, async |store| live(store, &token).await).await);
    assert!(!data.join("restore.unfinished").exists());

    // With nothing there at all, nothing can be known, and it is said.
    let fresh = tempfile::tempdir().unwrap();
    let dir: PathBuf = fresh.path().join("data");
    let target = Program::with(&DatabaseConfig::Sqlite { dir });
    let said = target.admin(&format!("restore {} --yes", program.folder().join("b").display()));
    assert!(said.code == 0 && said.err.contains("because there was no database"), "{}", said.err);
}
