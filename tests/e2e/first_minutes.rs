//! The first minutes: start, the three commands as printed, stop; and serving by TLS from a configuration file.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use sekisho_upstream::testing::{FakeUpstream, Reply};

use crate::support::gate::Launch;
use crate::support::home::Home;
use crate::support::http::{self, Connection};
use crate::support::{upstreams, wait_for};

#[test]
fn with_no_configuration_it_prints_three_commands_that_work_as_printed() {
    upstreams::must_be_reachable();
    // The default ports, unless something else on this machine has them.
    let free = [8417, 8418].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let launch = if free { Launch::new().on_default_ports() } else { Launch::new() };
    println!("first minutes: on {} ports", if free { "the default" } else { "other" });
    let gate = launch.start();
    println!("{}", gate.welcome);
    for address in ["/npm/", "/pypi/simple/"] {
        assert!(gate.welcome.contains(&format!("{}{address}", gate.base())), "{}", gate.welcome);
    }
    let commands = gate.welcome.lines().skip_while(|l| !l.starts_with("Next")).skip(2).map(str::trim);
    let commands: Vec<&str> = commands.take_while(|l| !l.is_empty()).collect();
    let [register, read, take] = commands[..] else { panic!("not three commands: {commands:?}") };

    // A user types them in the folder where the server was started, in a shell of his own.
    let home = Home::new();
    let type_it = |command: &str| home.sh(&format!("cd '{}'\n{command}", gate.folder().display()), "");
    type_it(register).succeeded().shows("message");
    let mail = wait_for("the mail", Duration::from_secs(10), || Some(type_it(read)).filter(|ran| ran.ok()));
    mail.shows("tg_anon_");
    mail.shows("you@example.com");
    let version = type_it(take).succeeded().out;
    assert!(version.trim().split('.').count() == 3, "{version}");
}

#[test]
fn the_code_that_it_prints_makes_the_first_owner_and_a_restart_prints_none() {
    let mut gate = Launch::new().start();
    let page = format!("{}/sign-in/first", gate.base());
    let below: Vec<&str> = gate.welcome.lines().skip_while(|l| !l.contains(&page)).collect();
    let code = below.get(2).map(|line| line.trim()).unwrap_or_else(|| panic!("no code: {}", gate.welcome));
    let home = Home::new();
    let type_in = |code: &str| {
        let (origin, code) = (format!("Origin: {}", gate.base()), format!("code={code}"));
        let form = ["--data-urlencode", &code, "-d", "email=me@example.com", "-d", "organisation=Acme", "-H", &origin];
        let told = ["-sS", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}"];
        home.run("curl", &[&told[..], &form[..], &[&page]].concat()).succeeded().out
    };
    assert_eq!(type_in("WRNGC0DE00"), "400 ");
    assert_eq!(type_in(code), format!("303 {}/console", gate.base()));
    assert_eq!(type_in(code), "400 ", "it counts once");
    gate.terminate();
    assert!(gate.ended(Duration::from_secs(10)).success());
    gate.start_again();
    assert!(!gate.welcome.contains("/sign-in/first"), "{}", gate.welcome);
    assert!(gate.welcome.contains("/sign-in\n"), "{}", gate.welcome);
}

#[test]
fn it_answers_within_a_second_of_its_start_and_says_how_fast() {
    let mut gate = Launch::new().start();
    let mut times = Vec::new();
    for round in 0..5 {
        let ask = |address, path| http::try_send(address, "GET", path, &[]).ok().filter(|answer| answer.status == 200);
        wait_for("health", Duration::from_secs(10), || ask(gate.admin(), "/healthz"));
        wait_for("an answer", Duration::from_secs(10), || ask(gate.address(), "/npm/-/ping"));
        let took = gate.spawned.elapsed();
        println!("start {round}: first answers after {} ms (debug build)", took.as_millis());
        times.push(took);
        gate.terminate();
        assert!(gate.ended(Duration::from_secs(10)).success());
        gate.start_again();
    }
    times.sort();
    assert!(times[2] < Duration::from_secs(1), "the median start took {:?}", times[2]);
}

#[test]
fn after_sigterm_the_running_request_is_finished_and_new_ones_are_refused() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let fake = runtime.block_on(FakeUpstream::start());
    let slow = Reply::json(r#"{"name":"slow","dist-tags":{},"versions":{},"time":{}}"#).delay(Duration::from_secs(2));
    fake.on("/slow", slow);
    let mut gate = Launch::new().set(&format!("upstream.npm.url={}", fake.url())).start();

    let mut running = Connection::open(gate.address()).expect("the gate listens");
    running.write("GET", "/npm/slow", &[], "").expect("a request");
    wait_for("the request at the upstream", Duration::from_secs(10), || (fake.count("/slow") == 1).then_some(()));
    gate.terminate();
    let refused = || Connection::open(gate.address()).err();
    wait_for("new connections to be refused", Duration::from_secs(1), refused);
    let answer = running.read().expect("the running request is answered");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let asked = Instant::now();
    assert!(gate.ended(Duration::from_secs(10)).success(), "a clean stop exits with 0");
    println!("stop: the process ended {} ms after its last answer", asked.elapsed().as_millis());
}

#[test]
fn it_serves_tls_as_a_configuration_file_says() {
    let launch = Launch::new();
    let folder = launch.folder().to_owned();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&certificate, made.cert.pem()).expect("a file");
    fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let config = folder.join("elsewhere.toml");
    let text = format!(
        "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\n[tls]\ncert = {certificate:?}\nkey = {key:?}\n"
    );
    fs::write(&config, text).expect("a file");
    let gate = launch.with_arguments(&["--config", &config.display().to_string()]).start();

    let home = Home::new();
    let port = gate.address().port();
    let url = format!("https://localhost:{port}/npm/-/ping");
    let trusted = ["-fsS", "--cacert", &certificate.display().to_string(), &url].map(str::to_owned);
    home.run("curl", &trusted.iter().map(String::as_str).collect::<Vec<_>>()).succeeded();
    let untrusted = home.run("curl", &["-fsS", &url]);
    assert!(!untrusted.ok(), "a certificate that nobody signed was trusted: {}", untrusted.text);
    assert!(gate.welcome.contains("https://"), "{}", gate.welcome);
    let checked = gate.command(&["--config", &config.display().to_string(), "config", "check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
