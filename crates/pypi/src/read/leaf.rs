//! Values of JSON in which nothing but texts is expected, and keys: what the walk over a page stands on.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{MAX_MEMBERS, Text};
use crate::project::MAX_FILES;

/// A value that nothing is expected inside of but texts. Other things inside are walked over, and so count as depth.
pub(super) enum Leaf<'a> {
    Null,
    Bool(bool),
    Number(Option<u64>),
    Text(Text<'a>),
    Map(Vec<(Text<'a>, Text<'a>)>),
    List(Vec<Text<'a>>),
}

impl<'a> Leaf<'a> {
    pub(super) fn into_map(self) -> Vec<(Text<'a>, Text<'a>)> {
        if let Leaf::Map(members) = self { members } else { Vec::new() }
    }

    pub(super) fn member(self, key: &str) -> Option<Text<'a>> {
        take(&mut self.into_map(), key)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Leaf::Null)
    }
}

/// Takes a member out.
pub(super) fn take<'a>(members: &mut Vec<(Text<'a>, Text<'a>)>, key: &str) -> Option<Text<'a>> {
    let at = members.iter().position(|(k, _)| k == key)?;
    Some(members.swap_remove(at).1)
}

impl<'de> Deserialize<'de> for Leaf<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(LeafVisitor)
    }
}

struct LeafVisitor;

impl<'de> Visitor<'de> for LeafVisitor {
    type Value = Leaf<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Leaf<'de>, E> {
        Ok(Leaf::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Leaf<'de>, E> {
        Ok(Leaf::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Leaf<'de>, E> {
        Ok(Leaf::Number(Some(value)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Leaf<'de>, E> {
        Ok(Leaf::Number(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Leaf<'de>, E> {
        Ok(Leaf::Number(None))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Leaf<'de>, E> {
        Ok(Leaf::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Leaf<'de>, E> {
        Ok(Leaf::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Leaf<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Key(key), value)) = map.next_entry::<Key<'de>, Leaf<'de>>()? {
            if let Leaf::Text(text) = value
                && members.len() < MAX_MEMBERS
            {
                members.push((key, text));
            }
        }
        Ok(Leaf::Map(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Leaf<'de>, A::Error> {
        let mut texts = Vec::new();
        while let Some(value) = list.next_element::<Leaf<'de>>()? {
            if let Leaf::Text(text) = value
                && texts.len() <= MAX_FILES
            {
                texts.push(text);
            }
        }
        Ok(Leaf::List(texts))
    }
}

/// An object's key.
pub(super) struct Key<'a>(pub(super) Text<'a>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        match source.deserialize_str(LeafVisitor)? {
            Leaf::Text(text) => Ok(Key(text)),
            _ => Err(D::Error::custom("a key is not a text")),
        }
    }
}
