//! A pipeline with the identity of a certified OpenID provider: the steps of docs/operations.md, npm and pip.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use sekisho_store::Who;
use sha2::{Digest, Sha256};

use crate::support::gate::{Gate, Launch};
use crate::support::home::Home;
use crate::support::recipes::Recipe;
use crate::support::{ledger, root, upstreams, wait_for};

const REDIRECT: &str = "http://127.0.0.1:9/signed-in";
/// What a job at GitHub shows when it asks for its ID token.
const REQUEST_TOKEN: &str = "request-token-of-this-job";
/// What the provider calls us.
const AUDIENCE: &str = "public";

/// A program that prints its address and serves until the test ends.
pub(crate) struct Provider {
    process: Child,
    pub(crate) issuer: String,
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
        let mut serve = Command::new("node");
        serve.arg(root().join("crates/oidc/tests/provider/serve.mjs"));
        Provider::run(serve.arg(std::fs::canonicalize(tools).expect("a folder")).arg(REDIRECT))
    }

    /// An issuer whose tokens have the shapes of GitHub's and GitLab's.
    pub(crate) fn of_pipelines() -> Provider {
        let mut serve = Command::new("node");
        Provider::run(serve.arg(root().join("tests/e2e/support/issuer.mjs")).arg(REQUEST_TOKEN))
    }

    fn run(serve: &mut Command) -> Provider {
        let mut process = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("node runs");
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

fn admin(gate: &Gate, line: &str) -> String {
    let words: Vec<&str> = ["admin"].into_iter().chain(line.split(' ')).collect();
    let said = gate.command(&words);
    assert!(said.status.success(), "{line}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).expect("text").trim().to_owned()
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
        "export GATE='{}' BOT_ID='{bot}' GATE_ID_TOKEN='{id_token}' PIP_TARGET=lib\nset -eu\n{}npm whoami\ncp \"$NPM_CONFIG_USERCONFIG\" \"$HOME/npmrc\"\n",
        gate.base(),
        Recipe::after("GitLab CI (").script()
    );
    project(&home);
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
    let npmrc = std::fs::read_to_string(home.path().join("npmrc")).expect("npm's settings");
    let (_, token) = npmrc.trim().rsplit_once("_authToken=").expect("a token");
    let status = || gate.get_as("/npm/left-pad", token).status;
    assert_eq!(status(), 200);
    admin(&gate, "bot session end acme ci --all --yes");
    wait_for("the session's end", Duration::from_secs(1), || (status() == 401).then_some(()));
    assert_eq!(gate.get_as("/npm/left-pad/-/left-pad-1.3.0.tgz", token).status, 401);
    let replayed = home.sh(&script, "");
    assert!(!replayed.ok(), "the ID token counted once, and its session was ended: {}", replayed.text);
}

/// A project with a lock file, which names no registry, as both providers' jobs find it.
fn project(home: &Home) {
    home.write("package.json", r#"{"name":"app","version":"1.0.0","dependencies":{"left-pad":"1.3.0"}}"#);
    home.write("requirements.txt", "six==1.17.0\n");
    let lock = "npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --registry";
    home.sh(&format!("{lock} {}", *upstreams::NPM), "").succeeded();
}

/// A gate with a bot that trusts the pipelines that docs/operations.md names, of this issuer.
fn gate_trusting(provider: &Provider, trust: &str) -> (Gate, String) {
    let internal = format!("bots.internal_issuers={}", provider.issuer);
    let gate = Launch::real().set("anonymous=false").set(&internal).start();
    admin(&gate, "org create acme");
    let bot = admin(&gate, "bot create acme ci --role guard_viewer");
    let line = format!("--set {internal} admin bot trust add acme ci {trust} --issuer {}", provider.issuer);
    let given = gate.command(&line.split(' ').collect::<Vec<_>>());
    assert!(given.status.success(), "{line}: {}", String::from_utf8_lossy(&given.stderr));
    (gate, bot)
}

/// What a provider signed about this job is in the ledger's rows of both packages.
fn assert_attributed(gate: &Gate, bot: &str, run: &str) {
    let rows = ledger::rows(&gate.data());
    for name in ["left-pad", "six"] {
        let row = rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row of {name}"));
        let Who::Session { bot: of, pipeline, .. } = &row.who else { panic!("{row:?}") };
        assert_eq!(
            (of.to_string().as_str(), pipeline.repository.as_str(), pipeline.run.as_str()),
            (bot, "acme/app", run)
        );
    }
}

#[test]
fn the_documents_steps_for_github_actions_install_with_npm_and_pip_and_show_no_token() {
    let (provider, recipe) = (Provider::of_pipelines(), Recipe::after("GitHub Actions:"));
    let (gate, bot) = gate_trusting(&provider, &recipe.trust("--github"));
    let home = Home::new();
    project(&home);
    let steps = recipe.steps();
    assert_eq!(steps.len(), 3, "{steps:?}");
    for (n, step) in steps.iter().enumerate() {
        home.write(&format!("~/step-{n}"), step);
    }
    // As the runner does it: a shell for each step, and between them what the steps wrote into $GITHUB_ENV.
    let job = |query: &str| {
        home.sh(
            &format!(
                "set -eu\nexport GATE='{}' BOT_ID='{bot}' RUNNER_TEMP=\"$HOME/temp\" GITHUB_ENV=\"$HOME/github.env\" PIP_TARGET=lib\n\
                 export ACTIONS_ID_TOKEN_REQUEST_URL='{}/token?api-version=2.0{query}' ACTIONS_ID_TOKEN_REQUEST_TOKEN={REQUEST_TOKEN}\n\
                 rm -rf \"$RUNNER_TEMP\" node_modules lib; mkdir \"$RUNNER_TEMP\"; : >\"$GITHUB_ENV\"\n\
                 for n in 0 1 2; do\n\
                 while IFS= read -r line; do export \"$line\"; done <\"$GITHUB_ENV\"\n\
                 bash --noprofile --norc -eo pipefail \"$HOME/step-$n\"\n\
                 done\nstat -c %a \"$RUNNER_TEMP/npmrc\"\n",
                gate.base(),
                provider.issuer
            ),
            "",
        )
    };
    let ran = job("").succeeded();
    let masked = ran.out.lines().find_map(|line| line.strip_prefix("::add-mask::")).expect("a masked token");
    assert!(masked.len() > 100 && masked.split('.').count() == 3, "{masked}");
    assert_eq!(ran.text.matches(masked).count(), 1, "the token is shown to nobody but the runner that masks it");
    assert_eq!(ran.out.lines().last(), Some("600"));
    assert!(!gate.log().contains(masked));
    assert_attributed(&gate, &bot, "9001");
    assert_eq!(home.npm_installed(), [("left-pad".to_owned(), "1.3.0".to_owned())]);
    assert!(home.project().join("lib/six.py").exists());

    // A branch that the bot does not trust ends at the first step, and leaves no settings behind.
    let refused = job("&ref=refs/heads/other");
    refused.failed_showing("400");
    assert!(!refused.text.contains("::add-mask::ey") && !home.path().join("temp/npmrc").exists(), "{}", refused.text);
}

#[test]
fn the_documents_script_for_gitlab_ci_installs_with_npm_and_pip_and_prints_no_token() {
    let (provider, recipe) = (Provider::of_pipelines(), Recipe::after("GitLab CI ("));
    let (gate, bot) = gate_trusting(&provider, &recipe.trust("--gitlab"));
    let home = Home::new();
    project(&home);
    let script = recipe.script();
    assert!(script.contains("npm ci\n") && script.contains("pip install"), "{script}");
    home.write("~/script", &format!("set -eo pipefail\n{script}cp \"$NPM_CONFIG_USERCONFIG\" \"$HOME/npmrc\"\n"));
    let job = |audience: &str, query: &str| {
        home.sh(
            &format!(
                "set -eu\nexport GATE='{base}' BOT_ID='{bot}' PIP_TARGET=lib\n\
                 export GATE_ID_TOKEN=$(curl -sSf '{}/gitlab?audience={audience}{query}')\nbash \"$HOME/script\"\n",
                provider.issuer,
                base = gate.base()
            ),
            "",
        )
    };
    let ran = job(&gate.base(), "").succeeded();
    let npmrc = std::fs::read_to_string(home.path().join("npmrc")).expect("npm's settings");
    let (_, token) = npmrc.trim().rsplit_once("_authToken=").expect("a token");
    assert!(token.split('.').count() == 3 && !ran.text.contains(token), "GitLab can't mask it, so it is not printed");
    assert_attributed(&gate, &bot, "574");
    for (audience, query) in [(gate.base().as_str(), "&ref_protected=false"), ("https://other.example", "")] {
        let refused = job(audience, query);
        refused.failed_showing("400");
        assert!(!refused.text.contains("added 1 package"), "{}", refused.text);
    }
}
