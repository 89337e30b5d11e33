//! What people write into their package managers, as a part of pages (`console/setup.html`, `console/undo.html`).

use sekisho_core::token::PlainToken;
use sekisho_mail::Endpoints;
use sekisho_mail::setup::{self, SetUp, Tool};

use super::page::Halt;
use super::text::Say;
use super::visitor::Visitor;
use crate::app::App;

/// Set-up for every package manager, with the token or a placeholder in the files.
pub(super) fn of(app: &App, visitor: &Visitor, key: Option<&PlainToken>) -> Result<SetUp, Halt> {
    Ok(setup::set_up(&endpoints(app, visitor)?, key))
}

/// How it is taken out again.
pub(super) fn undo(app: &App, visitor: &Visitor) -> Result<Vec<Tool>, Halt> {
    Ok(setup::undo(&endpoints(app, visitor)?))
}

/// The addresses that others use: a page that is read on the server itself tells its public ones.
fn endpoints(app: &App, visitor: &Visitor) -> Result<Endpoints, Halt> {
    let told = app.origins.told_by_mail(&visitor.exchange.origin);
    Endpoints::new(&told.api, &told.npm, &told.simple).map_err(|error| {
        tracing::error!("set-up could not be shown: {error}");
        Halt::broken()
    })
}

/// What is to be known beside a package manager's lines.
pub(super) fn note(say: &Say, tool: &Tool) -> Option<String> {
    match tool.name.as_str() {
        "npm, pnpm" => Some(say.t("setup-note-npm")),
        "Yarn 1" => Some(say.t("setup-note-yarn1")),
        "uv" => Some(say.t("setup-note-uv")),
        "Poetry" => Some(say.t("setup-note-poetry")),
        _ => None,
    }
}

/// Some of its lines are commands that read the token.
pub(super) fn has_commands(tool: &Tool) -> bool {
    tool.ways.iter().flat_map(|way| &way.blocks).any(|block| block.file.is_none())
}
