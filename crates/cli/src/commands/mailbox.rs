//! `sekisho mailbox`: the mails of the default transport, readable without a mail server.

use std::process::ExitCode;

use anyhow::bail;
use sekisho_mail::mailbox;
use serde_json::json;

use crate::arguments::{MailboxArguments, MailboxCommand, SettingsArguments};

pub(crate) fn run(settings: &SettingsArguments, arguments: &MailboxArguments) -> anyhow::Result<ExitCode> {
    let (settings, _) = settings.load(None)?;
    let dir = settings.mailbox_dir();
    match &arguments.command {
        MailboxCommand::List { json } => list(&dir, *json)?,
        MailboxCommand::Show { id } => super::print(&format!("{}\n", mailbox::show(&dir, id)?)),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(dir: &std::path::Path, as_json: bool) -> anyhow::Result<()> {
    let mails = mailbox::list(dir)?;
    if as_json {
        let mails: Vec<_> = mails
            .iter()
            .map(|m| json!({"id": m.id, "at": m.at.to_string(), "to": m.to, "subject": m.subject}))
            .collect();
        super::print(&format!("{:#}\n", json!(mails)));
        return Ok(());
    }
    if mails.is_empty() {
        bail!("there is no mail in {} yet: a mail is written a moment after an address was registered", dir.display());
    }
    for mail in mails {
        super::print(&format!("{}  {}  {}  {}\n", mail.id, mail.at, mail.to, mail.subject));
    }
    Ok(())
}
