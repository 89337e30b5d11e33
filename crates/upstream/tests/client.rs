//! The client before an upstream that is slow, broken, lying, redirecting or far too large.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use sekisho_core::Ecosystem;
use sekisho_upstream::testing::{FakeUpstream, Reply};
use sekisho_upstream::{
    Client, ClientConfig, FetchError, Fetched, FetchedBody, Hops, Unavailable, Upstream, Validators,
};

struct World {
    fake: FakeUpstream,
    upstream: Upstream,
    client: Client,
}

impl World {
    async fn new() -> World {
        World::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut ClientConfig)) -> World {
        let fake = FakeUpstream::start().await;
        let upstream = Upstream::new(Ecosystem::Npm, &fake.url()).unwrap();
        let mut config = ClientConfig { system_proxy: false, ..ClientConfig::new("9.9", "ab12", []) };
        change(&mut config);
        World { fake, upstream, client: Client::new(config, Arc::default()).unwrap() }
    }

    async fn fetch(&self, path: &str) -> Result<FetchedBody, FetchError> {
        self.conditional(path, &Validators::default()).await.map(|fetched| match fetched {
            Fetched::Body(body) => *body,
            Fetched::NotModified { .. } => panic!("304 without a condition"),
        })
    }

    async fn conditional(&self, path: &str, known: &Validators) -> Result<Fetched, FetchError> {
        self.client.fetch(&self.upstream, &self.fake.at(path), "application/json", known, &Hops::default()).await
    }

    /// The error that this reply leads to.
    async fn error(&self, reply: Reply) -> FetchError {
        self.fake.on("/x", reply);
        self.fetch("/x").await.unwrap_err()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const TIMEOUT: FetchError = FetchError::Unavailable(Unavailable::Timeout);
const TRUNCATED: FetchError = FetchError::Unavailable(Unavailable::Truncated);

#[tokio::test]
async fn a_document_arrives_with_what_is_known_of_it_and_nothing_of_a_callers_is_sent() {
    let world = World::new().await;
    let reply = Reply::json("{}").etag("\"a\"").header("last-modified", "Mon, 23 Nov 2026 09:00:00 GMT");
    world.fake.on("/x", reply.header("cache-control", "max-age=5").header("set-cookie", "a=b"));
    let body = world.fetch("/x").await.unwrap();
    assert_eq!((&body.bytes[..], body.content_type.as_str()), (&b"{}"[..], "application/json"));
    assert_eq!(body.validators.etag.as_deref(), Some("\"a\""));
    assert_eq!(body.validators.last_modified.as_deref(), Some("Mon, 23 Nov 2026 09:00:00 GMT"));
    assert_eq!(body.cache_control.as_deref(), Some("max-age=5"));
    world.fetch("/x").await.unwrap();
    let seen = &world.fake.requests()[1];
    let mut headers: Vec<String> = seen
        .headers
        .iter()
        .filter(|(name, _)| *name != "host")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let sent =
        ["accept-encoding: gzip", "accept: application/json", "user-agent: sekisho/9.9", "via: 1.1 sekisho-ab12"];
    assert_eq!(headers, sent);
}

#[tokio::test]
async fn what_is_known_is_asked_for_by_its_validators() {
    let world = World::new().await;
    world.fake.on("/x", Reply::json("{}").etag("\"a\"").header("cache-control", "max-age=7"));
    let known = Validators { etag: Some("\"a\"".into()), last_modified: None };
    let Fetched::NotModified { cache_control } = world.conditional("/x", &known).await.unwrap() else {
        panic!("fetched again")
    };
    assert_eq!(cache_control.as_deref(), Some("max-age=7"));
    assert_eq!(world.error(Reply::status(304)).await, FetchError::Invalid("unexpected status 304".into()));
}

#[tokio::test]
async fn every_status_has_its_error() {
    let world = World::with(|c| c.patience = Duration::from_secs(5)).await;
    for status in [401, 403, 407, 429, 451] {
        assert_eq!(world.error(Reply::status(status)).await, FetchError::Refused(status));
    }
    for status in [400, 405, 500, 503] {
        assert_eq!(world.error(Reply::status(status)).await, FetchError::Unavailable(Unavailable::Status(status)));
    }
    assert_eq!(world.error(Reply::status(404)).await, FetchError::NotFound);
    assert_eq!(world.error(Reply::status(410)).await, FetchError::NotFound);
    assert_eq!(world.error(Reply::status(508)).await, FetchError::Loop);
    assert_eq!(world.error(Reply::status(206)).await, FetchError::Invalid("unexpected status 206".into()));
}

#[tokio::test]
async fn a_hiccup_is_tried_again_and_a_plain_failure_is_not() {
    let world = World::new().await;
    world.fake.in_turn("/x", vec![Reply::status(502), Reply::dropped(), Reply::json("{}")]);
    assert!(world.fetch("/x").await.is_ok());
    assert_eq!(world.fake.count("/x"), 3);
    world.fake.on("/y", Reply::status(500));
    assert!(world.fetch("/y").await.is_err());
    assert_eq!(world.fake.count("/y"), 1);
    world.fake.stop();
    assert_eq!(world.fetch("/x").await.unwrap_err(), FetchError::Unavailable(Unavailable::Connect));
}

#[tokio::test]
async fn silence_ends_with_our_patience() {
    let world = World::with(|c| c.patience = Duration::from_millis(300)).await;
    let started = Instant::now();
    assert_eq!(world.error(Reply::json("{}").delay(Duration::from_secs(30))).await, TIMEOUT);
    assert_eq!(world.error(Reply::json("[1,2,3,4]").hang()).await, TIMEOUT);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_wait_for_a_place_and_one_for_the_head_share_one_patience() {
    let world = World::with(|c| (c.connections, c.patience) = (1, Duration::from_millis(1500))).await;
    world.fake.on("/held", Reply::json("[1,2,3,4]").header("content-length", "9"));
    world.fake.on("/x", Reply::json("{}").delay(Duration::from_millis(1000)));
    let held = world.client.stream(&world.upstream, &world.fake.at("/held"), None, 100).await.unwrap();
    let free = async {
        tokio::time::sleep(Duration::from_millis(1000)).await;
        drop(held);
    };
    let (outcome, ()) = tokio::join!(world.fetch("/x"), free);
    assert_eq!(outcome.unwrap_err(), TIMEOUT);
    assert!(world.fetch("/x").await.is_ok(), "with a place at once there is time enough");
}

#[tokio::test]
async fn a_body_that_arrives_slowly_may_take_longer_than_our_patience() {
    let world = World::with(|c| c.patience = Duration::from_millis(300)).await;
    world.fake.on("/x", Reply::json("[1,2,3]").drip(Duration::from_millis(100)));
    let started = Instant::now();
    assert_eq!(&world.fetch("/x").await.unwrap().bytes[..], b"[1,2,3]");
    assert!(started.elapsed() >= Duration::from_millis(700), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_body_that_goes_on_and_on_ends_with_the_time_for_a_whole_document() {
    let world = World::with(|c| c.total = Duration::from_millis(500)).await;
    let started = Instant::now();
    assert_eq!(world.error(Reply::json("[1,2,3]").drip(Duration::from_millis(100))).await, TIMEOUT);
    assert!(started.elapsed() >= Duration::from_millis(500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn half_a_body_is_not_a_body() {
    let world = World::new().await;
    assert_eq!(world.error(Reply::json("[1,2,3,4]").half()).await, TRUNCATED);
    assert_eq!(world.error(Reply::json("[1,2,3,4]").half().header("content-length", "9")).await, TRUNCATED);
    let zipped = gzip(&[b' '; 5000]);
    let reply = Reply::json(zipped[..zipped.len() / 2].to_vec()).header("content-encoding", "gzip");
    assert_eq!(world.error(reply).await, TRUNCATED);
}

#[tokio::test]
async fn far_too_large_is_refused_early_and_without_a_length() {
    let world = World::new().await;
    let limit = 64 << 20;
    let started = Instant::now();
    let announced = Reply::zeros(200 << 20).header("content-length", &(200 << 20).to_string());
    assert_eq!(world.error(announced).await, FetchError::TooLarge { limit });
    assert!(started.elapsed() < Duration::from_secs(1), "an announced length is not read");
    assert_eq!(world.error(Reply::zeros(200 << 20)).await, FetchError::TooLarge { limit });
    let mut stored = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    stored.write_all(&vec![0; (64 << 20) + 1]).unwrap();
    let zipped = Reply::json(stored.finish().unwrap()).header("content-encoding", "gzip");
    assert_eq!(world.error(zipped).await, FetchError::TooLarge { limit });
}

#[tokio::test]
async fn what_is_no_gzip_is_refused_before_all_of_it_is_read() {
    let world = World::new().await;
    let started = Instant::now();
    let junk = Reply::json(vec![b' '; 1 << 20]).header("content-encoding", "gzip").hang();
    assert_eq!(world.error(junk).await, FetchError::Invalid("broken gzip".into()));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn gzip_is_unpacked_and_a_bomb_stops_at_the_cap() {
    let world = World::with(|c| c.max_body = 1 << 20).await;
    world.fake.on("/ok", Reply::json(gzip(b"{\"a\":1}")).header("content-encoding", "gzip"));
    assert_eq!(world.fetch("/ok").await.unwrap().bytes, Bytes::from_static(b"{\"a\":1}"));
    let bomb = Reply::json(gzip(&vec![0; 64 << 20])).header("content-encoding", "gzip");
    assert_eq!(world.error(bomb).await, FetchError::TooLarge { limit: 1 << 20 });
    let odd = Reply::json("x").header("content-encoding", "br");
    assert_eq!(world.error(odd).await, FetchError::Invalid("a content encoding that was not asked for".into()));
    let lying = Reply::json("no gzip at all").header("content-encoding", "gzip");
    assert_eq!(world.error(lying).await, FetchError::Invalid("broken gzip".into()));
}

#[tokio::test]
async fn redirects_lead_only_where_the_upstream_may_send_us() {
    let world = World::new().await;
    world.fake.on("/there", Reply::json("{}"));
    world.fake.on("/x", Reply::redirect("/there"));
    assert_eq!(world.fetch("/x").await.unwrap().final_url, world.fake.at("/there"));
    for (target, why) in [
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 lies in a private network"),
        ("http://[::ffff:127.0.0.1]/", "[::ffff:7f00:1] lies in a private network"),
        ("http://127.0.0.1:1/", "127.0.0.1 lies in a private network"),
        ("https://localhost/", "localhost lies in a private network"),
        ("file:///etc/passwd", "scheme \"file\" is not allowed"),
        ("https://user:pw@files.example/", "the address has user info"),
    ] {
        assert_eq!(world.error(Reply::redirect(target)).await, FetchError::Invalid(why.into()), "{target}");
    }
    let nowhere = FetchError::Invalid("a redirect without a usable address".into());
    assert_eq!(world.error(Reply::status(302)).await, nowhere);
    assert_eq!(world.error(Reply::redirect("http://")).await, nowhere);
    let endless = world.error(Reply::redirect("/x")).await;
    assert_eq!(endless, FetchError::Unavailable(Unavailable::Redirects));
}

#[tokio::test]
async fn an_upstream_behind_tls_may_not_lead_below_it() {
    let world = World::new().await;
    let tls = Upstream::new(Ecosystem::Npm, "https://registry.example").unwrap();
    // A document's file address goes through the same guard as a redirect's.
    for bad in ["http://files.example/a.tgz", "https://10.0.0.1/a.tgz", "https://a:b@files.example/a.tgz"] {
        let error = world.client.head(&tls, &bad.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, FetchError::Invalid(_)), "{bad}: {error}");
    }
    assert!(world.fake.requests().is_empty());
}

#[tokio::test]
async fn the_environments_proxy_is_no_target() {
    let world = World::with(|c| c.proxy_hosts = vec!["proxy.example".into()]).await;
    let error = world.error(Reply::redirect("http://proxy.example:3128/")).await;
    assert_eq!(error, FetchError::Invalid("proxy.example lies in a private network".into()));
}

#[tokio::test]
async fn more_requests_than_connections_wait_for_their_turn() {
    let world = World::with(|c| c.connections = 2).await;
    world.fake.on("/x", Reply::json("{}").delay(Duration::from_millis(100)));
    let started = Instant::now();
    let all = futures_util::future::join_all((0..6).map(|_| world.fetch("/x"))).await;
    assert!(all.iter().all(Result::is_ok));
    assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_waiting_request_ends_with_our_patience() {
    let world = World::with(|c| (c.connections, c.patience) = (1, Duration::from_millis(200))).await;
    world.fake.on("/x", Reply::json("[1,2,3,4]").header("content-length", "9"));
    let held = world.client.stream(&world.upstream, &world.fake.at("/x"), None, 100).await.unwrap();
    assert_eq!(world.fetch("/x").await.unwrap_err(), FetchError::Unavailable(Unavailable::Busy));
    drop(held);
    assert!(world.fetch("/x").await.is_ok());
}

#[tokio::test]
async fn a_head_tells_size_and_type() {
    let world = World::new().await;
    world.fake.on("/a.tgz", Reply::ok("application/gzip", vec![1; 500]).header("accept-ranges", "bytes").etag("\"t\""));
    let head = world.client.head(&world.upstream, &world.fake.at("/a.tgz")).await.unwrap();
    assert_eq!((head.status, head.length, head.content_type.as_deref()), (200, Some(500), Some("application/gzip")));
    assert_eq!((head.accept_ranges.as_deref(), head.etag.as_deref()), (Some("bytes"), Some("\"t\"")));
    assert_eq!(world.client.head(&world.upstream, &world.fake.at("/b")).await, Err(FetchError::NotFound));
}

#[tokio::test]
async fn a_stream_passes_bytes_on_with_the_headers_that_describe_them() {
    let world = World::new().await;
    let reply = Reply::ok("text/plain", "Metadata-Version: 2.1\n").header("x-secret", "1").header("set-cookie", "a=b");
    world.fake.on("/m", reply);
    let streamed = world.client.stream(&world.upstream, &world.fake.at("/m"), None, 1000).await.unwrap();
    let mut names: Vec<&str> = streamed.headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!((streamed.status, names), (200, vec!["content-length", "content-type"]));
    let pieces: Vec<Bytes> = streamed.body.map(Result::unwrap).collect().await;
    assert_eq!(pieces.concat(), b"Metadata-Version: 2.1\n");
    assert_eq!(world.fake.requests()[0].headers["accept-encoding"], "identity");
}

#[tokio::test]
async fn a_range_is_asked_for_and_an_answer_with_another_status_is_not_taken() {
    let world = World::new().await;
    world.fake.on("/m", Reply::status(206).header("content-range", "bytes 0-0/5"));
    let range = world.client.stream(&world.upstream, &world.fake.at("/m"), Some("bytes=0-0"), 10).await.unwrap();
    assert_eq!((range.status, &range.headers["content-range"]), (206, &"bytes 0-0/5".parse().unwrap()));
    assert_eq!(world.fake.requests()[0].headers["range"], "bytes=0-0");
    let unasked = world.client.stream(&world.upstream, &world.fake.at("/m"), None, 10).await.unwrap_err();
    assert_eq!(unasked, FetchError::Invalid("unexpected status 206".into()));
}

#[tokio::test]
async fn a_stream_that_is_too_long_or_breaks_off_ends_with_an_error() {
    let world = World::new().await;
    world.fake.on("/big", Reply::zeros(1 << 20));
    let streamed = world.client.stream(&world.upstream, &world.fake.at("/big"), None, 1 << 19).await.unwrap();
    let mut items: Vec<_> = streamed.body.collect().await;
    assert_eq!(items.pop(), Some(Err(FetchError::TooLarge { limit: 1 << 19 })));
    let passed: usize = items.into_iter().map(|item| item.unwrap().len()).sum();
    assert!(passed <= 1 << 19);
    world.fake.on("/half", Reply::json("[1,2,3,4]").half());
    let streamed = world.client.stream(&world.upstream, &world.fake.at("/half"), None, 100).await.unwrap();
    let items: Vec<_> = streamed.body.collect().await;
    assert_eq!(items.last(), Some(&Err(TRUNCATED)));
}
