//! A project's page, compiled: what is known about its files, checked and typed.

use sekisho_core::PackageName;
use url::Url;

use crate::filename::Candidate;
use crate::read;

/// A project of an index, read from its page.
#[derive(Clone, Debug)]
pub struct Project {
    name: PackageName,
    versions: Vec<Box<str>>,
    status: Option<Status>,
    files: Vec<File>,
    /// Indexes into `files`, sorted by file name.
    by_name: Vec<u32>,
    weight: usize,
}

/// One file of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The file's name. A path-safe one unless `contradiction` is [`Contradiction::UnsafeName`].
    pub filename: Box<str>,
    /// Where the upstream has it: absolute, http or https, no user info, no fragment. `None` if it can't be fetched
    /// from anywhere; then the file is contradictory, or the canary's.
    pub url: Option<Url>,
    /// Every version that the file's name may stand for; see [`File::decided_as`].
    pub versions: Vec<Candidate>,
    /// Digests of the file.
    pub hashes: Vec<Hash>,
    /// `Requires-Python` as the index gives it.
    pub requires_python: Option<Box<str>>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// When it was uploaded: ISO 8601, as the index gives it.
    pub upload_time: Option<Box<str>>,
    /// Yanked by its owner (PEP 592).
    pub yanked: Yanked,
    /// Whether `<url>.metadata` is there (PEP 658, 714).
    pub core_metadata: CoreMetadata,
    /// Whether `<url>.asc` is there. Never passed on: signatures are not served.
    pub gpg_sig: Option<bool>,
    /// Where the provenance is (PEP 740); https only.
    pub provenance: Option<Box<str>>,
    /// Why the file must not be served, whatever the decision says.
    pub contradiction: Option<Contradiction>,
}

/// A digest: `sha256` and its hexadecimal value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash {
    /// The algorithm as `hashlib` names it.
    pub algorithm: Box<str>,
    /// Hexadecimal, as the index gives it.
    pub value: Box<str>,
}

/// Whether a file was yanked (PEP 592).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yanked {
    /// It was not.
    No,
    /// It was, and nobody said why.
    Yes,
    /// It was, for this reason, cut at 1,000 characters.
    Because(Box<str>),
}

/// What the index says about a file's separate metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoreMetadata {
    /// It is not promised.
    Absent,
    /// It is there.
    Present,
    /// It is there, and these are its digests.
    Hashed(Vec<Hash>),
}

/// A project's status and why (PEP 792).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The status.
    pub state: State,
    /// Free text, cut at 1,000 characters.
    pub reason: Option<Box<str>>,
}

/// The statuses of PEP 792. A page with another one is read as having none, as the specification of `active` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As every project.
    Active,
    /// No more updates are expected.
    Archived,
    /// Unsafe.
    Quarantined,
    /// Obsolete.
    Deprecated,
}

/// In what a page contradicts itself about a file. Such a file is always refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contradiction {
    /// The same file name stands twice and the entries differ.
    Duplicate,
    /// The file's name can't be one path segment. It is not even listed: no link could lead to it.
    UnsafeName,
    /// The name in the file name is another project's.
    OtherProject,
    /// Its URL is none, or not http(s), or has user info.
    Url,
    /// Its URL ends in another distribution's file name, or is shared with another file.
    OtherFile,
    /// A digest that is not hexadecimal, or two for one algorithm.
    Hash,
    /// A key stands twice, or a value has a type or a length that no index gives it.
    Malformed,
}

/// In which form a page came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PEP 691.
    Json,
    /// PEP 503.
    Html,
}

/// Why a page is none. Its text is for the log: it may quote the upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// Not JSON, or JSON of another shape, or nested too deeply.
    #[error("the page is not the JSON of a simple index: {0}")]
    Json(String),
    /// There is no list of files.
    #[error("the page has no list of files")]
    NoFiles,
    /// HTML that shows no sign of being a simple index: an error page, a login form.
    #[error("the page is not a simple index: no file of this project, no repository version, no \"Links for\" heading")]
    NotASimplePage,
    /// The page is about another project.
    #[error("the page is about another project: {0:?}")]
    OtherProject(String),
    /// A repository version that is not 1.x (PEP 629 says to stop).
    #[error("the page has repository version {0:?}, and only 1.x is known")]
    ApiVersion(String),
    /// More files or versions than any project has.
    #[error("the page lists more than {MAX_FILES} files")]
    TooMany,
}

