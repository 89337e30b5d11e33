//! Whose request a row tells of: a person with a personal token, a member of an organisation, or one of its pipelines.

use sekisho_core::id::{AccountId, BotId, CiSessionId, OrgId, OrgTokenId, TokenId};
use sekisho_core::org::UserIdentifier;
use uuid::Uuid;

use super::entry::cut;
use crate::db::Row;
use crate::error::StoreError;

/// Whose request it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A personal token's.
    Account {
        /// The account.
        account: AccountId,
        /// The token.
        token: TokenId,
    },
    /// An organisation's token's.
    Organisation {
        /// The organisation.
        org: OrgId,
        /// The token.
        token: OrgTokenId,
        /// Whom the organisation gave it to.
        identifier: UserIdentifier,
    },
    /// A pipeline's.
    Session {
        /// The organisation.
        org: OrgId,
        /// The bot that the pipeline came as.
        bot: BotId,
        /// The session.
        session: CiSessionId,
        /// Where the pipeline runs.
        pipeline: Box<Pipeline>,
    },
}

/// What a pipeline's identity said of it. Each may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pipeline {
    /// The repository, `owner/name`.
    pub repository: String,
    /// The workflow.
    pub workflow: String,
    /// The run's number.
    pub run: String,
    /// The commit.
    pub commit: String,
}

/// What separates a pipeline's parts in their column.
const BETWEEN: char = '\n';

impl Who {
    /// The account or the organisation.
    pub(super) fn owner(&self) -> Uuid {
        match self {
            Who::Account { account, .. } => account.0,
            Who::Organisation { org, .. } | Who::Session { org, .. } => org.0,
        }
    }

    /// The token or the session.
    pub(super) fn token(&self) -> Uuid {
        match self {
            Who::Account { token, .. } => token.0,
            Who::Organisation { token, .. } => token.0,
            Who::Session { session, .. } => session.0,
        }
    }

    /// Who in the organisation; empty for an account.
    pub(super) fn subject(&self) -> String {
        match self {
            Who::Account { .. } => String::new(),
            Who::Organisation { identifier, .. } => identifier.as_str().to_owned(),
            Who::Session { bot, .. } => bot.to_string(),
        }
    }

    /// The pipeline; empty if there is none, and never empty if there is one.
    pub(super) fn ci(&self) -> String {
        match self {
            Who::Session { pipeline, .. } => pipeline.to_column(),
            _ => String::new(),
        }
    }

    /// Reads what the four columns from `first` on hold: owner, token, subject, pipeline.
    pub(super) fn read(row: &Row, first: usize) -> Result<Who, StoreError> {
        let (owner, token): (Uuid, Uuid) = (row.get(first)?, row.get(first + 1)?);
        let (subject, ci): (String, String) = (row.get(first + 2)?, row.get(first + 3)?);
        Ok(match (subject.as_str(), ci.as_str()) {
            ("", "") => Who::Account { account: AccountId(owner), token: TokenId(token) },
            (subject, "") => Who::Organisation {
                org: OrgId(owner),
                token: OrgTokenId(token),
                identifier: UserIdentifier::parse(subject).map_err(|_| StoreError::unreadable("user identifier"))?,
            },
            (subject, ci) => Who::Session {
                org: OrgId(owner),
                bot: BotId::parse(subject).ok_or(StoreError::unreadable("bot"))?,
                session: CiSessionId(token),
                pipeline: Box::new(Pipeline::of_column(ci)),
            },
        })
    }
}

impl Pipeline {
    fn to_column(&self) -> String {
        let parts = [&self.repository, &self.workflow, &self.run, &self.commit];
        let mut text = String::new();
        for (place, part) in parts.into_iter().enumerate() {
            if place > 0 {
                text.push(BETWEEN);
            }
            // A line break would move what follows it into another part.
            text.extend(cut(part).chars().map(|c| if c == BETWEEN { ' ' } else { c }));
        }
        text
    }

    fn of_column(text: &str) -> Pipeline {
        let mut parts = text.split(BETWEEN).map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Pipeline { repository: next(), workflow: next(), run: next(), commit: next() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_does_not_move_a_part_into_another() {
        let hostile = Pipeline { repository: "a/b\nevil".into(), run: "7".into(), ..Pipeline::default() };
        let column = hostile.to_column();
        assert_eq!(column, "a/b evil\n\n7\n");
        assert_eq!(Pipeline::of_column(&column).run, "7");
        assert_eq!(Pipeline::default().to_column(), "\n\n\n", "a pipeline that said nothing is one all the same");
    }
}
