//! What npm asks about who is logged in, besides `whoami`: `npm logout` and `npm login --auth-type=legacy`.

use axum::body::Body;
use http::{HeaderValue, Method, Response, header};
use sekisho_core::token::PlainToken;

use crate::api::tokens::revoke;
use crate::app::App;
use crate::http::{Code, Problem};
use crate::registry::Asked;

/// Answers the requests of this file; none for others.
pub(super) async fn answer(app: &App, asked: &Asked<'_>) -> Option<Result<Response<Body>, Problem>> {
    if let Some(token) = asked.path.strip_prefix("-/user/token/") {
        return Some(match asked.parts.method {
            Method::DELETE => Box::pin(logout(app, asked, token)).await,
            _ => Err(unsupported("A key is ended by DELETE.", "DELETE")),
        });
    }
    if asked.path.starts_with("-/user/") {
        let npm = &asked.exchange.origin.npm;
        let detail = format!(
            "There are no user names and passwords here. Log in in the browser: npm login --auth-type=web --registry={npm}/ (Yarn 4: yarn npm login --web-login). If npm asked for a user name though you did not choose legacy, its login was over or refused: run it again."
        );
        return Some(Err(unsupported(&detail, "")));
    }
    None
}

/// Ends the key, as `DELETE /api/v1/tokens` does. npm writes it into the path as well: that one gives no right, it only has to
/// be the same; and what stands in the path is in no log line of ours.
async fn logout(app: &App, asked: &Asked<'_>, token: &str) -> Result<Response<Body>, Problem> {
    let known = asked.exchange.personal()?;
    match PlainToken::parse(token) {
        Ok(named) if *known.hash() == named.hash() => revoke::end(app, asked.exchange).await,
        _ => Err(Problem::new(
            Code::InvalidRequest,
            "The path names another key than the one that was presented: present the key that is to end.",
        )),
    }
}

fn unsupported(detail: &str, allow: &'static str) -> Problem {
    Problem::new(Code::UnsupportedMethod, detail).with(header::ALLOW, HeaderValue::from_static(allow))
}
