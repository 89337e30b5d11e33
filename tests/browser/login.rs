//! A login from a terminal, confirmed in the browser.

use crate::Flow;
use crate::world::{World, code};

pub(crate) const FLOWS: [Flow; 4] = [
    Flow { name: "login: a code from the mail gives the terminal its key", walk: confirms },
    Flow { name: "login: started elsewhere, it wants a tick", walk: elsewhere },
    Flow { name: "login: whoever did not start it ends it", walk: ends },
    Flow { name: "login: an address that leads to none", walk: unknown },
];

const EMAIL: &str = "login-email";
const SEND: &str = "login-send";
const CODE: &str = "login-code";
const LOG_IN: &str = "login-log-in";
const DONE: &str = "login-confirmed";

/// A login that waits: its page, and where the terminal asks for the key.
pub(crate) struct Started {
    pub(crate) page: String,
    done: String,
}

pub(crate) fn start(world: &World, headers: &[&str]) -> Started {
    let url = format!("{}/npm/-/v1/login", world.browser.base);
    let answer = world.at_a_terminal("POST", &url, headers);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{e}: {answer}"));
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}")).to_owned();
    Started { page: text("loginUrl"), done: text("doneUrl") }
}

fn confirms(world: &World) {
    let browser = &world.browser;
    let email = "kei.sato@people.example";
    let login = start(world, &["User-Agent: npm/12.2.0 node/v22.23.3 linux x64"]);
    browser.open(&login.page);
    browser.reads("npm 12.2.0");
    browser.shows("login-address");
    browser.fill(EMAIL, email);
    browser.press(SEND);
    browser.reads(email);
    browser.shows("login-code");
    browser.fill(CODE, "AAAAAAAAAA");
    browser.press(LOG_IN);
    browser.sees(("tries are left", "回入力できます"));
    browser.shows("login-wrong-code");
    let code = code(&world.post.mail(email, 1));
    browser.fill(CODE, &code);
    browser.press(LOG_IN);
    browser.sees(DONE);
    browser.shows("login-confirmed");
    let key = world.at_a_terminal("GET", &login.done, &[]);
    assert!(key.contains("tg_anon_"), "{key}");
    browser.reload();
    browser.sees("login-done");
    browser.reads_not("tg_anon_");
    browser.shows("login-done");
    assert!(!world.gate.log().contains(&code), "the code is in the log");
}

fn elsewhere(world: &World) {
    let browser = &world.browser;
    // It says of itself what it likes.
    let hostile = "User-Agent: npm/12\"><script>alert(1)</script>";
    let login = start(world, &[hostile, "X-Forwarded-For: 203.0.113.9"]);
    browser.open(&login.page);
    browser.reads("203.0.113.9");
    browser.shows("login-elsewhere");
    browser.tick("login-elsewhere-tick");
    browser.fill(EMAIL, "elsewhere@people.example");
    browser.press(SEND);
    browser.sees("login-code-title");
    browser.shows("login-elsewhere-code");
}

fn ends(world: &World) {
    let browser = &world.browser;
    let login = start(world, &[]);
    browser.open(&login.page);
    browser.press("login-end");
    browser.sees("login-ended");
    browser.shows("login-ended");
    assert!(world.at_a_terminal("GET", &login.done, &[]).contains("This login is over"));
}

fn unknown(world: &World) {
    world.browser.open("/login/nothing");
    world.browser.sees("login-unknown");
    world.browser.shows("login-unknown");
}
