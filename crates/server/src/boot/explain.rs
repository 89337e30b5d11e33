//! What the operator reads: at start, and from `sekisho config check`.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use super::{BootError, check};
use crate::app::App;
use crate::config::{ArtifactMode, MailTransport, PrivateUpstream, Registration, Settings, SmtpTls};
use crate::console::OwnerCode;
use crate::gate::Knowledge;

/// Where the server is and the next three commands to type.
pub(super) fn welcome(
    app: &App,
    bound: SocketAddr,
    admin: Option<SocketAddr>,
    owner: Option<&OwnerCode>,
    program: &str,
) -> String {
    let origin = app.origins.primary();
    let (base, npm, simple) = (&origin.pages, &origin.npm, &origin.simple);
    let guard = app.gate.current();
    let mut text = format!("Sekisho {} listens on {bound}.\n\n", env!("CARGO_PKG_VERSION"));
    // Writing to a String can't fail.
    let upstream = &app.settings.upstream;
    let front = |address: &str, enabled: bool| if enabled { address.to_owned() } else { "off".to_owned() };
    let _ = writeln!(text, "  npm registry   {}", front(&format!("{npm}/"), upstream.npm.enabled));
    let _ = writeln!(text, "  Python index   {}", front(simple, upstream.pypi.enabled));
    for (name, private) in &upstream.private {
        let _ = writeln!(text, "  private        {}", private_line(name, private));
    }
    if let Some(admin) = admin {
        let _ = writeln!(text, "  health         http://{admin}/readyz");
    }
    let advisories = match guard.knowledge {
        Knowledge::Loaded => format!("{} records in force", guard.blocklist.records()),
        Knowledge::OwnEntriesOnly => "no source configured (feed.sources): own entries and canaries only".to_owned(),
        Knowledge::NothingLoaded => "loading for the first time; until then nothing is let through".to_owned(),
    };
    if app.settings.console.enabled {
        let _ = writeln!(text, "  console        {base}/sign-in");
    }
    let _ = writeln!(text, "  advisories     {advisories}");
    let _ = writeln!(text, "  data           {}", app.settings.data_dir.display());
    let mailbox = match app.settings.mail.transport {
        MailTransport::Mailbox if app.settings.data_dir == Path::new("sekisho-data") => {
            format!("{program} mailbox show")
        }
        MailTransport::Mailbox => format!("{program} mailbox show --data '{}'", app.settings.data_dir.display()),
        MailTransport::Smtp => "# read the mail: it holds your key and the set-up for each package manager".to_owned(),
    };
    let _ = write!(
        text,
        "\nNext, in another terminal:\n\n  curl -sS -w '\\n' -X POST {base}/api/v1/tokens -H 'Content-Type: application/json' -d '{{\"email\":\"you@example.com\"}}'\n  {mailbox}\n"
    );
    let first = match (upstream.npm.enabled, upstream.pypi.enabled) {
        (true, _) => format!("  npm view express version --registry={npm}/\n"),
        (false, true) => format!("  pip download --no-deps requests --index-url {simple}\n"),
        (false, false) => String::new(),
    };
    text.push_str(&first);
    if let Some(owner) = owner {
        let _ = write!(
            text,
            "\nNobody owns an organisation here yet. To make one, open {base}/sign-in/first and type\n\n  {}\n\nThe code counts once, until {}. Another one: {program} admin first-owner\n",
            owner.code.expose(),
            owner.until
        );
    }
    text.push('\n');
    text
}

fn files(settings: &Settings) -> String {
    let artifacts = &settings.artifacts;
    let store = artifacts.store.clone();
    let store = store.unwrap_or_else(|| settings.data_dir.join("artifacts").display().to_string());
    match artifacts.mode {
        ArtifactMode::Redirect => "answered with a redirect to the registry".to_owned(),
        ArtifactMode::Stream => "passed on from the registry".to_owned(),
        ArtifactMode::Cache => format!("kept in {store}, {} GiB at most", artifacts.max_gb),
    }
}

