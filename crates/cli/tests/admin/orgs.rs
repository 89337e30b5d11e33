//! Organisations and members.

use sekisho_store::on_both_engines;
use serde_json::json;

use crate::support::*;

on_both_engines! {
    async fn an_organisation_is_made_found_by_id_and_by_name_changed_and_removed(database) {
        let program = Program::over(database).await;
        let id = program.done("org create acme --owner you@acme.example");
        assert!(id.starts_with("OR01") && id.len() == 28, "{id:?}: the id alone is on standard output");
        let shown = program.json("org show acme");
        assert_eq!(shown["id"], json!(id));
        assert_eq!((&shown["guard"], &shown["max_token_seconds"], &shown["retention_days"]), (&json!(true), &json!(null), &json!(null)));
        assert_eq!(shown["members"][0]["email"], "you@acme.example");
        program.done(&format!("org disable-guard {id}"));
        program.done("org set acme --name acme-inc --max-token-lifetime 90d --retention 200d");
        let shown = program.json("org show acme-inc");
        assert_eq!((&shown["guard"], &shown["max_token_seconds"], &shown["retention_days"]), (&json!(false), &json!(7_776_000), &json!(200)));
        assert_eq!(program.json(&format!("org show {id}")), shown);
        program.done("org enable-guard acme-inc");
        program.done("org set acme-inc --max-token-lifetime none --retention default");
        assert_eq!(program.json("org list")[0]["max_token_seconds"], json!(null));
        assert!(program.admin("org enable-guard acme-inc").err.contains("nothing was changed"));
        let table = program.done("org show acme-inc");
        assert!(table.contains("guard        enabled") && table.contains("you@acme.example  owner"), "{table}");
        program.done("org remove acme-inc --yes");
        assert_eq!(program.json("org list"), json!([]));
        let wanted = ["org.created", "member.added", "org.changed", "org.changed", "org.changed", "org.changed", "org.removed"];
        assert_eq!(actions(database, &id).await, wanted);
        let detail = &audit(database, &id).await[4].detail;
        assert_eq!(detail, r#"{"guard":{"from":true,"to":false}}"#);
        program.done("org create acme-inc");
    }

    async fn what_is_not_there_or_taken_is_refused_with_the_next_step(database) {
        let program = Program::over(database).await;
        let none = program.admin("org list");
        assert_eq!((none.code, none.out.as_str()), (0, ""));
        assert!(none.err.contains("`sekisho admin org create <name>`"), "{}", none.err);
        program.done("org create acme");
        let id = program.done("org create other --disabled");
        assert!(program.fails(1, "org create acme").contains("there is an organisation \"acme\" already"));
        assert!(program.fails(1, "org set other --name acme").contains("there is an organisation \"acme\" already"));
        for command in ["org show nobody", "org remove nobody --yes", "member list nobody", "bot list nobody", "token list nobody"] {
            assert!(program.fails(1, command).contains("`sekisho admin org list`"), "{command}");
        }
        let unknown = id.replace("OR01", "OR02");
        assert!(program.fails(1, &format!("org enable-guard {unknown}")).contains("there is no organisation"));
        assert_eq!(program.json("org show other")["guard"], json!(false));
    }

    async fn the_last_owner_can_neither_be_removed_nor_demoted(database) {
        let program = Program::over(database).await;
        let id = program.done("org create acme --owner a@acme.example");
        for command in ["member remove acme a@acme.example --yes", "member role acme a@acme.example guard_viewer"] {
            assert!(program.fails(1, command).contains("is the last owner of \"acme\""), "{command}");
        }
        program.done("member add acme b@acme.example --role guard_manager");
        assert!(program.fails(1, "member add acme b@acme.example --role owner").contains("`sekisho admin member role`"));
        program.done("member role acme b@acme.example owner");
        program.done("member remove acme A@acme.example --yes");
        assert_eq!(program.json("member list acme").as_array().unwrap().len(), 1);
        assert!(program.fails(1, "member remove acme a@acme.example --yes").contains("is no member of \"acme\""));
        assert!(program.fails(1, "member role acme a@acme.example owner").contains("is no member of \"acme\""));
        assert!(program.admin("member add acme b@acme.example --role owner").err.contains("was already owner"));
        let wanted = ["org.created", "member.added", "member.added", "member.role_changed", "member.removed"];
        assert_eq!(actions(database, &id).await, wanted);
    }

    async fn two_commands_at_once_leave_an_owner(database) {
        let program = Program::over(database).await;
        for round in 0..3 {
            let org = format!("org{round}");
            program.done(&format!("org create {org} --owner a@acme.example"));
            program.done(&format!("member add {org} b@acme.example --role owner"));
            let leaving = [
                vec!["admin", "member", "remove", &org, "a@acme.example", "--yes"],
                vec!["admin", "member", "role", &org, "b@acme.example", "guard_viewer"],
            ];
            let running = leaving.map(|arguments| program.command(&arguments).stderr(std::process::Stdio::piped()).spawn().unwrap());
            let mut codes = running.map(|child| Said::of(child.wait_with_output().unwrap()).code);
            codes.sort_unstable();
            assert_eq!(codes, [0, 1]);
            let members = program.json(&format!("member list {org}"));
            let owners = members.as_array().unwrap().iter().filter(|m| m["role"] == "owner").count();
            assert_eq!(owners, 1, "{members}");
        }
    }
}

#[tokio::test]
async fn wrong_usage_ends_with_2_and_changes_nothing() {
    let database = sekisho_store::testing::TestDatabase::fresh(sekisho_store::testing::TestEngine::Sqlite).await;
    let program = Program::over(&database).await;
    program.done("org create acme");
    for command in [
        "org",
        "org create",
        "org set acme",
        "org set acme --max-token-lifetime 90",
        "org set acme --max-token-lifetime 0d",
        "org set acme --retention 12h",
        "org create OR01K6NBQK6XFVQ8ZZR024H36H2N",
        "member add acme nobody --role owner",
        "member add acme a@acme.example --role god",
        "member add acme a@acme.example",
        "bot create acme ci",
        "token revoke acme",
        "token revoke acme TK01 --yes",
        "token revoke acme --identifier abc --yes",
    ] {
        let said = program.fails(2, command);
        assert!(said.contains("error:") || said.contains("Usage:"), "{command}: {said}");
    }
    program.done("member add acme a@acme.example --role owner");
    for command in ["org remove acme", "member remove acme a@acme.example"] {
        let said = program.fails(2, command);
        assert!(said.contains("--yes") && said.contains("no terminal"), "{said}");
    }
    assert_eq!(program.json("member list acme").as_array().unwrap().len(), 1);
    assert_eq!(program.json("org list").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_misspelt_folder_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("wrong");
    let program = Program::with(&sekisho_store::DatabaseConfig::Sqlite { dir: dir.clone() });
    assert!(program.fails(1, "org list").contains("name the server's folder with --data"));
    assert!(!dir.exists());
}
