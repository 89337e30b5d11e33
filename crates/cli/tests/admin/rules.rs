//! Organisations' own lists, one entry at a time and by the declarative file.

use sekisho_store::on_both_engines;
use serde_json::json;

use crate::fixtures::*;
use crate::server::Server;
use crate::support::*;

on_both_engines! {
    async fn entries_are_added_listed_and_removed_each_with_a_row_of_the_audit_log(database) {
        let program = Program::over(database).await;
        let org = program.done("org create acme");
        assert!(program.admin("org rules list acme").err.contains("`sekisho admin org rules add`"));
        let id = program.done("org rules add acme block pkg:npm/@scope/x@1.0.0 --reason unwanted");
        assert!(id.starts_with("RU01") && id.len() == 28, "{id:?}: the id alone is on standard output");
        let end = "2999-01-01T00:00:00Z";
        let added = program.json(&format!("org rules add {org} allow pkg:pypi/Flask_Login --reason ticket-17 --expires {end}"));
        let wanted = json!({"id": added["id"], "effect": "allow", "package": "pkg:pypi/flask-login", "reason": "ticket-17",
            "expires_at": end, "ended": false, "made_by": "operator", "created_at": added["created_at"]});
        assert_eq!(added, wanted);
        let listed = program.json("org rules list acme");
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"], &listed[1]), (2, &json!(id), &wanted));
        let table = program.done("org rules list acme");
        assert!(table.contains("block   pkg:npm/%40scope/x@1.0.0") && table.contains(end), "{table}");
        let again = program.admin("org rules add acme block pkg:npm/@scope/x@1.0.0 --reason unwanted");
        assert_eq!((again.code, again.out.trim()), (0, id.as_str()), "{}", again.err);
        assert!(again.err.contains("nothing was changed"), "{}", again.err);
        let other = program.done("org rules add acme block pkg:npm/@scope/x@1.0.0 --reason frozen");
        assert_eq!(program.json("org rules list acme").as_array().unwrap().len(), 2, "the old one goes");
        program.done(&format!("org rules remove acme {other} --yes"));
        assert!(program.fails(1, &format!("org rules remove acme {other} --yes")).contains("`sekisho admin org rules list`"));
        let wanted = ["org.created", "rule.added", "rule.added", "rule.removed", "rule.added", "rule.removed"];
        assert_eq!(actions(database, &org).await, wanted);
        let row = &audit(database, &org).await[0];
        assert_eq!(row.subject, other);
        assert_eq!(row.detail, r#"{"effect":"block","expires_at":null,"package":"pkg:npm/%40scope/x@1.0.0","reason":"frozen"}"#);
    }

    async fn what_can_be_no_entry_is_refused_and_changes_nothing(database) {
        let program = Program::over(database).await;
        program.done("org create acme");
        for (code, command, why) in [
            (2, "org rules add acme block left-pad --reason x", "a package URL starts with"),
            (2, "org rules add acme forbid pkg:npm/x --reason x", "[possible values: block, allow, warn]"),
            (2, "org rules add acme block pkg:npm/x", "--reason"),
            (2, "org rules add acme block pkg:npm/x --reason x --expires soon", "soon"),
            (2, "org rules remove acme 17 --yes", "such as RU01"),
            (2, "org rules remove acme RU01K6NBQK6XFVQ8ZZR024H36H2N", "--yes"),
            (1, "org rules add acme block pkg:npm/x --reason x --expires 2020-01-01T00:00:00Z", "not in the future"),
            (1, "org rules add acme warn pkg:npm/x --reason caf\u{e9}", "printable ASCII"),
            (1, "org rules add nobody block pkg:npm/x --reason x", "`sekisho admin org list`"),
        ] {
            let said = program.fails(code, command);
            assert!(said.contains(why), "{command}: {said}");
        }
        assert_eq!(program.json("org rules list acme"), json!([]));
    }

    async fn a_file_s_entries_are_applied_once_and_pruned_with_the_rest(database) {
        let program = Program::over(database).await;
        let entry = |kind: &str, package: &str, rest: &str| {
            format!("[[organisations.acme.{kind}]]\npackage = \"{package}\"\nreason = \"ticket 1\"\n{rest}\n")
        };
        let first = [entry("block", "pkg:npm/x@1.0.0", ""), entry("warn", "pkg:npm/y", "")].concat();
        program.write("a.toml", &first);
        // An entry that has ended may stay in the file.
        let changed = [entry("block", "pkg:npm/x@1.0.0", "expires = \"2020-01-01T00:00:00Z\""), entry("allow", "pkg:npm/z", "")].concat();
        program.write("b.toml", &changed);
        let wanted = "+ organisation acme\n+ entry acme / pkg:npm/x@1.0.0: block: ticket 1\n+ entry acme / pkg:npm/y: warn: ticket 1";
        assert_eq!(program.done("apply a.toml --dry-run"), wanted);
        assert_eq!(program.done("apply a.toml"), wanted);
        let before = program.json("org rules list acme");
        assert_eq!(program.admin("apply a.toml").err, "Nothing to change.\n");
        assert_eq!(program.json("org rules list acme"), before, "the very same rows");
        let wanted = "- entry acme / pkg:npm/y: warn: ticket 1\n\
                      ~ entry acme / pkg:npm/x@1.0.0: block until 2020-01-01T00:00:00Z: ticket 1\n\
                      + entry acme / pkg:npm/z: allow: ticket 1";
        assert_eq!(program.done("apply b.toml --prune --yes"), wanted);
        assert_eq!(program.admin("apply b.toml --prune --yes").err, "Nothing to change.\n");
        assert_eq!(program.json("org rules list acme").as_array().unwrap().len(), 2);
        program.write("twice.toml", &[entry("block", "pkg:npm/w", ""), entry("block", "pkg:npm/w", "")].concat());
        assert!(program.fails(1, "apply twice.toml").contains("stands there twice"));
        program.write("bad.toml", &entry("warn", "pkg:npm/w", "").replace("ticket 1", "caf\u{e9}"));
        assert!(program.fails(1, "apply bad.toml").contains("organisations.acme.warn: pkg:npm/w: a warning's reason"));
        let many: String = (0..1001).map(|number| entry("block", &format!("pkg:npm/x{number}"), "")).collect();
        program.write("many.toml", &many);
        assert!(program.fails(1, "apply many.toml --prune --yes").contains("has 1000 entries"));
        assert_eq!(program.json("org rules list acme").as_array().unwrap().len(), 2, "all of it or nothing");
    }

    async fn a_running_server_follows_entries(database) {
        let program = Program::over(database).await;
        let org = program.done("org create acme");
        let org = sekisho_core::id::OrgId::parse(&org).unwrap();
        let token = with_store(database, async |store| org_token(store, org, "dev@acme.example").await.1).await;
        let id = program.done("org rules add acme block pkg:npm/x --reason unwanted");
        let server = Server::start(&program);
        // A name that is refused whole needs no registry.
        let path = "/npm/x/-/x-1.0.0.tgz";
        assert_eq!(server.get(path, token.expose()), 403, "from the first request on");
        program.done(&format!("org rules remove acme {id} --yes"));
        server.becomes(503, path, token.expose());
        program.done("org rules add acme block pkg:npm/x --reason unwanted");
        server.becomes(403, path, token.expose());
    }
}
