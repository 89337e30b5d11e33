//! The one thing that is posted to a registry: which releases an audit is about.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use url::Url;

use super::body::{self, Caps};
use super::send::{failure, judge};
use super::{Client, Hops, Lane};
use crate::error::{FetchError, Unavailable};
use crate::source::Upstream;

impl Client {
    /// Posts JSON that is packed by gzip already, as npm does, and gives the answer's body. Once, and to no other address: a
    /// redirect or a second try would send a list of what somebody uses to where it was not meant for.
    pub async fn post(
        &self,
        upstream: &Upstream,
        url: &Url,
        packed: Bytes,
        hops: &Hops,
        (caps, within): (Caps, Duration),
    ) -> Result<Bytes, FetchError> {
        let outcome = tokio::time::timeout(within, self.posted(upstream, url, packed, hops, caps)).await;
        let outcome = outcome.unwrap_or(Err(FetchError::Unavailable(Unavailable::Timeout)));
        if outcome.as_ref().is_err_and(|e| *e != FetchError::NotFound) {
            self.0.counters.upstream_errors.add(1);
        }
        outcome
    }

    async fn posted(
        &self,
        upstream: &Upstream,
        url: &Url,
        packed: Bytes,
        hops: &Hops,
        caps: Caps,
    ) -> Result<Bytes, FetchError> {
        self.allowed(url, upstream)?;
        let mut headers = HeaderMap::new();
        hops.add_to(&mut headers);
        headers.append(header::VIA, self.0.via.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let _slot = self.slot(upstream, Lane::Documents, self.patient_until()).await?;
        self.0.counters.upstream_requests.add(1);
        let http = if upstream.is_own(url) { &self.0.own } else { &self.0.guarded };
        if let Some(credentials) = upstream.authorization(url) {
            headers.insert(header::AUTHORIZATION, credentials.clone());
        }
        let response = http.post(url.clone()).headers(headers).body(packed).send().await.map_err(|e| failure(&e))?;
        judge(response.status())?;
        match response.status().as_u16() {
            200 | 201 => body::read(response, caps, self.0.budget.charge()).await.map(|whole| whole.plain),
            other => Err(FetchError::Invalid(format!("unexpected status {other}"))),
        }
    }
}