/// What the settings mean, line by line.
pub fn explain(settings: &Settings) -> Result<Vec<String>, BootError> {
    super::feed(settings, std::sync::Arc::new(crate::ambient::SystemClock::new()))?;
    super::outgoing(settings)?;
    if let (Some(cert), Some(key)) = (&settings.tls.cert, &settings.tls.key) {
        crate::serve::acceptor(cert, key).map_err(|e| BootError(e.to_string()))?;
    }
    super::policy_is_there(settings)?;
    check::feed(settings)?;
    check::store(settings)?;
    let policy = settings.policy_path();
    let entries = match policy.exists() {
        true => format!(
            "{} entries in {}",
            sekisho_feed::policy_file::read(&policy).map_err(|e| BootError(e.to_string()))?.len(),
            policy.display()
        ),
        false => format!("none ({} is not there)", policy.display()),
    };
    let scheme = if settings.serves_tls() { "https" } else { "http" };
    let list = |items: &[String], none: &str| if items.is_empty() { none.to_owned() } else { items.join(", ") };
    let upstream = |url: &Option<String>, enabled: bool| match (enabled, url) {
        (false, _) => "off".to_owned(),
        (true, Some(url)) => url.clone(),
        (true, None) => "found out at start from this machine's package managers, and kept".to_owned(),
    };
    let mut lines = vec![
        format!("listens on       {scheme}://{}", settings.listen),
        format!("clients come by  {}", list(&settings.public_urls, "loopback names only (public_urls is empty)")),
        format!("data folder      {}", settings.data_dir.display()),
        format!(
            "database         {}",
            if settings.database.url.is_some() { "PostgreSQL" } else { "SQLite in the data folder" }
        ),
        format!("npm registry     {}", upstream(&settings.upstream.npm.url, settings.upstream.npm.enabled)),
        format!("Python index     {}", upstream(&settings.upstream.pypi.url, settings.upstream.pypi.enabled)),
        format!("files            {}", files(settings)),
        format!(
            "advisories       {}",
            list(&settings.feed.sources, "no source: only own entries and canaries are refused")
        ),
        format!("own entries      {entries}"),
        format!(
            "without a token  {}",
            if settings.anonymous { "packages may be taken" } else { "nothing may be taken" }
        ),
        format!(
            "registration     {}",
            match settings.registration {
                Registration::Open => "everybody".to_owned(),
                Registration::Off => "nobody".to_owned(),
                Registration::Domains => settings.registration_domains.join(", "),
            }
        ),
        format!(
            "mail             {}",
            match settings.mail.transport {
                MailTransport::Mailbox =>
                    format!("into {}; read it with `sekisho mailbox`", settings.mailbox_dir().display()),
                MailTransport::Smtp => format!(
                    "by {} ({})",
                    settings.mail.smtp.host.clone().unwrap_or_default(),
                    match settings.mail.smtp.tls {
                        SmtpTls::Tls => "TLS",
                        SmtpTls::Starttls => "STARTTLS",
                        SmtpTls::None => "without TLS",
                    }
                ),
            }
        ),
        format!(
            "one-time codes   {}",
            match (&settings.secret, &settings.database.url) {
                (Some(_), _) => "keyed by the configured secret".to_owned(),
                (None, None) => "keyed by the secret in the data folder".to_owned(),
                (None, Some(_)) =>
                    "keyed by the secret in the data folder: with several nodes set the same `secret` on each"
                        .to_owned(),
            }
        ),
    ];
    lines.extend(
        settings
            .upstream
            .private
            .iter()
            .map(|(name, private)| format!("private          {}", private_line(name, private))),
    );
    lines.extend(check::for_nobody(settings).into_iter().map(|line| format!("WARNING          {line}")));
    Ok(lines)
}

/// A private upstream: its names, where it is, and for whom.
fn private_line(name: &str, private: &PrivateUpstream) -> String {
    let audience: Vec<String> = private.audience.iter().map(ToString::to_string).collect();
    let audience = match audience.is_empty() {
        true => "nobody (upstream.private.*.audience is empty)".to_owned(),
        false => audience.join(", "),
    };
    let (packages, ecosystem) = (private.packages.join(", "), private.ecosystem.label());
    format!("{name}: {ecosystem} {packages} from {}, for {audience}", private.url)
}
