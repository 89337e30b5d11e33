//! A request as a test writes it.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use base64::Engine;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, header};

/// The address under which tests come unless they say otherwise.
pub(crate) const HOST: &str = "127.0.0.1:8417";

/// A request on its way.
#[derive(Clone, Debug)]
pub struct Ask {
    pub(crate) peer: IpAddr,
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Ask {
    /// Any method.
    pub fn new(method: &str, path: &str) -> Ask {
        let headers = vec![(header::HOST, HeaderValue::from_static(HOST))];
        let peer = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        Ask { peer, method: method.parse().unwrap(), path: path.to_owned(), headers, body: Bytes::new() }
    }

    /// `GET`.
    pub fn get(path: &str) -> Ask {
        Ask::new("GET", path)
    }

    /// `HEAD`.
    pub fn head(path: &str) -> Ask {
        Ask::new("HEAD", path)
    }

    /// `POST` with a JSON body.
    pub fn post(path: &str, body: impl Into<Bytes>) -> Ask {
        Ask::new("POST", path).header("content-type", "application/json").body(body)
    }

    /// A form that a browser sends from a page of ours.
    pub fn form(path: &str, fields: &[(&str, &str)]) -> Ask {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let ask = Ask::new("POST", path).header("content-type", "application/x-www-form-urlencoded");
        ask.header("origin", &format!("http://{HOST}")).header("sec-fetch-site", "same-origin").body(body)
    }

    /// Without this header.
    pub fn without(mut self, name: &str) -> Ask {
        self.headers.retain(|(n, _)| n != name);
        self
    }

    /// The same with another method.
    pub fn method(mut self, method: &str) -> Ask {
        self.method = method.parse().unwrap();
        self
    }

    /// Adds a header; `host` is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Ask {
        let name: HeaderName = name.parse().unwrap();
        if name == header::HOST {
            self.headers.retain(|(n, _)| n != header::HOST);
        }
        self.headers.push((name, value.parse().unwrap()));
        self
    }

    /// With a token, as npm sends it.
    pub fn bearer(self, token: &str) -> Ask {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With a token as password, as pip sends it.
    pub fn basic(self, user: &str, password: &str) -> Ask {
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {text}"))
    }

    /// Under another host.
    pub fn host(self, host: &str) -> Ask {
        self.header("host", host)
    }

    /// With a body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Ask {
        self.body = body.into();
        self
    }

    /// From another address.
    pub fn from(mut self, peer: &str) -> Ask {
        self.peer = peer.parse().unwrap();
        self
    }

    /// The request itself, for a test that reads its answer in its own way.
    pub fn request(self) -> Request<Body> {
        self.into_request()
    }

    pub(crate) fn into_request(self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(self.path).body(Body::from(self.body)).unwrap();
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        request
    }
}
