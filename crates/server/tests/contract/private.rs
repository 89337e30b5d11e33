//! Private upstreams: whose names are asked where, with whose credentials, and who learns that they are there.

use sekisho_core::org::Role;
use sekisho_oidc::testing::TestKey;
use sekisho_testkit::{Answer, Ask, FakeUpstream, Person, Reply, Setup, TestApp, fixtures};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::artifacts::{FILES, content, documents, serve, until_kept};
use crate::login::Login;
use crate::support::{assert_problem, without_style};

const SECRET: &str = "upstream-s3cret";

/// A public registry and a private one. The public one has packages of the private names too: those of somebody who
/// hopes that they are installed instead.
struct World {
    app: TestApp,
    private: FakeUpstream,
    member: Person,
    stranger: Person,
}

fn configured(private: &FakeUpstream, audience: &str) -> String {
    let of = |ecosystem: &str, name: &str, path: &str, packages: &str| {
        format!(
            "[upstream.private.{name}]\necosystem = \"{ecosystem}\"\nurl = \"{}\"\npackages = [{packages}]\n\
             token = \"{SECRET}\"\naudience = {audience}\n",
            private.at(path)
        )
    };
    of("npm", "acme-npm", "npm", "\"@acme/*\", \"acme-*\"") + &of("pypi", "acme-pypi", "simple", "\"acme-*\"")
}

async fn world(audience: &str) -> World {
    let private = FakeUpstream::start().await;
    let app = Setup::default()
        .file(&configured(&private, audience))
        .malware("MAL-2026-1", "pkg:npm/%40acme/core@1.0.1")
        .start()
        .await;
    private.on("/npm/-/npm/v1/attestations/@acme%2Fcore@1.0.0", Reply::json(r#"{"attestations":[]}"#));
    for upstream in [&private, &app.upstream] {
        fixtures::npm(upstream, "@acme/core", &["1.0.0", "1.0.1"]);
        fixtures::pypi(upstream, "acme-tools", &["1.0"]);
    }
    fixtures::npm(&app.upstream, "left-pad", &["1.3.0"]);
    fixtures::npm(&app.upstream, "@acme/only-public", &["9.9.9"]);
    let member = app.register("dev@acme.example").await;
    let stranger = app.register("dev@acme.example.evil.example").await;
    World { app, private, member, stranger }
}

/// Every way to ask for something of the private names.
const WAYS: [&str; 11] = [
    "/npm/@acme/core",
    "/npm/@acme%2fcore",
    "/npm/@acme/core/1.0.0",
    "/npm/@acme/core/latest",
    "/npm/@acme/core/-/core-1.0.0.tgz",
    "/npm/-/package/@acme%2fcore/dist-tags",
    "/npm/-/npm/v1/attestations/@acme%2fcore@1.0.0",
    "/pypi/simple/acme-tools/",
    "/pypi/files/acme-tools/acme_tools-1.0-py3-none-any.whl",
    "/pypi/files/acme-tools/acme_tools-1.0-py3-none-any.whl.metadata",
    "/why/npm/@acme/core/1.0.0",
];

impl World {
    async fn as_member(&self, path: &str) -> Answer {
        self.app.ask(Ask::get(path).bearer(&self.member.key)).await
    }
}

#[tokio::test]
async fn who_is_in_the_audience_gets_private_packages() {
    let world = world("[\"domain:acme.example\"]").await;
    for path in WAYS {
        let answer = world.as_member(path).await;
        // Never a redirect: the registry would not answer the client.
        assert_eq!(answer.status, 200, "{path}: {}", answer.show());
        let head = world.app.ask(Ask::head(path).bearer(&world.member.key)).await;
        assert!(head.status == 200, "HEAD {path}: {}", head.show());
    }
}

#[tokio::test]
async fn to_everybody_else_private_names_are_not_there_in_any_way() {
    let world = world("[\"domain:acme.example\"]").await;
    // Everything is in the caches by now.
    for path in WAYS {
        world.as_member(path).await;
    }
    let asked = world.private.requests().len();
    for path in WAYS {
        for method in ["GET", "HEAD"] {
            let anonymous = world.app.ask(Ask::new(method, path)).await;
            let stranger = world.app.ask(Ask::new(method, path).bearer(&world.stranger.key)).await;
            // The page about a verdict says of it what it says of a name that nobody has.
            let wanted = if path.starts_with("/why/") { 200 } else { 404 };
            assert_eq!((anonymous.status, stranger.status), (wanted, wanted), "{method} {path}: {}", stranger.show());
        }
    }
    assert_eq!(world.private.requests().len(), asked, "nobody asked the private registry for them");
}

#[tokio::test]
async fn a_private_name_is_refused_in_the_words_of_a_name_that_nobody_has() {
    let world = world("[\"domain:acme.example\"]").await;
    let private = world.app.get("/npm/@acme/core").await;
    let nowhere = world.app.get("/npm/@other/core").await;
    assert_problem(&private, 404, "not_found");
    let without_id = |answer: &Answer| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        body.to_string().replace("@acme", "@other")
    };
    assert_eq!(without_id(&private), without_id(&nowhere));
    let names = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&private), names(&nowhere));
}

