//! A login from a terminal, confirmed in the browser.

use crate::Flow;
use crate::world::{World, code};

pub(crate) const FLOWS: [Flow; 4] = [
    Flow { name: "login: a code from the mail gives the terminal its key", walk: confirms },
    Flow { name: "login: started elsewhere, it wants a tick", walk: elsewhere },
    Flow { name: "login: whoever did not start it ends it", walk: ends },
    Flow { name: "login: an address that leads to none", walk: unknown },
];

/// In English, and in Japanese.
type Words = (&'static str, &'static str);

const EMAIL: Words = ("Your e-mail address", "メールアドレス");
const SEND: Words = ("I started it: send the code", "自分で始めたので、コードを送る");
const CODE: Words = ("Code", "コード");
const LOG_IN: Words = ("Log in", "ログイン");
const DONE: Words = ("Done. Go back to your terminal", "完了しました。ターミナルに戻ってください");

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
    browser.sees(("4 tries are left", "あと 4 回入力できます"));
    browser.shows("login-wrong-code");
    let code = code(&world.post.mail(email, 1));
    browser.fill(CODE, &code);
    browser.press(LOG_IN);
    browser.sees(DONE);
    browser.shows("login-confirmed");
    let key = world.at_a_terminal("GET", &login.done, &[]);
    assert!(key.contains("tg_anon_"), "{key}");
    browser.reload();
    browser.sees(("This login is complete", "このログインは完了しています"));
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
    browser.tick((
        "I started this login myself, at the address above.",
        "上の接続元から、自分でこのログインを始めました。",
    ));
    browser.fill(EMAIL, "elsewhere@people.example");
    browser.press(SEND);
    browser.sees(("Type the code from the mail", "メールのコードを入力"));
    browser.shows("login-elsewhere-code");
}

fn ends(world: &World) {
    let browser = &world.browser;
    let login = start(world, &[]);
    browser.open(&login.page);
    browser.press(("This was not me: end it", "自分ではないので終了する"));
    browser.sees(("This login was ended", "このログインは終了しました"));
    browser.shows("login-ended");
    assert!(world.at_a_terminal("GET", &login.done, &[]).contains("This login is over"));
}

fn unknown(world: &World) {
    world.browser.open("/login/nothing");
    world.browser.sees(("There is no such login", "このログインは見つかりません"));
    world.browser.shows("login-unknown");
}
