//! Small documents of others than registries: identity providers. One address, no redirect, and nothing of ours but our name.

use http::{HeaderMap, HeaderValue, header};
use sekisho_core::outgoing::{Answering, Ask, NoAnswer, Outgoing};

use super::body::{self, Caps};
use super::send::{failure, judge};
use super::{Client, text};
use crate::credentials::basic;
use crate::error::{FetchError, Unavailable};
use crate::guard::same_origin;

impl Outgoing for Client {
    fn send(&self, ask: Ask) -> Answering<'_> {
        Box::pin(async move {
            let outcome = tokio::time::timeout(ask.within, self.answered(&ask)).await;
            let outcome = outcome.unwrap_or(Err(FetchError::Unavailable(Unavailable::Timeout)));
            outcome.map_err(|e| NoAnswer(e.to_string()))
        })
    }
}

impl Client {
    async fn answered(&self, ask: &Ask) -> Result<Vec<u8>, FetchError> {
        self.may_ask(&ask.url, ask.own.as_ref())?;
        let gone = |e: &FetchError| {
            matches!(e, FetchError::Unavailable(Unavailable::Connect | Unavailable::Truncated)) && ask.form.is_none()
        };
        // An idle connection may have been closed while we sent. What is posted is not sent twice.
        let response = match self.asked(ask).await {
            Err(e) if gone(&e) => self.asked(ask).await?,
            outcome => outcome?,
        };
        judge(response.status())?;
        match response.status().as_u16() {
            200 => {}
            other => return Err(FetchError::Invalid(format!("unexpected status {other}"))),
        }
        let caps = Caps { transfer: ask.cap, body: ask.cap };
        body::read(response, caps, self.0.budget.charge()).await.map(|whole| whole.plain.to_vec())
    }

    async fn asked(&self, ask: &Ask) -> Result<reqwest::Response, FetchError> {
        let own = ask.own.as_ref().is_some_and(|own| same_origin(&ask.url, own));
        let http = if own { &self.0.own } else { &self.0.guarded };
        let mut headers = HeaderMap::new();
        headers.insert(header::VIA, self.0.via.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let request = match &ask.form {
            None => http.get(ask.url.clone()),
            Some(form) => {
                if let Some((user, password)) = &form.basic {
                    let mut value = text(&basic(user, password))?;
                    value.set_sensitive(true);
                    headers.insert(header::AUTHORIZATION, value);
                }
                let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.insert(header::CONTENT_TYPE, kind);
                http.post(ask.url.clone()).body(form.body.as_bytes().to_vec())
            }
        };
        self.0.counters.upstream_requests.add(1);
        request.headers(headers).send().await.map_err(|e| failure(&e))
    }
}
