//! A condition's values: one or several texts, of which one has to fit.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Most values of one condition.
const MAX_VALUES: usize = 50;
/// Longest value, in bytes.
const MAX_VALUE: usize = 512;

/// The values, as texts: an id may be written as a number, a flag as a boolean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct OneOf(Vec<String>);

/// Why values can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// There is none.
    #[error("the list is empty: leave the condition out, or give it a value")]
    Empty,
    /// Too many.
    #[error("more than {} values", MAX_VALUES)]
    Many,
    /// One is empty, too long, or has control characters.
    #[error("a value has 1 to {} bytes and no control characters", MAX_VALUE)]
    Shape,
}

impl OneOf {
    /// Takes texts as they were typed.
    pub(super) fn new(values: Vec<String>) -> Result<OneOf, ValueError> {
        match values.len() {
            0 => return Err(ValueError::Empty),
            1..=MAX_VALUES => {}
            _ => return Err(ValueError::Many),
        }
        values.iter().try_for_each(|value| check(value))?;
        Ok(OneOf(values))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// True if the text is one of the values; `prefixes`: a value that ends with `*` fits what begins like it.
    pub(super) fn fits(&self, text: &str, prefixes: bool) -> bool {
        self.values().any(|value| match value.strip_suffix('*') {
            Some(start) if prefixes => text.starts_with(start),
            _ => value == text,
        })
    }
}

/// For people: `a`, or `one of a, b`.
impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = if self.0.len() > 1 { "one of " } else { "" };
        write!(f, "{several}{}", self.0.join(", "))
    }
}

impl<'de> Deserialize<'de> for OneOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOf, D::Error> {
        let mut values = Vec::new();
        deserializer.deserialize_any(Collect { values: &mut values, nested: false })?;
        OneOf::new(values).map_err(D::Error::custom)
    }
}

fn check(value: &str) -> Result<(), ValueError> {
    let fits = !value.is_empty() && value.len() <= MAX_VALUE && !value.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(ValueError::Shape) }
}

struct Collect<'a> {
    values: &'a mut Vec<String>,
    nested: bool,
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.nested { "a text" } else { "a text, or a list of texts" })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        check(text).map_err(E::custom)?;
        self.values.push(text.to_owned());
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.visit_str(if flag { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.nested {
            return Err(A::Error::custom("a list within a list"));
        }
        while self.values.len() <= MAX_VALUES {
            let collect = Collect { values: &mut *self.values, nested: true };
            if items.next_element_seed(collect)?.is_none() {
                return Ok(());
            }
        }
        Err(A::Error::custom(ValueError::Many))
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Collect<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}
