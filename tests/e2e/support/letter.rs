//! Reads a mail as a user does: headings, and below them the lines to copy.

/// A mail's text.
#[derive(Clone, Debug)]
pub(crate) struct Letter(pub(crate) String);

impl Letter {
    /// The key or code-bearing token that the mail brings: a line with nothing but the key.
    pub(crate) fn key(&self) -> String {
        let mut lines = self.0.lines().map(str::trim);
        lines.find(|line| line.starts_with("tg_anon_") && line.len() == 44).expect("a mail with a key").to_owned()
    }

    /// The lines below `place:` (a file's name, or `shell`) in the section with this heading, without their indent.
    pub(crate) fn block(&self, heading: &str, place: &str) -> String {
        let mut lines =
            self.0.lines().skip_while(|line| *line != format!("# {heading}") && *line != format!("## {heading}"));
        assert!(lines.next().is_some(), "no heading {heading:?} in: {}", self.0);
        let section = lines.take_while(|line| !line.starts_with('#')).skip_while(|line| *line != format!("{place}:"));
        let block: Vec<&str> = section
            .skip(1)
            .skip_while(|line| line.is_empty())
            .take_while(|line| line.starts_with("    "))
            .map(|line| line.trim_start_matches("    "))
            .collect();
        assert!(!block.is_empty(), "nothing to copy for {place:?} below {heading:?} in: {}", self.0);
        block.join("\n") + "\n"
    }
}
