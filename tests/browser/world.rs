//! Where the flows run: languages, transport, hands, with and without JavaScript. Each world has a gate of its own.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertifiedKey, PublicKeyData};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::driver::{Choice, Driver};
use crate::pipelines;
use crate::served::Served;
use crate::support::feed::advisories;
use crate::support::gate::{Gate, Launch};
use crate::support::home::Home;
use crate::support::letter::Letter;
use crate::support::post::Post;

/// By what a person goes through a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hands {
    Mouse,
    Keyboard,
}

/// A kind of world.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) language: &'static str,
    pub(crate) tls: bool,
    pub(crate) scripts: bool,
    pub(crate) hands: Hands,
    /// Of the window, in pixels.
    pub(crate) width: u16,
    /// Pages are photographed and examined here, in both widths and both schemes.
    pub(crate) looks: bool,
    /// With `FAIR` set it is left out: each of its properties is another's too.
    pub(crate) spare: bool,
}

/// Every flow runs in each. The two that look at pages come first, because they take longest.
pub(crate) static KINDS: [Kind; 6] = [
    kind("en http", "en", false).looks(),
    kind("ja tls", "ja", true).narrow().looks(),
    kind("en tls keyboard", "en", true).keyboard(),
    kind("ja http keyboard", "ja", false).narrow().keyboard().spare(),
    kind("en tls no-script", "en", true).narrow().without_scripts().spare(),
    kind("ja http no-script keyboard", "ja", false).keyboard().without_scripts(),
];

const fn kind(name: &'static str, language: &'static str, tls: bool) -> Kind {
    Kind { name, language, tls, scripts: true, hands: Hands::Mouse, width: 1280, looks: false, spare: false }
}

impl Kind {
    const fn looks(self) -> Kind {
        Kind { looks: true, ..self }
    }

    const fn spare(self) -> Kind {
        Kind { spare: true, ..self }
    }

    const fn narrow(self) -> Kind {
        Kind { width: 390, ..self }
    }

    const fn keyboard(self) -> Kind {
        Kind { hands: Hands::Keyboard, ..self }
    }

    const fn without_scripts(self) -> Kind {
        Kind { scripts: false, ..self }
    }
}

/// A gate, a mail server, and a browser in front of them.
pub(crate) struct World {
    pub(crate) browser: Browser,
    pub(crate) gate: Gate,
    pub(crate) post: Post,
    /// Whose pipelines the gate may trust.
    pub(crate) issuer: Served,
}

/// The operator's own list.
const POLICY: &str = r#"
[[block]]
package = "pkg:npm/left-pad@1.1.0"
reason = "not in this house"
expires = "2036-12-31T00:00:00Z"

[[allow]]
package = "pkg:npm/left-pad@1.2.0"
reason = "\"><script>alert(1)</script> \u202etxt.exe\u202c see ticket 17"
"#;

impl World {
    pub(crate) fn start(driver: &Driver, kind: &'static Kind) -> World {
        let (post, issuer) = (Post::open(), pipelines::issuer());
        let launch = Launch::real();
        fs::write(launch.folder().join("policy.toml"), POLICY).expect("a file");
        let mut sets = vec![
            format!("feed.sources={}", advisories(launch.folder())),
            format!("policy.file={}", launch.folder().join("policy.toml").display()),
            "trusted_proxies=127.0.0.0/8".to_owned(),
            "limits.registrations_per_hour=1000".to_owned(),
            "limits.mails_per_hour=1000".to_owned(),
            format!("bots.internal_issuers={}", issuer.address),
        ];
        sets.extend(post.settings());
        if kind.tls {
            sets.extend(encryption());
        }
        let gate = sets.iter().fold(launch, |launch, pair| launch.set(pair)).start();
        let choice = Choice {
            languages: if kind.language == "en" { "en-US,en" } else { "ja,en-US,en" },
            scripts: kind.scripts,
            trusted_key: kind.tls.then_some(CERTIFICATE.key_hash.as_str()),
        };
        let scheme = if kind.tls { "https" } else { "http" };
        let base = format!("{scheme}://{}", gate.address());
        let browser = Browser { session: driver.browser(&choice), kind, base };
        browser.resize(kind.width);
        World { browser, gate, post, issuer }
    }

    /// The next mail to an address, which this brings about.
    pub(crate) fn mail_after(&self, to: &str, act: impl FnOnce()) -> Letter {
        let before = self.post.mails(to).len();
        act();
        self.post.mail(to, before + 1)
    }

    /// Sends a request from a terminal, and gives the answer's body. It may come from another address than the browser.
    pub(crate) fn at_a_terminal(&self, method: &str, url: &str, headers: &[&str]) -> String {
        let headers = headers.iter().flat_map(|header| ["-H", header]);
        curl(&["-X", method].into_iter().chain(headers).chain([url]).collect::<Vec<_>>())
    }

    /// Sends JSON from a terminal to an address of the gate, and gives the answer's.
    pub(crate) fn posts(&self, path: &str, body: &Value) -> Value {
        let (url, body) = (format!("{}{path}", self.browser.base), body.to_string());
        let answer = curl(&["-H", "Content-Type: application/json", "--data", &body, &url]);
        serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{e}: {answer}"))
    }
}

fn curl(words: &[&str]) -> String {
    let certificate = CERTIFICATE.file("cert.pem").display().to_string();
    Home::new().run("curl", &[&["-sS", "--cacert", &certificate], words].concat()).succeeded().out
}

/// The code that a mail brings: it stands alone in its line.
pub(crate) fn code(letter: &Letter) -> String {
    let mut lines = letter.0.lines().filter_map(|line| line.strip_prefix("    "));
    lines.find(|line| line.len() == 10).unwrap_or_else(|| panic!("no code in: {}", letter.0)).to_owned()
}

/// The settings of a gate that speaks TLS, with a certificate whose key the browser was told of.
pub(crate) fn encryption() -> [String; 2] {
    ["cert", "key"].map(|part| format!("tls.{part}={}", CERTIFICATE.file(&format!("{part}.pem")).display()))
}

/// For `127.0.0.1`. The browser is told of its key.
static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(Certificate::make);

struct Certificate {
    folder: TempDir,
    key_hash: String,
}

impl Certificate {
    fn make() -> Certificate {
        let folder = TempDir::with_prefix("sekisho-certificate-").expect("a temporary folder");
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]);
        let CertifiedKey { cert, signing_key } = made.expect("a certificate");
        fs::write(folder.path().join("cert.pem"), cert.pem()).expect("a file");
        fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).expect("a file");
        let key_hash = STANDARD.encode(Sha256::digest(signing_key.subject_public_key_info()));
        Certificate { folder, key_hash }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