#[tokio::test]
async fn the_page_about_a_verdict_does_not_tell_a_private_name_from_one_that_nobody_has() {
    let world = world("[\"domain:acme.example\"]").await;
    let why = async |name: &str| {
        let page = without_style(&world.app.get(&format!("/why/npm/{name}")).await.text());
        page.replace("@acme", "@other")
            .replace("%40acme", "%40other")
            .replace("acme-", "nobody-")
            .replace("acme%2D", "nobody%2D")
    };
    // 1.0.1 is refused, and to a stranger that is not there either.
    assert_eq!(why("@acme/core/1.0.1").await, why("@other/core/1.0.1").await);
    assert_eq!(why("acme-zzz").await, why("nobody-zzz").await);
    let member = world.as_member("/why/npm/@acme/core/1.0.1").await.text();
    assert!(member.contains("MAL-2026-1"), "{member}");
}

#[tokio::test]
async fn nobody_is_in_an_audience_that_is_not_named() {
    let world = world("[]").await;
    for path in WAYS {
        let wanted = if path.starts_with("/why/") { 200 } else { 404 };
        assert_eq!(world.as_member(path).await.status, wanted, "{path}");
    }
    assert!(world.private.requests().is_empty());
}

#[tokio::test]
async fn an_audience_is_a_token_an_address_everybody_with_a_token_or_everybody() {
    for (audience, member, stranger, anonymous) in [
        ("[\"address:dev@acme.example\"]".to_owned(), 200, 404, 404),
        ("[\"personal\"]".to_owned(), 200, 200, 404),
        ("[\"anonymous\"]".to_owned(), 404, 404, 200),
    ] {
        let world = world(&audience).await;
        let path = "/npm/@acme/core";
        assert_eq!(world.as_member(path).await.status, member, "{audience}");
        let answer = world.app.ask(Ask::get(path).bearer(&world.stranger.key)).await;
        assert_eq!(answer.status, stranger, "{audience}");
        assert_eq!(world.app.get(path).await.status, anonymous, "{audience}");
    }
}

#[tokio::test]
async fn a_domain_in_the_audience_is_not_the_domains_below_it() {
    let world = world("[\"domain:acme.example\"]").await;
    let below = world.app.register("dev@sub.acme.example").await;
    for path in WAYS.into_iter().filter(|path| !path.starts_with("/why/")) {
        assert_eq!(world.app.ask(Ask::get(path).bearer(&below.key)).await.status, 404, "{path}");
    }
    assert!(world.private.requests().is_empty());
}

