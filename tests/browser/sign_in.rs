//! Signing in to the console, and out of it.

use crate::Flow;
use crate::hostile::HOSTILE;
use crate::world::{World, code};

pub(crate) const FLOWS: [Flow; 4] = [
    Flow { name: "sign-in: a code from the operator makes the first owner", walk: first_owner },
    Flow { name: "sign-in: by a code that was mailed", walk: by_mail },
    Flow { name: "sign-in: an address that nothing belongs to sees the same pages", walk: stranger },
    Flow { name: "sign-in: the language is chosen on the page", walk: language },
];

/// Who owns the organisation in every world.
pub(crate) const OWNER: &str = "mika.tanaka@people.example";

/// The owner is signed in, whatever was before. The first time he makes the organisation.
pub(crate) fn as_owner(world: &World) {
    let browser = &world.browser;
    browser.open("/me");
    if browser.at() == "/me" && browser.text().contains(OWNER) {
        return;
    }
    browser.forgets();
    browser.open("/sign-in");
    if !browser.offers("sign-in-first-link") {
        return sign_in(world, OWNER);
    }
    browser.follow("sign-in-first-link");
    make_organisation(world, &owner_code(world), OWNER, "Acme");
    browser.reads(OWNER);
}

/// A code for the first owner, from the command line; the one that is printed at start is another.
fn owner_code(world: &World) -> String {
    let ran = world.gate.command(&["admin", "first-owner"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

fn make_organisation(world: &World, code: &str, email: &str, name: &str) {
    let browser = &world.browser;
    browser.fill("code-code", code);
    browser.fill("sign-in-email", email);
    browser.fill("first-org", name);
    browser.press("first-enter");
}

/// Gives the address, and types the code from the mail.
pub(crate) fn sign_in(world: &World, email: &str) {
    let browser = &world.browser;
    browser.open("/sign-in");
    let mail = world.mail_after(email, || {
        browser.fill("sign-in-email", email);
        browser.press("sign-in-send");
    });
    browser.fill("code-code", &code(&mail));
    browser.press("code-enter");
    browser.reads(email);
}

/// Nobody is signed in any more.
pub(crate) fn sign_out(world: &World, email: &str) {
    let browser = &world.browser;
    browser.unfold((email, email));
    browser.press("frame-sign-out");
    browser.sees("done-signed-out");
}

fn first_owner(world: &World) {
    let browser = &world.browser;
    browser.open("/sign-in");
    browser.shows("sign-in");
    browser.open("/sign-in/first");
    browser.shows("first-owner");
    make_organisation(world, "AAAAAAAAAA", OWNER, HOSTILE);
    browser.sees("first-wrong-code");
    browser.shows("first-owner-wrong-code");
    let code = owner_code(world);
    make_organisation(world, &code, OWNER, "Acme");
    browser.reads(OWNER);
    sign_out(world, OWNER);
    // It counts once.
    browser.open("/sign-in/first");
    make_organisation(world, &code, "late@people.example", "Late");
    browser.sees("first-wrong-code");
    assert!(!world.gate.log().contains(&code), "the code is in the log");
}

fn by_mail(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    sign_out(world, OWNER);
    browser.shows("signed-out");
    // Whoever wants a page is led to it.
    browser.open("/me?x=1");
    assert!(browser.at().starts_with("/sign-in?next="), "{}", browser.at());
    let mail = world.mail_after(OWNER, || {
        browser.fill("sign-in-email", OWNER);
        browser.press("sign-in-send");
    });
    browser.sees("code-title");
    browser.reads(OWNER);
    browser.shows("sign-in-code");
    browser.fill("code-code", "AAAAAAAAAA");
    browser.press("code-enter");
    browser.sees(("4 tries are left", "あと 4 回入力できます"));
    browser.shows("sign-in-wrong-code");
    browser.fill("code-code", &code(&mail));
    browser.press("code-enter");
    assert_eq!(browser.at(), "/me?x=1");
    browser.unfold((OWNER, OWNER));
    browser.shows("menu");
}

fn stranger(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    sign_out(world, OWNER);
    browser.open("/sign-in");
    browser.fill("sign-in-email", "nobody.here@people.example");
    browser.press("sign-in-send");
    browser.sees("code-title");
    browser.reads("nobody.here@people.example");
    for left in (1..5).rev() {
        browser.fill("code-code", "AAAAAAAAAA");
        browser.press("code-enter");
        if left > 1 {
            let (en, ja) = (format!("{left} tries are left"), format!("あと {left} 回"));
            browser.reads(if browser.kind.language == "en" { &en } else { &ja });
        }
    }
    browser.fill("code-code", "AAAAAAAAAA");
    browser.press("code-enter");
    browser.sees("halt-code-over");
    browser.shows("sign-in-over");
    assert!(world.post.mails("nobody.here@people.example").is_empty());
}

fn language(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    sign_out(world, OWNER);
    let (own, other) = if browser.kind.language == "en" { ("English", "日本語") } else { ("日本語", "English") };
    browser.press((other, other));
    let title = if browser.kind.language == "en" { "サインイン" } else { "Sign in" };
    browser.reads(title);
    browser.press((own, own));
    browser.sees("sign-in-title");
}
