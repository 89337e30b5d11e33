//! What is wrong with a search, in the words of the pages.

use crate::api::orgs::installs::wrong::Wrong;

/// The fields that it is about.
pub(super) fn fields(wrong: Wrong) -> &'static [&'static str] {
    match wrong {
        Wrong::NoPackage => &["version", "range"],
        Wrong::VersionAndRange => &["range"],
        Wrong::Twice(name) | Wrong::Moment(name) | Wrong::Length(name) => match name {
            "from" => &["from"],
            "to" => &["to"],
            "version" => &["version"],
            "repository" => &["repository"],
            _ => &[],
        },
        Wrong::Ecosystem | Wrong::OtherEcosystem => &["ecosystem"],
        Wrong::NoEcosystem | Wrong::Package | Wrong::PackageUrl => &["package"],
        Wrong::TwoVersions => &["version"],
        Wrong::Range => &["range"],
        Wrong::Prefix => &["user_identifier_prefix"],
        Wrong::Bot => &["bot_id"],
        Wrong::Outcome => &["outcome"],
        Wrong::Unknown | Wrong::Limit | Wrong::Cursor | Wrong::Pages => &[],
    }
}

/// The message that says it.
pub(super) fn text(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::Ecosystem => "installs-wrong-ecosystem",
        Wrong::OtherEcosystem => "installs-wrong-other-ecosystem",
        Wrong::NoEcosystem => "installs-wrong-no-ecosystem",
        Wrong::Package => "installs-wrong-package",
        Wrong::PackageUrl => "installs-wrong-package-url",
        Wrong::TwoVersions => "installs-wrong-two-versions",
        Wrong::NoPackage => "installs-wrong-no-package",
        Wrong::VersionAndRange => "installs-wrong-version-and-range",
        Wrong::Range => "installs-wrong-range",
        Wrong::Prefix => "installs-wrong-prefix",
        Wrong::Bot => "installs-wrong-bot",
        Wrong::Outcome => "installs-wrong-outcome",
        Wrong::Moment(_) => "search-wrong-moment",
        Wrong::Length(_) => "installs-wrong-length",
        Wrong::Unknown | Wrong::Twice(_) | Wrong::Limit | Wrong::Cursor | Wrong::Pages => "search-wrong-address",
    }
}
