//! A tarball's address and file name, and the address under which it is served.

use percent_encoding::percent_decode_str;
use sekisho_core::PackageName;
use url::Url;

use crate::packument::Contradiction;

/// Longest file name: npm's longest name, its longest version, and `-` and `.tgz` between and after them.
const MAX_FILE: usize = 480;

/// A version's tarball: where the upstream has it, and its file name.
pub(crate) struct Tarball {
    /// The upstream's address, normalised (printable ASCII).
    pub(crate) url: Box<str>,
    /// Its last path segment, percent-decoded.
    pub(crate) file: Box<str>,
}

/// Reads `dist.tarball`. Whether the server may be sent there is the server's check.
pub(crate) fn tarball(text: &str) -> Result<Tarball, Contradiction> {
    let url = Url::parse(text).map_err(|_| Contradiction::TarballAddress)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Contradiction::TarballAddress);
    }
    let segment = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    let file = percent_decode_str(segment).decode_utf8().map_err(|_| Contradiction::FileName)?;
    if !is_file(&file) {
        return Err(Contradiction::FileName);
    }
    let file = file.into();
    Ok(Tarball { url: String::from(url).into(), file })
}

/// A file name of characters that mean themselves in a path and in JSON, so that it is written as it is and read the same
/// however often it is decoded. Names and versions have no others.
pub(crate) fn is_file(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.~!'()*+@,=:;$&".contains(&b);
    !text.is_empty() && text.len() <= MAX_FILE && text != "." && text != ".." && text.bytes().all(legal)
}

/// Writes the addresses under which tarballs are served, as JSON strings.
pub(crate) struct Links {
    prefix: Vec<u8>,
}

impl Links {
    /// `registry` is the public base without a trailing slash.
    pub(crate) fn new(registry: &str, name: &PackageName) -> Links {
        let text = serde_json::Value::from(format!("{registry}/{name}/-/")).to_string();
        let mut prefix = text.into_bytes();
        prefix.pop();
        Links { prefix }
    }

    /// How long a link is, in bytes.
    pub(crate) fn len(&self, file: &str) -> usize {
        self.prefix.len() + file.len() + 1
    }

    /// The link of a file, whose name [`is_file`], in pieces.
    pub(crate) fn pieces<'a>(&'a self, file: &'a str) -> [&'a [u8]; 3] {
        [&self.prefix, file.as_bytes(), b"\""]
    }
}
