//! Does a token fulfil the conditions, and if not, which one not.

use super::fields::{EVENT_CLAIMS, Kind, RISKY_EVENTS};
use super::{Conditions, Provider};
use crate::attribution::{Attribution, cleaned};
use crate::claims::Claims;

/// Most bytes of a token's text that is shown to the manager who tries a token.
const MAX_SHOWN: usize = 200;

/// A condition that does not hold. For the organisation's managers, never for who presented the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{condition}: expected {expected}, found {}", .found.as_deref().unwrap_or("nothing"))]
pub struct Mismatch {
    /// The condition.
    pub condition: String,
    /// What it asks for.
    pub expected: String,
    /// What the token says, cleaned and cut; none if it says nothing.
    pub found: Option<String>,
}

impl Conditions {
    /// Who the token's job was, if every condition holds; else the first that does not.
    pub fn evaluate(&self, claims: &Claims) -> Result<Attribution, Mismatch> {
        match self.mismatches(claims).into_iter().next() {
            Some(mismatch) => Err(mismatch),
            None => Ok(Attribution::of(claims, self.provider.names())),
        }
    }

    /// Every condition that does not hold, for a manager who tries a token.
    pub fn mismatches(&self, claims: &Claims) -> Vec<Mismatch> {
        let mut all = Vec::new();
        if claims.issuer() != self.issuer {
            all.push(mismatch("issuer", &self.issuer, Some(claims.issuer())));
        }
        all.extend(self.event(claims));
        for field in self.provider.fields() {
            let Some(values) = self.fields.get(field.name) else { continue };
            let found = claims.scalar(field.claim());
            let prefixes = matches!(field.kind, Kind::Prefix { .. } | Kind::Subject);
            if !found.as_deref().is_some_and(|text| values.fits(text, prefixes)) {
                all.push(mismatch(field.name, &values.to_string(), found.as_deref()));
            }
        }
        for (name, values) in &self.claims {
            let found = claims.scalar(name);
            if !found.as_deref().is_some_and(|text| values.fits(text, false)) {
                all.push(mismatch(name, &values.to_string(), found.as_deref()));
            }
        }
        all
    }

    /// What started the job. Looked at in every provider's tokens, so that calling GitHub generic does not help; GitHub's and
    /// GitLab's have to say it.
    fn event(&self, claims: &Claims) -> Option<Mismatch> {
        let needed = self.provider.event_claim();
        if let Some(name) = needed.filter(|name| claims.text(name).is_none()) {
            return Some(mismatch(name, "an event", claims.scalar(name).as_deref()));
        }
        let risky = |name: &&&str| {
            let event = claims.scalar(name);
            event.is_some_and(|event| RISKY_EVENTS.contains(&&*event) && !self.allow_events.iter().any(|a| *a == event))
        };
        if let Some(name) = EVENT_CLAIMS.iter().find(risky) {
            let expected = "another event, or this one in allow_events";
            return Some(mismatch(name, expected, claims.scalar(name).as_deref()));
        }
        self.fork(claims)
    }

    /// GitLab: a merge request's pipeline can run in one project with the code of another, its fork. Then `project_id` is
    /// the fork's and `job_project_id` the one that it runs in. Only who trusts the fork by its own id may want that.
    fn fork(&self, claims: &Claims) -> Option<Mismatch> {
        let (source, runs_in) = (claims.scalar("project_id"), claims.scalar("job_project_id"));
        let foreign = self.provider == Provider::Gitlab && runs_in.is_some() && runs_in != source;
        let wanted = self.fields.contains_key("project_id");
        (foreign && !wanted).then(|| {
            let expected = "a pipeline that runs in its own project, or project_id as a condition";
            mismatch("job_project_id", expected, runs_in.as_deref())
        })
    }
}

fn mismatch(condition: &str, expected: &str, found: Option<&str>) -> Mismatch {
    let found = found.map(|text| cleaned(text, MAX_SHOWN));
    Mismatch { condition: condition.to_owned(), expected: expected.to_owned(), found }
}
