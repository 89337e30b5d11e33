//! Answers that are asked for often leave out of files on plain connections: nobody sees a difference.

use sekisho_testkit::socket::Served;
use sekisho_testkit::{Ask, Setup, TestApp, fixtures};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const GET: &str = "Host: 127.0.0.1:8417\r\nAccept-Encoding: identity\r\n";
/// More often than it takes to have a file.
const OFTEN: usize = 40;

/// The metric, as it is served.
async fn bytes_in_files(app: &TestApp) -> usize {
    let admin = sekisho_server::admin::Admin(app.app.clone());
    let text = axum::body::to_bytes(admin.handle("/metrics").await.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("sekisho_body_files_bytes "));
    line.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

/// Two documents of the lengths that have files.
async fn started() -> (TestApp, Served) {
    let app = Setup::default().set("limits.anonymous_per_minute", "100000").start().await;
    for (name, releases) in [("left-pad", 300), ("right-pad", 1000)] {
        let versions: Vec<String> = (0..releases).map(|n| format!("1.{n}.0")).collect();
        fixtures::npm(&app.upstream, name, &versions.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let served = app.serve().await;
    (app, served)
}

/// A connection that is kept.
struct Kept(BufReader<TcpStream>);

impl Kept {
    async fn to(served: &Served) -> Kept {
        Kept(BufReader::with_capacity(1000, served.connect().await))
    }

    async fn ask(&mut self, requests: &str) {
        self.0.write_all(requests.as_bytes()).await.unwrap();
    }

    /// The head of the next answer.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap().to_ascii_lowercase()
    }

    /// Status, tag and body of the next answer.
    async fn answer(&mut self) -> (String, String, Vec<u8>) {
        let head = self.head().await;
        let mut body = vec![0; header(&head, "content-length").parse().unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        (head[9..12].to_owned(), header(&head, "etag").to_owned(), body)
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("{name}: {head}"))
}

fn get(name: &str) -> String {
    format!("GET /npm/{name} HTTP/1.1\r\n{GET}\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_the_same_however_often_it_is_asked_for() {
    let (app, served) = started().await;
    let mut kept = Kept::to(&served).await;
    let wanted = app.ask(Ask::get("/npm/left-pad").header("accept-encoding", "identity")).await;
    let tag = wanted.header("etag").unwrap();
    for time in 0..OFTEN {
        kept.ask(&get("left-pad")).await;
        let (status, etag, body) = kept.answer().await;
        assert_eq!((status.as_str(), etag.as_str()), ("200", tag), "{time}");
        assert!(body == wanted.body, "{time}");
    }
    assert_eq!(bytes_in_files(&app).await, if cfg!(target_os = "linux") { wanted.body.len() } else { 0 });
    let head = get("left-pad").replacen("GET", "HEAD", 1);
    let known = format!("GET /npm/left-pad HTTP/1.1\r\n{GET}If-None-Match: {tag}\r\n\r\n");
    // Without a body, and then with one again.
    kept.ask(&format!("{head}{known}{}", get("left-pad"))).await;
    let head = kept.head().await;
    assert_eq!((&head[9..12], header(&head, "content-length")), ("200", wanted.body.len().to_string().as_str()));
    let known = kept.head().await;
    assert_eq!((&known[9..12], header(&known, "etag")), ("304", tag));
    assert!(kept.answer().await.2 == wanted.body);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_ask_for_two_documents_by_turns_without_waiting_get_each_whole() {
    let (app, served) = started().await;
    let wanted = [app.get("/npm/left-pad").await.body, app.get("/npm/right-pad").await.body];
    let asked = format!("{}{}", get("left-pad"), get("right-pad")).repeat(OFTEN / 2);
    let asking = (0..20).map(async |_| {
        let mut kept = Kept::to(&served).await;
        kept.ask(&asked).await;
        for time in 0..OFTEN {
            let (status, _, body) = kept.answer().await;
            assert_eq!(status, "200", "{time}");
            assert!(body == wanted[time % 2], "{time}");
        }
    });
    futures_util::future::join_all(asking).await;
    let lengths: usize = wanted.iter().map(|body| body.len()).sum();
    assert_eq!(bytes_in_files(&app).await, if cfg!(target_os = "linux") { lengths } else { 0 });
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_closes_after_the_answer_gets_all_of_it() {
    let (app, served) = started().await;
    let wanted = app.get("/npm/right-pad").await.body;
    let asked = format!("GET /npm/right-pad HTTP/1.1\r\n{GET}Connection: close\r\n\r\n");
    for time in 0..OFTEN {
        let answer = served.raw(&asked).await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(body.as_bytes() == wanted, "{time}");
    }
    served.stop().await;
}
