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
