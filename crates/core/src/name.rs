//! Package names, validated and in canonical form.

use std::fmt;

use crate::Ecosystem;

/// A package's name in canonical form, together with its ecosystem.
///
/// npm: as the registry spells it (case matters for old packages), scope included: `@scope/name`.
/// PyPI: normalised by PEP 503, so that `Flask_Login` and `flask-login` are one name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageName {
    ecosystem: Ecosystem,
    text: Box<str>,
}

/// Why a text is not a package name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a package name is empty")]
    Empty,
    /// The text is longer than any registry accepts.
    #[error("a package name is longer than {MAX_NAME} characters")]
    TooLong,
    /// A character that no registry allows.
    #[error("a package name has a character that is not allowed")]
    Character,
}

/// Longest name accepted, in bytes: npm's limit of 214. PyPI's longest names are shorter.
pub const MAX_NAME: usize = 214;

impl PackageName {
    /// Reads a name as a client or a document spells it (percent-decoded).
    pub fn parse(ecosystem: Ecosystem, text: &str) -> Result<PackageName, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        let text = match ecosystem {
            Ecosystem::Npm => npm_name(text)?.into(),
            Ecosystem::Pypi => pypi_name(text)?,
        };
        Ok(PackageName { ecosystem, text })
    }

    /// The ecosystem this name lives in.
    pub fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// npm: the part after the scope's slash; otherwise the whole name.
    pub fn unscoped(&self) -> &str {
        match self.text.split_once('/') {
            Some((_, rest)) if self.ecosystem == Ecosystem::Npm => rest,
            _ => &self.text,
        }
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.ecosystem, self.text)
    }
}

/// npm: an optional `@scope/`, then URL-safe characters; neither part starts with a dot.
/// Old packages have capitals and `~!'()*`, so these stay legal (validate-npm-package-name, "old packages").
fn npm_name(text: &str) -> Result<&str, NameError> {
    let bare = match text.strip_prefix('@') {
        Some(rest) => {
            let (scope, name) = rest.split_once('/').ok_or(NameError::Character)?;
            npm_part(scope)?;
            name
        }
        None => text,
    };
    npm_part(bare)?;
    Ok(text)
}

fn npm_part(part: &str) -> Result<(), NameError> {
    if part.is_empty() {
        return Err(NameError::Empty);
    }
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.~!'()*".contains(&b);
    if part.starts_with('.') || !part.bytes().all(legal) {
        return Err(NameError::Character);
    }
    Ok(())
}

/// PEP 508's name rule, then PEP 503's normalisation: runs of `-`, `_` and `.` become one `-`, lower case.
fn pypi_name(text: &str) -> Result<Box<str>, NameError> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    if !bytes.iter().copied().all(legal) || !edge(bytes.first()) || !edge(bytes.last()) {
        return Err(NameError::Character);
    }
    let mut normal = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.push(c.to_ascii_lowercase()),
        }
    }
    Ok(normal.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npm(text: &str) -> Result<String, NameError> {
        PackageName::parse(Ecosystem::Npm, text).map(|n| n.to_string())
    }

    fn pypi(text: &str) -> Result<String, NameError> {
        PackageName::parse(Ecosystem::Pypi, text).map(|n| n.to_string())
    }

    #[test]
    fn npm_names_keep_their_spelling() {
        assert_eq!(npm("@types/node").as_deref(), Ok("@types/node"));
        assert_eq!(npm("JSONStream").as_deref(), Ok("JSONStream"));
    }

    #[test]
    fn npm_names_that_walk_the_path_are_refused() {
        for bad in ["..", ".", "@a/..", "@a", "@/b", "a/b", "@a/b/c", "a b", "a%2fb", "", "a\n", "é"] {
            assert!(npm(bad).is_err(), "{bad:?} was taken");
        }
        assert_eq!(npm(&"a".repeat(215)), Err(NameError::TooLong));
    }

    #[test]
    fn pypi_names_are_normalised() {
        assert_eq!(pypi("Flask__Login.x").as_deref(), Ok("flask-login-x"));
        for bad in ["-a", "a-", "a/b", "..", "a b", ""] {
            assert!(pypi(bad).is_err(), "{bad:?} was taken");
        }
    }
}
