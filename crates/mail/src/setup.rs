//! Set-up as data: the blocks that mails show, taken apart for a page that shows them too. They are written once, in
//! `templates/blocks/`, in the shape that [`crate::letter`] describes.

use std::fmt;

use askama::Template;
use sekisho_core::token::PlainToken;
use zeroize::Zeroizing;

use crate::endpoints::Endpoints;
use crate::letter::{Gate, KEY_PLACEHOLDER};

/// What a package manager is told, and the one command that comes before every command of a shell.
#[derive(Debug)]
pub struct SetUp {
    /// Reads the key into `SEKISHO_TOKEN`.
    pub read_key: String,
    /// The package managers, each with its ways.
    pub tools: Vec<Tool>,
}

/// A package manager.
#[derive(Debug)]
pub struct Tool {
    /// What it is called: `npm, pnpm`, `uv`.
    pub name: String,
    /// The ways to set it up, of which one is enough.
    pub ways: Vec<Way>,
}

/// One way to set a package manager up; all of its blocks belong to it.
#[derive(Debug)]
pub struct Way {
    /// What tells it from the others, where there are several: `pip.conf`, `UV_DEFAULT_INDEX`.
    pub name: Option<String>,
    /// What is written where.
    pub blocks: Vec<Block>,
}

/// Lines that belong in one place. They may hold a key, so they are wiped when dropped.
pub struct Block {
    /// The file; none: a POSIX shell.
    pub file: Option<String>,
    /// The lines, with a line's end between them.
    pub text: Zeroizing<String>,
}

#[derive(Template)]
#[template(path = "blocks/setup.txt")]
struct SetUpText<'a> {
    gate: Gate<'a>,
}

#[derive(Template)]
#[template(path = "blocks/undo.txt")]
struct UndoText<'a> {
    gate: Gate<'a>,
}

#[derive(Template)]
#[template(path = "blocks/token.txt")]
struct ReadKeyText;

/// How package managers are set up for these addresses. Files have the key in them, or a placeholder; commands read it from
/// `SEKISHO_TOKEN`.
pub fn set_up(endpoints: &Endpoints, key: Option<&PlainToken>) -> SetUp {
    let key = key.map_or(KEY_PLACEHOLDER, PlainToken::expose);
    SetUp { read_key: read_key(), tools: tools(&render(&SetUpText { gate: Gate::of_nobody(endpoints, key) })) }
}

/// How the same settings are taken out again: files with the lines to be removed, commands that undo the others.
pub fn undo(endpoints: &Endpoints) -> Vec<Tool> {
    let undone = tools(&render(&UndoText { gate: Gate::of_nobody(endpoints, KEY_PLACEHOLDER) }));
    let mut undone: Vec<Way> = undone.into_iter().flat_map(named_by_tool).collect();
    let mut tools = set_up(endpoints, None).tools;
    for tool in &mut tools {
        for way in &mut tool.ways {
            way.blocks.retain(|block| block.file.is_some());
            let place = undone.iter().position(|other| other.name == Some(heading(&tool.name, way.name.as_deref())));
            way.blocks.extend(place.into_iter().flat_map(|place| undone.remove(place).blocks));
        }
    }
    tools
}

/// The ways of a tool under the headings that they had.
fn named_by_tool(tool: Tool) -> impl Iterator<Item = Way> {
    tool.ways.into_iter().map(move |way| Way { name: Some(heading(&tool.name, way.name.as_deref())), ..way })
}

fn heading(tool: &str, way: Option<&str>) -> String {
    way.map_or_else(|| tool.to_owned(), |way| format!("{tool} ({way})"))
}

fn read_key() -> String {
    let text = render(&ReadKeyText);
    text.lines().find_map(|line| line.strip_prefix(INDENT)).unwrap_or_default().to_owned()
}

/// What stands before lines that can be copied.
const INDENT: &str = "    ";

