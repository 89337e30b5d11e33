//! The query's parameters: one that can't be read is named.

use sekisho_core::id::{BotId, EntryId, OrgId};
use sekisho_core::org::IdentifierPrefix;
use sekisho_core::secret::ServerSecret;
use sekisho_core::{Ecosystem, PackageName, PackageUrl, Timestamp};
use sekisho_store::Question;
use uuid::Uuid;

use super::range::Range;
use super::wrong::Wrong;
use crate::api::cursor::Cursors;

/// Items of a page, unless said otherwise.
const LIMIT: usize = 100;
/// Most items of a page.
const MOST: usize = 1000;
/// Longest text that is searched for.
const LONGEST: usize = 500;

/// What is asked for. The owner is filled in by who may ask.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Everything but the owner and the versions.
    pub(crate) question: Question,
    /// Which versions of the package.
    pub(crate) versions: Option<Versions>,
    pub(super) limit: usize,
    /// Where the page before ended.
    pub(crate) cursor: Option<EntryId>,
    /// The list that pages are of.
    pub(crate) pages: Pages,
}

/// The list that cursors are for: one organisation's log, with the same filters.
#[derive(Debug)]
pub(crate) struct Pages {
    org: String,
    filters: String,
}

impl Pages {
    /// The cursor of the page that begins before this row.
    pub(crate) fn cursor(&self, secret: &ServerSecret, id: EntryId) -> String {
        Cursors::of(secret, &self.list()).seal(id.0.as_bytes())
    }

    fn open(&self, secret: &ServerSecret, cursor: &str) -> Result<EntryId, Wrong> {
        let place = Cursors::of(secret, &self.list()).open(cursor).and_then(|place| place.try_into().ok());
        place.map(|id| EntryId(Uuid::from_bytes(id))).ok_or(Wrong::Cursor)
    }

    fn list(&self) -> [&[u8]; 3] {
        [b"installs", self.org.as_bytes(), self.filters.as_bytes()]
    }
}

/// Which versions of the package.
#[derive(Debug)]
pub(crate) enum Versions {
    /// This one, in every spelling of it.
    Exactly(String),
    /// Those that lie in it.
    Range(Range),
}

impl Asked {
    /// Reads a query to this organisation's log. An export has all items, so it takes neither `limit` nor `cursor`.
    pub(crate) fn read(secret: &ServerSecret, org: OrgId, query: &str, export: bool) -> Result<Asked, Wrong> {
        let mut texts = Texts::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            texts.put(&name, value.into_owned())?;
        }
        let taken = |text: &Option<String>| export && text.is_some();
        if taken(&texts.limit) || taken(&texts.cursor) {
            return Err(Wrong::Pages);
        }
        texts.into_asked(secret, org)
    }
}

macro_rules! texts {
    ($($name:ident),*) => {
        /// The parameters as they were sent.
        #[derive(Default)]
        struct Texts {
            $($name: Option<String>),*
        }

        /// The names of the parameters.
        pub(super) const KNOWN: &[&str] = &[$(stringify!($name)),*];

        impl Texts {
            fn put(&mut self, name: &str, value: String) -> Result<(), Wrong> {
                let (name, place) = match name {
                    $(stringify!($name) => (stringify!($name), &mut self.$name),)*
                    _ => return Err(Wrong::Unknown),
                };
                match place.replace(value) {
                    Some(_) => Err(Wrong::Twice(name)),
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
    fn into_asked(self, secret: &ServerSecret, org: OrgId) -> Result<Asked, Wrong> {
        let mut question = Question::of(Uuid::nil());
        question.ecosystem = self.ecosystem.map(|text| ecosystem(&text)).transpose()?;
        let mut version = self.version;
        if let Some(text) = self.package {
            let (package, within) = package(&text, question.ecosystem)?;
            if within.is_some() && version.is_some() {
                return Err(Wrong::TwoVersions);
            }
            version = version.or(within);
            question.ecosystem = Some(package.ecosystem());
            question.package = Some(package);
        }
        let versions = match (&question.package, version, self.range) {
            (_, None, None) => None,
            (None, ..) => return Err(Wrong::NoPackage),
            (_, Some(_), Some(_)) => return Err(Wrong::VersionAndRange),
            (_, Some(version), _) => Some(Versions::Exactly(within("version", version)?)),
            (Some(package), _, Some(range)) => {
                Some(Versions::Range(Range::parse(package.ecosystem(), &range).ok_or(Wrong::Range)?))
            }
        };
        if let Some(text) = self.user_identifier_prefix {
            question.person = IdentifierPrefix::parse(&text).map_err(|_| Wrong::Prefix)?;
        }
        if let Some(text) = self.bot_id {
            question.bot = Some(BotId::parse(&text).ok_or(Wrong::Bot)?);
        }
        question.repository = self.repository.map(|text| within("repository", text)).transpose()?;
        question.refused = self.outcome.map(|text| outcome(&text)).transpose()?;
        question.from = self.from.map(|text| moment("from", &text)).transpose()?;
        question.to = self.to.map(|text| moment("to", &text)).transpose()?;
        let limit = self.limit.map_or(Ok(LIMIT), |text| limit(&text))?;
        // As they were understood: another spelling of the same question is the same list.
        let pages = Pages { org: org.to_string(), filters: format!("{question:?} {versions:?}") };
        let cursor = self.cursor.map(|text| pages.open(secret, &text)).transpose()?;
        Ok(Asked { question, versions, limit, cursor, pages })
    }
}

fn ecosystem(text: &str) -> Result<Ecosystem, Wrong> {
    Ecosystem::parse(text).ok_or(Wrong::Ecosystem)
}

/// A package URL, with or without a version, or a name with `ecosystem` beside it.
fn package(text: &str, ecosystem: Option<Ecosystem>) -> Result<(PackageName, Option<String>), Wrong> {
    if text.starts_with("pkg:") {
        let purl = PackageUrl::parse(text).map_err(|_| Wrong::PackageUrl)?;
        if ecosystem.is_some_and(|e| e != purl.name.ecosystem()) {
            return Err(Wrong::OtherEcosystem);
        }
        return Ok((purl.name, purl.version.map(String::from)));
    }
    let ecosystem = ecosystem.ok_or(Wrong::NoEcosystem)?;
    let name = PackageName::parse(ecosystem, text).map_err(|_| Wrong::Package)?;
    Ok((name, None))
}

fn outcome(text: &str) -> Result<bool, Wrong> {
    match text {
        "refused" => Ok(true),
        "answered" => Ok(false),
        _ => Err(Wrong::Outcome),
    }
}

fn moment(name: &'static str, text: &str) -> Result<Timestamp, Wrong> {
    text.parse().map_err(|_| Wrong::Moment(name))
}

fn limit(text: &str) -> Result<usize, Wrong> {
    text.parse().ok().filter(|n| (1..=MOST).contains(n)).ok_or(Wrong::Limit)
}

fn within(name: &'static str, text: String) -> Result<String, Wrong> {
    match (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control) {
        true => Ok(text),
        false => Err(Wrong::Length(name)),
    }
}
