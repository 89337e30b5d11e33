//! Ids of what is refused. A record has its own. uv's malware check looks at ids that begin with `MAL-` and shows nothing
//! but the id, so a refusal that rests on no such record gets one that says what is refused:
//! `MAL-SEKISHO-pypi-six@1.17.0`.

use sekisho_core::policy::Refusal;
use sekisho_core::{Ecosystem, PackageName};

/// How our own ids begin.
const OURS: &str = "MAL-SEKISHO-";

/// The ids that a refusal is told by; one of them begins with `MAL-`.
pub(super) fn of(name: &PackageName, version: Option<&str>, refusal: &Refusal) -> Vec<String> {
    let mut ids = refusal.advisories.clone();
    if !ids.iter().any(|id| id.starts_with("MAL-")) {
        ids.push(own(name, version));
    }
    ids
}

/// Our own id for a release, or for a name where the version is none that can stand in a path.
pub(super) fn own(name: &PackageName, version: Option<&str>) -> String {
    let base = format!("{OURS}{}-{}", name.ecosystem(), name.as_str().replace('/', "+"));
    match version.filter(|version| is_plain(version)) {
        Some(version) => format!("{base}@{version}"),
        None => base,
    }
}

/// Reads an id of ours back.
pub(super) fn parse(id: &str) -> Option<(PackageName, Option<&str>)> {
    let (ecosystem, rest) = id.strip_prefix(OURS)?.split_once('-')?;
    let ecosystem = Ecosystem::parse(ecosystem)?;
    let (name, version) = match rest.rfind('@') {
        Some(at) if at > 0 => (rest.get(..at)?, Some(rest.get(at + 1..)?)),
        _ => (rest, None),
    };
    let name = PackageName::parse(ecosystem, &name.replace('+', "/")).ok()?;
    if own(&name, version) == id { Some((name, version)) } else { None }
}

fn is_plain(version: &str) -> bool {
    !version.is_empty()
        && version.len() <= 256
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._+!~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_ids_are_read_back_and_nothing_else_is() {
        for (ecosystem, name, version) in [
            (Ecosystem::Pypi, "six", Some("1.17.0")),
            (Ecosystem::Pypi, "a-b", Some("1!2.0+local")),
            (Ecosystem::Npm, "@scope/name", Some("1.0.0-rc.1+b")),
            (Ecosystem::Npm, "@scope/name", None),
        ] {
            let name = PackageName::parse(ecosystem, name).unwrap();
            let id = own(&name, version);
            assert_eq!(parse(&id), Some((name, version)), "{id}");
        }
        let name = PackageName::parse(Ecosystem::Npm, "a").unwrap();
        assert_eq!(own(&name, Some("1.0.0/../x")), "MAL-SEKISHO-npm-a");
        for bad in
            ["MAL-2026-1", "MAL-SEKISHO-gem-a", "MAL-SEKISHO-npm-", "MAL-SEKISHO-npm-a@1@2", "MAL-SEKISHO-pypi-A_b"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
