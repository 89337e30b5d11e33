//! Private upstreams: whose names are asked where, with whose credentials, and who learns that they are there.

mod audience;
mod common;
mod credentials;
mod names;

use sekisho_testkit::{Answer, Ask, FakeUpstream, Person, Reply, Setup, TestApp, fixtures};

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

/// The `Authorization` of every request that came.
fn sent(upstream: &FakeUpstream) -> Vec<Option<String>> {
    let requests = upstream.requests();
    requests.iter().map(|r| r.headers.get("authorization").map(|v| v.to_str().unwrap().to_owned())).collect()
}
