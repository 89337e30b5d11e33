//! Who is in a private upstream's audience, and what everybody else learns: nothing.

use sekisho_core::org::Role;
use sekisho_oidc::testing::TestKey;
use sekisho_testkit::{Answer, Ask, FakeUpstream, Setup, fixtures};
use sha2::{Digest, Sha256};

use super::{WAYS, configured, world};
use crate::login::Login;
use crate::support::{assert_problem, without_style};

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
