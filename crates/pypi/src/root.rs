//! The index's root page, `/simple/`. The upstream's whole list is tens of megabytes; which names stand here, if any,
//! is for the caller to say.

use sekisho_core::PackageName;
use serde::Serialize;

use crate::API_VERSION;
use crate::render::{escaped, push, to_bytes};

#[derive(Serialize)]
struct Root<'a> {
    meta: Meta,
    projects: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: &'static str,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
}

/// The root page as `application/vnd.pypi.simple.v1+json`.
pub fn render_json<'a>(names: impl IntoIterator<Item = &'a PackageName>) -> Vec<u8> {
    let projects = names.into_iter().map(|name| Listed { name: name.as_str() }).collect();
    to_bytes(&Root { meta: Meta { api_version: API_VERSION }, projects })
}

/// The root page as HTML. Links are relative to `/simple/`.
pub fn render_html<'a>(names: impl IntoIterator<Item = &'a PackageName>) -> Vec<u8> {
    let mut page = String::from("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n");
    push(&mut page, format_args!("<meta name=\"pypi:repository-version\" content=\"{API_VERSION}\">\n"));
    page.push_str("<title>Simple index</title>\n</head>\n<body>\n");
    for name in names {
        let name = escaped(name.as_str());
        push(&mut page, format_args!("<a href=\"{name}/\">{name}</a><br>\n"));
    }
    page.push_str("</body>\n</html>\n");
    page.into_bytes()
}
