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

impl OneOf {
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
        match values.len() {
            0 => Err(D::Error::custom("the list is empty: leave the condition out, or give it a value")),
            1..=MAX_VALUES => Ok(OneOf(values)),
            _ => Err(D::Error::custom(format!("more than {MAX_VALUES} values"))),
        }
    }
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
        if text.is_empty() || text.len() > MAX_VALUE || text.chars().any(char::is_control) {
            let rule = "a value has 1 to 512 bytes and no control characters";
            return Err(E::custom(rule));
        }
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
        Err(A::Error::custom(format!("more than {MAX_VALUES} values")))
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Collect<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}
