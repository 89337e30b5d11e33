//! The steps that a pipeline's file gets: those of the documentation, with this server's address and the bot's id in them.

use sekisho_core::id::BotId;

use crate::app::App;

const GITHUB: &str = include_str!("../../../templates/console/steps/github.yml");
const GITLAB: &str = include_str!("../../../templates/console/steps/gitlab.yml");
/// What stands in them for this server and for a bot.
const GATE: &str = "https://packages.example.com";
const BOT: &str = "BT01…";

/// A step to paste.
pub(super) struct Step {
    /// Whose pipelines it is for.
    pub(super) provider: &'static str,
    /// What the copy button finds it by.
    pub(super) id: &'static str,
    /// The text.
    pub(super) text: String,
}

/// The steps for a bot.
pub(super) fn of(app: &App, bot: BotId) -> [Step; 2] {
    let gate = app.origins.primary().api.trim_end_matches('/');
    let audience = app.pipelines.audiences().first().map_or(gate, String::as_str);
    let (github, gitlab) = (GITHUB.to_owned(), GITLAB.to_owned());
    // Where the settings name another audience, the address is none.
    let (github, gitlab) = match audience == gate {
        true => (github, gitlab),
        false => (
            github.replace("&audience=$GATE", &format!("&audience={audience}")),
            gitlab.replace(&format!("aud: {GATE}"), &format!("aud: {audience}")),
        ),
    };
    let filled = |text: String| text.replace(GATE, gate).replace(BOT, &bot.to_string());
    [
        Step { provider: "GitHub Actions", id: "step-github", text: filled(github) },
        Step { provider: "GitLab CI", id: "step-gitlab", text: filled(gitlab) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_the_documentation_s() {
        let document = include_str!("../../../../../docs/operations.md");
        for step in [GITHUB, GITLAB] {
            assert!(document.contains(&format!("```yaml\n{step}```\n")), "{step}");
            assert!(step.contains(GATE) && step.contains(BOT));
        }
        assert!(GITHUB.contains("&audience=$GATE") && GITLAB.contains(&format!("aud: {GATE}")));
    }
}