#[tokio::test]
async fn a_token_in_the_audience_is_that_one_and_no_other_of_the_same_person() {
    let mut world = world("[]").await;
    let login = Login::start(&world.app).await;
    login.confirm(&world.app, "dev@acme.example").await;
    let other_key = login.key(&world.app).await;
    let hash: String = Sha256::digest(&world.member.key).iter().map(|byte| format!("{byte:02x}")).collect();
    world
        .app
        .restart_with(|settings| {
            for private in settings.upstream.private.values_mut() {
                private.audience = vec![format!("token:{hash}").try_into().unwrap()];
            }
        })
        .await;
    for path in WAYS.into_iter().filter(|path| !path.starts_with("/why/")) {
        assert_eq!(world.as_member(path).await.status, 200, "{path}");
        for other in [&other_key, &world.stranger.key] {
            assert_eq!(world.app.ask(Ask::get(path).bearer(other)).await.status, 404, "{path}");
        }
        assert_eq!(world.app.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_organisation_in_the_audience_is_its_tokens_and_pipelines_and_nobody_else() {
    // The first organisation of a test, told apart by nothing but its id.
    let private = FakeUpstream::start().await;
    let id = sekisho_core::id::OrgId(uuid::Uuid::from_u128(0x0199_aabb_ccdd_7eee_8fff_0011_2233_4455));
    let app = Setup::default().file(&configured(&private, &format!("[\"organisation:{id}\"]"))).start().await;
    fixtures::npm(&private, "@acme/core", &["1.0.0"]);
    fixtures::pypi(&private, "acme-tools", &["1.0"]);
    app.organisation_with_id(id, "acme").await;
    let other = app.organisation("other").await;
    let (ours, theirs) =
        (app.org_token(id, "dev@acme.example", None).await, app.org_token(other, "dev@acme.example", None).await);
    let bot = app.bot(id, Role::Owner).await;
    let person = app.register("dev@acme.example").await;
    let issuer = app.issuer(TestKey::ed25519("key-1"));
    let pipeline = async |org| {
        let bot = app.bot(org, Role::GuardViewer).await.id;
        app.trust(org, bot, &app.github_conditions(&issuer)).await;
        let mut claims = app.github_claims(&issuer);
        claims["jti"] = org.to_string().into();
        app.session(bot, &issuer.key.token(&claims)).await
    };
    let (our_pipeline, their_pipeline) = (pipeline(id).await, pipeline(other).await);
    for path in ["/npm/@acme/core", "/npm/@acme/core/-/core-1.0.0.tgz", "/pypi/simple/acme-tools/"] {
        let status = async |credential: &str| app.ask(Ask::get(path).bearer(credential)).await.status;
        assert_eq!(status(&ours.key).await, 200, "{path}");
        assert_eq!((status(&theirs.key).await, status(&person.key).await), (404, 404), "{path}");
        assert_eq!((status(&our_pipeline).await, status(&their_pipeline).await), (200, 404), "{path}");
        assert_eq!((status(&bot.credential).await, app.get(path).await.status), (403, 404), "{path}");
    }
}

#[tokio::test]
async fn a_private_name_is_never_asked_from_the_public_registry() {
    let world = world("[\"domain:acme.example\"]").await;
    // Not there, broken, away: whatever the private registry answers, the public one is not asked.
    assert_problem(&world.as_member("/npm/@acme/only-public").await, 404, "not_found");
    fixtures::npm_reply(&world.private, "@acme/broken", Reply::status(500));
    assert_eq!(world.as_member("/npm/@acme/broken").await.status, 503);
    fixtures::pypi_reply(&world.private, "acme-broken", Reply::status(403));
    assert_eq!(world.as_member("/pypi/simple/acme-broken/").await.status, 503);
    world.private.stop();
    for path in ["/npm/@acme/other", "/npm/acme-x", "/npm/@ACME/core", "/pypi/simple/acme-x/", "/pypi/simple/Acme_X/"] {
        let answer = world.as_member(path).await;
        assert!(matches!(answer.status, 301 | 503), "{path}: {}", answer.show());
    }
    let public = world.app.upstream.requests();
    assert!(public.is_empty(), "the public registry was asked for {public:?}");
}

#[tokio::test]
async fn a_public_name_is_never_asked_from_a_private_registry() {
    let world = world("[\"domain:acme.example\"]").await;
    fixtures::npm(&world.private, "left-pad", &["6.6.6"]);
    let answer = world.as_member("/npm/left-pad").await;
    assert_eq!(answer.json()["dist-tags"]["latest"], "1.3.0");
    assert!(world.private.requests().is_empty());
}

#[tokio::test]
async fn our_credentials_go_to_their_own_registry_and_nowhere_else() {
    let world = world("[\"domain:acme.example\"]").await;
    for path in WAYS {
        world.as_member(path).await;
    }
    world.as_member("/npm/left-pad").await;
    // A document that points to another host, and a redirect to one.
    let elsewhere = FakeUpstream::start().await;
    let stolen = fixtures::packument(&elsewhere, "acme-stolen", &["1.0.0"]).to_string();
    fixtures::npm_document(&world.private, "acme-stolen", &stolen);
    world.as_member("/npm/acme-stolen/-/acme-stolen-1.0.0.tgz").await;
    fixtures::npm_reply(&world.private, "acme-moved", Reply::redirect(elsewhere.at("npm/acme-moved").as_str()));
    world.as_member("/npm/acme-moved").await;

    assert!(sent(&world.private).len() >= 3);
    assert!(sent(&world.private).iter().all(|v| v.as_deref() == Some(&format!("Bearer {SECRET}"))));
    assert!(sent(&world.app.upstream).iter().all(Option::is_none));
    assert!(sent(&elsewhere).iter().all(Option::is_none), "{:?}", elsewhere.requests());
}

/// The `Authorization` of every request that came.
fn sent(upstream: &FakeUpstream) -> Vec<Option<String>> {
    let requests = upstream.requests();
    requests.iter().map(|r| r.headers.get("authorization").map(|v| v.to_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn of_two_private_registries_each_sees_its_own_credentials_in_whatever_order_they_are_asked() {
    for order in [["acme", "corp"], ["corp", "acme"]] {
        let (acme, corp) = (FakeUpstream::start().await, FakeUpstream::start().await);
        let of = |name: &str, upstream: &FakeUpstream| {
            format!(
                "[upstream.private.{name}]\necosystem = \"npm\"\nurl = \"{}\"\npackages = [\"@{name}/*\"]\n\
                 token = \"of-{name}\"\naudience = [\"anonymous\"]\n",
                upstream.at("npm")
            )
        };
        let app = Setup::default().file(&(of("acme", &acme) + &of("corp", &corp))).start().await;
        fixtures::npm(&acme, "@acme/core", &["1.0.0"]);
        fixtures::npm(&corp, "@corp/core", &["1.0.0"]);
        // A document of the one registry whose file lies at the other.
        let astray = "/npm/@acme/astray/-/astray-1.0.0.tgz";
        fixtures::npm_document(
            &acme,
            "@acme/astray",
            &fixtures::packument(&corp, "@acme/astray", &["1.0.0"]).to_string(),
        );
        corp.on(astray, Reply::ok("application/octet-stream", "a tarball"));
        for name in order {
            for path in [format!("/npm/@{name}/core"), format!("/npm/@{name}/core/-/core-1.0.0.tgz")] {
                let answer = app.get(&path).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.show());
            }
            assert_problem(&app.get(astray).await, 503, "upstream_unavailable");
        }
        for (name, upstream, least) in [("acme", &acme, 3), ("corp", &corp, 2)] {
            let (sent, own) = (sent(upstream), Some(format!("Bearer of-{name}")));
            assert!(sent.len() >= least && sent.iter().all(|v| *v == own), "{name}: {sent:?}");
        }
        assert!(sent(&app.upstream).is_empty());
    }
}

#[tokio::test]
async fn what_is_refused_is_refused_of_a_private_registry_too() {
    let world = world("[\"domain:acme.example\"]").await;
    let document = world.as_member("/npm/@acme/core").await.json();
    assert_eq!(document["dist-tags"]["latest"], "1.0.0");
    let answer = world.as_member("/npm/@acme/core/-/core-1.0.1.tgz").await;
    assert_problem(&answer, 403, "package_blocked");
    // To a stranger even the refusal is not there: it would tell that the name is somebody's.
    assert_eq!(world.app.get("/npm/@acme/core/-/core-1.0.1.tgz").await.status, 404);
}

/// The common registries behind credentials: for the addresses of one domain.
struct Closed {
    app: TestApp,
    registry: FakeUpstream,
    member: Person,
    stranger: Person,
}

async fn closed(mode: &str) -> Closed {
    let registry = FakeUpstream::start().await;
    let of = |ecosystem: &str, path: &str| {
        let url = registry.at(path);
        format!("[upstream.{ecosystem}]\nurl = \"{url}\"\ntoken = \"{SECRET}\"\naudience = [\"domain:acme.example\"]\n")
    };
    let setup = Setup::default().file(&(of("npm", "npm") + &of("pypi", "simple")));
    let app = setup.set("artifacts.mode", mode).start().await;
    fixtures::pypi(&registry, "flask", &["1.0"]);
    documents(&registry, &content());
    serve(&registry, || Reply::ok("application/octet-stream", content()).ranges());
    let key = json!({"expires": null, "keyid": "SHA256:x", "keytype": "k", "scheme": "s", "key": "MFkw=="});
    registry.on("/npm/-/npm/v1/keys", Reply::json(json!({ "keys": [key] }).to_string()));
    registry.on("/npm/-/npm/v1/attestations/left-pad@1.0.0", Reply::json(r#"{"attestations":[]}"#));
    let found = json!({"objects": [{"package": {"name": "left-pad", "version": "1.0.0"}}], "total": 1});
    registry.on("/npm/-/v1/search?text=pad", Reply::json(found.to_string()));
    let member = app.register("dev@acme.example").await;
    let stranger = app.register("dev@elsewhere.example").await;
    Closed { app, registry, member, stranger }
}

#[tokio::test]
async fn files_of_a_common_registry_with_credentials_come_through_the_server_in_every_mode() {
    for mode in ["redirect", "stream", "cache"] {
        let closed = closed(mode).await;
        for round in [1, 2] {
            for (path, upstream) in FILES {
                let answer = closed.app.ask(Ask::get(path).bearer(&closed.member.key)).await;
                assert_eq!((answer.status, answer.header("location")), (200, None), "{mode} {path}");
                assert!(answer.body == content(), "{mode} {path}");
                let downloads = if mode == "cache" { 1 } else { round };
                assert_eq!(closed.registry.count(upstream), downloads, "{mode} {path}");
            }
            if mode == "cache" {
                until_kept(&closed.app, 2).await;
            }
        }
        let sent = sent(&closed.registry);
        assert!(sent.iter().all(|v| v.as_deref() == Some(&format!("Bearer {SECRET}"))), "{mode}: {sent:?}");
    }
}

#[tokio::test]
async fn outside_its_audience_a_common_registry_with_credentials_has_nothing() {
    let closed = closed("cache").await;
    let search = "/npm/-/v1/search?text=pad";
    let ways = [
        "/npm/left-pad",
        "/npm/left-pad/1.0.0",
        "/npm/left-pad/latest",
        FILES[0].0,
        "/npm/-/package/left-pad/dist-tags",
        "/npm/-/npm/v1/attestations/left-pad@1.0.0",
        "/npm/-/npm/v1/keys",
        "/pypi/simple/flask/",
        FILES[1].0,
        "/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata",
    ];
    for path in ways.into_iter().chain([search]) {
        let answer = closed.app.ask(Ask::get(path).bearer(&closed.member.key)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.show());
    }
    // Everything is in the caches by now.
    until_kept(&closed.app, 2).await;
    let asked = closed.registry.requests().len();
    for method in ["GET", "HEAD"] {
        for path in ways {
            let ask = || Ask::new(method, path);
            let stranger = closed.app.ask(ask().bearer(&closed.stranger.key)).await;
            assert_eq!(stranger.status, 404, "{method} {path}: {}", stranger.show());
            assert_eq!(closed.app.ask(ask()).await.status, 404, "{method} {path}");
        }
    }
    // A search is no name that could be missing: nothing is found.
    let found = async |ask: Ask| closed.app.ask(ask).await.json()["objects"].as_array().map(Vec::len);
    assert_eq!(found(Ask::get(search).bearer(&closed.member.key)).await, Some(1));
    assert_eq!(found(Ask::get(search).bearer(&closed.stranger.key)).await, Some(0));
    assert_eq!(found(Ask::get(search)).await, Some(0));
    assert_eq!(closed.registry.requests().len(), asked, "nobody asked the registry for them");
}

#[tokio::test]
async fn scanners_hear_of_private_names_in_the_audience_only() {
    let world = world("[\"domain:acme.example\"]").await;
    let query = json!({"package": {"name": "@acme/core", "ecosystem": "npm"}, "version": "1.0.1"});
    let purl = json!({"package": {"purl": "pkg:npm/%40acme/core@1.0.1"}});
    let batch = json!({"queries": [query, purl]}).to_string();
    let records = ["MAL-2026-1", "MAL-SEKISHO-npm-@acme+core@1.0.1"].map(|id| format!("/osv/v1/vulns/{id}"));

    let ask = async |ask: Ask, key: Option<&str>| match key {
        Some(key) => world.app.ask(ask.bearer(key)).await,
        None => world.app.ask(ask).await,
    };
    let ids = |found: &Value| -> Vec<Value> {
        found["vulns"].as_array().unwrap().iter().map(|record| record["id"].clone()).collect()
    };
    let member = Some(&*world.member.key);
    let one = ask(Ask::post("/osv/v1/query", query.to_string()), member).await.json();
    assert_eq!(ids(&one), ["MAL-2026-1"]);
    let many = ask(Ask::post("/osv/v1/querybatch", batch.clone()), member).await.json();
    assert!(many["results"].as_array().unwrap().iter().all(|found| ids(found) == ["MAL-2026-1"]), "{many}");
    for path in &records {
        assert_eq!(ask(Ask::get(path), member).await.status, 200, "{path}");
    }
    for key in [Some(&*world.stranger.key), None] {
        for asked in [&query, &purl] {
            assert_eq!(ask(Ask::post("/osv/v1/query", asked.to_string()), key).await.json(), json!({}));
        }
        let many = ask(Ask::post("/osv/v1/querybatch", batch.clone()), key).await.json();
        assert_eq!(many, json!({"results": [{}, {}]}));
        for path in &records {
            assert_problem(&ask(Ask::get(path), key).await, 404, "not_found");
        }
    }
}

#[tokio::test]
async fn an_audit_says_no_private_name_to_the_public_registry_and_nothing_of_it_to_others() {
    let world = world("[\"domain:acme.example\"]").await;
    let bulk = "/npm/-/npm/v1/security/advisories/bulk";
    let quick = "/npm/-/npm/v1/security/audits/quick";
    let theirs = r#"{"@acme/core":[{"id":1,"title":"somebody else's"}],"left-pad":[{"id":2,"title":"public"}]}"#;
    world.app.upstream.on(bulk, Reply::json(theirs));
    let names = r#"{"@acme/core":["1.0.1"],"@ACME/Other":["1.0.0"],"left-pad":["1.3.0"]}"#;
    let tree = r#"{"dependencies":{"@acme/core":{"version":"1.0.1"},"left-pad":{"version":"1.3.0"}}}"#;
    for (path, body) in [(bulk, names), (quick, tree)] {
        let member = world.app.ask(Ask::post(path, body).bearer(&world.member.key)).await.text();
        let stranger = world.app.ask(Ask::post(path, body).bearer(&world.stranger.key)).await.text();
        assert!(member.contains("MAL-2026-1") && member.contains("public"), "{member}");
        assert!(!stranger.contains("MAL-2026-1") && stranger.contains("public"), "{stranger}");
        assert!(!format!("{member}{stranger}").contains("somebody else"), "{member}");
    }
    for sent in world.app.upstream.requests() {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*sent.body), &mut text).unwrap();
        assert_eq!((sent.path.as_str(), text.as_str()), (bulk, r#"{"left-pad":["1.3.0"]}"#));
        assert!(sent.headers.get("authorization").is_none());
    }
    assert!(world.private.requests().is_empty());
}

#[tokio::test]
async fn an_audit_says_no_private_name_in_the_place_of_a_version_either() {
    let world = world("[\"domain:acme.example\"]").await;
    let bulk = "/npm/-/npm/v1/security/advisories/bulk";
    let quick = "/npm/-/npm/v1/security/audits/quick";
    world.app.upstream.on(bulk, Reply::json("{}"));
    let names = r#"{"x":["npm:@acme/tool@1.0.0"],"y":["git+ssh://host.example/acme/tool","npm:@acme/tool"]}"#;
    let tree = r#"{"dependencies":{"x":{"version":"npm:@acme/tool@1.0.0"},"y":{"version":"file:../acme"}}}"#;
    for (path, body) in [(bulk, names), (quick, tree)] {
        let answer = world.app.ask(Ask::post(path, body).bearer(&world.member.key)).await;
        assert_eq!(answer.status, 200, "{}", answer.show());
    }
    assert!(world.app.upstream.requests().is_empty(), "nothing was left to ask");
    let core = r#"{"x":["npm:@acme/core@1.0.1"]}"#;
    let member = world.app.ask(Ask::post(bulk, core).bearer(&world.member.key)).await.text();
    let stranger = world.app.ask(Ask::post(bulk, core).bearer(&world.stranger.key)).await.text();
    assert!(member.contains("MAL-2026-1") && !stranger.contains("MAL-2026-1"), "{member} {stranger}");
}

#[tokio::test]
async fn a_search_says_no_private_name_to_the_public_registry_and_shows_none_of_its() {
    let world = world("[\"domain:acme.example\"]").await;
    let found = r#"{"objects":[{"package":{"name":"@acme/core","version":"9.9.9"}},{"package":{"name":"left-pad","version":"1.3.0"}}]}"#;
    world.app.upstream.on("/npm/-/v1/search?text=pad", Reply::json(found));
    for text in [
        "pad%20@acme/core",
        "@ACME%20pad",
        "scope:acme%20pad",
        "pad+acme-secret",
        "pad%20@acme/tool@1.0.0",
        "pad%20acme-x,acme-y",
        "pad%20(npm:@acme/tool)",
        "pad%20@acme/tool/",
        "pad+%22acme-secret%22",
        "@acme/%20pad",
    ] {
        let answer = world.as_member(&format!("/npm/-/v1/search?text={text}")).await;
        let objects = answer.json()["objects"].clone();
        assert_eq!(objects.as_array().map(Vec::len), Some(1), "{text}: {}", answer.show());
        assert_eq!(objects[0]["package"]["name"], "left-pad", "{text}");
    }
    let asked: Vec<String> = world.app.upstream.requests().into_iter().map(|sent| sent.path).collect();
    assert_eq!(asked, ["/npm/-/v1/search?text=pad"]);
}
