//! Who took a release, everywhere.

use sekisho_core::id::{BotId, CiSessionId, OrgId, OrgTokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_store::{Pipeline, Who, on_both_engines};
use serde_json::Value;

use crate::fixtures::*;
use crate::support::*;

on_both_engines! {
    async fn a_release_s_takers_are_named_in_all_organisations_and_accounts(database) {
        let program = Program::over(database).await;
        let [acme, other] = ["acme", "other"].map(|name| OrgId::parse(&program.done(&format!("org create {name}"))).unwrap());
        with_store(database, async |store| {
            let (account, token, _) = person(store, "me@example.com").await;
            let identifier = UserIdentifier::parse("alice").unwrap();
            let pipeline = Pipeline { repository: "acme/shop".into(), run: "42".into(), ..Pipeline::default() };
            let bot = BotId::mint(NOW, &CHANCE);
            for who in [
                Who::Account { account, token },
                Who::Organisation { org: acme, token: OrgTokenId::mint(NOW, &CHANCE), identifier },
                Who::Session { org: other, bot, session: CiSessionId::mint(NOW, &CHANCE), pipeline: Box::new(pipeline) },
            ] {
                let _proof = store.ledger().record(entry(who).1).await.unwrap();
            }
        }).await;
        let found: Vec<Value> = serde_json::from_str(&program.done("who pkg:npm/left-pad@1.0.0 --json")).unwrap();
        let mut who: Vec<_> = found.iter().map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            [text("organisation"), text("repository"), text("client"), text("outcome")].join(" ")
        }).collect();
        who.sort_unstable();
        assert_eq!(who, ["- - npm/11 answered", "acme - npm/11 answered", "other acme/shop npm/11 answered"]);
        let table = program.done("who pkg:npm/left-pad@1.0.0");
        assert!(table.starts_with("TIME "), "{table}");
        assert!(table.contains("alice") && table.contains("me@example.com") && table.contains("acme/shop"), "{table}");
        assert!(program.admin("who pkg:npm/left-pad@9.9.9").err.contains("Nobody with a key took it"));
        assert!(program.fails(1, "who pkg:npm/left-pad").contains("a version is missing"));
        assert!(program.fails(2, "who left-pad@1.0.0").contains("a package URL starts with pkg:npm/ or pkg:pypi/"));
    }
}
