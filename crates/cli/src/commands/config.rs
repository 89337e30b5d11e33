//! `sekisho config`: check and explain the configuration.

use std::fmt::Write;
use std::process::ExitCode;

use sekisho_server::config::keys::{KEYS, PRIVATE};
use serde_json::json;

use crate::arguments::{ConfigArguments, ConfigCommand, SettingsArguments};

pub(crate) fn run(settings: &SettingsArguments, arguments: &ConfigArguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        ConfigCommand::Check => check(settings),
        ConfigCommand::Keys { json } => {
            super::print(&keys(json));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(settings: &SettingsArguments) -> anyhow::Result<ExitCode> {
    let (settings, origins) = settings.load(None)?;
    super::serve::log_filter(&settings)?;
    let meaning = sekisho_server::boot::explain(&settings)?;
    println!("The configuration can be used.");
    if origins.is_empty() {
        println!("Nothing is set: every key has its default.");
    }
    for (key, origin) in &origins {
        println!("  {key} is set by {origin}");
    }
    println!();
    for line in meaning {
        println!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}

fn keys(as_json: bool) -> String {
    if as_json {
        let keys: Vec<_> = KEYS
            .iter()
            .map(|k| json!({"key": k.path, "variable": k.variable(), "default": k.default, "meaning": k.doc}))
            .chain(PRIVATE.iter().map(|k| json!({"key": k.path, "default": k.default, "meaning": k.doc})))
            .collect();
        return format!("{:#}\n", json!(keys));
    }
    let mut text = String::new();
    for key in KEYS {
        let default = if key.default.is_empty() { "none" } else { key.default };
        // Writing to a String can't fail.
        let _ =
            writeln!(text, "{}\n    {}\n    default: {default}; environment: {}\n", key.path, key.doc, key.variable());
    }
    for key in PRIVATE {
        let default = if key.default.is_empty() { "none" } else { key.default };
        let _ = writeln!(text, "{}\n    {}\n    default: {default}; in the file only\n", key.path, key.doc);
    }
    text
}
