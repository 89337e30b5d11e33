//! `sekisho admin doctor`: looks at everything that a server stands on, and says of each whether it is well and what to do.

mod disk;
mod outside;
mod running;

use sekisho_core::{Clock, Timestamp};
use sekisho_store::{DatabaseConfig, Looked, SQLITE_MAIN, Store, check_sqlite, look};
use serde::Serialize;

use crate::ambient::SystemClock;
use crate::boot;
use crate::config::Settings;

/// A clock that is off by so many seconds makes tokens of others look too old or too young.
const CLOCK_WARNS: u64 = 5;
const CLOCK_FAILS: u64 = 60;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Well.
    Ok,
    /// It works, but somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do; empty where it is well.
    pub next: String,
}

impl Finding {
    fn new(check: &str, health: Health, found: impl Into<String>, next: impl Into<String>) -> Finding {
        Finding { check: check.to_owned(), health, found: found.into(), next: next.into() }
    }

    fn ok(check: &str, found: impl Into<String>) -> Finding {
        Finding::new(check, Health::Ok, found, "")
    }

    fn warn(check: &str, found: impl Into<String>, next: impl Into<String>) -> Finding {
        Finding::new(check, Health::Warn, found, next)
    }

    fn fail(check: &str, found: impl Into<String>, next: impl Into<String>) -> Finding {
        Finding::new(check, Health::Fail, found, next)
    }
}

/// Looks at everything. It takes as long as the slowest that does not answer: some ten seconds.
pub async fn examine(settings: &Settings) -> Vec<Finding> {
    let clock = SystemClock::new();
    let mut findings = configuration(settings);
    findings.extend(disk::look(settings, &clock));
    let looked = database(settings, &mut findings).await;
    let (server, (upstreams, date), mail) =
        tokio::join!(running::server(settings), outside::upstreams(settings), outside::mail(settings));
    findings.push(outside::feed(settings, &clock));
    findings.push(server);
    findings.extend(upstreams);
    findings.push(mail);
    findings.push(time(looked.and_then(|looked| looked.now).or(date), clock.now()));
    findings
}

fn configuration(settings: &Settings) -> Vec<Finding> {
    const CHECK: &str = "configuration";
    match boot::explain(settings) {
        Err(error) => vec![Finding::fail(CHECK, error.to_string(), "change the setting that is named")],
        Ok(lines) => {
            let warnings = lines.iter().filter_map(|line| line.strip_prefix("WARNING"));
            let warnings: Vec<_> =
                warnings.map(|line| Finding::warn(CHECK, line.trim(), "see `sekisho config check`")).collect();
            if warnings.is_empty() { vec![Finding::ok(CHECK, "it can be used")] } else { warnings }
        }
    }
}

/// Whether it answers and is up to date; then, by opening it, whether its commits are synced.
async fn database(settings: &Settings, findings: &mut Vec<Finding>) -> Option<Looked> {
    const CHECK: &str = "database";
    let config = boot::database(settings);
    let looked = match look(&config).await {
        Ok(looked) => looked,
        Err(error) => {
            let next = match config {
                DatabaseConfig::Sqlite { .. } => "look at the files in the data folder and whose they are",
                DatabaseConfig::Postgres { .. } => "look whether PostgreSQL runs, and at database.url",
            };
            findings.push(Finding::fail(CHECK, error.told(), next));
            return None;
        }
    };
    findings.push(schema(&looked));
    // Opening would bring an older one up to date, under the feet of an older server.
    if looked.schema.is_empty() || looked.schema.iter().any(|part| part.found != part.known) {
        return Some(looked);
    }
    if let DatabaseConfig::Sqlite { dir } = &config {
        match check_sqlite(&dir.join(SQLITE_MAIN)).await {
            Ok(None) => {}
            Ok(Some(damage)) => {
                let found = format!("{SQLITE_MAIN} is damaged: {damage}");
                findings.push(Finding::fail(CHECK, found, "stop the server, and restore a backup"));
                return Some(looked);
            }
            Err(error) => {
                let next = "stop the server, and restore a backup";
                findings.push(Finding::fail(CHECK, format!("{SQLITE_MAIN}: {}", error.told()), next));
                return Some(looked);
            }
        }
    }
    findings.push(match Store::open(&config).await {
        Ok(store) => {
            let answered = store.ping().await;
            store.close().await;
            match answered {
                Ok(()) => Finding::ok(CHECK, "it answers, and its commits are synced"),
                Err(error) => Finding::fail(CHECK, error.told(), "look at the server's log"),
            }
        }
        Err(error) => Finding::fail(CHECK, error.told(), "look at the database's own log"),
    });
    Some(looked)
}

fn schema(looked: &Looked) -> Finding {
    const CHECK: &str = "schema";
    let versions: Vec<_> = looked.schema.iter().map(|part| format!("{} {}", part.part, part.found)).collect();
    let versions = versions.join(", ");
    if looked.schema.is_empty() {
        return Finding::warn(CHECK, "there is no database yet", "start the server: it makes one");
    }
    if looked.schema.iter().any(|part| part.found > part.known) {
        return Finding::fail(CHECK, format!("{versions}: a newer program made it"), "use that program");
    }
    if looked.schema.iter().any(|part| part.found < part.known) {
        let next = "start this version of the server: it brings the schema up to date; make a backup before";
        return Finding::warn(CHECK, format!("{versions}: this program knows newer ones"), next);
    }
    Finding::ok(CHECK, versions)
}

fn time(there: Option<Timestamp>, here: Timestamp) -> Finding {
    const CHECK: &str = "clock";
    let Some(there) = there else {
        return Finding::warn(CHECK, "nobody was there to compare it with", "compare it yourself: `date -u`");
    };
    let seconds = there.0.abs_diff(here.0) / 1000;
    let found = format!("{seconds} seconds from the others' ({here} here)");
    let next = "let the machine follow a time server";
    match seconds {
        ..CLOCK_WARNS => Finding::ok(CHECK, found),
        CLOCK_WARNS..CLOCK_FAILS => Finding::warn(CHECK, found, next),
        _ => Finding::fail(CHECK, found, next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told() {
        let here = Timestamp(1_795_424_400_000);
        let health = |there| time(there, here).health;
        assert_eq!(health(Some(here)), Health::Ok);
        assert_eq!(health(Some(Timestamp(here.0 - 30_000))), Health::Warn);
        assert_eq!(health(Some(Timestamp(here.0 + 90_000))), Health::Fail);
        assert_eq!(health(None), Health::Warn);
    }
}
