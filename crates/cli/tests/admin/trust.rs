//! Pipelines that bots trust, and the keys that sign their sessions.

use sekisho_store::on_both_engines;
use serde_json::json;

use crate::support::*;

on_both_engines! {
    async fn conditions_are_given_listed_and_taken_away(database) {
        let program = Program::over(database).await;
        let org = program.done("org create acme");
        program.done("bot create acme ci --role guard_viewer");
        let github = "bot trust add acme ci --github --repository-owner-id 65 --repository acme/app --repository acme/site \
                      --ref refs/heads/main --ref-protected --allow-event pull_request";
        let id = program.done(github);
        program.done("bot trust add acme ci --gitlab --project-id 20");
        program.write("ci.toml", "provider = \"generic\"\nissuer = \"https://gitlab.example\"\nsubject = \"a\"\n");
        assert!(program.fails(1, "bot trust add acme ci --file ci.toml").contains("bots.issuers"));
        let allowed = "admin bot trust add acme ci --file ci.toml --set bots.issuers=https://gitlab.example";
        let allowed: Vec<_> = allowed.split(' ').collect();
        assert_eq!(Said::of(program.command(&allowed).output().unwrap()).code, 0);

        let listed = program.json("bot trust list acme ci");
        assert_eq!(listed.as_array().unwrap().len(), 3);
        let first = &listed[0];
        assert_eq!(first["id"], json!(id));
        assert_eq!(first["conditions"]["issuer"], "https://token.actions.githubusercontent.com");
        assert_eq!(first["conditions"]["allow_events"], json!(["pull_request"]));
        assert!(program.done("bot trust list acme ci").contains("acme/site"));
        assert!(program.fails(2, &format!("bot trust remove acme ci {id}")).contains("--yes"));
        program.done(&format!("bot trust remove acme ci {id} --yes"));
        assert!(program.fails(1, &format!("bot trust remove acme ci {id} --yes")).contains("trust list"));
        let done = actions(database, &org).await;
        assert_eq!(done[done.len() - 4..], ["trust.added", "trust.added", "trust.added", "trust.removed"]);
    }

    async fn conditions_that_would_trust_everybody_or_nobody_are_refused(database) {
        let program = Program::over(database).await;
        program.done("org create acme");
        program.done("bot create acme ci --role guard_viewer");
        for (wrong, said) in [
            ("--github", "everybody"),
            ("--github --repository acme/app", "everybody"),
            ("--github --repository-owner-id acme", "number"),
            ("--github --project-id 20", "no condition for github"),
            ("--github --repository-owner-id 65 --allow-event push", "allow_events"),
            ("--github --repository-owner-id 65 --issuer http://id.example", "bots.issuers"),
            ("--file nothing.toml", "nothing.toml"),
        ] {
            let told = program.fails(1, &format!("bot trust add acme ci {wrong}"));
            assert!(told.contains(said), "{wrong}: {told}");
        }
        assert!(program.fails(2, "bot trust add acme ci").contains("--file"));
        assert_eq!(program.json("bot trust list acme ci"), json!([]));
        assert!(program.fails(1, "bot try acme ci --token -").contains("no token"));
    }

    async fn a_condition_beside_a_file_is_refused_and_so_is_a_file_that_would_be_cut(database) {
        let program = Program::over(database).await;
        program.done("org create acme");
        program.done("bot create acme ci --role guard_viewer");
        let conditions = "provider = \"github\"\nissuer = \"https://token.actions.githubusercontent.com\"\nrepository_owner_id = [\"65\"]\n";
        program.write("ci.toml", conditions);
        for option in [
            "--github", "--gitlab", "--issuer https://id.example", "--repository-owner-id 65", "--repository-id 1",
            "--repository acme/app", "--workflow-ref w", "--project-id 20", "--namespace-id 2", "--project-path a/b",
            "--ref refs/heads/main", "--ref-protected", "--environment live", "--allow-event pull_request",
        ] {
            let said = program.fails(2, &format!("bot trust add acme ci --file ci.toml {option}"));
            assert!(said.contains("cannot be used with"), "{option}: {said}");
        }
        // Cut at its end, this would be the file above without its last condition.
        let comment = "#".repeat(64 * 1024 - conditions.len() - 1);
        program.write("long.toml", &format!("{conditions}{comment}\nref = [\"refs/heads/main\"]\n"));
        assert!(program.fails(1, "bot trust add acme ci --file long.toml").contains("longer than 65536 bytes"));
        assert!(program.fails(1, "bot try acme ci --token long.toml").contains("longer than 65536 bytes"));
        assert_eq!(program.json("bot trust list acme ci"), json!([]));
        program.done("bot trust add acme ci --file ci.toml");
    }

    async fn a_new_key_is_published_before_it_signs_and_the_database_cannot_read_it(database) {
        let program = Program::over(database).await;
        assert!(program.fails(1, "rotate-signing-keys").contains("secret"), "no server ran here yet");
        let secret = format!("secret={}", "0a".repeat(32));
        let rotate = || Said::of(program.command(&["admin", "rotate-signing-keys", "--set", &secret]).output().unwrap());
        for _ in 0..2 {
            let said = rotate();
            assert_eq!(said.code, 0, "{}", said.err);
        }
        let keys = with_store(database, async |store| store.signing_keys().all().await.unwrap()).await;
        assert_eq!(keys.len(), 2);
        let (old, new) = (&keys[0], &keys[1]);
        assert!(new.signs_from.since(old.signs_from).as_secs() >= 10, "the second one is published first");
        assert_eq!(old.until, Some(new.signs_from.plus(std::time::Duration::from_secs(86_460))));
        assert_eq!(new.until, None);
    }

    async fn sessions_that_are_not_there_are_not_ended(database) {
        let program = Program::over(database).await;
        program.done("org create acme");
        program.done("bot create acme ci --role guard_viewer");
        assert_eq!(program.json("bot session list acme ci"), json!([]));
        program.done("bot session end acme ci --all --yes");
        let none = "CS01K6NBQK6XFVQ8ZZR024H36H2N";
        assert!(program.fails(1, &format!("bot session end acme ci {none} --yes")).contains("ended: 0"));
        program.fails(2, "bot session end acme ci --yes");
    }
}
