//! `sekisho admin who`: who took a release.

use std::process::ExitCode;

use clap::Args;
use sekisho_core::PackageUrl;
use sekisho_server::operate::Operator;

use super::output::{self, Json, or_dash};
use super::values;

#[derive(Args)]
#[command(after_help = "Example:\n  sekisho admin who pkg:npm/left-pad@1.3.0 --json\n\n\
Looks in all organisations and personal accounts. Requests without a key are only counted, and nobody knows who they were.")]
pub(super) struct WhoArguments {
    /// The release as a package URL with a version, pkg:npm/left-pad@1.3.0
    #[arg(value_parser = values::package)]
    release: PackageUrl,
    /// At most so many rows of each organisation and account, the newest
    #[arg(long, value_name = "ROWS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    json: Json,
}

pub(super) async fn run(operator: &Operator, arguments: WhoArguments) -> anyhow::Result<ExitCode> {
    let Some(version) = &arguments.release.version else {
        anyhow::bail!("a version is missing: {}@<version>", arguments.release);
    };
    let (rows, more) = operator.who(&arguments.release.name, version, arguments.limit as usize).await?;
    if arguments.json.json {
        output::json(&rows)?;
    } else {
        let cells = |row: &sekisho_server::operate::who::TakerShown| {
            let organisation = or_dash(row.organisation.as_ref());
            let repository = or_dash(row.repository.as_ref());
            [
                row.time.clone(),
                row.outcome.clone(),
                organisation,
                row.who.clone(),
                repository,
                row.client.clone(),
                row.address.clone(),
            ]
        };
        let rows: Vec<_> = rows.iter().map(cells).collect();
        let headings = ["TIME", "OUTCOME", "ORGANISATION", "WHO", "REPOSITORY", "CLIENT", "ADDRESS"];
        output::table(headings, &rows, "Nobody with a key took it, and nobody was refused it.");
    }
    if more {
        eprintln!("There are more rows; --limit shows more of them.");
    }
    Ok(ExitCode::SUCCESS)
}
