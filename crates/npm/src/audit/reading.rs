//! A tree as it is read: every dependency is counted before there is room for it.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::Tree;

/// The error of a tree with too many dependencies.
pub(super) const TOO_MANY: &str = "too many dependencies";

/// One node and all below it, and how many more there may be.
pub(super) struct Node<'n>(pub(super) &'n mut usize);

/// A node's dependencies, or `null`.
struct Dependencies<'n>(&'n mut usize);

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Field {
    Version,
    Dev,
    Optional,
    Dependencies,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Tree, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dependency")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut tree = Tree::default();
        while let Some(field) = map.next_key()? {
            match field {
                Field::Version => tree.version = map.next_value()?,
                Field::Dev => tree.dev = map.next_value()?,
                Field::Optional => tree.optional = map.next_value()?,
                // A second list would hide the first.
                Field::Dependencies if !tree.dependencies.is_empty() => return Err(A::Error::custom("twice")),
                Field::Dependencies => tree.dependencies = map.next_value_seed(Dependencies(self.0))?,
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(tree)
    }
}

impl<'de> DeserializeSeed<'de> for Dependencies<'_> {
    type Value = Box<[(Box<str>, Tree)]>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Dependencies<'_> {
    type Value = Box<[(Box<str>, Tree)]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dependencies by name")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Box::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while let Some(name) = map.next_key::<Box<str>>()? {
            *self.0 = self.0.checked_sub(1).ok_or_else(|| A::Error::custom(TOO_MANY))?;
            read.push((name, map.next_value_seed(Node(self.0))?));
        }
        read.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(read.into())
    }
}
