//! Bots and their keys.

use sekisho_core::token::PlainToken;
use sekisho_store::on_both_engines;
use serde_json::json;

use crate::support::*;

on_both_engines! {
    async fn a_key_is_shown_once_works_and_ends(database) {
        let program = Program::over(database).await;
        let org = program.done("org create acme");
        let bot = program.done("bot create acme laptops --role guard_token_issuer");
        assert!(bot.starts_with("BT01"), "{bot}");
        let said = program.admin("bot key add acme laptops");
        let credential = said.out.strip_suffix('\n').unwrap();
        let (key, of) = credential.split_once(':').unwrap();
        assert_eq!(of, bot, "the credential as it is sent");
        assert!(said.err.contains("this one time") && !said.err.contains(key), "{}", said.err);
        let hash = PlainToken::parse(key).unwrap().hash();
        let holder = with_store(database, async |store| store.bots().find_by_key(&hash).await.unwrap()).await.unwrap();
        assert_eq!((holder.bot.name.as_str(), holder.guard), ("laptops", true));

        let second = program.json(&format!("bot key add {org} {bot}"));
        let keys = program.json("bot key list acme laptops");
        assert_eq!(keys.as_array().unwrap().len(), 2);
        assert!(!keys.to_string().contains(key), "a list never shows a key");
        assert!(program.done("bot key list acme laptops").contains(&key[..19]));
        let id = keys[0]["id"].as_str().unwrap();
        assert!(program.fails(2, &format!("bot key revoke acme laptops {id}")).contains("--yes"));
        program.done(&format!("bot key revoke acme laptops {id} --yes"));
        assert!(program.admin(&format!("bot key revoke acme laptops {id} --yes")).err.contains("was revoked before"));
        assert_eq!(with_store(database, async |store| store.bots().find_by_key(&hash).await.unwrap()).await, None);
        let unknown = "00000000-0000-7000-8000-000000000000";
        assert!(program.fails(1, &format!("bot key revoke acme laptops {unknown} --yes")).contains("`sekisho admin bot key list`"));

        program.done("bot role acme laptops guard_viewer");
        assert_eq!(program.json("bot list acme")[0]["role"], json!("guard_viewer"));
        program.done("bot remove acme laptops --yes");
        assert!(program.fails(1, "bot key add acme laptops").contains("`sekisho admin bot list`"));
        let second = second["credential"].as_str().unwrap().split_once(':').unwrap().0;
        let hash = PlainToken::parse(second).unwrap().hash();
        assert_eq!(with_store(database, async |store| store.bots().find_by_key(&hash).await.unwrap()).await, None);

        let wanted = ["org.created", "bot.created", "bot_key.added", "bot_key.added", "bot_key.revoked", "bot.role_changed", "bot.removed"];
        assert_eq!(actions(database, &org).await, wanted);
        let rows = audit(database, &org).await;
        assert!(!format!("{rows:?}").contains(key), "the log has no secret");
    }

    async fn a_bot_of_another_organisation_is_not_found(database) {
        let program = Program::over(database).await;
        program.done("org create acme");
        program.done("org create other");
        let bot = program.done("bot create acme ci --role guard_viewer");
        assert!(program.fails(1, "bot create acme ci --role guard_viewer").contains("has a bot \"ci\" already"));
        for command in ["bot key add other", "bot key list other"] {
            assert!(program.fails(1, &format!("{command} {bot}")).contains("\"other\" has no bot"));
        }
        assert!(program.fails(1, &format!("bot remove other {bot} --yes")).contains("\"other\" has no bot"));
    }
}
