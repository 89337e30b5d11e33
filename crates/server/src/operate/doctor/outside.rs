//! What lies outside: registries, the mail server, and the sources of advisories.

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::{Clock, Ecosystem, Timestamp};
use sekisho_mail::Transport;
use sekisho_upstream::discovery::{Discovered, Discovery, Machine};
use sekisho_upstream::{Client, Upstream};

use super::Finding;
use crate::ambient::SystemClock;
use crate::boot;
use crate::config::Settings;

/// Advisories that were not compiled anew for so long: the sources change several times a day.
const OLD: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Asks each registry; what one of them says the time is.
pub(super) async fn upstreams(settings: &Settings) -> (Vec<Finding>, Option<Timestamp>) {
    let client = match boot::client(settings, "doctor", &Arc::default()) {
        Ok(client) => client,
        Err(error) => return (vec![Finding::fail("upstreams", error.to_string(), "look at the certificates")], None),
    };
    let (mut findings, mut date) = (Vec::new(), None);
    let finder = Discovery::new(&settings.data_dir, Vec::new(), Machine::this());
    for ecosystem in Ecosystem::ALL {
        let (check, front) = (format!("upstream.{ecosystem}"), settings.upstream.front(ecosystem));
        if !front.enabled {
            findings.push(Finding::ok(&check, "switched off"));
            continue;
        }
        match finder.find(ecosystem, front.url.as_deref()).await {
            Discovered::NotFound { message } => {
                findings.push(Finding::fail(&check, message, format!("set {check}.url")));
            }
            Discovered::Found { url, .. } => {
                let next = format!("look at {check}.url, at the network, and at HTTPS_PROXY");
                findings.push(reached(&client, &check, ecosystem, url.as_str(), &next, &mut date).await);
            }
        }
    }
    for (name, private) in &settings.upstream.private {
        let check = format!("upstream.private.{name}");
        let next = format!("look at {check}.url, at the network, and at HTTPS_PROXY");
        findings.push(reached(&client, &check, private.ecosystem, &private.url, &next, &mut date).await);
    }
    (findings, date)
}

async fn reached(
    client: &Client,
    check: &str,
    ecosystem: Ecosystem,
    url: &str,
    next: &str,
    date: &mut Option<Timestamp>,
) -> Finding {
    let upstream = match Upstream::new(ecosystem, url) {
        Ok(upstream) => upstream,
        Err(why) => return Finding::fail(check, format!("{url}: {why}"), next),
    };
    match client.reach(&upstream).await {
        Ok(answer) => {
            *date = date.or(answer.date);
            match answer.status {
                500.. => Finding::warn(check, format!("{url} answers {}", answer.status), "try again later"),
                _ => Finding::ok(check, format!("{url} answers")),
            }
        }
        Err(error) => Finding::fail(check, format!("{url}: {error}"), next),
    }
}

/// Greets the mail server and logs in, and sends nothing.
pub(super) async fn mail(settings: &Settings) -> Finding {
    const CHECK: &str = "mail";
    let outgoing = match boot::outgoing(settings) {
        Ok(outgoing) => outgoing,
        Err(error) => return Finding::fail(CHECK, error.to_string(), "change the setting that is named"),
    };
    match outgoing.transport {
        Transport::Mailbox(_) => Finding::warn(
            CHECK,
            format!("mails are written into {} and sent to nobody", settings.mailbox_dir().display()),
            "set mail.transport = \"smtp\" and mail.smtp.host, so that people get their keys",
        ),
        Transport::Smtp(smtp) => match smtp.try_log_in().await {
            Ok(()) => Finding::ok(CHECK, "the mail server answers and lets us in"),
            Err(error) => Finding::fail(CHECK, error.to_string(), "look at mail.smtp, and at the mail server's log"),
        },
    }
}

/// What was compiled last.
pub(super) fn feed(settings: &Settings, clock: &SystemClock) -> Finding {
    const CHECK: &str = "advisories";
    let next = "look at feed.sources; the server's log and /readyz say which source fails";
    match boot::feed(settings, Arc::new(SystemClock::new())) {
        Err(error) => Finding::fail(CHECK, error.to_string(), "change the setting that is named"),
        Ok(feed) if !feed.is_configured() => Finding::warn(
            CHECK,
            "no source is configured: own entries and canaries only",
            "set feed.sources to a copy of the OSV records of malicious packages",
        ),
        Ok(feed) => match feed.load_snapshot() {
            None => Finding::fail(CHECK, "nothing was loaded yet by these settings: nothing is let through", next),
            Some(snapshot) => {
                let age = clock.now().since(snapshot.compiled_at);
                let records = snapshot.report.records;
                let found = format!("{records} records, compiled {} hours ago", age.as_secs() / 3600);
                if age > OLD { Finding::warn(CHECK, found, next) } else { Finding::ok(CHECK, found) }
            }
        },
    }
}
