//! Tokens that an organisation gave out.

use sekisho_core::id::OrgId;
use sekisho_store::on_both_engines;
use sekisho_store::testing::TestDatabase;
use serde_json::json;

use crate::fixtures::*;
use crate::support::*;

async fn issue(database: &TestDatabase, org: &str, identifiers: &[&str]) {
    let org = OrgId::parse(org).unwrap();
    with_store(database, async |store| {
        for identifier in identifiers {
            org_token(store, org, identifier).await;
        }
    })
    .await;
}

on_both_engines! {
    async fn a_leavers_tokens_end_and_nobody_elses(database) {
        let program = Program::over(database).await;
        let org = program.done("org create acme");
        let identifiers = ["me@acme.example", "me@acme.example", "me@acme.example2", "you@acme.example"];
        issue(database, &org, &identifiers).await;
        assert_eq!(program.json("token list acme --prefix me@").as_array().unwrap().len(), 3);
        assert!(program.done("token list acme").contains("you@acme.example"));
        assert!(program.fails(1, "token revoke acme --identifier nobody --yes").contains("never gave nobody a token"));
        let said = program.admin("token revoke acme --identifier me@acme.example --yes");
        assert_eq!((said.code, said.err.as_str()), (0, "Tokens revoked: 2.\n"));
        let left = program.json("token list acme --status active");
        let left: Vec<_> = left.as_array().unwrap().iter().map(|t| t["user_identifier"].as_str().unwrap()).collect();
        assert_eq!(left, ["me@acme.example2", "you@acme.example"]);
        assert!(program.admin("token revoke acme --identifier me@acme.example --yes").err.contains("revoked: 0"));
        let rows = actions(database, &org).await;
        assert_eq!(rows.iter().filter(|a| *a == "token.revoked").count(), 2);
    }

    async fn one_token_is_revoked_by_its_id_in_its_own_organisation_only(database) {
        let program = Program::over(database).await;
        let org = program.done("org create acme");
        program.done("org create other");
        issue(database, &org, &["me@acme.example"]).await;
        let listed = program.json("token list acme");
        let id = listed[0]["id"].as_str().unwrap();
        assert!(listed[0]["prefix"].as_str().unwrap().starts_with("tg_org_"));
        assert!(program.fails(1, &format!("token revoke other {id} --yes")).contains("\"other\" has no token"));
        program.done(&format!("token revoke acme {id} --yes"));
        assert_eq!(program.json("token list acme")[0]["status"], json!("revoked"));
        assert!(program.admin(&format!("token revoke acme {id} --yes")).err.contains("was revoked before"));
    }
}
