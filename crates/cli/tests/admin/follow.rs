//! A running server follows what the command line does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sekisho_core::id::OrgId;
use sekisho_store::on_both_engines;

use crate::fixtures::*;
use crate::support::*;

/// Longest time until a server acts as it was told, on a machine that does other things too.
const WITHIN: Duration = Duration::from_secs(4);

/// A server, ended when dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(program: &Program) -> Server {
        let sets = [
            "listen=127.0.0.1:0",
            "admin_listen=127.0.0.1:0",
            "upstream.npm.enabled=false",
            "upstream.pypi.enabled=false",
        ];
        let arguments: Vec<_> = ["serve"].into_iter().chain(sets.iter().flat_map(|set| ["--set", set])).collect();
        let mut process = program.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("listens on ").nth(1).unwrap().trim().trim_end_matches('.').to_owned();
        Server { process, address }
    }

    /// The status of a `GET`.
    fn get(&self, path: &str, credential: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        write!(stream, "{head}Authorization: Bearer {credential}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// How long it took until the answer was so.
    fn becomes(&self, wanted: u16, path: &str, credential: &str) -> Duration {
        let began = Instant::now();
        loop {
            let status = self.get(path, credential);
            if status == wanted {
                return began.elapsed();
            }
            assert!(began.elapsed() < WITHIN, "{path} still answers {status}, not {wanted}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

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
