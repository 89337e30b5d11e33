//! How a page is put together and answered: its frame (head, navigation, foot), its headers, and the pages that end a
//! request early.

use askama::Template;
use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::IntoResponse;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_core::org::{Right, Role};
use sekisho_store::{Membership, StoreError};

use super::text::Say;
use super::visitor::Visitor;
use crate::explain;
use crate::http::{Code, Problem};

const SCRIPT: &str = include_str!("../../templates/console/console.js");

/// Where in the console a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    /// Nowhere in particular.
    None,
    Me,
    Overview,
    Tokens,
    Installs,
    Refusals,
    Bots,
    Members,
    Audit,
    Settings,
}

/// The pages of an organisation: where each is, what it is called, and the right that it takes.
const TABS: [(Tab, &str, &str, Right); 8] = [
    (Tab::Overview, "", "tab-overview", Right::ReadInstalls),
    (Tab::Tokens, "/tokens", "tab-tokens", Right::IssueTokens),
    (Tab::Installs, "/installs", "tab-installs", Right::ReadInstalls),
    (Tab::Refusals, "/refusals", "tab-refusals", Right::ReadInstalls),
    (Tab::Bots, "/bots", "tab-bots", Right::ManageGuard),
    (Tab::Members, "/members", "tab-members", Right::ManageMembers),
    (Tab::Audit, "/audit", "tab-audit", Right::ManageTokens),
    (Tab::Settings, "/settings", "tab-settings", Right::ManageGuard),
];

/// The first page of an organisation that a role may see.
pub(super) fn first_page(member: &Membership) -> String {
    let first = TABS.iter().find(|(_, _, _, right)| member.role.has(*right));
    format!("/console/{}{}", member.org.id, first.map_or("", |(_, path, _, _)| path))
}

/// A link of the navigation.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) text: String,
    pub(super) here: bool,
}

/// What every page has around it.
pub(crate) struct Frame<'a> {
    pub(super) say: Say,
    pub(super) nonce: &'a str,
    /// The address of the page itself.
    pub(super) path: &'a str,
    /// Who is signed in.
    pub(super) email: Option<String>,
    /// The organisations to switch between.
    pub(super) orgs: Vec<Link>,
    /// The organisation's name, where the page is of one.
    pub(super) org: Option<&'a str>,
    /// Guard is not enabled for it.
    pub(super) off: bool,
    pub(super) tabs: Vec<Link>,
    pub(super) me: bool,
    /// What was just done, by the address.
    pub(super) done: Option<String>,
    /// There are other pages than this one.
    pub(super) console: bool,
}

impl<'a> Frame<'a> {
    pub(super) fn new(
        visitor: &'a Visitor,
        memberships: &[Membership],
        of: Option<&'a Membership>,
        tab: Tab,
    ) -> Frame<'a> {
        let say = visitor.say;
        let here = of.map(|member| member.org.id);
        let orgs = memberships.iter().map(|member| Link {
            href: first_page(member),
            text: member.org.name.clone(),
            here: Some(member.org.id) == here,
        });
        let tabs = of.iter().flat_map(|member| {
            let seen = TABS.iter().filter(|(_, _, _, right)| member.role.has(*right));
            seen.map(|(place, path, text, _)| Link {
                href: format!("/console/{}{path}", member.org.id),
                text: say.t(text),
                here: *place == tab,
            })
        });
        Frame {
            say,
            nonce: &visitor.nonce,
            path: &visitor.path,
            email: visitor.session.as_ref().map(|session| session.email.to_string()),
            orgs: orgs.collect(),
            org: of.map(|member| member.org.name.as_str()),
            off: of.is_some_and(|member| !member.org.guard),
            tabs: tabs.collect(),
            me: tab == Tab::Me,
            done: done(visitor),
            console: visitor.console,
        }
    }

    /// What a role is called.
    pub(super) fn role(&self, role: Role) -> String {
        role_name(self.say, role)
    }

    /// What a role may do, in a line.
    pub(super) fn role_means(&self, role: Role) -> String {
        self.say.t(match role {
            Role::Owner => "role-means-owner",
            Role::GuardManager => "role-means-guard-manager",
            Role::GuardViewer => "role-means-guard-viewer",
            Role::GuardTokenIssuer => "role-means-guard-token-issuer",
        })
    }
}

/// What a role is called.
pub(super) fn role_name(say: Say, role: Role) -> String {
    say.t(match role {
        Role::Owner => "role-owner",
        Role::GuardManager => "role-guard-manager",
        Role::GuardViewer => "role-guard-viewer",
        Role::GuardTokenIssuer => "role-guard-token-issuer",
    })
}

