//! PEP 691's JSON. Strings are borrowed from the bytes; the walk is by hand, so that a key that stands twice is seen.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::leaf::{Key, Leaf, take};
use super::{Entry, Page, Text};
use crate::project::{MAX_FILES, ProjectError};

/// Reads a page. Nesting is limited by `serde_json` (128).
pub(super) fn page(raw: &[u8]) -> Result<Page<'_>, ProjectError> {
    let mut source = serde_json::Deserializer::from_slice(raw);
    let read = Document::deserialize(&mut source).and_then(|document| source.end().map(|()| document));
    let document = read.map_err(|e| ProjectError::Json(e.to_string().chars().take(200).collect()))?;
    if document.too_many {
        return Err(ProjectError::TooMany);
    }
    let files = document.files.ok_or(ProjectError::NoFiles)?.0;
    let [meta, name, status, versions] = document.leaves;
    Ok(Page {
        name: match name {
            None => None,
            Some(Leaf::Text(name)) => Some(name),
            Some(_) => return Err(ProjectError::Json("the name is not a text".to_owned())),
        },
        api_version: meta.and_then(|meta| meta.member("api-version")),
        status: status.and_then(|status| {
            let mut members = status.into_map();
            let state = take(&mut members, "status")?;
            Some((state, take(&mut members, "reason")))
        }),
        versions: if let Some(Leaf::List(list)) = versions { list } else { Vec::new() },
        files,
    })
}

/// The page's object. A key of it that stands twice makes the page unreadable: clients differ in which one they take.
#[derive(Default)]
struct Document<'a> {
    files: Option<Files<'a>>,
    /// `meta`, `name`, `project-status`, `versions`.
    leaves: [Option<Leaf<'a>>; 4],
    too_many: bool,
}

impl<'de> Deserialize<'de> for Document<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_map(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a project's page")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document<'de>, A::Error> {
        let mut document = Document::default();
        while let Some(Key(key)) = map.next_key()? {
            let [meta, name, status, versions] = &mut document.leaves;
            let slot = match &*key {
                "files" => {
                    let files: Files<'de> = map.next_value()?;
                    document.too_many |= files.0.len() > MAX_FILES;
                    if document.files.replace(files).is_some() {
                        return Err(A::Error::custom("the key files stands twice"));
                    }
                    continue;
                }
                "meta" => meta,
                "name" => name,
                "project-status" => status,
                "versions" => versions,
                _ => {
                    map.next_value::<Leaf<'de>>()?;
                    continue;
                }
            };
            if slot.replace(map.next_value()?).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(document)
    }
}

/// The list of files: one more than [`MAX_FILES`] at most is kept.
struct Files<'a>(Vec<Entry<'a>>);

impl<'de> Deserialize<'de> for Files<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_seq(FilesVisitor)
    }
}

struct FilesVisitor;

impl<'de> Visitor<'de> for FilesVisitor {
    type Value = Files<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Files<'de>, A::Error> {
        let mut files = Vec::new();
        while let Some(entry) = list.next_element::<Entry<'de>>()? {
            if files.len() <= MAX_FILES {
                files.push(entry);
            }
        }
        Ok(Files(files))
    }
}

impl<'de> Deserialize<'de> for Entry<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

/// The keys of a file that are read, in the order of [`EntryVisitor`]'s slots.
const KEYS: [&str; 12] = [
    "filename",
    "url",
    "hashes",
    "requires-python",
    "size",
    "upload-time",
    "yanked",
    "core-metadata",
    "dist-info-metadata",
    "data-dist-info-metadata",
    "gpg-sig",
    "provenance",
];

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry<'de>, A::Error> {
        let mut slots: [Option<Leaf<'de>>; KEYS.len()] = Default::default();
        let mut malformed = false;
        while let Some(Key(key)) = map.next_key()? {
            let value: Leaf<'de> = map.next_value()?;
            if let Some((slot, _)) = slots.iter_mut().zip(KEYS).find(|(_, known)| key == *known) {
                malformed |= slot.replace(value).is_some();
            }
        }
        let [filename, url, hashes, python, size, time, yanked, core, dist_info, data_dist_info, gpg, provenance] =
            slots;
        let (Some(Leaf::Text(filename)), Some(Leaf::Text(url))) = (filename, url) else {
            return Err(A::Error::custom("a file has no filename or no url"));
        };
        let mut text = |leaf: Option<Leaf<'de>>| match leaf {
            None | Some(Leaf::Null) => None,
            Some(Leaf::Text(text)) => Some(text),
            Some(_) => {
                malformed = true;
                None
            }
        };
        Ok(Entry {
            filename,
            url,
            requires_python: text(python),
            upload_time: text(time),
            provenance: text(provenance),
            yanked: match yanked {
                // pip reads an empty reason in JSON as "not yanked"; in HTML it is a reason.
                Some(Leaf::Text(reason)) if !reason.is_empty() => Some(reason),
                Some(Leaf::Bool(true)) => Some(Text::default()),
                _ => None,
            },
            hashes: match hashes {
                None | Some(Leaf::Null) => Vec::new(),
                Some(Leaf::Map(members)) => members,
                Some(_) => {
                    malformed = true;
                    Vec::new()
                }
            },
            size: if let Some(Leaf::Number(size)) = size { size } else { None },
            // PEP 714: the new key first; the old ones are read for old servers and never written.
            core_metadata: match [core, dist_info, data_dist_info].into_iter().flatten().find(|l| !l.is_null()) {
                Some(Leaf::Bool(true)) => Some(Vec::new()),
                Some(Leaf::Map(members)) => Some(members),
                _ => None,
            },
            gpg_sig: if let Some(Leaf::Bool(there)) = gpg { Some(there) } else { None },
            malformed,
        })
    }
}
