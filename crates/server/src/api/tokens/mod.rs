//! Personal tokens: `/api/v1/tokens`.

pub mod pattern;
pub mod regenerate;
pub mod register;
pub mod reset;
pub mod revoke;
pub mod status;

use axum::body::Body;
use http::{Response, StatusCode};
use sekisho_core::Timestamp;
use sekisho_core::id::{MessageId, TokenId};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::{NewToken, Notice};
use serde_json::json;

use crate::app::App;
use crate::exchange::Exchange;
use crate::mail::Addresses;

/// A new key, its row, and the mail that tells of it: made together, stored in one transaction.
pub(crate) struct Minted {
    pub(crate) plain: PlainToken,
    pub(crate) row: NewToken,
    pub(crate) notice: Notice,
    pub(crate) now: Timestamp,
}

impl Minted {
    pub(crate) fn new(app: &App, exchange: &Exchange) -> Minted {
        let now = app.clock.now();
        let plain = PlainToken::mint(TokenKind::Personal, &*app.random);
        let row = NewToken::of(TokenId::mint(now, &*app.random), &plain);
        let notice = notice(app, exchange, &plain.hint(), now);
        Minted { plain, row, notice, now }
    }

    /// The one answer that shows the key.
    fn answer(&self) -> Response<Body> {
        let body = json!({
            "api_key": self.plain.expose(),
            "prefix": self.plain.hint(),
            "created_at": self.now.to_string(),
        });
        super::json(StatusCode::OK, &body)
    }
}

/// The mail about a key with this hint.
pub(crate) fn notice(app: &App, exchange: &Exchange, hint: &str, now: Timestamp) -> Notice {
    let told = app.origins.told_by_mail(&exchange.origin);
    Notice {
        id: MessageId::mint(now, &*app.random),
        base_url: told.api.clone(),
        payload: Addresses::of(told).notice(hint),
    }
}
