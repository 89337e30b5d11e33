//! The quick field: a release as people name it leads to its page.

use sekisho_core::{Ecosystem, PackageName, PackageUrl};
use sekisho_store::{Question, StoreError};

use crate::api::orgs::installs::query::Versions;
use crate::api::orgs::installs::question;
use crate::app::App;
use crate::authority::{May, ReadInstalls};
use crate::console::seat::Seat;
use crate::refusal;

/// Longest version, as the page about a release takes it.
const LONGEST_VERSION: usize = 256;

/// The field on a page.
pub(in crate::console) struct Find {
    /// Where it is sent.
    pub(in crate::console) action: String,
    pub(in crate::console) typed: String,
    /// What was typed names no release.
    pub(in crate::console) wrong: bool,
}

impl Find {
    pub(in crate::console) fn of(seat: &Seat<ReadInstalls>, typed: String) -> Find {
        Find { action: seat.at("/installs"), typed: typed.trim().to_owned(), wrong: false }
    }
}

/// The page of the release that a text names. Where npm and Python both may mean it, the one counts that the organisation
/// has taken, npm before.
pub(super) async fn release(app: &App, may: &May<ReadInstalls>, text: &str) -> Result<Option<String>, StoreError> {
    let meant = meant(text);
    let mut chosen = meant.first();
    if meant.len() > 1 {
        for package in &meant {
            if is_known(app, may, package).await? {
                chosen = Some(package);
                break;
            }
        }
    }
    Ok(chosen.map(|package| refusal::why_path(&package.name, package.version.as_deref())))
}

async fn is_known(app: &App, may: &May<ReadInstalls>, package: &PackageUrl) -> Result<bool, StoreError> {
    let mut asked = Question::of(may.org().0);
    asked.package = Some(package.name.clone());
    let versions = package.version.as_deref().map(|version| Versions::Exactly(version.to_owned()));
    let asked = question(app, may, asked, versions).await?;
    Ok(!app.store.ledger().page(asked, None, 1).await?.rows.is_empty())
}

/// What a text may mean: `pkg:npm/x@1.2.3`, `x==1.2.3`, `@scope/x@1.2.3`, `x@1.2.3`, `x`.
fn meant(text: &str) -> Vec<PackageUrl> {
    let of = |ecosystem, name: &str, version: Option<&str>| {
        let name = PackageName::parse(ecosystem, name.trim()).ok()?;
        Some(PackageUrl { name, version: version.map(|version| version.trim().into()) })
    };
    let meant: Vec<Option<PackageUrl>> = if text.starts_with("pkg:") {
        vec![PackageUrl::parse(text).ok()]
    } else if let Some((name, version)) = text.split_once("==") {
        vec![of(Ecosystem::Pypi, name, Some(version.trim_start_matches('=')))]
    } else {
        let at = text.rfind('@').filter(|at| *at > 0);
        let (name, version) = at.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])));
        vec![of(Ecosystem::Npm, name, version), of(Ecosystem::Pypi, name, version)]
    };
    let good = |version: &str| {
        (1..=LONGEST_VERSION).contains(&version.len()) && !version.contains(|c: char| c.is_control() || c == '/')
    };
    meant.into_iter().flatten().filter(|package| package.version.as_deref().is_none_or(good)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        meant(text).iter().map(PackageUrl::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_release_is_understood_as_people_write_it() {
        for (text, wanted) in [
            ("pkg:npm/x@1.2.3", "pkg:npm/x@1.2.3"),
            ("pkg:pypi/Flask", "pkg:pypi/flask"),
            ("@scope/x@1.2.3", "pkg:npm/%40scope/x@1.2.3"),
            ("@scope/x", "pkg:npm/%40scope/x"),
            ("Flask == 1.0", "pkg:pypi/flask@1.0"),
            ("flask===1.0", "pkg:pypi/flask@1.0"),
            ("x@1.2.3", "pkg:npm/x@1.2.3 pkg:pypi/x@1.2.3"),
            ("x", "pkg:npm/x pkg:pypi/x"),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_names_no_release_means_nothing() {
        let long = format!("x@{}", "1".repeat(300));
        for text in
            ["", "@", "x@", "x==", "pkg:gem/x@1", "a b", "x@1/2", "../x", "x@\u{0}1", &long, "https://x.example/y"]
        {
            assert_eq!(shown(text), "", "{text:?}");
        }
    }
}
