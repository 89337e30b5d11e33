//! The one error body: RFC 9457 problem details with a stable code, npm's `error` and the HTTP/1.1 reason phrase.

use axum::body::Body;
use http::{HeaderValue, Response, header};
use hyper::ext::ReasonPhrase;
use sekisho_core::id::RequestId;
use sekisho_core::{Language, PackageUrl};
use serde::Serialize;

use super::{Code, Origin};

/// The body, in the order in which people read it.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    /// The same text, where npm looks for it.
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advisories: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    request_id: &'a str,
}

/// An answer that is not what was asked for. It becomes a response in one place, [`Problem::respond`].
#[derive(Clone, Debug)]
pub struct Problem(Box<Facts>);

/// Behind a pointer, so that results which almost never hold a problem stay small.
#[derive(Clone, Debug)]
struct Facts {
    code: Code,
    detail: String,
    phrase: Option<String>,
    blocked: Option<(PackageUrl, Vec<String>)>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
    message: bool,
    log: Option<String>,
}

impl Problem {
    /// A problem with its explanation for the caller: printable ASCII, nothing that a stranger wrote.
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        Problem(Box::new(Facts {
            code,
            detail,
            phrase: None,
            blocked: None,
            headers: Vec::new(),
            message: false,
            log: None,
        }))
    }

    /// The refusal of a release or a name.
    pub fn blocked(purl: PackageUrl, advisories: Vec<String>, detail: String, phrase: String) -> Problem {
        let mut problem = Problem::new(Code::PackageBlocked, detail);
        problem.0.phrase = Some(phrase);
        problem.0.blocked = Some((purl, advisories));
        problem.with(header::HeaderName::from_static("x-guard-notice"), HeaderValue::from_static("package-blocked"))
    }

    /// Adds a header.
    pub fn with(mut self, name: header::HeaderName, value: HeaderValue) -> Problem {
        self.0.headers.push((name, value));
        self
    }

    /// Adds `Retry-After` in seconds.
    pub fn retry_after(self, seconds: u64) -> Problem {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// What the log should say; the caller never sees it.
    pub fn log(mut self, message: impl Into<String>) -> Problem {
        self.0.log = Some(message.into());
        self
    }

    /// Says its text under the name `message` too.
    pub fn with_message(mut self) -> Problem {
        self.0.message = true;
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What the caller reads.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Makes the response, and writes the log line that carries the same request id. The title is in the reader's
    /// language; everything else is English, because scripts and package managers read it.
    pub fn respond(self, origin: &Origin, request: RequestId, language: Language) -> Response<Body> {
        let request_id = request.0.simple().to_string();
        self.write_log(&request_id);
        let status = self.0.code.status();
        let (package, advisories) =
            self.0.blocked.as_ref().map(|(purl, ids)| (purl.to_string(), ids.as_slice())).unzip();
        let kind = format!("{}/problems/{}", origin.pages, self.0.code.as_str());
        let body = Document {
            kind: &kind,
            title: self.0.code.title(language),
            status: status.as_u16(),
            code: self.0.code.as_str(),
            detail: &self.0.detail,
            error: &self.0.detail,
            package: package.as_deref(),
            advisories,
            message: self.0.message.then_some(&*self.0.detail),
            request_id: &request_id,
        };
        let body = serde_json::to_string(&body).expect("texts and numbers are always JSON");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.0.headers);
        let phrase = self.0.phrase.unwrap_or_else(|| self.0.code.phrase().to_owned());
        if let Ok(phrase) = ReasonPhrase::try_from(phrase) {
            response.extensions_mut().insert(phrase);
        }
        response
    }

    fn write_log(&self, request_id: &str) {
        let code = self.0.code.as_str();
        match (&self.0.log, self.0.code.status().is_server_error()) {
            (Some(message), true) => tracing::warn!(request_id, code, "{message}"),
            (Some(message), false) => tracing::info!(request_id, code, "{message}"),
            (None, true) => tracing::warn!(request_id, code, "{}", self.0.detail),
            (None, false) => tracing::debug!(request_id, code, "{}", self.0.detail),
        }
    }
}

/// A handler of the API or of a page returns it as its error; the application takes it out and responds with it.
impl axum::response::IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.code.status();
        response.extensions_mut().insert(self);
        response
    }
}
