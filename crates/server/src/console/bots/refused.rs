//! Why conditions are not taken, in the reader's language. The API and the command line say the same in English, by
//! [`ConditionError`]'s own text.

use sekisho_oidc::{ConditionError, IssuerError, Provider, ValueError};

use super::super::text::Say;

/// The rule that conditions break.
pub(super) fn refused(error: &ConditionError, say: Say) -> String {
    let of = |text: &str, name: &str| say.a(text, "name", name);
    match error {
        ConditionError::Issuer(IssuerError::NotUrl) => say.t("cond-wrong-issuer"),
        ConditionError::Issuer(IssuerError::Scheme) => say.t("cond-wrong-issuer-scheme"),
        ConditionError::Issuer(IssuerError::Extras) => say.t("cond-wrong-issuer-extras"),
        ConditionError::PublicIssuer(provider) => {
            say.a("cond-wrong-public-issuer", "provider", super::words::provider(*provider, say))
        }
        ConditionError::HarmlessEvent(event) => of("cond-wrong-event", event),
        ConditionError::Unknown(provider, name) => {
            let known: Vec<&str> = provider.conditions().collect();
            say.b("cond-wrong-unknown", ("name", name.as_str()), ("known", known.join(", ")))
        }
        ConditionError::Values(name, ValueError::Empty) => of("cond-wrong-empty", name),
        ConditionError::Values(name, ValueError::Many) => of("cond-wrong-many", name),
        ConditionError::Values(name, ValueError::Shape) => of("cond-wrong-shape", name),
        ConditionError::StarWithin(name) => of("cond-wrong-star-within", name),
        ConditionError::NotId(name) => of("cond-wrong-id", name),
        ConditionError::NotFlag(name) => of("cond-wrong-flag", name),
        ConditionError::NoStar(name) => of("cond-wrong-star", name),
        ConditionError::ShortStart(name, slashes) => {
            say.b("cond-wrong-start", ("name", *name), ("count", i64::try_from(*slashes).unwrap_or(i64::MAX)))
        }
        ConditionError::ShortSubject(name) => of("cond-wrong-subject", name),
        ConditionError::NoClaims(provider) => {
            say.a("cond-wrong-no-claims", "provider", super::words::provider(*provider, say))
        }
        ConditionError::ManyClaims => say.t("cond-wrong-many-claims"),
        ConditionError::SubjectClaim => say.t("cond-wrong-subject-claim"),
        ConditionError::CheckedClaim(name) => of("cond-wrong-checked-claim", name),
        ConditionError::ClaimStar(name) => of("cond-wrong-star", name),
        ConditionError::TrustsEverybody(Provider::Generic) => say.t("cond-wrong-everybody-generic"),
        ConditionError::TrustsEverybody(provider) => {
            say.a("cond-wrong-everybody", "ids", provider.ids().collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_core::Language;

    use super::*;

    #[test]
    fn every_rule_is_told_in_both_languages_with_what_it_is_about() {
        use ConditionError as E;
        let values = [ValueError::Empty, ValueError::Many, ValueError::Shape];
        let issuers = [IssuerError::NotUrl, IssuerError::Scheme, IssuerError::Extras];
        let rules = [
            (E::PublicIssuer(Provider::Gitlab), "GitLab CI"),
            (E::HarmlessEvent("push".to_owned()), "push"),
            (E::Unknown(Provider::Gitlab, "x".to_owned()), "project_id"),
            (E::StarWithin("ref"), "ref"),
            (E::NotId("project_id"), "project_id"),
            (E::NotFlag("ref_protected"), "ref_protected"),
            (E::NoStar("event_name"), "event_name"),
            (E::ShortStart("environment", 0), "environment"),
            (E::ShortStart("ref", 2), "2"),
            (E::ShortSubject("subject"), "repo:acme/*"),
            (E::NoClaims(Provider::Github), "GitHub Actions"),
            (E::ManyClaims, "20"),
            (E::SubjectClaim, "sub"),
            (E::CheckedClaim("aud".to_owned()), "aud"),
            (E::ClaimStar("build".to_owned()), "build"),
            (E::TrustsEverybody(Provider::Github), "repository_id"),
            (E::TrustsEverybody(Provider::Generic), ""),
        ];
        let rules = rules.into_iter();
        let rules = rules.chain(values.map(|error| (E::Values("ref".to_owned(), error), "ref")));
        for (error, about) in rules.chain(issuers.map(|error| (E::Issuer(error), ""))) {
            let [english, japanese] = [Language::En, Language::Ja].map(|language| refused(&error, Say(language)));
            assert!(english.contains(about) && japanese.contains(about), "{english} {japanese}");
            assert!(japanese.chars().any(|c| ('ぁ'..='ヿ').contains(&c)) && english != japanese, "{japanese}");
        }
    }
}
