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

    async fn conditions_of_bots_are_added_once_and_pruned_with_the_rest(database) {
        let program = Program::over(database).await.set("public_urls=https://gate.example");
        let head = "audiences = [\"https://gate.example\"]\n[organisations.acme.bots.ci]\nrole = \"guard_viewer\"\n";
        let trust = |rest: &str| format!("[[organisations.acme.bots.ci.trust]]\nprovider = \"gitlab\"\nissuer = \"https://gitlab.com\"\n{rest}\n");
        program.write("a.toml", &format!("{head}{}{}", trust("project_id = [20, 21]"), trust("project_id = 30\nref = \"main\"")));
        // The same in another order, and once twice.
        let again = [trust("ref = [\"main\"]\nproject_id = \"30\""), trust("project_id = [21, 20]"), trust("project_id = [20, 21]")].concat();
        program.write("b.toml", &format!("{head}{again}"));
        program.write("c.toml", &format!("{head}{}", trust("project_id = [20, 21]")));
        let first = r#"{"issuer":"https://gitlab.com","project_id":["20","21"],"provider":"gitlab"}"#;
        let second = r#"{"issuer":"https://gitlab.com","project_id":["30"],"provider":"gitlab","ref":["main"]}"#;
        let wanted = format!("+ organisation acme\n+ bot acme / ci: guard_viewer\n+ trust acme / ci: {first}\n+ trust acme / ci: {second}");
        assert_eq!(program.done("apply a.toml --dry-run"), wanted);
        assert_eq!(program.json("org list"), json!([]), "a trial changes nothing");
        assert_eq!(program.done("apply a.toml"), wanted);
        let before = program.json("bot trust list acme ci");
        assert_eq!(before.as_array().unwrap().len(), 2);
        for file in ["a.toml", "b.toml", "c.toml"] {
            assert_eq!(program.admin(&format!("apply {file}")).err, "Nothing to change.\n", "{file}");
        }
        assert_eq!(program.json("bot trust list acme ci"), before, "the very same rows");
        assert_eq!(program.done("apply c.toml --prune --dry-run"), format!("- trust acme / ci: {second}"));
        assert_eq!(program.json("bot trust list acme ci"), before);
        let changes = program.json("apply c.toml --prune --yes");
        assert_eq!(changes["changes"][0]["what"], "trust");
        let left = program.json("bot trust list acme ci");
        assert!(left.as_array().unwrap().len() == 1 && before.as_array().unwrap().contains(&left[0]), "{left}");
        assert_eq!(left[0]["conditions"].to_string(), first);
        let org = program.json("org show acme")["id"].as_str().unwrap().to_owned();
        assert_eq!(actions(database, &org).await[2..], ["trust.added", "trust.added", "trust.removed"]);

        // Nothing of a file is applied that could not work.
        program.write("issuer.toml", &format!("{head}{}", trust("project_id = 1").replace("gitlab.com", "gitlab.example")));
        assert!(program.fails(1, "apply issuer.toml").contains("bots.issuers"));
        program.write("audience.toml", &format!("{head}{}", trust("project_id = 1")).replace("gate.example", "other.example"));
        let said = program.fails(1, "apply audience.toml --dry-run");
        assert!(said.contains("other.example") && said.contains("bots.audiences"), "{said}");
        let many: String = (0..51).map(|id| trust(&format!("project_id = {id}"))).collect();
        program.write("many.toml", &format!("{head}[organisations.new]\n{many}"));
        assert!(program.fails(1, "apply many.toml").contains("at most 50"));
        assert_eq!(program.json("org list").as_array().unwrap().len(), 1, "all of it or nothing");
        assert_eq!(program.json("bot trust list acme ci").as_array().unwrap().len(), 1);
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
