//! The declarative file.

use sekisho_store::on_both_engines;
use serde_json::json;

use crate::support::*;

const FILE: &str = r#"
[organisations.acme]
max_token_lifetime = "90d"
retention = "200d"

[organisations.acme.members]
"ann@acme.example" = "owner"
"ben@acme.example" = "guard_viewer"

[organisations.acme.bots.laptops]
role = "guard_token_issuer"

[organisations."Other Inc."]
guard = false
"#;

on_both_engines! {
    async fn a_file_is_applied_once_and_then_there_is_nothing_to_change(database) {
        let program = Program::over(database).await;
        program.write("org.toml", FILE);
        let trial = program.admin("apply org.toml --dry-run");
        assert_eq!(trial.code, 0);
        assert!(trial.err.contains("5 to change; nothing was changed yet"), "{}", trial.err);
        assert_eq!(program.json("org list"), json!([]), "a trial changes nothing");
        let wanted = "+ organisation Other Inc.\n\
                      + organisation acme\n\
                      + member acme / ann@acme.example: owner\n\
                      + member acme / ben@acme.example: guard_viewer\n\
                      + bot acme / laptops: guard_token_issuer\n";
        assert_eq!(trial.out, wanted);
        assert_eq!(program.admin("apply org.toml").out, wanted, "a trial says what is done then");
        for _ in 0..2 {
            let again = program.admin("apply org.toml");
            assert_eq!((again.code, again.out.as_str(), again.err.as_str()), (0, "", "Nothing to change.\n"));
        }
        let acme = program.json("org show acme");
        assert_eq!((&acme["max_token_seconds"], &acme["retention_days"]), (&json!(7_776_000), &json!(200)));
        assert_eq!(program.json("org list")[0]["guard"], json!(false));
        let rows = actions(database, acme["id"].as_str().unwrap()).await;
        assert_eq!(rows, ["org.created", "member.added", "member.added", "bot.created"], "nothing twice");
    }

    async fn what_the_file_does_not_name_stays_unless_it_is_pruned(database) {
        let program = Program::over(database).await;
        program.done("org create acme --owner old@acme.example");
        program.done("bot create acme manual --role guard_viewer");
        program.done("org create third");
        program.write("org.toml", FILE);
        program.done("apply org.toml");
        let acme = program.json("org show acme");
        assert_eq!((acme["members"].as_array().unwrap().len(), acme["bots"].as_array().unwrap().len()), (3, 2));
        assert!(program.fails(2, "apply org.toml --prune").contains("--yes"));
        let wanted = "- member acme / old@acme.example: owner\n- bot acme / manual\n- organisation third\n";
        assert_eq!(program.done("apply org.toml --prune --dry-run"), wanted.trim_end());
        assert_eq!(program.json("org list").as_array().unwrap().len(), 3);
        assert_eq!(program.done("apply org.toml --prune --yes"), wanted.trim_end());
        assert_eq!(program.json("apply org.toml --prune --yes"), json!({"applied": true, "changes": []}));
    }

    async fn owners_can_be_exchanged_and_the_last_one_never_goes(database) {
        let program = Program::over(database).await;
        program.write("a.toml", "[organisations.acme.members]\n\"a@acme.example\" = \"owner\"\n");
        program.write("b.toml", "[organisations.acme.members]\n\"a@acme.example\" = \"guard_viewer\"\n\"b@acme.example\" = \"owner\"\n");
        program.write("none.toml", "[organisations.new]\n[organisations.acme]\n[organisations.acme.members]\n\"b@acme.example\" = \"guard_viewer\"\n");
        program.done("apply a.toml");
        let out = program.done("apply b.toml");
        assert_eq!(out, "+ member acme / b@acme.example: owner\n~ member acme / a@acme.example: owner -> guard_viewer");
        let said = program.fails(1, "apply none.toml --prune --yes");
        assert!(said.contains("b@acme.example is the last owner") && said.contains("nothing of the file was applied"), "{said}");
        assert_eq!(program.json("org list").as_array().unwrap().len(), 1, "all of it or nothing");
        assert_eq!(program.json("member list acme").as_array().unwrap().len(), 2);
    }

    async fn two_that_apply_at_once_do_it_once(database) {
        let program = Program::over(database).await;
        program.write("org.toml", FILE);
        let running: Vec<_> = (0..3)
            .map(|_| program.command(&["admin", "apply", "org.toml", "--json"]).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap())
            .collect();
        for child in running {
            let said = Said::of(child.wait_with_output().unwrap());
            assert!(said.code == 0 || said.err.contains("meanwhile; apply the file again"), "{}", said.err);
        }
        assert_eq!(program.admin("apply org.toml").err, "Nothing to change.\n");
        let acme = program.json("org show acme");
        assert_eq!(actions(database, acme["id"].as_str().unwrap()).await.len(), 4);
    }
}

#[tokio::test]
async fn a_file_with_an_unknown_key_changes_nothing_and_names_the_line() {
    let database = sekisho_store::testing::TestDatabase::fresh(sekisho_store::testing::TestEngine::Sqlite).await;
    let program = Program::over(&database).await;
    program.write("org.toml", "[organisations.acme]\nguard = true\n\n[organisations.b]\ngard = true\n");
    let said = program.fails(1, "apply org.toml");
    assert!(said.contains("org.toml: ") && said.contains("line 5,") && said.contains("unknown field `gard`"), "{said}");
    assert!(program.fails(1, "apply nowhere.toml").contains("nowhere.toml"));
    assert_eq!(program.json("org list"), json!([]));
}
