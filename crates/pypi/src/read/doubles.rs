//! Files that stand on a page twice: under one name, or behind one URL.

use std::collections::HashMap;

use super::check::last_segment;
use crate::project::{Contradiction, File};

/// Keeps each file name once. Equal entries are merged; of entries that differ the first stays, as contradictory.
/// Returns the files in the page's order, and their indexes sorted by name.
pub(super) fn unique(files: Vec<File>) -> (Vec<File>, Vec<u32>) {
    let mut order: Vec<usize> = (0..files.len()).collect();
    let name = |i: usize| files.get(i).map(|f| &f.filename);
    order.sort_by(|a, b| name(*a).cmp(&name(*b)).then(a.cmp(b)));
    let mut dropped = vec![false; files.len()];
    let mut differs = vec![false; files.len()];
    let mut first: Option<usize> = None;
    for i in order {
        match first {
            Some(kept) if name(kept) == name(i) => {
                if let Some(slot) = dropped.get_mut(i) {
                    *slot = true;
                }
                if files.get(kept) != files.get(i)
                    && let Some(slot) = differs.get_mut(kept)
                {
                    *slot = true;
                }
            }
            _ => first = Some(i),
        }
    }
    let mut kept: Vec<File> = Vec::with_capacity(files.len());
    for ((mut file, dropped), differs) in files.into_iter().zip(dropped).zip(differs) {
        if differs {
            file.contradiction.get_or_insert(Contradiction::Duplicate);
        }
        if !dropped {
            kept.push(file);
        }
    }
    let mut by_name: Vec<u32> = (0u32..).take(kept.len()).collect();
    by_name.sort_by(|a, b| {
        let name = |i: &u32| kept.get(*i as usize).map(|f| &f.filename);
        name(a).cmp(&name(b))
    });
    (kept, by_name)
}

/// Two file names behind one URL are one file under two names. A URL that ends in its own file's name is no other
/// file's, so only opaque ones need a look.
pub(super) fn refuse_shared_urls(files: &mut [File]) {
    let mut opaque: HashMap<String, usize> = HashMap::new();
    let ends_in_own_name = |file: &File| file.url.as_ref().is_none_or(|url| last_segment(url) == *file.filename);
    for file in files.iter().filter(|f| !ends_in_own_name(f)) {
        if let Some(url) = &file.url {
            *opaque.entry(url.to_string()).or_default() += 1;
        }
    }
    if opaque.values().all(|count| *count == 1) {
        return;
    }
    for file in files {
        if file.url.as_ref().is_some_and(|url| opaque.get(url.as_str()).is_some_and(|count| *count > 1)) {
            file.contradiction.get_or_insert(Contradiction::OtherFile);
        }
    }
}