/// What an address may say was just done (`?done=revoked`), and the text of it.
const DONE: &[(&str, &str)] = &[
    ("bot-made", "done-bot-made"),
    ("bot-removed", "done-bot-removed"),
    ("guard-off", "done-guard-off"),
    ("guard-on", "done-guard-on"),
    ("key-revoked", "done-key-revoked"),
    ("language", "done-language"),
    ("member-added", "done-member-added"),
    ("member-removed", "done-member-removed"),
    ("role-given", "done-role-given"),
    ("rule-added", "done-rule-added"),
    ("rule-removed", "done-rule-removed"),
    ("session-ended", "done-session-ended"),
    ("settings", "done-settings"),
    ("signed-out", "done-signed-out"),
    ("signed-out-everywhere", "done-signed-out-everywhere"),
    ("token-revoked", "tokens-done-revoked"),
    ("trust-added", "done-trust-added"),
    ("trust-removed", "done-trust-removed"),
];

/// The text of what was just done. A link that says so only has it shown.
fn done(visitor: &Visitor) -> Option<String> {
    let what = visitor.asked("done");
    DONE.iter().find(|(name, _)| *name == what).map(|(_, text)| visitor.say.t(text))
}

/// Answers with a page.
pub(super) fn answer(status: StatusCode, visitor: &Visitor, page: &impl Template) -> Result<Response<Body>, Halt> {
    let body = page.render().map_err(|error| {
        tracing::error!("a page could not be made: {error}");
        Halt::broken()
    })?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    protect(response.headers_mut(), &visitor.nonce);
    Ok(response)
}

/// After a form that did something: another page, so that a reload sends nothing twice. `path` is one of ours.
pub(super) fn see_other(visitor: &Visitor, path: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/console"));
    response.headers_mut().insert(header::LOCATION, location);
    protect(response.headers_mut(), &visitor.nonce);
    response
}

/// A file to be kept, in the answer to a form. It may hold secrets, so nothing on the way stores it.
pub(super) fn download(visitor: &Visitor, name: &str, content_type: &'static str, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    protect(headers, &visitor.nonce);
    response
}

/// The path if it leads to a page with the console's frame, else to the console's beginning: what stands in an address may be a stranger's.
pub(super) fn safe_next(path: &str) -> &str {
    let ours =
        |prefix: &str| path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['/', '?']));
    let plain = path.len() <= 1000 && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') && !path.contains("..");
    if plain && (path == "/" || ["/console", "/me", "/why"].into_iter().any(ours)) { path } else { "/console" }
}

/// Pages load our style sheet and our script and send forms to us; nothing may show them inside another page. A page may
/// show a secret, so none is stored.
fn protect(headers: &mut HeaderMap, nonce: &str) {
    let csp = format!(
        "default-src 'none'; style-src 'self'; script-src 'nonce-{nonce}'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(csp) = HeaderValue::try_from(csp) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Cookie, Accept-Language"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The console's one script.
pub(super) async fn script(RawQuery(query): RawQuery) -> Response<Body> {
    explain::asset(SCRIPT, "text/javascript; charset=utf-8", query)
}

/// The address of the script in pages.
pub(super) fn script_version() -> String {
    explain::version_of(SCRIPT)
}

/// Why a request ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// There is nothing here, or nothing for this person.
    NotFound,
    /// The role does not allow it.
    NoRight,
    /// The form does not come from a page of ours.
    NotFromHere,
    /// Signing in needs HTTPS, or this machine.
    PlainHttp,
    /// The form has a field that no form of ours has so.
    BadForm,
    /// The code's sign-in is over.
    CodeOver,
    /// Nobody here began this way to the identity provider, or too long ago.
    ProviderOver,
    /// The identity provider signed nobody in.
    ProviderRefused,
    /// The identity provider does not answer.
    ProviderAway,
    /// The identity provider names no address that it verified.
    NotVerified,
    /// Another person of the identity provider had the address first.
    AddressTaken,
    /// Guard is not enabled for the organisation.
    GuardOff,
    /// The organisation does not let people rotate their own tokens.
    NoSelfRotation,
    /// The bot has as many sets of conditions as it may have.
    EnoughConditions,
    /// The organisation would have no owner.
    LastOwner,
    /// There are as many keys as there may be.
    EnoughKeys,
    /// Too often within an hour.
    TooMany,
    /// The database is away.
    Unavailable,
    /// The form was sent before, and its answer is not shown twice.
    SentBefore,
    /// As many exports run as may at once.
    Exports,
}

impl Why {
    /// The status, what happened, and what to do next.
    fn told(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Why::NotFound => (StatusCode::NOT_FOUND, "halt-not-found", "halt-not-found-next"),
            Why::NoRight => (StatusCode::FORBIDDEN, "halt-no-right", "halt-no-right-next"),
            Why::NotFromHere => (StatusCode::FORBIDDEN, "halt-not-from-here", "halt-not-from-here-next"),
            Why::PlainHttp => (StatusCode::FORBIDDEN, "halt-plain-http", "halt-plain-http-next"),
            Why::BadForm => (StatusCode::BAD_REQUEST, "halt-bad-form", "halt-bad-form-next"),
            Why::CodeOver => (StatusCode::BAD_REQUEST, "halt-code-over", "halt-code-over-next"),
            Why::ProviderOver => (StatusCode::BAD_REQUEST, "halt-provider-over", "halt-provider-over-next"),
            Why::ProviderRefused => (StatusCode::FORBIDDEN, "halt-provider-refused", "halt-provider-refused-next"),
            Why::ProviderAway => (StatusCode::SERVICE_UNAVAILABLE, "halt-provider-away", "halt-provider-away-next"),
            Why::NotVerified => (StatusCode::FORBIDDEN, "halt-not-verified", "halt-not-verified-next"),
            Why::AddressTaken => (StatusCode::FORBIDDEN, "halt-address-taken", "halt-address-taken-next"),
            Why::GuardOff => (StatusCode::FORBIDDEN, "halt-guard-off", "halt-guard-off-next"),
            Why::NoSelfRotation => (StatusCode::FORBIDDEN, "halt-no-self-rotation", "halt-no-self-rotation-next"),
            Why::EnoughConditions => (StatusCode::CONFLICT, "halt-enough-conditions", "halt-enough-conditions-next"),
            Why::LastOwner => (StatusCode::CONFLICT, "halt-last-owner", "halt-last-owner-next"),
            Why::EnoughKeys => (StatusCode::CONFLICT, "halt-enough-keys", "halt-enough-keys-next"),
            Why::TooMany => (StatusCode::TOO_MANY_REQUESTS, "halt-too-many", "halt-too-many-next"),
            Why::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "halt-unavailable", "halt-unavailable-next"),
            Why::SentBefore => (StatusCode::CONFLICT, "halt-sent-before", "halt-sent-before-next"),
            Why::Exports => (StatusCode::TOO_MANY_REQUESTS, "halt-exports", "halt-exports-next"),
        }
    }
}

