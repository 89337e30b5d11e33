//! What is held about a person, and forgetting it.

use sekisho_core::id::OrgId;
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_store::{EntryFilter, OrgTokenPage, PersonRows, Who, on_both_engines};
use serde_json::Value;

use crate::fixtures::*;
use crate::support::*;

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["kind"].as_str().unwrap()).collect()
}

on_both_engines! {
    async fn an_address_is_exported_without_secrets_and_erased_with_its_tokens(database) {
        let program = Program::over(database).await;
        program.done("org create acme --owner me@example.com");
        let (plain, account) = with_store(database, async |store| {
            let (account, token, plain) = person(store, "me@example.com").await;
            let (other, other_token, _) = person(store, "you@example.com").await;
            for who in [Who::Account { account, token }, Who::Account { account: other, token: other_token }] {
                let _proof = store.ledger().record(entry(who).1).await.unwrap();
            }
            console(store, "me@example.com").await;
            (plain, account)
        }).await;
        let out = program.done("export-person Me@example.com");
        let found = lines(&out);
        let wanted = ["account", "token", "console_session", "identity", "console_language", "membership", "taken", "audit", "audit"];
        assert_eq!(kinds(&found), wanted);
        assert_eq!((&found[2]["browser"], &found[3]["subject"], &found[4]["language"]), (&"Firefox".into(), &"person-1".into(), &"ja".into()));
        assert_eq!(found[6]["package"], "left-pad");
        let exported = &found[8];
        assert_eq!((&exported["action"], &exported["actor"], &exported["subject"]), (&"person.exported".into(), &"operator".into(), &"me@example.com".into()));
        assert!(!out.contains(plain.expose()) && !out.contains("you@example.com"), "{out}");

        assert!(program.fails(2, "erase-person me@example.com").contains("--yes"));
        assert!(program.fails(1, "erase-person me@example.com --yes").contains("last owner of \"acme\""));
        assert_eq!(kinds(&lines(&program.done("export-person me@example.com"))).len(), 10, "nothing is half done");
        program.done("member add acme you@example.com --role owner");
        let said = program.admin("erase-person me@example.com --yes");
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.err.contains(&account.0.to_string()), "{}", said.err);
        assert_eq!(program.admin("export-person me@example.com").err, "Nothing is held about this person.\n");
        let pseudonym = said.err.split_whitespace().find(|word| word.starts_with("erased-")).unwrap();
        let org = program.json("org show acme")["id"].as_str().unwrap().to_owned();
        let log = audit(database, &org).await;
        let named: Vec<_> = log.iter().rev().filter(|row| row.subject == pseudonym).map(|r| r.action.as_str()).collect();
        assert_eq!(named, ["member.added", "person.exported", "person.exported", "member.erased"], "the rows stay, and belong together: {log:?}");
        assert!(log.iter().any(|row| row.subject == "you@example.com"), "others stay who they are");
        with_store(database, async |store| {
            let token = store.tokens().find_by_hash(&plain.hash()).await.unwrap().unwrap();
            assert!(token.revoked_at.is_some() && token.email.is_none());
            let rows = store.ledger().entries(&EntryFilter::Account(account), 10).await.unwrap();
            assert_eq!(rows.len(), 1, "the row stays under the account's id");
            assert_eq!(rows[0].address, "", "and without the client's address");
        }).await;
        let again = program.admin("erase-person me@example.com --yes");
        assert!(again.code == 0 && again.err.contains("there was no account"), "{}", again.err);
        assert!(program.fails(2, "export-person nobody").contains("<organisation>:<user identifier>"));
        assert_eq!(program.admin("export-person none@example.com").err, "Nothing is held about this person.\n");
    }

    async fn an_identifier_gets_a_pseudonym_in_its_organisation_only(database) {
        let program = Program::over(database).await;
        let [acme, other] = ["acme", "other"].map(|name| OrgId::parse(&program.done(&format!("org create {name}"))).unwrap());
        let plain = with_store(database, async |store| {
            let mut first = None;
            for (org, identifier, rows) in [(acme, "me@acme.example", 1200), (acme, "me@acme.example2", 3), (other, "me@acme.example", 2)] {
                let (token, plain) = org_token(store, org, identifier).await;
                first.get_or_insert(plain);
                let identifier = UserIdentifier::parse(identifier).unwrap();
                let who = Who::Organisation { org, token, identifier };
                let writing: Vec<_> = (0..rows).map(|_| {
                    let (store, entry) = (store.clone(), entry(who.clone()).1);
                    tokio::spawn(async move { drop(store.ledger().record(entry).await.unwrap()) })
                }).collect();
                for one in writing {
                    one.await.unwrap();
                }
            }
            first.unwrap()
        }).await;
        let found = lines(&program.done("export-person acme:me@acme.example"));
        let taken = found.iter().filter(|line| line["kind"] == "taken").count();
        let tokens = found.iter().filter(|line| line["kind"] == "organisation_token").count();
        assert_eq!((taken, tokens), (1200, 1));
        let notes: Vec<_> = found.iter().filter(|line| line["kind"] == "audit").collect();
        let actions: Vec<_> = notes.iter().map(|note| note["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["token.issued", "person.exported"], "where a row names the person, and not me@acme.example2");
        let by_address = lines(&program.done("export-person me@acme.example"));
        assert_eq!(by_address.iter().filter(|line| line["kind"] == "taken").count(), 1202, "in every organisation");

        let said = program.admin("erase-person acme:me@acme.example --yes");
        assert!(said.err.contains("in 1 tokens, 1200 rows of the ledger and 3 of the audit log"), "{}", said.err);
        let pseudonym = said.err.split(' ').next().unwrap();
        assert!(pseudonym.starts_with("erased-") && pseudonym.len() == 23, "{pseudonym}");
        assert_eq!(program.admin("export-person acme:me@acme.example").err, "Nothing is held about this person.\n");
        with_store(database, async |store| {
            let row = store.org_tokens().find_by_hash(&plain.hash()).await.unwrap().unwrap();
            assert!(row.revoked_at.is_some() && row.identifier.as_str() == pseudonym);
            let prefix = IdentifierPrefix::default();
            let page = OrgTokenPage { prefix, status: None, after: None, limit: 10 };
            assert_eq!(store.org_tokens().page(acme, &page, NOW).await.unwrap().len(), 2);
            let rows = async |org, identifier: &str| {
                let identifier = UserIdentifier::parse(identifier).unwrap();
                let (mut before, mut count) = (None, 0);
                loop {
                    let rows = store.ledger().rows_of(&PersonRows::Identifier(org, identifier.clone()), before).await.unwrap();
                    let Some(last) = rows.last() else { return count };
                    let erased = identifier.as_str() == pseudonym;
                    assert!(rows.iter().all(|row| row.address.is_empty() == erased), "{identifier:?}");
                    before = Some(last.id);
                    count += rows.len();
                }
            };
            assert_eq!(rows(acme, pseudonym).await, 1200, "found by the pseudonym");
            assert_eq!(rows(acme, "me@acme.example").await, 0);
            assert_eq!(rows(acme, "me@acme.example2").await, 3);
            assert_eq!(rows(other, "me@acme.example").await, 2);
        }).await;
        let log = audit(database, &acme.to_string()).await;
        assert_eq!((log[0].action.as_str(), log[0].subject.as_str()), ("person.erased", pseudonym));
        let details = |org: &str| log.iter().filter(|row| row.detail == format!("{{\"user_identifier\":\"{org}\"}}")).count();
        assert_eq!((details(pseudonym), details("me@acme.example"), details("me@acme.example2")), (1, 0, 1), "{log:?}");
        assert_eq!(log.iter().filter(|row| row.action == "person.exported" && row.subject == pseudonym).count(), 2);
        let elsewhere = audit(database, &other.to_string()).await;
        let exported: Vec<_> = elsewhere.iter().filter(|row| row.action == "person.exported").collect();
        assert_eq!((exported.len(), exported[0].subject.as_str()), (1, "me@acme.example"), "by the address only");
        assert!(elsewhere.iter().any(|row| row.detail.contains("\"me@acme.example\"")), "another organisation's stays");
        if let Some(dir) = database.dir() {
            // Neither the ledger nor its index knows the name; what SQLite frees is another matter.
            let text = "import sqlite3,sys\nfor f,q in (('ledger.db','SELECT count(*) FROM entries WHERE subject=?'),('ledger-index.db','SELECT count(*) FROM keys WHERE a=? AND owner=(SELECT owner FROM keys WHERE a=?)')):\n c=sqlite3.connect(sys.argv[1]+'/'+f)\n p=[sys.argv[2]]*q.count('?')\n print(c.execute(q,p).fetchone()[0])";
            let asked = std::process::Command::new("python3").args(["-c", text]).arg(dir).arg("me@acme.example").output().unwrap();
            assert_eq!(String::from_utf8(asked.stdout).unwrap(), "2\n1\n", "those of the other organisation");
        }
    }
}