/// Most files, and most versions, that a page may list.
pub const MAX_FILES: usize = 65_536;

impl Project {
    /// Reads the page that came for `name` from `page_url` (after redirects: relative links start there).
    pub fn compile(name: &PackageName, kind: Kind, raw: &[u8], page_url: &Url) -> Result<Project, ProjectError> {
        match kind {
            Kind::Json => read::json(name, raw, page_url),
            Kind::Html => read::html(name, raw, page_url),
        }
    }

    /// A project without files: what a name that is refused whole is answered with where its page can't be had.
    pub fn empty(name: PackageName) -> Project {
        Project::new(name, Vec::new(), None, Vec::new(), Vec::new())
    }

    /// `by_name` holds each file once, sorted by file name; [`read`] sees to it.
    pub(crate) fn new(
        name: PackageName,
        versions: Vec<Box<str>>,
        status: Option<Status>,
        files: Vec<File>,
        by_name: Vec<u32>,
    ) -> Project {
        let weight = size_of::<Project>()
            + files.iter().map(|f| f.weight() + size_of::<u32>()).sum::<usize>()
            + versions.iter().map(|v| v.len() + size_of::<Box<str>>()).sum::<usize>();
        Project { name, versions, status, files, by_name, weight }
    }

    /// The project's name.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// Every version, as the index lists them; from the files' names where it does not.
    pub fn versions(&self) -> &[Box<str>] {
        &self.versions
    }

    /// The project's status, where the index gives one.
    pub fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    /// The files in the order of the page; each file name once.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The file of exactly this name.
    pub fn file(&self, filename: &str) -> Option<&File> {
        self.find(filename).map(|(_, file)| file)
    }

    /// The file of exactly this name, and its index in [`Project::files`].
    pub fn find(&self, filename: &str) -> Option<(usize, &File)> {
        let name_of = |index: &u32| self.files.get(*index as usize).map_or("", |f| &f.filename);
        let found = self.by_name.binary_search_by(|index| name_of(index).cmp(filename)).ok()?;
        let index = *self.by_name.get(found)? as usize;
        self.files.get(index).map(|file| (index, file))
    }

    /// Bytes of memory that the project takes, roughly: what a bounded cache counts.
    pub fn weight(&self) -> usize {
        self.weight
    }
}

impl File {
    /// The texts to decide on: the file is refused if any of them is. Every reading of its version; the file's name
    /// where it has none, which no version parser takes, so that the decision treats it as unreadable.
    pub fn decided_as(&self) -> impl Iterator<Item = &str> {
        let unreadable = self.versions.is_empty().then_some(&*self.filename);
        self.versions.iter().map(|c| &*c.text).chain(unreadable)
    }

    fn weight(&self) -> usize {
        let text = |t: &Option<Box<str>>| t.as_ref().map_or(0, |t| t.len());
        let hashes =
            |list: &[Hash]| list.iter().map(|h| size_of::<Hash>() + h.algorithm.len() + h.value.len()).sum::<usize>();
        // A parsed version is one shared allocation of about this size.
        let versions: usize = self.versions.iter().map(|c| size_of::<Candidate>() + c.text.len() + 48).sum();
        let metadata = if let CoreMetadata::Hashed(list) = &self.core_metadata { hashes(list) } else { 0 };
        let yanked = if let Yanked::Because(reason) = &self.yanked { reason.len() } else { 0 };
        size_of::<File>()
            + self.filename.len()
            + self.url.as_ref().map_or(0, |u| u.as_str().len())
            + versions
            + hashes(&self.hashes)
            + metadata
            + yanked
            + text(&self.requires_python)
            + text(&self.upload_time)
            + text(&self.provenance)
    }
}

impl State {
    /// PEP 792's word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Archived => "archived",
            State::Quarantined => "quarantined",
            State::Deprecated => "deprecated",
        }
    }

    /// Reads PEP 792's word.
    pub fn parse(text: &str) -> Option<State> {
        [State::Active, State::Archived, State::Quarantined, State::Deprecated].into_iter().find(|s| s.as_str() == text)
    }
}
