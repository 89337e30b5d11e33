//! The decision about all releases of one name.

use super::entries::{Effect, Entry, Owner, Policies};
use super::{Reason, Refusal, Verdict, is_canary};
use crate::blocklist::{Blocklist, Rules};
use crate::{PackageName, Timestamp};

/// Everything that is known about one name, looked up once. [`super::decide`] for many versions of a name goes through it.
#[derive(Clone, Debug)]
pub struct NameView<'a> {
    canary: bool,
    operators: &'a [Entry],
    organisations: &'a [Entry],
    rules: Option<Rules<'a>>,
    now: Timestamp,
}

impl<'a> NameView<'a> {
    /// Looks a name up.
    pub fn new(
        name: &PackageName,
        blocklist: &'a Blocklist,
        policies: impl Into<Policies<'a>>,
        now: Timestamp,
    ) -> NameView<'a> {
        let policies = policies.into();
        NameView {
            canary: is_canary(name),
            operators: policies.operator.entries(name),
            organisations: policies.own(name),
            rules: blocklist.rules(name),
            now,
        }
    }

    /// Nothing is known about this name: every release of it is allowed.
    pub fn is_clear(&self) -> bool {
        !self.canary && self.operators.is_empty() && self.organisations.is_empty() && self.rules.is_none()
    }

    /// The verdict on one version, or (`None`) on the whole name: the name is refused if every version of it,
    /// known or not, is refused.
    pub fn decide(&self, version: Option<&str>) -> Verdict {
        if self.canary {
            return Verdict::Refuse(Refusal::of(Reason::Canary));
        }
        if version.is_none() && self.allows_some_release() {
            return Verdict::Allow;
        }
        match (self.deciding_entry(version), &self.rules, version) {
            (Some((owner, entry)), ..) if entry.effect == Effect::Block => Verdict::Refuse(Refusal::of(match owner {
                Owner::Operator => Reason::Policy,
                Owner::Organisation => Reason::OrganisationPolicy,
            })),
            (Some(_), ..) | (None, None, _) => Verdict::Allow,
            (None, Some(rules), Some(version)) => rules.decide(version),
            (None, Some(rules), None) => rules.decide_every(),
        }
    }

    /// The entry that decides about a version, or about those of which no entry speaks, and whose it is. What the operator
    /// blocks stays blocked; otherwise an organisation's word holds for its own people; otherwise the operator's.
    pub fn deciding_entry(&self, version: Option<&str>) -> Option<(Owner, &'a Entry)> {
        let operators = self.strictest(self.operators, version).map(|entry| (Owner::Operator, entry));
        let organisations = self.strictest(self.organisations, version).map(|entry| (Owner::Organisation, entry));
        operators.filter(|(_, entry)| entry.effect == Effect::Block).or(organisations).or(operators)
    }

    /// When this view's verdicts may change by themselves: the next end of an entry.
    pub fn valid_until(&self) -> Option<Timestamp> {
        let all = self.operators.iter().chain(self.organisations);
        all.filter(|entry| entry.is_live(self.now)).filter_map(|entry| entry.expires).min()
    }

    /// The entry of one list that decides: one for exactly this version before one for the name, and blocking before
    /// allowing where both stand at the same level.
    fn strictest(&self, list: &'a [Entry], version: Option<&str>) -> Option<&'a Entry> {
        let first = |fits: &dyn Fn(&Entry) -> bool| {
            let at_this_level = || self.deciding(list).filter(|entry| fits(entry));
            at_this_level().find(|entry| entry.effect == Effect::Block).or_else(|| at_this_level().next())
        };
        let exact = version.and_then(|version| first(&|entry| entry.is_about(version)));
        exact.or_else(|| first(&|entry| entry.target.version.is_none()))
    }

    /// An entry allows a release, or all of them: then the name as a whole is not refused, whatever else is.
    fn allows_some_release(&self) -> bool {
        let all = self.deciding(self.operators).chain(self.deciding(self.organisations));
        let mut allowing = all.filter(|entry| entry.effect == Effect::Allow);
        allowing.any(|entry| {
            let decides = self.deciding_entry(entry.target.version.as_deref());
            decides.is_some_and(|(_, entry)| entry.effect == Effect::Allow)
        })
    }

    /// Those of a list that say yes or no now.
    fn deciding(&self, list: &'a [Entry]) -> impl Iterator<Item = &'a Entry> {
        let now = self.now;
        list.iter().filter(move |entry| entry.effect != Effect::Warn && entry.is_live(now))
    }
}
