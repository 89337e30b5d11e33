//! The conditions that each provider knows: which claim, and how it may be written.

use super::Provider;
use crate::attribution::Names;

/// How a condition may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Digits: an id that is never given again, which names may be.
    Id,
    /// Compared whole.
    Exact,
    /// Compared whole, or by its beginning with `*` at the end behind at least this many slashes: `acme*` would also be
    /// `acme-evil`.
    Prefix { slashes: usize },
    /// The subject: its beginning has to hold two whole parts.
    Subject,
    /// `true` or `false`.
    Flag,
}

/// A condition of a provider.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name as it is written; the claim's, but for the subject.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

impl Field {
    /// The claim in the token.
    pub(super) fn claim(&self) -> &'static str {
        if self.kind == Kind::Subject { "sub" } else { self.name }
    }
}

const GITHUB: &[Field] = &[
    field("repository_owner_id", Kind::Id),
    field("repository_id", Kind::Id),
    field("repository_owner", Kind::Exact),
    field("repository", Kind::Prefix { slashes: 1 }),
    field("repository_visibility", Kind::Exact),
    field("ref", Kind::Prefix { slashes: 2 }),
    field("ref_type", Kind::Exact),
    field("ref_protected", Kind::Flag),
    field("workflow_ref", Kind::Prefix { slashes: 2 }),
    field("job_workflow_ref", Kind::Prefix { slashes: 2 }),
    field("environment", Kind::Prefix { slashes: 0 }),
    field("event_name", Kind::Exact),
    field("runner_environment", Kind::Exact),
    field("subject", Kind::Subject),
];

const GITLAB: &[Field] = &[
    field("namespace_id", Kind::Id),
    field("project_id", Kind::Id),
    field("namespace_path", Kind::Prefix { slashes: 1 }),
    field("project_path", Kind::Prefix { slashes: 1 }),
    field("ref", Kind::Prefix { slashes: 0 }),
    field("ref_path", Kind::Prefix { slashes: 2 }),
    field("ref_type", Kind::Exact),
    field("ref_protected", Kind::Flag),
    field("ci_config_ref_uri", Kind::Prefix { slashes: 3 }),
    field("environment", Kind::Prefix { slashes: 0 }),
    field("environment_protected", Kind::Flag),
    field("pipeline_source", Kind::Exact),
    field("runner_environment", Kind::Exact),
    field("subject", Kind::Subject),
];

const GENERIC: &[Field] = &[field("subject", Kind::Subject)];

/// Issuers that sign for everybody, and whose conditions have names here: they can't be called generic.
pub(super) const PUBLIC: [(&str, Provider); 2] =
    [("https://token.actions.githubusercontent.com", Provider::Github), ("https://gitlab.com", Provider::Gitlab)];

/// Events in which code, or the words that start a job, may be a stranger's. They are refused unless the conditions name them.
pub(super) const RISKY_EVENTS: [&str; 13] = [
    "pull_request",
    "pull_request_target",
    "pull_request_review",
    "pull_request_review_comment",
    "workflow_run",
    "issues",
    "issue_comment",
    "discussion",
    "discussion_comment",
    // GitLab's. A pipeline that another one started does not say what started that one.
    "merge_request_event",
    "external_pull_request_event",
    "parent_pipeline",
    "pipeline",
];

/// The claims that say what started a job.
pub(super) const EVENT_CLAIMS: [&str; 2] = ["event_name", "pipeline_source"];

impl Provider {
    /// Every one.
    pub const ALL: [Provider; 3] = [Provider::Github, Provider::Gitlab, Provider::Generic];

    /// The names of its conditions.
    pub fn conditions(self) -> impl Iterator<Item = &'static str> {
        self.fields().iter().map(|field| field.name)
    }

    /// Its public issuer, where it has one.
    pub fn public_issuer(self) -> Option<&'static str> {
        PUBLIC.iter().find(|(_, provider)| *provider == self).map(|(issuer, _)| *issuer)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Provider::Github => "github",
            Provider::Gitlab => "gitlab",
            Provider::Generic => "generic",
        }
    }

    pub(super) fn fields(self) -> &'static [Field] {
        match self {
            Provider::Github => GITHUB,
            Provider::Gitlab => GITLAB,
            Provider::Generic => GENERIC,
        }
    }

    /// The claim that has to say what started the job.
    pub(super) fn event_claim(self) -> Option<&'static str> {
        match self {
            Provider::Github => Some("event_name"),
            Provider::Gitlab => Some("pipeline_source"),
            Provider::Generic => None,
        }
    }

    /// Where the install log's texts stand.
    pub(super) fn names(self) -> &'static Names {
        match self {
            Provider::Github => &Names {
                repository: &["repository"],
                workflow: &["job_workflow_ref", "workflow_ref", "workflow"],
                run: &["run_id"],
                commit: &["sha"],
                git_ref: &["ref"],
                event: &["event_name"],
            },
            Provider::Gitlab => &Names {
                repository: &["project_path"],
                workflow: &["ci_config_ref_uri"],
                run: &["pipeline_id"],
                commit: &["sha"],
                git_ref: &["ref_path", "ref"],
                event: &["pipeline_source"],
            },
            Provider::Generic => &Names {
                repository: &["repository", "project", "sub"],
                workflow: &["workflow"],
                run: &["run_id", "build_number"],
                commit: &["sha", "build_commit"],
                git_ref: &["ref", "build_branch"],
                event: &["event_name"],
            },
        }
    }
}