/// Reads sections: `## heading`, then blocks of a place with a colon and indented lines.
fn tools(text: &str) -> Vec<Tool> {
    let mut tools: Vec<Tool> = Vec::new();
    for section in text.split("## ").skip(1) {
        let (heading, rest) = section.split_once('\n').unwrap_or((section, ""));
        let (name, way) = match heading.split_once(" (").and_then(|(name, way)| Some((name, way.strip_suffix(')')?))) {
            Some((name, way)) => (name, Some(way.to_owned())),
            None => (heading, None),
        };
        let way = Way { name: way, blocks: blocks(rest) };
        match tools.last_mut().filter(|tool| tool.name == name) {
            Some(tool) => tool.ways.push(way),
            None => tools.push(Tool { name: name.to_owned(), ways: vec![way] }),
        }
    }
    tools
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix(INDENT) {
            let Some(block) = blocks.last_mut() else { continue };
            if !block.text.is_empty() {
                block.text.push('\n');
            }
            block.text.push_str(line);
        } else if let Some(place) = line.strip_suffix(':') {
            let file = (place != "shell").then(|| place.to_owned());
            // Large enough that the text never moves: a move would leave a copy of the key behind.
            blocks.push(Block { file, text: Zeroizing::new(String::with_capacity(text.len())) });
        }
    }
    blocks
}

fn render(template: &impl Template) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(8 * 1024));
    template.render_into(&mut *text).expect("these templates write to memory and call nothing that fails");
    text
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block({})", self.file.as_deref().unwrap_or("shell"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(tools: &[Tool]) -> Vec<String> {
        let ways = tools.iter().flat_map(|tool| tool.ways.iter().map(move |way| (tool, way)));
        let line = |(tool, way): (&Tool, &Way)| {
            let places: Vec<&str> = way.blocks.iter().map(|b| b.file.as_deref().unwrap_or("shell")).collect();
            format!("{}: {}", heading(&tool.name, way.name.as_deref()), places.join(", "))
        };
        ways.map(line).collect()
    }

    const OUTLINE: [&str; 12] = [
        "npm, pnpm: ~/.npmrc",
        "Yarn 1: ~/.npmrc",
        "Yarn 4: ~/.yarnrc.yml",
        "Bun: ~/.bunfig.toml",
        "pip (pip.conf): shell",
        "pip (PIP_INDEX_URL): shell",
        "uv (UV_DEFAULT_INDEX): shell",
        "uv (UV_INDEX_URL): shell",
        "uv (uv.toml): ~/.config/uv/uv.toml",
        "uv (pyproject.toml): pyproject.toml, shell",
        "Poetry: shell",
        "PDM: shell",
    ];

    #[test]
    fn every_package_manager_has_its_place_and_all_that_is_set_up_is_undone() {
        let endpoints = Endpoints::under("https://gate.example").expect("an address");
        let set_up = set_up(&endpoints, None);
        assert_eq!(set_up.read_key, "read -r SEKISHO_TOKEN; export SEKISHO_TOKEN");
        assert_eq!(outline(&set_up.tools), OUTLINE);
        let undo = undo(&endpoints);
        assert_eq!(outline(&undo), OUTLINE, "what is set up in a place is undone there");
        let text = |tools: &[Tool], name: &str| {
            tools.iter().find(|t| t.name == name).expect("a tool").ways[0].blocks[0].text.to_string()
        };
        let lines = "registry=https://gate.example/npm/\n//gate.example/npm/:_authToken=YOUR_KEY";
        assert_eq!((text(&set_up.tools, "npm, pnpm"), text(&undo, "npm, pnpm")), (lines.to_owned(), lines.to_owned()));
        assert_eq!(text(&undo, "pip"), "pip config unset global.index-url");
        let open = Endpoints::under("http://gate.example").expect("an address");
        let open = super::undo(&open);
        assert_eq!(text(&open, "pip"), "pip config unset global.index-url\npip config unset global.trusted-host");
        assert_eq!(text(&open, "PDM"), "pdm config --delete pypi.url\npdm config --delete pypi.verify_ssl");
    }

    #[test]
    fn the_key_stands_in_files_and_in_no_command() {
        struct Fixed;
        impl sekisho_core::Random for Fixed {
            fn fill(&self, out: &mut [u8]) {
                out.fill(7);
            }
        }
        let key = PlainToken::mint(sekisho_core::token::TokenKind::Organisation, &Fixed);
        let set_up = set_up(&Endpoints::under("https://gate.example").expect("an address"), Some(&key));
        let blocks = set_up.tools.iter().flat_map(|tool| &tool.ways).flat_map(|way| &way.blocks);
        for block in blocks.clone() {
            let named = block.file.as_deref().is_some_and(|file| file != "pyproject.toml");
            assert_eq!(block.text.contains(key.expose()), named, "{block:?}");
        }
        assert!(blocks.clone().all(|block| !block.text.contains("YOUR_KEY")));
        assert!(!format!("{set_up:?}").contains(key.expose()));
    }
}
