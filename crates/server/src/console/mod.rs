//! The console: pages for people who look after an organisation, and for each person about himself.
//!
//! Pages are made by the server and work without JavaScript. A page's handler takes a [`Visitor`] (anybody), a
//! [`SignedIn`](visitor::SignedIn) (somebody with a session) or a [`Seat`](seat::Seat) (a member with a right); taking one is
//! the check, and on a request that changes something it is also the check that the form comes from a page of ours.
//! What ends a request early is a [`Halt`](page::Halt), which is a page too.

mod audit;
mod bots;
mod confirm;
mod cookie;
pub(crate) mod home;
mod installs;
mod me;
mod members;
mod once;
mod overview;
mod page;
mod part;
mod plot;
pub(crate) mod release;
mod search;
mod seat;
mod settings;
mod setup;
mod shown;
mod sign_in;
pub mod text;
mod tokens;
pub(crate) mod visitor;

use std::sync::Arc;

use axum::{Router, routing};

use crate::app::App;

pub use sign_in::first_owner::OwnerCode;
pub(crate) use sign_in::first_owner::announce;

/// Every address of the console.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sign-in", routing::get(sign_in::address::show).post(sign_in::address::give))
        .route("/sign-in/code", routing::get(sign_in::code::show).post(sign_in::code::enter))
        .route("/sign-in/first", routing::get(sign_in::first_owner::show).post(sign_in::first_owner::enter))
        .route("/sign-in/provider", routing::get(sign_in::provider::go))
        .route("/sign-in/provider/back", routing::get(sign_in::provider::back))
        .route("/console/{org_id}/settings", routing::get(settings::show).post(settings::change::change))
        .route("/console/{org_id}/settings/guard", routing::post(settings::change::guard))
        .route("/console/{org_id}/settings/rules", routing::post(settings::rules::add))
        .route("/console/{org_id}/settings/rules/remove", routing::post(settings::rules::remove))
        .route("/sign-out", routing::post(sign_in::out::out))
        .route("/language", routing::post(sign_in::language::choose))
        .route("/console", routing::get(sign_in::begin))
        .route("/console/{org_id}/tokens", routing::get(tokens::list))
        .route("/console/{org_id}/tokens/new", routing::get(tokens::issue::show).post(tokens::issue::issue))
        .route("/console/{org_id}/tokens/import", routing::get(tokens::import::show).post(tokens::import::import))
        .route("/console/{org_id}/tokens/{token_id}", routing::get(tokens::token::show))
        .route("/console/{org_id}/tokens/{token_id}/rotate", routing::post(tokens::rotate::rotate))
        .route(
            "/console/{org_id}/tokens/{token_id}/revoke",
            routing::get(tokens::revoke::ask).post(tokens::revoke::revoke),
        )
        .route("/console/{org_id}/tokens/{token_id}/revoked", routing::get(tokens::revoke::revoked))
        .route("/console/{org_id}/installs", routing::get(installs::show))
        .route("/console/{org_id}/installs/export", routing::get(installs::export))
        .route("/console/{org_id}/refusals", routing::get(installs::refusals))
        .route("/console/{org_id}/audit", routing::get(audit::show))
        .route("/console/{org_id}/audit/export", routing::get(audit::export))
        .route("/console/{org_id}/audit/{row_id}", routing::get(audit::one::show))
        .route("/console/{org_id}/bots", routing::get(bots::show).post(bots::make))
        .route("/console/{org_id}/bots/{bot_id}", routing::get(bots::one::show))
        .route("/console/{org_id}/bots/{bot_id}/remove", routing::get(bots::one::ask_remove).post(bots::one::remove))
        .route("/console/{org_id}/bots/{bot_id}/keys", routing::post(bots::keys::add))
        .route(
            "/console/{org_id}/bots/{bot_id}/keys/revoke",
            routing::get(bots::keys::ask_revoke).post(bots::keys::revoke),
        )
        .route("/console/{org_id}/bots/{bot_id}/trust", routing::get(bots::trust::ask).post(bots::trust::add))
        .route(
            "/console/{org_id}/bots/{bot_id}/trust/remove",
            routing::get(bots::trust::ask_remove).post(bots::trust::remove),
        )
        .route("/console/{org_id}/bots/{bot_id}/sessions/end", routing::post(bots::sessions::end))
        .route("/console/{org_id}/bots/{bot_id}/try", routing::post(bots::try_token::try_it))
        .route("/console/{org_id}/members", routing::get(members::show).post(members::add))
        .route("/console/{org_id}/members/role", routing::get(members::ask_role).post(members::give_role))
        .route("/console/{org_id}/members/remove", routing::get(members::ask_remove).post(members::remove))
        .route("/me", routing::get(me::show))
        .route("/me/keys", routing::post(me::keys::add))
        .route("/me/keys/rotate", routing::get(me::keys::ask_rotate).post(me::keys::rotate))
        .route("/me/keys/revoke", routing::get(me::keys::ask_revoke).post(me::keys::revoke))
        .route("/me/tokens/rotate", routing::get(me::bearer::ask_rotate).post(me::bearer::rotate))
        .route("/me/tokens/revoke", routing::get(me::bearer::ask_revoke).post(me::bearer::revoke))
        .route("/me/installs", routing::get(me::installs::show))
        .route("/me/sessions/end", routing::post(me::sessions::end))
        .route("/me/sessions/end-all", routing::post(me::sessions::end_all))
        .route("/console/{org_id}", routing::get(overview::show))
        .route("/assets/console.js", routing::get(page::script))
}
