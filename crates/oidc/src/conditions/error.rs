//! What is wrong with conditions, for the person who wrote them. The texts are English; who speaks to people otherwise goes
//! by the variant.

use super::Provider;
use super::fields::{Kind, RISKY_EVENTS};
use super::value::ValueError;
use crate::issuer::IssuerError;

/// Most claims of a generic issuer.
pub(super) const MAX_CLAIMS: usize = 20;

/// Why conditions can't be taken. A first text is the condition's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// The issuer is none.
    #[error("issuer: {0}")]
    Issuer(IssuerError),
    /// The issuer is a public one, which is this provider's.
    #[error("issuer: with this one, provider has to be {:?}", .0.name())]
    PublicIssuer(Provider),
    /// The event is let in anyway, or is none.
    #[error("allow_events: {:?} needs no permission here; those that do are {}", .0, RISKY_EVENTS.join(", "))]
    HarmlessEvent(String),
    /// The provider has no such condition.
    #[error("{:?} is no condition for {}; there are {}", .1, .0.name(), .0.known())]
    Unknown(Provider, String),
    /// The values can't be taken.
    #[error("{0}: {1}")]
    Values(String, ValueError),
    /// A `*` that does not stand at the end.
    #[error("{0}: `*` may stand at the end only")]
    StarWithin(&'static str),
    /// A name, where a number has to be.
    #[error("{0}: an id is a number, as the provider's interface shows it, not a name")]
    NotId(&'static str),
    /// Neither true nor false.
    #[error("{0}: true or false")]
    NotFlag(&'static str),
    /// A `*` where values are compared whole.
    #[error("{0}: `*` is not possible here")]
    NoStar(&'static str),
    /// Before the `*` there are fewer slashes than this, or no name.
    #[error("{0}: before the `*` too little is left: at least {1} slashes and a name")]
    ShortStart(&'static str, usize),
    /// Before the `*` of a subject there are no two whole parts.
    #[error("{0}: before the `*` two whole parts are needed, as in `repo:acme/*`")]
    ShortSubject(&'static str),
    /// Claims, where the provider's conditions have names.
    #[error("claims: only for provider \"generic\"; {} has conditions by name", .0.name())]
    NoClaims(Provider),
    /// Too many claims.
    #[error("claims: more than {}", MAX_CLAIMS)]
    ManyClaims,
    /// The subject, written as a claim.
    #[error("claims: sub is written as `subject`")]
    SubjectClaim,
    /// A claim that is no condition.
    #[error("claims: {0} is checked for every token")]
    CheckedClaim(String),
    /// A `*` in the value of a claim.
    #[error("claims: {0}: `*` is not possible here, values are compared whole")]
    ClaimStar(String),
    /// Nothing names one owner, project or subject.
    #[error("this would trust everybody whom the issuer signs for: give {}", .0.anchors())]
    TrustsEverybody(Provider),
}

impl Provider {
    /// The names of those of its conditions that name one owner or project for good.
    pub fn ids(self) -> impl Iterator<Item = &'static str> {
        self.fields().iter().filter(|field| field.kind == Kind::Id).map(|field| field.name)
    }

    fn known(self) -> String {
        self.conditions().collect::<Vec<_>>().join(", ")
    }

    fn anchors(self) -> String {
        let or_what = if self == Provider::Generic { "a subject, or a claim" } else { "a whole subject" };
        self.ids().chain([or_what]).collect::<Vec<_>>().join(", or ")
    }
}
