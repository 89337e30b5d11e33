//! `sekisho admin doctor`: is everything well that the server stands on?

use std::process::ExitCode;

use clap::Args;
use sekisho_server::config::Settings;
use sekisho_server::operate::doctor::{self, Health};

use super::output::{self, Json};
use crate::commands::print;

#[derive(Args)]
#[command(after_help = "\
Looks at the configuration, the disk, the database and its schema, the registries, the mail server (nothing is sent), the
advisories, the running server and the clock. Exits with 1 if something does not work; warnings are no failure.

Example:
  sekisho admin doctor --data /var/lib/sekisho")]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    json: Json,
}

pub(super) async fn run(settings: &Settings, arguments: &DoctorArguments) -> anyhow::Result<ExitCode> {
    let findings = doctor::examine(settings).await;
    if arguments.json.json {
        output::json(&findings)?;
    } else {
        for finding in &findings {
            let mark = match finding.health {
                Health::Ok => "ok  ",
                Health::Warn => "warn",
                Health::Fail => "FAIL",
            };
            print(&format!("{mark}  {:<16}  {}\n", finding.check, finding.found));
            if !finding.next.is_empty() {
                print(&format!("{:24}-> {}\n", "", finding.next));
            }
        }
    }
    let failed = findings.iter().any(|finding| finding.health == Health::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
