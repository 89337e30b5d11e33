//! What a form of our pages sent: only from those pages, small, and read as text.

use axum::body::Body;
use http::{HeaderMap, header};
use url::Url;

use crate::api::body;
use crate::http::{Origin, Problem};

/// Largest form; the longest honest one holds a reason or some conditions.
const MAX_FORM: usize = 16 * 1024;

/// The fields of a form.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body; what is too long or no form has no fields.
    pub(crate) async fn read(body: Body) -> Result<Form, Problem> {
        let bytes = body::read(body).await?;
        let bytes = if bytes.len() <= MAX_FORM { bytes.as_slice() } else { b"" };
        let fields = url::form_urlencoded::parse(bytes);
        Ok(Form(fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// A field's text; empty where it is not there.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.trim())
    }
}

/// Whether the browser says that the form was sent from a page of ours: by `Sec-Fetch-Site` where there is one (it is sent
/// over HTTPS and to loopback), and by `Origin`. A form that says neither is not taken.
pub(crate) fn is_ours(headers: &HeaderMap, origin: &Origin) -> bool {
    let one = |name: header::HeaderName| {
        let mut values = headers.get_all(name).iter();
        let value = values.next().map(|v| v.to_str().unwrap_or_default());
        (values.next().is_none(), value)
    };
    let (one_site, site) = one(header::HeaderName::from_static("sec-fetch-site"));
    let (one_origin, from) = one(header::ORIGIN);
    let ours = || Url::parse(&origin.pages).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    one_site
        && one_origin
        && (site.is_some() || from.is_some())
        && site.is_none_or(|site| site == "same-origin")
        && from.is_none_or(|from| from == ours())
}
