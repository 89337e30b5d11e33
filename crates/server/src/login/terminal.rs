//! The package manager's side: `POST /npm/-/v1/login` starts a login, `GET /npm/-/v1/login/{id}` asks whether it is done.
//!
//! No credential is looked at: npm sends the old key along, which may be the revoked one that the login is to replace.

use axum::body::Body;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use sekisho_core::id::{AccountId, LoginId, MessageId, TokenId};
use sekisho_core::login::LoginSecret;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::{HandOut, HandedOut, Login, LoginState, NewLogin, NewToken, Notice};
use serde_json::json;

use crate::agent::Agent;
use crate::api::tokens::register::may_register;
use crate::api::{self, store_problem};
use crate::app::App;
use crate::exchange::Exchange;
use crate::http::{Code, Problem};
use crate::mail::Addresses;

/// How soon the package manager asks again, in seconds.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("2");

/// What a package manager wants.
#[derive(Clone, Copy)]
pub enum Step<'a> {
    /// To start a login.
    Start,
    /// To know whether the login with this id is done.
    Ask(&'a str),
}

impl Step<'_> {
    /// The step behind a path below the npm registry's root.
    pub fn of(path: &str) -> Option<Step<'_>> {
        match path.strip_prefix("-/v1/login")? {
            "" => Some(Step::Start),
            rest => rest.strip_prefix('/').map(Step::Ask),
        }
    }
}

/// Answers a package manager.
pub async fn answer(app: &App, parts: &Parts, exchange: &Exchange, step: &Step<'_>) -> Result<Response<Body>, Problem> {
    let answered = match (step, &parts.method) {
        (Step::Start, &Method::POST) => start(app, &parts.headers, exchange).await,
        (Step::Ask(id), &Method::GET) => ask(app, exchange, id).await,
        (Step::Start, _) => Err(unsupported("A login is started by POST.", "POST")),
        (Step::Ask(_), _) => Err(unsupported("Ask by GET whether a login is done.", "GET")),
    };
    match answered {
        Err(problem) if problem.code().status().is_client_error() && is_npm(&parts.headers) => Ok(npm_stops(&problem)),
        answered => answered,
    }
}

async fn start(app: &App, headers: &HeaderMap, exchange: &Exchange) -> Result<Response<Body>, Problem> {
    // A page could start logins in its visitors' names, and use up what their network may start in an hour.
    if headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") {
        return Err(Problem::new(Code::InvalidRequest, "A login is started by a package manager, not by a web page."));
    }
    app.limiter.admit_login(exchange.client)?;
    let now = app.clock.now();
    let agent = Agent::of(exchange.user_agent.as_ref());
    let (page, poll) = (LoginSecret::mint(&*app.random), LoginSecret::mint(&*app.random));
    let login = NewLogin {
        id: LoginId::mint(now, &*app.random),
        page: page.hash(),
        poll: poll.hash(),
        network: exchange.client.to_string(),
        client_name: agent.name,
        client_version: agent.version,
    };
    app.store.logins().start(&login, now).await.map_err(|e| store_problem(&e))?;
    let body = json!({
        "loginUrl": format!("{}/login/{}", exchange.origin.pages, page.expose()),
        "doneUrl": format!("{}/-/v1/login/{}", exchange.origin.npm, poll.expose()),
    });
    Ok(api::json(StatusCode::OK, &body))
}

async fn ask(app: &App, exchange: &Exchange, id: &str) -> Result<Response<Body>, Problem> {
    let poll = LoginSecret::parse(id).ok_or_else(over)?.hash();
    let found = app.store.logins().find_by_poll(&poll).await.map_err(|e| store_problem(&e))?;
    // Another network learns no more than one that made the id up.
    let here = |login: &Login| login.network == exchange.client.to_string() && !login.is_over(app.clock.now());
    let login = found.filter(here).ok_or_else(over)?;
    match login.state {
        LoginState::Open | LoginState::Asked => Ok(not_yet()),
        LoginState::Confirmed => hand_out(app, exchange, &login, poll).await,
        LoginState::Done | LoginState::Ended => Err(over()),
    }
}

/// Mints the key: its hash is stored before the answer leaves, and the plain text is in that answer only.
async fn hand_out(
    app: &App,
    exchange: &Exchange,
    login: &Login,
    poll: sekisho_core::login::LoginHash,
) -> Result<Response<Body>, Problem> {
    let email = login.email.as_ref().ok_or_else(over)?;
    let now = app.clock.now();
    let plain = PlainToken::mint(TokenKind::Personal, &*app.random);
    let token = NewToken::of(TokenId::mint(now, &*app.random), &plain);
    let told = app.origins.told_by_mail(&exchange.origin);
    let notice = Notice {
        id: MessageId::mint(now, &*app.random),
        base_url: told.api.clone(),
        payload: Addresses::of(told).login(login, &plain.hint()),
    };
    let what = HandOut {
        poll,
        network: &exchange.client.to_string(),
        may_register: may_register(app, email).is_ok(),
        account: AccountId::mint(now, &*app.random),
        token: &token,
        notice: &notice,
    };
    match app.store.logins().hand_out(&what, now).await.map_err(|e| store_problem(&e))? {
        HandedOut::Token => {
            app.mail_waits.notify_one();
            Ok(api::json(StatusCode::OK, &json!({"token": plain.expose()})))
        }
        HandedOut::Nothing | HandedOut::Closed => Err(over()),
    }
}

fn not_yet() -> Response<Body> {
    let mut response = api::json(StatusCode::ACCEPTED, &json!({}));
    response.headers_mut().insert(header::RETRY_AFTER, ASK_AGAIN);
    response
}

/// One answer for an id that never was, one whose time is up, one that was ended or used, and one of another network.
fn over() -> Problem {
    let detail = "This login is over: it took longer than five minutes, it was ended in the browser, its key was handed out before, or it was started from another network. Run the login again.";
    Problem::new(Code::NotFound, detail)
}

fn unsupported(detail: &str, allow: &'static str) -> Problem {
    Problem::new(Code::UnsupportedMethod, detail).with(header::ALLOW, HeaderValue::from_static(allow))
}

/// npm says which of its commands asks; nobody else does.
fn is_npm(headers: &HeaderMap) -> bool {
    headers.contains_key("npm-command")
}

/// npm takes any 4xx here as "this registry has no web login" and asks for a user name and a password. A 200 without a token
/// ends the command, and `npm-notice` tells the person why.
fn npm_stops(problem: &Problem) -> Response<Body> {
    let mut response = api::json(StatusCode::OK, &json!({"error": problem.detail(), "code": problem.code().as_str()}));
    if let Ok(notice) = HeaderValue::try_from(problem.detail()) {
        response.headers_mut().insert(HeaderName::from_static("npm-notice"), notice);
    }
    response
}
