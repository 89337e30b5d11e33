//! One way in which a record hits versions, as the snapshot stores it.

use super::format::{Reader, push_text};
use crate::advisory::{Hit, Until};

/// [`crate::advisory::Hit`] as it is stored.
#[derive(Clone, Copy)]
pub(super) enum StoredHit<'a> {
    Every,
    /// `key` is [`crate::Version::picked_key`], absent where no client takes the text for a version.
    Exactly {
        text: &'a str,
        key: Option<&'a str>,
    },
    Between {
        from: Option<&'a str>,
        until: StoredUntil<'a>,
    },
}

#[derive(Clone, Copy)]
pub(super) enum StoredUntil<'a> {
    Forever,
    Before(&'a str),
    Through(&'a str),
}

impl<'a> From<&'a Until> for StoredUntil<'a> {
    fn from(until: &'a Until) -> StoredUntil<'a> {
        match until {
            Until::Forever => StoredUntil::Forever,
            Until::Before(end) => StoredUntil::Before(end),
            Until::Through(end) => StoredUntil::Through(end),
        }
    }
}

/// Tags. A range's tag is `BETWEEN` with the kinds of its ends added.
const EVERY: u8 = 0;
const EXACTLY: u8 = 1;
const EXACTLY_WITH_KEY: u8 = 2;
const EXACTLY_UNREADABLE: u8 = 3;
const BETWEEN: u8 = 8;
const FROM: u8 = 1;
const BEFORE: u8 = 2;
const THROUGH: u8 = 4;

impl<'a> StoredHit<'a> {
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        match *self {
            StoredHit::Every => out.push(EVERY),
            StoredHit::Exactly { text, key } => {
                let (tag, extra) = match key {
                    Some(key) if key == text => (EXACTLY, None),
                    Some(key) => (EXACTLY_WITH_KEY, Some(key)),
                    None => (EXACTLY_UNREADABLE, None),
                };
                out.push(tag);
                push_text(out, text);
                extra.into_iter().for_each(|key| push_text(out, key));
            }
            StoredHit::Between { from, until } => {
                let (end_tag, end) = match until {
                    StoredUntil::Forever => (0, None),
                    StoredUntil::Before(end) => (BEFORE, Some(end)),
                    StoredUntil::Through(end) => (THROUGH, Some(end)),
                };
                out.push(BETWEEN | end_tag | from.map_or(0, |_| FROM));
                from.into_iter().chain(end).for_each(|text| push_text(out, text));
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Option<StoredHit<'a>> {
        let tag = reader.byte()?;
        match tag {
            EVERY => Some(StoredHit::Every),
            EXACTLY => reader.str().map(|text| StoredHit::Exactly { text, key: Some(text) }),
            EXACTLY_WITH_KEY => {
                let (text, key) = (reader.str()?, reader.str()?);
                Some(StoredHit::Exactly { text, key: Some(key) })
            }
            EXACTLY_UNREADABLE => reader.str().map(|text| StoredHit::Exactly { text, key: None }),
            _ if tag & !(FROM | BEFORE | THROUGH) == BETWEEN => {
                let from = if tag & FROM == 0 { None } else { Some(reader.str()?) };
                let until = match tag & (BEFORE | THROUGH) {
                    0 => StoredUntil::Forever,
                    BEFORE => StoredUntil::Before(reader.str()?),
                    THROUGH => StoredUntil::Through(reader.str()?),
                    _ => return None,
                };
                Some(StoredHit::Between { from, until })
            }
            _ => None,
        }
    }
}

impl From<StoredHit<'_>> for Hit {
    fn from(stored: StoredHit<'_>) -> Hit {
        match stored {
            StoredHit::Every => Hit::Every,
            StoredHit::Exactly { text, .. } => Hit::Exactly(text.to_owned()),
            StoredHit::Between { from, until } => Hit::Between {
                from: from.map(str::to_owned),
                until: match until {
                    StoredUntil::Forever => Until::Forever,
                    StoredUntil::Before(end) => Until::Before(end.to_owned()),
                    StoredUntil::Through(end) => Until::Through(end.to_owned()),
                },
            },
        }
    }
}
