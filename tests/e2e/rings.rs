//! A gate that would ask itself.

use std::net::TcpListener;

use crate::support::gate::{Gate, Launch};

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

fn between(own: u16, upstream: &str) -> Gate {
    Launch::new()
        .on_port(own)
        .set(&format!("upstream.npm.url={upstream}/npm/"))
        .set(&format!("upstream.pypi.url={upstream}/pypi/simple/"))
        .set("upstream.patience_seconds=10")
        .start()
}

#[track_caller]
fn answers_loop(gate: &Gate) {
    for path in ["/npm/left-pad", "/pypi/simple/six/"] {
        let answer = gate.get(path);
        assert_eq!(answer.status, 508, "{path}: {}", answer.body);
        assert_eq!(answer.json()["code"], "loop_detected", "{}", answer.body);
    }
}

#[test]
fn two_gates_in_a_ring_answer_508() {
    let (one, other) = (free_port(), free_port());
    let first = between(one, &format!("http://127.0.0.1:{other}"));
    let second = between(other, &format!("http://127.0.0.1:{one}"));
    answers_loop(&first);
    answers_loop(&second);
}

#[test]
fn a_gate_that_is_set_to_be_its_own_upstream_says_so() {
    let port = free_port();
    let gate = between(port, &format!("http://127.0.0.1:{port}"));
    for (path, setting) in [("/npm/left-pad", "upstream.npm.url"), ("/pypi/simple/six/", "upstream.pypi.url")] {
        let answer = gate.get(path);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("front_off")), "{}", answer.body);
        let told = answer.json()["detail"].as_str().expect("a text").to_owned();
        assert!(told.contains(&format!("{setting} is this server's own address")), "{told}");
    }
}
