//! What only shows on the wire: reason phrases, large bodies, limits on heads, a clean stop.

use std::time::Duration;

use sekisho_testkit::{Setup, TestApp, fixtures};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const HOST: &str = "Host: 127.0.0.1:8417\r\nConnection: close\r\n";

fn status_line(answer: &str) -> &str {
    answer.lines().next().unwrap_or_default()
}

#[tokio::test]
async fn the_reason_phrase_says_why() {
    let app = Setup::default().malware("MAL-2026-1", "pkg:npm/evil").block("pkg:pypi/unwanted@1.0").start().await;
    fixtures::pypi(&app.upstream, "unwanted", &["1.0"]);
    let served = app.serve().await;
    for (path, line) in [
        ("/npm/evil", "HTTP/1.1 403 Blocked by Sekisho: malware (MAL-2026-1)"),
        ("/npm/evil/-/evil-1.0.0.tgz", "HTTP/1.1 403 Blocked by Sekisho: malware (MAL-2026-1)"),
        (
            "/pypi/files/unwanted/unwanted-1.0-py3-none-any.whl",
            "HTTP/1.1 403 Blocked by Sekisho: the operator's policy",
        ),
        ("/npm/@sekisho/canary", "HTTP/1.1 403 Blocked by Sekisho: it is the canary, which is always refused"),
        ("/npm/nothing", "HTTP/1.1 404 Not found"),
        ("/api/v1/tokens/status", "HTTP/1.1 401 Token required"),
        ("/npm/-/ping", "HTTP/1.1 200 OK"),
    ] {
        let answer = served.get(path).await;
        assert_eq!(status_line(&answer), line, "{path}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_client_that_sends_ten_megabytes_reads_413() {
    let app = TestApp::start().await;
    let served = app.serve().await;
    let body = vec![b'x'; 10 << 20];
    let head = format!(
        "POST /api/v1/tokens HTTP/1.1\r\n{HOST}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = served.raw([head.as_bytes(), &body].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\"code\":\"body_too_large\""), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn a_client_that_publishes_ten_megabytes_reads_405() {
    let app = TestApp::start().await;
    let served = app.serve().await;
    let body = vec![b'x'; 10 << 20];
    for path in ["/npm/left-pad", "/pypi/simple/", "/nothing/here"] {
        let head = format!("PUT {path} HTTP/1.1\r\n{HOST}Content-Length: {}\r\n\r\n", body.len());
        let answer = served.raw([head.as_bytes(), &body].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{path}: {answer:?}");
        assert!(answer.contains("application/problem+json"), "{path}: {answer}");
    }
    // A bad key is told so too, whatever it sends.
    let head = format!(
        "PUT /npm/left-pad HTTP/1.1\r\n{HOST}Authorization: Bearer junk\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = served.raw([head.as_bytes(), &body].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer:?}");
    served.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let app = TestApp::start().await;
    let served = app.serve().await;
    let answer = served.raw(format!("GET /npm/-/ping HTTP/1.1\r\n{HOST}X: {}\r\n\r\n", "a".repeat(64 * 1024))).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
    let many: String = (0..500).map(|n| format!("X-{n}: a\r\n")).collect();
    let answer = served.raw(format!("GET /npm/-/ping HTTP/1.1\r\n{HOST}{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
    served.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_400_and_what_never_ends_is_cut_off() {
    let app = Setup::default().set("limits.header_seconds", "1").start().await;
    let served = app.serve().await;
    for junk in ["GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}"] {
        let answer = served.raw(junk).await;
        // A TLS client on a plain port is waited for until its time is up: what it sends has no end of line.
        let wanted = if junk.starts_with('G') { "HTTP/1.1 400 " } else { "" };
        assert!(answer.starts_with(wanted), "{junk:?}: {answer:?}");
    }
    // A head that does not end, no head at all, and one that might become HTTP/2.
    let slow = async |start: &str| {
        let mut stream = served.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.map(drop)
    };
    let starts = ["GET /npm/-/ping HTTP/1.1\r\nHost: x", "", "PRI * HT"];
    let ends = tokio::join!(slow(starts[0]), slow(starts[1]), slow(starts[2]));
    assert!(ends.0.is_ok(), "a head that does not end holds a connection for ever");
    assert!(ends.1.is_ok(), "a client that says nothing holds a connection for ever");
    assert!(ends.2.is_ok(), "a client that begins HTTP/2 and stops holds a connection for ever");
    served.stop().await;
}

#[tokio::test]
async fn a_path_with_dots_is_not_walked_on_the_wire() {
    let app = TestApp::start().await;
    let served = app.serve().await;
    for path in ["/npm/../../etc/passwd", "/npm/%2e%2e/x", "/npm/%252e%252e/x"] {
        let answer = served.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    served.stop().await;
}

#[tokio::test]
async fn http_1_0_and_keep_alive_and_head_are_served() {
    let app = TestApp::start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    let served = app.serve().await;
    let old = served.raw("GET /npm/left-pad HTTP/1.0\r\nHost: 127.0.0.1:8417\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 "), "{old}");
    let two = "HEAD /npm/left-pad HTTP/1.1\r\nHost: 127.0.0.1:8417\r\n\r\n";
    let answer = served.raw(format!("{two}GET /npm/-/ping HTTP/1.1\r\n{HOST}\r\n")).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert!(answer.ends_with("{}"), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn a_204_has_no_length() {
    let app = TestApp::start().await;
    let person = app.register("you@example.com").await;
    let served = app.serve().await;
    let head = format!("DELETE /api/v1/tokens HTTP/1.1\r\n{HOST}Authorization: Bearer {}\r\n\r\n", person.key);
    let answer = served.raw(head).await.to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 204 "), "{answer}");
    assert!(!answer.contains("content-length") && !answer.contains("transfer-encoding"), "RFC 9110, 8.6: {answer}");
    served.stop().await;
}

#[tokio::test]
async fn a_request_without_a_host_is_421() {
    let app = TestApp::start().await;
    let served = app.serve().await;
    let answer = served.raw("GET /npm/-/ping HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn a_stop_lets_a_running_request_finish() {
    let app = TestApp::start().await;
    let document = fixtures::packument(&app.upstream, "slow", &["1.0.0"]).to_string();
    let reply = sekisho_testkit::Reply::json(document).delay(Duration::from_millis(300));
    fixtures::npm_reply(&app.upstream, "slow", reply);
    let served = app.serve().await;
    let address = served.address;
    let mut stream = served.connect().await;
    stream.write_all(format!("GET /npm/slow HTTP/1.1\r\n{HOST}\r\n").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    served.stop().await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nothing new is accepted");
}

/// The connection preface of HTTP/2 with an empty SETTINGS frame.
const HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The type of the first frame that the other side sends: 4 is SETTINGS.
async fn first_frame(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin)) -> u8 {
    stream.write_all(HTTP_2).await.unwrap();
    let mut head = [0; 9];
    tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut head)).await.unwrap().unwrap();
    head[3]
}

#[tokio::test]
async fn http_2_is_spoken_with_who_begins_with_it() {
    let app = TestApp::start().await;
    let served = app.serve().await;
    assert_eq!(first_frame(&mut served.connect().await).await, 4);
    served.stop().await;
}

#[tokio::test]
async fn over_tls_the_version_is_the_one_that_was_agreed_on() {
    let app = TestApp::start().await;
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let served = app.serve_over(Some(sekisho_server::serve::acceptor(&cert, &key).unwrap())).await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let connect = async |protocols: &[&str]| {
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config.unwrap().with_root_certificates(roots.clone()).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
        connector.connect(name, served.connect().await).await.unwrap()
    };
    assert_eq!(first_frame(&mut connect(&["h2", "http/1.1"]).await).await, 4);
    for protocols in [&["http/1.1"][..], &[]] {
        let mut stream = connect(protocols).await;
        stream.write_all(format!("GET /npm/-/ping HTTP/1.1\r\n{HOST}\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{protocols:?}: {answer}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_who_has_asked_for_nothing() {
    let app = TestApp::start().await;
    let served = app.serve().await;
    let silent = served.connect().await;
    let mut idle = served.connect().await;
    idle.write_all(b"GET /npm/-/ping HTTP/1.1\r\nHost: 127.0.0.1:8417\r\n\r\n").await.unwrap();
    let mut some = [0; 12];
    idle.read_exact(&mut some).await.unwrap();
    let began = std::time::Instant::now();
    served.stop().await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    drop((silent, idle));
}
