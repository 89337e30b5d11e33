//! The pinned versions, read from the list that the installing script reads too.

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pinned {
    /// Its folder in `.test/clients`.
    pub(crate) folder: &'static str,
    pub(crate) version: &'static str,
    /// `make test` runs it.
    pub(crate) fair: bool,
}

/// Every line.
pub(crate) fn all() -> impl Iterator<Item = Pinned> {
    include_str!("versions.txt").lines().filter(|line| !line.starts_with('#')).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [folder, _kind, package, rest @ ..] = words.as_slice() else { panic!("versions.txt: {line:?}") };
        let version = package.rsplit(['@', '=']).next().expect("a version");
        Pinned { folder, version, fair: rest == ["fair"] }
    })
}

/// The line of this folder.
pub(crate) fn line(folder: &str) -> Pinned {
    all().find(|pinned| pinned.folder == folder).unwrap_or_else(|| panic!("{folder} is not in versions.txt"))
}

/// The version in this folder.
pub(crate) fn of(folder: &str) -> &'static str {
    line(folder).version
}
