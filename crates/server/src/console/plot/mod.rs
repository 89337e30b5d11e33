//! Plots that the server draws: SVG in the page, without a script and without a style of its own (the pages' policy allows
//! neither). Colours come from the style sheet by class, and are never all that tells two things apart.
//!
//! A drawing stretches to whatever width there is, because nothing in it is text: labels are HTML beside it, in the reader's
//! own size on a phone too. Each has its text alternative, and a table with the numbers. Labels and numbers come in as the
//! reader's language writes them; whatever a stranger could choose is escaped by the templates and cut here.

mod bars;
mod meter;
mod ranks;
mod scale;

pub(super) use bars::{Bars, Series};
pub(super) use meter::{Meter, percent};
pub(super) use ranks::{Rank, Ranks};

/// What a plot is called.
pub(super) struct Caption {
    /// Tells its elements from those of other plots on the page.
    pub(super) id: &'static str,
    /// The name.
    pub(super) title: String,
    /// What it shows, in a sentence or two: for who doesn't see it.
    pub(super) says: String,
}

/// The longest name that is shown whole.
const LONGEST_NAME: usize = 64;

/// A name as it is shown: cut where it is too long, and without characters that would move what stands around it.
pub(super) fn shown(name: &str) -> String {
    let unsafe_to_show = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let plain = |c| if unsafe_to_show(c) { '\u{fffd}' } else { c };
    let mut letters = name.chars();
    let mut shown: String = letters.by_ref().take(LONGEST_NAME).map(plain).collect();
    if letters.next().is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_cut_and_moves_nothing() {
        assert_eq!(shown("@scope/name"), "@scope/name");
        assert_eq!(shown("a\u{202e}b\nc\u{0}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(shown(&"語".repeat(64)).chars().count(), 64);
        let cut = shown(&"語".repeat(65));
        assert_eq!((cut.chars().count(), cut.ends_with("語…")), (64, true));
    }
}
