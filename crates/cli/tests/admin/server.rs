//! A server of the built program, beside which commands run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::Program;

/// Longest time until what was ended on the command line is refused.
const SOON: Duration = Duration::from_secs(1);
/// Longest time until a server acts as it was told otherwise: nobody promised when something comes back.
const WITHIN: Duration = Duration::from_secs(4);
/// Longest time until it listens or answers: who waits longer waits for what never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is started: on free ports, without upstreams.
pub(crate) const SERVE: [&str; 9] = [
    "serve",
    "--set",
    "listen=127.0.0.1:0",
    "--set",
    "admin_listen=127.0.0.1:0",
    "--set",
    "upstream.npm.enabled=false",
    "--set",
    "upstream.pypi.enabled=false",
];

/// A server, ended when dropped.
pub(crate) struct Server {
    process: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(program: &Program) -> Server {
        let process = program.process(&SERVE).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // Made before anything can fail, so that it ends whatever happens.
        let mut server = Server { process, address: String::new() };
        let lines = BufReader::new(server.process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (said, heard) = mpsc::channel();
        // Reads on when nobody listens any more, so that the server can print on.
        std::thread::spawn(move || lines.for_each(|line| drop(said.send(line))));
        let line = heard.recv_timeout(PATIENCE).expect("the server says where it listens");
        server.address = line.split("listens on ").nth(1).unwrap().trim().trim_end_matches('.').to_owned();
        server
    }

    /// The status of a `GET`.
    pub(crate) fn get(&self, path: &str, credential: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        write!(stream, "{head}Authorization: Bearer {credential}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// How long it took until the answer was so.
    pub(crate) fn becomes(&self, wanted: u16, path: &str, credential: &str) -> Duration {
        let within = if wanted == 401 { SOON } else { WITHIN };
        let began = Instant::now();
        loop {
            let status = self.get(path, credential);
            if status == wanted {
                return began.elapsed();
            }
            assert!(began.elapsed() < within, "{path} still answers {status}, not {wanted}");
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
