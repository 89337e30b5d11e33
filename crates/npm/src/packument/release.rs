//! One release of a packument: its row in the table, and what makes it unfit to be served.

use std::borrow::Cow;

use sekisho_core::{Ecosystem, PackageName, Version};

use crate::address;
use crate::packument::abbreviated::{Abbreviated, Stays};
use crate::scan::{Fault, Scanner, Span, Text};

/// One release, as the upstream's document has it.
#[derive(Clone, Debug)]
pub struct ReleaseRow {
    pub(crate) index: u32,
    pub(crate) version: Box<str>,
    pub(crate) parsed: Option<Version>,
    /// The member of `versions`: key and value.
    pub(crate) entry: Span,
    /// The value of that member.
    pub(crate) object: Span,
    pub(crate) tarball: Option<TarballPlace>,
    /// The string `dist.integrity`, quotes included.
    pub(crate) integrity: Option<Span>,
    /// The string `dist.shasum`, quotes included.
    pub(crate) shasum: Option<Span>,
    pub(crate) published: Option<Box<str>>,
    pub(crate) deprecated: bool,
    /// What stays of it in the abbreviated form.
    pub(crate) abbreviated: Abbreviated,
    pub(crate) contradiction: Option<Contradiction>,
}

/// A tarball and where the document says so.
#[derive(Clone, Debug)]
pub(crate) struct TarballPlace {
    /// The string `dist.tarball`, quotes included.
    pub(crate) span: Span,
    pub(crate) url: Box<str>,
    pub(crate) file: Box<str>,
}

/// What a document says against itself about a release. Clients resolve such things differently, so that a check of one
/// reading says nothing about another: the release is always refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contradiction {
    /// The version stands twice in `versions`.
    RepeatedVersion,
    /// The version's key can't be decoded, or is `__proto__`, which JavaScript may take for something else.
    UnusableVersion,
    /// What stands there is not an object.
    NotAnObject,
    /// A key stands twice in the release's object or in its `dist`.
    RepeatedKey,
    /// A key of the release's object or of its `dist` can't be decoded or is `__proto__`, or there are far too many.
    UnusableKey,
    /// `name` is not the package's, or is missing.
    OtherName,
    /// `version` is not the one under which it stands, or is missing.
    OtherVersion,
    /// There is no `dist.tarball`.
    NoTarball,
    /// `dist.tarball` is not an `http` or `https` URL.
    TarballAddress,
    /// The tarball's address does not end in a usable file name.
    FileName,
    /// Another version has a tarball of the same file name.
    SharedFile,
}

impl Contradiction {
    /// What is wrong, in a few words for a log or the page that explains.
    pub fn words(self) -> &'static str {
        match self {
            Contradiction::RepeatedVersion => "the version stands twice",
            Contradiction::UnusableVersion => "the version is not a usable key",
            Contradiction::NotAnObject => "the version is not an object",
            Contradiction::RepeatedKey => "a key stands twice",
            Contradiction::UnusableKey => "a key is not usable",
            Contradiction::OtherName => "its name is another one",
            Contradiction::OtherVersion => "its version is another one",
            Contradiction::NoTarball => "it has no tarball",
            Contradiction::TarballAddress => "its tarball's address is not an http or https URL",
            Contradiction::FileName => "its tarball's address has no usable file name",
            Contradiction::SharedFile => "two versions claim the same file",
        }
    }
}

impl ReleaseRow {
    /// Its place in the document's order of versions.
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// How many bytes the document says about it.
    pub fn length(&self) -> usize {
        self.object.len()
    }

    /// The version's text. Where the key can't be decoded, its raw spelling: such a row has a contradiction.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The version, if it can be read.
    pub fn parsed(&self) -> Option<&Version> {
        self.parsed.as_ref()
    }

    /// The upstream's address of the tarball; where it leads is not checked here. `None` only with a contradiction.
    pub fn tarball(&self) -> Option<&str> {
        self.tarball.as_ref().map(|t| &*t.url)
    }

    /// The tarball's file name. `None` only with a contradiction.
    pub fn file(&self) -> Option<&str> {
        self.tarball.as_ref().map(|t| &*t.file)
    }

    /// When it was published, as `time` says; abbreviated documents don't.
    pub fn published(&self) -> Option<&str> {
        self.published.as_deref()
    }

    /// Its authors deprecated it.
    pub fn is_deprecated(&self) -> bool {
        self.deprecated
    }

    /// What the document says against itself about it: it is always refused then.
    pub fn contradiction(&self) -> Option<Contradiction> {
        self.contradiction
    }

    pub(super) fn weight(&self) -> usize {
        let tarball = self.tarball.as_ref().map_or(0, |t| t.url.len() + t.file.len());
        let abbreviated = size_of_val(&*self.abbreviated.runs);
        size_of::<ReleaseRow>() + self.version.len() + tarball + abbreviated + self.published().map_or(0, str::len)
    }
}

/// The keys of one object, to find one that stands twice.
#[derive(Default)]
struct Keys<'a> {
    seen: Vec<Cow<'a, str>>,
    unusable: bool,
    /// The last list that was looked through and has none: most releases have the keys of the one before.
    known: Vec<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    fn clear(&mut self) {
        self.seen.clear();
        self.unusable = false;
    }

    /// Notes a key and returns it. What is unusable is returned too: its value still says which file is refused.
    fn note(&mut self, key: &Text<'a>) -> Cow<'a, str> {
        match key.decode() {
            Some(key) if key != PROTO && self.seen.len() < MAX_KEYS => {
                self.seen.push(key.clone());
                key
            }
            key => {
                self.unusable = true;
                key.unwrap_or_default()
            }
        }
    }

    fn contradiction(&mut self) -> Option<Contradiction> {
        if self.unusable {
            return Some(Contradiction::UnusableKey);
        }
        if self.seen == self.known {
            return None;
        }
        let mut sorted = self.seen.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Some(Contradiction::RepeatedKey);
        }
        self.known.clone_from(&self.seen);
        None
    }
}

