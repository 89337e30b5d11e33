//! Conditions in words: what a pipeline's token has to say.

use sekisho_oidc::{Conditions, Provider};

use super::super::text::Say;

/// Values of a condition that are shown; there may be more.
const SHOWN: usize = 10;

/// A set of conditions as pages show it.
#[derive(Default)]
pub(super) struct Told {
    /// Whose tokens they are.
    pub(super) provider: String,
    /// Each condition.
    pub(super) lines: Vec<Line>,
}

/// A condition: what it is about, and what fits.
pub(super) struct Line {
    /// In words.
    pub(super) label: String,
    /// As the provider calls it.
    pub(super) name: String,
    /// One of these has to fit.
    pub(super) values: Vec<String>,
    /// So many more.
    pub(super) more: i64,
}

/// A set of conditions; one that can't be read trusts nobody and has no lines.
pub(super) fn told(conditions: Option<&Conditions>, say: Say) -> Told {
    let Some(conditions) = conditions else { return Told::default() };
    let mut lines = vec![line("issuer", &[conditions.issuer()], say)];
    lines.extend(conditions.written().into_iter().map(|(name, values)| line(name, &values, say)));
    if !conditions.allowed_events().is_empty() {
        let events: Vec<&str> = conditions.allowed_events().iter().map(String::as_str).collect();
        lines.push(line("allow_events", &events, say));
    }
    Told { provider: provider(conditions.provider(), say), lines }
}

fn line(name: &str, values: &[&str], say: Say) -> Line {
    let more = i64::try_from(values.len().saturating_sub(SHOWN)).unwrap_or(i64::MAX);
    let values = values.iter().take(SHOWN).map(|value| (*value).to_owned()).collect();
    Line { label: label(name, say), name: name.to_owned(), values, more }
}

/// What a provider is called.
pub(super) fn provider(provider: Provider, say: Say) -> String {
    match provider {
        Provider::Github => "GitHub Actions".to_owned(),
        Provider::Gitlab => "GitLab CI".to_owned(),
        Provider::Generic => say.t("bots-other-provider"),
    }
}

/// A condition in words; a claim of an issuer that is not known here has its own name only.
pub(super) fn label(name: &str, say: Say) -> String {
    let known = LABELS.iter().find(|(known, _)| *known == name);
    known.map_or_else(|| name.to_owned(), |(_, text)| say.t(text))
}

const LABELS: [(&str, &str); 25] = [
    ("issuer", "cond-issuer"),
    ("repository_owner_id", "cond-repository-owner-id"),
    ("repository_id", "cond-repository-id"),
    ("repository_owner", "cond-repository-owner"),
    ("repository", "cond-repository"),
    ("repository_visibility", "cond-repository-visibility"),
    ("ref", "cond-ref"),
    ("ref_path", "cond-ref-path"),
    ("ref_type", "cond-ref-type"),
    ("ref_protected", "cond-ref-protected"),
    ("workflow_ref", "cond-workflow-ref"),
    ("job_workflow_ref", "cond-job-workflow-ref"),
    ("environment", "cond-environment"),
    ("environment_protected", "cond-environment-protected"),
    ("event_name", "cond-event-name"),
    ("runner_environment", "cond-runner-environment"),
    ("namespace_id", "cond-namespace-id"),
    ("project_id", "cond-project-id"),
    ("namespace_path", "cond-namespace-path"),
    ("project_path", "cond-project-path"),
    ("ci_config_ref_uri", "cond-ci-config-ref-uri"),
    ("pipeline_source", "cond-pipeline-source"),
    ("subject", "cond-subject"),
    ("allow_events", "cond-allow-events"),
    ("job_project_id", "cond-job-project-id"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_of_every_provider_has_words() {
        for provider in Provider::ALL {
            for name in provider.conditions() {
                assert!(LABELS.iter().any(|(known, _)| *known == name), "{name} of {}", provider.name());
            }
        }
    }
}
