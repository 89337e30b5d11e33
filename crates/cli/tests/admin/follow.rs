//! A running server follows what the command line does.

use sekisho_core::id::OrgId;
use sekisho_store::on_both_engines;

use crate::fixtures::*;
use crate::server::Server;
use crate::support::*;

on_both_engines! {
    async fn a_running_server_follows_the_command_line(database) {
        let program = Program::over(database).await;
        let org = program.done("org create acme");
        program.done("bot create acme ci --role guard_viewer");
        let key = program.done("bot key add acme ci");
        let (token, leaver) = with_store(database, async |store| {
            let id = OrgId::parse(&org).unwrap();
            (org_token(store, id, "stays@acme.example").await.1, org_token(store, id, "leaves@acme.example").await.1)
        }).await;
        let server = Server::start(&program);
        let (status, installs) = ("/api/v1/tokens/status", format!("/o/{org}/guard/installs"));
        for token in [&token, &leaver] {
            assert_eq!(server.get(status, token.expose()), 200);
        }
        assert_eq!(server.get(&installs, &key), 200);

        program.done("token revoke acme --identifier leaves@acme.example --yes");
        let token_took = server.becomes(401, status, leaver.expose());
        assert_eq!(server.get(status, token.expose()), 200, "nobody else's");

        program.done("org disable-guard acme");
        let disabled_took = server.becomes(401, status, token.expose());
        program.done("org enable-guard acme");
        server.becomes(200, status, token.expose());

        let id = program.json("bot key list acme ci")[0]["id"].as_str().unwrap().to_owned();
        program.done(&format!("bot key revoke acme ci {id} --yes"));
        let key_took = server.becomes(401, &installs, &key);

        program.done("org remove acme --yes");
        server.becomes(401, status, token.expose());
        println!("after the command: token {token_took:?}, guard {disabled_took:?}, bot key {key_took:?}");
    }
}
