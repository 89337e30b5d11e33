//! Signing in at an identity provider: `oidc-provider` from npm, a certified one. The gate is one of its own, because its
//! settings name an organisation, which has to be there before.

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use crate::Flow;
use crate::browser::Browser;
use crate::served::Served;
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
static PROVIDER: LazyLock<Served> = LazyLock::new(|| {
    let tools = root().join(".test/oidc");
    assert!(tools.join("installed").exists(), "oidc-provider is not in .test/oidc: run `make tools` first");
    Served::by("tests/browser/provider.mjs", fs::canonicalize(tools).expect("a folder"))
});

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
        assert!(self.at().starts_with(&PROVIDER.address), "{}", self.at());
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
        PROVIDER.address
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
    let row = browser.row("kei.ono");
    let viewer = "role-guard-viewer".say(browser.kind.language);
    assert!(row.contains(&viewer) && row.contains(&PROVIDER.address), "{row}");
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