/// A key that `JSON.parse` takes as any other, and that an assignment in JavaScript takes for the prototype.
pub(super) const PROTO: &str = "__proto__";

/// Most keys accepted in one release's object: real ones have some tens.
const MAX_KEYS: usize = 10_000;

/// Reads releases; holds what is used again for each of them.
pub(super) struct ReleaseReader<'a> {
    name: &'a PackageName,
    keys: Keys<'a>,
    dist_keys: Keys<'a>,
}

/// What a release's object says about itself.
#[derive(Default)]
struct Claims<'a> {
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    tarball: Option<Text<'a>>,
    integrity: Option<Text<'a>>,
    shasum: Option<Text<'a>>,
    deprecated: bool,
    stays: Stays,
}

impl<'a> ReleaseReader<'a> {
    pub(super) fn new(name: &'a PackageName) -> ReleaseReader<'a> {
        ReleaseReader { name, keys: Keys::default(), dist_keys: Keys::default() }
    }

    /// Reads the value of one member of `versions`. Only what is not JSON is an error; anything odd is a contradiction.
    pub(super) fn read(&mut self, index: u32, key: &Text<'a>, scanner: &mut Scanner<'a>) -> Result<ReleaseRow, Fault> {
        let version = key.decode().filter(|version| version != PROTO);
        let mut row = ReleaseRow {
            index,
            version: key.shown().into(),
            parsed: version.as_deref().and_then(|text| Version::parse(Ecosystem::Npm, text).ok()),
            entry: key.span,
            object: key.span,
            tarball: None,
            integrity: None,
            shasum: None,
            published: None,
            deprecated: false,
            abbreviated: Abbreviated::default(),
            contradiction: None,
        };
        if scanner.peek() == Some(b'{') {
            let mut claims = Claims::default();
            row.object = self.object(scanner, &mut claims)?;
            row.deprecated = claims.deprecated;
            row.integrity = claims.integrity.map(|text| text.span);
            row.shasum = claims.shasum.map(|text| text.span);
            row.abbreviated = claims.stays.finish();
            row.contradiction = self.check(&claims, version.as_deref(), &mut row.tarball).err();
        } else {
            row.object = scanner.value()?;
            row.contradiction = Some(Contradiction::NotAnObject);
        }
        row.entry.end = row.object.end;
        Ok(row)
    }

    fn object(&mut self, scanner: &mut Scanner<'a>, claims: &mut Claims<'a>) -> Result<Span, Fault> {
        let ReleaseReader { keys, dist_keys, .. } = self;
        keys.clear();
        dist_keys.clear();
        scanner.members(|scanner, key| {
            let name = keys.note(&key);
            match &*name {
                "name" => claims.name = scanner.text_value()?,
                "version" => claims.version = scanner.text_value()?,
                "deprecated" => claims.deprecated = deprecation(scanner)?,
                "scripts" if scanner.peek() == Some(b'{') => claims.stays.scripts(scanner)?,
                "dist" if scanner.peek() == Some(b'{') => {
                    dist_keys.clear();
                    scanner.members(|scanner, key| {
                        match &*dist_keys.note(&key) {
                            "tarball" => claims.tarball = scanner.text_value()?,
                            "integrity" => claims.integrity = scanner.text_value()?,
                            "shasum" => claims.shasum = scanner.text_value()?,
                            _ => drop(scanner.value()?),
                        }
                        Ok::<_, Fault>(())
                    })?;
                }
                _ => drop(scanner.value()?),
            }
            claims.stays.note(&name, Span { start: key.span.start, end: scanner.position() });
            Ok(())
        })
    }

    /// The tarball is taken even from a release with another contradiction, so that its file is refused, not unknown.
    fn check(
        &mut self,
        claims: &Claims<'a>,
        version: Option<&str>,
        place: &mut Option<TarballPlace>,
    ) -> Result<(), Contradiction> {
        let tarball = claims.tarball.ok_or(Contradiction::NoTarball).and_then(|text| {
            let address = text.decode().ok_or(Contradiction::TarballAddress)?;
            let tarball = address::tarball(&address)?;
            Ok(TarballPlace { span: text.span, url: tarball.url, file: tarball.file })
        });
        let (tarball, missing) = match tarball {
            Ok(tarball) => (Some(tarball), None),
            Err(contradiction) => (None, Some(contradiction)),
        };
        *place = tarball;
        let says = |claim: Option<Text<'a>>, wanted: &str| claim.and_then(|c| c.decode()).is_some_and(|c| c == wanted);
        let version = version.ok_or(Contradiction::UnusableVersion)?;
        self.keys.contradiction().or_else(|| self.dist_keys.contradiction()).map_or(Ok(()), Err)?;
        if !says(claims.name, self.name.as_str()) {
            return Err(Contradiction::OtherName);
        }
        if !says(claims.version, version) {
            return Err(Contradiction::OtherVersion);
        }
        missing.map_or(Ok(()), Err)
    }
}

/// npm takes a non-empty message, or `true` from old documents, for a deprecation; an empty one takes it back.
fn deprecation(scanner: &mut Scanner<'_>) -> Result<bool, Fault> {
    match scanner.peek() {
        Some(b'"') => Ok(scanner.text()?.span.len() > 2),
        first => scanner.value().map(|_| first == Some(b't')),
    }
}
