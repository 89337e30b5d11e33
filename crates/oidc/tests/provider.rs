//! The authorization code flow with `oidc-provider`, a certified OpenID provider, which `scripts/test-tools` installs.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use common::client;
use sekisho_core::{Clock, Random, Timestamp};
use sekisho_oidc::{Issuer, Issuers, Refused, RelyingParty, SignIn, Timing};
use url::Url;
use zeroize::Zeroizing;

const REDIRECT: &str = "http://127.0.0.1:9/signed-in";

/// The provider signs with the machine's time.
struct Now;

impl Clock for Now {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp(i64::try_from(since.as_millis()).unwrap())
    }
}

/// Different bytes at each call.
struct Counting(std::sync::atomic::AtomicU8);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        out.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
    }
}

struct Provider {
    process: Child,
    issuer: String,
    cookies: tempfile::TempDir,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Provider {
    /// `None` where the tools are missing: `make quick` runs without them. CI has them.
    fn start() -> Option<Provider> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tools: PathBuf = here.join("../../.test/oidc");
        if !tools.join("installed").exists() {
            assert!(std::env::var_os("CI").is_none(), ".test/oidc is missing: scripts/test-tools installs it");
            eprintln!("skipped: .test/oidc is missing; run scripts/test-tools");
            return None;
        }
        let mut process = Command::new("node")
            .arg(here.join("tests/provider/serve.mjs"))
            .args([tools.canonicalize().unwrap().as_os_str(), REDIRECT.as_ref()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let issuer = lines.find(|line| line.starts_with("http://")).unwrap();
        // It goes on writing, and would end if nobody read.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Provider { process, issuer, cookies: tempfile::tempdir().unwrap() })
    }

    fn issuers(&self) -> Issuers {
        let clock: Arc<dyn Clock> = Arc::new(Now);
        Issuers::new([Issuer::new(&self.issuer, true).unwrap()], &client(), &clock, Timing::default())
    }

    fn us(&self, client_id: &str, secret: Option<&str>) -> RelyingParty {
        RelyingParty {
            issuer: self.issuer.clone(),
            client_id: client_id.to_owned(),
            client_secret: secret.map(|secret| Zeroizing::new(secret.to_owned())),
            redirect_uri: Url::parse(REDIRECT).unwrap(),
            scopes: vec!["email".into(), "groups".into()],
        }
    }

    /// What a browser does: follows the provider's redirects with its cookies, until one leads to us. Nobody listens there.
    fn walk(&self, begun: &SignIn) -> Url {
        let jar = self.cookies.path().join("jar");
        let walked = Command::new("curl")
            .args(["--silent", "--location", "--output", "/dev/null", "--write-out", "%{url_effective}"])
            .arg("--cookie-jar")
            .arg(&jar)
            .arg("--cookie")
            .arg(&jar)
            .arg(begun.url.as_str())
            .output()
            .unwrap();
        Url::parse(&String::from_utf8(walked.stdout).unwrap()).unwrap()
    }

    /// The code, once the state was found right.
    fn code(&self, begun: &SignIn) -> String {
        let back = self.walk(begun);
        assert!(back.as_str().starts_with(REDIRECT), "{back}");
        let query = |name: &str| back.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
        assert_eq!(query("state").as_deref(), Some(begun.state.as_str()));
        query("code").unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_at_a_certified_provider() {
    let Some(provider) = Provider::start() else { return };
    let (issuers, random) = (provider.issuers(), Counting(1.into()));
    for us in [provider.us("sekisho", Some("a secret: with %/+ in it")), provider.us("public", None)] {
        let begun = issuers.begin(&us, &random).await.unwrap();
        let code = provider.code(&begun);
        let claims = issuers.finish(&us, &code, &begun).await.unwrap();
        assert_eq!(claims.subject(), "person-1");
        assert_eq!(claims.issuer(), provider.issuer);
        assert_eq!(claims.audience(), us.client_id);
        assert_eq!(claims.text("email"), Some("person@example.com"));
        assert_eq!(claims.all()["groups"], serde_json::json!(["security"]));
        let again = issuers.finish(&us, &code, &begun).await.unwrap_err();
        assert!(matches!(again, Refused::Unavailable(_)), "a code counts once: {again}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_nonce_another_verifier_and_another_secret_sign_nobody_in() {
    let Some(provider) = Provider::start() else { return };
    let (issuers, random) = (provider.issuers(), Counting(1.into()));
    let us = provider.us("sekisho", Some("a secret: with %/+ in it"));
    let begun = issuers.begin(&us, &random).await.unwrap();
    let stolen = SignIn { nonce: "another".into(), ..begun };
    let code = provider.code(&stolen);
    assert_eq!(issuers.finish(&us, &code, &stolen).await.unwrap_err(), Refused::Nonce);

    let begun = issuers.begin(&us, &random).await.unwrap();
    let code = provider.code(&begun);
    let stolen = SignIn { verifier: Zeroizing::new("A".repeat(43)), ..begun };
    assert!(matches!(issuers.finish(&us, &code, &stolen).await.unwrap_err(), Refused::Unavailable(_)));

    let begun = issuers.begin(&us, &random).await.unwrap();
    let code = provider.code(&begun);
    let wrong = provider.us("sekisho", Some("wrong"));
    assert!(matches!(issuers.finish(&wrong, &code, &begun).await.unwrap_err(), Refused::Unavailable(_)));
}
