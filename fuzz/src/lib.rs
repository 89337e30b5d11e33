//! What the fuzz targets share: a choice of what is refused, and JSON that keeps its order and its doubles.

pub mod pages;

use std::fmt;

use sekisho_core::policy::{Reason, Refusal};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The public base of the npm registry.
pub const REGISTRY: &str = "https://gate.example/npm";
/// The public base of the Python files.
pub const FILES: &str = "https://gate.example/pypi/files";

/// Which releases a round refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuse {
    Nothing,
    Some,
    Everything,
}

impl Refuse {
    /// Every round.
    pub const ALL: [Refuse; 3] = [Refuse::Nothing, Refuse::Some, Refuse::Everything];

    /// The refusal of a release, or of a file: of some, about every third, always the same ones.
    pub fn of(self, text: &str) -> Option<Refusal> {
        let third = text.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 3 == 0;
        let refused = match self {
            Refuse::Nothing => false,
            Refuse::Some => third,
            Refuse::Everything => true,
        };
        refused.then(|| Refusal { reason: Reason::Malware, advisories: vec!["MAL-2026-1".to_owned()] })
    }
}

/// A JSON object's members, doubles included.
pub struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads an object; `None` for anything else.
    pub fn of(text: &'a str) -> Option<Members<'a>> {
        serde_json::from_str(text).ok()
    }

    /// The keys. Panics where one stands twice: clients differ in which of the two they take.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self.0.iter().map(|(key, _)| key.as_str()).collect();
        let written = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(written, keys.len(), "a key stands twice: {keys:?}");
        keys
    }

    /// The object that is a member.
    pub fn object(&self, key: &str) -> Option<Members<'a>> {
        self.0.iter().find(|(k, _)| k == key).and_then(|(_, value)| Members::of(value.get()))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        source.deserialize_map(Object)
    }
}
