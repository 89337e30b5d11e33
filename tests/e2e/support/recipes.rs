//! What docs/operations.md tells pipelines to do, taken out of the document itself.

use super::root;

/// The steps of a pipeline as they are written, and the commands of the operator before them.
pub(crate) struct Recipe {
    yaml: String,
    text: String,
}

impl Recipe {
    /// The first YAML after these words.
    pub(crate) fn after(words: &str) -> Recipe {
        let text = std::fs::read_to_string(root().join("docs/operations.md")).expect("a file");
        let (_, rest) = text.split_once(words).unwrap_or_else(|| panic!("docs/operations.md has no {words:?}"));
        let (_, rest) = rest.split_once("```yaml\n").expect("a block of YAML");
        let (yaml, _) = rest.split_once("```").expect("its end");
        Recipe { yaml: yaml.to_owned(), text }
    }

    /// What the document gives a bot to trust, from the option of the provider on.
    pub(crate) fn trust(&self, provider: &str) -> String {
        let begin = format!("sekisho admin bot trust add acme ci {provider}");
        let (_, rest) = self.text.split_once(&begin).unwrap_or_else(|| panic!("no {begin:?}"));
        format!("{provider}{}", rest.split(['\n', '`']).next().expect("a line"))
    }

    /// GitHub's steps, each a script: `- run: …`, or the lines under `run: |`.
    pub(crate) fn steps(&self) -> Vec<String> {
        let (mut steps, mut inside) = (Vec::new(), false);
        for line in self.yaml.lines() {
            match line.strip_prefix("      ") {
                Some(text) if inside => {
                    let step: &mut String = steps.last_mut().expect("a step");
                    step.push_str(text);
                    step.push('\n');
                    continue;
                }
                _ => inside = false,
            }
            if line.trim() == "run: |" {
                steps.push(String::new());
                inside = true;
            } else if let Some(script) = line.trim().strip_prefix("- run: ") {
                steps.push(format!("{script}\n"));
            }
        }
        steps
    }

    /// GitLab's `script:`, which a runner runs as one.
    pub(crate) fn script(&self) -> String {
        let (_, script) = self.yaml.split_once("  script:\n").expect("a script");
        let lines = script.lines().map_while(|line| line.strip_prefix("    - "));
        lines.map(|line| format!("{line}\n")).collect()
    }
}
