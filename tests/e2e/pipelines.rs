//! A pipeline with the identity of a certified OpenID provider: the steps of docs/operations.md, npm and pip.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use sekisho_store::Who;
use sha2::{Digest, Sha256};

use crate::support::gate::{Gate, Launch};
use crate::support::home::Home;
use crate::support::{ledger, root};

const REDIRECT: &str = "http://127.0.0.1:9/signed-in";
/// What the provider calls us.
const AUDIENCE: &str = "public";

struct Provider {
    process: Child,
    issuer: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Provider {
    fn start() -> Provider {
        let tools = root().join(".test/oidc");
        assert!(tools.join("installed").exists(), "oidc-provider is not in .test/oidc: run `make tools` first");
        let mut process = Command::new("node")
            .arg(root().join("crates/oidc/tests/provider/serve.mjs"))
            .arg(std::fs::canonicalize(tools).expect("a folder"))
            .arg(REDIRECT)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let issuer = lines.find(|line| line.starts_with("http://")).expect("an issuer");
        // It goes on writing, and would end if nobody read.
        std::thread::spawn(move || lines.for_each(drop));
        Provider { process, issuer }
    }

    /// An ID token, by the authorization code flow that a browser would walk.
    fn id_token(&self, home: &Home) -> String {
        let verifier = "v".repeat(43);
        let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let begin = format!(
            "{}/auth?client_id={AUDIENCE}&response_type=code&scope=openid&state=s&redirect_uri={REDIRECT}\
             &code_challenge={challenge}&code_challenge_method=S256",
            self.issuer
        );
        let walked = home.sh(&format!("curl -sL -o /dev/null -w '%{{url_effective}}' -c jar -b jar '{begin}'"), "");
        let (_, code) = walked.out.split_once("code=").unwrap_or_else(|| panic!("no code: {}", walked.text));
        let code = code.split('&').next().expect("a code");
        let form = format!(
            "grant_type=authorization_code&client_id={AUDIENCE}&code={code}&redirect_uri={REDIRECT}&code_verifier={verifier}"
        );
        let got = home.sh(&format!("curl -sSf --data '{form}' '{}/token'", self.issuer), "").succeeded();
        let got: serde_json::Value = serde_json::from_str(&got.out).expect("JSON");
        got["id_token"].as_str().expect("an ID token").to_owned()
    }
}

/// The exchange and the settings as docs/operations.md has them for GitLab CI, line by line.
const STEPS: &str = r#"
set -eu
umask 077
token=$(printf '{"bot_id":"%s","id_token":"%s"}' "$BOT_ID" "$GATE_ID_TOKEN" | curl -sSf --retry 3 -H 'Content-Type:application/json' --data-binary @- "$GATE/bots/exchange" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
test -n "$token"
export NPM_CONFIG_USERCONFIG=$(mktemp)
printf '%s\n' "registry=$GATE/npm/" "${GATE#*:}/npm/:_authToken=$token" > "$NPM_CONFIG_USERCONFIG"
export PIP_INDEX_URL="${GATE%%:*}://__token__:$token@${GATE#*://}/pypi/simple/"
"#;

fn admin(gate: &Gate, line: &str) -> String {
    let words: Vec<&str> = ["admin"].into_iter().chain(line.split(' ')).collect();
    let said = gate.command(&words);
    assert!(said.status.success(), "{line}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).expect("text").trim().to_owned()
}

#[test]
fn the_steps_of_the_documentation_are_those_that_are_tested() {
    let written = std::fs::read_to_string(root().join("docs/operations.md")).expect("a file");
    for step in STEPS.lines().filter(|line| line.len() > 10) {
        assert!(written.contains(step), "not in docs/operations.md: {step}");
    }
}

#[test]
fn a_pipeline_of_a_certified_provider_installs_with_npm_and_pip_and_the_ledger_names_it() {
    let provider = Provider::start();
    let settings = [
        "anonymous=false".to_owned(),
        format!("bots.audiences={AUDIENCE}"),
        format!("bots.internal_issuers={}", provider.issuer),
    ];
    let launch = settings.iter().fold(Launch::real(), |launch, pair| launch.set(pair));
    let file = settings[2].replace("bots.internal_issuers=", "");
    std::fs::write(
        launch.folder().join("ci.toml"),
        format!("provider = \"generic\"\nissuer = \"{file}\"\nsubject = \"person-1\"\n"),
    )
    .expect("a file");
    let gate = launch.start();
    admin(&gate, "org create acme");
    let bot = admin(&gate, "bot create acme ci --role guard_viewer");
    let internal = format!("bots.internal_issuers={}", provider.issuer);
    let given = gate.command(&["--set", &internal, "admin", "bot", "trust", "add", "acme", "ci", "--file", "ci.toml"]);
    assert!(given.status.success(), "{}", String::from_utf8_lossy(&given.stderr));

    let home = Home::new();
    let id_token = provider.id_token(&home);
    let script = format!(
        "export GATE='{}' BOT_ID='{bot}' GATE_ID_TOKEN='{id_token}'\n{STEPS}\n\
         npm whoami\nnpm install left-pad\npip install --quiet --no-deps --target lib six",
        gate.base()
    );
    let ran = home.sh(&script, "").succeeded();
    ran.shows("person-1");
    assert!(!gate.log().contains(&id_token), "the log has no token");

    let rows = ledger::rows(&gate.data());
    for name in ["left-pad", "six"] {
        let row = rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row of {name}"));
        let Who::Session { bot: of, pipeline, .. } = &row.who else { panic!("{row:?}") };
        assert_eq!((of.to_string(), pipeline.repository.as_str()), (bot.clone(), "person-1"));
    }
    let running = admin(&gate, "bot session list acme ci");
    assert!(running.contains("person-1"), "{running}");
    admin(&gate, "bot session end acme ci --all --yes");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let replayed = home.sh(&script, "");
    assert!(!replayed.ok(), "the ID token counted once, and its session was ended: {}", replayed.text);
}
