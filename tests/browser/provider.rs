//! Signing in at an identity provider: `oidc-provider` from npm, a certified one. The gate is one of its own, because its
//! settings name an organisation, which has to be there before.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use crate::Flow;
use crate::browser::Browser;
use crate::sign_in::sign_out;
use crate::support::gate::{Gate, Launch};
use crate::support::root;
use crate::texts::Text;
use crate::world::{World, encryption};

pub(crate) const FLOWS: [Flow; 2] = [
    Flow { name: "provider: a group gives a role, and the page of members says which and by whom", walk: groups },
    Flow { name: "provider: whom it does not vouch for gets in nowhere", walk: nobody },
];

/// The people of `provider.mjs` whose addresses it verified.
const OWNER: &str = "mika.tanaka@people.example";
const ENGINEER: &str = "kei.ono@people.example";

/// The provider for all worlds. It ends with the tests, when its standard input does.
static PROVIDER: LazyLock<Provider> = LazyLock::new(Provider::start);

struct Provider {
    issuer: String,
    _process: Child,
}

impl Provider {
    fn start() -> Provider {
        let tools = root().join(".test/oidc");
        assert!(tools.join("installed").exists(), "oidc-provider is not in .test/oidc: run `make tools` first");
        let mut serve = Command::new("node");
        serve.arg(root().join("tests/browser/provider.mjs")).arg(fs::canonicalize(tools).expect("a folder"));
        serve.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = serve.spawn().expect("node runs");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let issuer = lines.find(|line| line.starts_with("http://")).expect("an issuer");
        // It goes on writing, and would end if nobody read.
        std::thread::spawn(move || lines.for_each(drop));
        Provider { issuer, _process: process }
    }
}

/// A gate whose people sign in at the provider.
struct Checkpoint<'a> {
    browser: &'a Browser,
    gate: Gate,
    base: String,
    /// The organisation's own address.
    organisation: String,
}

impl Checkpoint<'_> {
    fn start(world: &World) -> Checkpoint<'_> {
        let (browser, mut launch) = (&world.browser, Launch::new());
        if browser.kind.tls {
            launch = encryption().iter().fold(launch, |launch, pair| launch.set(pair));
        }
        // Cookies are a host's, whatever its port: whoever is signed in at the world's own gate is not here.
        browser.forgets();
        let mut gate = launch.start();
        let org = make_organisation(&gate);
        fs::write(gate.folder().join("sekisho.toml"), settings(&org)).expect("a file");
        gate.terminate();
        gate.ended(Duration::from_secs(20));
        gate.start_again();
        let base = format!("{}://{}", if browser.kind.tls { "https" } else { "http" }, gate.address());
        Checkpoint { browser, gate, base, organisation: format!("/console/{org}") }
    }

    fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.base));
    }

    /// The page's address without the gate's.
    fn at(&self) -> String {
        let at = self.browser.at();
        at.strip_prefix(&self.base).unwrap_or(&at).to_owned()
    }

    /// To the provider's own page.
    fn goes(&self) {
        self.open("/sign-in");
        self.browser.follow("sign-in-with");
        self.browser.reads("Turn back");
        assert!(self.at().starts_with(&PROVIDER.issuer), "{}", self.at());
    }

    /// Signs in at the provider, and comes back.
    fn signs_in(&self, login: &str) {
        self.goes();
        self.browser.fill(("Login", "Login"), login);
        self.browser.press(("Continue", "Continue"));
    }

    /// The world is as it was.
    fn leaves(self) {
        self.browser.forgets();
    }
}

/// Makes the organisation, and gives its id.
fn make_organisation(gate: &Gate) -> String {
    let ran = gate.command(&["admin", "org", "create", "Acme"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

/// What an operator writes down about the provider (docs/operations.md).
fn settings(org: &str) -> String {
    format!(
        r#"[console.oidc]
issuer = "{}"
internal = true
name = "Example ID"
client_id = "sekisho"
client_secret = "of the tests"
scopes = ["email", "groups"]
roles = ["owner@{org}=chiefs", "guard_viewer@{org}=engineers"]
"#,
        PROVIDER.issuer
    )
}

fn groups(world: &World) {
    let checkpoint = Checkpoint::start(world);
    let browser = &world.browser;
    checkpoint.open("/sign-in");
    browser.shows("provider-sign-in");
    checkpoint.signs_in("kei");
    browser.reads(ENGINEER);
    assert_eq!(checkpoint.at(), checkpoint.organisation);
    assert!(browser.offers("tab-installs") && !browser.offers("tab-members"), "{}", browser.text());
    sign_out(world, ENGINEER);
    // The provider knows the browser too.
    browser.forgets();
    checkpoint.signs_in("mika");
    browser.reads(OWNER);
    browser.follow("tab-members");
    browser.sees("members-intro");
    let row = "return flat([...document.querySelectorAll('main tbody tr')].map((row) => row.innerText)\
        .find((row) => row.includes('kei.ono')))";
    let row = browser.ask(row).as_str().unwrap_or_default().to_owned();
    let viewer = "role-guard-viewer".say(browser.kind.language);
    assert!(row.contains(&viewer) && row.contains(&PROVIDER.issuer), "{row}");
    browser.shows("provider-members");
    browser.follow_of("members-change-this", ENGINEER);
    browser.sees("members-change-granted");
    browser.shows("provider-member-role");
    checkpoint.open(&format!("{}/members", checkpoint.organisation));
    browser.follow_of("members-remove-this", ENGINEER);
    browser.sees("members-remove-granted");
    browser.shows("provider-member-remove");
    checkpoint.leaves();
}

fn nobody(world: &World) {
    let checkpoint = Checkpoint::start(world);
    let browser = &world.browser;
    checkpoint.signs_in("noa");
    browser.sees("halt-not-verified");
    browser.shows("provider-not-verified");
    browser.follow("halt-on");
    browser.sees("sign-in-title");
    // The group of the owners did not help.
    for page in ["/me", &checkpoint.organisation] {
        checkpoint.open(page);
        assert!(checkpoint.at().starts_with("/sign-in?next="), "{}", checkpoint.at());
    }
    browser.forgets();
    checkpoint.goes();
    browser.press(("Turn back", "Turn back"));
    browser.sees("halt-provider-refused");
    browser.shows("provider-refused");
    // The same answer of the provider again, and one that nobody here asked for.
    browser.reload();
    browser.sees("halt-provider-refused");
    checkpoint.open("/sign-in/provider/back?code=planted&state=planted");
    browser.sees("halt-provider-over");
    browser.forgets();
    browser.reload();
    browser.sees("halt-provider-over");
    browser.shows("provider-over");
    assert!(!checkpoint.gate.log().contains("noa.hara"), "an address is in the log");
    checkpoint.leaves();
}
