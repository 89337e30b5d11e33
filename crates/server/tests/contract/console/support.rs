//! A browser as the console sees one: it keeps cookies, sends forms from the page that it is on, and follows nothing by
//! itself.

use std::collections::BTreeMap;

use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use sekisho_testkit::{Answer, Ask, TestApp};

/// A browser with its cookies.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
    language: &'static str,
}

impl Browser {
    /// One that was never here.
    pub(crate) fn new() -> Browser {
        Browser { cookies: BTreeMap::new(), language: "en" }
    }

    /// The same in Japanese.
    pub(crate) fn japanese(mut self) -> Browser {
        self.language = "ja";
        self
    }

    /// Signs in by a mailed code.
    pub(crate) async fn sign_in(app: &TestApp, email: &str) -> Browser {
        let mut browser = Browser::new();
        browser.post(app, "/sign-in", &[("email", email)]).await;
        let mail = app.mails().await.into_iter().rev().find(|mail| mail.to == email);
        let code = mail.and_then(|mail| mail.login_code()).expect("a mail with a code");
        let answer = browser.post(app, "/sign-in/code", &[("code", &code)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        browser
    }

    /// Sends a request with the cookies, and keeps those of the answer.
    pub(crate) async fn ask(&mut self, app: &TestApp, ask: Ask) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let ask = if cookies.is_empty() { ask } else { ask.header("cookie", &cookies.join("; ")) };
        let ask = ask.header("accept", "text/html").header("accept-language", self.language);
        let answer = app.ask(ask).await;
        for set in answer.all("set-cookie") {
            let (pair, attributes) = set.split_once(';').unwrap_or((set, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            match attributes.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// Opens a page.
    pub(crate) async fn get(&mut self, app: &TestApp, path: &str) -> Answer {
        self.ask(app, Ask::get(path)).await
    }

    /// Sends a form from a page of ours, a second after whatever was before: rows of the audit log are ordered by time.
    pub(crate) async fn post(&mut self, app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
        app.advance(1);
        self.ask(app, Ask::form(path, fields)).await
    }

    /// A cookie's value.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Puts a cookie there that the server did not set.
    pub(crate) fn plant(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }
}

/// An organisation with somebody of each role, `owner@acme.example` and so on, and a stranger's with an owner of its own.
pub(crate) struct Company {
    pub(crate) org: OrgId,
    pub(crate) other: OrgId,
}

impl Company {
    pub(crate) async fn of(app: &TestApp) -> Company {
        let (org, other) = (app.organisation("Acme").await, app.organisation("Other").await);
        for role in Role::ALL {
            app.member(org, &address(role), role).await;
        }
        app.member(other, "owner@other.example", Role::Owner).await;
        Company { org, other }
    }

    /// An address below the organisation's own.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("/console/{}{path}", self.org)
    }

    /// Holds a page to who may open it: those with one of these roles and nobody else; a stranger's does not exist.
    pub(crate) async fn only_for(&self, app: &TestApp, path: &str, roles: &[Role]) {
        for role in Role::ALL {
            let mut browser = Browser::sign_in(app, &address(role)).await;
            let status = browser.get(app, &self.at(path)).await.status;
            assert_eq!(status, if roles.contains(&role) { 200 } else { 403 }, "{path}: {role}");
        }
        let mut stranger = Browser::sign_in(app, "owner@other.example").await;
        assert_eq!(stranger.get(app, &self.at(path)).await.status, 404, "{path}: a stranger");
        let nobody = Browser::new().get(app, &self.at(path)).await;
        assert_eq!(nobody.status, 303, "{path}: nobody");
        assert!(nobody.header("location").unwrap().starts_with("/sign-in?next="), "{path}: nobody");
    }
}

/// Whose role it is in [`Company`].
pub(crate) fn address(role: Role) -> String {
    format!("{}@acme.example", role.as_str().replace('_', "-"))
}

/// The value of a page's first hidden field of this name.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect("a hidden field");
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// The secret that a page shows.
pub(crate) fn secret(page: &str) -> String {
    let (_, rest) = page.split_once("id=\"secret\">").expect("a page with a secret");
    rest.split('<').next().unwrap_or_default().to_owned()
}
