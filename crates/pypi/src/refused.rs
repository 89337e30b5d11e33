//! Which files of a project are refused for a caller, and why.

use std::collections::BTreeMap;

use sekisho_core::policy::{Reason, Refusal};
use sha2::{Digest, Sha256};

use crate::project::{File, Project};

/// The files of one [`Project`] that are refused. Made by the project, and only of use with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    files: BTreeMap<u32, (Refusal, String)>,
    /// The name is refused whole.
    name: Option<Refusal>,
    all: bool,
    key: String,
}

impl Project {
    /// Asks about each file. Contradictory files are refused whatever is answered, and are not asked about.
    pub fn refuse(&self, mut decide: impl FnMut(&File) -> Option<Refusal>) -> Refused {
        let refusal = |file: &File| match file.contradiction {
            Some(_) => Some(Refusal::of(Reason::Contradiction)),
            None => decide(file),
        };
        self.refused(None, refusal)
    }

    /// Refuses the name: every file, known or not.
    pub fn refuse_name(&self, refusal: Refusal) -> Refused {
        self.refused(Some(refusal.clone()), |_| Some(refusal.clone()))
    }

    fn refused(&self, name: Option<Refusal>, mut refusal: impl FnMut(&File) -> Option<Refusal>) -> Refused {
        let mut files = BTreeMap::new();
        for (index, file) in (0u32..).zip(self.files()) {
            if let Some(refusal) = refusal(file) {
                let words = ascii(&refusal.words());
                files.insert(index, (refusal, words));
            }
        }
        let all = name.is_some() || (!files.is_empty() && files.len() == self.files().len());
        let key = key(self, &files, name.as_ref());
        Refused { files, name, all, key }
    }
}

impl Refused {
    /// Nothing is refused.
    pub(crate) fn nothing() -> Refused {
        Refused { files: BTreeMap::new(), name: None, all: false, key: String::new() }
    }

    /// Nothing is refused: the body that everybody shares.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.name.is_none()
    }

    /// Every file is refused.
    pub fn all(&self) -> bool {
        self.all
    }

    /// Why the name is refused whole, if it is.
    pub fn name(&self) -> Option<&Refusal> {
        self.name.as_ref()
    }

    /// Why the file at this index of [`Project::files`] is refused, and the reason in printable ASCII.
    pub fn get(&self, index: usize) -> Option<(&Refusal, &str)> {
        let (refusal, words) = self.files.get(&u32::try_from(index).ok()?)?;
        Some((refusal, words))
    }

    /// The same for the same files refused for the same reasons, in every process: 32 hexadecimal digits for cache
    /// keys and ETags. Empty if nothing is refused.
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn key(project: &Project, files: &BTreeMap<u32, (Refusal, String)>, name: Option<&Refusal>) -> String {
    if files.is_empty() && name.is_none() {
        return String::new();
    }
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    let mut add = |file: &str, refusal: &Refusal| {
        field(file);
        field(refusal.reason.as_str());
        field(&refusal.advisories.len().to_string());
        refusal.advisories.iter().for_each(|id| field(id));
    };
    // No file name is empty, so this entry is the name's own.
    if let Some(refusal) = name {
        add("", refusal);
    }
    for (index, (refusal, _)) in files {
        add(project.files().get(*index as usize).map_or("", |f| &f.filename), refusal);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Printable ASCII only: these texts travel in headers and terminals.
pub(crate) fn ascii(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}
