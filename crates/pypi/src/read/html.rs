//! PEP 503's HTML, tokenised as browsers do. No tree is built, so nesting costs nothing.

use std::borrow::Cow;
use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{Entry, MAX_MEMBERS, Page};
use crate::filename;
use crate::project::{MAX_FILES, ProjectError};

/// Longest attribute that is kept. What is longer is cut, which its own check then refuses.
const MAX_ATTRIBUTE: usize = 16 * 1024;
/// What pip takes from a URL's fragment.
const ALGORITHMS: [&str; 6] = ["sha256", "sha384", "sha512", "sha224", "sha1", "md5"];

/// What a page of HTML says.
pub(super) struct Found {
    pub(super) page: Page<'static>,
    /// Where relative links start: the page, or its `<base href>`.
    pub(super) base: Url,
    /// It says of itself that it is a simple index, even if it lists nothing.
    pub(super) marked: bool,
}

/// Reads a page.
pub(super) fn page(raw: &[u8], page_url: &Url) -> Result<Found, ProjectError> {
    let mut reader = Reader::default();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
        reader.event(event);
        None
    });
    // What stands inside a script, a style or a title is text, as for every client.
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(raw, emitter).finish();
    if reader.page.files.len() > MAX_FILES {
        return Err(ProjectError::TooMany);
    }
    let base = reader.base.and_then(|href| page_url.join(&href).ok()).unwrap_or_else(|| page_url.clone());
    Ok(Found { page: reader.page, base, marked: reader.marked })
}

/// The tags that matter.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Tag {
    #[default]
    Other,
    Anchor,
    Base,
    Meta,
    Heading,
}

/// The attributes that matter; of two with the same name the first counts, as in browsers.
#[derive(Default)]
struct Attributes {
    href: Option<String>,
    name: Option<String>,
    content: Option<String>,
    requires_python: Option<String>,
    yanked: Option<String>,
    core_metadata: Option<String>,
    dist_info_metadata: Option<String>,
    gpg_sig: Option<String>,
    provenance: Option<String>,
}

#[derive(Default)]
struct Reader {
    page: Page<'static>,
    base: Option<String>,
    marked: bool,
    tag: Tag,
    attributes: Attributes,
    /// The attribute whose value comes next.
    attribute: Vec<u8>,
    in_heading: bool,
}

impl Reader {
    fn event(&mut self, event: CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.attributes = Attributes::default();
                self.attribute.clear();
                self.tag = match name {
                    b"a" => Tag::Anchor,
                    b"base" => Tag::Base,
                    b"meta" => Tag::Meta,
                    b"title" | b"h1" => Tag::Heading,
                    _ => Tag::Other,
                };
            }
            CallbackEvent::AttributeName { name } => {
                self.attribute.clear();
                self.attribute.extend_from_slice(name.get(..64).unwrap_or(name));
                // An attribute without a value is an empty one, and no event for a value follows.
                self.set(String::new());
            }
            CallbackEvent::AttributeValue { value } => {
                let value = value.get(..MAX_ATTRIBUTE).unwrap_or(value);
                self.set(String::from_utf8_lossy(value).into_owned());
            }
            CallbackEvent::CloseStartTag { .. } => self.close(),
            CallbackEvent::EndTag { name } => self.in_heading &= !matches!(name, b"title" | b"h1"),
            CallbackEvent::String { value } if self.in_heading => {
                let start = value.trim_ascii_start().get(..9);
                self.marked |= start.is_some_and(|s| s.eq_ignore_ascii_case(b"links for"));
            }
            _ => {}
        }
    }

    fn set(&mut self, value: String) {
        let attributes = &mut self.attributes;
        let slot = match (self.tag, self.attribute.as_slice()) {
            (Tag::Anchor | Tag::Base, b"href") => &mut attributes.href,
            (Tag::Meta, b"name") => &mut attributes.name,
            (Tag::Meta, b"content") => &mut attributes.content,
            (Tag::Anchor, b"data-requires-python") => &mut attributes.requires_python,
            (Tag::Anchor, b"data-yanked") => &mut attributes.yanked,
            (Tag::Anchor, b"data-core-metadata") => &mut attributes.core_metadata,
            (Tag::Anchor, b"data-dist-info-metadata") => &mut attributes.dist_info_metadata,
            (Tag::Anchor, b"data-gpg-sig") => &mut attributes.gpg_sig,
            (Tag::Anchor, b"data-provenance") => &mut attributes.provenance,
            _ => return,
        };
        // The name's event made it empty; the value's event fills it.
        if slot.as_ref().is_none_or(String::is_empty) {
            *slot = Some(value);
        }
    }

    fn close(&mut self) {
        let attributes = std::mem::take(&mut self.attributes);
        match self.tag {
            Tag::Anchor => self.anchor(attributes),
            Tag::Base if self.base.is_none() => self.base = attributes.href,
            Tag::Meta => self.meta(attributes),
            Tag::Heading => self.in_heading = true,
            Tag::Base | Tag::Other => {}
        }
        self.tag = Tag::Other;
    }

    fn meta(&mut self, attributes: Attributes) {
        let (Some(name), Some(content)) = (attributes.name, attributes.content) else { return };
        let page = &mut self.page;
        match name.to_ascii_lowercase().as_str() {
            "pypi:repository-version" => {
                self.marked = true;
                page.api_version.get_or_insert(Cow::Owned(content));
            }
            "pypi:project-status" => page.status.get_or_insert_default().0 = Cow::Owned(content),
            "pypi:project-status-reason" => page.status.get_or_insert_default().1 = Some(Cow::Owned(content)),
            _ => {}
        }
    }

    /// A link is a file if it ends in a distribution's extension: others lead to parents, logins and home pages.
    fn anchor(&mut self, attributes: Attributes) {
        let Some(href) = attributes.href else { return };
        let (url, fragment) = href.split_once('#').unwrap_or((&href, ""));
        let path = url.split_once('?').map_or(url, |(path, _)| path);
        let last = path.rsplit('/').next().unwrap_or_default();
        let filename = percent_decode_str(last.trim()).decode_utf8_lossy().into_owned();
        if filename::split(&filename).is_none() || self.page.files.len() > MAX_FILES {
            return;
        }
        let metadata = attributes.core_metadata.or(attributes.dist_info_metadata);
        self.page.files.push(Entry {
            filename: Cow::Owned(filename),
            hashes: fragment.split('&').filter_map(digest).take(MAX_MEMBERS).collect(),
            requires_python: attributes.requires_python.filter(|t| !t.is_empty()).map(Cow::Owned),
            yanked: attributes.yanked.map(Cow::Owned),
            core_metadata: metadata.filter(|m| m != "false").map(|m| digest(&m).into_iter().collect()),
            gpg_sig: attributes.gpg_sig.map(|there| there == "true"),
            provenance: attributes.provenance.map(Cow::Owned),
            url: Cow::Owned(url.to_owned()),
            ..Entry::default()
        });
    }
}

/// `sha256=…`.
fn digest(text: &str) -> Option<(Cow<'static, str>, Cow<'static, str>)> {
    let (algorithm, value) = text.split_once('=')?;
    let known = ALGORITHMS.into_iter().find(|known| *known == algorithm)?;
    Some((Cow::Borrowed(known), Cow::Owned(value.to_owned())))
}
