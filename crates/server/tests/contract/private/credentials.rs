//! Each private registry sees its own credentials, and nobody else does.

use sekisho_testkit::{FakeUpstream, Reply, Setup, fixtures};

use super::{SECRET, WAYS, sent, world};
use crate::support::assert_problem;

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