/// A page that ends a request early, or a problem where no page can be made.
#[derive(Debug)]
pub(crate) enum Halt {
    /// A page.
    Page(Box<Response<Body>>),
    /// No page.
    Problem(Box<Problem>),
}

#[derive(Template)]
#[template(path = "console/halt.html")]
struct HaltPage<'a> {
    frame: Frame<'a>,
    title: String,
    next: String,
}

impl Halt {
    /// A page that says what happened, and what to do next.
    pub(super) fn page(visitor: &Visitor, why: Why) -> Halt {
        let (status, title, next) = why.told();
        let (title, next) = (visitor.say.t(title), visitor.say.t(next));
        match answer(status, visitor, &HaltPage { frame: visitor.frame(), title, next }) {
            Ok(response) => Halt::Page(Box::new(response)),
            Err(halt) => halt,
        }
    }

    /// The database did not do what was asked, or did not because a right had ended meanwhile.
    pub(super) fn failed(visitor: &Visitor, error: &StoreError) -> Halt {
        use sekisho_store::NoLonger;
        match error {
            StoreError::NoLonger(NoLonger::SelfRotation) => Halt::page(visitor, Why::NoSelfRotation),
            StoreError::NoLonger(NoLonger::Guard) => Halt::page(visitor, Why::GuardOff),
            StoreError::NoLonger(NoLonger::Right(..) | NoLonger::Credential) => Halt::page(visitor, Why::NoRight),
            error => {
                tracing::warn!("a page of the console could not be made: {error}");
                Halt::page(visitor, Why::Unavailable)
            }
        }
    }

    /// What a part of the API found that a page shares with it.
    pub(super) fn told(visitor: &Visitor, problem: Problem) -> Halt {
        match problem.code() {
            Code::RateLimited => Halt::page(visitor, Why::Exports),
            Code::DatabaseUnavailable => Halt::page(visitor, Why::Unavailable),
            Code::InsufficientRole | Code::InvalidToken => Halt::page(visitor, Why::NoRight),
            _ => Halt::Problem(Box::new(problem)),
        }
    }

    /// To the page where one signs in, and back.
    pub(super) fn sign_in(visitor: &Visitor, and_back: bool) -> Halt {
        let next = utf8_percent_encode(&visitor.path, NON_ALPHANUMERIC);
        let path = if and_back { format!("/sign-in?next={next}") } else { "/sign-in".to_owned() };
        Halt::Page(Box::new(see_other(visitor, &path)))
    }

    /// Something that can't be.
    pub(super) fn broken() -> Halt {
        Halt::Problem(Box::new(Problem::new(Code::Internal, "The page could not be made.")))
    }
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Halt {
        Halt::Problem(Box::new(problem))
    }
}

impl IntoResponse for Halt {
    fn into_response(self) -> Response<Body> {
        match self {
            Halt::Page(response) => *response,
            Halt::Problem(problem) => problem.into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away_from_the_console() {
        for good in
            ["/console", "/console/OR01/tokens?status=active", "/me", "/me?done=language", "/why/npm/x/1.0.0", "/"]
        {
            assert_eq!(safe_next(good), good);
        }
        let long = format!("/console/{}", "a".repeat(1000));
        for bad in [
            "",
            "//evil.example",
            "/console\\evil",
            "https://evil.example",
            "/consolex",
            "/console\r\nx",
            "/sign-in",
            &long,
        ] {
            assert_eq!(safe_next(bad), "/console", "{bad:?}");
        }
    }
}
