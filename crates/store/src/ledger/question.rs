//! Questions to the ledger: who took what, newest first, page by page.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use sekisho_core::id::{BotId, EntryId};
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_core::{Ecosystem, PackageName, Timestamp};
use uuid::Uuid;

use super::Ledger;
use super::index::{Run, Window};
use super::queries::LedgerRow;
use super::who::Who;
use crate::error::StoreError;

/// Most persons under a prefix, and most versions of a package, whose rows are merged. Beyond, a wider run of rows is read
/// and those that don't fit are passed over.
const MERGED: usize = 100;
/// Most rows that one page looks at. A page that meets few rows that fit ends early, and the next one goes on.
const LOOKED_AT: usize = 800;

/// Which rows of one owner's.
#[derive(Clone, Debug)]
pub struct Question {
    /// The organisation, or the personal account.
    pub owner: Uuid,
    /// Of this ecosystem.
    pub ecosystem: Option<Ecosystem>,
    /// Of this package.
    pub package: Option<PackageName>,
    /// Of these versions, as the rows spell them; needs a package. None: of any.
    pub versions: Option<BTreeSet<String>>,
    /// Of versions that this holds; where there are too many to list them in `versions`.
    pub range: Option<Holds>,
    /// Taken by persons whose identifiers begin so. Empty: by anybody, pipelines too.
    pub person: IdentifierPrefix,
    /// Taken by exactly this person.
    pub identifier: Option<UserIdentifier>,
    /// Taken by pipelines that came as this bot.
    pub bot: Option<BotId>,
    /// Taken by pipelines of this repository.
    pub repository: Option<String>,
    /// Refused, or answered.
    pub refused: Option<bool>,
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// Tells whether a version, as a row spells it, is one of those asked for.
#[derive(Clone)]
pub struct Holds(pub Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl fmt::Debug for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holds")
    }
}

/// Some rows, and where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Newest first. There may be fewer than asked for, or none, although older ones follow.
    pub rows: Vec<LedgerRow>,
    /// The next page has rows before this one; none: this was the last page.
    pub next: Option<EntryId>,
}

/// What walks through the answer to a question. Rows that are added meanwhile are newer and change nothing.
#[derive(Clone, Debug)]
pub struct Walk {
    question: Question,
    run: Run,
    /// Every row that fits is in this one too.
    and: Option<Run>,
    before: Option<Uuid>,
}

impl Question {
    /// Every row of an owner.
    pub fn of(owner: Uuid) -> Question {
        Question {
            owner,
            ecosystem: None,
            package: None,
            versions: None,
            range: None,
            person: IdentifierPrefix::default(),
            identifier: None,
            bot: None,
            repository: None,
            refused: None,
            from: None,
            to: None,
        }
    }

    /// The row is one of those asked for.
    pub(super) fn fits(&self, row: &LedgerRow) -> bool {
        let identifier = match &row.who {
            Who::Organisation { identifier, .. } => Some(identifier.as_str()),
            _ => None,
        };
        let (bot, repository) = match &row.who {
            Who::Session { bot, pipeline, .. } => (Some(*bot), Some(pipeline.repository.as_str())),
            _ => (None, None),
        };
        row.who.owner() == self.owner
            && self.ecosystem.is_none_or(|e| e == row.ecosystem)
            && self.package.as_ref().is_none_or(|p| p.ecosystem() == row.ecosystem && p.as_str() == row.name)
            && self.versions.as_ref().is_none_or(|v| v.contains(&row.version))
            && self.range.as_ref().is_none_or(|range| (range.0)(&row.version))
            && (self.person.first().is_empty() || identifier.is_some_and(|i| i.starts_with(self.person.first())))
            && self.identifier.as_ref().is_none_or(|wanted| identifier == Some(wanted.as_str()))
            && (self.bot.is_none() || bot == self.bot)
            && (self.repository.is_none() || repository == self.repository.as_deref())
            && self.refused.is_none_or(|refused| refused == (row.outcome == "refused"))
            && self.from.is_none_or(|from| row.at >= from)
            && self.to.is_none_or(|to| row.at < to)
    }

    /// The oldest id that can fit: ids begin with their time.
    fn first_id(&self) -> Uuid {
        self.from.map_or(Uuid::nil(), id_at)
    }

    fn end_id(&self) -> Uuid {
        self.to.map_or(Uuid::max(), id_at)
    }
}

/// The smallest id of a moment.
pub(crate) fn id_at(at: Timestamp) -> Uuid {
    Uuid::from_u128((at.0.clamp(0, (1 << 48) - 1) as u128) << 80)
}

impl Ledger {
    /// The versions of a package that an owner's rows name, as they spell them; none if there are too many to list, and then a
    /// question has a `range`.
    pub async fn versions(&self, owner: Uuid, package: &PackageName) -> Result<Option<Vec<String>>, StoreError> {
        self.index.versions(owner, package).await
    }

