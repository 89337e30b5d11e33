//! One row of the log, as the API and the exports write it.

use sekisho_core::{PackageName, Release};
use sekisho_store::{LedgerRow, Pipeline, Who};
use serde_json::{Value, json};

/// The columns of the CSV form, in order.
pub(super) const COLUMNS: [&str; 20] = [
    "id",
    "time",
    "ecosystem",
    "name",
    "version",
    "purl",
    "file",
    "outcome",
    "reason",
    "advisories",
    "user_identifier",
    "token_id",
    "bot_id",
    "session_id",
    "repository",
    "workflow",
    "run",
    "commit",
    "client",
    "address",
];

/// Who took it, in the words of the API; empty where it does not apply.
#[derive(Default)]
struct Taker<'a> {
    user_identifier: &'a str,
    token: String,
    bot: String,
    session: String,
    pipeline: Option<&'a Pipeline>,
}

impl Taker<'_> {
    fn of(who: &Who) -> Taker<'_> {
        match who {
            Who::Account { .. } => Taker::default(),
            Who::Organisation { token, identifier, .. } => {
                Taker { user_identifier: identifier.as_str(), token: token.to_string(), ..Taker::default() }
            }
            Who::Session { bot, session, pipeline, .. } => Taker {
                bot: bot.to_string(),
                session: session.to_string(),
                pipeline: Some(pipeline),
                ..Taker::default()
            },
        }
    }
}

/// The row as JSON. What does not apply is `null`.
pub(super) fn json(row: &LedgerRow) -> Value {
    let taker = Taker::of(&row.who);
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let of_pipeline = |part: fn(&Pipeline) -> &String| taker.pipeline.map(part).and_then(|text| given(text));
    json!({
        "id": row.id.0.to_string(),
        "time": row.at.to_string(),
        "ecosystem": row.ecosystem.as_str(),
        "package": {
            "name": row.name,
            "version": given(&row.version),
            "purl": purl(row),
            "file": given(&row.file),
        },
        "outcome": row.outcome,
        "reason": given(&row.reason),
        "advisories": row.advisories,
        "user_identifier": given(taker.user_identifier),
        "token_id": given(&taker.token),
        "bot_id": given(&taker.bot),
        "session_id": given(&taker.session),
        "repository": of_pipeline(|p| &p.repository),
        "workflow": of_pipeline(|p| &p.workflow),
        "run": of_pipeline(|p| &p.run),
        "commit": of_pipeline(|p| &p.commit),
        "client": given(&client(row)),
        "address": row.address,
    })
}

/// The row in the order of [`COLUMNS`].
pub(super) fn cells(row: &LedgerRow) -> [String; COLUMNS.len()] {
    let taker = Taker::of(&row.who);
    let of_pipeline = |part: fn(&Pipeline) -> &String| taker.pipeline.map(part).cloned().unwrap_or_default();
    [
        row.id.0.to_string(),
        row.at.to_string(),
        row.ecosystem.as_str().to_owned(),
        row.name.clone(),
        row.version.clone(),
        purl(row).unwrap_or_default(),
        row.file.clone(),
        row.outcome.clone(),
        row.reason.clone(),
        row.advisories.join(" "),
        taker.user_identifier.to_owned(),
        taker.token.clone(),
        taker.bot.clone(),
        taker.session.clone(),
        of_pipeline(|p| &p.repository),
        of_pipeline(|p| &p.workflow),
        of_pipeline(|p| &p.run),
        of_pipeline(|p| &p.commit),
        client(row),
        row.address.clone(),
    ]
}

/// The row as a component of a CycloneDX document.
pub(super) fn component(row: &LedgerRow) -> Value {
    let (group, name) = match row.name.split_once('/') {
        Some((scope, name)) if scope.starts_with('@') => (Some(scope), name),
        _ => (None, row.name.as_str()),
    };
    let named = COLUMNS.into_iter().zip(cells(row));
    let own =
        named.filter(|(column, value)| !value.is_empty() && !matches!(*column, "id" | "name" | "version" | "purl"));
    let properties: Vec<_> =
        own.map(|(column, value)| json!({ "name": format!("sekisho:{column}"), "value": value })).collect();
    let mut component = json!({
        "type": "library",
        "bom-ref": row.id.0.to_string(),
        "name": name,
        "properties": properties,
    });
    if let Some(group) = group {
        component["group"] = group.into();
    }
    if !row.version.is_empty() {
        component["version"] = row.version.as_str().into();
    }
    if let Some(purl) = purl(row) {
        component["purl"] = purl.into();
    }
    component
}

/// None where the name is none that a package may have: it was cut, or comes from a time with other rules.
fn purl(row: &LedgerRow) -> Option<String> {
    let name = PackageName::parse(row.ecosystem, &row.name).ok()?;
    Some(match row.version.as_str() {
        "" => sekisho_core::PackageUrl { name, version: None }.to_string(),
        version => Release::new(name, version).purl().to_string(),
    })
}

/// `npm/11.4.2`; empty if the client said nothing.
pub(crate) fn client(row: &LedgerRow) -> String {
    match row.client_version.as_str() {
        "" => row.client_name.clone(),
        version => format!("{}/{version}", row.client_name),
    }
}
