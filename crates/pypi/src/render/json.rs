//! The page as JSON (PEP 691, 700, 714, 740, 792).

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::Row;
use crate::API_VERSION;
use crate::project::{Hash, Project, Status, Yanked};

#[derive(Serialize)]
struct Page<'a> {
    meta: Meta,
    name: &'a str,
    #[serde(rename = "project-status", skip_serializing_if = "Option::is_none")]
    status: Option<ShownStatus<'a>>,
    versions: &'a [Box<str>],
    files: Vec<ShownFile<'a>>,
}

#[derive(Serialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: &'static str,
}

#[derive(Serialize)]
struct ShownStatus<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// `core-metadata` only: PEP 714 wants the old key gone from JSON, because pip 22.3 to 23.1 stops on it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ShownFile<'a> {
    filename: &'a str,
    url: &'a str,
    hashes: Hashes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requires_python: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_time: Option<&'a str>,
    yanked: ShownYanked<'a>,
    core_metadata: ShownMetadata<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a str>,
}

struct Hashes<'a>(&'a [Hash]);

impl Serialize for Hashes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for hash in self.0 {
            map.serialize_entry(&hash.algorithm, &hash.value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum ShownYanked<'a> {
    Bool(bool),
    Because(&'a str),
}

#[derive(Serialize)]
#[serde(untagged)]
enum ShownMetadata<'a> {
    Bool(bool),
    Hashes(Hashes<'a>),
}

pub(super) fn page(project: &Project, rows: &[Row<'_>], status: Option<&Status>) -> Vec<u8> {
    let page = Page {
        meta: Meta { api_version: API_VERSION },
        name: project.name().as_str(),
        status: status.map(|s| ShownStatus { status: s.state.as_str(), reason: s.reason.as_deref() }),
        versions: project.versions(),
        files: rows.iter().map(file).collect(),
    };
    to_bytes(&page)
}

fn file<'a>(row: &'a Row<'_>) -> ShownFile<'a> {
    ShownFile {
        filename: &row.file.filename,
        url: &row.url,
        hashes: Hashes(&row.file.hashes),
        requires_python: row.file.requires_python.as_deref(),
        size: row.file.size,
        upload_time: row.file.upload_time.as_deref(),
        yanked: match &row.yanked {
            Yanked::No => ShownYanked::Bool(false),
            Yanked::Yes => ShownYanked::Bool(true),
            Yanked::Because(reason) => ShownYanked::Because(reason),
        },
        core_metadata: match row.metadata {
            None => ShownMetadata::Bool(false),
            Some([]) => ShownMetadata::Bool(true),
            Some(hashes) => ShownMetadata::Hashes(Hashes(hashes)),
        },
        provenance: row.file.provenance.as_deref(),
    }
}

/// Serialising these types into memory can't fail: their keys are texts and memory takes what is written.
pub(crate) fn to_bytes(page: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(page).expect("texts serialise")
}