    /// Everybody who has rows of a release: accounts and organisations.
    pub async fn owners_of(&self, package: &PackageName, version: &str) -> Result<Vec<Uuid>, StoreError> {
        self.index.owners_of(package, version).await
    }

    /// Commits that questions find by reading the ledger's end, because the index on SQLite does not have them yet; none
    /// while it is built.
    pub async fn behind(&self) -> Result<Option<i64>, StoreError> {
        self.index.behind().await
    }

    /// Begins to answer, with the newest rows, or with those before the end of an earlier page.
    pub async fn ask(&self, question: Question, before: Option<EntryId>) -> Result<Walk, StoreError> {
        let (run, and) = self.runs_for(&question).await?;
        let end = question.end_id();
        let before = before.map_or(end, |before| before.0.min(end));
        Ok(Walk { question, run, and, before: Some(before) })
    }

    /// The rows that are read to answer: of what the question names, what most likely has fewest, and a second one.
    async fn runs_for(&self, q: &Question) -> Result<(Run, Option<Run>), StoreError> {
        if let (Some(package), Some(versions)) = (&q.package, &q.versions)
            && versions.len() <= MERGED
        {
            let releases = Run::Releases(q.owner, package.clone(), versions.iter().cloned().collect());
            return Ok((releases, if self.index.takes_two() { self.takers_for(q).await? } else { None }));
        }
        let package = q.package.clone().map(|package| Run::Package(q.owner, package));
        Ok(match self.takers_for(q).await? {
            Some(takers) => (takers, package),
            None => (package.unwrap_or(Run::Owner(q.owner)), None),
        })
    }

    /// The rows by who took them, or by how it ended.
    async fn takers_for(&self, q: &Question) -> Result<Option<Run>, StoreError> {
        let owner = q.owner;
        if let Some(identifier) = &q.identifier {
            return Ok(Some(Run::Subjects(owner, vec![identifier.as_str().to_owned()])));
        }
        if q.refused == Some(true) {
            return Ok(Some(Run::Refused(owner)));
        }
        if let Some(repository) = &q.repository {
            return Ok(Some(Run::Repository(owner, repository.clone())));
        }
        if let Some(bot) = q.bot {
            return Ok(Some(Run::Subjects(owner, vec![bot.to_string()])));
        }
        if q.person.first().is_empty() {
            return Ok(None);
        }
        let persons = self.index.subjects(owner, &q.person, MERGED + 1).await?;
        Ok((persons.len() <= MERGED).then_some(Run::Subjects(owner, persons)))
    }

    /// One page of an answer.
    pub async fn page(&self, question: Question, before: Option<EntryId>, limit: usize) -> Result<Page, StoreError> {
        let mut walk = self.ask(question, before).await?;
        // Few rows at first: most often all of them fit.
        let (mut rows, mut looked_at, mut step) = (Vec::new(), 0, limit + 1);
        while let Some(before) = walk.before
            && rows.len() <= limit
            && looked_at < LOOKED_AT
        {
            rows.extend(self.step(&mut walk, before, step).await?);
            looked_at += step;
            step = (2 * step).min(LOOKED_AT.saturating_sub(looked_at).max(1));
        }
        let next = if rows.len() > limit {
            rows.truncate(limit);
            rows.last().map(|row| row.id)
        } else {
            walk.before.map(EntryId)
        };
        Ok(Page { rows, next })
    }

    /// The next rows of an answer, none when it is over. For an export: as many as there are, step by step.
    pub async fn next(&self, walk: &mut Walk, step: usize) -> Result<Option<Vec<LedgerRow>>, StoreError> {
        match walk.before {
            Some(before) => self.step(walk, before, step).await.map(Some),
            None => Ok(None),
        }
    }

    async fn step(&self, walk: &mut Walk, before: Uuid, step: usize) -> Result<Vec<LedgerRow>, StoreError> {
        let window = Window { from: walk.question.first_id(), before, limit: step };
        let mut found = self.index.newest(&walk.run, walk.and.as_ref(), &window).await?;
        walk.before = found.next;
        found.rows.retain(|row| walk.question.fits(row));
        Ok(found.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_lies_at_or_after_its_moment() {
        let at = Timestamp(1_795_424_400_000);
        let made = uuid::Builder::from_unix_timestamp_millis(at.0 as u64, &[0; 10]).into_uuid();
        assert!(id_at(at) <= made && made < id_at(Timestamp(at.0 + 1)));
        assert_eq!(id_at(Timestamp(-5)), Uuid::nil());
        assert!(id_at(Timestamp(i64::MAX)) > made, "a moment beyond what an id holds is cut");
    }
}
