//! The registry's signatures: they come through as they were made, and one that does not fit is told.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_upstream::testing::{FakeUpstream, Reply};
use serde_json::json;
use sha2::{Digest, Sha512};
use tokio::runtime::Runtime;

use crate::cells::{Cell, shows};
use crate::client::Client;
use crate::report::Finding;
use crate::seat::Seat;
use crate::support::gate::Launch;

pub(crate) const CELL: Cell = Cell { name: "signatures", concerns: |client| command(client).is_some(), work };

/// In the place of what npm fetches from a host of its own before it asks the registry: a trust root that knows no registry.
const NO_TRUST_ROOT: &str = "\
const Module = require('module')
const load = Module._load
const none = async () => { throw Object.assign(new Error('no such target'), { code: 'TUF_FIND_TARGET_ERROR' }) }
Module._load = function (request, ...rest) {
  return request === '@sigstore/tuf' ? { initTUF: async () => ({ getTarget: none }) } : load.call(this, request, ...rest)
}
";

fn command(client: &Client) -> Option<&'static str> {
    match (client.agent, client.name) {
        ("npm", _) => Some("NODE_OPTIONS=--require=$HOME/no-trust-root.cjs npm audit signatures"),
        (_, "pnpm 12") => Some("pnpm audit signatures"),
        _ => None,
    }
}

/// A registry with a key, and two packages of one release: one signed as it is, the other as something else. Attestations are
/// an empty list, which npm 10 does not take.
fn registry(folder: &Path, attested: bool) -> (Runtime, FakeUpstream) {
    let runtime = Runtime::new().expect("a runtime");
    let fake = runtime.block_on(FakeUpstream::start());
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
    let public = STANDARD.encode(key.public_key().as_der().expect("a public key").as_ref());
    let kind = "ecdsa-sha2-nistp256";
    let keys = json!([{"expires": null, "keyid": "SHA256:test", "keytype": kind, "scheme": kind, "key": public}]);
    fake.on("/-/npm/v1/keys", Reply::json(json!({"keys": keys}).to_string()));
    for (name, signed_as) in [("well-signed", "well-signed"), ("badly-signed", "another")] {
        let tarball = tarball(folder, name);
        let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(&tarball)));
        let message = format!("{signed_as}@1.0.0:{integrity}");
        let signature = key.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        let (file, attestations) =
            (format!("{name}/-/{name}-1.0.0.tgz"), format!("-/npm/v1/attestations/{name}@1.0.0"));
        let mut dist = json!({
            "tarball": fake.at(&file).as_str(), "integrity": integrity,
            "signatures": [{"keyid": "SHA256:test", "sig": STANDARD.encode(signature.as_ref())}],
        });
        if attested {
            dist["attestations"] =
                json!({"url": fake.at(&attestations).as_str(), "provenance": {"predicateType": "x"}});
        }
        let document = json!({
            "name": name, "dist-tags": {"latest": "1.0.0"}, "time": {"1.0.0": "2026-01-01T00:00:00.000Z"},
            "versions": {"1.0.0": {"name": name, "version": "1.0.0", "dist": dist}},
        });
        fake.on(&format!("/{name}"), Reply::json(document.to_string()));
        fake.on(&format!("/{file}"), Reply::ok("application/octet-stream", tarball));
        fake.on(&format!("/{attestations}"), Reply::json(r#"{"attestations":[]}"#));
    }
    (runtime, fake)
}

fn tarball(folder: &Path, name: &str) -> Vec<u8> {
    let package = folder.join("package");
    std::fs::create_dir_all(&package).expect("a folder");
    let manifest = json!({"name": name, "version": "1.0.0", "license": "MIT"}).to_string();
    std::fs::write(package.join("package.json"), manifest).expect("a manifest");
    let packed = Command::new("tar").args(["-czf", "-", "package"]).current_dir(folder).output().expect("tar");
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    packed.stdout
}

fn work(client: &'static Client) -> Vec<Finding> {
    let launch = Launch::new();
    let attested = client.name != "npm 10";
    let (_runtime, fake) = registry(launch.folder(), attested);
    let launch = launch.set(&format!("upstream.npm.url={}", fake.url())).set("upstream.pypi.enabled=false");
    let gate = launch.set("artifacts.mode=stream").start();
    let audit = |package: &'static str| {
        let seat = Seat::anonymous(client, &gate);
        seat.home.write("~/no-trust-root.cjs", NO_TRUST_ROOT);
        seat.wants(&[(package, "1.0.0")]);
        seat.install().succeeded();
        let ran = seat.run(command(client).expect("a command"));
        (seat, ran)
    };
    let (seat, ran) = audit("well-signed");
    let ran = ran.succeeded();
    let mut findings = vec![Finding::new("signatures", "verified")];
    let right: &[&str] = match attested && client.agent == "npm" {
        true => &["1 package has a verified registry signature", "1 package has a verified attestation"],
        false => &["1 package has a verified registry signature"],
    };
    findings.extend(shows(&seat, &ran, "Signatures that fit", right));
    let (seat, ran) = audit("badly-signed");
    assert!(!ran.ok(), "a signature of something else was taken: {}", ran.text);
    findings.extend(shows(
        &seat,
        &ran,
        "A signature that does not fit",
        &["1 package has an invalid registry signature"],
    ));
    findings
}
