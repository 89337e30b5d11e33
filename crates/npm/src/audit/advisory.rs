//! Advisories as npm's registries write them. What an upstream sends is hostile: its texts end on people's terminals.

use std::collections::BTreeMap;

use sekisho_core::{Ecosystem, PackageName};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{AuditError, Query};

/// Advisories by name.
pub type Advisories = BTreeMap<PackageName, Vec<Advisory>>;

/// One advisory about a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advisory {
    /// Its number. Clients key by it.
    pub id: u64,
    /// Where to read on.
    pub url: Option<String>,
    /// What people read.
    pub title: String,
    /// One of npm's five words.
    pub severity: &'static str,
    /// The versions that it is about, as a range.
    pub vulnerable_versions: String,
    /// Kinds of weakness, `CWE-506`.
    pub cwe: Vec<String>,
    /// How bad it is.
    pub cvss: Cvss,
}

/// A score by the Common Vulnerability Scoring System.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cvss {
    /// 0 to 10; 0 if there is none.
    pub score: f64,
    /// How it was come by.
    #[serde(rename = "vectorString")]
    pub vector: Option<String>,
}

/// The numbers from here on are ours: an upstream's advisory may not stand in the place of one of ours.
const OURS: u64 = 1_000_000_000;
/// Most advisories about one name.
const MAX_EACH: usize = 100;
/// Longest title, address and range.
const MAX_TITLE: usize = 300;
const MAX_URL: usize = 500;
const MAX_RANGE: usize = 2000;

impl Advisory {
    /// An advisory of our own about one release: `hash` makes its number.
    pub fn own(hash: u32, title: String, url: String, range: String) -> Advisory {
        Advisory {
            id: OURS + u64::from(hash) % OURS,
            url: Some(url),
            title,
            severity: "critical",
            vulnerable_versions: range,
            // Embedded malicious code.
            cwe: vec!["CWE-506".to_owned()],
            cvss: Cvss::default(),
        }
    }
}

/// An advisory as it comes. Every field may be missing or of another type than it should be.
#[derive(Deserialize)]
struct Foreign<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    title: Option<&'a RawValue>,
    #[serde(borrow, default)]
    severity: Option<&'a RawValue>,
    #[serde(borrow, default)]
    vulnerable_versions: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cwe: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cvss: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ForeignCvss {
    #[serde(default)]
    score: f64,
    #[serde(default, rename = "vectorString")]
    vector: Option<String>,
}

/// Reads a registry's answer to `query`. Names that were not asked about are left out (Yarn 4 fails on them), and so is
/// every advisory that has no number of its own.
pub fn read_answer(body: &[u8], query: &Query) -> Result<Advisories, AuditError> {
    let answer: BTreeMap<String, Vec<Foreign<'_>>> = serde_json::from_slice(body)?;
    let mut advisories = Advisories::new();
    for (name, foreign) in answer {
        let Ok(name) = PackageName::parse(Ecosystem::Npm, &name) else { continue };
        if query.has(&name) {
            let read: Vec<Advisory> = foreign.iter().take(MAX_EACH).filter_map(advisory).collect();
            if !read.is_empty() {
                advisories.insert(name, read);
            }
        }
    }
    Ok(advisories)
}

fn advisory(foreign: &Foreign<'_>) -> Option<Advisory> {
    let id = typed::<u64>(foreign.id).filter(|id| *id < OURS)?;
    let cvss = typed::<ForeignCvss>(foreign.cvss).map(|cvss| Cvss {
        score: if (0.0..=10.0).contains(&cvss.score) { cvss.score } else { 0.0 },
        vector: cvss.vector.map(|text| printable(&text, 200)),
    });
    let cwe = typed::<Vec<String>>(foreign.cwe).unwrap_or_default();
    Some(Advisory {
        id,
        url: typed::<String>(foreign.url).filter(|url| is_address(url)),
        title: typed::<String>(foreign.title).map_or_else(|| format!("Advisory {id}"), |t| printable(&t, MAX_TITLE)),
        severity: typed::<String>(foreign.severity).map_or("high", |text| severity(&text)),
        vulnerable_versions: typed::<String>(foreign.vulnerable_versions)
            .filter(|range| range.len() <= MAX_RANGE)
            .map_or_else(|| "*".to_owned(), |range| printable(&range, MAX_RANGE)),
        cwe: cwe.into_iter().take(20).map(|text| printable(&text, 20)).collect(),
        cvss: cvss.unwrap_or_default(),
    })
}

fn typed<'a, T: Deserialize<'a>>(value: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(value?.get()).ok()
}

fn severity(text: &str) -> &'static str {
    ["info", "low", "moderate", "high", "critical"].into_iter().find(|word| *word == text).unwrap_or("high")
}

/// Text that can do nothing to a terminal.
pub(crate) fn printable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

fn is_address(url: &str) -> bool {
    url.len() <= MAX_URL && url.bytes().all(|b| b.is_ascii_graphic()) && url.starts_with("https://")
}

/// Writes the answer to npm's bulk request.
pub fn render_bulk(advisories: &Advisories) -> Vec<u8> {
    let by_name: BTreeMap<&str, &Vec<Advisory>> = advisories.iter().map(|(name, all)| (name.as_str(), all)).collect();
    serde_json::to_vec(&by_name).unwrap_or_else(|_| b"{}".to_vec())
}
