//! The query's parameters: each that can't be read is named, with what was expected.

use sekisho_core::id::{BotId, EntryId};
use sekisho_core::org::IdentifierPrefix;
use sekisho_core::{Ecosystem, PackageName, PackageUrl, Timestamp};
use sekisho_store::Question;
use uuid::Uuid;

use super::range::Range;
use crate::http::{Code, Problem};

/// Items of a page, unless said otherwise.
const LIMIT: usize = 100;
/// Most items of a page.
const MOST: usize = 1000;
/// Longest text that is searched for.
const LONGEST: usize = 500;
/// What a cursor begins with, so that other texts are not taken for one.
const CURSOR: &str = "IN";

/// What is asked for. The owner is filled in by who may ask.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) versions: Option<Versions>,
    pub(super) limit: usize,
    pub(super) cursor: Option<EntryId>,
}

/// Which versions of the package.
#[derive(Debug)]
pub(super) enum Versions {
    Exactly(String),
    Range(Range),
}

/// The text of a cursor: the next page begins before this row.
pub(super) fn cursor(id: EntryId) -> String {
    format!("{CURSOR}{}", sekisho_core::base::u128_crockford(id.0.as_u128()))
}

impl Asked {
    /// Reads the query. An export has all items, so it takes neither `limit` nor `cursor`.
    pub(super) fn read(query: &str, export: bool) -> Result<Asked, Problem> {
        let mut texts = Texts::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            texts.put(&name, value.into_owned())?;
        }
        let taken = |text: &Option<String>| export && text.is_some();
        if taken(&texts.limit) || taken(&texts.cursor) {
            return Err(bad("limit and cursor", "belong to pages of JSON; an export has everything"));
        }
        texts.into_asked()
    }
}

macro_rules! texts {
    ($($name:ident),*) => {
        /// The parameters as they were sent.
        #[derive(Default)]
        struct Texts {
            $($name: Option<String>),*
        }

        impl Texts {
            fn put(&mut self, name: &str, value: String) -> Result<(), Problem> {
                let place = match name {
                    $(stringify!($name) => &mut self.$name,)*
                    _ => {
                        let known = [$(stringify!($name)),*].join(", ");
                        return Err(problem(format!("The query has a parameter that is not known here. Known are: {known}.")));
                    }
                };
                match place.replace(value) {
                    Some(_) => Err(bad(name, "was sent twice")),
                    None => Ok(()),
                }
            }
        }
    };
}

texts!(
    ecosystem,
    package,
    version,
    range,
    user_identifier_prefix,
    bot_id,
    repository,
    outcome,
    from,
    to,
    limit,
    cursor
);

impl Texts {
    fn into_asked(self) -> Result<Asked, Problem> {
        let mut question = Question::of(Uuid::nil());
        question.ecosystem = self.ecosystem.map(|text| ecosystem(&text)).transpose()?;
        let mut version = self.version;
        if let Some(text) = self.package {
            let (package, within) = package(&text, question.ecosystem)?;
            if within.is_some() && version.is_some() {
                return Err(bad("version", "was sent twice: the package URL has one too"));
            }
            version = version.or(within);
            question.ecosystem = Some(package.ecosystem());
            question.package = Some(package);
        }
        let versions = match (&question.package, version, self.range) {
            (_, None, None) => None,
            (None, ..) => return Err(bad("version and range", "need a package")),
            (_, Some(_), Some(_)) => return Err(bad("version and range", "exclude each other")),
            (_, Some(version), _) => Some(Versions::Exactly(within("version", version)?)),
            (Some(package), _, Some(range)) => {
                Some(Versions::Range(Range::parse(package.ecosystem(), &range).ok_or_else(|| bad("range", RANGE))?))
            }
        };
        if let Some(text) = self.user_identifier_prefix {
            question.person = IdentifierPrefix::parse(&text).map_err(|_| bad("user_identifier_prefix", PREFIX))?;
        }
        if let Some(text) = self.bot_id {
            question.bot = Some(BotId::parse(&text).ok_or_else(|| bad("bot_id", "is no id of a bot like BT01..."))?);
        }
        question.repository = self.repository.map(|text| within("repository", text)).transpose()?;
        question.refused = self.outcome.map(|text| outcome(&text)).transpose()?;
        question.from = self.from.map(|text| moment("from", &text)).transpose()?;
        question.to = self.to.map(|text| moment("to", &text)).transpose()?;
        Ok(Asked {
            question,
            versions,
            limit: self.limit.map_or(Ok(LIMIT), |text| limit(&text))?,
            cursor: self.cursor.map(|text| place(&text)).transpose()?,
        })
    }
}

const RANGE: &str =
    "can't be read: comparisons like \">=1.0.0 <2\" or \">=1,<2\", npm's ^ ~ x and ||, Python's ~= and ==1.*";
const PREFIX: &str = "may have at most 255 characters out of A-Z, a-z, 0-9 and . _ @ + -";

fn ecosystem(text: &str) -> Result<Ecosystem, Problem> {
    Ecosystem::parse(text).ok_or_else(|| bad("ecosystem", "has to be npm or pypi"))
}

/// A package URL, with or without a version, or a name with `ecosystem` beside it.
fn package(text: &str, ecosystem: Option<Ecosystem>) -> Result<(PackageName, Option<String>), Problem> {
    if text.starts_with("pkg:") {
        let purl = PackageUrl::parse(text).map_err(|_| bad("package", "is no package URL like pkg:npm/name@1.2.3"))?;
        if ecosystem.is_some_and(|e| e != purl.name.ecosystem()) {
            return Err(bad("ecosystem", "is not that of the package URL"));
        }
        return Ok((purl.name, purl.version.map(String::from)));
    }
    let ecosystem = ecosystem.ok_or_else(|| bad("package", "needs ecosystem beside it, or is a package URL"))?;
    let name = PackageName::parse(ecosystem, text).map_err(|_| bad("package", "is no name of a package"))?;
    Ok((name, None))
}

fn outcome(text: &str) -> Result<bool, Problem> {
    match text {
        "refused" => Ok(true),
        "answered" => Ok(false),
        _ => Err(bad("outcome", "has to be answered or refused")),
    }
}

fn moment(name: &str, text: &str) -> Result<Timestamp, Problem> {
    text.parse().map_err(|_| bad(name, "is no moment like 2026-11-23T09:00:00Z"))
}

fn limit(text: &str) -> Result<usize, Problem> {
    text.parse()
        .ok()
        .filter(|n| (1..=MOST).contains(n))
        .ok_or_else(|| bad("limit", "has to be a number from 1 to 1000"))
}

fn place(text: &str) -> Result<EntryId, Problem> {
    let id = text.strip_prefix(CURSOR).and_then(sekisho_core::base::crockford_u128);
    id.map(|id| EntryId(Uuid::from_u128(id))).ok_or_else(|| bad("cursor", "is not one that next_cursor gave"))
}

fn within(name: &str, text: String) -> Result<String, Problem> {
    match (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control) {
        true => Ok(text),
        false => Err(bad(name, "has to have 1 to 500 bytes and no control characters")),
    }
}

fn bad(name: &str, what: &str) -> Problem {
    problem(format!("The query's {name} {what}."))
}

fn problem(detail: String) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
