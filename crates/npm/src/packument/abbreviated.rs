//! What stays of a release in the abbreviated form, noted while the document is read: a second pass over it would take as
//! long as the first.

use crate::scan::{Fault, Scanner, Span};

/// What stays of a release.
#[derive(Clone, Debug, Default)]
pub(crate) struct Abbreviated {
    /// Members that stay; what stands side by side in the document, with nothing but a comma between, is one run.
    pub(crate) runs: Box<[Span]>,
    /// It has a script that npm runs when it is installed, and does not say so itself.
    pub(crate) add_install_script: bool,
}

/// Takes notes while a release is read.
#[derive(Default)]
pub(super) struct Stays {
    runs: Vec<Span>,
    has_install_script: bool,
    says_install_script: bool,
}

/// What stays: npm's "package metadata" page, plus what newer registries and clients have added since.
fn stays(key: &str) -> bool {
    matches!(
        key,
        "name"
            | "version"
            | "deprecated"
            | "dependencies"
            | "optionalDependencies"
            | "devDependencies"
            | "bundleDependencies"
            | "bundledDependencies"
            | "peerDependencies"
            | "peerDependenciesMeta"
            | "acceptDependencies"
            | "bin"
            | "directories"
            | "dist"
            | "engines"
            | "cpu"
            | "os"
            | "libc"
            | "funding"
            | HAS_INSTALL_SCRIPT
            | "_hasShrinkwrap"
    )
}

const HAS_INSTALL_SCRIPT: &str = "hasInstallScript";

impl Stays {
    /// Notes a member of the release's object.
    pub(super) fn note(&mut self, key: &str, member: Span) {
        if !stays(key) {
            return;
        }
        self.says_install_script |= key == HAS_INSTALL_SCRIPT;
        match self.runs.last_mut() {
            // One byte between two members can only be the comma.
            Some(run) if run.end + 1 == member.start => run.end = member.end,
            _ => self.runs.push(member),
        }
    }

    /// Reads `scripts`: npm runs these three when the package is installed.
    pub(super) fn scripts(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        scanner.members(|scanner, key| {
            let script = scanner.text_value()?.is_some_and(|text| text.span.len() > 2);
            let at_install = matches!(key.decode().as_deref(), Some("preinstall" | "install" | "postinstall"));
            self.has_install_script |= script && at_install;
            Ok::<_, Fault>(())
        })?;
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Abbreviated {
        let add_install_script = self.has_install_script && !self.says_install_script;
        Abbreviated { runs: std::mem::take(&mut self.runs).into(), add_install_script }
    }
}
